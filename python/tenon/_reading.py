# SPDX-License-Identifier: MIT
"""Reads tensors of an open file, whole, in part and many at once, as ndarrays or QuantizedArrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tenon import _core, _dtypes, _errors
from tenon._boxes import Box, find_box
from tenon._items import Items, read_packed
from tenon._progress import Callback

_BIG_ENDIAN = 2  # TENON_BIG_ENDIAN
_DYNAMIC = 64  # TENON_DTYPE_DYNAMIC
_GLOB = frozenset("*?[\\")
_LEAST_MAPPED = 64 << 10  # bytes: for less, a copy is faster than copy-on-write pages
_MOST_SHOWN = 6  # names in a message
_MOST_COMPARED = 300  # names: the search for the nearest one takes milliseconds


# ---- names -----------------------------------------------------------------------------------------------


def find(core: _core.File, name: str) -> int:
    """The index of a tensor. TenonError, a KeyError: there is no such tensor."""
    if not isinstance(name, str):
        raise TypeError(f"a tensor's name is a str, not {type(name).__name__}")
    index = core.find(name)
    if index < 0:
        raise _missing(core, name)
    return index


def _missing(core: _core.File, name: str) -> _errors.TenonError:
    import difflib

    names = core.names()
    near = difflib.get_close_matches(name, names, 1) if len(names) < _MOST_COMPARED else []
    if near:
        advice = f"did you mean {near[0]!r}?"
    elif 0 < len(names) <= _MOST_SHOWN:
        advice = f"the file has {', '.join(map(repr, names))}"
    else:
        advice = "File.keys() has the names"
    kind = "no tensor's name matches" if _GLOB.intersection(name) else "there is no tensor"
    return _errors.fail(
        "TENON_E_NOT_FOUND", f"{core.path}: {kind} {name!r}", tensor=name, file=core.path, advice=advice
    )


def select(core: _core.File, names: str | Iterable[str] | None) -> dict[str, int]:
    """The tensors by names and patterns, in their order; None: all.

    The matches of a pattern are in the order of the file. "!PATTERN" excludes tensors.
    TenonError, a KeyError: no tensor has such a name."""
    everything = core.names()
    if names is None:
        return dict(zip(everything, range(len(everything)), strict=True))
    patterns = [names] if isinstance(names, str) else list(names)
    chosen: dict[str, int] = {}
    if patterns and all(pattern.startswith("!") and core.find(pattern) < 0 for pattern in patterns):
        chosen = dict(zip(everything, range(len(everything)), strict=True))
    for pattern in patterns:
        index = core.find(pattern)
        if index >= 0:
            chosen[pattern] = index
        elif pattern.startswith("!"):
            chosen = {name: i for name, i in chosen.items() if not _core.match(pattern[1:], name)}
        else:
            found = core.find_all(pattern) if _GLOB.intersection(pattern) else []
            if not found:
                raise _missing(core, pattern)
            chosen.update((everything[i], i) for i in found)
    return chosen


# ---- one tensor ------------------------------------------------------------------------------------------


class Wish:
    """The options of a read."""

    __slots__ = ("items", "dtype", "mode", "callback")

    def __init__(self, items: Items, dtype: Any, mode: int, callback: Callback | None = None) -> None:
        self.items = items
        self.dtype = 0 if dtype is None else _dtypes.number_of(items.context, dtype)
        self.mode = mode
        self.callback = callback

    def of(self, stored: int) -> tuple[int, int]:
        """The dtype of the request (0: as stored), and the dtype of the result."""
        wanted = self.dtype or self.items.wanted(stored)
        return (0, stored) if wanted in (0, stored) else (wanted, wanted)

    def mode_for(self, info: _core.Info) -> int:
        """The mode for a tensor. Numbers in the other byte order are not mapped: results have that of the machine."""
        return _core.MAP_COPY if _is_swapped(info) else self.mode


def _is_swapped(info: _core.Info) -> bool:
    """Whether numbers are big-endian in the file, except for dtypes of NumPy, which include the byte order."""
    return bool(info[5] & _BIG_ENDIAN) and info[2] < _DYNAMIC


def read(core: _core.File, number: int, index: Any, wish: Wish) -> Any:
    """The part of a tensor that an index selects; Ellipsis: the whole tensor."""
    if index is Ellipsis:
        return _read_whole(core, number, wish)
    info = core.info(number)
    ask, result = wish.of(info[2])
    if not ask and info[11] is None and not info[12] and not wish.items.packed(result) and not _is_swapped(info):
        raw = core.view(number)
        if raw is not None:
            return _view_part(core, info, raw, index, wish)
    box = None if info[4] is None else find_box(index, info[4])
    if box is None or info[4] is None:
        return _read_whole(core, number, wish)[index]
    return _read_box(core, number, info, box, index, wish)


def _view_part(core: _core.File, info: _core.Info, raw: np.ndarray[Any, Any], index: Any, wish: Wish) -> Any:
    """The part as a view of the mapped tensor. All indexes of NumPy are possible."""
    part = wish.items.finish(raw, info[2], info[4])[index]
    if isinstance(part, np.generic) or wish.mode in (_core.MAP_AUTO, _core.MAP_ONLY):
        return part
    if wish.mode == _core.MAP_PRIVATE and part.nbytes >= _LEAST_MAPPED:
        return wish.items.finish(core.array(info[0], mode=wish.mode), info[2], info[4])[index]
    return part.copy()


def _read_whole(core: _core.File, number: int, wish: Wish) -> Any:
    info = core.info(number)
    ask, result = wish.of(info[2])
    if wish.items.packed(result) and not info[12]:
        return wish.items.finish(read_packed(core, number, ask, result, info[4] or (), None), result, info[4])
    return wish.items.finish(
        core.array(number, dtype=ask, mode=wish.mode_for(info), progress=wish.callback), result, info[4]
    )


def _read_box(core: _core.File, number: int, info: _core.Info, box: Box, index: Any, wish: Wish) -> Any:
    ask, result = wish.of(info[2])
    shape = info[4] or ()
    if wish.items.packed(result):
        part = read_packed(core, number, ask, result, shape, box)
    elif wish.items.block(result) and box.counts[-1:] != shape[-1:]:
        return _read_whole(core, number, wish)[index]  # raises: rows are indivisible
    else:
        part = core.array(
            number, box.starts, box.counts, box.steps, dtype=ask, mode=_core.MAP_COPY, progress=wish.callback
        )
    return wish.items.finish(part, result, box.counts)[box.rest]


def read_into(core: _core.File, number: int, index: Any, out: Any, wish: Wish) -> None:
    """Fills an array. The items are converted to its dtype."""
    if index is Ellipsis:
        fill(core, {"": number}, {"": out}, wish)
    else:
        if not isinstance(out, np.ndarray):
            raise TypeError(f"out is an ndarray, not {type(out).__name__}")
        _put(read(core, number, index, _wish_for(out, core.info(number), wish)), out)


# ---- many ------------------------------------------------------------------------------------------------


def read_many(core: _core.File, chosen: Mapping[str, int], wish: Wish) -> dict[str, Any]:
    """The tensors by name. It reads all of them, or raises."""
    found: dict[str, Any] = dict.fromkeys(chosen)
    for dtypes, names in _by_dtype(core, chosen, wish).items():
        ask, result = dtypes
        if wish.items.packed(result):
            found.update((name, _read_whole(core, chosen[name], wish)) for name in names)
            continue
        numbers = [chosen[name] for name in names]
        arrays = core.arrays(numbers, dtype=ask, mode=wish.mode, progress=wish.callback)
        found.update(zip(names, arrays, strict=True))
        if not all(_is_ready(kind) for kind in {array.dtype for array in arrays}):
            _finish_many(core, found, chosen, names, wish)
    return found


def _by_dtype(core: _core.File, chosen: Mapping[str, int], wish: Wish) -> dict[tuple[int, int], list[str]]:
    """The names by the dtypes of the request and of the result.

    Tensors that are read as stored, and are not packed, are one group."""
    stored = core.dtypes()
    groups: dict[tuple[int, int], list[str]] = {}
    group_of: dict[int, list[str]] = {}
    for name, number in chosen.items():
        dtype = stored[number]
        group = group_of.get(dtype)
        if group is None:
            ask, result = wish.of(dtype)
            group = group_of[dtype] = groups.setdefault((ask, result if ask or wish.items.packed(result) else 0), [])
        group.append(name)
    return groups


def _is_ready(kind: np.dtype[Any]) -> bool:
    """Whether arrays of the extension with this dtype are final. Bytes may be blocks, for example."""
    return kind.isbuiltin == 1 and kind.isnative and kind.char not in "BH"


def _finish_many(
    core: _core.File, found: dict[str, Any], chosen: Mapping[str, int], names: list[str], wish: Wish
) -> None:
    """Converts arrays of the extension to results. Numbers in the other byte order are read again."""
    swapped: dict[str, _core.Info] = {}
    for name in names:
        raw = found[name]
        if _is_ready(raw.dtype):
            continue
        info = core.info(chosen[name])
        if not raw.dtype.isnative and _is_swapped(info):
            swapped[name] = info
        else:
            found[name] = wish.items.finish(raw, wish.of(info[2])[1], info[4])
    if swapped:
        arrays = core.arrays([info[0] for info in swapped.values()], mode=_core.MAP_COPY, progress=wish.callback)
        for (name, info), raw in zip(swapped.items(), arrays, strict=True):
            found[name] = wish.items.finish(raw, info[2], info[4])


def fill(core: _core.File, chosen: Mapping[str, int], outs: Mapping[str, Any], wish: Wish) -> None:
    """Reads tensors into arrays of the program, with their dtypes. After an exception the contents are undefined."""
    straight: list[tuple[int, np.ndarray[Any, Any]]] = []
    for name, number in chosen.items():
        out, info = outs[name], core.info(number)
        if not isinstance(out, np.ndarray):
            raise TypeError(f"out is an ndarray, not {type(out).__name__}")
        if info[4] is not None and out.shape != info[4]:
            raise ValueError(f"out has the shape {out.shape}; that of the tensor {info[1]!r} is {info[4]}")
        if not out.flags.writeable:
            raise ValueError("output array is read-only")
        if _takes(out, info, wish):
            straight.append((number, out))
        else:
            _put(_read_whole(core, number, _wish_for(out, info, wish)), out)
    if straight:
        core.read_into([number for number, _ in straight], [out for _, out in straight], progress=wish.callback)


def _takes_bits(info: _core.Info, wish: Wish) -> bool:
    return wish.items.small_floats == "bits" and wish.items.small(info[2])


def _takes(out: np.ndarray[Any, Any], info: _core.Info, wish: Wish) -> bool:
    """Whether the library can write into the array."""
    plain = out.dtype.isbuiltin == 1 and out.dtype.isnative and out.dtype.kind in "biufc"
    return plain and not wish.dtype and not _takes_bits(info, wish)


def _wish_for(out: np.ndarray[Any, Any], info: _core.Info, wish: Wish) -> Wish:
    """The options with the dtype of the array, so that the library converts."""
    if wish.dtype or _takes_bits(info, wish):
        return wish
    try:
        return Wish(wish.items, out.dtype.newbyteorder("="), wish.mode, wish.callback)
    except TypeError:  # a dtype of NumPy alone
        return wish


def _put(found: Any, out: Any) -> None:
    if np.shape(found) != np.shape(out):
        raise ValueError(f"out has the shape {np.shape(out)}; that of the selection is {np.shape(found)}")
    out[...] = found
