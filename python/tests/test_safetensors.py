# SPDX-License-Identifier: MIT
"""tenon.safetensors in place of the safetensors library. `lib` is safetensors, then tenon.safetensors: what
is asserted of one holds for both."""

import inspect
import os
import pathlib
import threading

import ml_dtypes
import numpy as np
import pytest
from safetensors_kit import (
    ARRAYS,
    DTYPES,
    LIBRARIES,
    SHAPES,
    all_same,
    example,
    lib,
    library,
    pair,
    path,
    quick,
    raw,
    same,
)  # noqa: F401
import tenon

# ---- save and load ----


@pytest.mark.parametrize("dtype", DTYPES)
def test_round_trip(pair, path, dtype):
    writer, reader = pair
    for shape in SHAPES:
        array = (np.arange(np.prod(shape, dtype=int)) % 100).reshape(shape).astype(dtype)
        writer.save_file({"x": array}, path)
        all_same(reader.load_file(path), {"x": array})
        all_same(reader.load(writer.save({"x": array})), {"x": array})
        with reader.safe_open(path, "np") as file:
            part = file.get_slice("x")
            assert part.get_dtype() == DTYPES[dtype] and part.get_shape() == list(shape)


def test_many_at_once(pair, path):
    writer, reader = pair
    assert writer.save_file(ARRAYS, path, metadata={"a": "b"}) is None
    all_same(reader.load_file(path), ARRAYS)
    all_same(reader.load_file(str(path)), ARRAYS)
    all_same(reader.load_file(path, backend="pread"), ARRAYS)
    all_same(reader.load(path.read_bytes()), ARRAYS)
    data = writer.save(ARRAYS, {"a": "b"})
    assert type(data) is bytes and data == path.read_bytes()


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"名": '\n"\\ü'}], ids=str)
def test_the_same_bytes(path, metadata):
    ours, theirs = library("tenon.safetensors"), library("safetensors")
    assert ours.save(ARRAYS, metadata) == theirs.save(ARRAYS, metadata)
    assert ours.save({}, metadata) == theirs.save({}, metadata)
    ours.save_file(ARRAYS, path, metadata)
    assert path.read_bytes() == theirs.save(ARRAYS, metadata)


@pytest.mark.parametrize(
    "name", ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "bfloat16"]
)
def test_small_floats(name):
    """The peer writes all, and reads bfloat16 from a file alone."""
    ours, theirs = library("tenon.safetensors"), library("safetensors")
    array = np.arange(1, 9).astype(getattr(ml_dtypes, name)).reshape(2, 4)
    assert ours.save({"x": array}) == theirs.save({"x": array})
    all_same(ours.load(theirs.save({"x": array})), {"x": array})


def test_bfloat16(pair, path):
    writer, reader = pair
    array = np.arange(1, 9).astype(ml_dtypes.bfloat16)
    writer.save_file({"x": array}, path)
    all_same(reader.load_file(path), {"x": array})


def test_big_endian(lib):
    array = np.arange(6, dtype=">i4").reshape(2, 3)
    all_same(lib.load(lib.save({"x": array})), {"x": array.astype("<i4")})


def test_strided():
    """The peer writes the memory of such arrays, which are other numbers."""
    ours = library("tenon.safetensors")
    array = np.arange(24.0).reshape(4, 6)
    for made in (array.T, array[::2, ::-1], np.broadcast_to(array[0], (3, 6)), np.asfortranarray(array)):
        assert np.array_equal(ours.load(ours.save({"x": made}))["x"], made)


def test_loaded_arrays_are_the_callers(lib, example):
    found = lib.load_file(example)
    found["bias"][:] = 1
    example.unlink()
    assert found["bias"].tolist() == [1] * 7 and found["weight"].flags.writeable
    found = lib.load(lib.save(ARRAYS))
    found["bias"][:] = 1


def test_bytes_alone(lib):
    data = lib.save(ARRAYS)
    for wrong in ("text", None, 3):
        with pytest.raises(TypeError):
            lib.load(wrong)
    all_same(lib.load(data), ARRAYS)


def test_nothing(lib, path):
    assert lib.load(lib.save({})) == {}
    lib.save_file({}, path)
    assert lib.load_file(path) == {}
    with lib.safe_open(path, "np") as file:
        assert list(file.keys()) == [] and file.metadata() is None


