# SPDX-License-Identifier: MIT
"""tenon.numpy in place of NumPy, on .npy files. `lib` is NumPy, then tenon.numpy: each assertion
holds for both."""

import gzip
import importlib
import io
import os
import pathlib
import tempfile
import warnings

import numpy as np
import pytest

from numpy_kit import OBJECTS, RECORD, layouts, lib, pair, quick, same  # noqa: F401

NUMBERS = "? b B h H i I l L e f d F D g G >h >I >l >e >d >F >D >g".split()


# ---- round trips ----


@pytest.mark.parametrize("dtype", NUMBERS)
def test_numbers_of_every_layout(pair, tmp_path, dtype):
    writer, reader = pair
    for at, array in enumerate(layouts(np.dtype(dtype))):
        path = tmp_path / f"{at}.npy"
        writer.save(path, array)
        same(reader.load(path), np.array(array, order="K" if array.flags.fnc else "C"))


@pytest.mark.parametrize(
    "dtype",
    [
        "S5",
        "U7",
        ">U7",
        "V3",
        "V2",
        "V1",
        "M8[ns]",
        ">M8[D]",
        "m8[25s]",
        "M8",
        RECORD,
        [("a", ">i2"), ("b", "<f4")],
        [("", "i4"), ("名", "f8")],
        [(("title", "name"), "i4")],
        [("sub", ("<f8", (5,)), (2,))],
    ],
    ids=str,
)
def test_other_dtypes(pair, tmp_path, dtype):
    writer, reader = pair
    array = np.frombuffer(bytes(range(1, 25)) * 2 * np.dtype(dtype).itemsize, "u1")[: 24 * np.dtype(dtype).itemsize] % 2
    array = array.astype("u1").view(dtype).reshape(4, 6)
    for at, made in enumerate((array, array.T, array[::2, 1::2], array[:0])):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # NumPy tells that a name needs version 3.0
            writer.save(tmp_path / f"{at}.npy", made)
        same(reader.load(tmp_path / f"{at}.npy"), np.array(made, order="K" if made.flags.fnc else "C"))


@pytest.mark.parametrize(
    "dtype",
    [
        np.dtype("i1, i4, i1", align=True),
        np.dtype({"names": ["a", "b"], "formats": ["i4", "i4"], "offsets": [1, 6]}),
        np.dtype({"names": ["a", "b"], "formats": ["i4", "i4"], "offsets": [1, 6], "titles": ["aa", "bb"]}),
        np.dtype({"names": [], "formats": [], "itemsize": 8}),
    ],
    ids=str,
)
def test_padded_records(pair, tmp_path, dtype):
    writer, reader = pair
    array = np.zeros(3, dtype)
    for at in range(3):
        array[at] = at + 5
    writer.save(tmp_path / "a.npy", array)
    found = reader.load(tmp_path / "a.npy")
    assert found.dtype == array.dtype and np.array_equal(found, array)


@pytest.mark.parametrize(
    "array",
    [
        np.array(5),
        np.arange(6.0).reshape(2, 3).T,
        np.zeros((0, 3), "f4"),
        np.array([("ab", 1)], [("a", "U2"), ("b", ">i4")]),
        np.array(["2020-02-29"], "M8[D]"),
        np.arange(12, dtype=">u2").reshape(3, 4)[::2],
        np.ones((1, 23)),
        np.array(True),
        np.array(["a", "bcd"]),
        np.ones(3, [("x" * 70000, "f8")]),
    ],
    ids=lambda array: f"{str(array.dtype)[:20]}{array.shape}",
)
def test_the_same_bytes(lib, tmp_path, array):
    plain, objects = tmp_path / "plain.npy", io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        np.save(objects, array)
        lib.save(plain, array)
        other = io.BytesIO()
        lib.save(other, array)
    assert plain.read_bytes() == objects.getvalue() == other.getvalue()


