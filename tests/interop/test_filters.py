# SPDX-License-Identifier: MIT
"""Tests the filters lz4, blosc, bzip2, xz and lzma beside numcodecs and Python's own modules: what each encodes, the other decodes.
It calls the functions in the table of a plugin as the host does. Members of zip archives go through the command."""

import bz2
import ctypes
import lzma
import os
import pathlib
import struct
import zipfile

import numpy as np
from numcodecs import LZ4, Blosc

U32, U64, I64, POINTER = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int64, ctypes.c_void_p
WHOLE = 3  # TENON_FILTER_FIRST | TENON_FILTER_LAST


class Coding(ctypes.Structure):
    """struct tenon_coding"""

    _fields_ = [("struct_size", U32), ("encode", U32), ("level", ctypes.c_int32), ("flags", U32), ("setup", ctypes.c_char_p),
                ("setup_size", U64), ("memory", U64)]


class Table(ctypes.Structure):
    """struct tenon_filter, up to `decode`"""

    _fields_ = [("struct_size", U32), ("flags", U32), ("id", ctypes.c_char_p), ("label", ctypes.c_char_p), ("least_level", ctypes.c_int32),
                ("most_level", ctypes.c_int32), ("default_level", ctypes.c_int32), ("reserved", U32),
                ("bound", ctypes.CFUNCTYPE(U64, ctypes.POINTER(Coding), U64)),
                ("open", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Coding), ctypes.POINTER(POINTER))),
                ("close", ctypes.CFUNCTYPE(None, POINTER)),
                ("encode", ctypes.CFUNCTYPE(I64, POINTER, U32, ctypes.c_char_p, U64, ctypes.c_char_p, U64)),
                ("decode", ctypes.CFUNCTYPE(ctypes.c_int, POINTER, U32, ctypes.c_char_p, U64, ctypes.c_char_p, U64))]


class Plugin(ctypes.Structure):
    """struct tenon_plugin"""

    _fields_ = [("struct_size", U32), ("abi_minor", U32), ("min_host_minor", U32), ("flags", U32), ("name", ctypes.c_char_p),
                ("version", ctypes.c_char_p), ("license", ctypes.c_char_p), ("summary", ctypes.c_char_p), ("codecs", POINTER),
                ("filters", ctypes.POINTER(ctypes.POINTER(Table)))]


class Filter:
    """A filter of a plugin of the build tree, with a setup of numbers."""

    def __init__(self, table, *setup):
        self.table = table
        self.setup = struct.pack(f"<{len(setup)}I", *setup)

    def _open(self, encode, level):
        coding = Coding(ctypes.sizeof(Coding), encode, level, 0, self.setup or None, len(self.setup), 0 if encode else 64 << 20)
        state = POINTER()
        if self.table.open(coding, state) != 0:
            raise ValueError("open")
        return coding, state

    def encode(self, data, level=None):
        coding, state = self._open(1, self.table.default_level if level is None else level)
        room = ctypes.create_string_buffer(self.table.bound(coding, len(data)))
        length = self.table.encode(state, WHOLE, data, len(data), room, len(room))
        self.table.close(state)
        return room.raw[:length] if length >= 0 else None

    def decode(self, stream, size):
        """Returns the bytes; None if the filter refuses the stream."""
        _, state = self._open(0, 0)
        room = ctypes.create_string_buffer(size + 1)
        status = self.table.decode(state, 1, stream, len(stream), room, size)
        self.table.close(state)
        return room.raw[:size] if status == 0 else None


def table_of(plugin, name):
    """Returns the table of a filter; None if the build has no such plugin."""
    path = pathlib.Path(os.environ["TENON_BUILDDIR"]) / "plugins" / ".libs" / f"{plugin}.so"
    if not path.exists():
        return None
    begin = getattr(ctypes.CDLL(str(path)), "tenon_plugin_v" + os.environ["TENON_ABI_MAJOR"])
    begin.restype, begin.argtypes = ctypes.POINTER(Plugin), [POINTER]
    filters = begin(None).contents.filters
    tables = []
    while filters[len(tables)]:
        tables.append(filters[len(tables)].contents)
    return next(table for table in tables if table.id == name.encode())


