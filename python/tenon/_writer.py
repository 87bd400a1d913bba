# SPDX-License-Identifier: MIT
"""tenon.writer: saves tensors one by one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tenon import _context, _core, _dtypes
from tenon._inputs import Adding, bytes_of, dtype_of_one, with_name
from tenon._metadata import put_all
from tenon._save import flags_of, report_of, save_options
from tenon._settings import Options

if TYPE_CHECKING:
    from types import TracebackType

    from tenon._progress import Progress
    from tenon._report import Report


# The most bytes of a copy
_PIECE = 64 << 20


class Writer:
    """A file that gets its tensors one by one. `tenon.writer` returns it.

    The target appears, or is replaced, when the `with` block ends. An exception in the block leaves the target
    unchanged. Meanwhile the data are in memory and, if they are large, in a temporary file: an array may change as
    soon as it was added. Only one thread at a time may use a writer.

    Examples
    --------
    >>> with tenon.writer("a.safetensors") as w:
    ...     w.add("x", np.zeros(3, np.float32))
    ...     w.begin("rows", "f32", (None, 2))
    ...     for i in range(3):
    ...         w.put(np.full(2, i, np.float32))
    ...     w.end()
    >>> tenon.load("a.safetensors")["rows"].tolist()
    [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]
    """

    def __init__(
        self, path: str | bytes, options: dict[str, Any], metadata: Mapping[str, Any] | None, progress: Progress
    ) -> None:
        self._progress = progress
        self._path = path
        self._writer = _context.context().writer(path, options)
        self._report: Report | None = None
        self._putting: str | np.dtype[Any] = ""  # the dtype of the tensor that was begun last
        put_all(self._writer.plan(), metadata)

    def add(self, name: str | None, array: Any, dtype: Any = None) -> None:
        """Add a tensor and copy its data.

        Tensors of open files are not copied: their file must not change before the writer has finished. After an
        exception the tensor is not in the file, and other tensors can be added.

        Parameters
        ----------
        name : str or None
            None: arr_0, arr_1 …
        array : array_like
            As of `tenon.write`.
        dtype : dtype, optional
            Cast to this dtype while saving.
        """
        adding = _AddingOne(self._writer, dtype_of_one(dtype))
        adding.add(name, array)
        adding.flush()

    def begin(self, name: str, dtype: Any, shape: Sequence[int | None], *, store: Any = None) -> None:
        """Begin a tensor whose data come in pieces. `end` must be called before the next tensor is added.

        Parameters
        ----------
        name : str
            The name of the tensor.
        dtype : dtype
            The dtype of the pieces, which may be one of NumPy for texts, dates or records.
        shape : sequence of int
            The dims. The first one may be None: then the number of bytes determines it.
        store : dtype, optional
            Cast to this dtype while saving.

        Raises
        ------
        ValueError
            Another dim than the first is None.
        """
        dims = tuple(shape)
        if any(dim is None for dim in dims[1:]):
            raise ValueError("only the first dim of a shape may be unknown")
        context = _context.context()
        number = _numpys_own(dtype) or _dtypes.number_of(context, dtype)
        self._putting = number if isinstance(number, np.dtype) else _dtypes.name_of(dtype)
        self._writer.begin(
            name,
            number,
            [-1 if dim is None else dim for dim in dims],
            0 if store is None else _dtypes.number_of(context, store),
        )

    def put(self, data: Any) -> None:
        """Append the next bytes of the tensor that was begun.

        Parameters
        ----------
        data : bytes-like or array_like
            Bytes, little-endian and in C order, any number of them; or an array, of the dtype given to `begin`, of
            uint8 or of void. An array of another byte order is swapped. Arrays of f4 and f6 of ml_dtypes are packed,
            and must fill whole bytes.

        Raises
        ------
        ValueError
            The shape has room for fewer bytes. None of the bytes is appended.
        TypeError
            The array has another dtype.
        """
        array = bytes_of(data)
        self._check_dtype(getattr(data, "dtype", array.dtype))
        if array.dtype.byteorder == ">":
            array = array.astype(array.dtype.newbyteorder("<"))
        elif isinstance(self._putting, np.dtype) and array.dtype != np.uint8:  # records have an order in each field
            array = array.astype(self._putting, copy=False)
        self._writer.put(np.ascontiguousarray(array))

    def _check_dtype(self, dtype: Any) -> None:
        """TypeError: the array has another dtype than the tensor."""
        wanted, name = self._putting, _dtypes.label_of(dtype)
        if isinstance(wanted, np.dtype):
            if name != "u8" and dtype not in (wanted, wanted.newbyteorder()):
                raise TypeError(f"the tensor was begun as {wanted}, and this is an array of {name}: use array.astype()")
            return
        if not wanted or name in ("u8", wanted) or name[:2] in ("|S", "|V"):
            return
        if (wanted, name) != ("bf16", "u16"):  # bf16 of small_floats="bits"
            raise TypeError(f"the tensor was begun as {wanted}, and this is an array of {name}: use array.astype()")

    def end(self) -> None:
        """End the tensor.

        Raises
        ------
        ValueError
            Bytes are missing, or the last row is incomplete. Further pieces can be put.
        """
        self._writer.end()

    def put_metadata(self, key: str, value: Any, type: str | None = None) -> None:
        """Set an entry of the metadata.

        Parameters
        ----------
        key : str
            The key.
        value : object
            As of `tenon.save_gguf`.
        type : str, optional
            A type of tenon: "u32", "array:string". None: the type of the value.
        """
        self._writer.plan().put_metadata(key, value, type)

    def __len__(self) -> int:
        return len(self._writer.plan())

    def __repr__(self) -> str:
        if self._report is not None:
            return f"<tenon.Writer {self._path!r}, finished>"
        try:
            count = len(self)
        except ValueError:
            return f"<tenon.Writer {self._path!r}, closed without a file>"
        return f"<tenon.Writer {self._path!r}: {count} tensor{'s' * (count != 1)}, not finished>"

    def finish(self) -> Report:
        """Save all tensors in their order, and return the report. The `with` block calls it at its end.

        After an exception it may be called again.
        """
        if self._report is None:
            from tenon._progress import shown

            with shown(self._progress, "saving") as callback:
                self._report = report_of(self._writer.finish(callback))
            self._writer.close()
        return self._report

    @property
    def report(self) -> Report:
        """The report of the finished writer. ValueError: the writer has not finished."""
        if self._report is None:
            raise ValueError("the writer has not finished")
        return self._report

    def close(self) -> None:
        """Close the writer. Unless it has finished, the target is unchanged."""
        self._writer.close()

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if failure is None:
                self.finish()
        finally:
            self.close()


def _numpys_own(dtype: Any) -> np.dtype[Any] | None:
    """The dtype of texts, dates, records or void, which NumPy alone has; None: it is another one."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        return None
    own = found.names is not None or found.kind in "USMmV" and found.isbuiltin != 2
    return found.newbyteorder("=") if own and dtype is not None else None


