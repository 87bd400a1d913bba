# SPDX-License-Identifier: MIT
"""Values, names, shapes and whole files for the tests of gguf: all of a kind, or random ones from a generator."""

import itertools
import math

import numpy as np
from gguf_kit import ALIGNMENT, BLOCKS, NUMPY, PLAIN, TYPES, UNKNOWN_TO_PEER, VALUES, Tensor

INTEGERS = {name: (0 if name[0] == "u" else -(1 << int(name[1:]) - 1), (1 << int(name[1:]) - (name[0] == "i")) - 1)
            for name in VALUES if name[1:].isdigit() and name[0] in "ui"}
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e-40, 1e-45, 3.4028234663852886e38, math.inf, -math.inf, math.nan, 123456789.0]
DOUBLES = [*FLOATS[:-1], 5e-324, 1.7976931348623157e308, math.pi]
TEXTS = [b"", b"a", b" ", b"tab\tand\nline", b"\0", b"a\0b", 'é "quoted" \\'.encode(), "漢字".encode(), "\U0001f600".encode(), b"\xff\xfe",
         b"\xe2\x96\x81the", b"n" * 100000]
KEYS = ["a", "general.name", "tokenizer.ggml.tokens", "é", "漢字.\U0001f600", " ", "new\nline", "it's", 'quote"', "back\\slash", "/", "..",
        "k" * 1000, "__metadata__", "tenon.", "GGUF"]
SHAPES = [(), (1,), (4,), (0,), (3, 5), (1, 5), (5, 1), (0, 5), (5, 0), (2, 3, 4), (1, 1, 1), (2, 0, 4), (2, 3, 4, 5), (1, 1, 1, 7),
          (7, 1, 1, 1), (1, 1, 1, 1), (0, 0, 0, 0)]
ONE = {"x": Tensor("f32", (3, 5))}

# Offsets of the f16 scales in a block. iq1_m has one in the high nibbles of four numbers, the uppermost nibble in the last.
SCALES = {"q4_0": [0], "q4_1": [0, 2], "q5_0": [0], "q5_1": [0, 2], "q8_0": [0], "q2_k": [80, 82], "q3_k": [108], "q4_k": [0, 2],
          "q5_k": [0, 2], "q6_k": [208], "iq2_xxs": [0], "iq2_xs": [0], "iq3_xxs": [0], "iq1_s": [0], "iq4_nl": [0], "iq3_s": [0],
          "iq2_s": [0], "iq4_xs": [0], "iq1_m": [54], "tq1_0": [52], "tq2_0": [64], "q1_0": [0], "q2_0": [0],
          "mxfp4": [], "nvfp4": []}


def scalars():
    """Returns the least value, the greatest, and some between for every type."""
    values = [(kind, value) for kind, (least, most) in INTEGERS.items() for value in (least, most, 0, 1, most // 3)]
    values += [("f32", value) for value in FLOATS] + [("f64", value) for value in DOUBLES]
    return values + [("bool", False), ("bool", True)] + [("string", text) for text in TEXTS]


def items(kind, count, generator):
    """Returns `count` values of a type."""
    pool = [value for one, value in scalars() if one == kind]
    if kind in INTEGERS:
        return [generator.randint(*INTEGERS[kind]) for _ in range(count)]
    if kind == "string":
        return [generator.choice(pool[:-1]) + b"%d" % i for i in range(count)] if count > 2 else pool[:count]
    return [generator.choice(pool) for _ in range(count)]


def nested(generator, depth, kinds):
    """Returns an array; its items are arrays while depth exceeds 0."""
    if depth == 0:
        kind = generator.choice(kinds)
        return kind, items(kind, generator.randrange(4), generator)
    return "array", [nested(generator, depth - 1 if generator.random() < 0.8 else 0, kinds) for _ in range(generator.randrange(4))]


def everything(generator, unknown=True):
    """Returns tensors of every type and shape, in random order."""
    rows = list(itertools.product(PLAIN, SHAPES))
    rows += [(kind, (*shape, count)) for kind, (_, count, _) in BLOCKS.items() for shape in ((), (2,), (3, 1), (1, 2, 2))
             if unknown or kind not in UNKNOWN_TO_PEER]
    generator.shuffle(rows)
    return {f"blk.{i}.{generator.choice(KEYS)}": Tensor(kind, shape) for i, (kind, shape) in enumerate(rows)}


def random_file(generator):
    """Returns pairs and tensors of random types; some files have an alignment."""
    kinds = list(VALUES)
    pairs = {}
    if generator.random() < 0.7:
        pairs["general.architecture"] = ("string", generator.choice([b"llama", b"x", "é".encode()]))
    for i in range(generator.choice([0, 1, 2, 5, 20])):
        kind = generator.choice(kinds)
        value = nested(generator, generator.choice([0, 0, 0, 1, 2]), kinds[:9] + kinds[10:]) if kind == "array" else items(kind, 1, generator)[0]
        pairs[f"{generator.choice(KEYS)}.{i}"] = (kind, value)
    if generator.random() < 0.4:
        pairs[ALIGNMENT] = ("u32", 1 << generator.randrange(10))
    tensors = {}
    for i in range(generator.choice([0, 1, 2, 5, 20])):
        kind = generator.choice(list(TYPES))
        shape = [generator.choice([0, 1, 2, 3, 5]) for _ in range(generator.randrange(5))]
        if kind in BLOCKS:
            shape = [*shape[:3], BLOCKS[kind][1] * generator.choice([0, 1, 1, 2])]
        tensors[f"{generator.choice(KEYS)}.{i}"] = Tensor(kind, shape, i)
    return pairs, tensors


def arrays_of(generator, names):
    """Returns NumPy arrays that gguf can hold."""
    arrays = {}
    for name in names:
        kind = generator.choice(list(PLAIN))
        shape = [generator.choice([0, 1, 2, 3, 8]) for _ in range(generator.randrange(5))]
        tensor = Tensor(kind, shape, name)
        arrays[name] = np.frombuffer(tensor.data, NUMPY[kind]).reshape(shape)
    return arrays


def tensors_from(arrays):
    kinds = {np.dtype(dtype): kind for kind, dtype in NUMPY.items()}
    return {name: Tensor(kinds[array.dtype], array.shape, data=array.tobytes()) for name, array in arrays.items()}


def even(generator, count):
    """Returns tensors whose sizes are multiples of 32 bytes: gguf-py counts bytes without padding, llama.cpp and tenon with it.
    Their bytes make no scale infinite."""
    kinds = [("f32", 8), ("f16", 16), ("i8", 32), ("f64", 4), ("q4_0", 512), ("q8_0", 512), ("q4_k", 512), ("bf16", 16)]
    tensors = {}
    for i in range(count):
        kind, unit = generator.choice(kinds)
        tensor = Tensor(kind, (generator.choice([0, 1, 1, 2, 5]), unit), i)
        tensors[f"blk.{i}.w"] = Tensor(kind, tensor.shape, data=bytes(byte & 0xBB for byte in tensor.data))
    return tensors


def ones(kind):
    """Returns a block whose scales are 1 and whose other bits are 0."""
    block = np.zeros(BLOCKS[kind][2], np.uint8)
    block[[at + 1 for at in SCALES[kind]]] = 0x3C
    for at, byte in {"iq1_m": [(53, 0xC0), (55, 0x30)], "mxfp4": [(0, 127)], "nvfp4": [(at, 0x38) for at in range(4)]}.get(kind, []):
        block[at] = byte
    return block
