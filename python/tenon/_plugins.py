# SPDX-License-Identifier: MIT
"""The plugin folders of other packages, by entry points of the group ``tenon.plugins``.

An entry point names a string or a path, a sequence of them, a function that returns either, or a module whose own
folder has the plugins::

    [project.entry-points."tenon.plugins"]
    mine = "mine.plugins"
"""

import os
import sys
import warnings
from collections.abc import Iterable
from types import ModuleType
from typing import Any

GROUP = "tenon.plugins"


def folders() -> list[str]:
    """The plugin folders of all installed packages: absolute paths, each once, in the order of the entry points.

    An entry point that fails, and a folder that does not exist or whose path has a colon, are left out with a
    ``RuntimeWarning``.

    >>> tenon._plugins.folders()
    []
    """
    if not any(_mentions_group(place) for place in sys.path):
        return []
    from importlib.metadata import entry_points  # takes 10 ms and more, and most installations do not need it

    found: dict[str, None] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        try:
            named = list(_named(entry.load()))
        except Exception as fault:
            _warn(f"the entry point {entry.name} = {entry.value!r} of {GROUP} fails: {fault!r}")
            continue
        for folder in named:
            if not os.path.isdir(folder) or ":" in folder:
                _warn(f"the entry point {entry.name} = {entry.value!r} of {GROUP} names {folder!r}, which is no folder "
                      "without a colon in its path")
                continue
            found[os.path.abspath(folder)] = None
    return list(found)


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=3)


def _named(value: Any) -> Iterable[str]:
    """The folders that the object of an entry point names."""
    if callable(value):
        value = value()
    if isinstance(value, ModuleType):
        value = list(getattr(value, "__path__", ())) or [os.path.dirname(value.__file__ or "")]
    if isinstance(value, (str, os.PathLike)):
        value = [value]
    for folder in value:
        yield os.fsdecode(folder)


def _mentions_group(place: str) -> bool:
    """Whether a package in a folder of ``sys.path`` has the group, without ``importlib.metadata``."""
    try:
        with os.scandir(place or ".") as listing:
            installed = [item.path for item in listing if item.name.endswith((".dist-info", ".egg-info"))]
    except NotADirectoryError:
        return place.endswith((".whl", ".egg", ".zip"))
    except OSError:
        return False
    return any(_has_group(os.path.join(folder, "entry_points.txt")) for folder in installed)


def _has_group(path: str) -> bool:
    try:
        with open(path, "rb") as text:
            return GROUP.encode() in text.read()
    except OSError:
        return False
