# SPDX-License-Identifier: MIT
"""gguf by tenon, ggml, gguf-py and MLX: opening, casts and conversion. bench_quants.py has the quantisation. The vocabularies are those
of tests/interop (vectors in gguf_kit.py has their folder)."""
import glob
import os

import gguf
import measure
import mlx.core as mx
import numpy as np
from arrays import bytes_of, large, normal
from measure import F32, MIB, remove


def opening(bench):
    """GGUFReader takes minutes for the largest file, and seconds in each round for the second largest. ggml of 2025 compares each name
    with all before it, that of 2026 has a table of names."""
    for count in (10, 1000, 20000, 100000, 1000000 // bench.scale):
        path, zero = bench.path("list.gguf"), np.zeros(1, "f4")
        bench.tenon.save_many(path, [(f"blk.{i % 64}.{i // 64}.weight", zero, F32) for i in range(count)])
        title, ours = f"open and list {count:,} tensors", bench.list_program(path)
        peers = [(lambda path=path: mx.load(path).keys(), "mx.load", ">= 8")]
        if count < 100000:
            peers.append((lambda path=path: gguf.GGUFReader(path), "GGUFReader", ">= 200"))
        bench.compare_all(title, ours, peers, 0, bench.rounds(3, 1))
        if count == 100000 and not bench.quick:
            bench.compare(title, ours, lambda path=path: gguf.GGUFReader(path), "GGUFReader", ">= 200", 0, 1, warm=False)
        peers = bench.program_peer(title, "ggml", "-", "ggml/list_gguf", path, "3")
        if count <= 20000:
            peers += bench.program_peer(title, "ggml of 2025", ">= 300" if count == 20000 else "-", "ggml_older/list_gguf", path, "1")
        bench.compare_all(title, ours, peers, 0, bench.rounds(5, 1), readme=count == 20000)


def vocabularies(bench):
    """tenon opens the file and reads no value; the peers make objects of all values."""
    folder = os.path.join(os.environ.get("TENON_SHARED") or os.path.join(os.environ["TENON_SRCDIR"], "..", "shared"), "data", "gguf")
    paths = sorted(glob.glob(os.path.join(folder, "ggml-vocab-*.gguf")))
    if not paths:
        raise measure.LeftOut("there are no vocabularies")
    for path in paths:
        name = os.path.basename(path).removeprefix("ggml-vocab-").removesuffix(".gguf")
        title, ours = f"open the vocabulary {name}", bench.list_program(path, 9)
        peers = bench.program_peer(title, "ggml", ">= 30", "ggml/list_gguf", path, "9")
        bench.compare_all(title, ours, peers, 0, bench.rounds(7), readme=name in ("gpt-2", "llama-spm"))
        bench.compare_all(title, ours, [(lambda path=path: gguf.GGUFReader(path), "GGUFReader", ">= 200"),
                                        (lambda path=path: mx.load(path, return_metadata=True), "mx.load", "-")], 0, bench.rounds(5))


def casts(bench):
    written, source = normal(64 * MIB // bench.scale), bench.path("one.gguf")
    bench.tenon.save_many(source, [("w", written, F32)])
    for name in ("f16", "bf16"):
        path = bench.path(f"{name}.gguf")
        bench.convert("--as", name, source, path)

        def load(path=path):
            file = bench.tenon.open(path)
            bench.tenon.lib.tenon_memory_free(bench.tenon.load(file, F32))
            bench.tenon.close(file)

        bench.compare(f"{name} to f32, fresh memory", load, written.copy, "copy of as much f32", ">= 0.6", written.nbytes, bench.rounds(5))


def converting(bench):
    arrays = large(bench)
    source, target = bench.path("w.safetensors"), bench.path("w.gguf")
    bench.tenon.save_many(source, arrays)

    def ours():
        remove(target)
        bench.convert(source, target)

    bench.compare("safetensors to gguf, the same dtype", ours, bench.copier(source), "cp --reflink=never", ">= 0.9", bytes_of(arrays),
                  bench.rounds(9))
    remove(target)
    bench.limited_peak("most memory of that command", "<= 64 MiB", "convert", "-q", source, target)


if __name__ == "__main__":
    measure.main({"gguf.open": opening, "gguf.vocabularies": vocabularies, "gguf.convert": converting, "gguf.casts": casts})
