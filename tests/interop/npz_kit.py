# SPDX-License-Identifier: MIT
"""Functions that the tests of npz share: they call tenon in this process (a process for each of thousands of members would
take minutes) and check each file."""

import ctypes
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import ml_dtypes
import numpy as np
from test_npy import DTYPES, OPAQUE, SHAPES, is_fortran, make, orders, plain_bytes

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bench"))
from libtenon import BIG_ENDIAN, FORTRAN, Tenon  # noqa: E402  pylint: disable=wrong-import-position

DEFLATE = "npz.compression=deflate"
BF16 = np.dtype(ml_dtypes.bfloat16)


@functools.lru_cache(maxsize=None)
def tenon(*settings):
    """Returns a context; calls with the same settings share one."""
    folder = pathlib.Path(os.environ["TENON_BUILDDIR"]) / ".libs"
    library = next(path for name in ("libtenon.so.0", "libtenon.0.dylib") if (path := folder / name).exists())
    return Tenon(str(library), os.environ["TENON_PLUGIN_PATH"], "save.durable=no", *settings)


# ---- arrays ----


def everything():
    """Returns arrays of all dtypes of npy in all shapes, orders and byte orders, under keys that name these."""
    arrays = {}
    for kind in [*DTYPES, *OPAQUE]:
        for word in orders(kind):
            for shape in SHAPES:
                for order in "CF":
                    arrays[f"{word} {'x'.join(map(str, shape))} {order}"] = make(word, shape, order)
    return arrays


def dtype_name(array):
    """Returns tenon's name of the array's dtype, and True if that dtype is opaque."""
    if array.dtype == BF16 or array.dtype.names is None and array.dtype.str[1:] == "V2":
        return "bf16", False
    if array.dtype.names is None and array.dtype.str[1:] in DTYPES:
        return DTYPES[array.dtype.str[1:]], False
    descr = np.lib.format.dtype_to_descr(array.dtype)
    return descr if isinstance(descr, str) else repr(descr), True


# ---- tensors that tenon reads ----


class Read:
    """A tensor as tenon reads it. The bytes are in C order, and little-endian unless the dtype is opaque."""

    def __init__(self, info, data):
        self.dtype = info.dtype_name.decode()
        self.shape = tuple(info.shape[i] for i in range(info.rank))
        self.flags, self.offset, self.stored = info.flags, info.offset, info.stored
        self.filter = info.filter and info.filter.decode()
        self.data = data


def read(path, *settings, context=None):
    """Returns all tensors of a file by name, in the file's order. Raises TenonError if opening or reading fails."""
    context = context or tenon()
    file = context.open(path, *settings)
    memory = None
    try:
        count = context.count(file)
        memory, requests = context.load_all(file) if count else (None, [])
        found = {}
        for i in range(count):
            info = context.info(file, i)
            found[info.name.decode()] = Read(info, ctypes.string_at(requests[i].data, requests[i].size))
        return found
    finally:
        if memory:
            context.lib.tenon_memory_free(memory)
        context.close(file)


def check_tensor(bench, found, array, *words):
    dtype, opaque = dtype_name(array)
    flags = FORTRAN if is_fortran(array) else 0
    if array.dtype.str[0] == ">" and not opaque:
        flags |= BIG_ENDIAN
    bench.check(found.dtype == dtype, *words, "dtype is", found.dtype, "and not", dtype)
    bench.check(found.shape == array.shape, *words, "shape is", found.shape, "and not", array.shape)
    bench.check(found.flags == flags, *words, "flags are", found.flags, "and not", flags)
    bench.check(found.data == plain_bytes(array, opaque), *words, "other values")


def check_read(bench, path, arrays, *words):
    """Checks that tenon reads these arrays, in the order of the archive."""
    found = read(path)
    names = [name.removesuffix(".npy") for name in zipfile.ZipFile(path).namelist()]
    if bench.check(list(found) == names, *words, "names are", list(found)[:9], "and not", names[:9]):
        bench.check(sorted(found) == sorted(arrays), *words, "has", len(found), "names of", len(arrays))
        for name in found:
            check_tensor(bench, found[name], arrays[name], *words, name)


# ---- peers read the files that tenon wrote ----


def check_numpy(bench, path, arrays, *words):
    """Checks that np.load returns these arrays: dtype, order, shape and values."""
    with np.load(path) as file:
        bench.check(file.files == list(arrays), *words, "NumPy finds", file.files[:9])
        for name in file.files:
            found, wanted = file[name], arrays[name]
            if wanted.dtype.newbyteorder("=") == BF16 and found.dtype.kind == "V":  # NumPy loads bf16 as void
                found = found.view(wanted.dtype)
            same = found.dtype == wanted.dtype and found.shape == wanted.shape and is_fortran(found) == is_fortran(wanted)
            bench.check(same and found.tobytes() == wanted.tobytes(), *words, name, "NumPy loads", found.dtype, found.shape)


def check_zip(bench, path, *words):
    """Checks that Python's zipfile and Info-ZIP accept the archive."""
    with zipfile.ZipFile(path) as archive:
        bench.check(archive.testzip() is None, *words, "zipfile finds fault with", archive.testzip())
    environment = os.environ | {"LC_ALL": "C.UTF-8"}  # in other locales unzip cannot compare UTF-8 names
    for command in (["unzip", "-tqq", path], ["zip", "-Tq", path]):
        if shutil.which(command[0]):
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
            empty = command[0] == "unzip" and done.returncode == 1 and b"zipfile is empty" in done.stdout + done.stderr
            bench.check(done.returncode == 0 or empty, *words, *command[:2], "says", done.returncode, done.stdout, done.stderr)


def check_same_members(bench, path, other, *words):
    """Checks that both archives have the same names in the same order, and the same bytes in each member."""
    with zipfile.ZipFile(path) as ours, zipfile.ZipFile(other) as theirs:
        bench.check(ours.namelist() == theirs.namelist(), *words, "other names or order")
        for name in theirs.namelist():
            bench.check(ours.read(name) == theirs.read(name), *words, name, "differs from what NumPy wrote")


def data_offset(path, member):
    """Returns the offset of a member's stored bytes, from its local header."""
    with open(path, "rb") as file:
        file.seek(member.header_offset)
        local = file.read(30)
    assert local[:4] == b"PK\3\4"
    return member.header_offset + 30 + int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")
