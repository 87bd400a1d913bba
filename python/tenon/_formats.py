# SPDX-License-Identifier: MIT
"""What the library can do: formats, dtypes and the configuration."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._context import context
from ._dtypes import DType, all_dtypes

_READ, _WRITE, _STREAM, _ARCHIVE, _HIDDEN = 1, 2, 4, 8, 16
_TYPES = ("", "bool", "integer", "size", "number", "text", "choice", "filter")


class Option(NamedTuple):
    """An option of a format.

    `value` is the configured one, and `origin` says by what. `type` is "bool", "integer", "size", "number", "text",
    "choice" or "filter"; `choices` are those of the last two. `reading` and `writing` say for which of them it counts.
    """

    name: str
    type: str
    value: str
    default: str | None
    origin: str
    choices: tuple[str, ...]
    help: str
    reading: bool
    writing: bool


class Format(NamedTuple):
    """A format that files can have.

    `read`, `write` and `stream` say whether it can be read, written, and written to a pipe. `archive`: its members are
    files of other formats. `metadata` is "none", "strings" or "typed"; `max_tensors` 0: any number. `plugin_file` None:
    the plugin is a part of the library.
    """

    id: str
    label: str
    extensions: tuple[str, ...]
    read: bool
    write: bool
    stream: bool
    archive: bool
    metadata: str
    max_tensors: int
    options: tuple[Option, ...]
    plugin: str
    plugin_version: str
    plugin_file: str | None


class ConfigEntry(NamedTuple):
    """A line of the configuration: ``section.key = value``, and where it comes from."""

    section: str
    key: str
    value: str
    origin: str
    help: str | None


def _option(fields: dict[str, Any]) -> Option:
    flags = fields["flags"]
    return Option(
        fields["name"],
        _TYPES[fields["type"]] if fields["type"] < len(_TYPES) else "",
        fields["value"],
        fields["default"],
        fields["origin"],
        tuple((fields["choices"] or "").split()),
        fields["help"],
        bool(flags & 1),
        bool(flags & 2),
    )


def _format(fields: dict[str, Any]) -> Format:
    can = fields["can"]
    return Format(
        fields["id"],
        fields["label"],
        tuple(fields["extensions"]),
        bool(can & _READ),
        bool(can & _WRITE),
        bool(can & _STREAM),
        bool(can & _ARCHIVE),
        ("none", "strings", "typed")[fields["metadata"]],
        fields["max_tensors"],
        tuple(map(_option, fields["options"])),
        fields["plugin"],
        fields["plugin_version"],
        fields["plugin_file"],
    )


def formats(*, hidden: bool = False) -> list[Format]:
    """The formats that can be read or written, of the library and of all plugins.

    `hidden`: also those of use to other formats only.

    >>> sorted(f.id for f in tenon.formats() if f.write and f.metadata == "typed")  # doctest: +ELLIPSIS
    [...'gguf'...]
    """
    return [_format(fields) for fields in context().formats() if hidden or not fields["can"] & _HIDDEN]


def config() -> list[ConfigEntry]:
    """The effective configuration, a line each: of tenon.ini, of the environment, and of tenon.configure().

    >>> [entry.origin for entry in tenon.config() if (entry.section, entry.key) == ("limits", "depth")]
    ['default']
    """
    return [
        ConfigEntry(entry["section"], entry["key"], entry["value"], entry["origin"], entry["help"])
        for entry in context().config()
    ]


def dtypes() -> list[DType]:
    """The dtypes that files can have, those of plugins too.

    >>> [d.block_bytes for d in tenon.dtypes() if d.name == "q8_0"]
    [34]
    """
    return all_dtypes(context())
