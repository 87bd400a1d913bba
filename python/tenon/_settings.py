# SPDX-License-Identifier: MIT
"""Converts options of formats to settings of the library."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tenon import _context

Options = Mapping[str, Any]


def codec_of(path: str | bytes | None, format: str | None) -> str | None:
    """The id of the format `format`, an id or extension; without it, by the extension of the path. None: unknown."""
    name = os.fsdecode(path) if path is not None else ""
    found = None, 0
    for codec in _context.context().formats():
        for extension in codec["extensions"]:
            fits = extension == format if format is not None else name.endswith("." + extension)
            if fits and len(extension) > found[1]:
                found = codec["id"], len(extension)
        if codec["id"] == format:
            return format
    return found[0]


def text_of(value: Any) -> str:
    """The text of a value; yes or no for bool.

    >>> from tenon._settings import text_of
    >>> text_of(True), text_of(6), text_of("deflate")
    ('yes', '6', 'deflate')
    """
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def settings_of(options: Options | None, path: str | bytes | None, format: str | None) -> tuple[str, ...] | None:
    """The settings "FORMAT.OPTION=VALUE" for options. Their names may omit the format if it is known.

    ValueError: the format is unknown.

    >>> from tenon._settings import settings_of
    >>> settings_of({"npz.compression": "deflate"}, None, None), settings_of({"level": 3}, "a.npz", None)
    (('npz.compression=deflate',), ('npz.level=3',))
    """
    if not options:
        return None
    codec = None if all("." in key for key in options) else codec_of(path, format)
    settings = []
    for key, value in options.items():
        if "." not in key:
            if codec is None:
                raise ValueError(f"the option {key!r} needs the prefix of its format, such as 'npz.compression'")
            key = f"{codec}.{key}"
        settings.append(f"{key}={text_of(value)}")
    return tuple(settings)
