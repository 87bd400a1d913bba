# SPDX-License-Identifier: MIT
"""tenon.safetensors.safe_open in place of that of the safetensors library. `lib` is safetensors, then
tenon.safetensors."""

import importlib

import numpy as np
import pytest
from safetensors_kit import ARRAYS, all_same, example, lib, path, quick, raw, same  # noqa: F401

# ---- safe_open ----


def test_open(lib, example):
    for words in (
        {"framework": "np"},
        {"framework": "numpy", "device": "cpu"},
        {"framework": "np", "backend": "pread"},
        {"framework": "np", "device": None},
    ):
        with lib.safe_open(filename=example, **words) as file:
            assert sorted(file.keys()) == file.keys() == sorted(ARRAYS)
            assert file.metadata() == {"format": "np", "who": "名"}
            for name, array in ARRAYS.items():
                same(file.get_tensor(name), array)
            all_same(file.get_tensors(), ARRAYS)
    file = lib.safe_open(str(example), "np", "cpu")
    same(file.get_tensor("bias"), ARRAYS["bias"])


def test_offset_keys(lib, path):
    path.write_bytes(
        raw(
            {
                "a": {"dtype": "U8", "shape": [2], "data_offsets": [6, 8]},
                "c": {"dtype": "F32", "shape": [1], "data_offsets": [2, 6]},
                "b": {"dtype": "I8", "shape": [2], "data_offsets": [0, 2]},
            },
            bytes(range(8)),
        )
    )
    with lib.safe_open(path, "np") as file:
        assert (
            file.offset_keys() == ["b", "c", "a"]
            and file.keys() == ["a", "b", "c"]
            and sorted(file.get_tensors()) == ["a", "b", "c"]
        )
        assert file.metadata() is None
        same(file.get_tensor("c"), np.frombuffer(bytes(range(2, 6)), "f4"))


def test_unaligned(lib, path):
    header = b'{"x":{"dtype":"F64","shape":[3],"data_offsets":[0,24]}}'
    for spaces in range(3):
        path.write_bytes(raw(header + b" " * spaces, np.arange(3.0).tobytes()))
        all_same(lib.load_file(path), {"x": np.arange(3.0)})
        with lib.safe_open(path, "np") as file:
            same(file.get_slice("x")[1:], np.arange(1.0, 3))


INDEXES = [
    slice(None),
    0,
    -1,
    -2,
    (slice(None), 1),
    (slice(0, 2), slice(1, None)),
    slice(None, None, 2),
    slice(1, 3, 2),
    Ellipsis,
    (Ellipsis, 1),
    (0, Ellipsis),
    (0, 1, 2),
    (),
    (slice(None), slice(None), slice(None, 2)),
    (1, slice(None), 3),
    (Ellipsis, slice(1, 3)),
    np.int64(1),
    (slice(0, 1), Ellipsis, -1),
    [],
]


@pytest.mark.parametrize("index", INDEXES, ids=str)
def test_slices(lib, example, index):
    with lib.safe_open(example, "np") as file:
        part = file.get_slice("weight")
        assert part.get_shape() == [3, 4, 5] and part.get_dtype() == "F32"
        same(
            np.ascontiguousarray(part[index]).reshape(ARRAYS["weight"][index].shape),
            np.ascontiguousarray(ARRAYS["weight"][index]).reshape(ARRAYS["weight"][index].shape),
        )


def test_slices_of_numbers(lib, example):
    with lib.safe_open(example, "np") as file:
        part = file.get_slice("number")
        assert part.get_shape() == [] and part.get_dtype() == "I64" and part[...] == 5 and part[()] == 5


@pytest.mark.parametrize(
    "index", [3, -4, (0, 4), (0, 0, 5), (0, 0, 0, 0), None, "weight", 1.5, (Ellipsis, Ellipsis), [0, 1]], ids=repr
)
def test_wrong_slices(lib, example, index):
    with lib.safe_open(example, "np") as file, pytest.raises(lib.SafetensorError):
        file.get_slice("weight")[index]


def test_a_slice_outlives_the_file(lib, example):
    with lib.safe_open(example, "np") as file:
        part, array = file.get_slice("weight"), file.get_tensor("bias")
    same(part[1], ARRAYS["weight"][1])
    same(array, ARRAYS["bias"])


def test_missing_tensor(lib, example):
    with lib.safe_open(example, "np") as file:
        for name in ("other", ""):
            with pytest.raises(lib.SafetensorError):
                file.get_tensor(name)
            with pytest.raises(lib.SafetensorError):
                file.get_slice(name)


def test_closed(lib, example):
    with lib.safe_open(example, "np") as file:
        pass
    for call in (
        file.keys,
        file.offset_keys,
        file.metadata,
        file.get_tensors,
        lambda: file.get_tensor("bias"),
        lambda: file.get_slice("bias"),
    ):
        with pytest.raises(lib.SafetensorError):
            call()


@pytest.mark.parametrize(
    "words, error",
    [
        ({"framework": "other"}, "lib"),
        ({"framework": 3}, TypeError),
        ({"framework": None}, TypeError),
        ({"framework": "np", "device": "cuda"}, "lib"),
        ({"framework": "np", "device": "cuda:1"}, "lib"),
        ({"framework": "np", "device": 0}, "lib"),
        ({"framework": "np", "device": "mps"}, "lib"),
        ({"framework": "np", "device": "other"}, "lib"),
        ({"framework": "np", "backend": "other"}, "lib"),
        ({}, TypeError),
    ],
    ids=str,
)
def test_wrong_arguments(lib, example, words, error):
    with pytest.raises(lib.SafetensorError if error == "lib" else error):
        lib.safe_open(example, **words)


def test_frameworks_that_are_missing(lib, example):
    if importlib.util.find_spec("torch"):
        pytest.skip("torch is installed")
    with pytest.raises(ImportError, match="torch"):
        lib.safe_open(example, "pt").get_tensor("bias")
