# SPDX-License-Identifier: MIT
"""tenon.load: all arrays of a file, each in its own memory."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, overload

import numpy as np

from tenon import _context, _core, _dtypes, _errors, _frameworks, _metadata, _progress, _streams
from tenon._items import Items
from tenon._opening import open_url
from tenon._settings import settings_of

# Dtypes that MLX has as three arrays
_TRIPLES = frozenset(("q4_0", "q4_1", "q8_0"))
# How often a file is loaded that is written meanwhile
_ATTEMPTS = 3
_OTHERS = "tenon.open reads the other tensors; File.unreadable tells which it cannot"
# Indexes of _core.Info
_INDEX: Final = 0
_NAME: Final = 1
_SHAPE: Final = 4
_OFFSET: Final = 9
_STORED: Final = 10
_UNREADABLE: Final = 12
_WHY: Final = 13
_NOT_FOUND = -9  # TENON_E_NOT_FOUND
# The note of the library on an incomplete set without an index
_MISSING = re.compile(r"\d+ of \d+ shards (is|are) missing")


# With metadata the result is a pair; a checker of types is to know.
@overload
def load(
    file: Any,
    /,
    format: str | None = None,
    *,
    return_metadata: Literal[True],
    stream: Any = None,
    framework: str = "numpy",
    quantized: str = "array",
    small_floats: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: _progress.Progress = None,
) -> tuple[Any, dict[str, Any]]: ...
@overload
def load(
    file: Any,
    /,
    format: str | None,
    return_metadata: Literal[True],
    *,
    stream: Any = None,
    framework: str = "numpy",
    quantized: str = "array",
    small_floats: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: _progress.Progress = None,
) -> tuple[Any, dict[str, Any]]: ...
@overload
def load(
    file: Any,
    /,
    format: str | None = None,
    return_metadata: bool = False,
    *,
    stream: Any = None,
    framework: str = "numpy",
    quantized: str = "array",
    small_floats: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: _progress.Progress = None,
) -> Any: ...
def load(
    file: Any,
    /,
    format: str | None = None,
    return_metadata: bool = False,
    *,
    stream: Any = None,
    framework: str = "numpy",
    quantized: str = "array",
    small_floats: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: _progress.Progress = None,
) -> Any:
    """Load all arrays of a file: one array of a .npy file, else a dict from names to arrays.

    The arrays are writable, and each owns its memory. The load is complete or it fails: a tensor that is damaged,
    truncated or of an unknown dtype raises an exception, and so does a missing shard. If the file is replaced during
    the load, the result is the whole old file or the whole new one. If another program writes into the file itself,
    the load is repeated, up to three times.

    Parameters
    ----------
    file : str, bytes, os.PathLike, int or file object
        A path, a URL that fsspec opens, a folder with a set of shards, a descriptor, or a file object in binary mode.
        An object is read from its current position, and is left behind the array (.npy) or at its end.
    format : str, optional
        The id or an extension of the format, if neither the content nor the extension tells it.
    return_metadata : bool
        If true, return the pair (arrays, metadata).
    stream : object
        Ignored; programs written for MLX pass it.
    framework : {"numpy", "torch", "jax", "mlx"}
        The library of the arrays.
    quantized : str
        The form of quantised tensors (q4_0, q6_k …). ``"array"``: QuantizedArray. ``"triple"``: MLX's NAME.weight,
        NAME.scales and NAME.biases for q4_0, q4_1 and q8_0 (NAME without a final ".weight"), and float16 for other
        dtypes. ``"dequantize"``: float32; ``"dequantize:f16"``: another dtype.
    small_floats : {None, "bits", "float32"}
        The form of bf16, f8, f6 and f4. None: dtypes of ml_dtypes. ``"bits"``: unsigned integers. ``"float32"``:
        converted, exactly.
    options : Mapping, optional
        Options of the format: ``{"gguf.orig_shape": "yes"}``.
    progress : bool or callable
        True shows a bar; a callable gets (bytes done, bytes in total).

    Returns
    -------
    array, dict, or a pair of one of these and a dict
        The metadata are a dict of str, NumPy scalars of the types in the file, 1-d arrays, lists of str, and lists of
        these; empty for formats without metadata.

    Raises
    ------
    TenonError
        The file cannot be opened or read. The class tells the reason: also a FileNotFoundError, ValueError,
        BlockingIOError (the file was written during each attempt) …

    Examples
    --------
    >>> tenon.savez("two.npz", np.arange(3), x=np.eye(2))
    >>> arrays = tenon.load("two.npz")
    >>> sorted(arrays), arrays["x"].tolist()
    (['arr_0', 'x'], [[1.0, 0.0], [0.0, 1.0]])
    >>> tenon.save_gguf("m.gguf", arrays={"w": np.ones(4, np.float32)}, metadata={"general.alignment": np.uint32(64)})
    >>> arrays, metadata = tenon.load("m.gguf", return_metadata=True)
    >>> metadata
    {'general.alignment': np.uint32(64)}
    """
    _frameworks.check(framework)
    context = _context.context()
    items = Items(context, small_floats)
    wanted = _Quantized(context, quantized)
    path = _path_of(file)
    settings = [*(settings_of(options, path, format) or ()), *wanted.settings]
    with _progress.shown(progress, "load") as callback:
        for _ in range(_ATTEMPTS):
            before = _stamp(path)
            core, made = _open(context, file, format, settings, callback)
            found = _read_all(core, made, items, wanted, callback, return_metadata)
            if not _is_written(before, _stamp(path)):
                break
        else:
            message = f"{path!r} was written while it was loaded"
            advice = "a save of tenon replaces the file at once, when it is whole"
            raise _errors.fail("TENON_E_BUSY", message, advice=advice)
    arrays, single, metadata = found
    if framework != "numpy":
        arrays = {name: _converted(name, array, framework) for name, array in arrays.items()}
    result = next(iter(arrays.values())) if single else arrays
    return (result, metadata) if return_metadata else result


def _converted(name: str, array: Any, framework: str) -> Any:
    if not isinstance(array, np.ndarray):
        return array
    try:
        return _frameworks.convert(array, framework)
    except TypeError as failure:
        raise TypeError(f"tensor {name!r}: {failure}") from failure


def _path_of(file: Any) -> str | bytes | None:
    return os.fspath(file) if _streams.is_path(file) else None


def _open(
    context: _core.Context, file: Any, format: str | None, settings: Sequence[str], callback: _progress.Callback | None
) -> tuple[_core.File, _streams.Input | None]:
    given: dict[str, Any] = {"format": format, "settings": settings, "progress": callback}
    remote, file = open_url(context, file, given)
    if remote is not None:
        return remote, None
    if _streams.is_path(file):
        if not _is_pipe(file):
            return context.open(os.fspath(file), **given), None
        with io.FileIO(os.fspath(file)) as pipe:
            made = _streams.open_input(pipe)
    else:
        made = _streams.open_input(file)
    return context.open(
        made.source, name=made.name, offset=made.offset, one_thread=made.one_thread, **given
    ), made


def _stamp(path: str | bytes | None) -> tuple[Any, ...] | None:
    """The identity, size and time of a file; None: it is no regular file with a path."""
    if isinstance(path, str) and "://" in path:
        from tenon import _remote

        if _remote.is_url(path):
            local = _remote.local_path(path)
            if local is None:
                return 0, 0, *_remote.stamp(path)  # it is read range by range, by its name
            path = local
    try:
        found = os.stat(path) if path is not None else None
    except OSError:
        return None  # opening it says why
    if found is None or not stat.S_ISREG(found.st_mode):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _is_pipe(path: _streams.Path) -> bool:
    """Whether this is a FIFO, or what a shell passes as /dev/stdin or /dev/fd/3: it is read to its end."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False  # opening it says why


