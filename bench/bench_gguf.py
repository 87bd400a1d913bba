#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench_gguf.py [--quick] LIBTENON PLUGINS: measures gguf by tenon, gguf-py and MLX in turn, in one run.

As in bench_npz.py no side waits for the disk, files lie in the page cache, and ratios above 1 mean that tenon is faster.
ggml itself is no Python package: the project's issues have its figures. The vocabularies are those of tests/interop
(vectors in gguf_kit.py has their folder).
"""
import ctypes as c
import glob
import os
import subprocess
import sys
import tempfile

import gguf
import mlx.core as mx
import numpy as np
from bench_npz import F32, MIB, Bench, normal, split
from bench_safetensors import CHILD
from gguf.quants import dequantize, quantize
from libtenon import Request, Tenon


def opening(bench):
    """GGUFReader takes minutes for the largest file, and seconds in each round for the second largest."""
    for count in (10, 1000, 20000, 100000, 1000000 // bench.scale):
        path = bench.path(f"list-{count}.gguf")
        zero = np.zeros(1, "f4")
        bench.tenon.save_many(path, [(f"blk.{i % 64}.{i // 64}.weight", zero, F32) for i in range(count)])
        title = f"open and list {count:,} tensors"
        if count < 100000:
            bench.compare_lists(title, path, gguf.GGUFReader, "GGUFReader", ">= 200", bench.rounds(3, 1))
        elif count == 100000 and not bench.quick:
            bench.compare_lists(title, path, gguf.GGUFReader, "GGUFReader", ">= 200", 1)
        bench.compare_lists(title, path, lambda path: mx.load(path).keys(), "mx.load", ">= 8", bench.rounds(5))
        os.unlink(path)


def vocabularies(bench):
    """tenon opens the file and reads no value; the peers make objects of all values."""
    folder = os.path.join(os.environ.get("TENON_SHARED") or os.path.join(os.environ["TENON_SRCDIR"], "..", "shared"), "data", "gguf")
    for path in sorted(glob.glob(os.path.join(folder, "ggml-vocab-*.gguf"))):
        name = os.path.basename(path).removeprefix("ggml-vocab-").removesuffix(".gguf")

        def ours(path=path):
            bench.tenon.close(bench.tenon.open(path))

        bench.compare(f"open the vocabulary {name}", ours, lambda path=path: gguf.GGUFReader(path), "GGUFReader", ">= 200", 0,
                      bench.rounds(5))
        bench.compare(f"open the vocabulary {name}", ours, lambda path=path: mx.load(path, return_metadata=True), "mx.load", "-", 0,
                      bench.rounds(5))


def number(tenon, dtype):
    return tenon.lib.tenon_dtype_find(tenon.context, dtype.encode())


def load_as(tenon, path, dtype):
    """Loads into fresh memory of the library each time; the peers use fresh memory too."""
    file = tenon.open(path)
    memory = tenon.load_requests(file, (Request * 1)(Request(c.sizeof(Request), number(tenon, dtype))))
    tenon.lib.tenon_memory_free(memory)
    tenon.close(file)


def read_as(tenon, path, dtype, array):
    """Reads into memory that exists already."""
    file = tenon.open(path)
    tenon.read(file, array.ctypes.data, array.nbytes, number(tenon, dtype))
    tenon.close(file)


def read_memory_as(tenon, image, dtype, array):
    """Reads the same from a file in memory, where the peers' numbers lie too."""
    file = tenon.open_memory(image.ctypes.data, image.nbytes, "f32.gguf")
    tenon.read(file, array.ctypes.data, array.nbytes, number(tenon, dtype))
    tenon.close(file)


def numbers(bench, one_thread, title, path, dtype, room, theirs, peer):
    """Prints three rows: fresh memory, existing memory, and existing memory on one thread. Sizes are those of the f32."""
    size, rounds = 4 * bench.weights.size, bench.rounds(5)
    bench.compare(title, lambda: load_as(bench.tenon, path, dtype), theirs, peer, ">= 20", size, rounds)
    bench.compare(f"{title}, memory is there", lambda: read_as(bench.tenon, path, dtype, room), theirs, peer, ">= 20", size, rounds)
    bench.compare(f"{title}, one thread", lambda: read_as(one_thread, path, dtype, room), theirs, peer, "-", size, rounds)


