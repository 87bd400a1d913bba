# SPDX-License-Identifier: MIT
"""LazyArray: an array of a file that is read on use."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

if TYPE_CHECKING:
    from tenon._file import File


class LazyArray(NDArrayOperatorsMixin):
    """The value of ``f[name]`` for compressed, remote or big-endian data, of which no view is possible.

    ``lazy[2:5, ::2]`` reads that box alone. All other operations of an ndarray, such as ``lazy.mean()``, ``lazy + 1``
    and ``np.asarray(lazy)``, read the whole array once; the LazyArray keeps it.

    Examples
    --------
    >>> tenon.savez_compressed("a.npz", x=np.arange(12).reshape(3, 4))
    >>> with tenon.open("a.npz") as f:
    ...     x = f["x"]
    ...     x.shape, x[1].tolist(), int(x.sum())
    ((3, 4), [4, 5, 6, 7], 66)
    """

    # The class of an older NumPy, 1.24 say, has that slot, and a dict, itself.
    __slots__ = (
        *("_file", "_name", "_shape", "_dtype", "_whole"),
        *(() if hasattr(NDArrayOperatorsMixin, "__weakref__") else ("__weakref__",)),
    )

    def __init__(self, file: File, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._file = file
        self._name = name
        self._shape = shape
        self._dtype = dtype
        self._whole: np.ndarray[Any, Any] | None = None

    @property
    def name(self) -> str:
        """The tensor's name in its file."""
        return self._name

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of items in each dim."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of the items."""
        return self._dtype

    @property
    def ndim(self) -> int:
        """The number of dims."""
        return len(self._shape)

    @property
    def size(self) -> int:
        """The number of items."""
        return math.prod(self._shape)

    @property
    def itemsize(self) -> int:
        """Bytes of an item."""
        return self._dtype.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes of the array in memory."""
        return self.size * self._dtype.itemsize

    def read(self) -> np.ndarray[Any, Any]:
        """Return the whole array. The first call reads it."""
        whole = self._whole
        if whole is None:
            whole = self._part(...)
            if self._file.mode == "r":
                whole.flags.writeable = False
            self._whole = whole
        return whole

    def __getitem__(self, index: Any) -> Any:
        if self._whole is None:
            return self._part(index)
        return self._whole[index]

    def _part(self, index: Any) -> Any:
        try:
            return self._file.read(self._name, index, framework="numpy")
        except ValueError:
            if not self._file.closed:
                raise
        message = f"{self._name!r} cannot be mapped, and its file was closed before it was read"
        raise ValueError(f"{message}: np.asarray() or File.read() in time gives an array that stays")

    def __setitem__(self, index: Any, value: Any) -> None:
        self.read()[index] = value

    def __len__(self) -> int:
        if not self._shape:
            raise TypeError("len() of unsized object")
        return self._shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        whole = self.read()
        if dtype is not None and np.dtype(dtype) != whole.dtype:
            if copy is False:
                raise ValueError("unable to avoid a copy while creating an array as requested: the dtype differs")
            return whole.astype(dtype)
        return whole.copy() if copy else whole

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        outs = kwargs.get("out", ())
        if outs:
            kwargs["out"] = tuple(out.read() if isinstance(out, LazyArray) else out for out in outs)
        arrays = (given.read() if isinstance(given, LazyArray) else given for given in inputs)
        return getattr(ufunc, method)(*arrays, **kwargs)

    def __getattr__(self, name: str) -> Any:
        # Methods and attributes of ndarray, and its protocols: __array_interface__, __dlpack__, __dlpack_device__
        if name.startswith("__") and name not in ("__array_interface__", "__dlpack__", "__dlpack_device__"):
            raise AttributeError(name)
        if not hasattr(np.ndarray, name):
            raise AttributeError(f"'LazyArray' object has no attribute '{name}'")
        return getattr(self.read(), name)

    def __bool__(self) -> bool:
        return bool(self.read())

    def __int__(self) -> int:
        return int(self.read())

    def __float__(self) -> float:
        return float(self.read())

    def __complex__(self) -> complex:
        return complex(self.read())

    def __index__(self) -> int:
        return self.read().__index__()

    def __iter__(self) -> Any:
        return iter(self.read())

    def __contains__(self, item: Any) -> bool:
        return item in self.read()

    def __copy__(self) -> np.ndarray[Any, Any]:
        return self.read().copy()

    def __deepcopy__(self, memo: Any) -> np.ndarray[Any, Any]:
        return self.read().copy()

    def __reduce__(self) -> Any:
        return np.array, (self.read(),)

    def __repr__(self) -> str:
        if self._whole is not None:
            return repr(self._whole)
        return f"<LazyArray {self._name!r}: {self._dtype}, {self._shape}, not read yet>"
