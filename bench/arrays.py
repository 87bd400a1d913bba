# SPDX-License-Identifier: MIT
"""The arrays that the measurements save and load, and plain ways to read and write as many bytes."""
import mmap
import os
import threading

import numpy as np
from measure import F32, MIB


def normal(items):
    """Numbers as weights are."""
    array = np.random.default_rng(1).standard_normal(items, dtype="f4")
    array *= 0.02
    return array


def split(array, dtype, count):
    return [(f"layer.{i}.weight", part, dtype) for i, part in enumerate(np.split(array, count))]


def large(bench):
    """64 arrays of 4 MiB."""
    return split(normal(64 * MIB // bench.scale), F32, 64)


def expert_names(count):
    return [f"model.layers.{i % 64}.experts.{i // 64}.weight" for i in range(count)]


def small(count, shape):
    """As many arrays of this shape, side by side in memory."""
    data = normal(int(np.prod(shape)) * count).reshape(count, *shape)
    return [(name, data[i], F32) for i, name in enumerate(expert_names(count))]


def by_name(arrays):
    return {name: array for name, array, _ in arrays}


def bytes_of(arrays):
    return sum(array.nbytes for _, array, _ in arrays)


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
    """Writes a new file in one preallocated piece."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.posix_fallocate(descriptor, 0, len(data))
    written = 0
    while written < len(data):
        written += os.write(descriptor, data[written:])
    os.close(descriptor)