@pytest.mark.parametrize(
    "value",
    [
        3,
        2.5,
        1j,
        True,
        "text",
        b"bytes",
        [1, 2],
        [[1.5, 2], [3, 4]],
        (1, 2),
        [],
        np.float32(2),
        np.datetime64("2020"),
        range(3),
    ],
    ids=repr,
)
def test_anything_like_an_array(lib, tmp_path, value):
    lib.save(tmp_path / "a.npy", value)
    same(lib.load(tmp_path / "a.npy"), np.asarray(value))


def test_subclasses(lib, tmp_path):
    matrix = np.arange(4).view(np.recarray)
    lib.save(tmp_path / "a.npy", matrix)
    same(lib.load(tmp_path / "a.npy"), np.arange(4))
    with pytest.raises(NotImplementedError):
        lib.save(tmp_path / "b.npy", np.ma.array([1, 2], mask=[0, 1]))


# ---- names and file objects ----


@pytest.mark.parametrize(
    "name, made",
    [("a", "a.npy"), ("a.npy", "a.npy"), ("a.npz", "a.npz.npy"), ("a.b", "a.b.npy"), ("a.NPY", "a.NPY.npy")],
)
@pytest.mark.parametrize("kind", [str, pathlib.Path])
def test_save_appends_the_extension(lib, tmp_path, name, made, kind):
    lib.save(kind(tmp_path / name), np.arange(3))
    assert os.listdir(tmp_path) == [made]


