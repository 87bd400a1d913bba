# SPDX-License-Identifier: MIT
"""tenon.safetensors in place of the safetensors library. `lib` is safetensors, then tenon.safetensors: what is
asserted of one holds for both."""

import importlib
import inspect
import itertools
import json
import os
import pathlib
import struct
import threading
from types import SimpleNamespace

import ml_dtypes
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
    """tenon stores numbers with a record of their types; these functions give what the file has, as the peer does."""
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
