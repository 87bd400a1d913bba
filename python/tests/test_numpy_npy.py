# SPDX-License-Identifier: MIT
"""tenon.numpy in place of NumPy, on .npy files. `lib` is NumPy, then tenon.numpy: what is asserted of one holds for
both."""

import gzip
import importlib
import io
import os
import pathlib
import pickle
import struct
import tempfile
import threading
import warnings

import numpy as np
import pytest

import tenon

LIBRARIES = ("numpy", "tenon.numpy")
PAIRS = [(writer, reader) for writer in LIBRARIES for reader in LIBRARIES if "tenon.numpy" in (writer, reader)]
NUMBERS = "? b B h H i I l L e f d F D g G >h >I >l >e >d >F >D >g".split()
RECORD = [("x", "i4", (2,)), ("y", [("re", "f8"), ("text", "U3"), ("raw", "S2")]), ("z", "u1")]


@pytest.fixture(scope="module", autouse=True)
def quick():
    """These tests save thousands of small files: none waits for the disk."""
    tenon.configure("save.durable=no")
    yield
    tenon.configure()


@pytest.fixture(params=LIBRARIES)
def lib(request):
    return importlib.import_module(request.param)


@pytest.fixture(params=PAIRS, ids="→".join)
def pair(request):
    """The library that writes and the one that reads."""
    return tuple(map(importlib.import_module, request.param))


def same(found, expected):
    """The same items bit for bit, the same dtype and byte order, and the same order in memory."""
    assert type(found) is np.ndarray
    assert found.dtype == expected.dtype and found.dtype.str == expected.dtype.str and found.shape == expected.shape
    assert found.flags.fnc == (expected.flags.f_contiguous and not expected.flags.c_contiguous)
    assert found.flags.writeable and found.flags.aligned
    if found.dtype.kind in "fc" and found.dtype.itemsize in (12, 16, 24, 32) and found.dtype.char in "gG":
        assert np.array_equal(found, expected)  # not all bytes of a long double belong to the number
    else:
        assert found.tobytes() == expected.tobytes()


def header(text, version=(1, 0), encoding="latin1"):
    data = text.encode(encoding)
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version[0] == 1 else "<I", len(data)) + data


def layouts(dtype):
    numbers = np.arange(60).astype(dtype)
    square = numbers.reshape(6, 10)
    return [
        numbers[:0],
        numbers[7].reshape(()),
        numbers,
        square,
        square.T,
        square[::-1, ::2],
        np.broadcast_to(numbers[3:5], (3, 2)),
        numbers.reshape(3, 4, 5).transpose(1, 0, 2),
        np.empty((0, 3), dtype),
        np.empty((2, 0), dtype, order="F"),
    ]


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


# ---- headers ----


GOOD = "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }\n"


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_versions(lib, tmp_path, version):
    (tmp_path / "a.npy").write_bytes(header(GOOD, version) + struct.pack("<2h", 5, -6))
    same(lib.load(tmp_path / "a.npy"), np.array([5, -6], "i2"))


def test_names_of_fields_are_utf8_in_version_3(lib, tmp_path):
    text = "{'descr': [('名', '<i2')], 'fortran_order': False, 'shape': (2,), }\n"
    (tmp_path / "a.npy").write_bytes(header(text, (3, 0), "utf-8") + struct.pack("<2h", 5, -6))
    assert lib.load(tmp_path / "a.npy").dtype.names == ("名",)


