# SPDX-License-Identifier: MIT
"""Converts arrays of the extension to the results of a program: small floats, packed items, blocks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tenon import _dtypes, _errors

if TYPE_CHECKING:
    from tenon import _core
    from tenon._boxes import Box

F32 = 12  # TENON_F32
# Packed floats: bits of an item
_PACKED = {21: 6, 22: 6, 23: 4}
_SMALL = frozenset((11, 16, 17, 18, 19, 20, *_PACKED))
_DYNAMIC = 64  # TENON_DTYPE_DYNAMIC
_BLOCK = 1  # TENON_KIND_BLOCK
_CHOICES = (None, "bits", "float32")


def unpack(packed: np.ndarray[Any, Any], bits: int) -> np.ndarray[Any, Any]:
    """Unpacks items of 4 or 6 bits, the first one in the low bits, to a byte each. The last dim grows."""
    if bits == 4:
        return np.stack((packed & 15, packed >> 4), axis=-1).reshape(*packed.shape[:-1], 2 * packed.shape[-1])
    parts = packed.reshape(*packed.shape[:-1], packed.shape[-1] // 3, 3)
    low, middle, high = (parts[..., i] for i in range(3))
    items = (low & 63, low >> 6 | (middle & 15) << 2, middle >> 4 | (high & 3) << 4, high >> 2)
    return np.stack(items, axis=-1).reshape(*packed.shape[:-1], packed.shape[-1] // 3 * 4)


class Items:
    """How the tensors of a context become arrays."""

    __slots__ = ("context", "small_floats", "_blocks")

    def __init__(self, context: _core.Context, small_floats: str | None) -> None:
        if small_floats not in _CHOICES:
            raise ValueError(f"small_floats is None, 'bits' or 'float32', not {small_floats!r}")
        self.context = context
        self.small_floats = small_floats
        self._blocks: dict[int, str] = {}

    def wanted(self, dtype: int) -> int:
        """The dtype to read a tensor as, by default; 0: as stored."""
        return F32 if self.small_floats == "float32" and dtype in _SMALL else 0

    def small(self, dtype: int) -> bool:
        """Whether `small_floats` applies to the dtype."""
        return dtype in _SMALL

    def packed(self, dtype: int) -> bool:
        """Whether items of the dtype share bytes without being blocks."""
        return dtype in _PACKED

    def finish(self, raw: np.ndarray[Any, Any], dtype: int, shape: tuple[int, ...] | None) -> Any:
        """The result for an array of the extension or of `read_packed`. `shape` is that of the items."""
        if raw.dtype.isbuiltin == 1 and raw.dtype.char not in "BH" or dtype in (0, 2, 3):
            return raw
        if dtype in _SMALL:
            return raw.view(self.small_dtype(dtype))
        if raw.dtype == np.uint8 and (name := self.block(dtype)) is not None:
            from tenon._quantized import of_rows

            return of_rows(name, shape or (), raw)
        return raw

    def block(self, dtype: int) -> str | None:
        """The name of a quantised dtype; None: the dtype is not quantised."""
        found = self._blocks.get(dtype)
        if found is None and dtype >= _DYNAMIC and not self._blocks:
            self._blocks = {number: name for number, name, kind, *_ in self.context.dtypes() if kind == _BLOCK}
            found = self._blocks.get(dtype)
        return found

    def numpy_dtype(self, dtype: int) -> np.dtype[Any]:
        """The NumPy dtype of a fixed dtype."""
        return self.small_dtype(dtype) if dtype in _SMALL else np.dtype(_dtypes.numpy_dtype(_dtypes.NAMES[dtype]))

    def small_dtype(self, dtype: int) -> np.dtype[Any]:
        """The NumPy dtype of a small float, by `small_floats`. TenonError: ml_dtypes is missing."""
        if self.small_floats == "bits":
            return np.dtype(np.uint16 if dtype == 11 else np.uint8)
        name = _dtypes.NAMES[dtype]
        found = _dtypes.numpy_dtype(name)
        if found is None:
            advice = "pip install ml_dtypes, or ask for small_floats='float32' (exact) or 'bits', or for another dtype"
            raise _errors.fail("TENON_E_UNSUPPORTED", f"NumPy has no {name}, and ml_dtypes is missing", advice=advice)
        return found


def read_packed(
    core: _core.File, index: int, ask: int, dtype: int, shape: tuple[int, ...], box: Box | None
) -> np.ndarray[Any, Any]:
    """Unpacked items of the whole tensor or of a box, for which whole rows are read.

    `ask`: the dtype to cast to; 0: as stored."""
    bits = _PACKED[dtype]
    group = 2 if bits == 4 else 4  # items that share bytes
    if not shape or shape[-1] % group:
        count = math.prod(shape)
        items = unpack(_all_bytes(core, index, ask, count, bits, group), bits)[:count].reshape(shape)
        return items if box is None else items[tuple(map(_cut, box.starts, box.counts, box.steps))]
    if box is None:
        return unpack(core.array(index, dtype=ask), bits)
    rows = core.array(index, (*box.starts[:-1], 0), (*box.counts[:-1], shape[-1]), (*box.steps[:-1], 1), dtype=ask)
    return unpack(rows, bits)[..., _cut(box.starts[-1], box.counts[-1], box.steps[-1])]


def _all_bytes(core: _core.File, index: int, ask: int, items: int, bits: int, group: int) -> np.ndarray[Any, Any]:
    """The bytes of a tensor whose rows end within a group of items, so that no single row can be read."""
    whole = np.zeros(-(-items // group) * group * bits // 8, np.uint8)
    place = 0

    def take(piece: memoryview) -> None:
        nonlocal place
        whole[place : place + len(piece)] = np.frombuffer(piece, np.uint8)
        place += len(piece)

    core.stream(index, take, dtype=ask)
    return whole


def _cut(start: int, count: int, step: int) -> slice:
    return slice(start, start + count * step, step)
