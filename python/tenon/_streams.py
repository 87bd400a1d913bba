# SPDX-License-Identifier: MIT
"""File objects as sources and targets of the extension.

The extension uses the descriptor of a file of the system, the bytes of an io.BytesIO, and the methods of any other
object. A source needs `read` or `readinto`; without `seek` and `tell` it is copied first. A target needs `write`. The
exceptions of an object are raised unchanged.
"""

from __future__ import annotations

import ast
import io
import math
import os
import stat
import sys
import threading
from collections.abc import Iterator
from typing import Any, TypeGuard

import numpy as np

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]

# Larger drained data go to a temporary file, in bytes.
_MOST_IN_MEMORY = 256 << 20
# The most bytes of a read or write of an object.
_PIECE = 4 << 20
_NPY_MAGIC = b"\x93NUMPY"
# Bytes of a header that Python parses: a longer one may exhaust the stack of CPython 3.10, as NumPy says, too.
_MOST_NPY_HEADER = 10000


def is_path(file: object) -> TypeGuard[Path]:
    """Whether the file is a path, and no file object or descriptor. ValueError: bytes that are content.

    >>> import io
    >>> from tenon._streams import is_path
    >>> is_path("a.npy"), is_path(io.BytesIO()), is_path(3)
    (True, False, False)
    """
    if isinstance(file, bytes) and b"\0" in file:
        raise ValueError("bytes are a path; the content of a file is given as memoryview(data) or io.BytesIO(data)")
    return isinstance(file, (str, bytes, os.PathLike))


class Input:
    """A file object as a source, from its position on.

    `source`, `offset`, `name` and `one_thread` are arguments of _core.Context.open. After reading, `finish` puts the
    object to the position for the next reader."""

    __slots__ = ("source", "offset", "name", "one_thread", "_object", "_base", "_keep")

    def __init__(
        self,
        source: Any,
        file: Any,
        *,
        base: int | None,
        offset: int = 0,
        one_thread: bool = False,
        keep: Any = None,
    ) -> None:
        self.source = source
        self.offset = offset
        self.name = name_of(file)
        self.one_thread = one_thread
        self._object = file
        self._base = base
        self._keep = keep

    def finish(self, end: int | None = None) -> None:
        """Moves the object `end` bytes behind its first position, or to its end, if it can seek."""
        if self._base is None:
            return
        if end is None:
            self._object.seek(0, os.SEEK_END)
        else:
            self._object.seek(self._base + end)


class Output:
    """A file object as a target, from its position on.

    `target` and `name` are arguments of _core.Plan.save. Call `finish` after it."""

    __slots__ = ("target", "name", "_object")

    def __init__(self, target: Any, file: Any) -> None:
        self.target = target
        self.name = name_of(file)
        self._object = file

    def finish(self) -> None:
        """Moves the object to the position of its descriptor, if that was written."""
        if isinstance(self.target, int) and type(self._object) is io.BufferedRandom and self._object.seekable():
            self._object.seek(self._object.tell())


def name_of(file: Any) -> str | None:
    """The last part of the name of a file object, for its extension, or None."""
    name = getattr(file, "name", None)
    return os.path.basename(os.fsdecode(name)) or None if isinstance(name, (str, bytes)) else None


def open_input(file: Any) -> Input:
    """The input for a file object, a descriptor (int), which stays open, a bytearray or a memoryview.

    Raises TypeError for text files and for objects without methods to read, ValueError for closed ones,
    io.UnsupportedOperation for ones that are open for writing only.

    >>> import io
    >>> from tenon._streams import open_input
    >>> f = io.BytesIO(b"..12")
    >>> f.seek(2)
    2
    >>> made = open_input(f)
    >>> made.source.tobytes(), made.offset
    (b'..12', 2)
    >>> made.finish(1)
    >>> f.read()
    b'2'
    """
    file = _unwrap(file)
    if isinstance(file, (bytearray, memoryview)):
        return Input(np.frombuffer(file, np.uint8), file, base=None)
    if _is_descriptor(file):
        file = io.FileIO(file, "rb", closefd=False)
    _check(file, "readable", ("readinto", "read"))
    descriptor = _descriptor(file)
    if descriptor is not None and _is_regular(descriptor):
        return _open_descriptor(file, descriptor)
    if type(file) is io.BytesIO:
        begin = file.tell()
        return Input(np.frombuffer(file.getvalue(), np.uint8), file, base=begin, offset=begin)
    position = None if _is_sequential(file) else _position(file)
    if position is None:
        return _drain(file)
    reader = Reader(file, position)
    return Input(reader, file, base=position, one_thread=True)


