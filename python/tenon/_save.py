# SPDX-License-Identifier: MIT
"""MLX's functions that save, and `write`, which saves to any format."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tenon import _context, _core
from tenon._errors import TenonError
from tenon._inputs import Adding
from tenon._metadata import put_all
from tenon._settings import Options, codec_of, settings_of

if TYPE_CHECKING:
    from tenon._progress import Progress
    from tenon._report import Report

# Options of _core.Plan.save.
Plan = dict[str, Any]


# ---- targets -------------------------------------------------------------------------------------------------------


def is_path(file: object) -> bool:
    """Tells a path, or a URL, from a file object or a descriptor."""
    return isinstance(file, (str, bytes, os.PathLike))


def path_of(file: Any) -> str | bytes:
    """The path as the system takes it."""
    path: str | bytes = os.fspath(file)
    return path


def with_extension(path: str | bytes, extension: str) -> str | bytes:
    """The path with the extension, unless it ends with it.

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
        return plan.save(path, options, callback)
    from tenon._streams import open_output

    output = open_output(file)
    options = {**options, "name": output.name}
    if options.get("format") is None:
        options["format"] = codec_of(output.name, None)
    if options["format"] is None:
        raise ValueError("a file object without a name that tells the format needs the argument format")
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
        if error.advice and "dtype=" in error.advice:  # arguments that these functions do not have
            error.advice = f"tenon.write takes them: {error.advice}"
        raise


def _named(arrays: Any) -> Iterable[tuple[str | None, Any]]:
    if not isinstance(arrays, Mapping):
        raise TypeError(f"arrays is a dict of names and arrays, and not an object of type {type(arrays).__name__}")
    return arrays.items()


