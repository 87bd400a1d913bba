# SPDX-License-Identifier: MIT
"""QuantizedArray: blocks of numbers that share a scale, as stored."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tenon import _context, _core, _dtypes, _errors
from tenon._items import Items

_BLOCK = 1  # TENON_KIND_BLOCK
_TRIPLES = frozenset(("q4_0", "q4_1", "q8_0"))
_OPTIONS = {"format": "gguf", "settings": ("gguf.mlx=triple",)}


class QuantizedArray:
    """Blocks of a quantised dtype, bit for bit as they are stored, with the shape of the numbers that they encode.

    An index selects rows, not numbers within a row; `dequantize` returns numbers.

    Parameters
    ----------
    dtype : str
        The quantised dtype: "q4_0", "q6_k".
    shape : sequence of int
        The dims, in numbers. The last one is a multiple of the numbers in a block.
    data : ndarray of uint8
        The blocks, of the shape ``(*shape[:-1], bytes of a row)``.

    Raises
    ------
    ValueError
        `shape` and `data` do not fit.
    KeyError
        There is no such dtype.

    Examples
    --------
    >>> q = tenon.QuantizedArray.quantize(np.linspace(-1, 1, 64).reshape(2, 32), "q8_0")
    >>> q.dtype, q.shape, q.data.shape
    ('q8_0', (2, 32), (2, 34))
    >>> float(abs(q.dequantize()[0, 0] + 1)) < 0.01
    True
    """

    __slots__ = ("_dtype", "_shape", "_row", "_data")
    __hash__ = None  # type: ignore[assignment]
    # NumPy leaves operators to __array__, which dequantises
    __array_priority__ = 0

    def __init__(self, dtype: str, shape: Sequence[int], data: Any) -> None:
        context = _context.context()
        _, items, size = _block(context, dtype)
        dims = tuple(int(dim) for dim in shape)
        if not dims or dims[-1] % items or min(dims) < 0:
            raise ValueError(f"the last dim of {dims} must be a multiple of {items}, the numbers of a block of {dtype}")
        raw = np.asarray(data)
        rows = (*dims[:-1], dims[-1] // items * size)
        if raw.dtype != np.uint8 or raw.size != math.prod(rows):
            raise ValueError(
                f"{dims} of {dtype} take {math.prod(rows)} bytes (uint8); the data are {raw.size} of {raw.dtype}"
            )
        self._dtype = dtype
        self._shape = dims
        self._row = rows[-1]  # bytes
        self._data = np.ascontiguousarray(raw).reshape(rows)

    @property
    def dtype(self) -> str:
        """The name of the dtype: "q4_0", "q6_k"."""
        return self._dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The numbers in each dim, outermost first."""
        return self._shape

    @property
    def data(self) -> np.ndarray[Any, Any]:
        """The blocks: uint8, of the shape ``(*shape[:-1], bytes of a row)``."""
        return self._data

    @property
    def ndim(self) -> int:
        """The number of dims."""
        return len(self._shape)

    @property
    def size(self) -> int:
        """The number of numbers."""
        return math.prod(self._shape)

    @property
    def nbytes(self) -> int:
        """The bytes of the blocks."""
        return self._data.nbytes

    # ---- numbers -----------------------------------------------------------------------------------------

    def dequantize(self, dtype: Any = "float32") -> np.ndarray[Any, Any]:
        """Return the numbers as an ndarray: exact in float32, rounded to nearest in smaller dtypes.

        Parameters
        ----------
        dtype : dtype
            The dtype of the result.

        Raises
        ------
        ValueError
            The result would be no plain numbers.
        TenonError
            tenon cannot decode the quantised dtype, only copy it.

        Examples
        --------
        >>> tenon.QuantizedArray.quantize(np.ones((1, 32)), "q8_0").dequantize("float16")[0, :3]
        array([1., 1., 1.], dtype=float16)
        """
        context = _context.context()
        to = _dtypes.number_of(context, dtype)
        found = context.cast(_dtypes.number_of(context, self._dtype), self._data.reshape(-1), to, self.size)
        if to in _dtypes.NAMES and _dtypes.NAMES[to] not in _dtypes.PACKED:
            return found.view(Items(context, None).numpy_dtype(to)).reshape(self._shape)
        raise ValueError(f"numbers of {self._dtype} become an array of plain numbers, not of {dtype}")

    @classmethod
    def quantize(cls, array: Any, dtype: str) -> QuantizedArray:
        """Quantise numbers, as `tenon convert --as` does.

        Parameters
        ----------
        array : array_like
            Numbers; the last dim is a multiple of the numbers in a block.
        dtype : str
            The quantised dtype.

        Raises
        ------
        ValueError
            The last dim is no such multiple.
        TenonError
            tenon cannot encode the dtype.

        Examples
        --------
        >>> tenon.QuantizedArray.quantize([[0.0] * 31 + [8.0]], "q4_0").dequantize()[0, -1]
        np.float32(8.0)
        """
        context = _context.context()
        to, items, _ = _block(context, dtype)
        given = np.asarray(array)
        if not given.shape or given.shape[-1] % items:
            raise ValueError(
                f"the last dim of {given.shape} must be a multiple of {items}, the numbers of a block of {dtype}"
            )
        numbers = np.ascontiguousarray(given, np.float32)
        data = context.cast(_dtypes.number_of(context, "f32"), numbers.reshape(-1).view(np.uint8), to, numbers.size)
        return cls(dtype, given.shape, data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            raise ValueError("unable to avoid a copy while creating an array as requested: the blocks are dequantised")
        numbers: np.ndarray[Any, Any] = self.dequantize()
        return numbers if dtype is None else numbers.astype(dtype, copy=False)

    # ---- MLX's form --------------------------------------------------------------------------------------

    def triple(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Return the same numbers in MLX's form: weight (uint32), scales and biases (float16).

        The groups have 32 numbers: ``mx.dequantize(weight, scales, biases, group_size=32, bits=4)``, or ``bits=8`` for
        q8_0.

        Raises
        ------
        TenonError
            The dtype is none of q4_0, q4_1 and q8_0, or the blocks have no exact form.

        Examples
        --------
        >>> [part.shape for part in tenon.QuantizedArray.quantize(np.ones((2, 64)), "q4_0").triple()]
        [(2, 8), (2, 2), (2, 2)]
        """
        if self._dtype not in _TRIPLES:
            raise _errors.fail(
                "TENON_E_UNSUPPORTED",
                f"MLX has no weights like those of {self._dtype}",
                advice="dequantize() gives numbers",
            )
        context = _context.context()
        plan = context.plan()
        rows = (math.prod(self._shape[:-1]), self._shape[-1])  # gguf has four dims at most
        plan.add_arrays(
            [("x.weight", self._data.reshape(rows[0], self._row), _dtypes.number_of(context, self._dtype), rows, 0)]
        )
        file = _through_memory(plan, {"format": "gguf"}, _OPTIONS["settings"])
        if len(file) != 3:
            raise _errors.fail(
                "TENON_E_UNSUPPORTED",
                "these blocks have no exact form as MLX's weights",
                advice="dequantize() gives numbers",
            )
        indexes = [file.find(f"x.{part}") for part in ("weight", "scales", "biases")]
        parts = file.arrays(indexes, mode=_core.MAP_COPY)
        weight, scales, biases = (part.reshape(*self._shape[:-1], part.shape[-1]) for part in parts)
        return weight, scales, biases

    @classmethod
    def from_triple(cls, weight: Any, scales: Any, biases: Any) -> QuantizedArray:
        """Return the blocks (q4_0, q4_1 or q8_0) that encode MLX's weight, scales and biases, bit for bit.

        Parameters
        ----------
        weight, scales, biases : array_like
            Arrays of the same dims but the last.

        Raises
        ------
        ValueError
            The dims differ.
        TenonError
            No dtype encodes them exactly.

        Examples
        --------
        >>> q = tenon.QuantizedArray.quantize(np.linspace(0, 1, 64).reshape(2, 32), "q4_1")
        >>> tenon.QuantizedArray.from_triple(*q.triple()) == q
        True
        """
        context = _context.context()
        plan = context.plan()
        parts = {name: np.asarray(part) for name, part in (("weight", weight), ("scales", scales), ("biases", biases))}
        lead = parts["weight"].shape[:-1]
        if any(part.ndim == 0 or part.shape[:-1] != lead for part in parts.values()):
            raise ValueError("weight, scales and biases must have the same dims but the last one")
        plan.add_arrays(
            [(f"x.{name}", part.reshape(math.prod(lead), part.shape[-1]), 0, None, 0) for name, part in parts.items()]
        )
        file = _through_memory(plan, _OPTIONS, ())
        _, _, _, dtype, shape, *_ = file.info(file.find("x.weight"))
        if len(file) != 1 or shape is None:
            raise _errors.fail(
                "TENON_E_UNSUPPORTED", "no block dtype encodes these weights of MLX exactly"
            )
        return cls(dtype, (*lead, shape[-1]), file.array(0))

    # ---- as a sequence of rows ---------------------------------------------------------------------------

    def __len__(self) -> int:
        return self._shape[0]

    def __getitem__(self, index: Any) -> QuantizedArray:
        """Select whole rows by an index of all dims but the last."""
        parts = index if isinstance(index, tuple) else (index,)
        named = sum(part is not Ellipsis and part is not None for part in parts)
        if named >= self.ndim:
            if named > self.ndim or not (isinstance(parts[-1], slice) and parts[-1] == slice(None)):
                raise IndexError("an index selects whole rows of a quantised array: dequantize() gives its numbers")
        rows = self._data[index]
        if rows.ndim == 0 or rows.shape[-1:] != self._data.shape[-1:]:
            raise IndexError("an index selects whole rows of a quantised array: dequantize() gives its numbers")
        return of_rows(self._dtype, (*rows.shape[:-1], self._shape[-1]), rows)

    def __iter__(self) -> Iterator[QuantizedArray]:
        """Iterate over the parts along the first dim."""
        if self.ndim < 2:
            raise TypeError("an iteration gives whole rows, and this is one: dequantize() gives its numbers")
        return (self[index] for index in range(len(self)))

    def copy(self) -> QuantizedArray:
        """Return the same blocks in new, writable memory."""
        return of_rows(self._dtype, self._shape, self._data.copy())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QuantizedArray):
            return NotImplemented
        same = self._dtype == other._dtype and self._shape == other._shape
        return same and np.array_equal(self._data, other._data)

    def __reduce__(self) -> Any:
        return QuantizedArray, (self._dtype, self._shape, self._data)

    def __repr__(self) -> str:
        return f"<QuantizedArray {self._dtype}, {self._shape}, {self.nbytes} bytes>"


def of_rows(dtype: str, shape: tuple[int, ...], data: np.ndarray[Any, Any]) -> QuantizedArray:
    """The array of rows of blocks from the extension, which need no checks."""
    if data.shape[:-1] != shape[:-1]:
        return QuantizedArray(dtype, shape, data)  # rows that are no whole blocks: it raises
    made = QuantizedArray.__new__(QuantizedArray)
    made._dtype = dtype
    made._shape = shape
    made._row = data.shape[-1]
    made._data = np.ascontiguousarray(data)
    return made


_known: tuple[_core.Context, dict[int, tuple[int, int]]] | None = None


def _block(context: _core.Context, dtype: str) -> tuple[int, int, int]:
    """The number of a quantised dtype, the numbers in a block, and its bytes."""
    global _known
    known = _known
    if known is None or known[0] is not context:
        sizes = {number: (items, size) for number, _, kind, items, size in context.dtypes() if kind == _BLOCK}
        known = _known = context, sizes
    wanted = _dtypes.number_of(context, dtype)
    if wanted not in known[1]:
        raise ValueError(f"{dtype} is no quantised dtype")
    return wanted, *known[1][wanted]


def _through_memory(plan: _core.Plan, options: dict[str, Any], settings: Sequence[str]) -> _core.File:
    """Saves a plan to memory, and opens the result."""
    data, _ = plan.save_memory(options)
    return _context.context().open(data, format="gguf", settings=settings)
