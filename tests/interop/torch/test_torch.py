# SPDX-License-Identifier: MIT
"""Tests that torch and tenon see the same tensors in the formats that both read: safetensors, and npz through NumPy."""

import numpy as np
from pt_kit import DTYPES, SHAPES, make, read, rows, tenon

import safetensors.torch  # after torch, which pt_kit imports

SAFE = [name for name in DTYPES if name not in ("c128", "f4")]
NUMPY = ["bool", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f16", "f32", "f64", "c64", "c128"]


def test_safetensors(bench):
    """A file that tenon writes again is the file that torch wrote, and loads as the same tensors."""
    for name in SAFE:
        tensors = {f"of {shape}": make(name, shape) for shape in SHAPES}
        path, out = bench.folder / "in.safetensors", bench.folder / "out.safetensors"
        safetensors.torch.save_file(tensors, path)
        bench.check(read(path) == rows(tensors), name, "tenon reads other tensors")
        tenon().convert(path, out)
        bench.check(out.read_bytes() == path.read_bytes(), name, "tenon writes another file")
        bench.check(rows(safetensors.torch.load_file(out)) == rows(tensors), name, "torch loads other tensors")


def test_npz(bench):
    """torch gets from npz what safetensors had."""
    for name in NUMPY:
        tensors = {f"of {shape}": make(name, shape) for shape in SHAPES}
        path = bench.folder / "torch.npz"
        np.savez(path, **{key: tensor.numpy() for key, tensor in tensors.items()})
        bench.check(read(path) == rows(tensors), name, "tenon reads other tensors")