def save(file: Any, arr: Any, *, options: Options | None = None) -> None:
    """Saves one array to a file in the format .npy, bit for bit as numpy.save does.

    file: str or os.PathLike, to which ".npy" is appended unless it ends with it; a URL of fsspec; a descriptor; or a
        file object with `write`.
        A file appears whole or not at all: one that is replaced stays until then.
    arr: an array of NumPy or of another library (through __array_interface__, __dlpack__ or the buffer protocol), of
        any shape and strides; numbers, and lists of them, become what mlx.core.array makes of them: float32, int32,
        int64 if needed, bool, complex64.
    options: of the format, such as {"align": 64}; `tenon formats -v npy` lists them.

    TypeError: arr is no array. OSError: the system refuses to write. TenonError: the format does not have its dtype.

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
            raise ValueError(f"an array without a name would be {name!r}, which is the name of another one")
        named[name] = value
    _save_as(file, "npz", named.items(), None, options)


def savez(file: Any, *args: Any, **kwds: Any) -> None:
    """Saves several arrays to one file in the format .npz, without compression.

    file: as of `save`, with the extension ".npz".
    args: arrays that get the names arr_0, arr_1 …; kwds: arrays with their names. Arrays are those of `save`.

    ValueError: a name of kwds is that of an array of args. Other errors are those of `save`.

    >>> tenon.savez("a.npz", np.arange(3), w=np.ones((2, 2), np.float32))
    >>> {name: array.shape for name, array in np.load("a.npz").items()}
    {'w': (2, 2), 'arr_0': (3,)}
    """
    _savez(file, args, kwds, None)


def savez_compressed(file: Any, *args: Any, **kwds: Any) -> None:
    """Saves several arrays to one file in the format .npz, compressed by deflate, on all processors.

    Arguments and errors are those of `savez`.

    >>> tenon.savez_compressed("a.npz", zeros=np.zeros(100_000))
    >>> import os
    >>> os.path.getsize("a.npz") < 2000, int(np.load("a.npz")["zeros"].sum())
    (True, 0)
    """
    _savez(file, args, kwds, {"npz.compression": "deflate"})


def save_safetensors(
    file: Any, arrays: Mapping[str, Any], metadata: Mapping[str, str] | None = None, *, options: Options | None = None
) -> None:
    """Saves arrays to a file in the format .safetensors.

    file: as of `save`, with the extension ".safetensors".
    arrays: names and arrays, which are those of `save`.
    metadata: strings by their names.
    options: of the format; `tenon formats -v safetensors` lists them.

    ValueError: a key or value of the metadata is no str. TypeError: arrays is no Mapping. Other errors are those of
    `save`.

    >>> tenon.save_safetensors("a", {"w": np.ones((2, 3), np.float32)}, {"author": "me"})
    >>> arrays, metadata = tenon.load("a.safetensors", return_metadata=True)
    >>> arrays["w"].shape, metadata
    ((2, 3), {'author': 'me'})
    """
    if metadata is not None and not isinstance(metadata, Mapping):
        raise TypeError(f"metadata is a dict of strings, and not an object of type {type(metadata).__name__}")
    if metadata and not all(isinstance(key, str) and isinstance(value, str) for key, value in metadata.items()):
        key, value = next(pair for pair in metadata.items() if not all(isinstance(part, str) for part in pair))
        raise ValueError(f"the metadata of a .safetensors file are strings by strings, and not {key!r}: {value!r:.80}")
    _save_as(file, "safetensors", _named(arrays), metadata, options)


def save_gguf(
    file: Any, arrays: Mapping[str, Any], metadata: Mapping[str, Any] | None = None, *, options: Options | None = None
) -> None:
    """Saves arrays to a file in the format .gguf.

    file: as of `save`, with the extension ".gguf".
    arrays: names and arrays, which are those of `save`, or QuantizedArray. At most 4 dims.
    metadata: values by their keys: a str; a list of str; a scalar or 1-d array, whose type is that of its dtype;
        bool, int and float of Python (bool, i64, f64); lists of these, and lists of lists.
    options: of the format; `tenon formats -v gguf` lists them.

    TenonError: the format has no such dtype, or no such value. Other errors are those of `save_safetensors`.

    >>> tenon.save_gguf("a", {"w": np.ones((2, 32), np.float32)}, {"n": np.uint32(7), "words": ["a", "b"]})
    >>> arrays, metadata = tenon.load("a.gguf", return_metadata=True)
    >>> arrays["w"].shape, metadata["words"]
    ((2, 32), ['a', 'b'])
    """
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


def durable_of(durable: bool | None) -> int:
    """TENON_DURABLE_*."""
    return 0 if durable is None else 1 if durable else 2


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
    """Saves arrays and metadata to a file of any format. Returns the report: what the format could not hold, and notes.

    path: str or os.PathLike, used as it is; a URL of fsspec; a descriptor; or a file object with `write`.
    arrays: a Mapping of names to what `save` takes, QuantizedArray, and tensors of open files (`f[name]`,
        `f.tensors[name]`), which are copied as they are stored, without reading them into memory. For formats of one
        array without a name: the array.
    metadata: values by their keys, as of `save_gguf`; formats take them or report a loss.
    format: the id or an extension of a format; None: the extension of the path decides.
    options: of the format: {"npz.compression": "deflate"}, or without the format's id.
    dtype: cast while saving. One dtype is for all tensors of floating-point and quantised types; a Mapping has a
        dtype for each name, glob, or name of a dtype, and of several that fit a tensor the last one counts.
    append: add to the file; tensors and metadata of the same names are replaced. new: refuse to replace a file
        (FileExistsError).
    carry: store dtypes that the format cannot hold as bytes, with a record that restores them. strict: refuse every
        loss.
    skip_unreadable: leave out tensors of files that cannot be read. durable: wait for the disk; None: as the
        configuration says.
    threads, memory: how many work at once, and the bytes that they may hold; None: as the configuration says.
    progress: True for a bar, or a callable (done, total) with bytes.

    Ctrl-C, and what a callable raises, stop the save; the file stays as it was. KeyError: a key of dtype fits no
    tensor.

    >>> report = tenon.write("a.gguf", {"w": np.ones((2, 32), np.float32)}, {"general.name": "tiny"}, dtype="q8_0")
    >>> len(report.losses)
    0
    >>> tenon.load("a.gguf")["w"].dtype
    'q8_0'
    """
    plan = _context.context().plan()
    pairs = arrays.items() if isinstance(arrays, Mapping) else ((None, arrays),)
    Adding(plan, dtype).add_all(pairs)
    put_all(plan, metadata)
    flags = flags_of(append=append, new=new, carry=carry, strict=strict, skip_unreadable=skip_unreadable)
    target = path_of(path) if is_path(path) else None
    made: Plan = {
        "format": format,
        "flags": flags,
        "settings": settings_of(options, target, format),
        "durable": durable_of(durable),
        "threads": threads,
        "memory": memory,
    }
    return report_of(save_plan(plan, path, made, progress))


def report_of(entries: list[_core.Entry]) -> Report:
    """The report that a function returns."""
    from tenon._report import Report

    return Report.of(entries)
