# SPDX-License-Identifier: MIT
"""Files that are damaged, by chance or on purpose: each call gives a result or a TenonError, never anything else."""

import io
import pathlib
import random

import numpy as np
import pytest
import tenon

SOURCES = pathlib.Path(__file__).parents[2]
# what the fuzzers found, or begin with, and the odd samples of the plugins
FOLDERS = [*sorted(SOURCES.glob("plugins/*/seeds")), *sorted(SOURCES.glob("plugins/*/samples/odd"))]
EXTENSIONS = ["npy", "npz", "safetensors", "gguf", "pt"]


def exercise(source, **options):
    """Calls what reads, all of it. The number of calls that gave a result."""
    results = 0

    def attempt(call, *arguments, **more):
        nonlocal results
        try:
            result = call(*arguments, **more)
        except tenon.TenonError as error:
            assert str(error)
            return None
        results += 1
        return result

    for mode in ("r", "c"):
        file = attempt(tenon.open, source, mode=mode, small_floats="bits", **options)
        if file is None:
            continue
        with file:
            repr(file)
            attempt(lambda file=file: dict(file.metadata))
            for name in list(file):
                info = file.tensors[name]
                repr(info)
                array = attempt(file.read, name, copy=True)
                view = attempt(lambda file=file, name=name: file[name])
                attempt(lambda view=view: np.asarray(view).tobytes())
                if array is not None and isinstance(array, np.ndarray) and array.ndim:
                    attempt(file.read, name, (slice(0, 1),))
            attempt(file.read_many)
            attempt(file.verify)
    attempt(tenon.load, source, return_metadata=True, small_floats="bits")
    attempt(tenon.load, source, quantized="dequantize", small_floats="float32")
    return results


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: "-".join(folder.relative_to(SOURCES).parts[-3:]))
def test_seeds(folder):
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    assert files
    for file in files:
        exercise(file)
        exercise(io.BytesIO(file.read_bytes()))


@pytest.fixture(params=EXTENSIONS)
def written(request, tmp_path):
    """A small file of a format."""
    path = tmp_path / f"x.{request.param}"
    a = np.arange(12, dtype="f4").reshape(3, 4)
    several = {"a": a, "b/ü": np.arange(5, dtype="i8"), "empty": np.zeros((0, 2), "f2")}
    tenon.write(path, a if request.param == "npy" else several)
    return path


def test_cuts(written):
    content = written.read_bytes()
    for length in range(0, len(content), max(1, len(content) // 100)):
        written.write_bytes(content[:length])
        exercise(written)


def test_changed_bytes(written):
    content = written.read_bytes()
    choose = random.Random(len(content))
    for _ in range(100):
        changed = bytearray(content)
        for _ in range(choose.choice((1, 1, 2, 8))):
            changed[choose.randrange(len(changed))] = choose.choice((0, 1, 0x7F, 0x80, 0xFF, choose.randrange(256)))
        written.write_bytes(changed)
        exercise(written)


def test_moved_pieces(written):
    content = written.read_bytes()
    choose = random.Random(len(content))
    for _ in range(50):
        begin, length, to = (choose.randrange(len(content)) for _ in range(3))
        piece = content[begin : begin + length % 64]
        written.write_bytes(content[:to] + piece + content[to + choose.choice((0, len(piece))) :])
        exercise(written)
