# SPDX-License-Identifier: MIT
"""The configuration of all functions of the package. The first use reads it."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

from . import _core, _plugins

_lock = threading.Lock()
_current: _core.Context | None = None
# The arguments of configure(), for the next context
_settings: tuple[tuple[str, ...], str | None, int] = ((), None, 0)


def _unlock() -> None:
    """Replaces the lock after a fork: the child lacks the thread that may hold it."""
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_unlock)


def context() -> _core.Context:
    """The context of all functions. The first call creates it from tenon.ini and the environment."""
    found = _current
    return found if found is not None else _make()


def _make() -> _core.Context:
    global _current
    with _lock:
        if _current is None:
            settings, plugin_path, flags = _settings
            _current = _core.Context(settings or None, _plugin_path(plugin_path), flags)
        return _current


def configure(
    *settings: str,
    plugin_path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    files: bool = True,
    environment: bool = True,
) -> None:
    """Set the configuration of later calls. Open files keep theirs.

    Parameters
    ----------
    *settings : str
        ``"SECTION.KEY=VALUE"``, as in tenon.ini; they override all files. ``"core.threads=4"``,
        ``"npz.compression=deflate"``, ``"limits.tensors=1000"``, ``"plugin.gguf.enabled=no"``.
    plugin_path : str, os.PathLike or sequence of these, optional
        Folders of plugins, which are searched first. A str may have several, separated by ':'.
    files : bool
        False: do not read tenon.ini files.
    environment : bool
        False: ignore TENON_CONFIG, TENON_PLUGIN_PATH, XDG_CONFIG_HOME and HOME.

    Raises
    ------
    TenonError
        A setting is wrong; also a ValueError. The configuration does not change.

    Examples
    --------
    >>> tenon.configure("core.threads=2")
    >>> [entry.value for entry in tenon.config() if (entry.section, entry.key) == ("core", "threads")]
    ['2']
    >>> tenon.configure()
    """
    global _current, _settings
    flags = (0 if files else _core.CONTEXT_NO_FILES) | (0 if environment else _core.CONTEXT_NO_ENVIRONMENT)
    path = _joined(plugin_path)
    made = _core.Context(settings or None, _plugin_path(path), flags)
    with _lock:
        _current, _settings = made, (settings, path, flags)


def _joined(path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None) -> str | None:
    if path is None:
        return None
    folders = [path] if isinstance(path, (str, os.PathLike)) else list(path)
    return ":".join(
        ":".join(os.path.abspath(part) for part in os.fspath(folder).split(":") if part) for folder in folders
    )


def _plugin_path(path: str | None) -> str | None:
    folders = [path] if path else []
    folders += _plugins.folders()
    return ":".join(folders) or None
