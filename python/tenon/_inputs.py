# SPDX-License-Identifier: MIT
"""The inputs of saves: arrays of NumPy and others, numbers, quantised arrays, tensors of open files."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from tenon import _context, _core, _dtypes

Array = np.ndarray[Any, Any]
Given = tuple[Array, int, "tuple[int, ...] | None"]

# Packed dtypes and the bits of an item. In ml_dtypes each item has a byte.
_PACKED = {"f6_e2m3": 6, "f6_e3m2": 6, "f4": 4}
# Devices with memory that the processor can read: kDLCPU, kDLCUDAHost, kDLROCMHost, kDLCUDAManaged
_HOST_DEVICES = frozenset((1, 3, 11, 13))
# The first number of dtypes that other packages register in NumPy
_USER_DTYPES = 256
_INT32 = (-(2**31), 2**31 - 1)


def pack(items: Array, bits: int) -> Array:
    """Packs items of 4 or 6 bits, which have a byte each. The first item is in the low bits."""
    flat = np.ascontiguousarray(items).view(np.uint8).reshape(-1)
    group = 2 if bits == 4 else 4
    if flat.size % group:
        flat = np.concatenate((flat, np.zeros(-flat.size % group, np.uint8)))
    parts = flat.reshape(-1, group) & ((1 << bits) - 1)
    if bits == 4:
        return parts[:, 0] | parts[:, 1] << 4
    first, second, third, fourth = (parts[:, i] for i in range(4))
    return np.stack((first | second << 6, second >> 2 | third << 4, third >> 4 | fourth << 2), axis=1).reshape(-1)


def packed(array: Array) -> Array:
    """The array, or its packed bytes if it has items of 4 or 6 bits of ml_dtypes.

    ValueError: the items do not fill whole bytes."""
    bits = _PACKED.get(_dtypes.name_of(array.dtype)) if array.dtype.num >= _USER_DTYPES else None
    if bits is None:
        return array
    if array.size * bits % 8:
        raise ValueError(f"{array.size} items of {bits} bits end within a byte")
    return pack(array, bits)


def _packed_bytes(items: int, bits: int) -> int:
    return -(-items * bits // 8)


def unusual(array: Array) -> Given:
    """The bytes, dtype and shape of an array of a registered dtype. The extension calls it.

    TypeError: tenon has no such dtype."""
    try:
        name = _dtypes.name_of(array.dtype)
    except TypeError:
        raise TypeError(
            f"tenon has no dtype for items of {array.dtype}: use array.astype(), or array.view('uint8')"
        ) from None
    _dtypes.register()  # so that the extension handles the next ones itself
    dtype = _dtypes.FIXED[name]
    bits = _PACKED.get(name)
    if bits is None:
        raw = np.ascontiguousarray(array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("=")))
        return raw.reshape(-1).view(np.uint8), dtype, array.shape
    return pack(array, bits)[: _packed_bytes(array.size, bits)], dtype, array.shape


# ---- numbers of Python ---------------------------------------------------------------------------------------------


def _is_plain(value: Any) -> bool:
    """Whether the value has only numbers of Python, which have no dtype."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return isinstance(value, (bool, int, float, complex)) and not isinstance(value, np.generic)


def _is_whole(value: Any) -> bool:
    return all(map(_is_whole, value)) if isinstance(value, (list, tuple)) else isinstance(value, int)


def _of_large(value: Any) -> Array:
    """Integers of 2^63 and more as uint64. OverflowError: one is out of range."""
    try:
        return np.array(value, np.uint64)
    except OverflowError:
        raise OverflowError(f"no dtype of 64 bits has all of these integers: {value!r:.80}") from None


def _of_numbers(value: Any) -> Array:
    """The array that MLX makes of numbers: float32, int32, int64 if needed, bool or complex64."""
    array = np.asarray(value)
    kind = array.dtype.kind
    if kind in "fO" and array.size and _is_whole(value):  # NumPy rounds integers beyond int64 to floats
        return _of_large(value)
    if kind == "f":
        return array.astype(np.float32)
    if kind == "c":
        return array.astype(np.complex64)
    if kind == "i" and array.size and _INT32[0] <= array.min() and array.max() <= _INT32[1]:
        return array.astype(np.int32)
    if kind == "O":
        raise OverflowError(f"a number is beyond the range of its dtype: {value!r:.80}")
    return array


