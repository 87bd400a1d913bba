# SPDX-License-Identifier: MIT
"""Functions that the tests of safetensors share: they make tensors of every dtype and headers by hand, and call the reference
library on plain bytes and tenon in this process."""

import ctypes
import json
import random

import numpy as np
from npz_kit import tenon  # before libtenon: npz_kit adds its folder to sys.path
from libtenon import DTYPES as NUMBERS  # noqa: F401
from libtenon import TenonError  # noqa: F401
from safetensors import TensorSpec, deserialize, serialize, serialize_file

# The format's name of a dtype: tenon's name, the reference's name for writing (None: it cannot write it), bits. The widest
# come first: the reference library sorts tensors so.
DTYPES = {
    "U64": ("u64", "uint64", 64), "I64": ("i64", "int64", 64), "F64": ("f64", "float64", 64), "C64": ("c64", "complex64", 64),
    "F32": ("f32", "float32", 32), "U32": ("u32", "uint32", 32), "I32": ("i32", "int32", 32),
    "BF16": ("bf16", "bfloat16", 16), "F16": ("f16", "float16", 16), "U16": ("u16", "uint16", 16), "I16": ("i16", "int16", 16),
    "F8_E5M2FNUZ": ("f8_e5m2fnuz", "float8_e5m2fnuz", 8), "F8_E4M3FNUZ": ("f8_e4m3fnuz", "float8_e4m3fnuz", 8),
    "F8_E8M0": ("f8_e8m0", "float8_e8m0fnu", 8), "F8_E4M3": ("f8_e4m3", "float8_e4m3fn", 8),
    "F8_E5M2": ("f8_e5m2", "float8_e5m2", 8), "I8": ("i8", "int8", 8), "U8": ("u8", "uint8", 8),
    "F6_E3M2": ("f6_e3m2", None, 6), "F6_E2M3": ("f6_e2m3", None, 6), "F4": ("f4", "float4_e2m1fn_x2", 4),
    "BOOL": ("bool", "bool", 8),
}
WRITTEN = {word: row for word, row in DTYPES.items() if row[1]}


def nbytes(word, shape):
    return int(np.prod(shape, dtype=object)) * DTYPES[word][2] // 8


class Tensor:
    """A dtype by the format's name, a shape, and bytes that are valid for both."""

    def __init__(self, word, shape, seed=0):
        self.word, self.shape = word, tuple(shape)
        data = bytearray(random.Random(f"{word}{shape}{seed}").randbytes(nbytes(word, shape)))
        if word == "BOOL":
            data = bytearray(byte & 1 for byte in data)
        self.data = data

    def spec(self):
        """Returns the reference library's description of the tensor. Its address is valid as long as self lives."""
        shape = self.shape
        if self.word == "F4":  # a byte holds two items, and the last dim counts bytes
            shape = (*shape[:-1], shape[-1] // 2)
        address = ctypes.addressof((ctypes.c_char * len(self.data)).from_buffer(self.data)) if self.data else 0
        return TensorSpec(dtype=DTYPES[self.word][1], shape=shape, data_ptr=address, data_len=len(self.data))


def reference_bytes(tensors, metadata=None):
    """Returns a file that the reference library writes."""
    return bytes(serialize({name: tensor.spec() for name, tensor in tensors.items()}, metadata=metadata))


def reference_save(path, tensors, metadata=None):
    serialize_file({name: tensor.spec() for name, tensor in tensors.items()}, path, metadata=metadata)


# ---- files by hand ----


def packed(header, data=b""):
    """Returns a file with this header, which is a text or bytes."""
    header = header.encode() if isinstance(header, str) else header
    return len(header).to_bytes(8, "little") + header + data


def by_hand(tensors, metadata=None):
    """Returns a file with compact JSON in the order of `tensors`, padded with spaces to a multiple of 8."""
    header = {} if metadata is None else {"__metadata__": metadata}
    at = 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": tensor.word, "shape": list(tensor.shape), "data_offsets": [at, at + len(tensor.data)]}
        at += len(tensor.data)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    return packed(text + b" " * (-len(text) % 8), b"".join(bytes(tensor.data) for tensor in tensors.values()))


# ---- reading ----


def read_memory(data):
    """Returns the tensors that tenon reads: {name: (format's name of the dtype, shape, bytes)}. Raises TenonError if it fails."""
    words = {row[0]: word for word, row in DTYPES.items()}
    context, memory, found = tenon(), None, {}
    buffer = ctypes.create_string_buffer(data, max(len(data), 1))
    file = context.open_memory(ctypes.addressof(buffer), len(data), "memory.safetensors", "safetensors")
    try:
        count = context.count(file)
        memory, requests = context.load_all(file) if count else (None, [])
        for i in range(count):
            info = context.info(file, i)
            name = ctypes.string_at(info.name, info.name_length).decode()
            found[name] = (words[info.dtype_name.decode()], tuple(info.shape[:info.rank]),
                           ctypes.string_at(requests[i].data, requests[i].size))
        return found
    finally:
        if memory:
            context.lib.tenon_memory_free(memory)
        context.close(file)


def reference_read(data):
    """Returns the tensors that the reference reads. Raises SafetensorError if it refuses the file."""
    return {name: (row["dtype"], tuple(row["shape"]), bytes(row["data"])) for name, row in deserialize(data)}


def check_same(bench, data, tensors, *words):
    """Checks that tenon and the reference read these bytes as these tensors."""
    wanted = {name: (tensor.word, tensor.shape, bytes(tensor.data)) for name, tensor in tensors.items()}
    for who, read in (("tenon", read_memory), ("the reference", reference_read)):
        found = read(data)
        if not bench.check(sorted(found) == sorted(wanted), *words, who, "finds other names"):
            continue
        for name, row in wanted.items():
            bench.check(found[name] == row, *words, who, "reads", name, "as", found[name][:2])
