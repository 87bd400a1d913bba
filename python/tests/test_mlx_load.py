# SPDX-License-Identifier: MIT
"""The behaviour that MLX's tests of saving and loading assert, for tenon, with MLX and NumPy as peers."""

import inspect
import io
import math
import os
import pathlib
import resource

import ml_dtypes
import mlx.core as mx
import numpy as np
import pytest

import tenon

DTYPES = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float32", "float16", "complex64"]
SHAPES = [(1,), (23,), (1024, 1024), (4, 6, 3, 1, 2), (), (0,), (3, 0, 2)]
GGUF_DTYPES = ["float16", "float32", "int8", "int16", "int32"]


def sample(shape, dtype, seed=0):
    """Numbers that have every bit pattern of their dtype, but NaN, which is equal to nothing."""
    count = math.prod(shape)
    raw = np.random.default_rng(seed).integers(0, 256, max(1, count) * np.dtype(dtype).itemsize, np.uint8).view(dtype)
    raw = raw[:count].reshape(shape)
    return np.where(np.isfinite(raw), raw, np.ones((), dtype)) if raw.dtype.kind in "fc" else raw


def to_mlx(array):
    """MLX refuses to save some empty arrays that it makes of NumPy's."""
    dtype = getattr(mx, array.dtype.name.replace("bool", "bool_"))
    return mx.array(array) if array.size else mx.zeros(array.shape, dtype)


def same(left, right):
    left, right = np.asarray(left), np.asarray(right)
    return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()


def signature_of_mlx(name):
    """Its text, which is Python but for its types."""
    text = getattr(mx, name).__nb_signature__[0][0]
    scope = {}
    exec(f"from __future__ import annotations\n{text}: pass", scope)
    return list(inspect.signature(scope[name]).parameters.values())


@pytest.mark.parametrize("name", ["save", "savez", "savez_compressed", "save_safetensors", "save_gguf", "load"])
def test_signatures(name):
    """Names, order and kinds of MLX's arguments; ours come after them, by keyword only, and have defaults."""
    theirs = signature_of_mlx(name)
    ours = list(inspect.signature(getattr(tenon, name)).parameters.values())
    for mine, parameter in zip(ours, theirs, strict=False):
        assert mine.kind == parameter.kind
        assert mine.name == parameter.name or mine.kind == mine.VAR_KEYWORD
        # save_gguf's text says that it needs metadata; it does not
        assert mine.default == parameter.default or (mine.name == "metadata" and mine.default is None)
    assert len(ours) >= len(theirs)
    for mine in ours[len(theirs) :]:
        assert mine.kind == mine.KEYWORD_ONLY and mine.default is not mine.empty


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_npy(tmp_path, dtype, shape):
    array = sample(shape, dtype)
    mine, mlx, numpy = (tmp_path / f"{name}.npy" for name in ("tenon", "mlx", "numpy"))
    assert tenon.save(str(mine), array) is None
    mx.save(str(mlx), to_mlx(array))
    np.save(numpy, array)
    for path in (mine, mlx, numpy):
        assert same(tenon.load(str(path)), array)
    assert same(np.load(mine), array)
    assert same(mx.load(str(mine)), array)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_npy_in_file_objects(tmp_path, dtype, shape):
    array = sample(shape, dtype)
    mine, mlx = tmp_path / "tenon.npy", tmp_path / "mlx.npy"
    with open(mine, "wb") as f:
        tenon.save(f, array)
    with open(mlx, "wb") as f:
        mx.save(f, to_mlx(array))
    for path in (mine, mlx):
        with open(path, "rb") as f:
            assert same(tenon.load(f), array)
    with open(mine, "rb") as f:
        assert same(mx.load(f), array)
    assert same(np.load(mine), array)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [*DTYPES, "bfloat16", "bool"])
def test_safetensors(tmp_path, dtype, shape):
    if dtype == "bool":
        array = sample(shape, np.uint8) > 99
    elif dtype == "bfloat16":
        array = (sample(shape, np.uint16) & 0x3FFF).view(ml_dtypes.bfloat16)
    else:
        array = sample(shape, dtype)
    theirs = mx.array(array.view(np.uint16)).view(mx.bfloat16) if dtype == "bfloat16" else to_mlx(array)
    mine, mlx = tmp_path / "tenon.safetensors", tmp_path / "mlx.safetensors"
    with open(mine, "wb") as f:
        tenon.save_safetensors(f, {"test": array})
    with open(mlx, "wb") as f:
        mx.save_safetensors(f, {"test": theirs})
    for path in (mine, mlx):
        with open(path, "rb") as f:
            loaded = tenon.load(f)
        assert list(loaded) == ["test"] and same(loaded["test"], array)
    with open(mine, "rb") as f:
        loaded = mx.load(f)["test"]
    assert loaded.dtype == theirs.dtype and loaded.shape == theirs.shape and mx.array_equal(loaded, theirs)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", GGUF_DTYPES)