def test_load_goes_by_the_contents(lib, tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    (tmp_path / "a.npy").rename(tmp_path / "a.safetensors")
    same(lib.load(tmp_path / "a.safetensors"), np.arange(3))
    same(lib.load(os.fsencode(tmp_path / "a.safetensors")), np.arange(3))


def file_objects(path):
    yield open(path, "w+b")
    yield open(path, "w+b", buffering=0)
    yield tempfile.TemporaryFile()
    yield tempfile.NamedTemporaryFile()
    yield tempfile.SpooledTemporaryFile(max_size=100)
    yield io.BytesIO()


def test_several_arrays_in_one_file_object(lib, tmp_path):
    arrays = [
        np.arange(5),
        np.arange(6.0).reshape(2, 3).T,
        np.zeros((0, 2)),
        np.array("x"),
        np.arange(70000, dtype=">i2"),
    ]
    for file in file_objects(tmp_path / "a"):
        with file:
            file.write(b"before")
            for array in arrays:
                lib.save(file, array)
            file.write(b"after")
            file.seek(6)
            for array in arrays:
                same(lib.load(file), array)
            assert file.read() == b"after"
            with pytest.raises(EOFError):
                lib.load(file)
            assert not file.closed


def test_objects_that_can_only_write_or_read(lib, tmp_path):
    with gzip.open(tmp_path / "a.gz", "wb") as file:
        for count in (3, 4, 100000):
            lib.save(file, np.arange(count))
    with gzip.open(tmp_path / "a.gz", "rb") as file:
        for count in (3, 4, 100000):
            same(lib.load(file), np.arange(count))
        with pytest.raises(EOFError):
            lib.load(file)


class Short(io.BytesIO):
    """Gives fewer bytes than are asked for."""

    def read(self, size=-1):
        return super().read(min(size, 7) if size and size > 0 else size)


def test_short_reads(lib):
    stream = io.BytesIO()
    np.save(stream, np.arange(1000))
    same(lib.load(Short(stream.getvalue())), np.arange(1000))


class OnlyReads:
    """Has the methods that NumPy names, and no others."""

    def __init__(self, stream):
        self.read, self.seek, self.readline = stream.read, stream.seek, stream.readline


class OnlyWrites:
    def __init__(self, stream):
        self.write = stream.write


def test_objects_with_few_methods(lib):
    stream = io.BytesIO()
    for array in (np.arange(5), np.array([None])):
        lib.save(OnlyWrites(stream), array)
    stream.seek(0)
    same(lib.load(OnlyReads(stream)), np.arange(5))
    assert lib.load(OnlyReads(stream), allow_pickle=True).tolist() == [None]


def test_appending_to_a_file(lib, tmp_path):
    for number in range(3):
        with open(tmp_path / "a.npy", "ab") as file:
            lib.save(file, np.full(4, number))
    with open(tmp_path / "a.npy", "rb") as file:
        assert [lib.load(file)[0] for _ in range(3)] == [0, 1, 2]


def test_objects_of_other_kinds(lib, tmp_path):
    np.save(tmp_path / "a.npy", 1)
    for file in (3, None, 2.5):
        with pytest.raises(TypeError):
            lib.load(file)
        with pytest.raises(TypeError):
            lib.save(file, 1)
    with pytest.raises(TypeError):
        lib.save(io.StringIO(), 1)
    with open(tmp_path / "text", "w", encoding="utf-8") as file, pytest.raises(TypeError):
        lib.save(file, 1)
    with open(tmp_path / "a.npy", "rb") as file, pytest.raises(io.UnsupportedOperation):
        lib.save(file, 1)
    with pytest.raises(OSError):
        lib.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        lib.load(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        lib.save(tmp_path / "none" / "a", 1)


# ---- maps ----


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6.0).reshape(2, 3).T,
        np.array(5),
        np.zeros((0, 3)),
        np.arange(4, dtype=">i4"),
        np.array([("ab", 1)], [("a", "U2"), ("b", "i4")]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
@pytest.mark.parametrize("mode", ["r", "c", "r+"])
def test_maps(lib, tmp_path, array, mode):
    path = tmp_path / "a.npy"
    np.save(path, array)
    before = path.read_bytes()
    found = lib.load(path, mmap_mode=mode)
    assert (
        isinstance(found, np.memmap)
        and found.mode == mode
        and os.fspath(found.filename) == str(path)
        and found.offset == before.index(b"\n") + 1
    )
    assert (
        found.dtype == array.dtype
        and found.shape == array.shape
        and np.array_equal(found, array)
        and found.flags.fnc == array.flags.fnc
    )
    assert found.flags.writeable == (mode != "r")
    found.flush()
    if mode == "r":
        with pytest.raises(ValueError):
            found[...] = np.zeros((), array.dtype)
    elif array.size:
        found.flat[0] = np.zeros((), array.dtype)
        found.flush()
        assert np.array_equal(np.load(path), found if mode == "r+" else array)
    if mode != "r+":
        assert path.read_bytes() == before


def test_parts_of_a_map(lib, tmp_path):
    np.save(tmp_path / "a.npy", np.arange(6).reshape(2, 3))
    found = lib.load(tmp_path / "a.npy", mmap_mode="r")
    assert isinstance(found[0], np.memmap) and not isinstance(found.sum(), np.memmap) and type(found + 1) is np.ndarray
    part = found[1:]
    del found
    (tmp_path / "a.npy").unlink()
    assert part.tolist() == [[3, 4, 5]]


def test_maps_of_what_cannot_be_mapped(lib, tmp_path):
    np.save(tmp_path / "a.npy", OBJECTS)
    with pytest.raises(ValueError, match="memory-mapped"):
        lib.load(tmp_path / "a.npy", mmap_mode="r", allow_pickle=True)
    np.save(tmp_path / "b.npy", np.arange(3))
    with open(tmp_path / "b.npy", "rb") as file, pytest.raises(ValueError):
        lib.load(file, mmap_mode="r")
    with open(tmp_path / "b.npy", "r+b") as file:
        file.truncate(os.path.getsize(tmp_path / "b.npy") - 1)
    with pytest.raises(ValueError):
        lib.load(tmp_path / "b.npy", mmap_mode="r")


def test_modes_that_would_destroy_the_file(tmp_path):
    """NumPy opens the file for writing and loses it. That is no behaviour to keep."""
    lib = importlib.import_module("tenon.numpy")
    np.save(tmp_path / "a.npy", np.arange(3))
    for mode in ("w+", "w", "a", "x", "write", "readwrite", "b"):
        with pytest.raises(ValueError, match="mmap_mode"):
            lib.load(tmp_path / "a.npy", mmap_mode=mode)
    same(np.load(tmp_path / "a.npy"), np.arange(3))
