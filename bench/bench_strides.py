# SPDX-License-Identifier: MIT
"""Tensors that lie in strides, read into fresh memory, beside NumPy, and PyTorch if it is there: each out of a file in the page cache.

    bench_strides.py [--quick] LIBRARY PLUGINS TEST-PLUGINS"""

import mmap
import os
import statistics
import struct
import sys
import tempfile
import time

import numpy as np
from libtenon import Tenon

flags = sys.getdlopenflags()
sys.setdlopenflags(os.RTLD_LAZY)  # a wheel without the libraries of CUDA, which nothing here calls
try:
    import torch
except ImportError:
    torch = None
finally:
    sys.setdlopenflags(flags)

F32 = 12
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
    """A file of the test codec toylay: a tensor of numbered items, whose axes are in this order."""
    items = int(np.prod(shape))
    strides = [4 * s // 4 for s in np.cumprod((1,) + shape[:0:-1])[::-1]]
    head = 48 + 12 + 16 * len(shape)
    with open(path, "wb") as out:
        out.write(struct.pack("<4sIIIQQQQ", b"TLAY", 1, 0, 0, head, 4 * items, 4 * items, 0))
        out.write(struct.pack("<BBBBQ", F32, 0, len(shape), 0, head))
        out.write(struct.pack(f"<{len(shape)}Q", *[shape[axis] for axis in order]))
        out.write(struct.pack(f"<{len(shape)}q", *[strides[axis] for axis in order]))
        out.write(np.arange(items, dtype=np.float32).data)
    return head


def clock(function):
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def measure(tenon, path, title, shape, order, rounds):
    head = write(path, shape, order)
    mapped = np.memmap(path, np.float32, "r", head, shape)
    size = mapped.nbytes

    def ours():
        file = tenon.open(path)
        memory = tenon.load(file)
        tenon.lib.tenon_memory_free(memory)
        tenon.lib.tenon_close(file)

    peers = {"NumPy": lambda: np.ascontiguousarray(mapped.transpose(order))}
    if torch:
        lying = torch.from_numpy(np.frombuffer(mmap.mmap(os.open(path, os.O_RDONLY), 0, flags=mmap.MAP_PRIVATE,
                                                         prot=mmap.PROT_READ | mmap.PROT_WRITE), np.float32, -1, head)
                                 .reshape(shape))
        peers["PyTorch"] = lambda: lying.permute(order).contiguous()
    file = tenon.open(path)
    out = np.empty([shape[axis] for axis in order], np.float32)
    tenon.read(file, out.ctypes.data, out.nbytes)
    tenon.lib.tenon_close(file)
    if not np.array_equal(out, mapped.transpose(order)):
        raise RuntimeError(f"{title}: the result is wrong")
    del out
    functions = {"tenon": ours, **peers}
    times = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            times[name].append(clock(function))
    medians = {name: statistics.median(values) for name, values in times.items()}
    figures = "  ".join(f"{name} {size / seconds / 1e9:6.2f} GB/s" for name, seconds in medians.items())
    ratios = "  ".join(f"{medians[name] / medians['tenon']:5.2f} × {name}" for name in peers)
    print(f"{title:<44} {figures}   {ratios}  (wanted >= 1)", flush=True)


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--quick"]
    quick = len(arguments) < len(sys.argv) - 1
    library, plugins, test_plugins = arguments
    tenon = Tenon(library, f"{plugins}:{test_plugins}")
    if torch:
        print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads")
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        for title, shape, order in CASES[:2] if quick else CASES:
            measure(tenon, os.path.join(folder, "x.toylay"), title, shape, order, 3 if quick else 5)


if __name__ == "__main__":
    main()
