# SPDX-License-Identifier: MIT
"""framework="torch": all dtypes, shared memory, strides."""

import os

import numpy as np
import pytest
import tenon
import torch

DTYPES = [
    torch.bool,
    torch.uint8,
    torch.uint16,
    torch.uint32,
    torch.uint64,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.complex64,
    torch.complex128,
    torch.float8_e4m3fn,
    torch.float8_e5m2,
    torch.float8_e4m3fnuz,
    torch.float8_e5m2fnuz,
    torch.float8_e8m0fnu,
]
SHAPES = [(), (1,), (3, 4), (0, 2), (2, 1, 3)]


def make(dtype, shape):
    """Random bytes that are valid for the dtype."""
    size = torch.empty(0, dtype=dtype).element_size()
    raw = torch.randint(
        0,
        2 if dtype == torch.bool else 120,
        (*shape, size),
        dtype=torch.uint8,
        generator=torch.Generator().manual_seed(size),
    )
    return raw.view(dtype).reshape(shape)


def same(found, expected):
    if found.dtype != expected.dtype or found.shape != expected.shape or not isinstance(found, torch.Tensor):
        return False
    return torch.equal(
        found.contiguous().reshape(-1).view(torch.uint8), expected.contiguous().reshape(-1).view(torch.uint8)
    )


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_dtypes(tmp_path, dtype):
    tensors = {str(shape): make(dtype, shape) for shape in SHAPES}
    torch.save(tensors, tmp_path / "m.pt")
    with tenon.open(tmp_path / "m.pt", framework="torch") as f:
        for found in ({name: f[name] for name in f}, f.read_many(), f.read_many(copy=True)):
            assert list(found) == list(tensors) and all(same(found[name], tensor) for name, tensor in tensors.items())
        whole = tensors["(3, 4)"]
        assert same(f.read("(3, 4)", (slice(1, None), slice(None, None, 2))), whole[1:, ::2])
        turned = whole.reshape(-1).view(torch.uint8).reshape(3, 4, -1).flip(0)[:, 1].contiguous().view(dtype).reshape(3)
        assert same(f.read("(3, 4)", (slice(None, None, -1), 1)), turned)
        assert f.read("(3, 4)", (1, 1)).shape == () and f.read("(3, 4)", framework="numpy").shape == (3, 4)


def test_f4(tmp_path):
    """Two items in one, as torch has them."""
    raw = torch.arange(12, dtype=torch.uint8).reshape(3, 4)
    torch.save({"x": raw.view(torch.float4_e2m1fn_x2)}, tmp_path / "m.pt")
    with tenon.open(tmp_path / "m.pt", framework="torch") as f:
        assert (
            f.tensors["x"].shape == (3, 8)
            and f["x"].dtype == torch.float4_e2m1fn_x2
            and torch.equal(f["x"].view(torch.uint8), raw)
        )
        with pytest.raises(TypeError):
            f.read("x", (slice(None), slice(0, 3)))
        assert f.read("x", dtype="f32").dtype == torch.float32


def test_casts(tmp_path):
    torch.save({"x": torch.arange(6).reshape(2, 3)}, tmp_path / "m.pt")
    with tenon.open(tmp_path / "m.pt") as f:
        for dtype in (torch.bfloat16, torch.float8_e5m2, torch.float64, torch.int8):
            found = f.read("x", dtype=dtype, framework="torch")
            assert found.dtype == dtype and found.float().tolist() == [[0, 1, 2], [3, 4, 5]]
        assert f.read("x", dtype=torch.bfloat16).dtype.name == "bfloat16"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float8_e4m3fn], ids=str)
def test_shared(tmp_path, dtype):
    """Pages of the file, which are copied when they are written; they outlive the file."""
    size = 64 << 20
    tensor = torch.zeros(size // torch.empty(0, dtype=dtype).element_size(), dtype=dtype)
    torch.save({"x": tensor}, tmp_path / "m.pt")
    before = resident()
    with tenon.open(tmp_path / "m.pt", framework="torch") as f:
        first, second = f["x"], f["x"]
        assert resident() - before < size // 2
        first[:4] = 1
        assert second[:4].float().sum() == 0 and f["x"][:4].float().sum() == 0 and first[:5].float().sum() == 4
    (tmp_path / "m.pt").unlink()
    assert second[-4:].float().sum() == 0


def resident():
    with open("/proc/self/statm", encoding="ascii") as statm:
        fields = statm.read().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def test_layouts(tmp_path):
    array = np.arange(12).reshape(3, 4)
    np.savez_compressed(tmp_path / "a.npz", plain=array, big=array.astype(">i8"), turned=np.asfortranarray(array))
    np.savez(tmp_path / "b.npz", big=array.astype(">i8"), turned=np.asfortranarray(array))
    for file in ("a.npz", "b.npz"):
        with tenon.open(tmp_path / file, framework="torch") as f:
            for name in f:
                f[name][0, 0] += 1  # each is writable
                assert torch.equal(f[name], torch.from_numpy(array))


@pytest.mark.parametrize("framework", ["torch", "numpy"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float8_e5m2], ids=str)
def test_strides(tmp_path, dtype, framework):
    """Tensors that torch saved as parts of others."""
    base = torch.arange(1 << 16).reshape(256, 256).to(dtype)
    tensors = {
        "turned": base.T,
        "part": base[::2, 3:100:3],
        "wide": base[:1].expand(5, 256),
        "item": base[3, 3],
        "none": base[:0],
    }
    torch.save(tensors, tmp_path / "m.pt")
    with tenon.open(tmp_path / "m.pt", framework=framework) as f:
        for name, tensor in tensors.items():
            for found in (f[name], f.read_many(name)[name], f.read(name, copy=True)):
                array = np.asarray(found.float() if framework == "torch" else found).astype(np.float32)
                assert np.array_equal(array, tensor.float().numpy(), equal_nan=True)


def test_what_torch_has_not(tmp_path):
    np.savez(tmp_path / "a.npz", s=np.array(["a"]), r=np.zeros(2, [("a", "<i4")]))
    with tenon.open(tmp_path / "a.npz", framework="torch") as f:
        for name in f:
            with pytest.raises(TypeError, match="torch has no dtype like"):
                f[name]


def test_out(tmp_path):
    """Tensors are filled through their arrays of NumPy."""
    np.save(tmp_path / "x.npy", np.arange(6.0).reshape(2, 3))
    out = torch.zeros(2, 3)
    with tenon.open(tmp_path / "x.npy") as f:
        f.read("x", out=out.numpy())
    assert out.tolist() == [[0, 1, 2], [3, 4, 5]]