@pytest.mark.parametrize("metadata", [{"a": 1}, {1: "a"}, {"a": None}, {"a": b"b"}, ["a"], "a", {"a": ["b"]}], ids=repr)
def test_metadata_are_strings(lib, path, metadata):
    with pytest.raises(TypeError):
        lib.save(ARRAYS, metadata)
    with pytest.raises(TypeError):
        lib.save_file(ARRAYS, path, metadata)
    assert not path.exists()


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": np.array(["a"])},
        {"x": np.array([None])},
        {"x": np.array(["2020"], "M8[D]")},
        {"x": np.zeros(2, "c16")},
        {"x": np.zeros(2, "i4,i4")},
        {"x": np.zeros(2, "g")},
    ],
    ids=str,
)
def test_dtypes_that_the_format_lacks(lib, path, arrays):
    with pytest.raises(lib.SafetensorError):
        lib.save(arrays)
    with pytest.raises(lib.SafetensorError):
        lib.save_file(arrays, path)
    assert not path.exists()


@pytest.mark.parametrize("arrays", [[np.ones(1)], None, {"x": [1, 2]}, {"x": 3}, {1: np.ones(1)}, {"x": None}], ids=str)
def test_other_arguments(lib, path, arrays):
    with pytest.raises((TypeError, AttributeError)):
        lib.save(arrays)
    with pytest.raises((TypeError, AttributeError)):
        lib.save_file(arrays, path)


def test_signatures():
    for name in ("save", "save_file", "load", "load_file"):
        ours, theirs = (
            inspect.signature(getattr(library(lib), name)).parameters.values()
            for lib in ("tenon.safetensors", "safetensors")
        )
        assert [(one.name, one.kind, one.default) for one in ours] == [
            (one.name, one.kind, one.default) for one in theirs
        ]
    import tenon.safetensors

    words = inspect.signature(tenon.safetensors.safe_open).parameters
    assert (
        list(words) == ["filename", "framework", "device", "backend"]
        and words["device"].default == "cpu"
        and words["backend"].default == "mmap"
    )


def test_threads(lib, example):
    found = {}

    def read(number):
        with lib.safe_open(example, "np") as file:
            found[number] = {name: file.get_tensor(name) for name in file.keys()}

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        all_same(found[number], ARRAYS)


# ---- files ----


def test_paths(lib, example, tmp_path):
    all_same(lib.load_file(pathlib.Path(example)), ARRAYS)
    for missing in (tmp_path / "none", tmp_path / "none" / "none"):
        with pytest.raises(FileNotFoundError):
            lib.load_file(missing)
        with pytest.raises(FileNotFoundError):
            lib.safe_open(missing, "np")
    with pytest.raises(OSError):
        lib.load_file(tmp_path)
    with pytest.raises(lib.SafetensorError):
        lib.save_file(ARRAYS, tmp_path / "none" / "a")
    for wrong in (3, None, 2.5):
        with pytest.raises(TypeError):
            lib.load_file(wrong)
        with pytest.raises(TypeError):
            lib.save_file(ARRAYS, wrong)


def test_the_extension_is_not_asked(lib, tmp_path):
    lib.save_file(ARRAYS, tmp_path / "a.npz")
    assert os.listdir(tmp_path) == ["a.npz"]
    all_same(lib.load_file(tmp_path / "a.npz"), ARRAYS)


X = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
MALFORMED = {
    "nothing": b"",
    "three bytes": b"abc",
    "a long length": b"\xff" * 20,
    "a header of no text": raw(b"\xff\xff"),
    "no JSON": raw(b"{"),
    "a list": raw(b"[]"),
    "short data": raw({"x": X}, bytes(7)),
    "long data": raw({"x": X}, bytes(9)),
    "a dtype": raw({"x": {**X, "dtype": "F31"}}, bytes(8)),
    "a shape": raw({"x": {**X, "shape": [3]}}, bytes(8)),
    "a negative dim": raw({"x": {**X, "shape": [-2]}}, bytes(8)),
    "a large shape": raw({"x": {**X, "shape": [2**62, 8]}}, bytes(8)),
    "offsets": raw({"x": {**X, "data_offsets": [8, 0]}}, bytes(8)),
    "a gap": raw({"x": X, "y": {**X, "data_offsets": [9, 17]}}, bytes(17)),
    "an overlap": raw({"x": X, "y": {**X, "data_offsets": [4, 12]}}, bytes(12)),
    "no dtype": raw({"x": {"shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
    "metadata": raw({"__metadata__": {"a": 1}, "x": X}, bytes(8)),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed(lib, path, data):
    path.write_bytes(data)
    with pytest.raises(lib.SafetensorError):
        lib.load(data)
    with pytest.raises(lib.SafetensorError):
        lib.load_file(path)
    with pytest.raises(lib.SafetensorError):
        lib.safe_open(path, "np").get_tensor("x")


def test_files_of_other_formats(lib, path):
    np.savez(path.with_suffix(".npz"), x=np.arange(3))
    with pytest.raises(lib.SafetensorError):
        lib.load_file(path.with_suffix(".npz"))
    with pytest.raises(lib.SafetensorError):
        lib.load(path.with_suffix(".npz").read_bytes())


def test_a_failed_save_leaves_the_old_file(lib, example):
    before = example.read_bytes()
    with pytest.raises(lib.SafetensorError):
        lib.save_file({"a": np.ones(3), "x": np.zeros(2, "c16")}, example)
    assert example.read_bytes() == before and os.listdir(example.parent) == [example.name]


def test_errors(example):
    """The error of the peer's name is TenonError, and has the built-in kinds."""
    ours = library("tenon.safetensors")
    assert ours.SafetensorError is tenon.TenonError
    with ours.safe_open(example, "np") as file:
        with pytest.raises(KeyError):
            file.get_tensor("other")
        with pytest.raises(IndexError):
            file.get_slice("weight")[3]
    with pytest.raises(ValueError):
        file.keys()


# ---- what tenon.safetensors adds ----


def test_metadata_of_other_types_are_their_texts(path):
    """tenon stores numbers with a record of their types. These functions return the strings of the file."""
    tenon.write(path, {"x": np.ones(2)}, {"n": 3, "words": ["a", "b"], "text": "t"})
    found = [library(name).safe_open(path, "np").metadata() for name in LIBRARIES]
    assert found[0] == found[1] and found[0]["n"] == "3" and found[0]["text"] == "t"


def test_mlx(example):
    mx = pytest.importorskip("mlx.core")
    from tenon.safetensors import mlx, safe_open

    library("safetensors").save_file({name: ARRAYS[name] for name in ("weight", "number", "flags", "名")}, example)

    with safe_open(example, "mlx") as file:
        assert isinstance(file.get_tensor("weight"), mx.array)
        assert file.get_slice("weight")[1, :, 2].tolist() == ARRAYS["weight"][1, :, 2].tolist()
    found = mlx.load_file(example)
    for name, array in mx.load(str(example)).items():
        assert found[name].dtype == array.dtype and mx.array_equal(found[name], array)
    half = {"x": mx.arange(4).astype(mx.bfloat16), "y": mx.ones((2, 3)).T}
    mlx.save_file(half, example, {"by": "mlx"})
    again = mlx.load(mlx.save(half))
    for arrays in (mlx.load_file(example), again, mx.load(str(example))):
        assert arrays["x"].dtype == mx.bfloat16 and arrays["x"].tolist() == [0, 1, 2, 3] and arrays["y"].shape == (3, 2)


def test_packed_floats(path):
    """Dtypes that the peer cannot read: an item a byte, as ml_dtypes has them."""
    ours = library("tenon.safetensors")
    header = {"a": {"dtype": "F4", "shape": [4], "data_offsets": [0, 2]}}
    path.write_bytes(raw(header, b"\x21\x43"))
    found = ours.load_file(path)["a"]
    assert found.dtype == ml_dtypes.float4_e2m1fn and found.view("u1").tolist() == [1, 2, 3, 4]
    with ours.safe_open(path, "np") as file:
        assert file.get_slice("a").get_dtype() == "F4" and file.get_slice("a")[1:3].view("u1").tolist() == [2, 3]
    assert ours.save({"a": found})[-2:] == b"\x21\x43" and np.array_equal(
        ours.load(ours.save({"a": found}))["a"], found
    )


@pytest.mark.parametrize(
    "index", [slice(None, None, -1), slice(-2, None), slice(0, 100), slice(2, 1), slice(5, 0, -2)], ids=str
)
def test_slices_of_numpy(example, index):
    """The peer refuses these."""
    with library("tenon.safetensors").safe_open(example, "np") as file:
        same(np.ascontiguousarray(file.get_slice("weight")[index]), np.ascontiguousarray(ARRAYS["weight"][index]))
