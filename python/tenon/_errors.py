# SPDX-License-Identifier: MIT
"""The exceptions of this package: each is a TenonError and a built-in exception."""

from __future__ import annotations

import errno as _errno
import os as _os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._core import Entry as _Tuple
    from ._report import Report


class TenonError(Exception):
    """A failure of the library. Each exception is also one of Python's built-in exceptions.

    Attributes
    ----------
    message : str
        One line: the place, the fault, and the expected value.
    status : str
        The library's name of the failure, ``"TENON_E_MALFORMED"``.
    file, tensor : str or None
        The file and the tensor of the failure.
    offset : int or None
        The position in `file`, in bytes.
    errno : int or None
        The error number of the system, if the system failed.
    advice : str or None
        A remedy.
    report : Report
        The report of a failed save: with ``strict=True``, it has all losses.

    Examples
    --------
    >>> try:
    ...     tenon.open("missing.npy")
    ... except FileNotFoundError as error:
    ...     print(isinstance(error, tenon.TenonError), error.status)
    True TENON_E_NOT_FOUND
    """

    message: str = ""
    status: str = ""
    file: str | None = None
    tensor: str | None = None
    offset: int | None = None
    errno: int | None
    advice: str | None = None
    # The extension sets them: the result of tn_report_list
    entries: list[_Tuple] | None = None

    @property
    def report(self) -> Report:
        from ._report import Report

        return Report.of(self.entries or ())

    def __str__(self) -> str:
        return f"{self.message}\n({self.advice})" if self.advice else self.message

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), dict(self.__dict__, errno=self.errno))


class TenonValueError(TenonError, ValueError):
    """Malformed, truncated or unsupported data, a wrong option or argument, a limit, or a loss in a strict save."""

    errno: int | None = None


class TenonOSError(TenonError, OSError):
    """The system refuses to open, read or write."""


class TenonFileNotFoundError(TenonOSError, FileNotFoundError):
    """There is no such file or folder."""


class TenonFileExistsError(TenonOSError, FileExistsError):
    """The target exists already."""


class TenonPermissionError(TenonOSError, PermissionError):
    """The permissions do not allow the access."""


class TenonIsADirectoryError(TenonOSError, IsADirectoryError):
    """The path is a folder, and a file is needed."""


class TenonNotADirectoryError(TenonOSError, NotADirectoryError):
    """The path is a file, and a folder is needed."""


class TenonBlockingIOError(TenonOSError, BlockingIOError):
    """Another save holds the file, or has replaced it since it was read."""


class TenonBrokenPipeError(TenonOSError, BrokenPipeError):
    """The reader of the pipe has closed it."""


class TenonMemoryError(TenonError, MemoryError):
    """There is not enough memory."""

    errno: int | None = None


class TenonKeyError(TenonError, KeyError):
    """There is no tensor, key, option or dtype of that name."""

    errno: int | None = None
    __str__ = TenonError.__str__


_BY_ERRNO: dict[int, type[TenonOSError]] = {
    _errno.ENOENT: TenonFileNotFoundError,
    _errno.EEXIST: TenonFileExistsError,
    _errno.EACCES: TenonPermissionError,
    _errno.EPERM: TenonPermissionError,
    _errno.EISDIR: TenonIsADirectoryError,
    _errno.ENOTDIR: TenonNotADirectoryError,
    _errno.EAGAIN: TenonBlockingIOError,
    _errno.EPIPE: TenonBrokenPipeError,
}
_BY_STATUS: dict[str, type[TenonError]] = {
    "TENON_E_MEMORY": TenonMemoryError,
    "TENON_E_IO": TenonOSError,
    "TENON_E_NOT_FOUND": TenonKeyError,
    "TENON_E_EXISTS": TenonFileExistsError,
    "TENON_E_BUSY": TenonBlockingIOError,
}
_EXTENSIONS = (".safetensors", ".npz", ".npy", ".gguf", ".pt", ".safetensors.index.json")
_ERRNO_OF: dict[type[TenonError], int] = {
    TenonFileExistsError: _errno.EEXIST,
    TenonFileNotFoundError: _errno.ENOENT,
    TenonBlockingIOError: _errno.EAGAIN,
}


