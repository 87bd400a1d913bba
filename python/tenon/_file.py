# SPDX-License-Identifier: MIT
"""Files that stay open: tenon.open and what it returns."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from tenon import _context, _core, _frameworks, _metadata, _progress, _reading
from tenon._items import Items
from tenon._lazy import LazyArray
from tenon._opening import open_core
from tenon._tensors import Names, Tensors

if TYPE_CHECKING:
    from tenon._metadata import Metadata
    from tenon._report import Report

_DYNAMIC = 64  # TENON_DTYPE_DYNAMIC


def open(
    source: Any,
    *,
    format: str | None = None,
    options: Mapping[str, Any] | None = None,
    mode: str = "r",
    shards: bool = False,
    index: bool = True,
    alone: bool = False,
    offset: int = 0,
    length: int | None = None,
    framework: str = "numpy",
    small_floats: str | None = None,
    progress: _progress.Progress = None,
) -> File:
    """Open a file and read its catalog, but no data.

    Parameters
    ----------
    source : str, os.PathLike, int, file object, bytearray, memoryview or ndarray
        A path, a folder with a set of shards, a URL that fsspec opens, a descriptor, a file object (from its current
        position), or the content of a file, which must not change while the file is open. `bytes` are a path.
    format : str, optional
        The id of the format, if neither the content nor the extension tells it.
    options : Mapping, optional
        Options of the format: ``{"gguf.mlx": "triple"}``. The prefix may be omitted if `format` is given.
    mode : {"r", "c"}
        "r": the arrays are read-only. "c": they are copy-on-write, and the file does not change.
    shards : bool
        Open all shards of the numbered set that the file belongs to.
    index : bool
        False: find the shards by their names, and ignore the index of the set.
    alone : bool
        Open the file itself, even if it stands for a set.
    offset, length : int
        The part of the file, in bytes; `length` None: to the end of the file.
    framework : {"numpy", "torch", "jax", "mlx"}
        The library of the arrays. Tensors of torch, and aligned arrays of JAX, share pages of the file; writes to them
        stay in memory. MLX copies.
    small_floats : {None, "bits", "float32"}
        The form of bf16, f8, f6 and f4. None: dtypes of ml_dtypes. "bits": unsigned integers. "float32": converted,
        exactly.
    progress : bool or callable
        True shows a bar; a callable gets (bytes done, bytes in total).

    Returns
    -------
    File
        A mapping from the names of the tensors to arrays.

    Raises
    ------
    TenonError
        The file cannot be opened, or has no known format. The class tells the reason: also a FileNotFoundError,
        ValueError …

    Examples
    --------
    >>> tenon.save_safetensors("m.safetensors", {"w": np.ones((2, 3)), "b": np.zeros(3)}, {"by": "me"})
    >>> with tenon.open("m.safetensors") as f:
    ...     sorted(f), f["w"].shape, f["w"][1, ::2].tolist(), f.metadata["by"]
    (['b', 'w'], (2, 3), [1.0, 1.0], 'me')
    """
    if mode not in ("r", "c"):
        raise ValueError(f"mode is 'r' or 'c', not {mode!r}")
    how = {
        "format": format,
        "options": dict(options) if options else None,
        "mode": mode,
        "shards": shards,
        "index": index,
        "alone": alone,
        "offset": offset,
        "length": length,
        "framework": _frameworks.check(framework),
        "small_floats": small_floats,
    }
    items = Items(_context.context(), small_floats)
    with _progress.shown(progress, "open") as callback:
        core, again = open_core(items.context, source, how, callback)
    return File(core, items, again, how)


class File(Mapping[str, Any]):
    """An open file: a mapping from the names of the tensors to arrays. `tenon.open` returns it.

    If the bytes in the file are those of the array, ``f["name"]`` is an ndarray that shares the pages of the file.
    Else it is a LazyArray, of which ``f["name"][2:5, ::2]`` reads that box alone. Tensors of quantised dtypes are
    QuantizedArrays. With another `framework`, ``f["name"]`` is an array of that library.

    Views stay valid after the file is closed or replaced. In mode "r" they are read-only. In mode "c" each
    ``f["name"]`` is writable, and pages that are written become private copies.

    Several threads may use a File at once. Pickling stores the path. If another program truncates the file in place, an
    access to the missing pages of a view ends the process (SIGBUS). Saves of tenon replace files and never truncate
    them; ``copy=True`` and `tenon.load` avoid the risk for other writers.
    """

    __slots__ = (
        "_core",
        "_items",
        "_bits",
        "_dtypes",
        "_source",
        "_how",
        "_mode",
        "_framework",
        "_name",
        "_metadata",
        "__weakref__",
    )

    def __init__(self, core: _core.File, items: Items, source: Any, how: dict[str, Any]) -> None:
        self._core = core
        self._items = items
        # For frameworks, which have the dtypes of small floats themselves
        self._bits = Items(items.context, "bits") if items.small_floats is None else items
        self._dtypes: dict[int, np.dtype[Any]] = {}  # of lazy arrays, by the number of the dtype
        self._source = source  # what opens it again, with `how`
        self._how = how
        self._mode: str = how["mode"]
        self._framework: str = how["framework"]
        self._name = core.path
        self._metadata: Metadata | None = None

    # ---- about the file ----------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """The path that was opened; of a set, the path of its index or first shard; "" for memory."""
        return self._core.path

    @property
    def format(self) -> str:
        """The id of the format: "safetensors"."""
        return self._core.format

    @property
    def mode(self) -> str:
        """The mode: "r" or "c"."""
        return self._mode

    @property
    def framework(self) -> str:
        """The library of the arrays."""
        return self._framework

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return self._core.size

    @property
    def nbytes(self) -> int:
        """The bytes of all readable tensors, decoded."""
        return self._core.nbytes

    @property
    def tensors(self) -> Tensors:
        """The tensors' descriptions: a Mapping from names to TensorInfo. It reads no data."""
        return Tensors(self, self._core)

    @property
    def metadata(self) -> Metadata:
        """The metadata: a read-only Mapping to str, bool, int, float, None, ndarrays, lists and dicts.

        Saves keep the types that the numbers have in the file, and so does ``f.metadata | {…}``.
        """
        if self._metadata is None:
            self._metadata = _metadata.of_file(self._core)
        return self._metadata

    @property
    def metadata_types(self) -> dict[str, str]:
        """The type of each entry in the file: "u32", "string", "array:f32"."""
        return self._core.metadata_types()

    @property
    def unreadable(self) -> dict[str, str]:
        """The reasons by name of the tensors that cannot be read."""
        if self._core.unreadable == 0:
            return {}
        return {info.name: info.unreadable for info in self.tensors.each() if info.unreadable is not None}

    @property
    def report(self) -> Report:
        """The irregularities in the file that tenon accepted."""
        from tenon._report import Report

        return Report.of(self._core.report())

    def verify(self, *, progress: _progress.Progress = None) -> Report:
        """Read all data and compare all checksums, as `tenon.verify`.

        Parameters
        ----------
        progress : bool or callable
            As of `tenon.open`.

        Returns
        -------
        Report
            `faults` lists the faults of the data, which raise no exception.
        """
        from tenon._report import Report

        with _progress.shown(progress, "verify") as callback:
            return Report.of(self._core.verify(callback))

    def hash(self, names: str | Iterable[str] | None = None, *, progress: _progress.Progress = None) -> dict[str, str]:
        """Return the digests of tensors, as `tenon.hash`.

        Parameters
        ----------
        names, progress
            As of `tenon.hash`.

        Returns
        -------
        dict
            Digests by name.
        """
        from tenon._check import digests

        return digests(self, names, progress)

    # ---- a mapping ---------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._core)

    def __iter__(self) -> Iterator[str]:
        return iter(self._core.names())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._core.find(name) >= 0

    def __getitem__(self, name: str) -> Any:
        if self._framework != "numpy":
            return self.read(name)
        core = self._core
        number = _reading.find(core, name)
        raw = core.view(number)
        if raw is None:
            return self._lazy(number)
        if self._mode == "c":
            raw = core.array(number, mode=_core.MAP_PRIVATE)
        kind = raw.dtype
        if kind.isbuiltin == 1 and kind.isnative and kind.char not in "BH":  # most: nothing is to be asked
            return raw
        info = core.info(number)
        if not kind.isnative and info[2] < _DYNAMIC or self._items.packed(info[2]) or self._items.wanted(info[2]):
            return self._lazy(number)
        return self._items.finish(raw, info[2], info[4])

    def keys(self) -> Names:
        """The names of the tensors, in the order of the file."""
        return Names(self)

    def get(self, name: str, default: Any = None) -> Any:
        """Return ``f[name]``, or `default` if there is no such tensor."""
        return self[name] if name in self else default

    def _lazy(self, number: int) -> Any:
        """What f[name] is if the tensor cannot be mapped."""
        info = self._core.info(number)
        shape = info[4] or ()
        if not shape or self._items.block(info[2]) is not None:  # blocks are read by whole rows
            return self.read(info[1])
        dtype = self._dtypes.get(info[2])
        if dtype is None:
            dtype = self._dtypes[info[2]] = self.read(info[1], (slice(0, 0),) * len(shape)).dtype
        return LazyArray(self, info[1], shape, dtype)

    # Identity: == of Mapping would read all arrays.
    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    # ---- reading -----------------------------------------------------------------------------------------

    def _wish(self, dtype: Any, copy: bool, framework: str, callback: _progress.Callback | None) -> _reading.Wish:
        items = self._items if framework == "numpy" else self._bits
        private = self._mode == "c" or framework in _frameworks.SHARING
        mode = _core.MAP_COPY if copy else _core.MAP_PRIVATE if private else _core.MAP_AUTO
        return _reading.Wish(items, dtype, mode, callback)

    def read(
        self,
        name: str,
        index: Any = ...,
        *,
        dtype: Any = None,
        copy: bool = False,
        out: np.ndarray[Any, Any] | None = None,
        framework: str | None = None,
        progress: _progress.Progress = None,
    ) -> Any:
        """Read a tensor, or the part of it that an index of NumPy selects; only that part where the format allows it.

        Parameters
        ----------
        name : str
            The name of the tensor.
        index : index of NumPy
            The part; all of the tensor by default.
        dtype : str or dtype, optional
            Convert the items to this dtype.
        copy : bool
            If true, the result owns its memory; else it shares pages of the file if they have the same bytes.
        out : ndarray, optional
            An array of the same shape, which is filled and returned. The items are converted to its dtype.
        framework : str, optional
            As of `tenon.open`, for this call.
        progress : bool or callable
            As of `tenon.open`.

        Returns
        -------
        array
            Of the shape that the index selects.

        Raises
        ------
        TenonError
            There is no such tensor (a KeyError), or it cannot be read.
        IndexError
            The index does not fit the shape.

        Examples
        --------
        >>> tenon.save("a.npy", np.arange(6).reshape(2, 3))
        >>> with tenon.open("a.npy") as f:
        ...     f.read("a", (1, slice(None, None, -1)), dtype="f32")
        array([5., 4., 3.], dtype=float32)
        """
        number = _reading.find(self._core, name)
        chosen = _frameworks.check(framework or self._framework)
        with _progress.shown(progress, name) as callback:
            if out is not None:
                _reading.read_into(self._core, number, index, out, self._wish(dtype, copy, "numpy", callback))
                return out
            wish = self._wish(dtype, copy, chosen, callback)
            if chosen == "jax" and index is Ellipsis and self._items.small_floats is None:
                info = self._core.info(number)
                lent = _frameworks.lend(self._core, info, wish.of(info[2])[1], copy, callback)
                if lent is not None:
                    return lent
            found = _reading.read(self._core, number, index, wish)
        return found if chosen == "numpy" else self._convert(found, number, chosen, wish)

    def _convert(self, found: Any, number: int, framework: str, wish: _reading.Wish) -> Any:
        named = self._items.small_floats is None  # else the program chose integers, or float32
        dtype = wish.of(self._core.info(number)[2])[1] if named else 0
        return _frameworks.convert(found, framework, dtype)

    def read_many(
        self,
        names: str | Iterable[str] | None = None,
        *,
        out: Mapping[str, np.ndarray[Any, Any]] | None = None,
        dtype: Any = None,
        copy: bool = False,
        framework: str | None = None,
        progress: _progress.Progress = None,
    ) -> dict[str, Any]:
        """Read many tensors at once, on all threads.

        Parameters
        ----------
        names : str or iterable of str, optional
            A name or a pattern ("blk.*.weight"), or several; "!PATTERN" excludes tensors. None: the names of `out`,
            or all tensors.
        out : Mapping, optional
            Arrays by name, which are filled and returned.
        dtype, copy, framework, progress
            As of `read`.

        Returns
        -------
        dict
            Arrays by name.

        Raises
        ------
        TenonError
            No tensor has such a name (a KeyError), or a tensor cannot be read. Then no array is returned.

        Examples
        --------
        >>> tenon.savez("a.npz", a=np.ones(2), b=np.zeros(3), c=np.ones(1))
        >>> with tenon.open("a.npz") as f:
        ...     sorted(f.read_many(["*", "!b"], dtype="f32"))
        ['a', 'c']
        """
        chosen = _reading.select(self._core, list(out) if names is None and out is not None else names)
        framework = _frameworks.check(framework or self._framework)
        with _progress.shown(progress, "read") as callback:
            if out is not None:
                missing = [name for name in chosen if name not in out]
                if missing:
                    raise ValueError(f"out has no array for {missing[0]!r}")
                _reading.fill(self._core, chosen, out, self._wish(dtype, copy, "numpy", callback))
                return {name: out[name] for name in chosen}
            wish = self._wish(dtype, copy, framework, callback)
            found = _reading.read_many(self._core, chosen, wish)
        if framework == "numpy":
            return found
        return {name: self._convert(array, chosen[name], framework, wish) for name, array in found.items()}

    # ---- the end, and other processes --------------------------------------------------------------------

    def close(self) -> None:
        """Close the file. Views stay valid; all other uses raise ValueError. A second call has no effect."""
        self._core.close()

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        try:
            return len(self._core) < 0
        except ValueError:
            return True

    def __enter__(self) -> File:
        len(self._core)  # raises if it is closed
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __copy__(self) -> File:
        """The same file, opened again, if it can be; as it is now."""
        if self._source is None:
            raise TypeError("a file that was opened from a file object or a descriptor cannot be opened again")
        return open(self._source, **self._how)

    def __deepcopy__(self, memo: Any) -> File:
        return self.__copy__()

    def __reduce__(self) -> Any:
        if not isinstance(self._source, (str, bytes)):
            raise TypeError("only files that were opened by a path or a URL can be pickled")
        return _open_again, (self._source, self._how)

    def __repr__(self) -> str:
        if self.closed:
            return f"<tenon.File {self._name!r}, closed>"
        count, bad = len(self), self._core.unreadable
        words = f"{self.format}, {count} tensor{'s' * (count != 1)}, {self.nbytes} bytes"
        return f"<tenon.File {self._name!r}: {words}{f', {bad} unreadable' if bad else ''}>"


def _open_again(source: str | bytes, how: dict[str, Any]) -> File:
    return open(source, **how)