class _AddingOne(Adding):
    """Adds arrays to a writer, which copies them, and other inputs to its plan."""

    def __init__(self, writer: _core.Writer, dtype: Any) -> None:
        super().__init__(writer.plan(), dtype)
        self._writer = writer

    def flush(self) -> None:
        arrays, self._arrays = self._arrays, []
        for name, array, dtype, shape, store in arrays:
            plain = dtype != 0 or array.dtype.isbuiltin == 1
            if name is not None and plain and array.nbytes > _PIECE and array.flags.c_contiguous:
                self._add_pieces(name, array, dtype or array.dtype, array.shape if shape is None else shape, store)
                continue
            try:
                self._writer.add(name, array, dtype, shape, store)
            except (TypeError, ValueError) as failure:
                raise with_name(name, failure) from None

    def _add_pieces(self, name: str, array: np.ndarray[Any, Any], dtype: Any, shape: Sequence[int], store: int) -> None:
        """Adds an array in pieces, so that Python can handle signals between them."""
        self._writer.begin(name, dtype, shape, store)
        data = array.reshape(-1).view(np.uint8)
        for at in range(0, data.size, _PIECE):
            self._writer.put(data[at : at + _PIECE])
        self._writer.end()


def writer(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    options: Options | None = None,
    metadata: Mapping[str, Any] | None = None,
    append: bool = False,
    new: bool = False,
    carry: bool = False,
    strict: bool = False,
    skip_unreadable: bool = False,
    durable: bool | None = None,
    threads: int | None = None,
    memory: int | None = None,
    progress: Progress = None,
) -> Writer:
    """Return a context manager that saves tensors one by one.

    Parameters
    ----------
    path : str or os.PathLike
        The path, which is used unchanged.
    metadata : Mapping, optional
        Values by key, as of `tenon.save_gguf`.
    format, options, append, new, carry, strict, skip_unreadable, durable, threads, memory, progress
        As of `tenon.write`.

    Raises
    ------
    TenonError
        The path names no format that can be written, or an option is wrong.
    ValueError
        `path` is a URL.

    Examples
    --------
    >>> with tenon.writer("a.npz", metadata=None) as w:
    ...     for i in range(3):
    ...         w.add(f"step{i}", np.full((2, 2), i))
    >>> sorted(np.load("a.npz"))
    ['step0', 'step1', 'step2']
    """
    target = os.fspath(path)
    if isinstance(target, str) and "://" in target:
        raise ValueError(f"{target}: a writer needs a path of this machine; tenon.write takes URLs")
    flags = flags_of(append=append, new=new, carry=carry, strict=strict, skip_unreadable=skip_unreadable)
    return Writer(target, save_options(target, format, options, flags, durable, threads, memory), metadata, progress)
