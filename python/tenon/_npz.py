# SPDX-License-Identifier: MIT
"""Archives of arrays, for tenon.numpy: NumPy's NpzFile, read by tenon."""

from __future__ import annotations

import functools
import weakref
from typing import Any

import numpy as np

from tenon import _context, _core, _npy, _streams
from tenon._errors import TenonError, TenonValueError

# Failures of the archive: programs catch zipfile.BadZipFile
_DAMAGE = frozenset(("TENON_E_CHECKSUM", "TENON_E_TRUNCATED", "TENON_E_MALFORMED", "TENON_E_UNRECOGNISED"))
# NumPy writes no longer header for plain numbers
_PLAIN_HEADER = 2000


class NpzFile(np.lib.npyio.NpzFile):
    """The arrays of a .npz archive: a Mapping that loads an array on each access. `tenon.numpy.load` returns it.

    Each array has two keys: its name, and the name with ".npy". A member that is no array is returned as bytes. The
    archive is closed by `close`, at the end of a `with` block, and when the object dies.

    Attributes
    ----------
    files : list of str
        The names, without ".npy".
    f : object
        The arrays as attributes.
    zip : zipfile.ZipFile
        The archive.
    fid : file object or None
        The file, if the NpzFile opened it.
    allow_pickle, pickle_kwargs, max_header_size
        The arguments.

    Examples
    --------
    >>> tenon.numpy.savez("a.npz", x=np.arange(3))
    >>> with tenon.numpy.load("a.npz") as a:
    ...     a.f.x.tolist(), "x.npy" in a
    ([0, 1, 2], True)
    """

    def __init__(
        self,
        fid: Any,
        own_fid: bool = False,
        allow_pickle: bool = False,
        pickle_kwargs: dict[str, Any] | None = None,
        *,
        max_header_size: int = _npy.MAX_HEADER_SIZE,
    ) -> None:
        self.fid: Any = None
        self._zip: Any = None
        self._core: _core.File | None = None
        self._members: dict[Any, str] | None = None
        if _streams.is_path(fid):
            fid, own_fid = open(fid, "rb"), True
        self.allow_pickle, self.pickle_kwargs, self.max_header_size = allow_pickle, pickle_kwargs, max_header_size
        self._stream: Any = fid
        self.fid = fid if own_fid else None
        self.files: list[str] = []
        self._indexes: dict[Any, int] = {}
        self.f: Any = _Attributes(self)
        self._open()

    # ---- opening -----------------------------------------------------------------------------------------

    def _open(self) -> None:
        made = _streams.open_input(self._stream)
        try:
            core = _context.context().open(
                made.source,
                format="npz",
                settings=_npy.SETTINGS,
                name=_npy.path_of(self._stream),
                offset=made.offset,
                one_thread=made.one_thread,
            )
        except TenonError as error:
            self._open_zip(error)
            return
        self._core = core
        self.files = core.names()
        self._indexes = dict(zip(self.files, range(len(self.files)), strict=True))
        if core.report() or "/" in "".join(self.files):
            self._match_members()

    def _match_members(self) -> None:
        """Takes names and keys from the directory: some members may be no arrays, or archives."""
        members = self.zip.namelist()
        self.files = [_plain(member) for member in members]
        tensors = self._indexes
        self._indexes = {
            key: tensors[_plain(member)]
            for member in members
            if _plain(member) in tensors
            for key in (_plain(member), member)
        }

    def _open_zip(self, error: TenonError) -> None:
        """Opens an archive that the library refuses, if Python's zipfile reads it."""
        if error.status not in _DAMAGE and error.status != "TENON_E_UNSUPPORTED":
            raise error
        import zipfile

        try:
            self.files = [_plain(member) for member in self.zip.namelist()]
        except zipfile.BadZipFile:
            raise self._damaged(error) from None

    @property  # an attribute in NumPy; the first use opens it here
    def zip(self) -> Any:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        """A zipfile.ZipFile of the archive, opened on first use; None if the archive is closed."""
        if self._zip is None and self._stream is not None:
            import zipfile

            self._zip = zipfile.ZipFile(self._stream)
        return self._zip

    def _find_members(self) -> dict[Any, str]:
        """The members by key."""
        if self._members is None and self._stream is not None:
            members = self.zip.namelist()
            self._members = dict(zip(map(_plain, members), members, strict=True))
            self._members.update(zip(members, members, strict=True))
        return self._members or {}

    # ---- a mapping ---------------------------------------------------------------------------------------

    def __contains__(self, key: object) -> bool:
        return key in self._indexes or key in self._find_members()

    def __getitem__(self, key: Any) -> Any:
        index = self._indexes.get(key)
        if index is None:
            return self._read_zip(key)
        core = self._core
        if core is None:
            raise ValueError("the archive is closed")
        info = core.info(index)
        if self._may_be_long(info):
            return self._read_zip(key)
        try:
            return _npy.read_tensor(core, index, info)
        except TenonError as error:
            return self._judge_again(error, key)

    def _may_be_long(self, info: _core.Info) -> bool:
        """Whether the header may exceed the limit: then NumPy reads it, and decides."""
        if self.allow_pickle:
            return False
        return self.max_header_size < _PLAIN_HEADER or len(info[3]) + _PLAIN_HEADER > self.max_header_size

    def _judge_again(self, error: TenonError, key: Any) -> Any:
        try:
            return _npy.judge_again(error, lambda: self._read_zip(key))
        except TenonError as verdict:
            raise (self._damaged(verdict) if verdict.status in _DAMAGE else verdict) from None

    def _damaged(self, error: TenonError) -> TenonError:
        """The failure as a zipfile.BadZipFile, with the path of the file object."""
        made = _bad_zip_file()(error.message)
        made.__dict__.update(error.__dict__, file=_npy.path_of(self._stream) or error.file)
        return made

    def _read_zip(self, key: Any) -> Any:
        """Reads a member with zipfile and NumPy."""
        member = self._find_members().get(key)
        if member is None:
            raise KeyError(f"{key} is not a file in the archive")
        with self.zip.open(member) as stream:
            start = stream.read(_npy.START)
            stream.seek(0)
            if not start.startswith(_npy.MAGIC):
                return stream.read()
            return _npy.read_by_numpy(
                stream, _npy.How(self.allow_pickle, self.pickle_kwargs or {}, self.max_header_size)
            )

    def __repr__(self) -> str:
        names = ", ".join(self.files[:5]) + ("..." if len(self.files) > 5 else "")
        return f"NpzFile {getattr(self.fid, 'name', 'object')!r} with keys: {names}"

    # ---- the end -----------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the archive, and its file if the NpzFile opened it. A second call has no effect."""
        closing = (self._zip, self._core, self.fid)
        self._zip = self._core = self._stream = self.fid = self.f = None
        for one in closing:
            if one is not None:
                one.close()


def _plain(member: str) -> str:
    """The name of the array of a member."""
    return member.removesuffix(".npy")


class _Attributes:
    """The arrays of an archive as attributes."""

    def __init__(self, archive: NpzFile) -> None:
        object.__setattr__(self, "_archive", weakref.ref(archive))

    def __getattribute__(self, name: str) -> Any:
        archive = object.__getattribute__(self, "_archive")()
        try:
            return archive[name]
        except KeyError:
            raise AttributeError(name) from None

    def __dir__(self) -> list[str]:
        return list(object.__getattribute__(self, "_archive")().files)


# ---- errors --------------------------------------------------------------------------------------------------


@functools.cache
def _bad_zip_file() -> type[TenonValueError]:
    """The class of failures of archives, created on first use: the import of zipfile is slow."""
    import zipfile

    class BadZipFile(TenonValueError, zipfile.BadZipFile):
        """The archive is damaged, or the file is no archive."""

    return BadZipFile
