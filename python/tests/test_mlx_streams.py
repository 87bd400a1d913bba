# SPDX-License-Identifier: MIT
"""The inputs and outputs for file objects, and the positions of the objects afterwards."""

import bz2
import gc
import gzip
import io
import lzma
import os
import socket
import tempfile
import threading
import warnings
import zipfile

import numpy as np
import pytest

from tenon import _streams
from tenon._streams import Reader, Sink, is_path, name_of, open_input, open_output


def content(made):
    """All bytes of an input, from its offset on."""
    if isinstance(made.source, int):
        return os.pread(made.source, 1 << 20, made.offset)
    if isinstance(made.source, np.ndarray):
        return made.source[made.offset :].tobytes()
    to = bytearray(made.source.size)
    with memoryview(to) as view:
        made.source.read_at(0, view)
    return bytes(to)


def npy(array):
    f = io.BytesIO()
    np.save(f, array)
    return f.getvalue()


class Few:
    """Only read, seek and tell, and never more than three bytes at once."""

    def __init__(self, data):
        self.f = io.BytesIO(data)

    def read(self, size=-1):
        return self.f.read(min(size, 3))

    def seek(self, offset, whence=0):
        self.f.seek(offset, whence)  # returns None, as some do

    def tell(self):
        return self.f.tell()


class Raw(io.RawIOBase):
    """Short reads and writes."""

    def __init__(self, data=b"", seekable=True):
        self.f = io.BytesIO(data)
        self._seekable = seekable

    def readable(self):
        return True

    writable = readable

    def seekable(self):
        return self._seekable

    def readinto(self, to):
        return self.f.readinto(memoryview(to)[:2])

    def write(self, data):
        return self.f.write(bytes(data[:5]))

    def seek(self, offset, whence=0):
        if not self._seekable:
            raise io.UnsupportedOperation("seek")
        return self.f.seek(offset, whence)

    def tell(self):
        return self.f.tell()


def test_paths():
    assert is_path("a") and is_path(b"a") and is_path(os.path.pardir) and not is_path(1) and not is_path(io.BytesIO())


@pytest.mark.parametrize("mode, buffering", [("rb", -1), ("rb", 0), ("r+b", -1), ("r+b", 0)])
def test_files_of_the_system_are_used_by_their_descriptors(tmp_path, mode, buffering):
    path = tmp_path / "x.bin"
    path.write_bytes(b"0123456789")
    with open(path, mode, buffering=buffering) as f:
        assert f.read(4) == b"0123"  # buffered: the descriptor is ahead
        made = open_input(f)
        assert made.source == f.fileno() and made.offset == 4 and made.name == "x.bin"
        assert content(made) == b"456789"
        made.finish(2)
        assert f.read(2) == b"67"
        made.finish()
        assert f.read() == b""


def test_bytes_that_were_not_flushed_are_read(tmp_path):
    with open(tmp_path / "x", "w+b") as f:
        f.write(b"abc")
        f.seek(1)
        f.write(b"B")
        assert content(open_input(f)) == b"c"
        f.seek(0)
        assert content(open_input(f)) == b"aBc"


def test_a_descriptor(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"012345")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.lseek(descriptor, 2, os.SEEK_SET)
        made = open_input(descriptor)
        assert content(made) == b"2345" and made.name is None
        made.finish(3)
        assert os.read(descriptor, 9) == b"5"
        del made
        os.fstat(descriptor)  # still open
    finally:
        os.close(descriptor)


def test_memory_is_not_copied():
    f = io.BytesIO(b"x" * 100)
    f.seek(10)
    made = open_input(f)
    assert np.shares_memory(made.source, np.frombuffer(f.getvalue(), np.uint8)) and made.offset == 10
    f.write(b"later")  # what was opened stays as it was
    assert content(made) == b"x" * 90


@pytest.mark.parametrize("file", [Few(b"..0123456789"), Raw(b"..0123456789")])
def test_objects_that_seek(file):
    file.seek(2)
    made = open_input(file)
    assert isinstance(made.source, Reader) and made.one_thread and made.source.size == 10
    assert content(made) == b"0123456789"
    to = bytearray(3)
    made.source.read_at(4, memoryview(to))
    assert to == b"456"
    with pytest.raises(EOFError, match="ended 2 bytes early, at byte 12"):
        made.source.read_at(9, memoryview(bytearray(3)))
    made.finish(7)
    assert file.read(3) in (b"789", b"78")
    made.finish()
    assert not file.read(1)


