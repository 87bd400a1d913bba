# SPDX-License-Identifier: MIT
"""NumPy's load, save, savez and savez_compressed, with the same arguments and results, implemented by tenon.

A program changes one import::

    from tenon.numpy import load, savez_compressed     # in place of: from numpy import load, savez_compressed
    import tenon.numpy as np                           # all other names are those of NumPy

Differences: a file that is replaced stays whole until the new one is complete. All processors compress and decompress.
`load` reads the whole array or fails, and compares the checksums of members. Values of `mmap_mode` with which NumPy
empties the file are refused. NumPy itself reads and writes arrays of Python objects and other pickles, and only if
`allow_pickle` is true.
"""

from __future__ import annotations

import io
import os
import warnings
from typing import Any

import numpy as np

from tenon import _context, _core, _npy
from tenon._npz import NpzFile

__all__ = ["NpzFile", "load", "save", "savez", "savez_compressed"]

_NPZ_STARTS = (b"PK\3\4", b"PK\5\6")
_ENCODINGS = ("ASCII", "latin1", "bytes")
# NumPy's functions, even if a program replaces them by those of this module
_NUMPY_LOAD, _NUMPY_SAVE, _NUMPY_SAVEZ, _NUMPY_SAVEZ_COMPRESSED = np.load, np.save, np.savez, np.savez_compressed
# Void for dtypes of ml_dtypes, as NumPy writes them
_SAVING = {"npy": ("npy.fp8=void",), "npz": ("npy.fp8=void",)}


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(np, name)


# ---- load ------------------------------------------------------------------------------------------------------------


def load(
    file: Any,
    mmap_mode: str | None = None,
    allow_pickle: bool = False,
    fix_imports: bool = True,
    encoding: str = "ASCII",
    *,
    max_header_size: int = _npy.MAX_HEADER_SIZE,
) -> Any:
    """Load an array from a .npy file, or open a .npz archive, as numpy.load does.

    Parameters
    ----------
    file : str, bytes, os.PathLike or file object
        A path, or an object in binary mode, which is read from its current position and left behind the array.
    mmap_mode : {None, "r", "c", "r+"}
        Map the array of a .npy file: "r" read-only, "c" copy-on-write. With "r+" NumPy maps it, and writes go to the
        file.
    allow_pickle : bool
        Also load pickles. A pickle can run any code.
    fix_imports : bool
        For pickles of Python 2.
    encoding : {"ASCII", "latin1", "bytes"}
        For pickles of Python 2.
    max_header_size : int
        The longest header in bytes that is accepted unless `allow_pickle` is true.

    Returns
    -------
    ndarray, memmap, NpzFile or object
        An ndarray of the dtype, shape and order in the file, writable, in memory of its own; with `mmap_mode` a
        numpy.memmap. Of an archive an NpzFile, which loads each array on access, and must be closed. Of a pickle the
        object in it.

    Raises
    ------
    OSError
        The file cannot be read.
    EOFError
        The file ends at the current position.
    ValueError
        The file is malformed or truncated, or needs `allow_pickle`.
    zipfile.BadZipFile
        The archive is damaged.
    pickle.UnpicklingError
        The file has no known format.

    Examples
    --------
    >>> tenon.numpy.savez("a.npz", x=np.arange(3), y=np.eye(2))
    >>> with tenon.numpy.load("a.npz") as a:
    ...     a.files, a["x"].tolist()
    (['x', 'y'], [0, 1, 2])
    """
    if encoding not in _ENCODINGS:
        raise ValueError("encoding must be 'ASCII', 'latin1', or 'bytes'")
    how = _npy.How(bool(allow_pickle), {"encoding": encoding, "fix_imports": fix_imports}, max_header_size)
    mode = _npy.map_mode(mmap_mode)
    if hasattr(file, "read"):
        return _load(_npy.seekable(file), file, False, mode, how)
    stream = open(os.fspath(file), "rb")
    try:
        result = _load(stream, file, True, mode, how)
    except BaseException:
        stream.close()
        raise
    if not isinstance(result, NpzFile):
        stream.close()
    return result


def _load(stream: Any, file: Any, own: bool, mode: str | None, how: _npy.How) -> Any:
    """Loads the content of a file object from its position on. `file` is the argument of the program."""
    start = stream.read(_npy.START)
    if not start:
        raise EOFError("No data left in file")
    stream.seek(-len(start), os.SEEK_CUR)
    if start.startswith(_NPZ_STARTS):
        return NpzFile(stream, own, how.allow_pickle, dict(how.pickle_kwargs), max_header_size=how.max_header_size)
    if not start.startswith(_npy.MAGIC):
        # A pickle, or an unknown format: NumPy loads it, or raises its exception
        return _NUMPY_LOAD(file if own else stream, allow_pickle=how.allow_pickle, **how.pickle_kwargs)
    if mode is not None:
        return _npy.map_array(file if own else stream, start, mode, how)
    return _npy.read_array(stream, start, how)


# ---- save ------------------------------------------------------------------------------------------------------------


