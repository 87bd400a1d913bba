#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench_pt.py [--quick] LIBTENON PLUGINS: measures PyTorch's files by tenon and by PyTorch in turn, in one run.

As in bench_npz.py no side waits for the disk, files lie in the page cache, and ratios above 1 mean that tenon is faster.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parents[1] / "tests" / "interop" / "torch"))
from lazily import torch  # noqa: E402  pylint: disable=wrong-import-position
from bench_npz import MIB, Bench  # noqa: E402  pylint: disable=wrong-import-position
from bench_safetensors import parallel_read, whole_write  # noqa: E402  pylint: disable=wrong-import-position


def load(path):
    return torch.load(path, weights_only=True, mmap=True)


def lists(bench):
    """Opens dicts of many tensors. torch.save takes minutes for the largest, so tenon writes it."""
    for count in (10, 1000, 20000, 100000):
        path = bench.path(f"list-{count}.pt")
        torch.save({f"model.layers.{i % 64}.experts.{i // 64}.weight": torch.zeros(1) for i in range(count)}, path)
        bench.compare_lists(f"open and list {count:,} tensors", path, load, "torch.load (mmap)", ">= 20", bench.rounds(9 if count < 20000 else 3))
        os.unlink(path)


def large_tensors(bench):
    """Loads 8 tensors of 32 MiB in one call into fresh memory, which is the page cache's speed at best, and saves them."""
    tensors = {f"layer.{i}.weight": torch.randn(8 * MIB // bench.scale) for i in range(8)}
    path, ours = bench.path("theirs.pt"), bench.path("ours.pt")
    torch.save(tensors, path)
    size = os.path.getsize(path)
    tenon = bench.tenon

    def read():
        file = tenon.open(path)
        memory, _ = tenon.load_all(file)
        tenon.lib.tenon_memory_free(memory)
        tenon.close(file)

    title = "load 8 tensors of 32 MiB into fresh memory"
    bench.compare(title, read, lambda: torch.load(path, weights_only=True), "torch.load", ">= 2", size, bench.rounds(7))
    bench.compare(title, read, lambda: parallel_read(path, size), "parallel read, huge pages", ">= 0.9", size, bench.rounds(7))
    arrays = [(name, tensor.numpy(), 12) for name, tensor in tensors.items()]
    data = memoryview(arrays[0][1]).cast("B")
    title = "save 8 tensors of 32 MiB"
    bench.compare(title, lambda: tenon.save_many(ours, arrays), lambda: torch.save(tensors, bench.path("saved.pt")), "torch.save", ">= 2", size, bench.rounds(7))
    bench.compare(title, lambda: tenon.save_many(ours, arrays), lambda: [whole_write(bench.path(f"raw{i}"), data) for i in range(8)],
                  "preallocated writes", ">= 0.9", size, bench.rounds(7))
    if any(not torch.equal(load(ours)[name], tensor) for name, tensor in tensors.items()):
        raise RuntimeError("the files differ")


def strided_tensors(bench):
    """Loads a tensor that was saved transposed: PyTorch copies it in order with contiguous ()."""
    side = 8192 // bench.scale
    path = bench.path("transposed.pt")
    torch.save({"x": torch.randn(side, side).t()}, path)

    def read():
        file = bench.tenon.open(path)
        memory, _ = bench.tenon.load_all(file)
        bench.tenon.lib.tenon_memory_free(memory)
        bench.tenon.close(file)

    bench.compare(f"load {side} × {side} f32, saved transposed, in C order", read, lambda: load(path)["x"].contiguous(), "torch's contiguous ()", ">= 1",
                  4 * side * side, bench.rounds(7))


def conversions(bench):
    """Converts by the command, beside cp."""
    source, target = bench.path("theirs.pt"), bench.path("out.safetensors")
    size = os.path.getsize(source)

    def convert(target):
        for path in (target, bench.path("copy")):
            if os.path.exists(path):
                os.unlink(path)
        subprocess.run([os.environ["TENON"], "convert", "-q", "-o", "save.durable=no", source, target], check=True)

    def copy():
        for path in (target, bench.path("copy")):
            if os.path.exists(path):
                os.unlink(path)
        subprocess.run(["cp", "--reflink=never", source, bench.path("copy")], check=True)

    bench.compare("pt to safetensors", lambda: convert(target), copy, "cp --reflink=never", ">= 0.9", size, bench.rounds(9))
    bench.compare("pt to pt", lambda: convert(bench.path("again.pt")), copy, "cp --reflink=never", ">= 0.9", size, bench.rounds(9))


def main():
    arguments = [word for word in sys.argv[1:] if word != "--quick"]
    quick = "--quick" in sys.argv
    print(f"{os.cpu_count()} processors, PyTorch {torch.__version__} on {torch.get_num_threads()} threads, medians; ratio > 1: tenon is faster")
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        bench = Bench(*arguments[:2], folder, quick)
        lists(bench)
        large_tensors(bench)
        strided_tensors(bench)
        conversions(bench)


if __name__ == "__main__":
    main()
