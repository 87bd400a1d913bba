# SPDX-License-Identifier: MIT
"""MLX's functions to save, and `write` for any format."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tenon import _context, _core
from tenon._errors import TenonError
from tenon._inputs import Adding, dtype_of_one
from tenon._metadata import put_all
from tenon._settings import Options, codec_of, settings_of

if TYPE_CHECKING:
    from tenon._progress import Progress
    from tenon._report import Report

# Options of _core.Plan.save.
Plan = dict[str, Any]


# ---- targets -------------------------------------------------------------------------------------------------------


def is_path(file: object) -> bool:
    """Whether the file is a path or a URL, and no file object or descriptor."""
    return isinstance(file, (str, bytes, os.PathLike))


def path_of(file: Any) -> str | bytes:
    """The path as str or bytes."""
    path: str | bytes = os.fspath(file)
    return path


def with_extension(path: str | bytes, extension: str) -> str | bytes:
    """The path, with the extension appended if it is missing.

    >>> from tenon._save import with_extension
    >>> with_extension("a", ".npy"), with_extension("a.npy", ".npy"), with_extension("a.npz", ".npy")
    ('a.npy', 'a.npy', 'a.npz.npy')
    """
    if isinstance(path, bytes):
        return path if path.endswith(extension.encode()) else path + extension.encode()
    return path if path.endswith(extension) else path + extension


def save_plan(plan: _core.Plan, file: Any, options: Plan, progress: Progress = None) -> list[_core.Entry]:
    """Saves a plan to a path, a URL, a descriptor or a file object. Returns the entries of the report."""
    if progress is None or progress is False:
        return _save_plan(plan, file, options, None)
    from tenon._progress import shown

    with shown(progress, "saving") as callback:
        return _save_plan(plan, file, options, callback)


def _save_plan(plan: _core.Plan, file: Any, options: Plan, callback: Any) -> list[_core.Entry]:
    if is_path(file):
        path = path_of(file)
        if isinstance(path, str) and "://" in path:
            return _save_url(plan, path, options, callback)
        flags = options.get("flags", 0)
        if flags & _core.SAVE_APPEND or not _is_fifo(path):
            return plan.save(path, options, callback)
        options = {**options, "flags": flags & ~_core.SAVE_NEW}  # nothing is replaced
        with open(path, "wb", buffering=0) as fifo:  # Ctrl-C ends the wait for a reader
            return _save_object(plan, fifo, options, callback)
    return _save_object(plan, file, options, callback)


def _is_fifo(path: str | bytes) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):  # the save says what is wrong
        return False


def _save_object(plan: _core.Plan, file: Any, options: Plan, callback: Any) -> list[_core.Entry]:
    from tenon._streams import open_output

    output = open_output(file)
    options = {**options, "name": output.name}
    if options.get("format") is None:
        options["format"] = codec_of(output.name, None)
    if options["format"] is None:
        raise ValueError("the name of the file object tells no format: give the argument format")
    try:
        return plan.save(output.target, options, callback)
    finally:
        output.finish()


def _save_url(plan: _core.Plan, url: str, options: Plan, callback: Any) -> list[_core.Entry]:
    from tenon import _remote

    if not _remote.is_url(url):
        return plan.save(url, options, callback)
    local = _remote.local_path(url)
    if local is not None:
        return plan.save(local, options, callback)
    options = {**options, "name": _remote.file_name(url)}
    if options.get("format") is None:
        options["format"] = codec_of(_remote.file_name(url), None)
    if options["format"] is None:
        raise ValueError(f"{url}: the name tells no format: give the argument format")
    with _remote.Target(url, new=bool(options.get("flags", 0) & _core.SAVE_NEW)) as target:
        return plan.save(target, options, callback)


# ---- MLX's functions -----------------------------------------------------------------------------------------------


def _save_as(
    file: Any,
    format: str,
    arrays: Iterable[tuple[str | None, Any]],
    metadata: Mapping[str, Any] | None,
    options: Options | None,
) -> None:
    plan = _context.context().plan()
    Adding(plan).add_all(arrays)
    put_all(plan, metadata)
    if is_path(file):
        file = with_extension(path_of(file), "." + format)
    made: Plan = {
        "format": format,
        "flags": _core.SAVE_EXACT_NAME,
        "settings": settings_of(options, None, format),
    }
    try:
        save_plan(plan, file, made)
    except TenonError as error:
        if error.advice and ("dtype=" in error.advice or "carry=" in error.advice):
            # arguments that these functions do not have
            error.advice = f"tenon.write takes them: {error.advice}"
        raise


def _named(arrays: Any) -> Iterable[tuple[str | None, Any]]:
    if not isinstance(arrays, Mapping):
        raise TypeError(f"arrays is a dict of names and arrays, and not an object of type {type(arrays).__name__}")
    return arrays.items()


def save(file: Any, arr: Any, *, options: Options | None = None) -> None:
    """Save one array to a file in the format .npy, bit for bit as numpy.save does.

    Parameters
    ----------
    file : str, os.PathLike, int or file object
        A path, to which ".npy" is appended if it is missing; a URL of fsspec; a descriptor; or an object with `write`.
        A file appears, or is replaced, when it is complete.
    arr : array_like
        An array of NumPy or of another library (through ``__array_interface__``, ``__dlpack__`` or the buffer
        protocol), of any shape and strides. Numbers and lists of numbers become the array that mlx.core.array makes of
        them: float32, int32, int64 if needed, bool or complex64.
    options : Mapping, optional
        Options of the format: ``{"align": 64}``; `tenon formats -v npy` lists them.

    Raises
    ------
    TypeError
        `arr` is no array.
    OSError
        The system refuses to write.
    TenonError
        The format does not support the dtype.

    Examples
    --------
    >>> tenon.save("a", np.eye(2))
    >>> np.load("a.npy")
    array([[1., 0.],
           [0., 1.]])
    """
    _save_as(file, "npy", ((None, arr),), None, options)


def _savez(file: Any, args: tuple[Any, ...], kwds: dict[str, Any], options: Options | None) -> None:
    named = dict(kwds)
    for i, value in enumerate(args):
        if isinstance(value, Mapping):
            raise TypeError("savez(file, **arrays) saves the arrays of a dict by their names")
        name = f"arr_{i}"
        if name in kwds:
            raise ValueError(f"{name!r} is the name of an array without a name, and of a keyword argument")
        named[name] = value
    _save_as(file, "npz", named.items(), None, options)


def savez(file: Any, *args: Any, **kwds: Any) -> None:
    """Save several arrays to one file in the format .npz, without compression.

    Parameters
    ----------
    file : str, os.PathLike, int or file object
        As of `save`, with the extension ".npz".
    *args : array_like
        Arrays that get the names arr_0, arr_1 …; as of `save`.
    **kwds : array_like
        Arrays by name.

    Raises
    ------
    ValueError
        A name of `kwds` is also the name of an array of `args`.
    TypeError, OSError, TenonError
        As of `save`.

    Examples
    --------
    >>> tenon.savez("a.npz", np.arange(3), w=np.ones((2, 2), np.float32))
    >>> {name: array.shape for name, array in np.load("a.npz").items()}
    {'w': (2, 2), 'arr_0': (3,)}
    """
    _savez(file, args, kwds, None)


def savez_compressed(file: Any, *args: Any, **kwds: Any) -> None:
    """Save several arrays to one file in the format .npz, compressed with deflate, on all processors.

    Parameters
    ----------
    file, *args, **kwds
        As of `savez`.

    Raises
    ------
    ValueError, TypeError, OSError, TenonError
        As of `savez`.

    Examples
    --------
    >>> tenon.savez_compressed("a.npz", zeros=np.zeros(100_000))
    >>> import os
    >>> os.path.getsize("a.npz") < 2000, int(np.load("a.npz")["zeros"].sum())
    (True, 0)
    """
    _savez(file, args, kwds, {"npz.compression": "deflate"})


def save_safetensors(
    file: Any, arrays: Mapping[str, Any], metadata: Mapping[str, str] | None = None, *, options: Options | None = None
) -> None:
    """Save arrays to a file in the format .safetensors.

    Parameters
    ----------
    file : str, os.PathLike, int or file object
        As of `save`, with the extension ".safetensors".
    arrays : Mapping
        Arrays by name; as of `save`.
    metadata : Mapping of str to str, optional
        The metadata.
    options : Mapping, optional
        Options of the format; `tenon formats -v safetensors` lists them.

    Raises
    ------
    ValueError
        A key or a value of the metadata is no str.
    TypeError
        `arrays` is no Mapping, or a value is no array.
    OSError, TenonError
        As of `save`.

    Examples
    --------
    >>> tenon.save_safetensors("a", {"w": np.ones((2, 3), np.float32)}, {"author": "me"})
    >>> arrays, metadata = tenon.load("a.safetensors", return_metadata=True)
    >>> arrays["w"].shape, metadata
    ((2, 3), {'author': 'me'})
    """
    if metadata is not None and not isinstance(metadata, Mapping):
        raise TypeError(f"metadata is a dict of strings, and not an object of type {type(metadata).__name__}")
    if metadata and not all(isinstance(key, str) and isinstance(value, str) for key, value in metadata.items()):
        key, value = next(pair for pair in metadata.items() if not all(isinstance(part, str) for part in pair))
        raise ValueError(f"metadata of a .safetensors file are strings, and not {key!r}: {value!r:.80}")
    _save_as(file, "safetensors", _named(arrays), metadata, options)


def _kind_of(item: Any) -> str:
    """The kind of an item of a list, as the extension tells them apart."""
    if isinstance(item, (str, bytes)):
        return "text"
    if isinstance(item, (bool, np.bool_)):
        return "bool"
    is_array = isinstance(item, (list, tuple)) or (not isinstance(item, np.generic) and getattr(item, "shape", ()) != ())
    return "array" if is_array else "number"


def _is_tree(value: Any) -> bool:
    """True for a dict, and for a list that becomes a mixed array or has one in it."""
    if isinstance(value, dict):
        return True
    if not isinstance(value, (list, tuple)):
        return False
    return any(item is None or _is_tree(item) for item in value) or len({_kind_of(item) for item in value}) > 1


def save_gguf(
    file: Any, arrays: Mapping[str, Any], metadata: Mapping[str, Any] | None = None, *, options: Options | None = None
) -> None:
    """Save arrays to a file in the format .gguf.

    Parameters
    ----------
    file : str, os.PathLike, int or file object
        As of `save`, with the extension ".gguf".
    arrays : Mapping
        Arrays (as of `save`) and QuantizedArrays by name; at most 4 dims.
    metadata : Mapping, optional
        Values by key: str; lists of str; scalars and 1-d arrays, which keep the type of their dtype; bool, int and
        float of Python (stored as bool, i64, f64); lists of these, and lists of lists.
    options : Mapping, optional
        Options of the format; `tenon formats -v gguf` lists them.

    Raises
    ------
    TenonError
        The format does not support the dtype of an array, or a value of the metadata.
    TypeError, OSError
        As of `save_safetensors`.

    Examples
    --------
    >>> tenon.save_gguf("a", {"w": np.ones((2, 32), np.float32)}, {"n": np.uint32(7), "words": ["a", "b"]})
    >>> arrays, metadata = tenon.load("a.gguf", return_metadata=True)
    >>> arrays["w"].shape, metadata["words"]
    ((2, 32), ['a', 'b'])
    """
    if isinstance(metadata, Mapping):
        for key, value in metadata.items():  # a save would drop these, and nothing here returns the report
            if value is None:
                raise TypeError(f"metadata {key!r}: GGUF has no value for None")
            if _is_tree(value):
                raise TypeError(f"metadata {key!r}: GGUF has neither dicts nor lists of values of several types")
    _save_as(file, "gguf", _named(arrays), metadata, options)


# ---- any format ----------------------------------------------------------------------------------------------------


def flags_of(*, append: bool, new: bool, carry: bool, strict: bool, skip_unreadable: bool) -> int:
    """TENON_SAVE_* of the arguments of `write`, `writer` and `convert`."""
    return (
        (_core.SAVE_APPEND if append else 0)
        | (_core.SAVE_NEW if new else 0)
        | (_core.SAVE_CARRY if carry else 0)
        | (_core.SAVE_STRICT if strict else 0)
        | (_core.SAVE_SKIP_UNREADABLE if skip_unreadable else 0)
        | _core.SAVE_EXACT_NAME
    )


def save_options(
    target: Any,
    format: str | None,
    options: Options | None,
    flags: int,
    durable: bool | None,
    threads: int | None,
    memory: int | None,
) -> Plan:
    """The options of _core.Plan.save for the arguments of `write`, `writer` and `convert`."""
    return {
        "format": format,
        "flags": flags,
        "settings": settings_of(options, path_of(target) if is_path(target) else None, format),
        "durable": 0 if durable is None else 1 if durable else 2,  # TENON_DURABLE_*
        "threads": threads,
        "memory": memory,
    }


def write(
    path: Any,
    arrays: Any,
    metadata: Mapping[str, Any] | None = None,
    *,
    format: str | None = None,
    options: Options | None = None,
    dtype: Any = None,
    append: bool = False,
    new: bool = False,
    carry: bool = False,
    strict: bool = False,
    skip_unreadable: bool = False,
    durable: bool | None = None,
    threads: int | None = None,
    memory: int | None = None,
    progress: Progress = None,
) -> Report:
    """Save arrays and metadata to a file of any format.

    Ctrl-C, and an exception of a `progress` callable, stop the save; the old file stays.

    Parameters
    ----------
    path : str, os.PathLike, int or file object
        A path, which is used unchanged; a URL of fsspec; a descriptor; or an object with `write`.
    arrays : Mapping or array_like
        By name: arrays (as of `save`), QuantizedArrays, and tensors of open files (``f[name]``, ``f.tensors[name]``),
        which are copied as stored and in bounded memory. For a format of one array without a name: the array.
    metadata : Mapping, optional
        Values by key, as of `save_gguf`. The report lists those that the format cannot hold.
    format : str, optional
        The id or an extension of a format; None: the extension of the path decides.
    options : Mapping, optional
        Options of the format: ``{"npz.compression": "deflate"}``; the prefix may be omitted.
    dtype : dtype or Mapping, optional
        Cast while saving. A single dtype applies to all tensors of floating-point and quantised dtypes. A Mapping has
        dtypes by name, glob or dtype; the last entry that matches a tensor applies.
    append : bool
        Add to the file; tensors and metadata of the same names are replaced.
    new : bool
        Never replace a file: raise FileExistsError.
    carry : bool
        Store tensors of dtypes that the format does not support as bytes, with a record that restores them.
    strict : bool
        Raise an exception instead of a loss.
    skip_unreadable : bool
        Omit tensors of open files that cannot be read.
    durable : bool, optional
        Wait until the data are on the disk; None: as configured.
    threads : int, optional
        The number of threads; None: as configured.
    memory : int, optional
        The limit of memory in bytes; None: as configured.
    progress : bool or callable
        True shows a bar; a callable gets (bytes done, bytes in total).

    Returns
    -------
    Report
        The losses (parts of the data that the format cannot hold) and notes.

    Raises
    ------
    KeyError
        A key of `dtype` matches no tensor.
    TypeError
        A value is no array.
    OSError
        The system refuses to write.
    TenonError
        The format cannot hold a tensor, or a loss occurs although `strict` is true.

    Examples
    --------
    >>> report = tenon.write("a.gguf", {"w": np.ones((2, 32), np.float32)}, {"general.name": "tiny"}, dtype="q8_0")
    >>> len(report.losses)
    0
    >>> tenon.load("a.gguf")["w"].dtype
    'q8_0'
    """
    plan = _context.context().plan()
    pairs = arrays.items() if isinstance(arrays, Mapping) else ((None, arrays),)
    Adding(plan, dtype if isinstance(arrays, Mapping) else dtype_of_one(dtype)).add_all(pairs)
    put_all(plan, metadata)
    flags = flags_of(append=append, new=new, carry=carry, strict=strict, skip_unreadable=skip_unreadable)
    made = save_options(path, format, options, flags, durable, threads, memory)
    return report_of(save_plan(plan, path, made, progress))


def report_of(entries: list[_core.Entry]) -> Report:
    """The report that a function returns."""
    from tenon._report import Report

    return Report.of(entries)
