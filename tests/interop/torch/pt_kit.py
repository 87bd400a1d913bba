# SPDX-License-Identifier: MIT
"""Functions that the tests of pt share: tensors of every dtype, and files as both sides read them."""

import ctypes
import functools
import os
import pathlib
import sys
import zipfile

from lazily import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "bench"))
from libtenon import Tenon, TenonError  # noqa: E402,F401  pylint: disable=wrong-import-position

# tenon's name of a dtype: torch's, which has more than what tenon has no dtype for: torch.complex32, torch.bits8 …
DTYPES = {
    "bool": torch.bool, "u8": torch.uint8, "u16": torch.uint16, "u32": torch.uint32, "u64": torch.uint64,
    "i8": torch.int8, "i16": torch.int16, "i32": torch.int32, "i64": torch.int64,
    "f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32, "f64": torch.float64,
    "c64": torch.complex64, "c128": torch.complex128,
    "f8_e4m3": torch.float8_e4m3fn, "f8_e5m2": torch.float8_e5m2, "f8_e4m3fnuz": torch.float8_e4m3fnuz,
    "f8_e5m2fnuz": torch.float8_e5m2fnuz, "f8_e8m0": torch.float8_e8m0fnu, "f4": torch.float4_e2m1fn_x2,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
SHAPES = [(), (1,), (4,), (0,), (0, 4), (4, 0), (3, 4), (2, 3, 4), (2, 0, 4), (2, 1, 3, 2), (1,) * 20 + (4,), (300,), (70000, 2)]


@functools.lru_cache(maxsize=None)
def tenon(*settings):
    """Returns a context; calls with the same settings share one."""
    folder = pathlib.Path(os.environ["TENON_BUILDDIR"]) / ".libs"
    library = next(path for name in ("libtenon.so.0", "libtenon.0.dylib") if (path := folder / name).exists())
    return Tenon(str(library), os.environ["TENON_PLUGIN_PATH"], "save.durable=no", *settings)


def make(name, shape, seed=0):
    """Returns a tensor of random bytes that are valid for the dtype. f4 has two items in a byte: torch's shape counts bytes."""
    dtype = DTYPES[name]
    generator = torch.Generator().manual_seed(seed + sum(map(ord, name)) + len(shape))
    size = torch.empty(0, dtype=dtype).element_size()
    data = torch.randint(0, 2 if name == "bool" else 256, (*shape, size), dtype=torch.uint8, generator=generator)
    return data.view(dtype).reshape(shape) if shape else data.view(dtype)[0]


def row(tensor):
    """Returns what tenon says of a tensor: the name of its dtype, its shape, its bytes in C order."""
    name, shape = NAMES[tensor.dtype], list(tensor.shape)
    if name == "f4":
        shape[-1] *= 2
    tensor = tensor.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    return name, tuple(shape), tensor.view(torch.uint8).numpy().tobytes()


def rows(tensors):
    return {name: row(tensor) for name, tensor in tensors.items()}


def flat(thing, name=""):
    """Returns the tensors and the other values of dicts and lists in each other, by their names with dots."""
    tensors, values = {}, {}
    stack = [(name, thing)]
    while stack:
        name, thing = stack.pop()
        parts = thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, (list, tuple)) else None
        if isinstance(thing, torch.Tensor):
            tensors[name] = thing
        elif parts is None:
            values[name] = thing
        else:
            stack.extend((f"{name}.{key}" if name else str(key), part) for key, part in reversed(list(parts)))
    return tensors, values


def read(path, *settings):
    """Returns the tensors that tenon reads: {name: row}. Raises TenonError if it fails."""
    context, memory, found = tenon(*settings), None, {}
    file = context.open(path)
    try:
        count = context.count(file)
        memory, requests = context.load_all(file) if count else (None, [])
        for i in range(count):
            info = context.info(file, i)
            found[ctypes.string_at(info.name, info.name_length).decode()] = (
                info.dtype_name.decode(), tuple(info.shape[:info.rank]), ctypes.string_at(requests[i].data, requests[i].size))
        return found
    finally:
        if memory:
            context.lib.tenon_memory_free(memory)
        context.close(file)


def load(path):
    """Returns what torch loads, in the strictest way that it has."""
    return torch.load(path, weights_only=True, mmap=True)


def members(path):
    """Returns {name without the folder: bytes} of an archive."""
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def places(path):
    """Returns {name without the folder: offset of the bytes in the file} of an archive."""
    data = pathlib.Path(path).read_bytes()
    with zipfile.ZipFile(path) as archive:
        return {info.filename.partition("/")[2]: info.header_offset + 30 + int.from_bytes(data[info.header_offset + 26:][:2], "little")
                + int.from_bytes(data[info.header_offset + 28:][:2], "little") for info in archive.infolist()}
