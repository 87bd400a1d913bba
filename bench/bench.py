#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py LIBTENON PLUGINS: measures tenon and its peers in turn, in one run; prints medians and their ratio.

tenon is called through ctypes, which adds about a microsecond to each call. Files lie in the page cache on both sides.
Ratios above 1 mean that tenon is faster. The column "wanted" has the project's goals; it is no test: machines differ.
"""
import mmap
import os
import statistics
import sys
import tempfile
import time

import numpy as np
from libtenon import Tenon

MIB = 1 << 20


def clock(function):
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def compare(title, ours, theirs, peer, wanted, size=0, rounds=9):
    """Measures both in turn, so that other load on the machine affects both."""
    ours(), theirs()
    times = [(clock(ours), clock(theirs)) for _ in range(rounds)]
    mine, other = (statistics.median(column) for column in zip(*times))
    row(title, mine, other, peer, wanted, size)


def row(title, mine, other, peer, wanted, size=0):
    def figure(seconds):
        return f"{size / seconds / 1e9:7.2f} GB/s" if size else f"{seconds * 1e3:9.3f} ms"
    print(f"{title:<52} {figure(mine)}  {peer:<24} {figure(other)}  {other / mine:7.2f} ×  (wanted {wanted})", flush=True)


def loads(tenon, folder):
    rng = np.random.default_rng(1)
    paths = []
    for i in range(64):
        paths.append(os.path.join(folder, f"part{i}.npy"))
        np.save(paths[-1], rng.standard_normal(MIB, dtype=np.float32))

    def ours():
        kept = []
        for path in paths:
            file = tenon.open(path)
            kept.append(tenon.load(file))
            tenon.lib.tenon_close(file)
        for memory in kept:
            tenon.lib.tenon_memory_free(memory)

    compare("load 64 arrays of 4 MiB into fresh memory", ours, lambda: [np.load(p) for p in paths], "np.load", ">= 2", 256 * MIB)
    large = os.path.join(folder, "large.npy")
    np.save(large, rng.standard_normal(64 * MIB, dtype=np.float32))

    def ours_large():
        file = tenon.open(large)
        tenon.lib.tenon_memory_free(tenon.load(file))
        tenon.lib.tenon_close(file)

    compare("load one array of 256 MiB into fresh memory", ours_large, lambda: np.load(large), "np.load", ">= 1", 256 * MIB)
    warm = np.ones(64 * MIB, dtype=np.float32)
    view = memoryview(warm).cast("B")
    file = tenon.open(large)
    fd = os.open(large, os.O_RDONLY)

    def read():
        done = 0
        while done < len(view):
            done += os.preadv(fd, [view[done:]], 128 + done)

    compare("read 256 MiB into warm memory", lambda: tenon.read(file, warm.ctypes.data, warm.nbytes), read, "read()", ">= 0.9", 256 * MIB)
    tenon.lib.tenon_close(file)
    os.close(fd)


def saves(tenon, durable, folder):
    array = np.random.default_rng(2).standard_normal(64 * MIB, dtype=np.float32)
    ours, theirs = os.path.join(folder, "ours.npy"), os.path.join(folder, "theirs.npy")

    def synced():
        with open(theirs, "wb") as out:
            np.save(out, array)
            out.flush()
            os.fsync(out.fileno())

    compare("save 256 MiB, not synced", lambda: tenon.save(ours, array, 12), lambda: np.save(theirs, array), "np.save", ">= 1.1", 256 * MIB, 7)
    compare("save 256 MiB, fsync", lambda: durable.save(ours, array, 12), synced, "np.save, fsync", ">= 1.1", 256 * MIB, 5)
    with open(ours, "rb") as a, open(theirs, "rb") as b:
        if a.read() != b.read():
            raise RuntimeError("the two files differ")


def huge(size):
    memory = mmap.mmap(-1, size)
    memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


def transposes(tenon):
    for shape, dtype in (((8192, 8192), "f4"), ((256, 512, 512), "f4"), ((16384, 8192), "u1"), ((4096, 8192), "f8"), ((5000, 3, 3000), "f4")):
        c_order = np.arange(np.prod(shape)).astype(dtype).reshape(shape)
        fortran = np.asfortranarray(c_order)
        header = np.lib.format.header_data_from_array_1_0(fortran)
        import io
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, header)
        image = np.empty(len(head.getvalue()) + fortran.nbytes, dtype=np.uint8)
        image[:len(head.getvalue())] = np.frombuffer(head.getvalue(), dtype=np.uint8)
        image[len(head.getvalue()):] = fortran.reshape(-1, order="F").view(np.uint8)
        out = np.zeros(shape, dtype=dtype)
        file = tenon.open_memory(image.ctypes.data, image.nbytes, "x.npy")
        compare(f"Fortran order to C, {'x'.join(map(str, shape))} {dtype}", lambda: tenon.read(file, out.ctypes.data, out.nbytes),
                lambda: np.ascontiguousarray(fortran), "np.ascontiguousarray", ">= 2", out.nbytes, 7)
        if not np.array_equal(out, c_order):
            raise RuntimeError("the transpose is wrong")
        tenon.lib.tenon_close(file)


def main():
    library, plugins = sys.argv[1:3]
    tenon = Tenon(library, plugins, "save.durable=no")
    durable = Tenon(library, plugins)
    print(f"{os.cpu_count()} processors, NumPy {np.__version__}, medians; ratio > 1: tenon is faster")
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        loads(tenon, folder)
        saves(tenon, durable, folder)
    transposes(tenon)


if __name__ == "__main__":
    main()
