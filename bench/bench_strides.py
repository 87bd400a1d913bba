# SPDX-License-Identifier: MIT
"""Tensors that lie in strides, read into fresh memory, beside NumPy, and PyTorch if it is there: each out of a file in the page cache.
The file is that of the test codec toylay."""
import mmap
import os
import pathlib
import struct
import sys

import measure
import numpy as np
from measure import F32

sys.path.append(str(pathlib.Path(__file__).parents[1] / "tests" / "interop" / "torch"))
try:
    from lazily import torch
except ImportError:
    torch = None

# title, the shape as it lies in the file, and the order in which its axes are read
CASES = (
    ("matrix, transposed", (11585, 11585), (1, 0)),
    ("matrix of powers of two, transposed", (8192, 16384), (1, 0)),
    ("tall matrix, transposed", (1 << 20, 128), (1, 0)),
    ("wide matrix, transposed", (128, 1 << 20), (1, 0)),
    ("three axes, the last one first", (512, 512, 512), (2, 0, 1)),
    ("three axes, the first two exchanged", (512, 512, 512), (1, 0, 2)),
    ("three axes, the last two exchanged", (512, 512, 512), (0, 2, 1)),
    ("pictures, channels last to channels first", (64, 835, 836, 3), (0, 3, 1, 2)),
    ("pictures, channels first to channels last", (64, 3, 835, 836), (0, 2, 3, 1)),
)


def write(path, shape, order):
    """Writes a tensor of numbered items, whose axes are in this order, and returns where they begin."""
    items = int(np.prod(shape))
    strides = [int(s) for s in np.cumprod((1,) + shape[:0:-1])[::-1]]
    head = 48 + 12 + 16 * len(shape)
    with open(path, "wb") as out:
        out.write(struct.pack("<4sIIIQQQQ", b"TLAY", 1, 0, 0, head, 4 * items, 4 * items, 0))
        out.write(struct.pack("<BBBBQ", F32, 0, len(shape), 0, head))
        out.write(struct.pack(f"<{len(shape)}Q", *[shape[axis] for axis in order]))
        out.write(struct.pack(f"<{len(shape)}q", *[strides[axis] for axis in order]))
        out.write(np.arange(items, dtype=np.float32).data)
    return head


def mapped_by_torch(path, head, shape):
    with open(path, "rb") as file:
        memory = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    return torch.from_numpy(np.frombuffer(memory, np.float32, -1, head).reshape(shape))


def strides(bench):
    tenon = bench.library(plugins=f":{os.environ['TENON_TEST_PLUGINS']}")
    for title, shape, order in CASES[:4] if bench.quick else CASES:
        shape = (shape[0] // bench.scale, *shape[1:])
        path = bench.path("x.toylay")
        head = write(path, shape, order)
        mapped = np.memmap(path, np.float32, "r", head, shape)

        def ours(path=path):
            file = tenon.open(path)
            tenon.lib.tenon_memory_free(tenon.load(file))
            tenon.close(file)

        peers = [(lambda mapped=mapped, order=order: np.ascontiguousarray(mapped.transpose(order)), "NumPy", ">= 1")]
        if torch:
            lying = mapped_by_torch(path, head, shape)
            peers.append((lambda lying=lying, order=order: lying.permute(order).contiguous(), "PyTorch", ">= 1"))
        file, out = tenon.open(path), np.empty([shape[axis] for axis in order], np.float32)
        tenon.read(file, out.ctypes.data, out.nbytes)
        tenon.close(file)
        if not np.array_equal(out, mapped.transpose(order)):
            raise RuntimeError(f"{title}: the result is wrong")
        del out
        bench.compare_all(title, ours, peers, mapped.nbytes, bench.rounds(5, 3))


if __name__ == "__main__":
    measure.main({"strides": strides})
