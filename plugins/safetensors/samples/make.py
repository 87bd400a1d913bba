#!/usr/bin/env python3
"""make.py FOLDER: writes the samples again, with the reference library (safetensors) and MLX. See ORIGIN."""

import ctypes
import json
import pathlib
import sys

import mlx.core as mx
from safetensors import TensorSpec, deserialize, serialize

# tenon's name and bits of each of the format's words
WORDS = {"U64": "u64 64", "I64": "i64 64", "F64": "f64 64", "C64": "c64 64", "F32": "f32 32", "U32": "u32 32", "I32": "i32 32",
         "BF16": "bf16 16", "F16": "f16 16", "U16": "u16 16", "I16": "i16 16", "F8_E5M2FNUZ": "f8_e5m2fnuz 8",
         "F8_E4M3FNUZ": "f8_e4m3fnuz 8", "F8_E8M0": "f8_e8m0 8", "F8_E4M3": "f8_e4m3 8", "F8_E5M2": "f8_e5m2 8", "I8": "i8 8",
         "U8": "u8 8", "F6_E3M2": "f6_e3m2 6", "F6_E2M3": "f6_e2m3 6", "F4": "f4 4", "BOOL": "bool 8"}
# what the library calls those that it writes
NAMES = {"U64": "uint64", "I64": "int64", "F64": "float64", "C64": "complex64", "F32": "float32", "U32": "uint32", "I32": "int32",
         "BF16": "bfloat16", "F16": "float16", "U16": "uint16", "I16": "int16", "F8_E5M2FNUZ": "float8_e5m2fnuz",
         "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E8M0": "float8_e8m0fnu", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
         "I8": "int8", "U8": "uint8", "F4": "float4_e2m1fn_x2", "BOOL": "bool"}


