# SPDX-License-Identifier: MIT
"""framework=: arrays of MLX; those of torch and JAX are in frameworks/."""

import ml_dtypes
import mlx.core as mx
import numpy as np
import pytest
import safetensors.numpy
import tenon

DTYPES = {
    "bool": mx.bool_,
    "uint8": mx.uint8,
    "uint16": mx.uint16,
    "uint32": mx.uint32,
    "uint64": mx.uint64,
    "int8": mx.int8,
    "int16": mx.int16,
    "int32": mx.int32,
    "int64": mx.int64,
    "float16": mx.float16,
    "bfloat16": mx.bfloat16,
    "float32": mx.float32,
    "float64": mx.float64,
    "complex64": mx.complex64,
}
SHAPES = [(), (1,), (3, 4), (0, 2), (2, 1, 3)]


def make(name, shape):
    kind = np.dtype(getattr(ml_dtypes, name, name))
    return (np.arange(int(np.prod(shape))) % 5).astype(kind).reshape(shape)


@pytest.mark.parametrize("name", DTYPES)
def test_mlx(tmp_path, name):
    arrays = {str(shape): make(name, shape) for shape in SHAPES}
    safetensors.numpy.save_file(arrays, tmp_path / "m.safetensors")
    with tenon.open(tmp_path / "m.safetensors", framework="mlx") as f:
        assert f.framework == "mlx"
        for found in ({key: f[key] for key in f}, f.read_many(), {key: f.read(key) for key in f}):
            for key, array in arrays.items():
                assert (
                    isinstance(found[key], mx.array)
                    and found[key].dtype == DTYPES[name]
                    and found[key].shape == array.shape
                )
                assert np.array_equal(np.array(found[key].astype(mx.complex64)), array.astype(np.complex64))
        part = f.read("(3, 4)", (slice(None, None, -1), 1))
        assert part.dtype == DTYPES[name] and part.tolist() == arrays["(3, 4)"][::-1, 1].tolist()
        assert isinstance(f.read("(3, 4)", framework="numpy"), np.ndarray)
        assert f.read("(3, 4)", dtype="bf16").dtype == mx.bfloat16
    with tenon.open(tmp_path / "m.safetensors") as f:
        assert (
            f.read("(3, 4)", framework="mlx").dtype == DTYPES[name]
            and f.read_many(framework="mlx")["(3, 4)"].dtype == DTYPES[name]
        )


def test_mlx_loads_the_same(tmp_path):
    """As MLX's own reader has the file, all dtypes that it knows."""
    arrays = {name: make(name, (3, 4)) for name in DTYPES if name != "float64"}
    safetensors.numpy.save_file(arrays, tmp_path / "m.safetensors")
    theirs = mx.load(str(tmp_path / "m.safetensors"))
    with tenon.open(tmp_path / "m.safetensors", framework="mlx") as f:
        for name, expected in theirs.items():
            assert f[name].dtype == expected.dtype and mx.array_equal(f[name], expected).item()


def test_mlx_f8(tmp_path):
    """MLX has the bytes of f8."""
    array = np.arange(32, dtype=np.uint8).view(ml_dtypes.float8_e4m3fn)
    safetensors.numpy.save_file({"x": array}, tmp_path / "m.safetensors")
    with tenon.open(tmp_path / "m.safetensors", framework="mlx") as f:
        assert f["x"].dtype == mx.uint8 and f["x"].tolist() == list(range(32))
        assert f.read("x", dtype="f32").tolist() == array.astype(np.float32).tolist()


def test_small_floats(tmp_path):
    array = np.arange(16).astype(ml_dtypes.bfloat16)
    safetensors.numpy.save_file({"x": array}, tmp_path / "m.safetensors")
    with tenon.open(tmp_path / "m.safetensors", framework="mlx", small_floats="bits") as f:
        assert f["x"].dtype == mx.uint16 and f["x"].tolist() == array.view(np.uint16).tolist()
    with tenon.open(tmp_path / "m.safetensors", framework="mlx", small_floats="float32") as f:
        assert f["x"].dtype == mx.float32 and f["x"].tolist() == list(range(16))


def test_order(tmp_path):
    """Encoded, big-endian and Fortran order become what they are."""
    array = np.arange(12).reshape(3, 4)
    np.savez_compressed(
        tmp_path / "a.npz",
        plain=array,
        big=array.astype(">i8"),
        turned=np.asfortranarray(array),
        half=array.astype(">f2"),
    )
    with tenon.open(tmp_path / "a.npz", framework="mlx") as f:
        assert (
            [f[name].tolist() for name in f] == [array.tolist()] * 4
            and f["big"].dtype == mx.int64
            and f["half"].dtype == mx.float16
        )


def test_what_mlx_has_not(tmp_path):
    np.savez(tmp_path / "a.npz", c=np.ones(3, np.complex128), s=np.array(["a"]), r=np.zeros(2, [("a", "<i4")]))
    with tenon.open(tmp_path / "a.npz", framework="mlx") as f:
        for name in f:
            with pytest.raises(TypeError, match="mlx has no dtype like"):
                f[name]
        assert f.read("c", dtype="c64").dtype == mx.complex64 and f.read("s", framework="numpy").tolist() == ["a"]


def test_quantised_stays(tmp_path):
    q = tenon.QuantizedArray.quantize(np.ones((2, 32)), "q8_0")
    np.save(tmp_path / "a.npy", np.ones((2, 32)))
    with tenon.open(tmp_path / "a.npy", framework="mlx") as f:
        assert f.read("a", dtype="q8_0") == q


def test_arrays_outlive_the_file(tmp_path):
    safetensors.numpy.save_file({"x": np.arange(4096)}, tmp_path / "m.safetensors")
    with tenon.open(tmp_path / "m.safetensors", framework="mlx") as f:
        found = f["x"]
    (tmp_path / "m.safetensors").unlink()
    assert found.sum().item() == 4095 * 2048
