# SPDX-License-Identifier: MIT
"""Quantisation by tenon on one thread, by ggml on one thread, and by gguf-py (NumPy, one thread): from memory to existing memory. ggml is
called as a program in C calls it, through ctypes: ggml_quantize_chunk without importance weights, and to_float of the type. It is
built twice, with -O3 and all instructions of the machine (native), and with -O2 for any machine. The times on one thread are those of the
processor."""
import contextlib
import ctypes as c
import io
import os
import time

import gguf
import measure
import numpy as np
from arrays import normal
from gguf.quants import dequantize, quantize
from libtenon import Array, Request
from measure import F32

# The types that people use, for which more is wanted.
USED = "q4_0 q4_1 q5_0 q5_1 q8_0 q2_k q3_k q4_k q5_k q6_k".split()
ENCODED = USED + "q1_0 q2_0 tq1_0 tq2_0 mxfp4 nvfp4 iq4_nl iq4_xs".split()
DECODED = ENCODED + "iq1_s iq1_m iq2_xxs iq2_xs iq2_s iq3_xxs iq3_s".split()
# Number in ggml.h, items and bytes of a block, of the types that gguf-py does not know.
NEWER = {"q1_0": (41, 128, 18), "q2_0": (42, 64, 18)}
COLUMNS = 4096


class Traits(c.Structure):
    _fields_ = [("name", c.c_char_p), ("items", c.c_int64), ("interleave", c.c_int64), ("size", c.c_size_t), ("quantised", c.c_bool),
                ("to_float", c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_int64)), ("from_float", c.c_void_p)]


class Ggml:
    """One build of ggml."""

    def __init__(self, path):
        lib = c.CDLL(path)
        lib.ggml_get_type_traits.restype = c.POINTER(Traits)
        lib.ggml_quantize_chunk.argtypes = [c.c_int, c.c_void_p, c.c_void_p, c.c_int64, c.c_int64, c.c_int64, c.c_void_p]
        lib.ggml_quantize_chunk.restype = c.c_size_t
        self.lib = lib

    def quantise(self, number, weights, packed):
        self.lib.ggml_quantize_chunk(number, weights.ctypes.data, packed.ctypes.data, 0, *weights.shape, None)

    def dequantise(self, number, packed, room):
        self.lib.ggml_get_type_traits(number)[0].to_float(packed.ctypes.data, room.ctypes.data, room.size)


def builds(bench):
    """Returns the builds of ggml, {name: Ggml}."""
    paths = {f"ggml, {words}": os.path.join(bench.build, "peers", "ggml", folder, "libggml.so")
             for folder, words in (("native", "-O3 native"), ("plain", "-O2"))}
    if not all(map(os.path.exists, paths.values())):
        bench.left_out("ggml", measure.peer_missing(bench.build, "ggml"))
        return {}
    return {name: Ggml(path) for name, path in paths.items()}


