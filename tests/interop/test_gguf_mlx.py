# SPDX-License-Identifier: MIT
"""Tests gguf.mlx=triple against MLX's own reader of GGUF: q4_0, q4_1 and q8_0 as weight, scales and biases, bit for bit, and back."""

import struct

import mlx.core as mx
import numpy as np

# number of the type; bytes of a block: before its numbers, in all
TYPES = {"q4_0": (2, 2, 18), "q4_1": (3, 4, 20), "q8_0": (8, 2, 34)}
SHAPES = [(32,), (4, 512), (3, 64), (1, 32), (2, 3, 96), (2, 1, 2, 32), (700, 4096)]
TRIPLE = ("-o", "gguf.mlx=triple")
# scales with special products: zeros, subnormals, and scales that are infinite times 8 or times 128
ODD = [0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x0400, 0x7BFF, 0xFBFF, 0x7000, 0x5C00, 0x6FFF, 0x3C00, 0x7C00, 0xFC00]


def make_blocks(kind, shape, seed):
    """Returns blocks of random bits without scales or biases that are NaN."""
    _, head, size = TYPES[kind]
    generator = np.random.default_rng(seed)
    count = int(np.prod(shape)) // 32
    blocks = generator.integers(0, 256, (count, size), dtype=np.uint8)
    halves = blocks[:, :head].copy().view("<u2")
    halves[(halves & 0x7C00) == 0x7C00] ^= 0x4000
    odd = np.resize(np.array(ODD, "<u2"), min(count, len(ODD)))
    halves[: len(odd), 0] = odd
    blocks[:, :head] = halves.view(np.uint8)
    return blocks


def text(words):
    return struct.pack("<Q", len(words)) + words


def make_gguf(tensors):
    """Returns a file of version 3 without metadata. tensors: [(name, kind, shape, blocks)]."""
    head, data = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), 0), b""
    for name, kind, shape, blocks in tensors:
        data += bytes(-len(data) % 32)
        head += text(name.encode()) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *reversed(shape), TYPES[kind][0], len(data))
        data += blocks.tobytes()
    return head + bytes(-len(head) % 32) + data + bytes(-len(data) % 32)


def bits(array):
    """Returns the bits of the items, so that equal NaNs compare equal and zeros by their sign."""
    whole = np.array(array)
    return whole.view(np.uint16) if whole.dtype == np.float16 else whole


def check_same(bench, found, expected, *words):
    if not bench.check(found.keys() == expected.keys(), *words, sorted(found), sorted(expected)):
        return
    for name, array in expected.items():
        same = found[name].dtype == array.dtype and found[name].shape == array.shape
        bench.check(same and np.array_equal(bits(found[name]), bits(array)), *words, name, array.dtype, array.shape)


def tensors_of(kind, shape, seed):
    return [(f"blk.{seed}.w.weight", kind, shape, make_blocks(kind, shape, seed))]


def test_reading(bench):
    """`convert` gives the arrays that MLX reads from the same file."""
    for number, (kind, shape) in enumerate((kind, shape) for kind in TYPES for shape in SHAPES):
        source, target = bench.folder / "in.gguf", bench.folder / "out.safetensors"
        source.write_bytes(make_gguf(tensors_of(kind, shape, number)))
        if bench.convert(source, target, *TRIPLE) is not None:
            check_same(bench, mx.load(str(target)), mx.load(str(source)), kind, shape)


def test_names(bench):
    """tenon keeps a short name that does not end in .weight. (MLX cuts the last seven bytes off any longer name.)"""
    source, target = bench.folder / "in.gguf", bench.folder / "out.safetensors"
    tensors = [(name, "q4_1", (2, 32), make_blocks("q4_1", (2, 32), 1)) for name in ["a", "a.b", "b.weight", "c.d.weight"]]
    source.write_bytes(make_gguf(tensors))
    if bench.convert(source, target, *TRIPLE) is not None:
        check_same(bench, mx.load(str(target)), mx.load(str(source)))


def test_slices(bench):
    """tenon reads regions, with steps, of the arrays of a triple."""
    source = bench.folder / "in.gguf"
    for number, kind in enumerate(TYPES):
        source.write_bytes(make_gguf(tensors_of(kind, (5, 7, 256), number)))
        for name, array in mx.load(str(source)).items():
            whole = bits(array)
            last = whole.shape[-1]
            for words in ["1:3", "::2", "4", ":,3", "1:4,2:7:3", ":,:,1:5", ":,:,::3", "2,1:6:2,1::5", f":,:,{last - 1}", "::3,::4,::7"]:
                parts = [slice(*(int(n) if n else None for n in part.split(":"))) if ":" in part else int(part)
                         for part in words.split(",")]
                found = bench.output("cat", *TRIPLE, "--slice", words, source, name)
                bench.check(found == np.ascontiguousarray(whole[tuple(parts)]).tobytes(), kind, name, words)


def test_writing(bench):
    """A triple of MLX becomes the blocks of the file that MLX loaded it from, or blocks that MLX reads alike."""
    for number, (kind, shape) in enumerate((kind, shape) for kind in TYPES for shape in SHAPES):
        source, middle, back = bench.folder / "in.gguf", bench.folder / "mlx.safetensors", bench.folder / "back.gguf"
        data = make_gguf(tensors_of(kind, shape, number))
        source.write_bytes(data)
        arrays = mx.load(str(source))
        mx.save_safetensors(str(middle), arrays)
        bench.check(bench.convert(middle, back, *TRIPLE) == data, kind, shape, "from MLX")
        bench.check(bench.convert(source, back, *TRIPLE) == data, kind, shape, "from blocks to blocks")
        mx.savez(str(bench.folder / "mlx.npz"), **arrays)
        bench.check(bench.convert(bench.folder / "mlx.npz", back, *TRIPLE) == data, kind, shape, "from MLX's archive")


def test_quantised(bench):
    """A triple that MLX quantises, in groups of 32 with scales of f16, becomes q4_1, and MLX reads back the same triple."""
    source, target = bench.folder / "mlx.safetensors", bench.folder / "out.gguf"
    weights = mx.array(np.random.default_rng(7).standard_normal((96, 256)), dtype=mx.float16)
    names = ["layer.weight", "layer.scales", "layer.biases"]
    mx.save_safetensors(str(source), dict(zip(names, mx.quantize(weights, group_size=32, bits=4))))
    if bench.convert(source, target, *TRIPLE) is not None:
        listed = bench.list(target)
        bench.check([t["dtype"] for t in listed["tensors"]] == ["q4_1"], listed)
        check_same(bench, mx.load(str(target)), mx.load(str(source)))
    # gguf has no type of eight bits with biases of their own
    mx.save_safetensors(str(source), dict(zip(names, mx.quantize(weights, group_size=32, bits=8))))
    status, _, error = bench.run("convert", *TRIPLE, source, target)
    bench.check(status == 2 and "layer.weight" in error, error)
