#!/usr/bin/env python3
"""bench.py LIBTENON PLUGINS: tenon and its peers in turn, in one run; prints medians and their ratio.

Ours goes through ctypes, which adds about a microsecond to each call. Files lie in the page cache on both sides. Ratios
above 1 mean that tenon is faster. A column "wanted" is what the project sets itself; it is no test: machines differ.
"""
import ctypes as c
import mmap
import os
import statistics
import sys
import tempfile
import time

import numpy as np

MIB = 1 << 20


class Error(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("status", c.c_int32), ("offset", c.c_uint64), ("message", c.c_char * 1024),
                ("file", c.c_char * 512), ("tensor", c.c_char * 256)]


class ContextOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("flags", c.c_uint32), ("settings", c.POINTER(c.c_char_p)), ("plugin_path", c.c_char_p),
                ("origin", c.c_char_p)]


class OpenOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("flags", c.c_uint32), ("format", c.c_char_p), ("settings", c.c_void_p), ("name", c.c_char_p)]


class Request(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("dtype", c.c_uint32), ("index", c.c_uint64), ("flags", c.c_uint32), ("rank", c.c_uint32),
                ("start", c.c_void_p), ("count", c.c_void_p), ("step", c.c_void_p), ("data", c.c_void_p), ("size", c.c_uint64)]


class Array(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("dtype", c.c_uint32), ("name", c.c_char_p), ("shape", c.c_void_p), ("rank", c.c_uint32),
                ("flags", c.c_uint32), ("data", c.c_void_p), ("size", c.c_uint64), ("fill", c.c_void_p), ("user", c.c_void_p)]


class Tenon:
    """The few functions that are measured."""

    def __init__(self, library, plugins, *settings):
        self.lib = c.CDLL(library)
        self.lib.tenon_count.restype = c.c_uint64
        for name in ("tenon_close", "tenon_memory_free", "tenon_plan_free", "tenon_context_free"):
            getattr(self.lib, name).argtypes = [c.c_void_p]
        texts = (c.c_char_p * (len(settings) + 1))(*[s.encode() for s in settings], None)
        options = ContextOptions(c.sizeof(ContextOptions), 1, texts, plugins.encode(), None)
        self.context = c.c_void_p()
        self.error = Error(c.sizeof(Error))
        self.check(self.lib.tenon_context_new(c.byref(self.context), c.byref(options), c.byref(self.error)))

    def check(self, status):
        if status < 0:
            raise RuntimeError(self.error.message.decode(errors="replace"))

    def open(self, path):
        file = c.c_void_p()
        self.check(self.lib.tenon_open(self.context, path.encode(), None, c.byref(file), c.byref(self.error)))
        return file

    def open_memory(self, data, size, name):
        file = c.c_void_p()
        options = OpenOptions(c.sizeof(OpenOptions), 0, None, None, name.encode())
        self.check(self.lib.tenon_open_memory(self.context, c.c_void_p(data), c.c_uint64(size), c.byref(options), c.byref(file),
                                              c.byref(self.error)))
        return file

    def load(self, file, dtype=0):
        request = Request(c.sizeof(Request), dtype)
        memory = c.c_void_p()
        self.check(self.lib.tenon_load(file, c.byref(request), c.c_uint64(1), c.byref(memory), None, c.byref(self.error)))
        return memory

    def read(self, file, address, size, dtype=0):
        request = Request(c.sizeof(Request), dtype, data=address, size=size)
        self.check(self.lib.tenon_read(file, c.byref(request), c.c_uint64(1), None, c.byref(self.error)))

    def save(self, path, array, dtype):
        plan = c.c_void_p()
        shape = (c.c_uint64 * array.ndim)(*array.shape)
        item = Array(c.sizeof(Array), dtype, b"array", c.cast(shape, c.c_void_p), array.ndim, 0, array.ctypes.data, array.nbytes)
        self.check(self.lib.tenon_plan_new(self.context, c.byref(plan), c.byref(self.error)))
        self.check(self.lib.tenon_plan_add(plan, c.byref(item), c.byref(self.error)))
        self.check(self.lib.tenon_save(plan, path.encode(), None, None, None, c.byref(self.error)))
        self.lib.tenon_plan_free(plan)


def clock(function):
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def compare(title, ours, theirs, peer, wanted, size=0, rounds=9):
    """In turn, so that whatever else the machine does meets both."""
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


main()
