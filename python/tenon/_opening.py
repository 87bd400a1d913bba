# SPDX-License-Identifier: MIT
"""Opens the source of `tenon.open`: a path, a URL, a descriptor, a file object, or memory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tenon import _core
from tenon._progress import Callback


def open_url(context: _core.Context, source: Any, given: Mapping[str, Any]) -> tuple[_core.File | None, Any]:
    """The open file and the URL for a remote URL; else None, and the source or its local path."""
    if isinstance(source, str) and "://" in source:
        from tenon import _remote

        if _remote.is_url(source):
            path = _remote.local_path(source)
            if path is not None:
                return None, path
            reader = _remote.Reader(source)
            return context.open(reader, name=reader.name, **given), source
    return None, source


def open_core(
    context: _core.Context, source: Any, how: Mapping[str, Any], callback: Callback | None
) -> tuple[_core.File, Any]:
    """Opens the source. Also returns the source to open it again: an absolute path, a URL, memory, or None."""
    if how["offset"] < 0 or how["length"] is not None and how["length"] <= 0:
        raise ValueError("offset must not be negative, and length must be positive or None")
    flags = (_core.OPEN_SHARDS if how["shards"] else 0) | (0 if how["index"] else _core.OPEN_NO_INDEX)
    given: dict[str, Any] = {
        "format": how["format"],
        "settings": _settings_of(source, how),
        "flags": flags | (_core.OPEN_ALONE if how["alone"] else 0),
        "offset": how["offset"],
        "length": how["length"] or 0,
        "progress": callback,
    }
    remote, source = open_url(context, source, given)
    if remote is not None:
        return remote, source
    if isinstance(source, (str, bytes, os.PathLike)):
        place = os.fspath(source)
        if isinstance(place, bytes) and b"\0" in place:
            raise ValueError("bytes are a path; the content of a file is given as memoryview(data) or io.BytesIO(data)")
        return context.open(place, **given), os.path.abspath(place)
    return _open_object(context, source, given)


def _settings_of(source: Any, how: Mapping[str, Any]) -> Sequence[str] | None:
    if not how["options"]:
        return None
    from tenon._settings import settings_of

    path = os.fspath(source) if isinstance(source, (str, bytes, os.PathLike)) else None
    return settings_of(how["options"], path, how["format"])


def _open_object(context: _core.Context, source: Any, given: dict[str, Any]) -> tuple[_core.File, Any]:
    if isinstance(source, (bytearray, memoryview, np.ndarray)):
        data = np.frombuffer(np.ascontiguousarray(source) if isinstance(source, np.ndarray) else source, np.uint8)
        return context.open(data, **given), data
    from tenon import _streams

    made = _streams.open_input(source)
    given["offset"] += made.offset
    return context.open(made.source, name=made.name, one_thread=made.one_thread, **given), None
