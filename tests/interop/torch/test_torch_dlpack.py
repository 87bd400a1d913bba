# SPDX-License-Identifier: MIT
"""Tensors to PyTorch and from it, by DLPack."""

from dlpack_kit import CAPSULES, COPY, MAP, WRITABLE, Lender
from lazily import torch

DTYPES = ("bool", "uint8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64")


def make(name):
    return (torch.arange(24).reshape(2, 3, 4) % 7).to(getattr(torch, name))


def same(found, wanted):
    return found.dtype == wanted.dtype and torch.equal(found, wanted)


def test_to_torch(bench):
    lender, path = Lender(), bench.folder / "a.pt"
    for name in DTYPES:
        wanted = make(name)
        torch.save({"x": wanted}, path)
        for kind in CAPSULES:
            for flags in (0, COPY, WRITABLE):
                found = lender.lend(path, flags, kind, take=torch.from_dlpack)
                bench.check(same(found, wanted), name, kind, flags, found.dtype)


def test_shared(bench):
    """A view of the file that PyTorch holds outlives the file, and what is written into private pages stays private."""
    lender, path = Lender(), bench.folder / "m.pt"
    wanted = torch.arange(4096, dtype=torch.float32)
    torch.save({"x": wanted}, path)
    private = lender.lend(path, MAP | WRITABLE, take=torch.from_dlpack)
    path.unlink()
    bench.check(same(private, wanted), "after its file is gone")
    private += 1
    bench.check(same(private, wanted + 1), "can be written")


def test_from_torch(bench):
    """Strides are taken as they are, without a copy by PyTorch."""
    tensors = {}
    for name in DTYPES:
        base = make(name)
        tensors |= {name: base, f"{name} turned": base.permute(2, 0, 1), f"{name} part": base[1:, ::2], f"{name} wide": base[:, :1].expand(2, 5, 4)}
    path = bench.folder / "in.pt"
    Lender().save(path, [(name, tensor, "old") for name, tensor in tensors.items()])
    found = torch.load(path, weights_only=True)
    bench.check(list(found) == list(tensors), "names", list(found)[:5])
    for name, tensor in tensors.items():
        bench.check(same(found[name], tensor), name)