def test_gguf(tmp_path, dtype, shape):
    array = sample(shape, dtype)
    mine, mlx = tmp_path / "tenon.gguf", tmp_path / "mlx.gguf"
    tenon.save_gguf(str(mine), {"test": array})
    mx.save_gguf(str(mlx), {"test": to_mlx(array)})
    for path in (mine, mlx):
        assert same(tenon.load(str(path))["test"], array)
    assert same(mx.load(str(mine))["test"], array)


@pytest.mark.parametrize("dtype", [*DTYPES, "float64", "complex128", "bool"])
def test_npz(tmp_path, dtype):
    arrays = {f"save_arr_{i}": sample(shape, dtype, i) for i, shape in enumerate([(6,), (6, 6), (4, 1, 3, 1, 2), ()])}
    if dtype == "bool":
        arrays = {name: sample(array.shape, np.uint8) > 99 for name, array in arrays.items()}
    packed = tenon.savez_compressed, np.savez_compressed
    for kind, mine, numpy in (("stored", tenon.savez, np.savez), ("packed", *packed)):
        mine(str(tmp_path / f"tenon_{kind}.npz"), **arrays)
        numpy(tmp_path / f"numpy_{kind}.npz", **arrays)
        files = [f"tenon_{kind}.npz", f"numpy_{kind}.npz"]
        if dtype in DTYPES:
            getattr(mx, mine.__name__)(str(tmp_path / f"mlx_{kind}.npz"), **{k: to_mlx(v) for k, v in arrays.items()})
            files.append(f"mlx_{kind}.npz")
            loaded = mx.load(str(tmp_path / files[0]))
            assert loaded.keys() == arrays.keys() and all(same(loaded[name], arrays[name]) for name in arrays)
        for name in files:
            loaded = tenon.load(str(tmp_path / name))
            assert loaded.keys() == arrays.keys() and all(same(loaded[key], arrays[key]) for key in arrays)
        with np.load(tmp_path / files[0]) as loaded:
            assert all(same(loaded[name], arrays[name]) for name in arrays)


def test_npz_packs(tmp_path):
    tenon.savez(tmp_path / "a.npz", np.zeros(100_000))
    tenon.savez_compressed(tmp_path / "b.npz", np.zeros(100_000))
    assert (tmp_path / "a.npz").stat().st_size > 800_000 > 8000 > (tmp_path / "b.npz").stat().st_size


def test_savez_names(tmp_path):
    path = tmp_path / "x.npz"
    tenon.savez(path, np.arange(2), np.arange(3), w=np.arange(4))
    assert {name: len(array) for name, array in tenon.load(path).items()} == {"arr_0": 2, "arr_1": 3, "w": 4}
    for save in (tenon.savez, tenon.savez_compressed):
        with pytest.raises(ValueError, match="arr_0"):
            save(path, np.arange(2), arr_0=np.arange(9))
    assert len(tenon.load(path)["arr_0"]) == 2  # the file is as it was


@pytest.mark.parametrize("kind", [str, pathlib.Path])
def test_extensions_are_appended(tmp_path, kind):
    array = np.arange(3, dtype=np.float32)
    for suffix, save in {
        "npy": lambda path: tenon.save(path, array),
        "npz": lambda path: tenon.savez(path, a=array),
        "safetensors": lambda path: tenon.save_safetensors(path, {"a": array}),
        "gguf": lambda path: tenon.save_gguf(path, {"a": array}),
    }.items():
        for name in (f"bare_{suffix}", f"has_{suffix}.{suffix}", f"dot.x_{suffix}"):
            save(kind(tmp_path / name))
            path = tmp_path / (name if name.endswith(f".{suffix}") else f"{name}.{suffix}")
            loaded = tenon.load(kind(path))
            assert same(loaded if suffix == "npy" else loaded["a"], array)
            if name != f"dot.x_{suffix}":
                theirs = mx.load(str(path))
                assert same(theirs if suffix == "npy" else theirs["a"], array)