def data_of(word, shape):
    """Bytes that count up; truths are 0 or 1."""
    bits = int(WORDS[word].split()[1])
    for dim in shape:
        bits *= dim
    return bytearray((i & 1) if word == "BOOL" else (7 * i + 1) & 255 for i in range(bits // 8))


def by_library(tensors, metadata=None):
    """tensors: name → (word, shape)."""
    kept, specs = [], {}
    for name, (word, shape) in tensors.items():
        data = data_of(word, shape)
        kept.append(data)
        if word == "F4":
            shape = (*shape[:-1], shape[-1] // 2)
        address = ctypes.addressof((ctypes.c_char * len(data)).from_buffer(data)) if data else 0
        specs[name] = TensorSpec(dtype=NAMES[word], shape=shape, data_ptr=address, data_len=len(data))
    return bytes(serialize(specs, metadata=metadata))


def by_hand(tensors, metadata=None, space="", indent=None, pad=True):
    """In the order of `tensors`, which the library changes."""
    header, data = {} if metadata is None else {"__metadata__": metadata}, b""
    for name, (word, shape) in tensors.items():
        piece = bytes(data_of(word, shape))
        header[name] = {"dtype": word, "shape": list(shape), "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(header, separators=("," + space, ":" + space), indent=indent, ensure_ascii=False).encode()
    return with_header(text + b" " * (-len(text) % 8 if pad else 0), data)


def with_header(text, data):
    return len(text).to_bytes(8, "little") + text + data


def cksum(data):
    """POSIX'."""
    crc, length = 0, len(data)
    while length:
        data += bytes([length & 0xFF])
        length >>= 8
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc ^ 0xFFFFFFFF


def expected(path):
    """What the library finds: a line for each tensor."""
    lines = []
    for name, row in deserialize(path.read_bytes()):
        shape = ",".join(str(dim) for dim in row["shape"])
        data = bytes(row["data"])
        lines.append(f"{name}\t{WORDS[row['dtype']].split()[0]}\t[{shape}]\t{len(data)}\t{cksum(data)}\n")
    path.with_suffix(".expected").write_text("".join(sorted(lines)), encoding="utf-8")


EVERY = {f"{word.lower()}.w": (word, (2, 4)) for word in WORDS}
SIX = ("F6_E3M2", "F6_E2M3")
NAMED = ["'", '"', "\\", "\b\f\n\r\t", "\x01\x1f", "\x7f", "é", "漢字", "\U0001f600", "a/b", "../x", "{}", "__metadata"]


def golden(folder):
    written = {name: row for name, row in EVERY.items() if row[0] not in SIX}
    files = {
        "dtypes": by_library(written),
        "f6": by_hand({"a": ("F6_E3M2", (4,)), "b": ("F6_E3M2", (2, 2, 3)), "a2": ("F6_E2M3", (2, 4)), "e": ("F6_E2M3", (0, 3))}),
        "f4": by_library({"a": ("F4", (2,)), "b": ("F4", (3, 2))}),
        "f4-odd-rows": by_hand({"a": ("F4", (2, 3))}),
        "shapes": by_library({"none": ("F32", ()), "empty": ("F32", (0,)), "empty-rows": ("I16", (3, 0)), "one": ("U8", (1,)),
                              "five": ("BF16", (1, 2, 1, 3, 1)), "rank-64": ("U8", (1,) * 64)}),
        "empty": by_library({}),
        "metadata": by_library({"x": ("F32", (2,))}, {"format": "pt"}),
        "metadata-alone": by_library({}, {"k\n\"\\": "v\t\x01é"}),
        "odd-offset": by_library({"a": ("F32", (1,)), "b": ("U8", (3,))}, {"k": "v"}),
    }
    for name, data in files.items():
        (folder / f"{name}.safetensors").write_bytes(data)
        expected(folder / f"{name}.safetensors")
    (folder / "names.safetensors").write_bytes(by_library({name: ("I16", (i % 3,)) for i, name in enumerate(NAMED)}))


def odd(folder):
    """Beside each what the library writes of the same tensors."""
    some = {"b": ("U8", (3,)), "a": ("F32", (1, 2)), "c": ("F64", (0, 7)), "d": ("I16", ())}
    pairs = {
        "mlx": (None, {"b": ("U8", (3,)), "a": ("F32", (1, 2))}, None),
        "mlx-metadata": (None, {"a": ("F32", (1, 2))}, {"format": "mlx"}),
        "other-order": (by_hand(some), some, None),
        "spaces": (by_hand(some, {"k": "v"}, " ", 2, False), some, {"k": "v"}),
        "unpadded": (by_hand(some, pad=False), some, None),
        "spaces-around": (with_header(b"\n\t\r {} \n", b""), {}, None),
        "metadata-null": (with_header(b'{"__metadata__":null}', b""), {}, None),
        "metadata-none": (with_header(b'{"__metadata__":{}}', b""), {}, None),
        "metadata-last": (with_header(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"__metadata__":{"k":"v"}}', b"\1"),
                          {"a": ("U8", (1,))}, {"k": "v"}),
        "escapes": (with_header(b'{"\\u0061\\/\\ud83d\\ude00":{"\\u0064type":"\\u00558","s\\u0068ape":[1],"data_offset\\u0073":[0,1]}}', b"\1"),
                    {"a/\U0001f600": ("U8", (1,))}, None),
        "keys-in-another-order": (with_header(b'{"a":{"data_offsets":[0,1],"shape":[1],"dtype":"U8"}}', b"\1"), {"a": ("U8", (1,))}, None),
        "unknown-keys": (with_header(b'{"a":{"more":{"x":[1.5e3,null,"y"]},"dtype":"U8","shape":[1],"data_offsets":[0,1],"z":true}}', b"\1"),
                         {"a": ("U8", (1,))}, None),
        "misaligned": (by_hand({"b": ("U8", (1,)), "a": ("F32", (1,))}, pad=False), {"b": ("U8", (1,)), "a": ("F32", (1,))}, None),
    }
    for name, (data, tensors, metadata) in pairs.items():
        path = folder / f"{name}.safetensors"
        if data is None:
            arrays = {key: mx.array(list(data_of("U8", shape)), mx.uint8) if word == "U8" else
                      mx.array(list(data_of("U8", (4 * shape[0] * shape[1],))), mx.uint8).view(mx.float32).reshape(shape)
                      for key, (word, shape) in tensors.items()}
            mx.save_safetensors(str(path), arrays, metadata=metadata)
        else:
            path.write_bytes(data)
        (folder / f"{name}.as-reference").write_bytes(by_library(tensors, metadata))


def sharded(folder):
    """A set as the Hugging Face hub lays it out, 16 bytes a shard at most; and the same in one file."""
    tensors = {"head.w": ("F32", (2, 2)), "layers.0.w": ("BF16", (2, 2)), "layers.0.b": ("F32", (2,)), "norm é": ("U8", (5,))}
    shards = [["head.w"], ["layers.0.w", "layers.0.b"], ["norm é"]]
    files = [f"model-{i + 1:05d}-of-00003.safetensors" for i in range(3)]
    metadata = {"format": "pt"}
    for file, names in zip(files, shards):
        (folder / file).write_bytes(by_library({name: tensors[name] for name in names}, metadata))
    index = {"metadata": {"total_size": sum(len(data_of(*row)) for row in tensors.values())},
             "weight_map": {name: file for file, names in zip(files, shards) for name in names}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (folder.parent / "set-as-one.safetensors").write_bytes(by_library(tensors, metadata))
    (folder.parent / "set-in-order.safetensors").write_bytes(by_hand(tensors, metadata))


for make in (golden, odd, sharded):
    target = pathlib.Path(sys.argv[1]) / ("set" if make is sharded else make.__name__)
    target.mkdir(exist_ok=True)
    make(target)
