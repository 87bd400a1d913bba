# SPDX-License-Identifier: MIT
"""The metadata of a file, and their way into a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tenon import _core

# The types of numbers in metadata
_SCALARS: dict[str, type[np.generic]] = {
    "bool": np.bool_,
    "u8": np.uint8,
    "u16": np.uint16,
    "u32": np.uint32,
    "u64": np.uint64,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "f32": np.float32,
    "f64": np.float64,
}


class Metadata(Mapping[str, Any]):
    """The metadata of a file: a read-only Mapping from keys to values.

    Values are str, bool, int, float, None, ndarrays, lists, or dicts. The mapping also stores the type of each value in
    the file. Saves keep these types, and so does ``|``, which returns a dict: a program that changes one key does not
    change the types of the others. In dicts, and in lists of values of several types, a number whose type is not i64
    or f64 is a NumPy scalar.

    Examples
    --------
    >>> tenon.save_gguf("m.gguf", {"w": np.ones(4)}, {"llama.block_count": np.uint32(2), "general.name": "old"})
    >>> with tenon.open("m.gguf") as f:
    ...     f.metadata["llama.block_count"], f.metadata.types["llama.block_count"]
    ...     f.metadata | {"general.name": "new"}
    (2, 'u32')
    {'llama.block_count': np.uint32(2), 'general.name': 'new'}
    """

    __slots__ = ("_values", "_types")

    def __init__(self, values: dict[str, Any], types: dict[str, str]) -> None:
        self._values = values
        self._types = types

    @property
    def types(self) -> dict[str, str]:
        """The type of each entry: "u32", "string", "array:f32"."""
        return dict(self._types)

    def typed(self) -> dict[str, Any]:
        """Return a dict in which numbers are NumPy scalars of their types: np.uint32(2)."""
        return {key: _typed(value, self._types[key]) for key, value in self._values.items()}

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return self.typed() | _entries(other)

    def __ror__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return _entries(other) | self.typed()

    def __repr__(self) -> str:
        return repr(self._values)


def _typed(value: Any, kind: str) -> Any:
    scalar = _SCALARS.get(kind)
    return value if scalar is None else scalar(value)


def _entries(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return metadata.typed() if isinstance(metadata, Metadata) else dict(metadata)


def of_file(core: _core.File) -> Metadata:
    """The metadata of an open file."""
    return Metadata(core.metadata(), core.metadata_types())


def put_all(plan: _core.Plan, metadata: Mapping[str, Any] | None) -> None:
    """Puts all entries into a plan. TypeError: `metadata` is no Mapping, or metadata have no such value."""
    if metadata is None:
        return
    if not isinstance(metadata, Mapping):
        kind = type(metadata).__name__
        raise TypeError(f"metadata is a dict of values by their keys, and not an object of type {kind}")
    for key, value in _entries(metadata).items():
        plan.put_metadata(key, value)