@pytest.mark.filterwarnings("ignore:Reading")
def test_python_2_header(lib, tmp_path):
    (tmp_path / "a.npy").write_bytes(header(GOOD.replace("2,)", "1L, 2L)")) + struct.pack("<2h", 5, -6))
    same(lib.load(tmp_path / "a.npy"), np.array([[5, -6]], "i2"))


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("False", "0"),
        GOOD.replace("(2,)", "[2]"),
        GOOD.replace("(2,)", "2"),
        GOOD.replace("(2,)", "(-2,)"),
        GOOD.replace("(2,)", "(2.0,)"),
        GOOD.replace("}", "'more': 1}"),
        GOOD.replace("'shape'", "'form'"),
        GOOD.replace("'fortran_order': False,", ""),
        "[1, 2]\n",
        "",
        "{}",
        GOOD.replace("'<i2'", "'<q9'"),
        GOOD.replace("'<i2'", "5"),
        GOOD.replace("'<i2'", "'<i2', 5"),
        "__import__('os').abort()",
        GOOD.replace("(2,)", "(9999999999999999999999,)"),
        GOOD.replace("(2,)", f"({2**40}, {2**40})"),
    ],
    ids=str,
)
def test_malformed_headers(lib, tmp_path, text):
    (tmp_path / "a.npy").write_bytes(header(text) + bytes(64))
    for file in (tmp_path / "a.npy", io.BytesIO((tmp_path / "a.npy").read_bytes())):
        with pytest.raises((ValueError, OverflowError, SyntaxError)):
            lib.load(file)


@pytest.mark.parametrize(
    "start",
    [
        b"\x93NUMPY\x01\x01",
        b"\x93NUMPY\0\0",
        b"\x93NUMPY\4\0",
        b"\x92NUMPY\1\0",
        b"\x93numpy\1\0",
        b"\x93NUMPY\1",
        b"\x93NUMPY",
        b"\x93NUM",
        b"\x93NUMPY\1\0",
        b"\x93NUMPY\1\0\1",
        b"\x93NUMPY\1\0\x01\0",
    ],
    ids=repr,
)
def test_bad_starts(lib, tmp_path, start):
    (tmp_path / "a.npy").write_bytes(start)
    with pytest.raises(ValueError):
        lib.load(tmp_path / "a.npy")
    with pytest.raises(ValueError):
        lib.load(io.BytesIO(start))


def test_empty_file(lib, tmp_path):
    (tmp_path / "a.npy").write_bytes(b"")
    for file in (tmp_path / "a.npy", io.BytesIO()):
        with pytest.raises(EOFError, match="No data left in file"):
            lib.load(file)