def some_arrays():
    generator = np.random.default_rng(15)
    yield np.array([7], "u1")
    yield np.arange(31, dtype="u2")
    yield np.cumsum(generator.integers(0, 9, 100_000)).astype("i4")
    yield generator.normal(0, 0.02, 40_000).astype("f8")
    yield np.zeros(300_000, "u1")


def check_both(bench, ours, encode, decode, array, *words, level=None):
    """Checks that each decodes what the other encodes."""
    data = array.tobytes()
    bench.check(ours.decode(encode(array), len(data)) == data, *words, array.dtype, "of the peer")
    stream = ours.encode(data, level)
    bench.check(stream is not None and bytes(decode(stream)) == data, *words, array.dtype, "of ours")


def test_lz4(bench):
    table = table_of("lz4", "lz4")
    for array in some_arrays() if table else ():
        for acceleration in (1, 50):
            check_both(bench, Filter(table), LZ4(acceleration).encode, LZ4().decode, array, "lz4", acceleration, level=acceleration)


def test_blosc(bench):
    table = table_of("blosc", "blosc")
    numbers = {"blosclz": 0, "lz4": 1, "lz4hc": 2, "zlib": 4, "zstd": 5}
    for array in some_arrays() if table else ():
        for name, number in numbers.items():
            for shuffle in range(3):
                for level, block_size in ((5, 0), (9, 4096), (0, 0)):
                    peer = Blosc(name, level, shuffle, block_size)
                    ours = Filter(table, array.itemsize, shuffle, block_size, number)
                    check_both(bench, ours, peer.encode, peer.decode, array, name, shuffle, level, level=level)
                    stream = ours.encode(array.tobytes(), level)
                    # version 2 of the format, and the size of an item
                    bench.check(stream[0] == 2 and stream[3] == array.itemsize, name, shuffle, "begins with", stream[:16])


def test_bzip2_and_xz(bench):
    table, xz, alone = table_of("bzip2", "bzip2"), table_of("xz", "xz"), table_of("xz", "lzma")
    for array in some_arrays():
        if table:
            check_both(bench, Filter(table), lambda array: bz2.compress(array.tobytes(), 1), bz2.decompress, array, "bzip2")
        if xz:
            check_both(bench, Filter(xz), lambda array: lzma.compress(array.tobytes()), lzma.decompress, array, "xz")
            check_both(bench, Filter(alone, 1), lambda array: lzma.compress(array.tobytes(), lzma.FORMAT_ALONE), lzma.decompress, array, "lzma")


def test_zip(bench):
    """Members of bzip2 and lzma, both ways; of xz there and back, since zipfile has no such method."""
    arrays = {f"a{i}": array for i, array in enumerate(some_arrays())}
    given, packed, ours, back = (bench.folder / name for name in ("given.npz", "packed.npz", "ours.npz", "back.npz"))
    np.savez(given, **arrays)
    for name, method in (("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA), ("xz", 95)):
        if bench.run("formats", name)[0] != 0:
            continue
        if method != 95:
            with zipfile.ZipFile(given) as plain, zipfile.ZipFile(packed, "w", method) as archive:
                for member in plain.namelist():
                    archive.writestr(member, plain.read(member))
            check_same(bench, packed, back, arrays, name, "of zipfile")
        bench.convert(given, ours, "-o", f"npz.compression={name}")
        check_same(bench, ours, back, arrays, name, "of ours")
        with zipfile.ZipFile(ours) as archive:
            bench.check({member.compress_type for member in archive.infolist()} == {method}, name, "has the method", method)
            bench.check(method == 95 or archive.testzip() is None, name, "zipfile finds fault")
            # bit 1: the stream has an end marker
            flags = {member.flag_bits & 2 for member in archive.infolist()}
            bench.check(flags == {2 if name == "lzma" else 0}, name, "flags are", flags)


def check_same(bench, path, back, arrays, *words):
    """Checks what tenon reads: NumPy loads what it writes again."""
    bench.convert(path, back)
    with np.load(back) as found:
        bench.check(found.files == list(arrays), *words, found.files)
        for key, array in arrays.items():
            bench.check(found[key].dtype == array.dtype and np.array_equal(found[key], array), *words, key)
