#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench_safetensors.py [--quick] LIBTENON PLUGINS: measures safetensors by tenon and by the reference library in turn, in one run.

As in bench_npz.py no side waits for the disk, files lie in the page cache, and ratios above 1 mean that tenon is faster.
"""
import glob
import mmap
import os
import subprocess
import sys
import tempfile
import threading

import numpy as np
import safetensors
from bench_npz import F32, MIB, Bench, normal, split
from safetensors.numpy import load_file, save_file


def keys(path):
    with safetensors.safe_open(path, "np") as file:
        return file.keys()


def lists(bench):
    for count in (10, 1000, 20000, 100000, 1000000 // bench.scale):
        path = bench.path(f"list-{count}.safetensors")
        zero = np.zeros(1, "f4")
        save_file({f"model.layers.{i % 64}.experts.{i // 64}.weight": zero for i in range(count)}, path)
        bench.compare_lists(f"open and list {count:,} tensors", path, keys, "safe_open(f).keys()", ">= 10",
                            bench.rounds(9 if count < 100000 else 3))
        os.unlink(path)


def parallel_read(path, size):
    """Reads the bytes of a file into fresh huge pages, with a thread for each processor."""
    memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    descriptor = os.open(path, os.O_RDONLY)
    view = memoryview(memory)
    share = -(-size // os.cpu_count() // 4096) * 4096

    def read(begin):
        end = min(begin + share, size)
        while begin < end:
            begin += os.preadv(descriptor, [view[begin:min(begin + 8 * MIB, end)]], begin)

    threads = [threading.Thread(target=read, args=(begin,)) for begin in range(0, size, share)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.close(descriptor)
    view.release()
    memory.close()


def whole_write(path, data):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.posix_fallocate(descriptor, 0, len(data))
    written = 0
    while written < len(data):
        written += os.write(descriptor, data[written:])
    os.close(descriptor)


def loads_and_saves(bench):
    arrays = split(normal(64 * MIB // bench.scale), F32, 64)
    named = {name: array for name, array, _ in arrays}
    size = sum(array.nbytes for array in named.values())
    ours, theirs = bench.path("ours.safetensors"), bench.path("theirs.safetensors")

    def library():
        file = bench.tenon.open(theirs)
        memory, _ = bench.tenon.load_all(file)
        bench.tenon.lib.tenon_memory_free(memory)
        bench.tenon.close(file)

    bench.compare("save 64 arrays", lambda: bench.tenon.save_many(ours, arrays), lambda: save_file(named, theirs), "save_file", ">= 2",
                  size, bench.rounds(7))
    with open(ours, "rb") as a, open(theirs, "rb") as b:
        if a.read() != b.read():
            raise RuntimeError("the files differ")
    data = memoryview(arrays[0][1].base).cast("B")
    bench.compare("save 64 arrays", lambda: bench.tenon.save_many(ours, arrays), lambda: whole_write(bench.path("raw"), data),
                  "one preallocated write", ">= 0.9", size, bench.rounds(7))
    bench.compare("read all 64 into fresh memory", library, lambda: load_file(theirs), "load_file", ">= 2", size, bench.rounds(7))
    bench.compare("read all 64 into fresh memory", library, lambda: parallel_read(theirs, size), "parallel read, huge pages", ">= 0.9",
                  size, bench.rounds(7))


def small_tensors(bench):
    """tenon pays a call through ctypes for each array that it saves. Its structs are made before, as a program in C keeps its own."""
    for count in (20000 // bench.scale, 100000 // bench.scale):
        data = normal(16 * count).reshape(count, 4, 4)
        arrays = [(f"model.layers.{i % 64}.experts.{i // 64}.weight", data[i], F32) for i in range(count)]
        named = {name: array for name, array, _ in arrays}
        ours, theirs = bench.path("many-ours.safetensors"), bench.path("many-theirs.safetensors")
        items = bench.tenon.items_for(arrays)
        bench.compare(f"save {count:,} tensors of 64 bytes", lambda: bench.tenon.save_items(ours, items), lambda: save_file(named, theirs),
                      "save_file", ">= 2", 0, bench.rounds(3))
        requests = bench.tenon.requests_for(count)

        def read():
            file = bench.tenon.open(theirs)
            memory, _ = bench.tenon.load_all(file, requests)
            bench.tenon.lib.tenon_memory_free(memory)
            bench.tenon.close(file)

        bench.compare(f"open and read all of {count:,}", read, lambda: load_file(theirs), "load_file", ">= 2", 0, bench.rounds(5))
        os.unlink(ours)
        os.unlink(theirs)


# The peak memory of a child includes that of its parent: a small process starts the command.
CHILD = """
import os, sys
_, status, usage = os.wait4(os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:]), 0)
print(usage.ru_maxrss)
sys.exit(status != 0)
"""


def sets(bench):
    """Measures splitting and merging by the command, with its peak memory."""
    whole, index, merged = (bench.path(name) for name in ("theirs.safetensors", "set.safetensors.index.json", "merged.safetensors"))
    size = os.path.getsize(whole)
    split_command = ["convert", "-q", "-o", "save.durable=no", "-o", f"safetensors.shard_size={size // 5}", whole,
                     bench.path("set.safetensors")]
    merge_command = ["convert", "-q", "-o", "save.durable=no", index, merged]

    def run(command):
        subprocess.run([os.environ["TENON"], *command], check=True)

    def remove(pattern):
        for path in glob.glob(bench.path(pattern)):
            os.unlink(path)

    def splitting():
        remove("set*")
        run(split_command)

    def merging():
        remove("merged*")
        run(merge_command)

    def copy():
        remove("copy")
        subprocess.run(["cp", "--reflink=never", whole, bench.path("copy")], check=True)

    bench.compare("split into 6 shards", splitting, copy, "cp --reflink=never", ">= 0.9", size, bench.rounds(9))
    bench.compare("merge 6 shards", merging, copy, "cp --reflink=never", ">= 0.9", size, bench.rounds(9))
    for command in (split_command, merge_command):
        done = subprocess.run([sys.executable, "-c", CHILD, os.environ["TENON"], *command], check=True, capture_output=True)
        print(f"{'  most memory of the command':<52} {int(done.stdout) / 1024:7.1f} MiB  (wanted <= 64 MiB)")


def main():
    arguments = [word for word in sys.argv[1:] if word != "--quick"]
    quick = "--quick" in sys.argv
    print(f"{os.cpu_count()} processors, safetensors {safetensors.__version__}, medians; ratio > 1: tenon is faster")
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        bench = Bench(*arguments[:2], folder, quick)
        lists(bench)
        small_tensors(bench)
        loads_and_saves(bench)
        sets(bench)


if __name__ == "__main__":
    main()