def quantised(bench, one_thread):
    """The peer is NumPy, on one thread. --quick uses as much data: less would fit the processor's cache."""
    bench.weights = weights = normal(4096 * 4096).reshape(4096, 4096)
    source, room = bench.path("f32.gguf"), np.empty_like(weights)
    bench.tenon.save_many(source, [("w", weights, F32)])
    for name in ("q4_0", "q8_0", "q4_k", "q6_k"):
        kind, packed = gguf.GGMLQuantizationType[name.upper()], bench.path(f"{name}.gguf")
        subprocess.run([os.environ["TENON"], "convert", "-q", "--as", name, source, packed], check=True)
        data = gguf.GGUFReader(packed).tensors[0].data
        numbers(bench, one_thread, f"dequantise {name}", packed, "f32", room, lambda data=data, kind=kind: dequantize(data, kind),
                "gguf.quants.dequantize")
    image = np.fromfile(source, np.uint8)
    for name in ("q8_0", "q4_0"):
        kind = gguf.GGMLQuantizationType[name.upper()]
        packed = np.empty_like(quantize(weights, kind))
        theirs = lambda kind=kind: quantize(weights, kind)
        numbers(bench, one_thread, f"quantise {name}", source, name, packed, theirs, "gguf.quants.quantize")
        bench.compare(f"quantise {name}, from memory to memory", lambda name=name, packed=packed: read_memory_as(bench.tenon, image, name, packed),
                      theirs, "gguf.quants.quantize", ">= 20", weights.nbytes, bench.rounds(5))


def casts(bench):
    count = 64 * MIB // bench.scale
    written, source = normal(count), bench.path("one.gguf")
    bench.tenon.save_many(source, [("w", written, F32)])
    for name in ("f16", "bf16"):
        path = bench.path(f"{name}.gguf")
        subprocess.run([os.environ["TENON"], "convert", "-q", "--as", name, source, path], check=True)
        bench.compare(f"{name} to f32", lambda path=path: load_as(bench.tenon, path, "f32"), written.copy, "copy of as much f32", ">= 0.6",
                      written.nbytes, bench.rounds(5))


def converting(bench):
    arrays = split(normal(64 * MIB // bench.scale), F32, 64)
    source, target = bench.path("w.safetensors"), bench.path("w.gguf")
    bench.tenon.save_many(source, arrays)
    size = os.path.getsize(source)

    command = [os.environ["TENON"], "convert", "-q", "-o", "save.durable=no", source, target]

    def remove(path):
        if os.path.exists(path):
            os.unlink(path)

    def ours():
        remove(target)
        subprocess.run(command, check=True)

    def copy():
        remove(bench.path("copy"))
        subprocess.run(["cp", "--reflink=never", source, bench.path("copy")], check=True)

    bench.compare("safetensors to gguf, the same dtype", ours, copy, "cp --reflink=never", ">= 0.9", size, bench.rounds(9))
    done = subprocess.run([sys.executable, "-c", CHILD, *command], check=True, capture_output=True)
    print(f"{'  most memory of the command':<52} {int(done.stdout) / 1024:7.1f} MiB  (wanted <= 64 MiB)")
    for path in (source, target, bench.path("copy")):
        remove(path)


def main():
    arguments = [word for word in sys.argv[1:] if word != "--quick"]
    print(f"{os.cpu_count()} processors, gguf-py and MLX, medians; ratio > 1: tenon is faster")
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        bench = Bench(*arguments[:2], folder, "--quick" in sys.argv)
        opening(bench)
        vocabularies(bench)
        converting(bench)
        casts(bench)
        quantised(bench, Tenon(*arguments[:2], "core.threads=1"))


if __name__ == "__main__":
    main()
