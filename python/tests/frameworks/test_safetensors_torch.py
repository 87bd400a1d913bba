# SPDX-License-Identifier: MIT
"""tenon.safetensors.torch in place of safetensors.torch: each assertion holds for both."""

import importlib
import itertools

import numpy as np
import pytest
import torch

LIBRARIES = ("safetensors", "tenon.safetensors")
PAIRS = [pair for pair in itertools.product(LIBRARIES, LIBRARIES) if "tenon.safetensors" in pair]
SMALL = ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"]


@pytest.fixture(params=LIBRARIES)
def name(request):
    return request.param


@pytest.fixture(params=PAIRS, ids="→".join)
def pair(request):
    return request.param


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.safetensors"


def tensors():
    made = {
        "weight": torch.arange(60.0).reshape(3, 4, 5),
        "number": torch.tensor(5),
        "none": torch.zeros(0, 3),
        "flags": torch.tensor([True, False]),
    }
    made.update(
        {kind: torch.arange(1, 9).to(getattr(torch, kind)).reshape(2, 4) for kind in SMALL if kind != "float8_e8m0fnu"}
    )
    made.update(
        {
            kind: torch.arange(6).to(getattr(torch, kind))
            for kind in ("float64", "float16", "int8", "uint16", "uint32", "uint64", "complex64")
        }
    )
    return made


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype and found[name].shape == tensor.shape, name
        assert torch.equal(
            found[name].reshape(-1).view(torch.uint8), tensor.contiguous().reshape(-1).view(torch.uint8)
        ), name


def test_torch_round_trip(pair, path):
    writer, reader = (importlib.import_module(f"{name}.torch") for name in pair)
    made = tensors()
    writer.save_file(made, path, metadata={"format": "pt"})
    same(reader.load_file(path), made)
    same(reader.load_file(path, "cpu"), made)
    same(reader.load_file(str(path), device="cpu", backend="pread"), made)
    data = writer.save(made, {"format": "pt"})
    same(reader.load(data), made)
    assert data == path.read_bytes()


def test_torch_safe_open(name, path):
    made = tensors()
    importlib.import_module("safetensors.torch").save_file(made, path, {"format": "pt"})
    for framework in ("pt", "torch"):
        with importlib.import_module(name).safe_open(path, framework=framework, device="cpu") as file:
            same({key: file.get_tensor(key) for key in file.keys()}, made)
            part = file.get_slice("weight")
            assert part.get_shape() == [3, 4, 5] and part.get_dtype() == "F32"
            assert torch.equal(part[1:, ::2], made["weight"][1:, ::2]) and torch.equal(
                part[..., 1], made["weight"][..., 1]
            )
            assert file.metadata() == {"format": "pt"}


def test_torch_tensors_are_the_programs(name, path):
    """They can be written, and the file stays as it is."""
    library = importlib.import_module(f"{name}.torch")
    library.save_file({"x": torch.zeros(1000)}, path)
    before, found = path.read_bytes(), library.load_file(path)["x"]
    found += 1
    assert path.read_bytes() == before and found.sum() == 1000
    path.unlink()
    assert found.sum() == 1000


def test_torch_tensors_of_any_strides(path):
    """The peer refuses tensors that are not contiguous, or share memory."""
    library = importlib.import_module("tenon.safetensors.torch")
    whole = torch.arange(24.0).reshape(4, 6)
    made = {
        "t": whole.T,
        "part": whole[::2, 1::3],
        "same": whole,
        "again": whole,
        "expanded": whole[0].expand(3, 6),
        "grad": torch.ones(2, requires_grad=True),
    }
    library.save_file(made, path)
    same(
        importlib.import_module("safetensors.torch").load_file(path),
        {key: tensor.detach() for key, tensor in made.items()},
    )


def test_torch_pairs_of_f4(pair, path):
    writer, reader = (importlib.import_module(f"{name}.torch") for name in pair)
    made = {"x": torch.arange(12, dtype=torch.uint8).reshape(3, 4).view(torch.float4_e2m1fn_x2)}
    writer.save_file(made, path)
    same(reader.load_file(path), made)
    assert path.read_bytes() == importlib.import_module("safetensors.torch").save(made)
    with importlib.import_module(pair[1]).safe_open(path, "pt") as file:
        assert file.get_slice("x").get_shape() == [3, 8] and file.get_slice("x").get_dtype() == "F4"


def test_torch_tensors_that_cannot_be_saved(name, path):
    library = importlib.import_module(f"{name}.torch")
    for wrong in ({"x": {"a": 1}}, "text", {"x": torch.sparse_coo_tensor(size=(2, 3))}, {"x": np.ones(2)}):
        with pytest.raises(ValueError):
            library.save_file(wrong, path)
        with pytest.raises(ValueError):
            library.save(wrong)
    with pytest.raises(RuntimeError, match="meta tensor"):
        library.save_file({"x": torch.zeros(2, device="meta")}, path)
    assert not path.exists()


def test_torch_errors(name, path):
    library, base = importlib.import_module(f"{name}.torch"), importlib.import_module(name)
    with pytest.raises(FileNotFoundError):
        library.load_file(path)
    with pytest.raises((ValueError, TypeError)):
        library.save_file([torch.ones(1)], path)
    with pytest.raises((ValueError, TypeError)):
        library.save_file({"x": 3}, path)
    library.save_file({"x": torch.ones(1)}, path)
    with pytest.raises(base.SafetensorError):
        base.safe_open(path, "pt").get_tensor("y")
    with pytest.raises(base.SafetensorError):
        library.load_file(path, backend="other")