# Names of the C API in messages of the library, and their counterparts in this package
_WORDS = {
    "another dtype in tenon_plan_add_from": "dtype=",
    "tenon_plan_add_from chooses": "only= chooses",
    "choose with tenon_plan_add_from": "choose with only=",
    "tenon_writer_begin": "Writer.begin",
    "tenon_writer_end": "Writer.end",
    "tenon_writer_finish": "Writer.finish",
    "TENON_OPEN_SHARDS": "shards=True",
    "TENON_OPEN_NO_INDEX": "index=False",
    "TENON_SAVE_APPEND": "append=True",
    "TENON_SAVE_CARRY": "carry=True",
    "TENON_SAVE_SKIP_UNREADABLE": "skip_unreadable=True",
    "tenon_context_report": "python -m tenon formats -v",
    "tenon_why": "python -m tenon why",
}
_ADVICE = {
    "TENON_E_EXISTS": "without new=True, the file is replaced",
    "TENON_E_LOSS": "the report of this exception lists the losses; without strict=True the file is written",
    "TENON_E_LIMIT": 'tenon.configure("limits.NAME=NUMBER") sets a limit; tenon.config() lists them',
    "TENON_E_CONFIG": "python -m tenon config --check lists all faults of the configuration",
}


def in_words_of_python(text: str) -> str:
    """A message of the library, with arguments of this package instead of flags and functions of the C API."""
    if "TENON_" in text or "tenon_" in text:
        for theirs, ours in _WORDS.items():
            text = text.replace(theirs, ours)
    return text


def _kind(status: str, message: str, file: str | None, tensor: str | None, number: int) -> type[TenonError]:
    if status in ("TENON_E_IO", "TENON_E_NOT_FOUND") and number in _BY_ERRNO:
        return _BY_ERRNO[number]
    if status == "TENON_E_NOT_FOUND" and file and not tensor:
        if "there is no codec '" in message:  # the argument format
            return TenonValueError
        if not _os.path.isfile(file):  # a folder may be there, without a file of tensors
            return TenonFileNotFoundError
    return _BY_STATUS.get(status, TenonValueError)


def fail(
    status: str,
    message: str,
    *,
    file: str | None = None,
    tensor: str | None = None,
    offset: int | None = None,
    errno: int = 0,
    advice: str | None = None,
) -> TenonError:
    """Creates the exception for a failure."""
    kind = _kind(status, message, file, tensor, errno)
    number = errno or _ERRNO_OF.get(kind, 0)
    error: TenonError
    if issubclass(kind, OSError) and number:
        error = kind(number, message, file)  # Python's own fields
    else:
        error = kind(message)
    fields = error.__dict__
    fields.update(message=message, status=status, file=file, tensor=tensor, offset=offset, advice=advice)
    if not isinstance(error, OSError):
        fields["errno"] = number or None
    return error


def make(
    status: int, message: str, file: str | None, tensor: str | None, offset: int | None, errno: int, advice: str | None
) -> BaseException:
    """Creates the exception for a status of the library. The extension calls it."""
    from ._core import status_name

    name = status_name(status)
    if name == "TENON_E_CANCELLED":
        return KeyboardInterrupt(message)
    message, advice = in_words_of_python(message), in_words_of_python(advice or "") or _ADVICE.get(name)
    if advice is None and errno == _errno.ENOENT and file and not tensor:
        advice = _near(file)
    elif advice is None and "stored as a pickle" in message:
        advice = "tenon.numpy.load(file, allow_pickle=True) runs it: only if you trust the file"
    return fail(name, message, file=file, tensor=tensor, offset=offset, errno=errno, advice=advice)


def _near(file: str) -> str | None:
    """Advice on a path with no file: those that save functions append an extension to."""
    if file.startswith("~"):
        return "'~' is not expanded: os.path.expanduser does that"
    stem = _os.path.splitext(file)[0]
    for path in (base + extension for base in (file, stem) for extension in _EXTENSIONS):
        if path != file and _os.path.isfile(path):
            return f"did you mean {path!r}?"
    return None


def _restore(kind: type[TenonError], fields: dict[str, object]) -> TenonError:
    number = fields.pop("errno")
    error = (
        kind(number, fields["message"], fields["file"])
        if issubclass(kind, OSError) and number
        else kind(fields["message"])
    )
    error.__dict__.update(fields)
    if not isinstance(error, OSError):
        error.__dict__["errno"] = number
    return error
