# SPDX-License-Identifier: MIT
"""Reports: the notes, losses and written files of a call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, overload

from . import _core
from ._errors import in_words_of_python

if TYPE_CHECKING:
    from ._core import Entry as _Tuple

_KINDS = ("note", "loss", "bid", "verdict", "written")
_FLAW = 0x100


class Entry(NamedTuple):
    """An entry of a report.

    Attributes
    ----------
    kind : {"note", "loss", "written", "bid", "verdict"}
        The kind.
    status : str
        The name of the fault; "" if the entry is no fault.
    subject : str
        The tensor, key or format.
    file : str
        The file.
    message : str
        One line.
    chosen : bool
        Whether this bid or verdict is the one that is used.

    Examples
    --------
    >>> report = tenon.write("a.npy", np.ones(2), metadata={"key": "value"})
    >>> [(entry.kind, entry.subject) for entry in report.losses]
    [('loss', 'key')]
    """

    kind: str
    status: str = ""
    subject: str = ""
    file: str = ""
    message: str = ""
    chosen: bool = False

    def __repr__(self) -> str:
        filled = (f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True) if value)
        return f"Entry({', '.join(filled)})"

    def __str__(self) -> str:
        parts = [self.kind, self.file, f"'{self.subject}'" if self.subject else "", self.message]
        return ": ".join(part for part in parts if part)


class Report(Sequence[Entry]):
    """The notes, losses and written files of a call, in order. ``str()`` has a line for each.

    As of each sequence, the truth value of an empty report is False: `ok` tells whether a file is sound.

    Examples
    --------
    >>> np.savez("a.npz", x=np.arange(3))
    >>> report = tenon.verify("a.npz")
    >>> report.ok, list(report)
    (True, [])
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries = list(entries)

    @classmethod
    def of(cls, tuples: Iterable[_Tuple]) -> Report:
        """Create a report from tuples of the extension."""
        return cls(
            Entry(
                _KINDS[min(kind & ~_FLAW, len(_KINDS) - 1)],
                _core.status_name(status) if status else "",
                subject,
                file,
                in_words_of_python(message),
                bool(chosen),
            )
            for kind, status, chosen, subject, file, message in tuples
        )

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Report: ...

    def __getitem__(self, index: int | slice) -> Entry | Report:
        return Report(self._entries[index]) if isinstance(index, slice) else self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        return self._entries == other._entries if isinstance(other, Report) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return "\n".join(map(str, self._entries))

    def __repr__(self) -> str:
        if len(self._entries) < 2:
            return f"Report({self._entries!r})"
        lines = ",\n    ".join(map(repr, self._entries))
        return f"Report([\n    {lines},\n])"

    @property
    def notes(self) -> list[Entry]:
        """The notes."""
        return [entry for entry in self._entries if entry.kind == "note"]

    @property
    def losses(self) -> list[Entry]:
        """The losses: data that a save dropped or changed."""
        return [entry for entry in self._entries if entry.kind == "loss"]

    @property
    def faults(self) -> list[Entry]:
        """The notes with a status: damage in the file."""
        return [entry for entry in self._entries if entry.kind == "note" and entry.status]

    @property
    def files(self) -> list[str]:
        """The files that a save of a set wrote."""
        return [entry.file for entry in self._entries if entry.kind == "written"]

    @property
    def ok(self) -> bool:
        """True if the report has no faults."""
        return not self.faults