def open_output(file: Any) -> Output:
    """The output for a file object or a descriptor (int).

    Raises TypeError for text files and for objects without `write`, ValueError for closed ones,
    io.UnsupportedOperation for ones that are open for reading only.

    >>> import io
    >>> from tenon._streams import open_output
    >>> f = io.BytesIO()
    >>> made = open_output(f)
    >>> made.target.write(memoryview(b"12"))
    >>> made.target.patch(0, memoryview(b"3"))
    >>> made.finish()
    >>> f.getvalue()
    b'32'
    """
    if _is_descriptor(file):
        if not _may_wait(file):
            return Output(file, file)
        file = io.FileIO(file, "wb", closefd=False)
    whole, file = file, _unwrap(file)
    _check(file, "writable", ("write",))
    descriptor = _descriptor(file)
    if descriptor is not None and _may_wait(descriptor):  # Python ends the wait of a write at Ctrl-C
        file.flush()
        return Output(Sink(getattr(file, "raw", file)), file)
    if descriptor is None:  # writes go through a wrapper such as SpooledTemporaryFile, which counts them
        return Output(Sink(whole), whole)
    file.flush()
    return Output(descriptor, file)


# ---- the kind of an object -------------------------------------------------------------------------------------------


def _unwrap(file: Any) -> Any:
    """The file in a wrapper of tempfile. There is none unless the module is imported."""
    tempfile = sys.modules.get("tempfile")
    if tempfile is None or not hasattr(tempfile, "TemporaryDirectory"):  # its last class: a thread may be importing it
        return file
    if isinstance(file, tempfile.SpooledTemporaryFile):
        return file._file
    return file.file if isinstance(file, tempfile._TemporaryFileWrapper) else file


def _is_descriptor(file: object) -> TypeGuard[int]:
    return isinstance(file, int) and not isinstance(file, bool)


def _check(file: Any, able: str, methods: tuple[str, ...]) -> None:
    if isinstance(file, io.TextIOBase):
        raise TypeError(f"{file!r} is a text file: open it in binary mode ('rb', 'wb')")
    if not any(callable(getattr(file, method, None)) for method in methods):
        names = " or ".join(methods)
        kind = type(file).__name__
        raise TypeError(f"a path or a file object is needed, which has {names}, and not an object of type {kind}")
    if getattr(file, "closed", False) is True:
        raise ValueError("I/O operation on closed file")
    ask = getattr(file, able, None)
    if callable(ask) and not ask():
        raise io.UnsupportedOperation(f"{file!r} is not {able}")


def _descriptor(file: Any) -> int | None:
    """The descriptor of an object that is a file of the system. GzipFile has a fileno, but other data."""
    raw = file.raw if type(file) in (io.BufferedReader, io.BufferedWriter, io.BufferedRandom) else file
    return raw.fileno() if type(raw) is io.FileIO else None


