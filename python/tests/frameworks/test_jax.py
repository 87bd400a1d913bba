# SPDX-License-Identifier: MIT
"""framework="jax", against what JAX makes of the same array of NumPy."""

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import tenon
import torch

DTYPES = ["bool", "uint8", "uint16", "uint32", "int8", "int16", "int32", "float16", "float32", "complex64"]
SMALL = ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu"]
WIDE = ["uint64", "int64", "float64", "complex128"]
NAMES = {"bfloat16": "BF16", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0"}


def check(file, arrays):
    for found in ({name: file[name] for name in file}, file.read_many(), file.read_many(copy=True)):
        for name, array in arrays.items():
            expected = jnp.asarray(array)
            assert (
                isinstance(found[name], jax.Array)
                and found[name].dtype == expected.dtype
                and found[name].shape == expected.shape
            )
            assert np.asarray(found[name]).tobytes() == np.asarray(expected).tobytes()


@pytest.mark.parametrize("wide", [False, True])
def test_dtypes(tmp_path, wide):
    """Also those that JAX makes narrower unless 64 bits are enabled."""
    arrays = {
        f"{name} {shape}": (np.arange(int(np.prod(shape))) % 5).astype(name).reshape(shape)
        for name in DTYPES + WIDE
        for shape in [(), (3, 4), (0, 2), (2, 1, 3)]
    }
    np.savez(tmp_path / "a.npz", **arrays)
    np.savez_compressed(
        tmp_path / "z.npz", **{name: array.astype(array.dtype.newbyteorder(">")) for name, array in arrays.items()}
    )
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", wide)
    try:
        for file in ("a.npz", "z.npz"):
            with tenon.open(tmp_path / file, framework="jax") as f:
                check(f, arrays)
    finally:
        jax.config.update("jax_enable_x64", before)


def test_small_floats(tmp_path):
    arrays = {name: np.arange(6).astype(getattr(ml_dtypes, name)).reshape(2, 3) for name in SMALL}
    header, data = [], b""
    for name, array in arrays.items():
        header.append(
            f'"{name}":{{"dtype":"{NAMES[name]}","shape":[2,3],'
            f'"data_offsets":[{len(data)},{len(data) + array.nbytes}]}}'
        )
        data += array.tobytes()
    text = ("{" + ",".join(header) + "}").encode()
    (tmp_path / "m.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    with tenon.open(tmp_path / "m.safetensors", framework="jax") as f:
        check(f, arrays)
        assert f.read("bfloat16", (slice(None, None, -1), 1)).tolist() == arrays["bfloat16"][::-1, 1].tolist()


@pytest.mark.parametrize("name", ["float32", "bfloat16", "float8_e4m3fn"])
def test_shared(tmp_path, name):
    """Aligned pages of the file are those of the array, which outlives the file."""
    array = np.arange(1 << 20, dtype=np.float32).astype(np.dtype(getattr(ml_dtypes, name, name)))
    path = tmp_path / "m.pt"
    tenon.write(path, {"x": array})
    with tenon.open(path, framework="jax") as f:
        assert f.tensors["x"].offset % 64 == 0
        before = mapped_pages(path)
        found = f["x"]
        assert mapped_pages(path) > before
        again = f.read("x", copy=True)
    path.unlink()
    for one in (found, again):
        assert one.dtype == array.dtype and np.array_equal(np.asarray(one).view(np.uint8), array.view(np.uint8))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float8_e5m2], ids=str)
def test_strides(tmp_path, dtype):
    """Tensors that torch saved as parts of others."""
    base = torch.arange(1 << 16).reshape(256, 256).to(dtype)
    tensors = {"turned": base.T, "part": base[::2, 3:100:3], "wide": base[:1].expand(5, 256), "item": base[3, 3]}
    torch.save(tensors, tmp_path / "m.pt")
    with tenon.open(tmp_path / "m.pt", framework="jax") as f:
        for name, tensor in tensors.items():
            for found in (f[name], f.read_many(name)[name], f.read(name, copy=True)):
                array = np.asarray(found).astype(np.float32)
                assert np.array_equal(array, tensor.float().numpy(), equal_nan=True)


def mapped_pages(path):
    with open("/proc/self/maps", encoding="utf-8") as maps:
        return sum(str(path) in line for line in maps)


def test_boxes(tmp_path):
    array = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    np.savez_compressed(tmp_path / "z.npz", x=array)
    with tenon.open(tmp_path / "z.npz") as f:
        for index in ((slice(None, None, -1), 1), (1, 2, 3), (slice(0, 2), Ellipsis, slice(None, None, 2)), [0, 2]):
            assert f.read("x", index, framework="jax").tolist() == array[index].tolist()


def test_what_jax_has_not(tmp_path):
    np.savez(tmp_path / "a.npz", s=np.array(["a"]), r=np.zeros(2, [("a", "<i4")]))
    with tenon.open(tmp_path / "a.npz", framework="jax") as f:
        for name in f:
            with pytest.raises(TypeError, match="jax has no dtype like"):
                f[name]


def test_arrays_outlive_the_file(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(100000, dtype=np.float32))
    with tenon.open(tmp_path / "x.npy", framework="jax") as f:
        found = f["x"]
    (tmp_path / "x.npy").unlink()
    assert int(found[99999]) == 99999 and float(jnp.max(found)) == 99999
