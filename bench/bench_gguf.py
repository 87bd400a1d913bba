#!/usr/bin/env python3
"""bench_gguf.py [--quick] LIBTENON PLUGINS: gguf by tenon and by gguf-py in turn, in one run.

As in bench_npz.py: nobody waits for the disk, files lie in the page cache, ratios above 1 mean that tenon is faster. ggml itself is
no Python package: its figures are in the project's issues.
"""
import ctypes as c
import glob
import os
import subprocess
import sys
import tempfile

import gguf
import numpy as np
from bench_npz import F32, MIB, Bench, normal, split
from gguf.quants import dequantize, quantize
from libtenon import Request


def reader(path):
    return gguf.GGUFReader(path)


def opening(bench):
    for count in (10, 1000, 20000, 100000, 1000000 // bench.scale):
        path = bench.path(f"list-{count}.gguf")
        zero = np.zeros(1, "f4")
        bench.tenon.save_many(path, [(f"blk.{i % 64}.{i // 64}.weight", zero, F32) for i in range(count)])
        if count <= 20000:
            bench.compare_lists(f"open and list {count:,} tensors", path, reader, "GGUFReader", "-", bench.rounds(3, 1))
        else:  # which takes minutes
            command = [os.path.join(os.environ["TENON_BUILDDIR"], "bench", "list"), bench.plugins, path, "5"]
            done = subprocess.run(command, check=True, capture_output=True)
            print(f"{f'open and list {count:,} tensors':<52} {float(done.stdout):9.3f} ms  (wanted linear)")
        os.unlink(path)
    for path in sorted(glob.glob(os.path.join(os.environ["TENON_SRCDIR"], "..", "shared", "data", "gguf", "ggml-vocab-*.gguf"))):

        def ours(path=path):
            bench.tenon.close(bench.tenon.open(path))

        bench.compare(f"open {os.path.basename(path)}", ours, lambda path=path: reader(path), "GGUFReader", ">= 200", 0, bench.rounds(5))


def load_as(bench, path, dtype):
    file = bench.tenon.open(path)
    memory = bench.tenon.load_requests(file, (Request * 1)(Request(c.sizeof(Request), dtype)))
    bench.tenon.lib.tenon_memory_free(memory)
    bench.tenon.close(file)


def quantised(bench):
    rows = 4096 // bench.scale
    weights = normal(rows * 4096).reshape(rows, 4096)
    source = bench.path("f32.gguf")
    bench.tenon.save_many(source, [("w", weights, F32)])
    size = weights.nbytes
    for name in ("q4_0", "q8_0", "q4_k", "q6_k"):
        kind = gguf.GGMLQuantizationType[name.upper()]
        packed = bench.path(f"{name}.gguf")
        subprocess.run([os.environ["TENON"], "convert", "-q", "--as", name, source, packed], check=True)
        file = gguf.GGUFReader(packed)
        data = file.tensors[0].data
        bench.compare(f"dequantise {name} to f32", lambda packed=packed: load_as(bench, packed, F32),
                      lambda data=data, kind=kind: dequantize(data, kind), "gguf.quants.dequantize", ">= 20", size, bench.rounds(5))
    for name in ("q8_0", "q4_0"):
        kind = gguf.GGMLQuantizationType[name.upper()]
        dtype = bench.tenon.lib.tenon_dtype_find(bench.tenon.context, name.encode())
        bench.compare(f"quantise f32 to {name}", lambda dtype=dtype: load_as(bench, source, dtype),
                      lambda kind=kind: quantize(weights, kind), "gguf.quants.quantize", ">= 20", size, bench.rounds(5))


def casts(bench):
    count = 64 * MIB // bench.scale
    for name, word in (("f16", "f16"), ("bf16", "bf16")):
        path = bench.path(f"{name}.gguf")
        source = bench.path("one.gguf")
        bench.tenon.save_many(source, [("w", normal(count), F32)])
        subprocess.run([os.environ["TENON"], "convert", "-q", "--as", word, source, path], check=True)
        written = normal(count)
        bench.compare(f"{name} to f32", lambda path=path: load_as(bench, path, F32), written.copy, "copy of as much f32", ">= 0.6",
                      written.nbytes, bench.rounds(5))


def converting(bench):
    arrays = split(normal(64 * MIB // bench.scale), F32, 64)
    source, target = bench.path("w.safetensors"), bench.path("w.gguf")
    bench.tenon.save_many(source, arrays)
    size = os.path.getsize(source)

    def ours():
        if os.path.exists(target):
            os.unlink(target)
        subprocess.run([os.environ["TENON"], "convert", "-q", "-o", "save.durable=no", source, target], check=True)

    def copy():
        if os.path.exists(bench.path("copy")):
            os.unlink(bench.path("copy"))
        subprocess.run(["cp", "--reflink=never", source, bench.path("copy")], check=True)

    bench.compare("safetensors to gguf, the same dtype", ours, copy, "cp --reflink=never", ">= 0.9", size, bench.rounds(9))


def main():
    arguments = [word for word in sys.argv[1:] if word != "--quick"]
    print(f"{os.cpu_count()} processors, gguf-py, medians; ratio > 1: tenon is faster")
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        bench = Bench(*arguments[:2], folder, "--quick" in sys.argv)
        opening(bench)
        converting(bench)
        casts(bench)
        quantised(bench)


if __name__ == "__main__":
    main()
