# SPDX-License-Identifier: MIT
"""Lists of formats, dtypes and the configuration."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._context import context
from ._dtypes import DType, all_dtypes

_READ, _WRITE, _STREAM, _ARCHIVE, _HIDDEN = 1, 2, 4, 8, 16
_TYPES = ("", "bool", "integer", "size", "number", "text", "choice", "filter")


class Option(NamedTuple):
    """An option of a format.

    Attributes
    ----------
    name : str
        The name, without the format.
    type : {"bool", "integer", "size", "number", "text", "choice", "filter"}
        The type of the value.
    value, default : str
        The configured value, and the default.
    origin : str
        The source of the value: "default", a file, the environment …
    choices : tuple of str
        The values of a choice or filter.
    help : str
        One line.
    reading, writing : bool
        Whether the option has an effect on reading and on writing.
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
    """A format of files.

    Attributes
    ----------
    id, label : str
        The id, by which functions take the format, and the full name.
    extensions : tuple of str
        The extensions, without the dot.
    read, write, stream : bool
        Whether the format can be read, written, and written to a pipe.
    archive : bool
        Whether the members are files of other formats.
    metadata : {"none", "strings", "typed", "nested"}
        The metadata that the format can hold; nested: maps and lists of several types, too.
    max_tensors : int
        The most tensors in a file; 0: any number.
    options : tuple of Option
        The options.
    plugin, plugin_version : str
        The plugin.
    plugin_file : str or None
        The path of the plugin; None: it is built into the library.
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
    """An entry of the configuration: ``section.key = value``, its origin, and one line of help."""

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
        ("none", "strings", "typed", "nested")[fields["metadata"]],
        fields["max_tensors"],
        tuple(map(_option, fields["options"])),
        fields["plugin"],
        fields["plugin_version"],
        fields["plugin_file"],
    )


def formats(*, hidden: bool = False) -> list[Format]:
    """List the formats of the library and of all plugins.

    Parameters
    ----------
    hidden : bool
        Include formats that only serve other formats.

    Examples
    --------
    >>> sorted(f.id for f in tenon.formats() if f.write and f.metadata == "typed")  # doctest: +ELLIPSIS
    [...'gguf'...]
    """
    return [_format(fields) for fields in context().formats() if hidden or not fields["can"] & _HIDDEN]


def config() -> list[ConfigEntry]:
    """List the effective configuration: tenon.ini, the environment and `tenon.configure` combined.

    Examples
    --------
    >>> [entry.origin for entry in tenon.config() if (entry.section, entry.key) == ("limits", "depth")]
    ['default']
    """
    return [
        ConfigEntry(entry["section"], entry["key"], entry["value"], entry["origin"], entry["help"])
        for entry in context().config()
    ]


def dtypes() -> list[DType]:
    """List the dtypes of the library and of all plugins.

    Examples
    --------
    >>> [d.block_bytes for d in tenon.dtypes() if d.name == "q8_0"]
    [34]
    """
    return all_dtypes(context())
