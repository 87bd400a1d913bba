# SPDX-License-Identifier: MIT
"""URLs of fsspec: s3://, hf://, memory:// and others. Several requests for ranges run at once."""

from __future__ import annotations

import os
import posixpath
import re
import threading
from typing import TYPE_CHECKING, Any

from tenon._readahead import ReadAhead

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]*::)*[A-Za-z][A-Za-z0-9+.\-]+://")
_LOCAL = re.compile(r"(?:file|local)://")
# What the stores call the version of a file, and the time of its last change
_IDENTITY = (
    *("size", "ETag", "etag", "generation", "VersionId", "version_id", "md5Hash", "blob_id"),
    *("LastModified", "last_modified", "mtime", "modified", "created"),
)
# The most requests at once, for all files together
_WORKERS = 8
# Bytes that are handed to a file at once.
_PIECE = 4 << 20

_pool: tuple[int, ThreadPoolExecutor] | None = None
_pool_lock = threading.Lock()


def is_url(source: object) -> bool:
    """Whether the source is a URL for fsspec, and no path. Objects of os.PathLike are paths.

    >>> from tenon._remote import is_url
    >>> is_url("s3://bucket/x.npz"), is_url("simplecache::s3://bucket/x.npz"), is_url("x.npz"), is_url("c:/x.npz")
    (True, True, False, False)
    """
    return isinstance(source, str) and _URL.match(source) is not None


def local_path(url: str) -> str | None:
    """The path of a local file, which is mapped without fsspec; None for other URLs.

    >>> from tenon._remote import local_path
    >>> local_path("file:///tmp/x.npz"), local_path("s3://bucket/x.npz")
    ('/tmp/x.npz', None)
    """
    match = _LOCAL.match(url)
    return url[match.end() :] if match else None


def file_name(url: str) -> str:
    """The last part of a URL's path. Its extension may tell the format.

    >>> from tenon._remote import file_name
    >>> file_name("https://host/a/x.npz?download=true"), file_name("zip://in/y.npy::s3://bucket/x.zip")
    ('x.npz', 'y.npy')
    """
    path = re.sub(r"^(?:[A-Za-z0-9+.\-]+::)*[A-Za-z0-9+.\-]+://", "", url).split("::", 1)[0]
    if re.match(r"(?:[A-Za-z0-9+.\-]+::)*https?://", url):
        path = re.split(r"[?#]", path, maxsplit=1)[0]
    return posixpath.basename(path)


def filesystem(url: str, **options: Any) -> tuple[Any, str]:
    """The file system of fsspec for a URL, and the path on it."""
    try:
        import fsspec.core
    except ImportError as failure:
        raise ModuleNotFoundError(
            f"{url}: a URL is opened through the package fsspec, which is not installed: pip install fsspec",
            name="fsspec",
        ) from failure
    found: tuple[Any, str] = fsspec.core.url_to_fs(url, **options)
    return found


def stamp(url: str) -> tuple[str, ...]:
    """What tells that a file was written, as far as its store knows it.

    >>> import fsspec
    >>> from tenon._remote import stamp
    >>> fsspec.filesystem("memory").pipe("/docs/x.bin", b"0")
    >>> before = stamp("memory://docs/x.bin")
    >>> fsspec.filesystem("memory").pipe("/docs/x.bin", b"1")
    >>> stamp("memory://docs/x.bin") == before
    False
    """
    fs, path = filesystem(url)
    info = fs.info(path)
    return tuple(str(info.get(name)) for name in _IDENTITY)


def _workers() -> ThreadPoolExecutor:
    """The threads that wait for requests. A forked process creates its own."""
    from concurrent.futures import ThreadPoolExecutor  # few programs need it, and it imports logging

    global _pool
    with _pool_lock:
        if _pool is None or _pool[0] != os.getpid():
            _pool = os.getpid(), ThreadPoolExecutor(_WORKERS, thread_name_prefix="tenon-remote")
        return _pool[1]


def _renew_lock() -> None:
    """Replaces the lock after a fork: the child lacks the thread that may hold it."""
    global _pool_lock
    _pool_lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