class Kind:
    """A type of blocks: its number in files, and the size of a block."""

    def __init__(self, name):
        self.name = name
        known = getattr(gguf.GGMLQuantizationType, name.upper(), None)
        self.gguf = None if name in NEWER else known
        self.number, self.items, self.size = NEWER.get(name) or (known.value, *gguf.GGML_QUANT_SIZES[known])

    def room(self, weights):
        return np.zeros((weights.shape[0], weights.shape[1] // self.items * self.size), np.uint8)


def dtype(tenon, name):
    return tenon.lib.tenon_dtype_find(tenon.context, name.encode())


def npy_image(array):
    image = io.BytesIO()
    np.save(image, array)
    return np.frombuffer(image.getvalue(), np.uint8)


def gguf_image(bench, kind, packed):
    """Returns a gguf file in memory that has these blocks."""
    path = bench.path("packed.gguf")
    shape = (c.c_uint64 * 2)(packed.shape[0], packed.shape[1] // kind.size * kind.items)
    item = Array(c.sizeof(Array), dtype(bench.tenon, kind.name), b"w", c.cast(shape, c.c_void_p), 2, 0, packed.ctypes.data, packed.nbytes)
    bench.tenon.save_items(path, [item])
    return np.fromfile(path, np.uint8)


def packed_weights(bench, kind, weights):
    """Returns weights that tenon quantised; or random blocks, of a type that it only reads: the speed does not depend on their bits."""
    packed = kind.room(weights)
    if kind.name not in ENCODED:
        packed[:] = np.random.default_rng(1).integers(0, 256, packed.shape, np.uint8)
        return packed
    image = npy_image(weights)
    file = bench.tenon.open_memory(image.ctypes.data, image.nbytes, "w.npy")
    bench.tenon.read(file, packed.ctypes.data, packed.nbytes, dtype(bench.tenon, kind.name))
    bench.tenon.close(file)
    return packed


def compare(bench, title, kind, ours, by_ggml, by_gguf_py, size, rounds=7):
    """Compares with both builds of ggml, and with gguf-py, which takes longer."""
    wanted = ">= 1.5" if kind.name in USED else ">= 1"
    peers = [(lambda build=build: by_ggml(build), name, wanted) for name, build in builds(bench).items()]
    if peers:
        bench.compare_all(title, ours, peers, size, bench.rounds(rounds, 5), readme=kind.name in ("q8_0", "q4_k") and "ggml, -O3 native",
                          now=time.process_time)
    with contextlib.suppress(NotImplementedError), np.errstate(all="ignore"):
        if kind.gguf:
            by_gguf_py()
            bench.compare_all(title, ours, [(by_gguf_py, "gguf-py", ">= 20")], size, bench.rounds(3, 1), warm=False, now=time.process_time)


def quantising(bench):
    """The blocks must be those of ggml built with -O2: with fused products and sums its bits differ."""
    one_thread, weights = bench.library("core.threads=1"), normal((4 << 20) // bench.scale).reshape(-1, COLUMNS)
    image = npy_image(weights)
    file = one_thread.open_memory(image.ctypes.data, image.nbytes, "w.npy")
    for kind in map(Kind, ENCODED):
        packed, theirs = kind.room(weights), kind.room(weights)
        compare(bench, f"quantise {kind.name}, one thread", kind,
                lambda: one_thread.read(file, packed.ctypes.data, packed.nbytes, dtype(one_thread, kind.name)),
                lambda build: build.quantise(kind.number, weights, theirs), lambda: quantize(weights, kind.gguf), weights.nbytes)
        plain = builds(bench).get("ggml, -O2")
        if plain:
            plain.quantise(kind.number, weights, theirs)
            if not np.array_equal(packed, theirs):
                bench.left_out(kind.name, f"{np.mean(packed != theirs):.2%} of the bytes differ from those of ggml")
    one_thread.close(file)


def dequantising(bench):
    """The numbers, 8 MiB, fit the processor's cache: of larger ones both sides write as many as the memory takes."""
    one_thread, weights = bench.library("core.threads=1"), normal(2 << 20).reshape(-1, COLUMNS)
    for kind in map(Kind, DECODED):
        packed, room, theirs = packed_weights(bench, kind, weights), np.zeros_like(weights), np.zeros_like(weights)
        image = gguf_image(bench, kind, packed)
        file = one_thread.open_memory(image.ctypes.data, image.nbytes, "w.gguf")
        compare(bench, f"dequantise {kind.name}, one thread", kind, lambda: one_thread.read(file, room.ctypes.data, room.nbytes, F32),
                lambda build: build.dequantise(kind.number, packed, theirs), lambda: dequantize(packed, kind.gguf), room.nbytes,
                31)
        plain = builds(bench).get("ggml, -O2")
        if plain:
            plain.dequantise(kind.number, packed, theirs)
            if not np.array_equal(room, theirs, equal_nan=True):
                bench.left_out(kind.name, "numbers differ from those of ggml")
        one_thread.close(file)


def files(bench):
    """Files on all threads beside gguf-py: into fresh memory, into existing memory, and on one thread."""
    one_thread, weights = bench.library("core.threads=1"), normal(4096 * 4096 // bench.scale).reshape(-1, COLUMNS)
    source, numbers = bench.path("f32.gguf"), np.empty_like(weights)
    bench.tenon.save_many(source, [("w", weights, F32)])

    def load(path, to):
        file = bench.tenon.open(path)
        bench.tenon.lib.tenon_memory_free(bench.tenon.load_requests(file, (Request * 1)(Request(c.sizeof(Request), to))))
        bench.tenon.close(file)

    def read(tenon, path, to, room):
        file = tenon.open(path)
        tenon.read(file, room.ctypes.data, room.nbytes, to)
        tenon.close(file)

    def rows(title, path, to, room, theirs):
        for words, ours, wanted in (("fresh memory", lambda: load(path, to), ">= 20"),
                                    ("existing memory", lambda: read(bench.tenon, path, to, room), ">= 20"),
                                    ("one thread", lambda: read(one_thread, path, to, room), "-")):
            bench.compare(f"{title}, {words}", ours, theirs, "gguf-py", wanted, weights.nbytes, bench.rounds(5))

    for name in ("q4_0", "q8_0", "q4_k", "q6_k"):
        packed = bench.path(f"{name}.gguf")
        bench.convert("--as", name, source, packed)
        data = gguf.GGUFReader(packed).tensors[0].data
        rows(f"dequantise a file of {name}", packed, F32, numbers, lambda data=data, name=name: dequantize(data, Kind(name).gguf))
    for name in ("q8_0", "q4_0"):
        kind = Kind(name)
        rows(f"quantise a file to {name}", source, dtype(bench.tenon, name), kind.room(weights), lambda kind=kind: quantize(weights, kind.gguf))


if __name__ == "__main__":
    measure.main({"quants.quantise": quantising, "quants.dequantise": dequantising, "quants.files": files})