def test_float64(tmp_path):
    array = np.random.default_rng(0).normal(size=8)
    np.save(tmp_path / "x.npy", array)
    assert same(tenon.load(tmp_path / "x.npy"), array)
    np.save(tmp_path / "c.npy", array + 1j)  # MLX has no complex128, and raises
    assert same(tenon.load(tmp_path / "c.npy"), array + 1j)
    for save, suffix in ((tenon.save_safetensors, "safetensors"), (tenon.save_gguf, "gguf")):
        save(tmp_path / f"x.{suffix}", {"a": array})
        assert same(tenon.load(tmp_path / f"x.{suffix}")["a"], array)


def test_mlx_arrays_are_saved(tmp_path):
    arrays = {"b": mx.array([1.5, -2.0], mx.bfloat16), "s": mx.array(7)}
    arrays["f"] = mx.arange(6, dtype=mx.float32).reshape(2, 3).T
    tenon.save_safetensors(tmp_path / "x.safetensors", arrays)
    loaded = mx.load(str(tmp_path / "x.safetensors"))
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype and mx.array_equal(loaded[name], array)


def test_not_contiguous(tmp_path):
    repeated = np.broadcast_to(np.array([1, 2], np.int32), (4, 2))
    turned = np.arange(4, dtype=np.int32).reshape(2, 2).T
    for array in (repeated, turned, np.arange(24, dtype=np.int16).reshape(4, 6)[::-2, 1::2]):
        tenon.save(tmp_path / "a.npy", array)
        assert same(tenon.load(tmp_path / "a.npy"), array)
        assert same(np.load(tmp_path / "a.npy"), array)
        for save, suffix in ((tenon.save_safetensors, "safetensors"), (tenon.save_gguf, "gguf")):
            save(tmp_path / f"a.{suffix}", {"a": array})
            assert same(tenon.load(tmp_path / f"a.{suffix}")["a"], array)
            assert same(mx.load(str(tmp_path / f"a.{suffix}"))["a"], array)


def test_python_numbers_as_mlx_takes_them(tmp_path):
    for value in (1, 1.5, True, 2j, [1, 2], [[1.5], [2]], [True, False]):
        tenon.save(tmp_path / "x.npy", value)
        assert same(tenon.load(tmp_path / "x.npy"), np.array(mx.array(value)))


