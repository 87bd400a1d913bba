# SPDX-License-Identifier: MIT
"""Arrays of .npy files, for tenon.numpy, exactly as NumPy reads them."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tenon import _context, _core, _dtypes, _streams
from tenon._errors import TenonError

MAGIC = b"\x93NUMPY"
START = 12  # bytes up to the length of the header
MAX_HEADER_SIZE = 10000  # NumPy's default
# NumPy does not parse these texts to dtypes of ml_dtypes
SETTINGS = ("npy.v1=opaque", "npy.v2=opaque")
_FORTRAN, _BIG_ENDIAN = 1, 2  # of Info.flags
_LIBRARY_LIMIT = 1 << 20  # of npy.max_header
# Failures after which NumPy tries: it reads pickles, headers of Python 2, and members that are no arrays
_JUDGED_AGAIN = frozenset(("TENON_E_UNSUPPORTED", "TENON_E_MALFORMED", "TENON_E_UNRECOGNISED", "TENON_E_TRUNCATED"))
_MAPS = {"r": "r", "readonly": "r", "c": "c", "r+": "r+"}


class How(NamedTuple):
    """The permissions and limits of a load."""

    allow_pickle: bool
    pickle_kwargs: Mapping[str, Any]
    max_header_size: int

    @property
    def limit(self) -> float:
        """The most bytes of a header. A file whose pickles may run is trusted."""
        return float("inf") if self.allow_pickle else self.max_header_size


def map_mode(mode: Any) -> str | None:
    """The mode to map a file in, or None. ValueError: it is unknown, or one with which NumPy empties the file."""
    if not mode:
        return None
    if mode not in _MAPS:
        raise ValueError(f"mmap_mode is None, 'r', 'c' or 'r+', not {mode!r}")
    return _MAPS[mode]


def is_known(dtype: np.dtype[Any]) -> bool:
    """Whether tenon and NumPy write a registered dtype in the same way."""
    return dtype.name in _dtypes.ML_DTYPES.values() and dtype.name[:6] not in ("float4", "float6")


def seekable(file: Any) -> Any:
    """The file object, or one with its bytes if it is not seekable."""
    ask = getattr(file, "seekable", None)
    if not callable(ask) or ask():
        return file
    made = _streams.open_input(file)
    return io.BytesIO(made.source.data) if isinstance(made.source, np.ndarray) else _Kept(made)


class _Kept(io.FileIO):
    """A temporary file with the bytes of a drained object."""

    def __init__(self, made: _streams.Input) -> None:
        super().__init__(made.source, "rb", closefd=False)
        self._made = made
        self.seek(made.offset)


# ---- reading ---------------------------------------------------------------------------------------------------------


def read_array(stream: Any, start: bytes, how: How) -> Any:
    """Reads the array at the position of a file object. `start` has its first bytes. The position ends behind it."""
    header = _header_size(start)
    if header is None or not _is_direct(stream):
        return read_by_numpy(stream, how)
    _check_header(header, how)
    begin = stream.tell()
    try:
        array = _read(stream, header)
    except TenonError as error:
        stream.seek(begin)
        return judge_again(error, lambda: read_by_numpy(stream, how))
    stream.seek(begin + header + array.nbytes)
    return array


def _header_size(start: bytes) -> int | None:
    """The bytes before the data; None: the start is too short, or the version is unknown."""
    if len(start) < START or start[6:8] not in (b"\1\0", b"\2\0", b"\3\0"):
        return None
    return 10 + int.from_bytes(start[8:10], "little") if start[6] == 1 else 12 + int.from_bytes(start[8:12], "little")


def _check_header(size: int, how: How) -> None:
    if size - 12 > how.limit:
        raise ValueError(
            f"Header info length ({size}) is large and may not be safe to load securely.\n"
            "To allow loading, adjust `max_header_size` or fully trust the `.npy` file using `allow_pickle=True`."
        )


def path_of(stream: Any) -> str | None:
    """The path of a file object, for messages, or None."""
    name = getattr(stream, "name", None)
    return os.fsdecode(name) if isinstance(name, (str, bytes)) else None


def _is_direct(stream: Any) -> bool:
    """Whether the library can read the object without its methods."""
    file = _streams._unwrap(stream)
    return type(file) is io.BytesIO or _streams._descriptor(file) is not None


def _read(stream: Any, header: int) -> np.ndarray[Any, Any]:
    made = _streams.open_input(stream)
    settings = SETTINGS if header <= _LIBRARY_LIMIT else (*SETTINGS, f"npy.max_header={header}")
    file = _context.context().open(
        made.source, format="npy", settings=settings, name=path_of(stream), offset=made.offset
    )
    try:
        return read_tensor(file, 0)
    finally:
        file.close()


def read_tensor(file: _core.File, index: int, info: _core.Info | None = None) -> np.ndarray[Any, Any]:
    """Reads a tensor with the byte order and the order of items in the file, as NumPy does."""
    array = file.array(index, mode=_core.MAP_COPY)
    flags = (info or file.info(index))[5]
    if flags & (_FORTRAN | _BIG_ENDIAN):
        if flags & _BIG_ENDIAN and array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder(">"))
        if flags & _FORTRAN:
            array = np.asfortranarray(array)
    return array


def judge_again(error: TenonError, read: Any) -> Any:
    """The result of NumPy for data that the library refuses. Raises the error if NumPy refuses them, too."""
    if error.status not in _JUDGED_AGAIN:
        raise error
    if error.status == "TENON_E_UNSUPPORTED":
        return read()
    try:
        return read()
    except Exception:
        raise error from None


def read_by_numpy(stream: Any, how: How) -> Any:
    """Reads an array with NumPy."""
    return np.lib.format.read_array(
        stream, allow_pickle=how.allow_pickle, pickle_kwargs=dict(how.pickle_kwargs), **_limit(how)
    )


def _limit(how: How) -> dict[str, Any]:
    """The argument max_header_size, which NumPy has from 1.24 on."""
    if tuple(map(int, np.__version__.split(".")[:2])) < (1, 24):
        return {}
    return {"max_header_size": 2**64 if how.allow_pickle else how.max_header_size}


# ---- mapping ---------------------------------------------------------------------------------------------------------


def map_array(file: Any, start: bytes, mode: str, how: How) -> Any:
    """The array of a .npy file as a numpy.memmap."""
    header = _header_size(start)
    if header is not None:
        _check_header(header, how)
    if mode == "r+" or header is None or header > _LIBRARY_LIMIT or not _streams.is_path(file):
        return _map_by_numpy(file, mode, how)
    try:
        opened = _context.context().open(os.fspath(file), format="npy", settings=SETTINGS)
        array = opened.array(0, mode=_core.MAP_ONLY)
        if mode == "c":
            array = opened.array(0, mode=_core.MAP_PRIVATE)
    except TenonError as error:
        if error.status == "TENON_E_NOT_MAPPABLE":
            return _map_by_numpy(file, mode, how)
        return judge_again(error, lambda: _map_by_numpy(file, mode, how))
    return _as_memmap(array, file, header, mode)


def _as_memmap(array: np.ndarray[Any, Any], file: Any, offset: int, mode: str) -> Any:
    """A view with the attributes of numpy.memmap; the library keeps the pages."""
    made: Any = array.view(np.memmap)
    made.filename = file.resolve() if hasattr(file, "resolve") else os.path.abspath(os.fspath(file))
    made.offset = offset
    made.mode = mode
    made._mmap = array.base  # makes parts of the array instances of memmap
    return made


def _map_by_numpy(file: Any, mode: str, how: How) -> Any:
    return np.lib.format.open_memmap(file, mode=mode, **_limit(how))
