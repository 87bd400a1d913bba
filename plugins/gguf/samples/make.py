#!/usr/bin/env python3
"""make.py FOLDER: writes the small samples again, with gguf-py and by hand. See ORIGIN."""

import logging
import pathlib
import struct
import sys

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
CODES = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "B", U64: "Q", I64: "q", F64: "d"}
# name → number, elements and bytes of a block, its integers of 2 and 4 bytes (offset, size, count), its f16 scales (ggml-common.h)
TYPES = {
    "f32": (0, 1, 4, [(0, 4, 1)], []), "f16": (1, 1, 2, [(0, 2, 1)], []), "q4_0": (2, 32, 18, [(0, 2, 1)], [0]),
    "q4_1": (3, 32, 20, [(0, 2, 2)], [0, 2]), "q5_0": (6, 32, 22, [(0, 2, 1), (2, 4, 1)], [0]),
    "q5_1": (7, 32, 24, [(0, 2, 2), (4, 4, 1)], [0, 2]), "q8_0": (8, 32, 34, [(0, 2, 1)], [0]),
    "q8_1": (9, 32, 36, [(0, 2, 2)], [0, 2]), "q2_k": (10, 256, 84, [(80, 2, 2)], [80, 82]),
    "q3_k": (11, 256, 110, [(108, 2, 1)], [108]), "q4_k": (12, 256, 144, [(0, 2, 2)], [0, 2]),
    "q5_k": (13, 256, 176, [(0, 2, 2)], [0, 2]), "q6_k": (14, 256, 210, [(208, 2, 1)], [208]),
    "q8_k": (15, 256, 292, [(0, 4, 1), (260, 2, 16)], []), "iq2_xxs": (16, 256, 66, [(0, 2, 33)], [0]),
    "iq2_xs": (17, 256, 74, [(0, 2, 33)], [0]), "iq3_xxs": (18, 256, 98, [(0, 2, 1), (66, 4, 8)], [0]),
    "iq1_s": (19, 256, 50, [(0, 2, 1), (34, 2, 8)], [0]), "iq4_nl": (20, 32, 18, [(0, 2, 1)], [0]),
    "iq3_s": (21, 256, 110, [(0, 2, 1)], [0]), "iq2_s": (22, 256, 82, [(0, 2, 1)], [0]),
    "iq4_xs": (23, 256, 136, [(0, 2, 2)], [0]), "i8": (24, 1, 1, [], []), "i16": (25, 1, 2, [(0, 2, 1)], []),
    "i32": (26, 1, 4, [(0, 4, 1)], []), "i64": (27, 1, 8, [(0, 8, 1)], []), "f64": (28, 1, 8, [(0, 8, 1)], []),
    "iq1_m": (29, 256, 56, [(48, 2, 4)], []), "bf16": (30, 1, 2, [(0, 2, 1)], []), "tq1_0": (34, 256, 54, [(52, 2, 1)], [52]),
    "tq2_0": (35, 256, 66, [(64, 2, 1)], [64]), "mxfp4": (39, 32, 17, [], []), "nvfp4": (40, 64, 36, [], []),
    "q1_0": (41, 128, 18, [(0, 2, 1)], [0]), "q2_0": (42, 64, 18, [(0, 2, 1)], [0]),
}


def count(shape):
    return int(np.prod(shape, dtype=np.int64)) if shape else 1