class Reader:
    """A remote file as a reader of the extension: `size` in bytes, and `read_at`.

    Several threads may call read_at at once. It waits without the GIL.

    >>> import fsspec
    >>> from tenon._remote import Reader
    >>> fsspec.filesystem("memory").pipe("/docs/x.bin", b"0123456789")
    >>> reader, to = Reader("memory://docs/x.bin"), bytearray(4)
    >>> reader.read_at(3, memoryview(to))
    >>> reader.size, bytes(to)
    (10, b'3456')
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = file_name(url)
        if self.name.endswith(".index.json"):
            raise ValueError(f"{url}: a set behind a URL cannot be opened by its index; open its shards, one by one")
        self._pid = os.getpid()
        self._fs, self._path = filesystem(url)
        info = self._fs.info(self._path)
        if info.get("type") == "directory":
            raise IsADirectoryError(f"{url}: a folder behind a URL cannot be opened")
        size = info.get("size")
        self._whole: bytes | None = None
        if size is None:  # the server tells no size, and may not support ranges either
            whole: bytes = self._fs.cat_file(self._path)
            self._whole, size = whole, len(whole)
        self.size: int = size
        self._ahead = self._new_ahead()

    def read_at(self, offset: int, to: memoryview) -> None:
        """Fills `to` with the bytes from `offset` on, or raises the exception of the file system."""
        if self._whole is not None:
            to[:] = self._whole[offset : offset + len(to)]
            return
        if self._pid != os.getpid():  # after a fork: connections and threads belong to the parent
            self._pid = os.getpid()
            self._fs, self._path = filesystem(self.url)
            self._ahead = self._new_ahead()
        self._ahead.read(offset, to)

    def close(self) -> None:
        """Drops the bytes that were read ahead. The reader can be used again."""
        self._ahead = self._new_ahead()

    def __getstate__(self) -> str:
        return self.url

    def __setstate__(self, url: str) -> None:
        self.__init__(url)  # type: ignore[misc]

    def _new_ahead(self) -> ReadAhead:
        return ReadAhead(self.size, lambda begin, end: _workers().submit(self._fetch, begin, end))

    def _fetch(self, begin: int, end: int) -> bytes:
        # Asynchronous file systems serve all threads; of others fsspec keeps one for each thread.
        fs = self._fs if getattr(self._fs, "async_impl", False) else filesystem(self.url)[0]
        data: bytes = fs.cat_file(self._path, start=begin, end=end)
        if len(data) == self.size:  # a server that knows no ranges sends all
            data = data[begin:end]
        if len(data) != end - begin:
            raise OSError(
                f"{self.url}: {end - begin} bytes from byte {begin} on were asked for, and {len(data)} came: "
                "the file has changed since it was opened"
            )
        return data


class Target:
    """A remote file as the target of a save. It appears when the block ends; after an exception it is dropped.

    File systems without transactions may keep a part of it.

    >>> import fsspec
    >>> from tenon._remote import Target
    >>> with Target("memory://docs/y.bin") as target:
    ...     target.write(memoryview(b"abc"))
    >>> fsspec.filesystem("memory").cat("/docs/y.bin")
    b'abc'
    """

    def __init__(self, url: str, *, new: bool = False) -> None:
        self.url = url
        self.name = file_name(url)
        # a separate instance: a transaction affects all files of an instance
        self._fs, self._path = filesystem(url, skip_instance_cache=True)
        if new and self._fs.exists(self._path):
            raise FileExistsError(f"{url}: exists already")
        self._file: Any = None
        self._transaction: Any = None

    def __enter__(self) -> Target:
        self._transaction = self._fs.transaction
        self._transaction.__enter__()
        try:
            self._file = self._fs.open(self._path, "wb")
        except BaseException as failure:
            self._end(failure)
            raise
        return self

    def write(self, data: memoryview) -> None:
        """Appends bytes."""
        while len(data):
            piece = bytes(data[:_PIECE])  # which the file may keep
            count = self._file.write(piece)
            data = data[len(piece) if count is None else count :]

    def __exit__(self, kind: object, failure: BaseException | None, trace: object) -> None:
        if failure is None:
            try:
                self._file.close()
            except BaseException as late:
                self._end(late)
                raise
        else:
            _abandon(self._file)
        self._end(failure)

    def _end(self, failure: BaseException | None) -> None:
        """Ends the transaction: commits the file, or drops it after a failure."""
        try:
            self._transaction.__exit__(type(failure) if failure else None, failure, None)
        except Exception:
            if failure is None:
                raise  # else the first failure is raised


def _abandon(file: Any) -> None:
    """Prevents the upload of a buffered file when it is closed or collected."""
    import fsspec.spec

    if isinstance(file, fsspec.spec.AbstractBufferedFile):
        file.closed = True
        return
    try:
        file.close()
    except Exception:
        pass