def _is_regular(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISREG(mode) or stat.S_ISBLK(mode)


def _may_wait(descriptor: int) -> bool:
    """Whether a write waits for a reader, maybe for ever: a pipe, FIFO or socket."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _open_descriptor(file: Any, descriptor: int) -> Input:
    if type(file) is io.BufferedRandom:
        file.flush()
    begin = file.tell()
    # The input keeps the FileIO of a descriptor of the caller, which must not be closed
    return Input(descriptor, file, base=begin, offset=begin)


def _is_sequential(file: Any) -> bool:
    """Whether a seek back reads the file from its start again, as in compressed files."""
    for module, name in (("gzip", "GzipFile"), ("bz2", "BZ2File"), ("lzma", "LZMAFile"), ("zipfile", "ZipExtFile")):
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(file, kind):
            return True
    return False


def _position(file: Any) -> int | None:
    """The position of the object; None: it cannot seek."""
    if not callable(getattr(file, "seek", None)) or not callable(getattr(file, "tell", None)):
        return None
    seekable = getattr(file, "seekable", None)
    if callable(seekable) and not seekable():
        return None
    try:
        return int(file.tell())
    except io.UnsupportedOperation:
        return None


# ---- reading ---------------------------------------------------------------------------------------------------------


def _read_some(file: Any, to: memoryview) -> int:
    """Reads some bytes, at least one, but 0 at the end."""
    readinto = getattr(file, "readinto", None)
    count: int | None
    if callable(readinto):
        given: Any = readinto(to) if _descriptor(file) is not None else _read_own(readinto, to)
        count = given
    else:
        count = _read_copy(file, to)
    if count is None:
        raise BlockingIOError(f"{file!r} has no bytes now: set it to block")
    if not 0 <= count <= len(to):
        raise OSError(f"{file!r} returned {count} bytes where {len(to)} were asked for")
    return count


def _read_own(readinto: Any, to: memoryview) -> int | None:
    """Reads into memory that an object may keep: `to` may be of the library, which frees it."""
    own = np.empty(len(to), np.uint8)
    count: int | None = readinto(own.data)
    if isinstance(count, int) and 0 <= count <= len(to):
        to[:count] = own.data[:count]
    return count


def _read_copy(file: Any, to: memoryview) -> int | None:
    data: Any = file.read(len(to))
    if isinstance(data, str):
        raise TypeError(f"{file!r} returns str: open it in binary mode ('rb')")
    if data is not None and len(data) <= len(to):
        to[: len(data)] = data
    return None if data is None else len(data)


def _fill(file: Any, to: memoryview) -> int:
    """Reads until `to` is full or the object ends. Returns the number of bytes."""
    done = 0
    while done < len(to):
        with to[done : done + _PIECE] as piece:
            count = _read_some(file, piece)
        if count == 0:
            break
        done += count
    return done


class Reader:
    """Reads any part of an object that can seek. The object may have another user between two calls, so each call
    seeks."""

    def __init__(self, file: Any, base: int) -> None:
        self._file = file
        self._base = base
        self._lock = threading.RLock()
        self._reading = False
        end = file.seek(0, os.SEEK_END)
        end = file.tell() if end is None else end
        file.seek(base)
        self.size = max(0, int(end) - base)

    def read_at(self, offset: int, to: memoryview) -> None:
        """Fills `to` with the bytes from `offset` on. Raises EOFError if the object has not so many."""
        with self._lock:
            if self._reading:  # the object itself, or the handler of a signal, on this thread
                raise RuntimeError(f"{self._file!r} reads the file that is read from it")
            self._reading = True
            try:
                self._file.seek(self._base + offset)
                count = _fill(self._file, to)
            finally:
                self._reading = False
        if count < len(to):
            raise EOFError(f"{self._file!r} ended {len(to) - count} bytes early, at byte {self._base + offset + count}")


class _Drain:
    """Keeps the bytes of an object: in memory, or in a temporary file if there are many."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._memory = np.empty(64 << 10, np.uint8)
        self._spill: Any = None
        self.size = 0

    def take(self, count: int) -> bytes:
        """Reads `count` bytes, or fewer at the end, keeps them and returns them."""
        data = bytearray(count)
        with memoryview(data) as view:
            taken = _fill(self._file, view)
        self._keep(data[:taken])
        return bytes(data[:taken])

    def take_all(self, most: float = math.inf) -> None:
        """Reads to the end, at most `most` bytes. Memory grows with the bytes read, since `most` may be wrong."""
        while most > 0:
            room = self._room()
            with room.data[: int(min(len(room), most))] as view:
                count = _fill(self._file, view)
            self._took(room, count)
            if count < min(len(room), most):
                return
            most -= count

    def _keep(self, data: bytearray) -> None:
        if self._spill is None and self.size + len(data) <= len(self._memory):
            self._memory[self.size : self.size + len(data)] = np.frombuffer(data, np.uint8)
            self.size += len(data)
        elif data:
            room = self._room(len(data))
            room[: len(data)] = np.frombuffer(data, np.uint8)
            self._took(room, len(data))

    def _room(self, least: int = 1) -> np.ndarray[Any, Any]:
        if self._spill is None and self.size + least > len(self._memory):
            if len(self._memory) >= _MOST_IN_MEMORY:
                self._spill_over()
            else:
                grown = np.empty(max(2 * len(self._memory), self.size + least), np.uint8)
                grown[: self.size] = self._memory[: self.size]
                self._memory = grown
        return np.empty(max(_PIECE, least), np.uint8) if self._spill is not None else self._memory[self.size :]

    def _spill_over(self) -> None:
        self._spill = _Spill()
        self._write(self._memory[: self.size])
        self._memory = np.empty(0, np.uint8)

    def _write(self, array: np.ndarray[Any, Any]) -> None:
        with array.data as view:
            done = 0
            while done < len(view):
                done += self._spill.write(view[done:])

    def _took(self, room: np.ndarray[Any, Any], count: int) -> None:
        if self._spill is not None:
            self._write(room[:count])
        self.size += count

    def input(self) -> Input:
        """The input for the kept bytes."""
        if self._spill is not None:
            return Input(self._spill.fileno(), self._file, base=None, keep=self._spill)
        return Input(self._memory[: self.size], self._file, base=None)


class _Spill:
    """A temporary file without a name, which is closed without a ResourceWarning when it is collected."""

    def __init__(self) -> None:
        import tempfile

        self._file = tempfile.TemporaryFile(buffering=0)
        self.write = self._file.write
        self.fileno = self._file.fileno

    def __del__(self) -> None:
        self._file.close()


def _drain(file: Any) -> Input:
    """Reads an object from its position on: one .npy file, whose header tells the length, or all bytes."""
    drain = _Drain(file)
    header = drain.take(len(_NPY_MAGIC) + 2)
    rest = _npy_rest(drain, header) if header.startswith(_NPY_MAGIC) else None
    drain.take_all(math.inf if rest is None else rest)
    return drain.input()


def _npy_rest(drain: _Drain, begin: bytes) -> int | None:
    """The bytes of the data of a .npy file, by its header, or None. The library checks the header later."""
    size = drain.take(2 if begin[6:7] == b"\1" else 4)
    length = int.from_bytes(size, "little")
    if length > _MOST_NPY_HEADER:
        return None
    try:
        header = ast.literal_eval(drain.take(length).decode("utf-8" if begin[6:7] >= b"\3" else "latin-1"))
        dtype, shape = np.lib.format.descr_to_dtype(header["descr"]), header["shape"]
        known = not dtype.hasobject and all(type(dim) is int and dim >= 0 for dim in shape)
        return math.prod(shape) * dtype.itemsize if known else None
    except Exception:  # of the parser, or of NumPy
        return None


# ---- writing ---------------------------------------------------------------------------------------------------------


class Sink:
    """Writes to an object. `patch` is None if the object cannot seek."""

    def __init__(self, file: Any) -> None:
        self._file = file
        # Other objects may keep the data, which are memory of the library, or need bytes
        self._copies = type(file) is not io.BytesIO
        base = None if _is_sequential(file) else _position(file)
        self._base = base or 0
        self._end = self._base
        self.patch = None if base is None or _appends(file) else self._patch

    def _pieces(self, data: memoryview) -> Iterator[memoryview | bytes]:
        for begin in range(0, len(data), _PIECE):
            piece = data[begin : begin + _PIECE]
            yield bytes(piece) if self._copies else piece

    def write(self, data: memoryview) -> None:
        """Writes all of the data behind the previous ones."""
        for piece in self._pieces(data):
            done = 0
            while done < len(piece):
                done += self._write_some(piece[done:] if done else piece)
        self._end += len(data)

    def _write_some(self, piece: memoryview | bytes) -> int:
        count = self._file.write(piece)
        if count is None and isinstance(self._file, io.RawIOBase):
            raise BlockingIOError(f"{self._file!r} takes no bytes now: set it to block")
        if not isinstance(count, int):
            return len(piece)  # not a file of io
        if not 0 < count <= len(piece):
            raise OSError(f"{self._file!r} took {count} of {len(piece)} bytes")
        return count

    def _patch(self, position: int, data: memoryview) -> None:
        end = self._end
        self._file.seek(self._base + position)
        self.write(data)
        self._file.seek(end)
        self._end = end


def _appends(file: Any) -> bool:
    """Whether all writes go to the end of the file."""
    mode = getattr(file, "mode", None)
    return isinstance(mode, str) and "a" in mode