def _is_written(before: tuple[Any, ...] | None, after: tuple[Any, ...] | None) -> bool:
    """Whether the file was written in place. If it was replaced, the result is one of the two files."""
    return before is not None and after is not None and before[:2] == after[:2] and before != after


def _read_all(
    core: _core.File,
    made: _streams.Input | None,
    items: Items,
    quantized: _Quantized,
    callback: _progress.Callback | None,
    with_metadata: bool,
) -> tuple[dict[str, Any], bool, dict[str, Any]]:
    """The arrays, whether the file has a single array without a name, and the metadata. Closes the file."""
    try:
        _check_whole(core)
        arrays = _load_all(core, items, quantized, callback)
        single = len(arrays) == 1 and (core.format == "npy" or core.format in _single_formats(items.context))
        metadata = _metadata.of_file(core).typed() if with_metadata else {}
        end = _end_of_array(core) if made is not None and core.format == "npy" else None
    finally:
        core.close()
    if made is not None:
        made.finish(None if end is None else end - made.offset)
    return arrays, single, metadata


def _check_whole(core: _core.File) -> None:
    """Raises the exception of the first unreadable tensor, or FileNotFoundError if a shard is missing."""
    for _, _, _, _, file, message in core.report():
        if _MISSING.match(message):
            advice = "tenon.open opens the shards that are there"
            raise _errors.fail("TENON_E_NOT_FOUND", f"{file}: {message}", file=file, errno=errno.ENOENT, advice=advice)
    if core.unreadable == 0:
        return
    for info in core.infos(0, len(core)):
        if info[_UNREADABLE] == _NOT_FOUND:
            name, message = info[_NAME], f"{core.path}: tensor {info[_NAME]!r}: {info[_WHY]}"
            raise _errors.fail(
                "TENON_E_NOT_FOUND", message, file=core.path, tensor=name, errno=errno.ENOENT, advice=_OTHERS
            )
        if info[_UNREADABLE]:
            try:
                core.array(info[_INDEX], mode=_core.MAP_COPY)
            except _errors.TenonError as error:
                if error.advice is None and core.unreadable < len(core):
                    error.advice = _OTHERS
                raise


