# SPDX-License-Identifier: MIT
"""Tests gguf against gguf-py (the wheel gguf) in both directions: values, tensors, versions and byte orders."""

import base64
import builtins
import itertools
import logging
import math
import random
import struct
from types import SimpleNamespace
from unittest import mock

import gguf
from gguf import GGMLQuantizationType, GGUFReader
from gguf.scripts import gguf_convert_endian as tool
from gguf_kit import (ALIGNMENT, BLOCKS, PLAIN, TYPES, UNKNOWN_TO_PEER, VALUES, Tensor, by_hand, check_file, check_peer, check_read,
                      exact, peer_can, peer_read, peer_write, read)
from gguf_samples import FLOATS, KEYS, ONE, SHAPES, everything, items, nested, random_file, scalars
from npz_kit import tenon

tool.logger.setLevel(logging.ERROR)  # the tool prints a warning at each run

# ---- values ----


def test_scalars(bench):
    """Both sides agree on each value alone, and on all in one file."""
    for kind, value in scalars():
        check_file(bench, {"k": (kind, value)}, {}, kind, value)
    everything = {f"{i}.{kind}": (kind, value) for i, (kind, value) in enumerate(scalars())}
    check_file(bench, everything, {}, "all")
    check_file(bench, everything, ONE, "all with a tensor")


def test_arrays(bench):
    generator = random.Random(1)
    for kind in VALUES:
        if kind == "array":
            continue
        for count in (0, 1, 2, 3, 1000):
            value = (kind, items(kind, count, generator))
            check_file(bench, {"before": ("u8", 1), "k": ("array", value), "after": ("string", b"x")}, ONE, kind, count)
    for kind in ("f32", "f64"):
        check_file(bench, {"k": ("array", (kind, FLOATS))}, {}, kind)


def test_nested(bench):
    """Both sides agree on nested arrays of different lengths, depths and types; GGUFWriter writes those that it can."""
    check_file(bench, {"k": ("array", ("array", []))}, {}, "none")
    check_file(bench, {"k": ("array", ("array", [("i32", [1, 2]), ("i32", [3])]))}, {}, "two")
    check_file(bench, {"k": ("array", ("array", [("string", [b"a", b"b"]), ("bool", [True])]))}, {}, "mixed")
    deep = ("i32", [7])
    for _ in range(20):
        deep = ("array", [deep])
    check_file(bench, {"k": ("array", deep)}, ONE, "20 deep")
    generator = random.Random(2)
    kinds = [kind for kind in VALUES if kind != "array"]
    for depth, i in itertools.product((1, 2, 3), range(40)):
        value = ("array", nested(generator, depth, kinds if i % 2 else ["i32", "f32", "bool", "string"]))
        check_file(bench, {"k": value}, {}, "depth", depth, i)


def test_keys(bench):
    check_file(bench, {key: ("u32", i) for i, key in enumerate(KEYS)}, ONE, "in one order")
    check_file(bench, {key: ("string", key.encode()) for key in reversed(KEYS)}, ONE, "in the other")
    check_file(bench, {f"key.{i}": ("u16", i % 65536) for i in range(20000)}, {}, "20,000")
    check_file(bench, {"general.architecture": ("string", b"llama"), "general.file_type": ("u32", 7)}, ONE, "as models begin")


def test_list(bench):
    """The command prints every value, numbers exactly."""
    generator = random.Random(3)
    pairs = {f"{i}.{kind}": (kind, value) for i, (kind, value) in enumerate(scalars())}
    pairs |= {f"array.{kind}": ("array", (kind, items(kind, 9, generator))) for kind in VALUES if kind != "array"}
    pairs["deep"] = ("array", ("array", [("i32", [1, 2]), ("i32", [3])]))
    path = bench.folder / "in.gguf"
    peer_write(path, pairs, ONE)
    listed = bench.list(path)

    def text(kind, value):
        """Returns the value as JSON represents it."""
        if kind == "array":
            return [text(value[0], one) for one in value[1]]
        if kind == "string":
            try:
                return value.decode()
            except UnicodeDecodeError:
                return {"base64": base64.b64encode(value).decode()}
        if kind in ("f32", "f64"):
            value = struct.unpack("<f", struct.pack("<f", value))[0] if kind == "f32" else value
            return value if math.isfinite(value) else {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}[str(value)]
        return value

    kinds = {key: f"array:{value[0]}" if kind == "array" else kind for key, (kind, value) in pairs.items()}
    bench.check(listed["metadata_types"] == kinds, "types are", listed["metadata_types"])
    for key, (kind, value) in pairs.items():
        found = listed["metadata"].get(key)
        bench.check(exact(found) == exact(text(kind, value)), key, "is", str(found)[:100])
    tensor = listed["tensors"][0]
    bench.check((tensor["name"], tensor["dtype"], tensor["shape"]) == ("x", "f32", [3, 5]), "the tensor is", tensor)
    bench.check(bench.output("cat", path, "x") == ONE["x"].data, "cat")