@pytest.mark.parametrize(
    "array",
    [np.arange(10.0), np.array(3), np.arange(6).reshape(2, 3).T, np.array(["abc"]), np.zeros(3, RECORD)],
    ids=str,
)
def test_truncated(lib, tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    data = (tmp_path / "a.npy").read_bytes()
    for length in (len(data) - 1, len(data) - array.nbytes, 127, 60, 9):
        (tmp_path / "a.npy").write_bytes(data[:length])
        with pytest.raises(ValueError):
            lib.load(tmp_path / "a.npy")
        with pytest.raises(ValueError):
            lib.load(io.BytesIO(data[:length]))
        with open(tmp_path / "a.npy", "rb") as file, pytest.raises(ValueError):
            lib.load(file)


def test_bytes_behind_the_array(lib, tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    with open(tmp_path / "a.npy", "ab") as file:
        file.write(b"more")
    same(lib.load(tmp_path / "a.npy"), np.arange(3))


@pytest.mark.parametrize("mmap_mode", [None, "r"])
def test_long_header(lib, tmp_path, mmap_mode):
    array = np.array([(1,) * 3000], "i," * 2999 + "i")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        lib.save(tmp_path / "a.npy", array)
    for limit in ({}, {"max_header_size": 20000}):
        with pytest.raises(ValueError, match="Header.*large"):
            lib.load(tmp_path / "a.npy", mmap_mode=mmap_mode, **limit)
    for words in ({"allow_pickle": True}, {"max_header_size": 200000}):
        found = lib.load(tmp_path / "a.npy", mmap_mode=mmap_mode, **words)
        assert found.dtype == array.dtype and np.array_equal(found, array)


@pytest.mark.parametrize(
    "dtype, words",
    [
        ([("名", "i4")], "format 3.0"),
        ([("x" * 66000, "i4")], "format 2.0"),
        (np.dtype("i4", metadata={"a": 1}), "metadata"),
        (np.dtype([("a", np.dtype("i4", metadata={"a": 1}))]), "metadata"),
    ],
    ids=["3.0", "2.0", "metadata", "metadata of a field"],
)
def test_warnings(lib, tmp_path, dtype, words):
    array = np.ones(3, dtype)
    with pytest.warns(UserWarning, match=words):
        lib.save(tmp_path / "a.npy", array)
    with pytest.warns(UserWarning, match=words):
        lib.savez(tmp_path / "a.npz", x=array)
    assert np.array_equal(np.load(tmp_path / "a.npy", max_header_size=100000), array)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lib.save(tmp_path / "b.npy", np.ones(3, [("a", "i4"), ("b", "f8")]))


# ---- pickles ----


OBJECTS = np.array([None, range, "優良", b"\xe4", 2**80], object)


def test_object_arrays(pair, tmp_path):
    writer, reader = pair
    writer.save(tmp_path / "a.npy", OBJECTS)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        reader.load(tmp_path / "a.npy")
    with pytest.raises(ValueError, match="allow_pickle=False"):
        reader.load(io.BytesIO((tmp_path / "a.npy").read_bytes()), allow_pickle=False)
    assert np.array_equal(reader.load(tmp_path / "a.npy", allow_pickle=True), OBJECTS)
    with open(tmp_path / "a.npy", "rb") as file:
        assert np.array_equal(reader.load(file, None, True), OBJECTS)


def test_object_arrays_are_not_saved_without_pickle(lib, tmp_path):
    with pytest.raises(ValueError, match="allow_pickle=False"):
        lib.save(tmp_path / "a.npy", OBJECTS, allow_pickle=False)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        lib.save(tmp_path / "b.npy", np.zeros(2, [("a", object)]), False)
    lib.save(tmp_path / "c.npy", np.zeros(2), allow_pickle=False)


def test_pickled_strings_of_python_2(lib, tmp_path):
    """The arguments encoding and fix_imports reach the unpickler: a str of Python 2, and a module that Python 3 has
    under another name."""
    text = "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }\n"
    data = (
        header(text) + b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\1b\x87R"
        b"(K\1K\2\x85cnumpy\ndtype\nU\2O8K\0K\1\x87R"
        b"(K\3U\1|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89]c__builtin__\nxrange\naU\2\xe4\xb8atb."
    )
    (tmp_path / "a.npy").write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy.core moved, and NumPy tells
        assert list(lib.load(tmp_path / "a.npy", allow_pickle=True, encoding="bytes")) == [range, b"\xe4\xb8"]
        assert list(lib.load(tmp_path / "a.npy", allow_pickle=True, encoding="latin1")) == [range, "\xe4\xb8"]
        with pytest.raises(UnicodeError):
            lib.load(tmp_path / "a.npy", allow_pickle=True)
        with pytest.raises(ImportError):
            lib.load(tmp_path / "a.npy", allow_pickle=True, fix_imports=False, encoding="latin1")
    with pytest.raises(ValueError, match="encoding"):
        lib.load(tmp_path / "a.npy", encoding="utf-8")


def test_plain_pickles(lib, tmp_path):
    (tmp_path / "a").write_bytes(pickle.dumps({"a": 1}))
    assert lib.load(tmp_path / "a", allow_pickle=True) == {"a": 1}
    with pytest.raises(ValueError, match="allow_pickle"):
        lib.load(tmp_path / "a")
    (tmp_path / "b").write_bytes(b"neither")
    with pytest.raises(pickle.UnpicklingError):
        lib.load(tmp_path / "b", allow_pickle=True)


def test_string_dtype_is_pickled(lib, tmp_path):
    array = np.array(["a", "bcd"], np.dtypes.StringDType())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        lib.save(tmp_path / "a.npy", array)
        with pytest.raises(ValueError, match="allow_pickle=False"):
            lib.save(tmp_path / "b.npy", array, allow_pickle=False)
    assert np.array_equal(lib.load(tmp_path / "a.npy", allow_pickle=True), array)


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
    """Several arrays from a pipe, an archive, and nothing; NumPy goes back in what it reads."""
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