# ---- what fails ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["npy", "npz", "safetensors", "gguf"])
def test_what_is_cut_raises(tmp_path, suffix):
    """At any byte: no array is returned unless all are."""
    path = tmp_path / f"x.{suffix}"
    arrays = {"a": np.arange(40, dtype=np.float32), "b": np.ones((4, 4), np.float16)}
    tenon.write(path, arrays["a"] if suffix == "npy" else arrays)
    data = path.read_bytes()
    for size in sorted({0, 1, 7, 8, 9, *range(0, len(data), max(1, len(data) // 60)), len(data) - 1}):
        path.write_bytes(data[:size])
        with pytest.raises(ValueError) as caught:
            tenon.load(path)
        assert isinstance(caught.value, tenon.TenonError)
        with pytest.raises(ValueError):
            tenon.load(io.BytesIO(data[:size]), format=suffix)


def test_a_flipped_byte_of_an_npz_raises(tmp_path):
    tenon.savez(tmp_path / "x.npz", a=np.arange(1000))
    data = bytearray((tmp_path / "x.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(ValueError) as caught:
        tenon.load(tmp_path / "x.npz")
    assert caught.value.status == "TENON_E_CHECKSUM"


def test_a_missing_file(tmp_path):
    for path in (tmp_path / "no.npy", str(tmp_path / "no"), os.fsencode(tmp_path / "no.gguf")):
        with pytest.raises(FileNotFoundError) as caught:
            tenon.load(path)
        assert isinstance(caught.value, tenon.TenonError)


def test_another_format(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(3))
    with pytest.raises(ValueError):
        tenon.load(tmp_path / "x.npy", format="npz")
    os.rename(tmp_path / "x.npy", tmp_path / "x.bin")
    assert same(tenon.load(tmp_path / "x.bin", format="npy"), np.arange(3))
    assert same(tenon.load(tmp_path / "x.bin"), np.arange(3))  # its content tells


def test_arguments(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(3))
    with pytest.raises(TypeError):
        tenon.load(file=tmp_path / "x.npy")  # positional only, as in MLX
    assert same(tenon.load(tmp_path / "x.npy", "npy", False, stream=None), np.arange(3))
    assert same(tenon.load(tmp_path / "x.npy", stream=mx.cpu), np.arange(3))
    for wrong in ({"quantized": "no"}, {"quantized": "array:f16"}, {"small_floats": "no"}, {"framework": "no"}):
        with pytest.raises(ValueError, match="no|array:f16"):
            tenon.load(tmp_path / "x.npy", **wrong)
    with pytest.raises(ValueError) as caught:
        tenon.load(tmp_path / "x.npy", options={"npy.nonsense": 1})
    assert caught.value.status == "TENON_E_CONFIG"


# ---- metadata ------------------------------------------------------------------------------------------------------


def test_metadata_of_each_format(tmp_path):
    arrays = {"test": np.ones((2, 2), np.float32)}
    text = {"testing": "test", "format": "mlx"}
    for kind in (str, pathlib.Path):
        tenon.save_safetensors(kind(tmp_path / "x.safetensors"), arrays, text)
        result = tenon.load(kind(tmp_path / "x.safetensors"), return_metadata=True)
        assert isinstance(result, tuple) and len(result) == 2 and result[1] == text
        assert mx.load(str(tmp_path / "x.safetensors"), return_metadata=True)[1] == text
    mx.save_safetensors(str(tmp_path / "y.safetensors"), {"test": mx.ones((2, 2))}, text)
    loaded, metadata = tenon.load(tmp_path / "y.safetensors", return_metadata=True)
    assert same(loaded["test"], arrays["test"]) and metadata == text
    tenon.save_gguf(tmp_path / "x.gguf", arrays, text)
    assert tenon.load(tmp_path / "x.gguf", return_metadata=True)[1] == text
    tenon.savez(tmp_path / "x.npz", **arrays)
    tenon.save(tmp_path / "x.npy", arrays["test"])
    loaded, metadata = tenon.load(tmp_path / "x.npz", return_metadata=True)  # MLX raises for these two
    assert same(loaded["test"], arrays["test"]) and metadata == {}
    loaded, metadata = tenon.load(tmp_path / "x.npy", return_metadata=True)
    assert same(loaded, arrays["test"]) and metadata == {}


@pytest.mark.parametrize("metadata", [{"testing": 0}, {"a": "b", "c": b"d"}, {"a": None}, {"a": ["b"]}, {1: "a"}])
def test_safetensors_metadata_are_texts(tmp_path, metadata):
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"old")
    with pytest.raises((ValueError, TypeError)):
        mx.save_safetensors(str(tmp_path / "mlx.safetensors"), {"a": mx.ones(4)}, metadata)
    with pytest.raises((ValueError, TypeError)):
        tenon.save_safetensors(path, {"a": np.ones(4)}, metadata)
    assert path.read_bytes() == b"old"


# ---- small floats --------------------------------------------------------------------------------------------------


def test_f8_e4m3(tmp_path):
    codes = bytes([0x00, 0x7E, 0xFE, 0xB6, 0x2E, 0x83, 0xBA, 0xBA, 0xBC, 0x82])
    # by hand: (-1)^s × 2^(e - 7) × (1 + m / 8), of e = 0: 2^-6 × m / 8
    numbers = [0, 448, -448, -0.875, 0.4375, -3 * 2**-9, -1.25, -1.25, -1.5, -2 * 2**-9]
    header = b'{"tensor":{"dtype":"F8_E4M3","shape":[10],"data_offsets":[0,10]}}'.ljust(72)
    data = len(header).to_bytes(8, "little") + header + codes
    (tmp_path / "x.safetensors").write_bytes(data)
    for file in (tmp_path / "x.safetensors", io.BytesIO(data)):
        tensor = tenon.load(file)["tensor"]
        assert tensor.dtype == ml_dtypes.float8_e4m3fn and tensor.astype(np.float64).tolist() == numbers
    assert tenon.load(tmp_path / "x.safetensors", small_floats="bits")["tensor"].tolist() == list(codes)
    floats = tenon.load(tmp_path / "x.safetensors", small_floats="float32")["tensor"]
    assert floats.dtype == np.float32 and floats.tolist() == numbers
    theirs = mx.load(str(tmp_path / "x.safetensors"))["tensor"]
    mine = tenon.load(tmp_path / "x.safetensors", framework="mlx")["tensor"]
    assert mine.dtype == theirs.dtype and mx.array_equal(mx.from_fp8(mine), mx.from_fp8(theirs))


SMALL = {
    "float4_e2m1fn": [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.5, -6, 2, 1],
    "float6_e2m3fn": [0, 0.125, 0.25, 1, 1.125, 7.5, -7.5, -0.125, 2, 3, 4, 5],
    "float8_e5m2": [0, 2**-16, 1, 57344, -57344, 3, -0.5, 1.75, 2, 4, 8, 16],
    "bfloat16": [0, 1, -1, 2**-126, 3.140625, -256, 0.5, 1.0078125, 2, 4, 8, 2.0**120],
}


@pytest.mark.parametrize("name", SMALL)
def test_small_floats_beside_others(tmp_path, name):
    """Some of them are packed in the file: each choice gives them an item by itself."""
    numbers = np.array(SMALL[name], np.float32).reshape(3, 4)
    small = numbers.astype(getattr(ml_dtypes, name))
    arrays = {"z": np.arange(3), "small": small, "a": np.ones((2, 2), np.float16), "b": np.arange(4, dtype=np.uint8)}
    tenon.save_safetensors(tmp_path / "x.safetensors", arrays)
    loaded = tenon.load(tmp_path / "x.safetensors")
    assert loaded.keys() == arrays.keys() and all(same(loaded[key], arrays[key]) for key in arrays)
    assert all(array.flags.writeable for array in loaded.values())
    floats = tenon.load(tmp_path / "x.safetensors", small_floats="float32")
    assert floats["small"].dtype == np.float32 and np.array_equal(floats["small"], numbers)
    bits = tenon.load(tmp_path / "x.safetensors", small_floats="bits")
    assert bits["small"].dtype.kind == "u" and bits["small"].tobytes() == small.tobytes()
    assert all(same(floats[key], arrays[key]) and same(bits[key], arrays[key]) for key in ("z", "a", "b"))


def test_bf16_npy_of_mlx(tmp_path):
    mx.save(str(tmp_path / "x.npy"), mx.array([1.0, -0.5], mx.bfloat16))
    loaded = tenon.load(tmp_path / "x.npy")
    assert loaded.dtype == ml_dtypes.bfloat16 and loaded.astype(np.float32).tolist() == [1.0, -0.5]
    loaded = tenon.load(tmp_path / "x.npy", framework="mlx")
    assert loaded.dtype == mx.bfloat16 and loaded.tolist() == [1.0, -0.5]


# ---- memory --------------------------------------------------------------------------------------------------------


def test_arrays_have_memory_of_their_own(tmp_path):
    tenon.savez(tmp_path / "x.npz", a=np.arange(5), b=np.arange(5))
    before = (tmp_path / "x.npz").read_bytes()
    loaded = tenon.load(tmp_path / "x.npz")
    loaded["a"][:] = 9
    assert loaded["b"].tolist() == [0, 1, 2, 3, 4] and (tmp_path / "x.npz").read_bytes() == before
    assert tenon.load(tmp_path / "x.npz")["a"].tolist() == [0, 1, 2, 3, 4]
    memory = io.BytesIO(before)
    tenon.load(memory)["a"][:] = 9
    assert memory.getvalue() == before


def test_a_saved_file_is_replaced_whole(tmp_path):
    path = tmp_path / "x.npy"
    tenon.save(path, np.arange(4))
    with open(path, "rb") as old:
        tenon.save(path, np.arange(5))
        assert tenon.load(old).tolist() == [0, 1, 2, 3]
    assert tenon.load(path).tolist() == [0, 1, 2, 3, 4]

    class Fails:
        __array_interface__ = property(lambda self: 1 / 0)

    with pytest.raises((ZeroDivisionError, TypeError, ValueError)):
        tenon.savez(path.with_suffix(".npz"), Fails())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.npy"]


@pytest.mark.parametrize("suffix", ["npy", "npz", "safetensors", "gguf"])
def test_a_save_that_fails_leaves_the_old_file(tmp_path, suffix):
    """The system refuses files beyond a size, as a full disk would."""
    path = tmp_path / f"x.{suffix}"
    tenon.write(path, np.arange(4) if suffix == "npy" else {"a": np.arange(4)})
    before, large = path.read_bytes(), np.ones(100_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.raises(OSError) as caught:
            tenon.write(path, large if suffix == "npy" else {"a": large})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert isinstance(caught.value, tenon.TenonError)
    assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name]
