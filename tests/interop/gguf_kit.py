# SPDX-License-Identifier: MIT
"""Functions that the tests of gguf share: they make files by hand and by gguf-py's GGUFWriter, read them by tenon and by
GGUFReader, and find the sample files.

A value is (type, value); an array's value is (type of the items, list of their values). Strings are bytes."""

import contextlib
import ctypes as c
import logging
import math
import os
import pathlib
import random
import struct

import ml_dtypes
import numpy as np
from gguf import GGMLQuantizationType, GGUFEndian, GGUFReader, GGUFValueType, GGUFWriter
from npz_kit import tenon  # before libtenon: npz_kit adds its folder to sys.path
from libtenon import DTYPES as NUMBERS
from libtenon import Request, TenonError  # noqa: F401

logging.getLogger("gguf").setLevel(logging.ERROR)

# ---- types, from the specification of GGUF and ggml.h ----

# tenon's name: number in files, letter for struct (None: the size is not fixed).
VALUES = {"u8": (0, "B"), "i8": (1, "b"), "u16": (2, "H"), "i16": (3, "h"), "u32": (4, "I"), "i32": (5, "i"), "f32": (6, "f"),
          "bool": (7, "?"), "string": (8, None), "array": (9, None), "u64": (10, "Q"), "i64": (11, "q"), "f64": (12, "d")}
VALUE_NAMES = {number: name for name, (number, _) in VALUES.items()}
# Number in files, items and bytes of a block.
PLAIN = {"f32": (0, 1, 4), "f16": (1, 1, 2), "i8": (24, 1, 1), "i16": (25, 1, 2), "i32": (26, 1, 4), "i64": (27, 1, 8),
         "f64": (28, 1, 8), "bf16": (30, 1, 2)}
BLOCKS = {"q4_0": (2, 32, 18), "q4_1": (3, 32, 20), "q5_0": (6, 32, 22), "q5_1": (7, 32, 24), "q8_0": (8, 32, 34), "q8_1": (9, 32, 36),
          "q2_k": (10, 256, 84), "q3_k": (11, 256, 110), "q4_k": (12, 256, 144), "q5_k": (13, 256, 176), "q6_k": (14, 256, 210),
          "q8_k": (15, 256, 292), "iq2_xxs": (16, 256, 66), "iq2_xs": (17, 256, 74), "iq3_xxs": (18, 256, 98), "iq1_s": (19, 256, 50),
          "iq4_nl": (20, 32, 18), "iq3_s": (21, 256, 110), "iq2_s": (22, 256, 82), "iq4_xs": (23, 256, 136), "iq1_m": (29, 256, 56),
          "tq1_0": (34, 256, 54), "tq2_0": (35, 256, 66), "mxfp4": (39, 32, 17), "nvfp4": (40, 64, 36), "q1_0": (41, 128, 18),
          "q2_0": (42, 64, 18)}
TYPES = PLAIN | BLOCKS
TYPE_NAMES = {row[0]: name for name, row in TYPES.items()}
# Types that differ in gguf-py 0.19.0: it has no q2_0, and its q8_1 has two f32 in 40 bytes, where ggml has two f16 in 36.
UNKNOWN_TO_PEER = {"q2_0": None, "q8_1": (9, 32, 40)}
NUMPY = {"f32": "<f4", "f16": "<f2", "i8": "i1", "i16": "<i2", "i32": "<i4", "i64": "<i8", "f64": "<f8", "bf16": ml_dtypes.bfloat16}
# The numbers of several bytes in a block: offset, size, count (structs of ggml-common.h). mxfp4 and nvfp4 have none.
FIELDS = {"q4_0": [(0, 2, 1)], "q4_1": [(0, 2, 2)], "q5_0": [(0, 2, 1), (2, 4, 1)], "q5_1": [(0, 2, 2), (4, 4, 1)], "q8_0": [(0, 2, 1)],
          "q8_1": [(0, 2, 2)], "q2_k": [(80, 2, 2)], "q3_k": [(108, 2, 1)], "q4_k": [(0, 2, 2)], "q5_k": [(0, 2, 2)],
          "q6_k": [(208, 2, 1)], "q8_k": [(0, 4, 1), (260, 2, 16)], "iq2_xxs": [(0, 2, 1), (2, 2, 32)], "iq2_xs": [(0, 2, 1), (2, 2, 32)],
          "iq3_xxs": [(0, 2, 1), (66, 4, 8)], "iq1_s": [(0, 2, 1), (34, 2, 8)], "iq4_nl": [(0, 2, 1)], "iq3_s": [(0, 2, 1)],
          "iq2_s": [(0, 2, 1)], "iq4_xs": [(0, 2, 2)], "iq1_m": [(48, 2, 4)], "tq1_0": [(52, 2, 1)], "tq2_0": [(64, 2, 1)],
          "q1_0": [(0, 2, 1)], "q2_0": [(0, 2, 1)]}
