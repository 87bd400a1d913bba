# SPDX-License-Identifier: MIT
"""Helpers of the tests of tenon.safetensors."""

import importlib
import itertools
import json
import struct
from types import SimpleNamespace

import numpy as np
import pytest
import tenon

LIBRARIES = ("safetensors", "tenon.safetensors")
PAIRS = [pair for pair in itertools.product(LIBRARIES, LIBRARIES) if "tenon.safetensors" in pair]
DTYPES = {
    "f8": "F64",
    "f4": "F32",
    "f2": "F16",
    "i8": "I64",
    "i4": "I32",
    "i2": "I16",
    "i1": "I8",
    "u8": "U64",
    "u4": "U32",
    "u2": "U16",
    "u1": "U8",
    "?": "BOOL",
    "c8": "C64",
}
SHAPES = [(1,), (23,), (64, 32), (4, 6, 3, 1, 2), (), (0,), (0, 5)]
ARRAYS = {
    "weight": np.arange(60, dtype="f4").reshape(3, 4, 5),
    "bias": np.arange(7.0),
    "number": np.array(5),
    "none": np.zeros((0, 3), "f2"),
    "flags": np.array([True, False, True]),
    "名": np.arange(3, dtype="u1"),
    'a "quoted"\n': np.arange(2),
}


def library(name):
    """The functions of a library, wherever they are."""
    base, arrays = importlib.import_module(name), importlib.import_module(f"{name}.numpy")
    return SimpleNamespace(
        name=name,
        safe_open=base.safe_open,
        SafetensorError=base.SafetensorError,
        **{function: getattr(arrays, function) for function in ("load", "load_file", "save", "save_file")},
    )


@pytest.fixture(scope="module", autouse=True)
def quick():
    """These tests save thousands of small files: none waits for the disk."""
    tenon.configure("save.durable=no")
    yield
    tenon.configure()


@pytest.fixture(params=LIBRARIES)
def lib(request):
    return library(request.param)


@pytest.fixture(params=PAIRS, ids="→".join)
def pair(request):
    return tuple(map(library, request.param))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.safetensors"


@pytest.fixture
def example(path):
    """A file that the peer wrote."""
    library("safetensors").save_file(ARRAYS, path, {"format": "np", "who": "名"})
    return path


def same(found, expected):
    assert type(found) is np.ndarray and found.dtype == expected.dtype and found.shape == expected.shape
    assert found.flags.c_contiguous and found.flags.aligned and found.tobytes() == expected.tobytes()


def all_same(found, expected):
    assert isinstance(found, dict) and found.keys() == expected.keys()
    for name, array in expected.items():
        same(found[name], array)


def raw(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data
