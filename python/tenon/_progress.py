# SPDX-License-Identifier: MIT
"""The argument `progress`: a bar of tqdm, a line on a terminal, or calls of a callable."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, TextIO

Callback = Callable[[int, int], object]
Progress = bool | Callback | None

# The least time between two updates of a line, in seconds
_INTERVAL = 0.1
_WAITING = "waiting for another save"
_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB")


@contextlib.contextmanager
def shown(progress: Progress, what: str) -> Iterator[Callback | None]:
    """Yields the callable (done, total) for one call of the extension, or None without progress.

    Both numbers count bytes, and both are 0 while the call waits for another save. The display is closed at the end,
    even after an exception.

    >>> from tenon._progress import shown
    >>> with shown(lambda done, total: print(done, "of", total), "saving") as callback:
    ...     _ = callback(1, 2)
    1 of 2
    """
    if progress is None or progress is False:
        yield None
    elif progress is True:
        display = _display(what)
        if display is None:
            yield None
            return
        try:
            yield display.show
        finally:
            display.close()
    elif callable(progress):
        yield progress
    else:
        raise TypeError(f"progress is True, False, None or a callable (done, total), not {type(progress).__name__}")


def _display(what: str) -> _Bar | _Line | None:
    try:
        if "ipykernel" in sys.modules:  # a notebook: tqdm chooses its widget
            from tqdm.auto import tqdm
        else:
            from tqdm import tqdm
    except ImportError:
        stream: TextIO | None = sys.stderr
        return _Line(what, stream) if stream is not None and stream.isatty() else None
    return _Bar(tqdm(desc=what, total=None, unit="B", unit_scale=True, unit_divisor=1024))


class _Bar:
    """A bar of tqdm. Different threads may call it, one at a time."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._waits = False

    def show(self, done: int, total: int) -> None:
        waits = done == 0 and total == 0
        if waits != self._waits:
            self._waits = waits
            self._bar.set_postfix_str(_WAITING if waits else "")
        if waits:
            return
        if self._bar.total != total:
            self._bar.total = total
            self._bar.refresh()
        if done > self._bar.n:
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        self._bar.close()


class _Line:
    """A line of a terminal, which each update overwrites."""

    def __init__(self, what: str, stream: TextIO) -> None:
        self._what = what
        self._stream = stream
        self._width = 0
        self._next = 0.0
        self._text = ""

    def show(self, done: int, total: int) -> None:
        if total == 0:
            self._text = f"{self._what}: {_WAITING}" if done == 0 else f"{self._what}: {_size(done)}"
        else:
            self._text = f"{self._what}: {_size(done)} of {_size(total)}, {min(done * 100 // total, 100)} %"
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _INTERVAL
            self._write()

    def close(self) -> None:
        if self._text:
            self._write()
            self._stream.write("\n")
            self._stream.flush()

    def _write(self) -> None:
        self._stream.write("\r" + self._text.ljust(self._width))
        self._stream.flush()
        self._width = len(self._text)


def _size(count: int) -> str:
    """A number of bytes, in the largest unit that it reaches.

    >>> from tenon._progress import _size
    >>> _size(1023), _size(1536), _size(3 << 30)
    ('1023 B', '1.5 KiB', '3.0 GiB')
    """
    if count < 1024:
        return f"{count} B"
    size, unit = count / 1024, 0
    while size >= 1024 and unit + 1 < len(_UNITS):
        size, unit = size / 1024, unit + 1
    return f"{size:.1f} {_UNITS[unit]}"