# ---- arrays of other libraries -------------------------------------------------------------------------------------


def _settle(value: Any) -> Any:
    """A tensor of PyTorch without autograd history and with conjugation resolved."""
    if getattr(value, "requires_grad", False):
        value = value.detach()
    for late in ("resolve_conj", "resolve_neg"):
        resolve = getattr(value, late, None)
        if resolve is not None:
            value = resolve()
    return value


def _check_device(value: Any) -> None:
    device = getattr(value, "__dlpack_device__", None)
    if device is not None and (kind := device()[0]) not in _HOST_DEVICES and not hasattr(value, "__array__"):
        raise TypeError(f"the array is on a device (DLPack's type {int(kind)}): copy it to main memory first")


def _library(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def _has_small_floats(value: Any) -> bool:
    """Whether the value is a tensor of small floats of torch or MLX. NumPy cannot take these."""
    return _library(value) in ("torch", "mlx") and _dtypes.label_of(value.dtype) in _dtypes.SMALL


def _bits(value: Any) -> Array:
    """A tensor of torch or MLX as integers of the same size."""
    kinds = sys.modules["mlx.core" if _library(value) == "mlx" else "torch"]
    return np.asarray(value.view(kinds.uint8 if value.itemsize == 1 else kinds.int16))


def _small_floats(value: Any) -> Array:
    """A tensor of small floats with a dtype of ml_dtypes. TypeError: ml_dtypes is not installed."""
    dtype = _dtypes.numpy_dtype(_dtypes.label_of(value.dtype))
    if dtype is None:
        raise TypeError(f"there is no NumPy dtype for {value.dtype}: install ml_dtypes")
    return _bits(value).view(dtype)


def _pairs(value: Any) -> Given | None:
    """The bytes, dtype and shape of a PyTorch tensor of pairs of f4, for twice as many items; None for others."""
    if _library(value) != "torch" or str(getattr(value, "dtype", "")) != "torch.float4_e2m1fn_x2":
        return None
    raw = np.ascontiguousarray(_bits(_settle(value)))
    if raw.ndim == 0:
        raise ValueError("a 0-d tensor of float4_e2m1fn_x2 is a pair of items, which has no shape")
    return raw.reshape(-1), _dtypes.FIXED["f4"], (*raw.shape[:-1], 2 * raw.shape[-1])


def _capsule(value: Any) -> object:
    """The DLPack capsule of an array that NumPy cannot take, such as one of bfloat16."""
    try:
        return value.__dlpack__(max_version=(1, 0))
    except TypeError:
        return value.__dlpack__()


def _takes(value: Any) -> tuple[Callable[[Any], Any], ...]:
    """Functions from a tensor to an ndarray or a capsule, the fastest first."""
    if not _has_small_floats(value):
        return np.asarray, np.from_dlpack, _capsule
    if _library(value) == "mlx" and value.__dlpack_device__()[0] in _HOST_DEVICES:
        return _capsule, _small_floats  # MLX computes views
    return _small_floats, _capsule


def bytes_of(value: Any) -> Array:
    """An array with the bytes of a buffer, array or tensor. TypeError: the value is none of these."""
    array = _bits(value) if _has_small_floats(value) else array_of(value)
    if not isinstance(array, np.ndarray) or array.dtype.hasobject or isinstance(value, str):
        raise TypeError(f"bytes, a buffer or an array is needed, and not an object of type {type(value).__name__}")
    return packed(array)


def _foreign(value: Any) -> Any:
    """An ndarray of the same memory, or a DLPack capsule."""
    if not hasattr(value, "__dlpack__"):
        return np.asarray(value)
    value = _settle(value)
    _check_device(value)
    first: Exception | None = None
    for take in _takes(value):
        try:
            array = take(value)
        except (TypeError, ValueError, RuntimeError, BufferError) as failure:
            first = first or failure
        else:
            if not isinstance(array, np.ndarray) or array.dtype.kind != "O":
                return array
    raise first or TypeError(f"an array is needed, and not an object of type {type(value).__name__}")


def array_of(value: Any) -> Any:
    """Converts a value, other than tensors of files and quantised arrays, to an ndarray or a DLPack capsule.

    The result shares the memory of arrays, buffers and objects with array protocols, and has their dtype and strides.
    Numbers of Python, and lists of them, become the array that MLX makes of them.

    >>> from tenon._inputs import array_of
    >>> array_of([1.5, 2]).dtype, array_of(7).dtype, array_of(np.float64(1)).dtype, array_of(b"ab").dtype
    (dtype('float32'), dtype('int32'), dtype('float64'), dtype('uint8'))
    """
    if isinstance(value, np.ndarray):
        if isinstance(value, np.ma.MaskedArray):
            raise TypeError("a masked array has no place for its mask in a file: save array.filled() or array.data")
        return value.view(np.ndarray)
    if isinstance(value, (bytes, bytearray)) and not isinstance(value, np.generic):
        return np.frombuffer(value, np.uint8)
    if isinstance(value, (bool, int, float, complex, list, tuple)) and _is_plain(value):
        return _of_numbers(value)
    if isinstance(value, (list, tuple, str, np.generic)):
        return np.asarray(value)
    if value is None or isinstance(value, (Mapping, set, frozenset)):
        raise TypeError(f"an array is needed, and not an object of type {type(value).__name__}")
    array = _foreign(value)
    if isinstance(array, np.ndarray) and array.dtype.kind == "O" and array.ndim == 0:
        raise TypeError(f"an array is needed, and not an object of type {type(value).__name__}")
    return array


# ---- the dtypes to store ------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=8)
def _block_dtypes(context: _core.Context) -> dict[str, int]:
    """The quantised dtypes, and the numbers in a block of each."""
    return {name: items for _, name, kind, items, _ in context.dtypes() if kind == 1}


DTypes = Any  # a dtype, or a Mapping of names, globs or dtypes to dtypes


def dtype_of_one(dtype: DTypes) -> DTypes:
    """The rule for the dtype of a single array: it casts integers, too."""
    return dtype if dtype is None or isinstance(dtype, Mapping) else {"*": dtype}


class Casts:
    """The dtype to store each tensor as, by the rules of `tenon convert --as`.

    A single dtype casts all tensors of floating-point and quantised dtypes. A Mapping has dtypes by pattern: the name
    of a tensor, a glob, or the name of a dtype for all its tensors. The last pattern that matches applies. Tensors of
    fewer than two dims, or with rows that are no whole blocks, are not cast to a quantised dtype: an earlier rule
    applies."""

    __slots__ = ("_blocks", "_context", "_rules", "_unused")

    def __init__(self, context: _core.Context, dtype: DTypes) -> None:
        self._context = context
        self._blocks = _block_dtypes(context)
        given = dtype.items() if isinstance(dtype, Mapping) else ((None, dtype),)
        self._rules = [self._rule(pattern, to) for pattern, to in given]
        self._rules.reverse()
        self._unused = {pattern for pattern, *_ in self._rules if pattern is not None}

    def _rule(self, pattern: str | None, dtype: Any) -> tuple[str | None, int, int]:
        number = _dtypes.number_of(self._context, dtype)
        return pattern, number, self._blocks.get(_dtypes.name_of(dtype), 0)

    def _fits(self, pattern: str | None, name: str, dtype: str) -> bool:
        if pattern is None:
            return dtype[:1] == "f" or dtype == "bf16" or dtype in self._blocks
        return pattern in (name, dtype) or _core.match(pattern, name) or _core.match(pattern, dtype)

    def choose(self, name: str, dtype: str, shape: tuple[int, ...]) -> int:
        """The dtype to store a tensor of this name, dtype and shape as; 0: its own."""
        for pattern, number, items in self._rules:
            if not self._fits(pattern, name, dtype):
                continue
            self._unused.discard(pattern or "")
            if not items or (len(shape) > 1 and shape[-1] % items == 0):
                return number
        return 0

    def check_used(self) -> None:
        """KeyError: a pattern matches no tensor."""
        if self._unused:
            raise KeyError(f"no tensor matches {sorted(self._unused)[0]!r} of the argument dtype")


# ---- into a plan ---------------------------------------------------------------------------------------------------


def _is_own(value: object, module: str, name: str) -> bool:
    """Whether a class of a module that may not be imported is that of the value. Another thread may be importing it."""
    kind = getattr(sys.modules.get(f"tenon.{module}"), name, None)
    return kind is not None and isinstance(value, kind)


def _lazy(value: Any) -> tuple[_core.File, int] | None:
    """The file and index of a tensor of an open file that has not been read."""
    if _is_own(value, "_lazy", "LazyArray") and value._whole is None:
        return value._file._core, value._file._core.find(value._name)
    if _is_own(value, "_tensors", "TensorInfo"):
        return value._file._core, value.index
    return None


def _is_quantized(value: object) -> bool:
    return _is_own(value, "_quantized", "QuantizedArray")


# The arguments of _core.Plan.add_arrays for an array: name, array or bytes, dtype, shape, dtype to store
Prepared = tuple["str | None", Array, int, "tuple[int, ...] | None", int]
_PLAIN_FAILURES = (TypeError, ValueError, OverflowError)


def with_name(name: object, failure: Exception) -> Exception:
    """The failure, with the name of the array in its message: a program may save hundreds of arrays."""
    if not isinstance(name, str) or type(failure) not in _PLAIN_FAILURES:
        return failure
    return type(failure)(f"tensor {name!r}: {failure}")


class Adding:
    """Adds the inputs of a save to a plan, in order. One call of the extension adds all arrays in a row."""

    def __init__(self, plan: _core.Plan, dtype: DTypes = None) -> None:
        self._plan = plan
        self._context = _context.context()
        self._casts = Casts(self._context, dtype) if dtype is not None else None
        self._arrays: list[Prepared] = []

    def add(self, name: str | None, value: Any) -> None:
        """Adds one tensor. TypeError: the value is no array."""
        if _is_quantized(value):
            dtype = _dtypes.number_of(self._context, value.dtype)
            self._arrays.append((name, value.data, dtype, value.shape, self._store(name, value.dtype, value.shape)))
        elif (lazy := _lazy(value)) is not None:
            self._add_lazy(name, value, *lazy)
        else:
            try:
                pairs = _pairs(value)
                array = array_of(value) if pairs is None else None
            except _PLAIN_FAILURES as failure:
                raise with_name(name, failure) from failure
            if pairs is None:
                self._add_array(name, array, value)
            else:
                raw, number, shape = pairs
                self._arrays.append((name, raw, number, shape, self._store(name, "f4", shape or ())))

    def add_all(self, arrays: Iterable[tuple[str | None, Any]]) -> None:
        """Adds tensors, and checks that each pattern of the dtypes matches one."""
        if self._casts is None:
            ndarray = np.ndarray
            for name, value in arrays:
                if type(value) is ndarray:
                    self._arrays.append((name, value, 0, None, 0))
                else:
                    self.add(name, value)
        else:
            for name, value in arrays:
                self.add(name, value)
            self._casts.check_used()
        self.flush()

    def flush(self) -> None:
        """Adds the collected arrays."""
        if self._arrays:
            arrays, self._arrays = self._arrays, []
            try:
                self._plan.add_arrays(arrays)
            except (TypeError, ValueError) as failure:
                raise self._blame(arrays, failure) from None

    def _blame(self, arrays: list[Prepared], failure: Exception) -> Exception:
        """The failure of the extension, with the name of the array that caused it."""
        for given in arrays:
            try:
                self._context.plan().add_arrays([given])
            except (TypeError, ValueError) as found:
                return with_name(given[0], found)
        return failure

    def _store(self, name: str | None, dtype: str, shape: tuple[int, ...]) -> int:
        return self._casts.choose(name or "", dtype, shape) if self._casts is not None else 0

    def _add_array(self, name: str | None, array: Any, value: Any) -> None:
        if not isinstance(array, np.ndarray):
            self.flush()
            label, shape = _dtypes.label_of(getattr(value, "dtype", "")), tuple(getattr(value, "shape", ()))
            self._plan.add_dlpack(name, array, self._store(name, label, shape))
            return
        store = 0
        if self._casts is not None:
            store = self._store(name, _dtypes.label_of(array.dtype), array.shape)
        self._arrays.append((name, array, 0, None, store))

    def _add_lazy(self, name: str | None, value: Any, file: _core.File, index: int) -> None:
        if value._file._items.context is not self._context:  # before configure was called, or this process was forked
            self.add(name, value._file.read(value.name, framework="numpy"))
            return
        _, _, _, dtype, shape, *_ = file.info(index)
        # the program chose another dtype with small_floats
        if isinstance(value.dtype, np.dtype) and _dtypes.label_of(value.dtype) != dtype:
            self._add_array(name, np.asarray(value), value)
            return
        self.flush()
        self._plan.add_from(file, index, name, self._store(name, dtype, shape or ()))