def save(file: Any, arr: Any, allow_pickle: bool = True) -> None:
    """Save an array to a .npy file, bit for bit as numpy.save does.

    Parameters
    ----------
    file : str, os.PathLike or file object
        A path, to which ".npy" is appended if it is missing, or an object, which is written from its current position.
    arr : array_like
        The array.
    allow_pickle : bool
        Allow arrays of Python objects, which NumPy saves as pickles.

    Raises
    ------
    ValueError
        The array has objects, and `allow_pickle` is false.
    OSError
        The file cannot be written.

    Examples
    --------
    >>> tenon.numpy.save("a", [[1, 2], [3, 4]])
    >>> tenon.numpy.load("a.npy")
    array([[1, 2],
           [3, 4]])
    """
    array = _array(arr, allow_pickle)
    if array is None:
        _save_by_numpy(_NUMPY_SAVE, file, ".npy", (arr,), {})
    else:
        _save_arrays(file, "npy", [(None, array)], ())


def savez(file: Any, *args: Any, allow_pickle: bool = True, **kwds: Any) -> None:
    """Save several arrays to an uncompressed .npz archive, as numpy.savez does.

    The data begin at multiples of 64 bytes, so that tenon can map them.

    Parameters
    ----------
    file : str, os.PathLike or file object
        As of `save`, with the extension ".npz".
    *args : array_like
        Arrays that get the names arr_0, arr_1 …
    allow_pickle : bool
        Allow arrays of Python objects. Then NumPy writes the archive.
    **kwds : array_like
        Arrays by name.

    Raises
    ------
    ValueError
        A name of `kwds` is also the name of an array of `args`.
    OSError
        As of `save`.

    Examples
    --------
    >>> tenon.numpy.savez("a", np.arange(3), x=np.eye(2))
    >>> list(np.load("a.npz"))
    ['x', 'arr_0']
    """
    _savez(_NUMPY_SAVEZ, file, args, kwds, allow_pickle, ())


def savez_compressed(file: Any, *args: Any, allow_pickle: bool = True, **kwds: Any) -> None:
    """Save several arrays to a compressed .npz archive, as numpy.savez_compressed does, on all processors.

    Parameters
    ----------
    file, *args, allow_pickle, **kwds
        As of `savez`.

    Raises
    ------
    ValueError, OSError
        As of `savez`.

    Examples
    --------
    >>> tenon.numpy.savez_compressed("a", x=np.zeros(10000))
    >>> np.load("a.npz")["x"].shape
    (10000,)
    """
    _savez(_NUMPY_SAVEZ_COMPRESSED, file, args, kwds, allow_pickle, ("npz.compression=deflate",))


def _savez(
    theirs: Any, file: Any, args: tuple[Any, ...], kwds: dict[str, Any], allow_pickle: bool, settings: tuple[str, ...]
) -> None:
    named = dict(kwds)
    for i, value in enumerate(args):
        if f"arr_{i}" in kwds:
            raise ValueError(f"Cannot use un-named variables and keyword arr_{i}")
        named[f"arr_{i}"] = value
    arrays: list[tuple[str | None, np.ndarray[Any, Any]]] = []
    for name, value in named.items():
        array = _array(value, allow_pickle)
        if array is None or not name or "\0" in name:
            _save_by_numpy(theirs, file, ".npz", (), named)
            return
        arrays.append((name, array))
    _save_arrays(file, "npz", arrays, settings)


def _array(value: Any, allow_pickle: bool) -> np.ndarray[Any, Any] | None:
    """The array to save. None: NumPy must save it, as a pickle or as a registered dtype."""
    array = np.asanyarray(value)
    if isinstance(array, np.ma.MaskedArray):
        raise NotImplementedError(
            "a masked array has no place for its mask in a file: save array.filled() or array.data"
        )
    dtype = array.dtype
    if dtype.hasobject or dtype.kind == "T":
        if not allow_pickle:
            raise ValueError("Object arrays cannot be saved when allow_pickle=False")
        return None
    if dtype.isbuiltin == 2 and not _npy.is_known(dtype):
        return None
    if dtype.names is not None or dtype.metadata:
        _warn(array)
    return array if type(array) is np.ndarray else array.view(np.ndarray)


def _warn(array: np.ndarray[Any, Any]) -> None:
    """Warns as NumPy does of headers that need a newer version of the format, and of metadata of the dtype."""
    header = np.lib.format.header_data_from_array_1_0(array)  # warns of metadata of the dtype
    version, numpy = "3.0", "1.17"
    try:
        np.lib.format.write_array_header_2_0(io.BytesIO(), header)
        version, numpy = "2.0", "1.9.0"
        np.lib.format.write_array_header_1_0(io.BytesIO(), header)
    except ValueError:
        message = f"Stored array in format {version}. It can only be read by NumPy >= {numpy}"
        warnings.warn(message, UserWarning, stacklevel=4)


def _save_arrays(
    file: Any, format: str, arrays: list[tuple[str | None, np.ndarray[Any, Any]]], settings: tuple[str, ...]
) -> None:
    from tenon import _save

    plan = _context.context().plan()
    plan.add_arrays([(name, array, 0, None, 0) for name, array in arrays])
    options = {"format": format, "flags": _core.SAVE_EXACT_NAME, "settings": (*_SAVING[format], *settings)}
    _save.save_plan(plan, _target(file, f".{format}"), options)


def _target(file: Any, extension: str) -> Any:
    if hasattr(file, "write"):
        return file
    path = os.fspath(file)
    return path if path.endswith(extension) else path + extension


def _save_by_numpy(theirs: Any, file: Any, extension: str, args: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Saves with NumPy, to memory first, so that a failure does not change the file."""
    made = io.BytesIO()
    theirs(made, *args, **named)
    target = _target(file, extension)
    if hasattr(target, "write"):
        target.write(made.getbuffer())
        return
    with open(target, "wb") as stream:
        stream.write(made.getbuffer())
