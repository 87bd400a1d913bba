# SPDX-License-Identifier: MIT
"""Converts indexes of NumPy to boxes that the library reads."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

_ONE = np.zeros((), np.uint8)


class Box(NamedTuple):
    """The part of a tensor that an index selects."""

    starts: tuple[int, ...]  # a number for each dim of the tensor
    counts: tuple[int, ...]
    steps: tuple[int, ...]  # ≥ 1
    rest: tuple[Any, ...]  # the index of the box for the result: it drops, adds or reverses dims


def find_box(index: Any, shape: tuple[int, ...]) -> Box | None:
    """The box of an index of integers, slices, None and Ellipsis; None for an index with lists or masks.

    IndexError, with NumPy's message: the index does not fit the shape."""

    parts = index if isinstance(index, tuple) else (index,)
    if not all(_is_basic(part) for part in parts):
        return None
    np.broadcast_to(_ONE, shape)[index]  # raises NumPy's exception
    box = _measure(_spell(parts, len(shape)), shape)
    # With an Ellipsis NumPy makes an array, never an item
    return box._replace(rest=(*box.rest, Ellipsis)) if Ellipsis in parts else box


def _is_basic(part: Any) -> bool:
    if part is None or part is Ellipsis or isinstance(part, slice):
        return True
    if isinstance(part, (bool, np.bool_, np.ndarray)):
        return False
    return hasattr(part, "__index__")


def _spell(parts: tuple[Any, ...], rank: int) -> list[Any]:
    """The parts, with a full slice for each omitted dim."""
    named = sum(part is not None and part is not Ellipsis for part in parts)
    spelt: list[Any] = []
    for part in parts if Ellipsis in parts else (*parts, Ellipsis):
        if part is Ellipsis:
            spelt.extend([slice(None)] * (rank - named))
        else:
            spelt.append(part)
    return spelt


def _measure(parts: list[Any], shape: tuple[int, ...]) -> Box:
    start: list[int] = []
    count: list[int] = []
    step: list[int] = []
    rest: list[Any] = []
    for part in parts:
        if part is None:
            rest.append(None)
            continue
        dim = shape[len(start)]
        if isinstance(part, slice):
            chosen = range(dim)[part]
            rest.append(slice(None, None, -1) if chosen.step < 0 else slice(None))
            chosen = chosen[::-1] if chosen.step < 0 else chosen
        else:
            place = operator.index(part) % dim
            chosen = range(place, place + 1)
            rest.append(0)
        start.append(chosen.start if chosen else 0)
        count.append(len(chosen))
        step.append(chosen.step if len(chosen) > 1 else 1)
    return Box(tuple(start), tuple(count), tuple(step), tuple(rest))
