# SPDX-License-Identifier: MIT
"""PyTorch's files by tenon and by PyTorch."""
import os
import pathlib
import sys

import measure
from arrays import expert_names, parallel_read, whole_write
from measure import F32, MIB, remove

sys.path.append(str(pathlib.Path(__file__).parents[1] / "tests" / "interop" / "torch"))
try:
    from lazily import torch
except ImportError:
    torch = None


def load(path):
    return torch.load(path, weights_only=True, mmap=True)


def lists(bench):
    for count in (10, 1000, 20000 // bench.scale, 100000 // bench.scale):
        path = bench.path("list.pt")
        torch.save({name: torch.zeros(1) for name in expert_names(count)}, path)
        bench.compare_lists(f"open and list {count:,} tensors", path, [(load, "torch.load (mmap)", ">= 20")], bench.rounds(9 if count < 20000 else 3),
                            readme=count == 20000)


def tensors_of(bench):
    return {f"layer.{i}.weight": torch.randn(8 * MIB // bench.scale) for i in range(8)}


def large_tensors(bench):
    """Loads 8 tensors of 32 MiB in one call into fresh memory, which is the page cache's speed at best, and saves them."""
    tensors = tensors_of(bench)
    path, ours, saved, raw = (bench.path(name) for name in ("theirs.pt", "ours.pt", "saved.pt", "raw"))
    torch.save(tensors, path)
    size = os.path.getsize(path)
    title = f"8 tensors of {size >> 13} KiB"
    bench.compare_all(f"load {title} into fresh memory", bench.loader(path),
                      [(lambda: torch.load(path, weights_only=True), "torch.load", ">= 2"),
                       (lambda: parallel_read(path, size), "parallel read, huge pages", ">= 0.9")], size, bench.rounds(7),
                      readme="torch.load")
    arrays = [(name, tensor.numpy(), F32) for name, tensor in tensors.items()]
    data = memoryview(arrays[0][1]).cast("B")
    bench.compare_all(f"save {title}", lambda: bench.tenon.save_many(ours, arrays),
                      [(lambda: torch.save(tensors, saved), "torch.save", ">= 2"),
                       (lambda: [whole_write(f"{raw}{i}", data) for i in range(8)], "preallocated writes", ">= 0.9")], size, bench.rounds(7),
                      readme="torch.save")
    if any(not torch.equal(load(ours)[name], tensor) for name, tensor in tensors.items()):
        raise RuntimeError("the files differ")


def strided_tensors(bench):
    """Loads a tensor that was saved transposed: PyTorch copies it in order with contiguous ()."""
    side = 8192 // bench.scale
    path = bench.path("transposed.pt")
    torch.save({"x": torch.randn(side, side).t()}, path)
    bench.compare(f"load {side} × {side} f32, saved transposed, in C order", bench.loader(path), lambda: load(path)["x"].contiguous(),
                  "torch's contiguous ()", ">= 1", 4 * side * side, bench.rounds(7))


def conversions(bench):
    source = bench.path("theirs.pt")
    torch.save(tensors_of(bench), source)
    for kind in ("safetensors", "pt"):
        target = bench.path(f"target.{kind}")

        def convert(target=target):
            remove(target)
            bench.convert(source, target)

        bench.compare(f"pt to {kind}", convert, bench.copier(source), "cp --reflink=never", ">= 0.9", os.path.getsize(source), bench.rounds(9))


def with_torch(group):
    def run(bench):
        if not torch:
            raise measure.LeftOut("there is no PyTorch; make venv-torch/.done installs it")
        group(bench)

    return run


if __name__ == "__main__":
    measure.main({"pt.open": with_torch(lists), "pt.large": with_torch(large_tensors), "pt.strided": with_torch(strided_tensors),
                  "pt.convert": with_torch(conversions)})