def _single_formats(context: _core.Context) -> frozenset[str]:
    """The formats of a single array without a name."""
    return frozenset(entry["id"] for entry in context.formats() if entry["max_tensors"] == 1)


def _end_of_array(core: _core.File) -> int:
    info = core.info(0)
    return info[_OFFSET] + info[_STORED]


# ---- arrays ------------------------------------------------------------------------------------------------------


class _Quantized:
    """The form of blocks, by the argument `quantized`."""

    __slots__ = ("dtype", "triple")

    def __init__(self, context: _core.Context, quantized: str) -> None:
        how, colon, dtype = quantized.partition(":") if isinstance(quantized, str) else ("", "", "")
        if how not in ("array", "triple", "dequantize") or (colon and how != "dequantize"):
            raise ValueError(f"quantized is 'array', 'triple', 'dequantize' or 'dequantize:DTYPE', not {quantized!r}")
        self.triple = how == "triple"
        name = {"array": None, "triple": "f16", "dequantize": dtype or "f32"}[how]
        self.dtype = _dtypes.number_of(context, name)  # to read blocks as; 0: as stored
        if name is not None and (_dtypes.NAMES.get(self.dtype) or "f4") in _dtypes.PACKED:
            raise ValueError(f"quantized={quantized!r}: blocks become arrays of plain numbers, not of {name}")

    @property
    def settings(self) -> tuple[str, ...]:
        """The options to open files with."""
        return ("gguf.mlx=triple",) if self.triple else ()

    def ask(self, items: Items, dtype: int) -> int:
        """The dtype to read tensors of `dtype` as; 0: as stored."""
        block = items.block(dtype)
        if block is None:
            return items.wanted(dtype)
        return 0 if self.triple and block in _TRIPLES else self.dtype


def _load_all(
    core: _core.File, items: Items, quantized: _Quantized, callback: _progress.Callback | None
) -> dict[str, Any]:
    """All tensors, in the order of the file. One call reads all tensors with the same target dtype."""
    names, dtypes = core.names(), core.dtypes()
    asks = {dtype: quantized.ask(items, dtype) for dtype in set(dtypes)}
    if not any(asks.values()) and not any(items.small(dtype) or items.block(dtype) for dtype in asks):
        return dict(zip(names, core.arrays(None, mode=_core.MAP_COPY, progress=callback), strict=True))
    found: dict[str, Any] = dict.fromkeys(names)
    groups: dict[int, list[int]] = {}
    for index, dtype in enumerate(dtypes):
        groups.setdefault(-1 if items.packed(asks[dtype] or dtype) else asks[dtype], []).append(index)
    if -1 in groups:
        from tenon import _reading

        packed = {names[index]: index for index in groups.pop(-1)}
        found.update(_reading.read_many(core, packed, _reading.Wish(items, None, _core.MAP_COPY, callback)))
    for ask, indexes in groups.items():
        raws = core.arrays(indexes, dtype=ask, mode=_core.MAP_COPY, progress=callback)
        for index, raw in zip(indexes, raws, strict=True):
            shape = core.info(index)[_SHAPE] if not ask and items.block(dtypes[index]) else raw.shape
            found[names[index]] = items.finish(raw, ask or dtypes[index], shape)
    return _with_triples(found) if quantized.triple else found


def _with_triples(arrays: dict[str, Any]) -> dict[str, Any]:
    """Replaces each array of q4_0, q4_1 and q8_0 that the format did not read as a triple by three arrays."""
    from tenon._quantized import QuantizedArray

    found: dict[str, Any] = {}
    for name, array in arrays.items():
        if not isinstance(array, QuantizedArray):
            found[name] = array
            continue
        try:
            parts = array.triple()
        except _errors.TenonError:  # a scale is NaN: MLX has no exact form
            found[name] = array.dequantize("float16")
            continue
        stem = name.removesuffix(".weight")
        found.update(zip((f"{stem}.weight", f"{stem}.scales", f"{stem}.biases"), parts, strict=True))
    return found
