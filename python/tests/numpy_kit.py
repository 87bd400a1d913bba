# SPDX-License-Identifier: MIT
"""Helpers of the tests of tenon.numpy."""

import importlib
import struct

import numpy as np
import pytest
import tenon

LIBRARIES = ("numpy", "tenon.numpy")
PAIRS = [(writer, reader) for writer in LIBRARIES for reader in LIBRARIES if "tenon.numpy" in (writer, reader)]
RECORD = [("x", "i4", (2,)), ("y", [("re", "f8"), ("text", "U3"), ("raw", "S2")]), ("z", "u1")]


OBJECTS = np.array([None, range, "優良", b"\xe4", 2**80], object)


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
