# SPDX-License-Identifier: MIT
"""verify and hash: the checksums of a file, and the digests of its tensors."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tenon import _progress
from tenon._file import File
from tenon._file import open as open_file
from tenon._reading import select

if TYPE_CHECKING:
    from tenon._report import Report


def verify(source: Any, *, progress: _progress.Progress = None, **how: Any) -> Report:
    """Read all data of a file and compare all checksums.

    Parameters
    ----------
    source : File, or the source of `tenon.open`
        The file.
    progress : bool or callable
        As of `tenon.open`.
    **how
        Further arguments of `tenon.open`.

    Returns
    -------
    Report
        `ok` is true if there are no faults; `faults` lists them. Faults of the data raise no exception, not even those
        that prevent the file from being opened.

    Raises
    ------
    TenonError
        There is no such file, or the system cannot read it.

    Examples
    --------
    >>> tenon.save("a.npy", np.arange(3))
    >>> tenon.verify("a.npy").ok
    True
    """
    from tenon import _errors, _report

    if isinstance(source, File):
        return source.verify(progress=progress)
    try:
        file = open_file(source, **how)
    except _errors.TenonError as error:
        if error.status not in _FAULTS:
            raise
        return _report.Report(
            [_report.Entry("note", error.status, error.tensor or "", error.file or "", error.message)]
        )
    with file:
        return file.verify(progress=progress)


# Faults of the content of a file
_FAULTS = frozenset(
    f"TENON_E_{name}" for name in ("MALFORMED", "TRUNCATED", "CHECKSUM", "UNRECOGNISED", "LIMIT", "UNSUPPORTED")
)


def hash(
    source: Any, names: str | Iterable[str] | None = None, *, progress: _progress.Progress = None, **how: Any
) -> dict[str, str]:
    """Return the digest of each tensor, as `tenon hash` prints it: "sha256:…", the same in every format.

    Parameters
    ----------
    source : File, or the source of `tenon.open`
        The file.
    names : str or iterable of str, optional
        A name or a pattern, or several; None: all tensors.
    progress : bool or callable
        As of `tenon.open`.
    **how
        Further arguments of `tenon.open`.

    Returns
    -------
    dict
        Digests by name, sorted by name.

    Raises
    ------
    TenonError
        A tensor is unreadable, or no tensor has such a name (a KeyError).

    Examples
    --------
    >>> tenon.save("a.npy", np.zeros(3, np.float32))
    >>> tenon.save_safetensors("a.safetensors", {"a": np.zeros(3, np.float32)})
    >>> tenon.hash("a.npy") == tenon.hash("a.safetensors")
    True
    """
    if isinstance(source, File):
        return source.hash(names, progress=progress)
    with open_file(source, **how) as file:
        return file.hash(names, progress=progress)


def digests(file: File, names: str | Iterable[str] | None, progress: _progress.Progress) -> dict[str, str]:
    """The digests of tensors of an open file."""
    core = file._core
    chosen = sorted(
        (name.encode("utf-8", "surrogateescape"), index) for name, index in select(file._core, names).items()
    )
    with _progress.shown(progress, "hash") as callback:
        done, total = 0, sum(core.info(index)[6] for _, index in chosen) if callback else 0
        found = {}
        for name, index in chosen:
            found[name.decode("utf-8", "surrogateescape")], size = _digest(core, index)
            done += size
            if callback:
                callback(done, total)
    return found


def _digest(core: Any, index: int) -> tuple[str, int]:
    """SHA-256 over the dtype's name, a NUL, rank and dims, and the data in C order, little-endian: tenon-hash(1)."""
    info = core.info(index)
    family = core.family(index)
    text = f"{family}:{info[3]}" if family is not None else info[3]
    shape = info[4] or ()
    sha = hashlib.sha256(
        text.encode("utf-8", "surrogateescape") + b"\0" + struct.pack(f"<{len(shape) + 1}Q", len(shape), *shape)
    )
    core.stream(index, sha.update)
    return "sha256:" + sha.hexdigest(), info[6]
