# SPDX-License-Identifier: MIT
"""The workers of PyTorch's DataLoader read one open file."""

import multiprocessing
import os
import pathlib

import lazily
import numpy as np
import pytest
import tenon
import torch
from torch.utils.data import DataLoader, Dataset

ITEMS = 64


class Samples(Dataset):
    """Opens the file once, in the process that makes the loader."""

    def __init__(self, path, framework):
        self.file = tenon.open(path, framework=framework)

    def __len__(self):
        return ITEMS

    def __getitem__(self, index):
        return torch.as_tensor(np.asarray(self.file.read("samples", (index,), copy=True))), int(
            self.file["labels"][index]
        )


@pytest.fixture
def path(request, tmp_path):
    path = tmp_path / request.param
    samples = np.arange(ITEMS * 30, dtype="f4").reshape(ITEMS, 5, 6)
    options = {"npz.compression": "deflate"} if "deflated" in request.param else None
    tenon.write(path, {"samples": samples, "labels": np.arange(ITEMS)[::-1]}, options=options)
    return path


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize(
    ("path", "method"),
    [(name, "fork") for name in ("x.safetensors", "x.npz", "deflated.npz", "x.pt")] + [("deflated.npz", "forkserver")],
    indirect=["path"],
)
def test_four_workers(path, method, monkeypatch):
    """They inherit the file, or open it again: "forkserver" pickles the dataset, as "spawn" does."""
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join((str(pathlib.Path(lazily.__file__).parent), os.environ["PYTHONPATH"]))
    )
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload(["lazily"])
    dataset = Samples(path, "numpy")
    assert int(dataset[3][0][0, 0]) == 90  # the parent has read, and its threads run
    loader = DataLoader(dataset, batch_size=4, num_workers=4, multiprocessing_context=context, persistent_workers=True)
    for _ in range(2):  # epochs
        seen = 0
        for samples, labels in loader:
            for sample, label in zip(samples, labels):
                expected = torch.arange(seen * 30, seen * 30 + 30, dtype=torch.float32).reshape(5, 6)
                assert torch.equal(sample, expected) and int(label) == ITEMS - 1 - seen
                seen += 1
        assert seen == ITEMS
    assert int(dataset[4][0][0, 0]) == 120
