# SPDX-License-Identifier: MIT
"""tenon.numpy in place of NumPy: headers of .npy files, good and bad, and pickles. `lib` is NumPy, then tenon.numpy."""

import io
import pickle
import struct
import warnings

import numpy as np
import pytest

from numpy_kit import OBJECTS, RECORD, header, lib, pair, quick, same  # noqa: F401

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