@pytest.mark.parametrize("opener", [gzip.open, bz2.open, lzma.open])
def test_what_is_compressed_is_drained(tmp_path, opener):
    first, second = np.arange(50.0), np.arange(7, dtype=np.int8)
    with opener(tmp_path / "x", "wb") as f:
        f.write(b"..")
        np.save(f, first)
        np.save(f, second)
        f.write(b"rest")
    with opener(tmp_path / "x", "rb") as f:
        f.read(2)
        made = open_input(f)
        assert isinstance(made.source, np.ndarray) and content(made) == npy(first)
        made.finish(len(npy(first)))
        assert content(open_input(f)) == npy(second)
        assert content(open_input(f)) == b"rest"


def test_a_member_of_a_zip_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("in/a.npy", npy(np.arange(9)))
    with zipfile.ZipFile(tmp_path / "x.zip") as z, z.open("in/a.npy") as f:
        made = open_input(f)
        assert content(made) == npy(np.arange(9)) and made.name == "a.npy"


def test_a_pipe_is_read_no_further_than_its_array():
    inward, outward = os.pipe()
    with open(inward, "rb") as f:
        os.write(outward, npy(np.arange(5)) + b"more")
        made = open_input(f)  # the other end is still open: nothing waits for its end
        assert content(made) == npy(np.arange(5))
        os.close(outward)
        assert f.read() == b"more"


@pytest.mark.parametrize("unbuffered", [False, True])
def test_a_socket(unbuffered):
    ours, theirs = socket.socketpair()
    with ours, ours.makefile("rb", buffering=0 if unbuffered else -1) as f:
        data = b"x" * 300_000
        sender = threading.Thread(target=lambda: (theirs.sendall(data), theirs.close()))
        sender.start()
        assert content(open_input(f)) == data
        sender.join()


def test_much_goes_to_a_temporary_file(monkeypatch):
    monkeypatch.setattr(_streams, "_MOST_IN_MEMORY", 100_000)
    data = os.urandom(700_000)
    made = open_input(Raw(data, seekable=False))
    assert isinstance(made.source, int) and content(made) == data
    descriptor = made.source
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        del made
        gc.collect()
    assert not warned
    with pytest.raises(OSError):
        os.fstat(descriptor)


def test_a_header_that_lies_takes_no_memory():
    lie = npy(np.zeros(3, np.uint8)).replace(b"(3,)", b"(9" + b"0" * 15 + b",)")
    made = open_input(Raw(lie, seekable=False))
    assert content(made) == lie


@pytest.mark.parametrize(
    "data",
    [b"", b"NUM", b"NUMPY", b"NUMPY\1\0", b"NUMPY\1\0\7\0{'descr", b"NUMPY\2\0\xff\xff\xff\xff.", b"short"],
)
def test_what_is_cut_is_drained_as_it_is(data):
    data = b"\x93" + data
    assert content(open_input(Raw(data, seekable=False))) == data


@pytest.mark.parametrize("size", [0, 1, 2000, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 1_000_000])
def test_drained_sizes(size):
    data = os.urandom(size)
    assert content(open_input(io.BufferedReader(Raw(data, seekable=False)))) == data


def test_temporary_files():
    with tempfile.NamedTemporaryFile(suffix=".npy") as f:
        f.write(b"0123")
        f.seek(1)
        made = open_input(f)
        assert made.source == f.fileno() and content(made) == b"123" and made.name.endswith(".npy")
        assert open_output(f).target == f.fileno()
    for most in (0, 2):
        with tempfile.SpooledTemporaryFile(max_size=most) as f:
            made = open_output(f)
            made.target.write(memoryview(b"0123"))
            made.finish()
            f.seek(1)
            assert content(open_input(f)) == b"123"


def test_text_is_refused(tmp_path):
    with open(tmp_path / "x", "w+") as f:
        for use in (open_input, open_output):
            with pytest.raises(TypeError, match="binary mode"):
                use(f)
    with pytest.raises(TypeError, match="text file"):
        open_input(io.StringIO())

    class Text:
        def read(self, size):
            return "text"

    with pytest.raises(TypeError, match="returns str"):
        open_input(Text())


