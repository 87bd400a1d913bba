# SPDX-License-Identifier: MIT
"""npy by tenon and by NumPy: loads, saves, and files in Fortran order. tenon is called through ctypes, which adds about a microsecond to
each call."""
import io
import os

import measure
import numpy as np
from measure import F32, MIB


def random_f32(items, seed=1):
    return np.random.default_rng(seed).standard_normal(items, dtype=np.float32)


def loads(bench):
    tenon, items = bench.tenon, MIB // bench.scale
    paths = [bench.path(f"part{i}.npy") for i in range(64)]
    for path in paths:
        np.save(path, random_f32(items))

    def ours():
        kept = []
        for path in paths:
            file = tenon.open(path)
            kept.append(tenon.load(file))
            tenon.close(file)
        for memory in kept:
            tenon.lib.tenon_memory_free(memory)

    size = 64 * 4 * items
    bench.compare(f"load 64 arrays of {4 * items >> 10} KiB into fresh memory", ours, lambda: [np.load(p) for p in paths], "np.load", ">= 2",
                  size, bench.rounds(9))
    large = bench.path("large.npy")
    np.save(large, random_f32(64 * items))
    bench.compare(f"load one array of {size >> 20} MiB into fresh memory", bench.loader(large), lambda: np.load(large), "np.load",
                  ">= 1", size, bench.rounds(9))
    warm = np.ones(64 * items, dtype=np.float32)
    view = memoryview(warm).cast("B")
    file = tenon.open(large)
    fd = os.open(large, os.O_RDONLY)

    def read():
        done = 0
        while done < len(view):
            done += os.preadv(fd, [view[done:]], 128 + done)

    bench.compare(f"read {size >> 20} MiB into warm memory", lambda: tenon.read(file, warm.ctypes.data, warm.nbytes), read, "read()", ">= 0.9",
                  size, bench.rounds(9))
    tenon.close(file)
    os.close(fd)


def saves(bench):
    durable = bench.library()
    array = random_f32(64 * MIB // bench.scale, 2)
    ours, theirs = bench.path("ours.npy"), bench.path("theirs.npy")

    def synced():
        with open(theirs, "wb") as out:
            np.save(out, array)
            out.flush()
            os.fsync(out.fileno())

    title = f"save {array.nbytes >> 20} MiB"
    bench.compare(title, lambda: bench.tenon.save(ours, array, F32), lambda: np.save(theirs, array), "np.save", ">= 1.1", array.nbytes,
                  bench.rounds(7))
    bench.compare(f"{title}, durable", lambda: durable.save(ours, array, F32), synced, "np.save, fsync", ">= 1.1", array.nbytes, bench.rounds(5))
    with open(ours, "rb") as a, open(theirs, "rb") as b:
        if a.read() != b.read():
            raise RuntimeError("the two files differ")


def transposes(bench):
    """From a file in memory into existing memory."""
    for shape, dtype in (((8192, 8192), "f4"), ((256, 512, 512), "f4"), ((16384, 8192), "u1"), ((4096, 8192), "f8"), ((5000, 3, 3000), "f4")):
        shape = (shape[0] // bench.scale, *shape[1:])
        c_order = np.arange(np.prod(shape)).astype(dtype).reshape(shape)
        fortran = np.asfortranarray(c_order)
        image = io.BytesIO()
        np.save(image, fortran)
        image = np.frombuffer(image.getvalue(), dtype=np.uint8)
        out = np.zeros(shape, dtype=dtype)
        file = bench.tenon.open_memory(image.ctypes.data, image.nbytes, "x.npy")
        bench.compare(f"Fortran order to C, {'x'.join(map(str, shape))} {dtype}", lambda: bench.tenon.read(file, out.ctypes.data, out.nbytes),
                      lambda: np.ascontiguousarray(fortran), "np.ascontiguousarray", ">= 2", out.nbytes, bench.rounds(7))
        if not np.array_equal(out, c_order):
            raise RuntimeError("the transpose is wrong")
        bench.tenon.close(file)


def beyond_memory(bench):
    """Converts a file of 1 GiB in Fortran order to C order, while the command may hold 64 MiB (limits.memory)."""
    source, target = bench.path("fortran.npy"), bench.path("c.npy")
    for shape in ((1024, 512, 512), (16384, 16384)):
        shape = (shape[0] // bench.scale, *shape[1:])
        array = np.lib.format.open_memmap(source, "w+", np.float32, shape, fortran_order=True)
        array.reshape(-1, order="F")[:] = np.arange(array.size, dtype=np.float32)
        array.flush()
        size = array.nbytes

        def ours():
            measure.remove(target)
            bench.convert("-o", "npy.order=c", source, target)

        ours()
        if not np.array_equal(np.load(target, mmap_mode="r")[7], array[7]):
            raise RuntimeError("the result is wrong")
        bench.compare(f"convert {'x'.join(map(str, shape))} f32 to C order, 64 MiB of memory", ours, bench.copier(source), "cp --reflink=never",
                      "<= 3", size, bench.rounds(3, 1), readme=len(shape) == 3)


if __name__ == "__main__":
    measure.main({"npy.load": loads, "npy.save": saves, "npy.transpose": transposes, "npy.beyond_memory": beyond_memory})
