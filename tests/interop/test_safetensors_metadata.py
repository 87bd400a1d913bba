# SPDX-License-Identifier: MIT
"""Tests typed metadata in safetensors files with the reference library: what it sees, and what it may change. This file has a
second implementation of the convention, written from tenon-safetensors(7)."""

import json
import math
import struct

import gguf
import numpy as np
import safetensors.numpy
from npz_kit import tenon
from safetensors import safe_open

# key, gguf-py's type, value; for arrays the type of the items
VALUES = [
    ("z.text", "STRING", 'a "quoted" \\ text\né漢', None),
    ("general.alignment", "UINT32", 32, None),
    ("u8", "UINT8", 255, None), ("i8", "INT8", -128, None), ("u16", "UINT16", 65535, None), ("i16", "INT16", -32768, None),
    ("u32", "UINT32", 2**32 - 1, None), ("i32", "INT32", -(2**31), None), ("u64", "UINT64", 2**64 - 1, None),
    ("i64", "INT64", -(2**63), None), ("yes", "BOOL", True, None), ("no", "BOOL", False, None),
    ("f32", "FLOAT32", 0.1, None), ("f32.inf", "FLOAT32", math.inf, None), ("f32.nan", "FLOAT32", math.nan, None),
    ("f64", "FLOAT64", 0.1, None), ("f64.zero", "FLOAT64", -0.0, None), ("f64.least", "FLOAT64", 5e-324, None),
    ("a.u8", "ARRAY", [1, 2, 255], "UINT8"), ("a.i64", "ARRAY", [-1, 2**62], "INT64"), ("a.f32", "ARRAY", [1.5, -0.25], "FLOAT32"),
    ("a.text", "ARRAY", ["a", "", '"é'], "STRING"), ("a.bool", "ARRAY", [True, False], "BOOL"),
    ("tenon.metadata", "STRING", "a text of one's own", None),
]
WORDS = {"UINT8": "u8", "INT8": "i8", "UINT16": "u16", "INT16": "i16", "UINT32": "u32", "INT32": "i32", "UINT64": "u64",
         "INT64": "i64", "BOOL": "bool", "FLOAT32": "f32", "FLOAT64": "f64", "STRING": "string"}
TENSORS = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.arange(4, dtype=np.int8)}


def write_gguf(path):
    writer = gguf.GGUFWriter(path, "llama")
    writer.kv_data[0].clear()
    for key, kind, value, items in VALUES:
        writer.add_key_value(key, value, gguf.GGUFValueType[kind], gguf.GGUFValueType[items] if items else None)
    for name, array in TENSORS.items():
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


def seen(path):
    with safe_open(path, "numpy") as file:
        return dict(file.metadata()), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def number(value):
    """Returns a float in the form of the convention."""
    if math.isfinite(value):
        return value
    return {"bits": struct.unpack("<Q", struct.pack("<d", value))[0]}


def plain(kind, value):
    return number(value) if kind in ("FLOAT32", "FLOAT64") else value


def encoded():
    """Returns the same metadata in the form of the convention."""
    texts, types, own = {}, {}, None
    for key, kind, value, items in VALUES:
        if key == "tenon.metadata":
            own = {"type": "string", "value": value}
        elif kind == "STRING":
            texts[key] = value
        else:
            texts[key] = json.dumps([plain(items, item) for item in value] if items else plain(kind, value), ensure_ascii=False)
            types[key] = [WORDS[items]] if items else WORDS[kind]
    record = {"version": 1, "types": types, "order": [key for key, *_ in VALUES], "own": own}
    texts["tenon.metadata"] = json.dumps(record, ensure_ascii=False)
    return texts


def test_reference_sees_strings(bench):
    """The reference sees each key with its text, which is JSON unless the value is a string; and the tensors."""
    path, out = bench.folder / "in.gguf", bench.folder / "out.safetensors"
    write_gguf(path)
    tenon().convert(path, out)
    metadata, tensors = seen(out)
    wanted = encoded()
    bench.check(set(metadata) == set(wanted), "keys", set(metadata) ^ set(wanted))
    for key, kind, _, _ in VALUES:
        if key == "tenon.metadata" or kind != "STRING":
            bench.check(json.loads(metadata[key]) == json.loads(wanted[key]), key, metadata[key], wanted[key])
        else:
            bench.check(metadata[key] == wanted[key], key, metadata[key], wanted[key])
    for name, array in TENSORS.items():
        bench.check(tensors[name].dtype == array.dtype and np.array_equal(tensors[name], array), name)
    bench.check(set(safetensors.numpy.load_file(out)) == set(TENSORS), "load_file")


def test_made_by_another(bench):
    """tenon converts a file of the reference library, with metadata in the convention, to gguf-py's bytes."""
    path, out = bench.folder / "in.safetensors", bench.folder / "out.gguf"
    wanted = write_gguf(bench.folder / "wanted.gguf")
    safetensors.numpy.save_file(TENSORS, path, metadata=encoded())
    order = ["--only=b", "--only=a"]

    found = bench.convert(path, out, "--strict", *order)
    head = wanted.index(struct.pack("<Q", 1) + b"b" + struct.pack("<I", 2))  # the infos begin here: the tensors are in another order
    bench.check(found is not None and found[:head] == wanted[:head], "keys and values are not those of gguf-py")


def test_rewritten_by_the_reference(bench):
    """The reference writes keys in another order at each save: the record restores their order, and with --carry that of tensors."""
    path, middle, again, out = (bench.folder / name for name in ("in.gguf", "a.safetensors", "b.safetensors", "out.gguf"))
    wanted = write_gguf(path)
    tenon().convert(path, middle)
    bench.convert(path, middle, "--carry", "--strict")
    for _ in range(5):
        metadata, tensors = seen(middle)
        safetensors.numpy.save_file(tensors, again, metadata=metadata)
        bench.check(bench.convert(again, out, "--strict") == wanted, "the bytes are others")


def test_edited(bench):
    """A text that fits its type is the new value; one that does not makes all values strings, with a note."""
    path, middle, again = (bench.folder / name for name in ("in.gguf", "a.safetensors", "b.safetensors"))
    write_gguf(path)
    tenon().convert(path, middle)
    for text, fits in [("7", True), (" 7\n", True), ("256", False), ("seven", False), ("7.0", False)]:
        metadata, tensors = seen(middle)
        metadata["u8"] = text
        safetensors.numpy.save_file(tensors, again, metadata=metadata)
        listed = bench.list(again)
        if fits:
            bench.check(listed["metadata"]["u8"] == 7 and listed["metadata_types"]["u8"] == "u8", text, listed["metadata"]["u8"])
        else:
            bench.check(listed["metadata"]["u8"] == text and listed["metadata"]["u16"] == "65535", text)
            _, _, error = bench.run("ls", again)
            bench.check("the key 'u8' is no u8" in error, text, error)


def test_strings_alone(bench):
    """With strings alone tenon writes no record, and the bytes that the reference writes."""
    path, out = bench.folder / "in.safetensors", bench.folder / "out.safetensors"
    safetensors.numpy.save_file(TENSORS, path, metadata={"format": "pt"})
    bench.check(bench.convert(path, out) == path.read_bytes(), "the bytes are others")