def test_what_is_no_file_is_refused():
    for thing in (None, True, 1.5, [], object(), np.zeros(3, np.uint8)):
        with pytest.raises(TypeError, match=f"read, and not an object of type {type(thing).__name__}"):
            open_input(thing)
        with pytest.raises(TypeError, match="has write"):
            open_output(thing)


def test_closed_and_one_way_files(tmp_path):
    path = tmp_path / "x"
    with open(path, "wb") as f:
        with pytest.raises(io.UnsupportedOperation, match="not readable"):
            open_input(f)
    with open(path, "rb") as g:
        with pytest.raises(io.UnsupportedOperation, match="not writable"):
            open_output(g)
    memory = io.BytesIO()
    memory.close()
    for use in (open_input, open_output):
        for closed in (f, memory):
            with pytest.raises(ValueError, match="closed file"):
                use(closed)


def test_errors_of_an_object_surface():
    class Broken(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, to):
            raise ZeroDivisionError("mine")

        def seekable(self):
            return False

    with pytest.raises(ZeroDivisionError, match="mine"):
        open_input(Broken())


def test_an_object_that_does_not_block():
    class Empty(io.RawIOBase):
        def readable(self):
            return True

        writable = readable

        def readinto(self, to):
            return None

        def write(self, data):
            return None

    with pytest.raises(BlockingIOError):
        open_input(Empty())
    with pytest.raises(BlockingIOError):
        open_output(Empty()).target.write(memoryview(b"x"))


def test_an_object_that_returns_too_much():
    class More:
        def read(self, size):
            return b"x" * (size + 1)

    with pytest.raises(OSError, match="returned"):
        open_input(More())


# ---- writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode, buffering", [("wb", -1), ("wb", 0), ("w+b", -1), ("ab", -1), ("xb", -1)])
def test_files_are_written_by_their_descriptors(tmp_path, mode, buffering):
    path = tmp_path / "x.npy"
    with open(path, mode, buffering=buffering) as f:
        f.write(b"before")
        made = open_output(f)
        assert made.target == f.fileno() and made.name == "x.npy"
        os.write(made.target, b"direct")
        made.finish()
        assert f.tell() == 12
        f.write(b"after")
    assert path.read_bytes() == b"beforedirectafter"


def test_a_file_that_is_read_and_written(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    with open(path, "r+b") as f:
        assert f.read(3) == b"012"
        made = open_output(f)
        os.write(made.target, b"AB")
        made.finish()
        assert f.tell() == 5 and f.read(2) == b"56"
    assert path.read_bytes() == b"012AB56789"


@pytest.mark.parametrize("file", [io.BytesIO(), Raw()])
def test_objects_that_go_back(file):
    file.write(b"..")
    sink = open_output(file).target
    sink.write(memoryview(b"0123456789"))
    sink.patch(2, memoryview(b"ABCDEFG"))
    sink.write(memoryview(b"end"))
    data = file.getvalue() if isinstance(file, io.BytesIO) else file.f.getvalue()
    assert data == b"..01ABCDEFG9end"


def test_objects_that_do_not_go_back(tmp_path):
    class Writes:
        def __init__(self):
            self.parts = []

        def write(self, data):
            self.parts.append(data)

    file = Writes()
    sink = open_output(file).target
    assert sink.patch is None
    data = bytearray(b"0123")
    with memoryview(data) as view:
        sink.write(view)
    data[:] = b"XXXX"
    assert file.parts == [b"0123"]  # a copy: the object keeps it
    with gzip.open(tmp_path / "x.gz", "wb") as f:
        assert open_output(f).target.patch is None
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as z, z.open("a", "w") as f:
        assert open_output(f).target.patch is None
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("wb") as f:
        assert open_output(f).target.patch is None


def test_a_sink_that_takes_nothing():
    class Full:
        def write(self, data):
            return 0

    with pytest.raises(OSError, match="took 0 of 1 bytes"):
        Sink(Full()).write(memoryview(b"x"))


def test_names(tmp_path):
    class Named:
        name = None

    assert name_of(Named()) is None
    Named.name = 3  # the descriptor, as of os.fdopen
    assert name_of(Named()) is None
    Named.name = b"a/b.npy"
    assert name_of(Named()) == "b.npy"