ALIGNMENT = "general.alignment"


class Tensor:
    """A type, a shape, and bytes for both: random ones unless `data` is given."""

    def __init__(self, kind, shape, seed=0, data=None):
        self.kind, self.shape = kind, tuple(shape)
        _, items, size = TYPES[kind]
        length = math.prod(shape) // items * size
        self.data = random.Random(f"{kind}{shape}{seed}").randbytes(length) if data is None else bytes(data)
        assert len(self.data) == length and (items == 1 or shape[-1] % items == 0)

    def array(self):
        """Returns the array that GGUFWriter takes: numbers for a plain type, the bytes of each row for a block type."""
        if self.kind in BLOCKS:
            _, items, size = BLOCKS[self.kind]
            return np.frombuffer(self.data, np.uint8).reshape(*self.shape[:-1], self.shape[-1] // items * size)
        dtype = np.uint16 if self.kind == "bf16" else NUMPY[self.kind]
        return np.frombuffer(self.data, dtype).reshape(self.shape)

    def turned(self):
        """Returns the tensor's bytes in a file of the other byte order."""
        kind = self.kind
        size = TYPES[kind][2]
        fields = FIELDS.get(kind, []) if kind in BLOCKS else [(0, size, 1)]
        data = np.frombuffer(self.data, np.uint8).reshape(-1, size).copy()
        for offset, width, count in fields:
            for at in range(offset, offset + width * count, width):
                data[:, at:at + width] = data[:, at:at + width][:, ::-1].copy()
        return data.tobytes()


# ---- files by hand ----


class Packer:
    """Packs values as bytes of one version and byte order."""

    def __init__(self, version=3, big=False):
        self.version, self.big = version, big

    def number(self, letter, value):
        return struct.pack((">" if self.big else "<") + letter, value)

    def size(self, value):
        return self.number("I" if self.version == 1 else "Q", value)

    def string(self, text):
        return self.size(len(text)) + text

    def value(self, kind, value):
        if kind == "string":
            return self.string(value)
        if kind == "array":
            items, values = value
            head = self.number("I", VALUES[items][0]) + self.size(len(values))
            return head + b"".join(self.value(items, one) for one in values)
        return self.number(VALUES[kind][1], value)

    def pair(self, key, kind, value):
        return self.string(key.encode()) + self.number("I", VALUES[kind][0]) + self.value(kind, value)

    def info(self, name, tensor, offset):
        dims = b"".join(self.size(dim) for dim in reversed(tensor.shape))
        words = self.number("I", len(tensor.shape)) + dims + self.number("I", TYPES[tensor.kind][0]) + self.number("Q", offset)
        return self.string(name.encode()) + words


def padded(size, alignment):
    return -(-size // alignment) * alignment


def by_hand(pairs, tensors, version=3, big=False):
    """Returns a file. pairs: {key: (type, value)}; they also set the alignment."""
    packer = Packer(version, big)
    alignment = pairs.get(ALIGNMENT, (None, 32))[1]
    head = b"GGUF" + packer.number("I", version) + packer.size(len(tensors)) + packer.size(len(pairs))
    head += b"".join(packer.pair(key, *value) for key, value in pairs.items())
    data = b""
    for name, tensor in tensors.items():
        head += packer.info(name, tensor, len(data))
        data += tensor.turned() if big else tensor.data
        data += bytes(padded(len(data), alignment) - len(data))
    if tensors:
        head += bytes(padded(len(head), alignment) - len(head))
    return head + data


# ---- files by gguf-py ----


def is_text(array):
    """True if all strings of the array are valid UTF-8."""
    try:
        return array[0] != "string" or all(one.decode() is not None for one in array[1])
    except UnicodeDecodeError:
        return False


GUESSED = {"i32", "f32", "bool", "string", "array"}


def peer_can_write(kind, value):
    """True if GGUFWriter can write the value. It refuses empty arrays, guesses the types in nested arrays from Python's types,
    and takes bytes for an array."""
    if kind != "array":
        return True
    items, values = value
    if items == "array":
        return bool(values) and all(peer_can_write("array", one) and one[0] in GUESSED and is_text(one) for one in values)
    return bool(values)


def peer_can(pairs, tensors):
    """True if GGUFWriter can write such a file."""
    return (all(peer_can_write(*value) for value in pairs.values())
            and not any(tensor.kind in UNKNOWN_TO_PEER for tensor in tensors.values()))


def plain(kind, value, depth=0):
    """Returns the value as GGUFWriter takes it: nested lists, with text as str in these."""
    if kind == "array":
        return [plain(value[0], one, depth + 1) for one in value[1]]
    return value.decode() if kind == "string" and depth > 1 else value


def peer_add(writer, key, kind, value):
    number = GGUFValueType(VALUES[kind][0])
    items = GGUFValueType(VALUES[value[0]][0]) if kind == "array" else None
    if key == ALIGNMENT:
        writer.add_custom_alignment(value)
    else:
        writer.add_key_value(key, plain(kind, value), number, items)


def peer_write(path, pairs, tensors, big=False, **options):
    """Writes a file by GGUFWriter. The file begins with general.architecture, unless that is empty."""
    pairs = dict(pairs)
    architecture = pairs.pop("general.architecture", (None, b""))[1].decode()
    writer = GGUFWriter(path, architecture, endianess=GGUFEndian.BIG if big else GGUFEndian.LITTLE, **options)
    for key, (kind, value) in pairs.items():
        peer_add(writer, key, kind, value)
    for name, tensor in tensors.items():
        array = tensor.array()
        if big and tensor.kind in BLOCKS:  # the writer takes these as bytes and does not swap them
            array = np.frombuffer(tensor.turned(), np.uint8).reshape(array.shape)
        writer.add_tensor(name, array, raw_dtype=GGMLQuantizationType(TYPES[tensor.kind][0]))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    if tensors:
        writer.write_tensors_to_file()
    writer.close()


# ---- reading by tenon ----


class Value(c.Structure):
    """Mirrors struct tenon_value; bits is its union."""

    _fields_ = [("type", c.c_uint32), ("item_type", c.c_uint32), ("count", c.c_uint64), ("encoding", c.c_uint32), ("source", c.c_uint32),
                ("offset", c.c_uint64), ("length", c.c_uint64), ("bits", c.c_uint64), ("reserved", c.c_uint64 * 2)]


class MetadataInfo(c.Structure):
    """Mirrors tenon_metadata_info."""

    _fields_ = [("struct_size", c.c_uint32), ("reserved", c.c_uint32), ("key", c.c_void_p), ("key_length", c.c_uint64), ("value", Value)]


KINDS = {number: name for number, name in enumerate(NUMBERS)} | {62: "string", 63: "array"}


def scalar(kind, value):
    """Returns the Python value of such a struct."""
    bits = value.bits
    if kind == "string":
        return c.string_at(bits, value.count) if value.count else b""
    if kind in ("f32", "f64"):
        return struct.unpack("<d", struct.pack("<Q", bits))[0]
    if kind == "bool":
        return bool(bits)
    return bits - (1 << 64) if kind[0] == "i" and bits >> 63 else bits


def items_of(context, file, value):
    """Returns an array's items: (type of the items, list)."""
    kind = KINDS[value.item_type]
    if not value.count:
        return kind, []
    items, memory = (Value * value.count)(), c.c_void_p()
    context.check(context.lib.tenon_value_items(file, c.byref(value), c.c_uint64(0), c.c_uint64(value.count), items, c.byref(memory),
                                                c.byref(context.error)))
    try:
        if kind == "array":
            return kind, [items_of(context, file, one) for one in items]
        return kind, [scalar(kind, one) for one in items]
    finally:
        context.lib.tenon_memory_free(memory)


def metadata_of(context, file):
    context.lib.tenon_metadata_count.restype = c.c_uint64
    found = {}
    for i in range(context.lib.tenon_metadata_count(file)):
        info = MetadataInfo(c.sizeof(MetadataInfo))
        context.check(context.lib.tenon_metadata_get(file, c.c_uint64(i), c.byref(info)))
        kind = KINDS[info.value.type]
        value = items_of(context, file, info.value) if kind == "array" else scalar(kind, info.value)
        found[c.string_at(info.key, info.key_length).decode()] = (kind, value)
    return found


def tensors_of(context, file):
    """Returns {name: (type, shape, bytes)}; the bytes are little-endian, None if the tensor cannot be read."""
    infos = [context.info(file, i) for i in range(context.count(file))]
    good = [i for i, info in enumerate(infos) if info.unreadable == 0]
    requests = (Request * len(good))(*[Request(c.sizeof(Request), 0, i) for i in good])
    memory, data = context.load_requests(file, requests) if good else None, {}
    try:
        for i, request in zip(good, requests):
            data[i] = c.string_at(request.data, request.size)
    finally:
        if memory:
            context.lib.tenon_memory_free(memory)
    return {c.string_at(info.name, info.name_length).decode(): (info.dtype_name.decode(), tuple(info.shape[:info.rank]), data.get(i))
            for i, info in enumerate(infos)}


@contextlib.contextmanager
def opened(data):
    """Opens a path or bytes; yields the context and the file."""
    context = tenon()
    if isinstance(data, bytes):
        buffer = c.create_string_buffer(data, max(len(data), 1))
        file = context.open_memory(c.addressof(buffer), len(data), "memory.gguf", "gguf")
    else:
        file = context.open(data)
    try:
        yield context, file
    finally:
        context.close(file)


def read(data):
    """Returns the metadata and tensors that tenon reads. Raises TenonError if it refuses the file."""
    with opened(data) as (context, file):
        return metadata_of(context, file), tensors_of(context, file)


def loaded_as(data, dtype):
    """Returns the bytes of the file's first tensor, cast to `dtype`."""
    with opened(data) as (context, file):
        requests = (Request * 1)(Request(c.sizeof(Request), context.lib.tenon_dtype_find(context.context, dtype.encode())))
        memory = context.load_requests(file, requests)
        try:
            return c.string_at(requests[0].data, requests[0].size)
        finally:
            context.lib.tenon_memory_free(memory)


# ---- reading by GGUFReader ----


def peer_flat(field):
    """Returns a field's values. GGUFReader flattens nested arrays and keeps none of their bounds."""
    kind = VALUE_NAMES[int(field.types[-1])]
    raw = [field.parts[i] for i in field.data]
    if kind == "string":
        return kind, [part.tobytes() for part in raw]
    if kind == "array":
        return kind, []
    return kind, [item for part in raw for item in part.tolist()]


def flat(kind, value):
    """Returns a value in the form of peer_flat. None: the nested arrays differ in type, and GGUFReader takes all for the first's."""
    if kind != "array":
        return kind, [value]
    items, values = value
    if items != "array":
        return (items, values) if values else ("array", [])
    inner = [flat("array", one) for one in values] or [("array", [])]
    if None in inner or len({kind for kind, _ in inner}) > 1:
        return None
    return inner[0][0], [one for _, part in inner for one in part]


def peer_read(path):
    """Returns the metadata, with flat values, and the tensors that GGUFReader reads."""
    reader = GGUFReader(path)
    own = ("GGUF.version", "GGUF.tensor_count", "GGUF.kv_count")  # GGUFReader's own fields, which come first
    metadata = {name: peer_flat(field) for name, field in reader.fields.items() if name not in own}
    tensors = {}
    for tensor in reader.tensors:
        data = tensor.data
        if data.dtype.byteorder == ">" or reader.byte_order == "S":
            data = data.astype(data.dtype.newbyteorder("<"))
        shape = tuple(int(dim) for dim in reversed(tensor.shape))
        tensors[tensor.name] = (TYPE_NAMES[int(tensor.tensor_type)], shape, data.tobytes())
    return metadata, tensors


# ---- checks ----


def exact(value):
    """Returns a form for comparison: NaNs are equal; 0.0 and -0.0 differ, and so do 1 and True."""
    if isinstance(value, (list, tuple)):
        return [exact(one) for one in value]
    return (type(value).__name__, struct.pack("<d", value)) if isinstance(value, float) else (type(value).__name__, value)


def narrowed(kind, value):
    """Returns the value that a file can hold: the nearest f32 of an f32."""
    if kind == "array":
        return value[0], [narrowed(value[0], one) for one in value[1]]
    return struct.unpack("<f", struct.pack("<f", value))[0] if kind == "f32" else value


def check_read(bench, data, pairs, tensors, *words):
    """Checks that tenon reads these pairs and tensors, in this order."""
    metadata, found = read(data)
    wanted = {key: (kind, narrowed(kind, value)) for key, (kind, value) in pairs.items()}
    bench.check(list(metadata) == list(wanted), *words, "tenon finds the keys", list(metadata)[:9])
    bench.check(list(found) == list(tensors), *words, "tenon finds the names", list(found)[:9])
    for key, value in wanted.items():
        bench.check(exact(metadata.get(key)) == exact(value), *words, key, "is to tenon", str(metadata.get(key))[:300])
    for name, tensor in tensors.items():
        same = found.get(name) == (tensor.kind, tensor.shape, tensor.data)
        bench.check(same, *words, name, "is to tenon", (found.get(name) or ())[:2])


def check_peer(bench, path, pairs, tensors, *words):
    """Checks that GGUFReader reads the same. It cannot read a bf16 without dims."""
    if any(tensor.kind in UNKNOWN_TO_PEER or (tensor.kind, tensor.shape) == ("bf16", ()) for tensor in tensors.values()):
        return
    metadata, found = peer_read(path)
    bench.check(list(metadata) == list(pairs), *words, "GGUFReader finds the keys", list(metadata)[:9])
    for key, (kind, value) in pairs.items():
        wanted = flat(kind, narrowed(kind, value))
        if wanted:
            bench.check(exact(metadata.get(key)) == exact(wanted), *words, key, "is to GGUFReader", str(metadata.get(key))[:300])
    bench.check(list(found) == list(tensors), *words, "GGUFReader finds the names", list(found)[:9])
    for name, tensor in tensors.items():
        same = found.get(name) == (tensor.kind, tensor.shape, tensor.data)
        bench.check(same, *words, name, "is to GGUFReader", (found.get(name) or ())[:2])


def check_file(bench, pairs, tensors, *words):
    """Checks that by_hand, GGUFWriter (where it can) and tenon write the same bytes, and that both readers agree."""
    path, out = bench.folder / "in.gguf", bench.folder / "out.gguf"
    data = by_hand(pairs, tensors)
    if peer_can(pairs, tensors):
        peer_write(path, pairs, tensors)
        bench.check(path.read_bytes() == data, *words, "by hand it differs from what GGUFWriter writes")
    path.write_bytes(data)
    check_read(bench, path, pairs, tensors, *words)
    check_peer(bench, path, pairs, tensors, *words)
    tenon().convert(path, out)
    bench.check(out.read_bytes() == data, *words, "convert changes bytes")


def vectors():
    """Returns the paths of ggml's files among the plugin's samples, and of real files in the folder TENON_SHARED, if it is set."""
    places = [pathlib.Path(__file__).parents[2] / "plugins" / "gguf" / "samples" / "quants"]
    if os.environ.get("TENON_SHARED"):
        places.append(pathlib.Path(os.environ["TENON_SHARED"]) / "data" / "gguf")
    else:
        print("skipped: there are no real files in ../shared/data/gguf")
    found = {path.name: path for place in places for path in place.glob("*.gguf")}
    return [found[name] for name in sorted(found)]
