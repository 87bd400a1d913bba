# SPDX-License-Identifier: MIT
"""What tenon.numpy adds to NumPy."""

import importlib
import io
import os
import pickle
import threading

import numpy as np
import pytest

from numpy_kit import OBJECTS, lib, pair, quick, same  # noqa: F401

# ---- what tenon.numpy adds ----


def test_pipe():
    """NumPy asks a pipe for its position."""
    lib = importlib.import_module("tenon.numpy")
    ends = os.pipe()
    with open(ends[0], "rb") as source, open(ends[1], "wb") as sink:
        lib.save(sink, np.arange(100))
        sink.close()
        same(np.load(io.BytesIO(source.read())), np.arange(100))


def test_pipes_are_read():
    """Several arrays from a pipe, an archive, and an empty pipe. NumPy needs a seekable file."""
    lib = importlib.import_module("tenon.numpy")
    arrays, archive = io.BytesIO(), io.BytesIO()
    for count in (5, 60000):
        np.save(arrays, np.arange(count))
    np.savez(archive, x=np.arange(3), y=OBJECTS)
    with piped(arrays.getvalue()) as file:
        same(lib.load(file), np.arange(5))
        same(lib.load(file), np.arange(60000))
    with piped(archive.getvalue()) as file, lib.load(file, allow_pickle=True) as found:
        same(found["x"], np.arange(3))
        assert np.array_equal(found["y"], OBJECTS)
    with piped(b"") as file, pytest.raises(EOFError):
        lib.load(file)


def piped(data):
    """The end of a pipe that brings these bytes."""
    ends = os.pipe()

    def write():
        with open(ends[1], "wb") as file:
            file.write(data)

    threading.Thread(target=write).start()
    return open(ends[0], "rb")


def test_a_failed_save_leaves_the_old_file(tmp_path):
    lib = importlib.import_module("tenon.numpy")
    lib.save(tmp_path / "a.npy", np.arange(3))
    with pytest.raises(ValueError):
        lib.save(tmp_path / "a.npy", OBJECTS, allow_pickle=False)
    with pytest.raises(NotImplementedError):
        lib.save(tmp_path / "a.npy", np.ma.array([1, 2], mask=[0, 1]))
    same(np.load(tmp_path / "a.npy"), np.arange(3))
    assert os.listdir(tmp_path) == ["a.npy"]


def test_small_floats_are_what_numpy_has(pair, tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    writer, reader = pair
    for name, text in (("bfloat16", "V2"), ("float8_e4m3fn", "V1"), ("float8_e8m0fnu", "V1")):
        array = np.arange(1, 5).astype(getattr(ml_dtypes, name))
        writer.save(tmp_path / "a.npy", array)
        same(reader.load(tmp_path / "a.npy"), array.view(text))


def test_it_may_replace_numpys_functions(monkeypatch, tmp_path):
    """The functions of NumPy that these ones call are not themselves then."""
    lib = importlib.import_module("tenon.numpy")
    for name in ("load", "save", "savez", "savez_compressed"):
        monkeypatch.setattr(np, name, getattr(lib, name))
    np.save(tmp_path / "a.npy", OBJECTS)
    np.savez(tmp_path / "b.npz", x=OBJECTS)
    np.savez_compressed(tmp_path / "c.npz", x=OBJECTS)
    for found in (
        np.load(tmp_path / "a.npy", allow_pickle=True),
        np.load(tmp_path / "b.npz", allow_pickle=True)["x"],
        np.load(tmp_path / "c.npz", allow_pickle=True)["x"],
    ):
        assert np.array_equal(found, OBJECTS)
    (tmp_path / "d").write_bytes(pickle.dumps(3))
    assert np.load(tmp_path / "d", allow_pickle=True) == 3


def test_everything_else_is_numpys():
    lib = importlib.import_module("tenon.numpy")
    assert lib.zeros is np.zeros and lib.linalg is np.linalg and lib.float32 is np.float32
    with pytest.raises(AttributeError):
        lib.no_such_function


def test_signatures():
    import inspect

    lib = importlib.import_module("tenon.numpy")
    for name in ("load", "save", "savez", "savez_compressed"):
        ours, theirs = (inspect.signature(getattr(module, name)).parameters.values() for module in (lib, np))
        assert [(one.name, one.kind, one.default) for one in ours] == [
            (one.name, one.kind, one.default) for one in theirs
        ]
