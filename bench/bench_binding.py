# SPDX-License-Identifier: MIT
"""What a binding pays that calls the library through ctypes, which is slower than a binding in C."""
import ctypes as c

import measure
import numpy as np
from arrays import small
from libtenon import TensorInfo
from safetensors import safe_open


def infos(bench):
    """The infos of all tensors: of a file that is open, into structs that Python can read."""
    count = 20000 // bench.scale
    path = bench.path("many.safetensors")
    bench.tenon.save_many(path, small(count, (4, 4)))
    file, tenon = bench.tenon.open(path), bench.tenon

    def one_by_one():
        made, get, status = (TensorInfo * count)(), tenon.lib.tenon_get, 0
        for i, info in enumerate(made):
            info.struct_size = c.sizeof(TensorInfo)
            status |= get(file, i, c.byref(info))
        tenon.check(status)

    bench.limited(f"{count:,} infos by tenon_get", one_by_one, "-", bench.rounds(9))
    bench.limited(f"{count:,} infos by tenon_get_range", lambda: tenon.infos(file), "<= 2 ms", bench.rounds(9), readme=True)

    def shapes():
        with safe_open(path, "np") as opened:
            slices = {name: opened.get_slice(name) for name in opened.keys()}
            return [(name, tensor.get_dtype(), tensor.get_shape()) for name, tensor in slices.items()]

    def all_shapes():
        opened = tenon.open(path)
        found = [(info.name, info.dtype, info.shape[:info.rank]) for info in tenon.infos(opened)]
        tenon.close(opened)
        return found

    bench.compare(f"open, and name, dtype and shape of {count:,} as Python's objects", all_shapes, shapes, "safe_open, get_slice", ">= 1",
                  0, bench.rounds(5))
    tenon.close(file)


def calls(bench):
    """A small array, read again and again: the cost of a call."""
    path, array = bench.path("x.npy"), np.zeros(16, "f4")
    np.save(path, array)
    file = bench.tenon.open(path)
    times = 1000

    def reads():
        for _ in range(times):
            bench.tenon.read(file, array.ctypes.data, array.nbytes)

    bench.limited(f"{times} reads of 64 bytes of an open file", reads, "-", bench.rounds(9))
    bench.compare("open and load a file of 64 bytes", bench.loader(path), lambda: np.load(path), "np.load", ">= 1", 0, bench.rounds(99, 9))
    bench.tenon.close(file)


if __name__ == "__main__":
    measure.main({"binding.infos": infos, "binding.calls": calls})