# ---- tensors ----


def test_types_table(bench):
    """The items and bytes of each block agree with gguf-py, but for the types that it does not know."""
    theirs = {kind.name.lower(): (int(kind), *gguf.GGML_QUANT_SIZES[kind]) for kind in GGMLQuantizationType}
    wanted = {name: UNKNOWN_TO_PEER.get(name, row) for name, row in TYPES.items()}
    bench.check({name: row for name, row in wanted.items() if row} == theirs, "gguf-py has other types")
    for name, (_, count, size) in TYPES.items():
        data = by_hand({}, {"x": Tensor(name, (2, 3 * count))})
        _, found = read(data)
        bench.check(found["x"][:2] == (name, (2, 3 * count)) and len(found["x"][2]) == 6 * size, name, "is", found["x"][:2])


def test_plain(bench):
    """GGUFWriter has no bf16 of its own; it writes the same bytes from u16."""
    for kind, shape in itertools.product(PLAIN, SHAPES):
        check_file(bench, {}, {"x": Tensor(kind, shape)}, kind, shape)


def test_blocks(bench):
    for kind, (_, count, _) in BLOCKS.items():
        for shape in [(count,), (3 * count,), (2, count), (3, 2 * count), (2, 3, count), (2, 1, 3, 2 * count), (0, count), (2, 0)]:
            check_file(bench, {}, {"x": Tensor(kind, shape)}, kind, shape)
        path = bench.folder / "cat.gguf"
        path.write_bytes(by_hand({}, {"x": Tensor(kind, (3, 2 * count))}))
        bench.check(bench.output("cat", path, "x") == Tensor(kind, (3, 2 * count)).data, kind, "cat")


def test_everything_at_once(bench):
    generator = random.Random(4)
    pairs = {"general.architecture": ("string", b"llama"), "list": ("array", ("string", [b"a", b""]))}
    check_file(bench, pairs, everything(generator, unknown=False), "known to both")
    check_file(bench, pairs, everything(generator), "all")
    check_file(bench, {}, everything(generator), "all, no keys")


def test_names(bench):
    check_file(bench, {}, {name: Tensor("i8", (i % 40,), i) for i, name in enumerate(KEYS)}, "names")
    check_file(bench, {}, {"n" * length: Tensor("i8", (1,)) for length in range(1, 80)}, "lengths")
    check_file(bench, {}, {f"blk.{i % 64}.{i // 64}.weight": Tensor("f16", (i % 9,)) for i in range(3000)}, "3,000")


def test_alignments(bench):
    """tenon keeps and obeys every alignment that GGUFWriter takes."""
    for shift in range(17):
        alignment = 1 << shift
        pairs = {"general.architecture": ("string", b"x"), "a": ("u8", 1), ALIGNMENT: ("u32", alignment), "b": ("string", b"odd")}
        tensors = {f"t{n}": Tensor("i8", (n,)) for n in (1, 0, 7, 33, 64, 100)} | {"f": Tensor("f64", (2, 2))}
        check_file(bench, pairs, tensors, alignment)
        listed = bench.folder / "out.gguf"
        _, found = peer_read(listed)
        bench.check(list(found) == list(tensors), alignment, "GGUFReader finds", list(found))


def test_without_tensors(bench):
    """gguf-py ends such a file after its keys unless its caller asks for tensors; then gguf-py pads the file. Vocabularies are
    files of the first kind. tenon writes the first kind and reads both."""
    for pairs in ({}, {"k": ("u8", 1)}, {"general.architecture": ("string", b"llama"), "k": ("string", b"odd")}):
        check_file(bench, pairs, {}, pairs)
        path, out = bench.folder / "padded.gguf", bench.folder / "out.gguf"
        writer = gguf.GGUFWriter(path, pairs.get("general.architecture", ("", b""))[1].decode())
        for key, (kind, value) in pairs.items():
            if key != "general.architecture":
                writer.add_key_value(key, value, gguf.GGUFValueType(VALUES[kind][0]))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        data = path.read_bytes()
        bench.check(len(data) % 32 == 0, "GGUFWriter does not pad any more: no test")
        check_read(bench, path, pairs, {}, "padded")
        tenon().convert(path, out)
        bench.check(out.read_bytes() == by_hand(pairs, {}) == data[:len(by_hand(pairs, {}))], "padded: other bytes")