def data_of(name, shape):
    """Bytes that count up by sevens; f16 scales are 1 (0x3c00), and what else could be a scale is no NaN."""
    _, items, size, _, scales = TYPES[name]
    blocks = []
    for number in range(count(shape) // items):
        block = bytearray((7 * (i + number * size) + 1) & 0x7F for i in range(size))
        for offset in scales:
            block[offset:offset + 2] = b"\0\x3c"
        if name == "q8_k":
            block[0:4] = struct.pack("<f", 1)
        if name == "iq1_m":
            block[48:56] = struct.pack("<4H", 0x0123, 0x0456, 0xC789, 0x3ABC)
        blocks.append(bytes(block))
    return b"".join(blocks)


def turned(name, data):
    """The same in the other byte order."""
    _, _, size, fields, _ = TYPES[name]
    data = bytearray(data)
    for start in range(0, len(data), size):
        for offset, width, number in fields:
            for i in range(number):
                at = start + offset + i * width
                data[at:at + width] = data[at:at + width][::-1]
    return bytes(data)


class Hand:
    """A file by the words of the specification."""

    def __init__(self, version=3, big=False, alignment=32):
        self.order, self.big, self.version, self.alignment = ">" if big else "<", big, version, alignment

    def number(self, kind, value):
        return struct.pack(self.order + CODES[kind], value)

    def size(self, value):
        return self.number(U32 if self.version == 1 else U64, value)

    def text(self, value):
        return self.size(len(value)) + value

    def value(self, kind, value):
        if kind == STRING:
            return self.text(value)
        if kind == ARRAY:
            item, values = value
            return self.number(U32, item) + self.size(len(values)) + b"".join(self.value(item, one) for one in values)
        return self.number(kind, value)

    def file(self, pairs, tensors, offsets=None, end=None):
        """tensors: name → (type, shape). end: bytes to be cut off, or to be added. offsets: of the data, else one after the other."""
        head = b"GGUF" + self.number(U32, self.version) + self.size(len(tensors)) + self.size(len(pairs))
        for key, kind, value in pairs:
            head += self.text(key) + self.number(U32, kind) + self.value(kind, value)
        place, data = 0, {}
        for name, (kind, shape) in tensors.items():
            piece = data_of(kind, shape)
            at = place if offsets is None else offsets[name]
            data[at] = turned(kind, piece) if self.big else piece
            head += self.text(name.encode()) + self.number(U32, len(shape)) + b"".join(self.size(dim) for dim in reversed(shape))
            head += self.number(U32, TYPES[kind][0]) + self.number(U64, at)
            place += self.padded(len(piece))
        body = b""
        for at in sorted(data):
            body += b"\0" * (at - len(body)) + data[at]
        if tensors:
            head += b"\0" * (-len(head) % self.alignment)
            body += b"\0" * (-len(body) % self.alignment)
        whole = head + body
        return whole if end is None else whole[:end] if isinstance(end, int) else whole + end

    def padded(self, length):
        return -(-length // self.alignment) * self.alignment


def cksum(data):
    """POSIX cksum."""
    def feed(crc, byte):
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1
        return crc & 0xFFFFFFFF
    crc, length = 0, len(data)
    for byte in data:
        crc = feed(crc, byte)
    while length:
        crc, length = feed(crc, length & 255), length >> 8
    return ~crc & 0xFFFFFFFF


def expected(tensors):
    """name, dtype, shape, bytes, checksum of the bytes in little-endian order."""
    lines = []
    for name, (kind, shape) in tensors.items():
        data = data_of(kind, shape)
        lines.append(f"{name}\t{kind}\t[{','.join(map(str, shape))}]\t{len(data)}\t{cksum(data)}\n")
    return "".join(lines)


def by_library(path, pairs, tensors, **options):
    writer = GGUFWriter(path, "test", **options)
    for key, kind, value in pairs:
        {STRING: writer.add_string, U32: writer.add_uint32, F32: writer.add_float32, ARRAY: writer.add_array}[kind](key, value)
    for name, (kind, shape) in tensors.items():
        number, items, size, _, _ = TYPES[kind]
        data = np.frombuffer(data_of(kind, shape), np.uint8)
        # of blocks it wants the shape in bytes
        writer.add_tensor(name, data.reshape(*shape[:-1], shape[-1] // items * size), raw_dtype=GGMLQuantizationType(number))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


VALUES = [
    (b"a.u8", U8, 255), (b"a.i8", I8, -128), (b"a.u16", U16, 65535), (b"a.i16", I16, -32768), (b"a.u32", U32, 4294967295),
    (b"a.i32", I32, -2147483648), (b"a.f32", F32, 0.1), (b"a.true", BOOL, 1), (b"a.false", BOOL, 0), (b"a.string", STRING, "é\n".encode()),
    (b"a.empty", STRING, b""), (b"a.u64", U64, 18446744073709551615), (b"a.i64", I64, -9223372036854775808), (b"a.f64", F64, 0.1),
    (b"b.u8", ARRAY, (U8, [0, 127, 255])), (b"b.i8", ARRAY, (I8, [-1])), (b"b.u16", ARRAY, (U16, [1, 256])),
    (b"b.i16", ARRAY, (I16, [-2])), (b"b.u32", ARRAY, (U32, [1, 65536])), (b"b.i32", ARRAY, (I32, [-3])),
    (b"b.f32", ARRAY, (F32, [1.5, -0.0])), (b"b.bool", ARRAY, (BOOL, [1, 0, 1])), (b"b.string", ARRAY, (STRING, [b"", b"x", b"\0y"])),
    (b"b.u64", ARRAY, (U64, [1 << 40])), (b"b.i64", ARRAY, (I64, [-4])), (b"b.f64", ARRAY, (F64, [2.5])), (b"b.none", ARRAY, (F32, [])),
    (b"c.nested", ARRAY, (ARRAY, [(U16, [1, 2]), (STRING, [b"z"]), (ARRAY, [(I8, [-5]), (U8, [])])])),
]
BLOCKS = {name: (name, (2, items) if size < 40 else (items,)) for name, (_, items, size, _, _) in TYPES.items() if items > 1}
PLAIN = {name: (name, (2, 3)) for name, (_, items, _, _, _) in TYPES.items() if items == 1}
DIMS = {"none": ("f32", ()), "one": ("f32", (1,)), "outer ones": ("i8", (1, 1, 3)), "four": ("i16", (2, 1, 3, 2)), "zero": ("f32", (0,)),
        "zeros": ("f64", (2, 0, 3)), "no blocks": ("q4_0", (0, 32)), "é": ("i8", (3,))}
SIX = {f"blk.{i}.weight": ("f32", (i + 1, 8)) for i in range(5)} | {"output.weight": ("q8_0", (1, 32))}
NAMED = [("general.name", STRING, "six tensors"), ("test.block_count", U32, 5), ("test.eps", F32, 1e-5),
         ("tokenizer.ggml.tokens", ARRAY, ["a", "bb", "ccc"])]
ARCHITECTURE = (b"general.architecture", STRING, b"test")


def split_keys(number, parts, tensors):
    return [(b"split.no", U16, number), (b"split.count", U16, parts), (b"split.tensors.count", I32, tensors)]


def golden(folder):
    """What must come back as it was."""
    files = {"values": (VALUES, {}), "blocks": ([], BLOCKS), "plain": ([], PLAIN), "dims": ([], DIMS), "empty": ([], {}),
             "merged": ([ARCHITECTURE, *split_keys(0, 0, 1)], {"x": ("f32", (3,))})}
    for name, (pairs, tensors) in files.items():
        (folder / f"{name}.gguf").write_bytes(Hand().file(pairs, tensors))
        (folder / f"{name}.expected").write_text(expected(tensors))
    for alignment in 1, 8, 64, 256:
        pairs = [ARCHITECTURE, (b"general.alignment", U32, alignment)]
        tensors = {"a": ("i8", (3,)), "b": ("f32", (2,)), "c": ("i8", (1,))}
        (folder / f"aligned-{alignment}.gguf").write_bytes(Hand(alignment=alignment).file(pairs, tensors))
        (folder / f"aligned-{alignment}.expected").write_text(expected(tensors))
    by_library(folder / "gguf-py.gguf", NAMED, SIX)
    (folder / "gguf-py.expected").write_text(expected(SIX))


def others(folder):
    """golden's in other versions, and in the other byte order: they come back as golden's."""
    for name, pairs, tensors in (("values", VALUES, {}), ("blocks", [], BLOCKS), ("plain", [], PLAIN), ("dims", [], DIMS)):
        for prefix, hand in (("big-endian", Hand(big=True)), ("v1", Hand(1)), ("v2", Hand(2))):
            if name != "blocks" or hand.big:
                (folder / f"{prefix}-{name}.gguf").write_bytes(hand.file(pairs, tensors))


def odd(folder):
    """Legal files that gguf-py does not write, and what it would write of the same."""
    def put(name, data, pairs, tensors):
        (folder / f"{name}.gguf").write_bytes(data)
        (folder / f"{name}.as-v3").write_bytes(Hand().file(pairs, tensors))
    three = {"a": ("i8", (3,)), "b": ("f32", (2,)), "c": ("i8", (1,))}
    put("other-order", Hand().file([], three, {"a": 64, "b": 32, "c": 0}), [], three)
    put("gaps", Hand().file([], three, {"a": 32, "b": 128, "c": 224}), [], three)
    put("no-last-pad", Hand().file([], three, end=-31), [], three)
    put("bytes-after", Hand().file([], three, end=b"more"), [], three)
    put("padded-infos", Hand().file(VALUES[:1], {}, end=b"\0" * 20), VALUES[:1], {})  # ggml pads without tensors, too


def sets(folder):
    """Parts by gguf-py; and by hand with another alignment, which gguf-py and llama.cpp do not tell the later parts."""
    (folder / "set").mkdir(exist_ok=True)
    by_library(folder / "set" / "m.gguf", NAMED, SIX, split_max_tensors=2)
    by_library(folder / "set-as-one.gguf", NAMED, SIX)
    pairs = [ARCHITECTURE, (b"general.alignment", U32, 64)]
    (folder / "aligned-set").mkdir(exist_ok=True)
    names = list(SIX)
    for number in range(3):
        part = {name: SIX[name] for name in names[2 * number:2 * number + 2]}
        own = (pairs if number == 0 else pairs[1:]) + split_keys(number, 3, 6)
        (folder / "aligned-set" / f"m-{number + 1:05}-of-00003.gguf").write_bytes(Hand(alignment=64).file(own, part))
    (folder / "aligned-set-as-one.gguf").write_bytes(Hand(alignment=64).file(pairs, SIX))
    (folder / "set.expected").write_text(expected(SIX))


def main():
    logging.disable()
    root = pathlib.Path(sys.argv[1])
    for name, make in (("golden", golden), ("others", others), ("odd", odd)):
        (root / name).mkdir(exist_ok=True)
        make(root / name)
    sets(root)


main()