# ---- versions and byte orders ----


def test_random(bench):
    """Both sides agree on 1,500 random files."""
    generator, by_peer = random.Random(5), 0
    for i in range(1500):
        pairs, tensors = random_file(generator)
        by_peer += peer_can(pairs, tensors)
        check_file(bench, pairs, tensors, "file", i)
    bench.check(by_peer > 300, "GGUFWriter wrote", by_peer)


def test_versions(bench):
    """Version 1 has sizes of 32 bits; version 2 has the layout of 3. tenon writes both as 3; GGUFReader reads 2 and 3."""
    generator = random.Random(6)
    path, out = bench.folder / "in.gguf", bench.folder / "out.gguf"
    for i in range(200):
        pairs, tensors = random_file(generator)
        for version in (1, 2):
            path.write_bytes(by_hand(pairs, tensors, version))
            check_read(bench, path, pairs, tensors, "version", version, i)
            if version == 2:
                check_peer(bench, path, pairs, tensors, "version 2", i)
            tenon().convert(path, out)
            bench.check(out.read_bytes() == by_hand(pairs, tensors), "version", version, i, "becomes something else")


def test_big_endian(bench):
    """Big-endian files, by GGUFWriter and by hand, give the same values and little-endian bytes, and convert to little-endian files."""
    generator = random.Random(7)
    path, out = bench.folder / "in.gguf", bench.folder / "out.gguf"
    files = [({}, {"x": Tensor(kind, (2, 2 * row[1]))}) for kind, row in TYPES.items()]
    files += [({f"{i}.{kind}": (kind, value) for i, (kind, value) in enumerate(scalars())}, ONE)]
    files += [random_file(generator) for _ in range(300)]
    for i, (pairs, tensors) in enumerate(files):
        data = by_hand(pairs, tensors, big=True)
        if peer_can(pairs, tensors):
            peer_write(path, pairs, tensors, big=True)
            bench.check(path.read_bytes() == data, "big", i, "by hand it differs from what GGUFWriter writes")
        path.write_bytes(data)
        check_read(bench, path, pairs, tensors, "big", i)
        tenon().convert(path, out)
        bench.check(out.read_bytes() == by_hand(pairs, tensors), "big", i, "becomes something else")
        path.write_bytes(by_hand(pairs, tensors))
        tenon().convert(path, out, "gguf.byte_order=big")
        bench.check(out.read_bytes() == data, "big", i, "is written in another way")


def test_big_endian_tool(bench):
    """gguf-py's tool swaps the byte order of tenon's files in place; they keep the same tensors."""
    pairs = {"general.architecture": ("string", b"llama"), "u": ("u64", 2**60 + 1), "d": ("f64", 0.1), "l": ("array", ("i16", [1, -2, 3])),
             "s": ("array", ("string", [b"a", b"bc"]))}
    kinds = ["f32", "f16", "bf16", *(kind.name.lower() for kind in tool.byteswap_tensors)]
    tensors = {kind: Tensor(kind, (3, 2 * TYPES[kind][1])) for kind in kinds}
    path, out = bench.folder / "in.gguf", bench.folder / "out.gguf"
    path.write_bytes(by_hand(pairs, tensors))
    with mock.patch.object(builtins, "input", lambda _: "YES"), mock.patch.object(tool, "tqdm", lambda rows, **_: Quiet(rows)):
        tool.convert_byteorder(GGUFReader(path, "r+"), SimpleNamespace(order="big", dry_run=False))
    bench.check(path.read_bytes() == by_hand(pairs, tensors, big=True), "by hand it differs from what the tool makes")
    check_read(bench, path, pairs, tensors, "by the tool")
    tenon().convert(path, out)
    bench.check(out.read_bytes() == by_hand(pairs, tensors), "does not come back")


class Quiet:
    """Replaces the progress bar of gguf-py's tool."""

    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        return iter(self.rows)

    def set_description(self, text):
        pass
