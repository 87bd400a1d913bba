# SPDX-License-Identifier: MIT
"""tenon.load and the saves with file objects of every kind."""

import bz2
import gzip
import io
import lzma
import mmap
import os
import pathlib
import socket
import tempfile
import threading
import zipfile

import fsspec
import numpy as np
import pytest

import tenon
from tenon import _load

A = np.arange(1000, dtype=np.float32).reshape(10, 100)
B = np.arange(7, dtype=np.int16)
SAVES = {
    "npz": lambda file: tenon.savez(file, a=A, b=B),
    "packed.npz": lambda file: tenon.savez_compressed(file, a=A, b=B),
    "safetensors": lambda file: tenon.save_safetensors(file, {"a": A, "b": B}),
    "gguf": lambda file: tenon.save_gguf(file, {"a": A, "b": B}),
}


def check(loaded):
    assert loaded.keys() == {"a", "b"} and np.array_equal(loaded["a"], A) and np.array_equal(loaded["b"], B)
    assert loaded["a"].dtype == A.dtype and loaded["b"].dtype == B.dtype


class Few:
    """Only what reading needs, and at most 100 bytes at once."""

    def __init__(self, data):
        self.f = io.BytesIO(data)

    def read(self, size=-1):
        return self.f.read(min(size, 100))

    def seek(self, offset, whence=0):
        return self.f.seek(offset, whence)

    def tell(self):
        return self.f.tell()


class Writes:
    """Only write."""

    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data
        return len(data)


@pytest.mark.parametrize("kind", SAVES)
def test_memory(kind):
    memory = io.BytesIO(b"before")
    memory.seek(0, 2)
    SAVES[kind](memory)
    assert memory.tell() == len(memory.getvalue())
    memory.write(b"")
    memory.seek(6)
    check(tenon.load(memory))
    assert memory.read() == b""


@pytest.mark.parametrize("kind", SAVES)
@pytest.mark.parametrize("buffering", [-1, 0])
def test_open_files(tmp_path, kind, buffering):
    path = tmp_path / f"x.{kind}"
    with open(path, "wb", buffering=buffering) as f:
        SAVES[kind](f)
        assert f.tell() == path.stat().st_size
    with open(path, "rb", buffering=buffering) as f:
        check(tenon.load(f))
        assert f.read() == b""
    with open(path, "r+b", buffering=buffering) as f:
        check(tenon.load(f))
    check(tenon.load(path))


@pytest.mark.parametrize("kind", SAVES)
def test_objects_with_few_methods(kind):
    out = Writes()
    SAVES[kind](out)
    check(tenon.load(Few(out.data)))


@pytest.mark.parametrize("kind", SAVES)
@pytest.mark.parametrize("opener", [gzip.open, bz2.open, lzma.open])
def test_compressed_files(tmp_path, kind, opener):
    with opener(tmp_path / "x", "wb") as f:
        SAVES[kind](f)
    with opener(tmp_path / "x", "rb") as f:
        check(tenon.load(f))


@pytest.mark.parametrize("kind", SAVES)
def test_members_of_zip_files(tmp_path, kind):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as z, z.open(f"in/x.{kind}", "w") as f:
        SAVES[kind](f)
    with zipfile.ZipFile(tmp_path / "x.zip") as z:
        assert z.testzip() is None
        with z.open(f"in/x.{kind}") as f:
            check(tenon.load(f))


@pytest.mark.parametrize("kind", SAVES)
@pytest.mark.parametrize("buffering", [-1, 0])
def test_pipes(kind, buffering):
    inward, outward = os.pipe()

    def save():
        with open(outward, "wb", buffering=buffering) as f:
            SAVES[kind](f)

    sender = threading.Thread(target=save)
    sender.start()
    with open(inward, "rb", buffering=buffering) as f:
        check(tenon.load(f))
    sender.join()


@pytest.mark.parametrize("kind", ["npy", *SAVES])
def test_fifos(tmp_path, kind):
    path = tmp_path / f"x.{kind}"
    os.mkfifo(path)
    sender = threading.Thread(target=lambda: SAVES[kind](path) if kind != "npy" else tenon.save(path, A))
    sender.start()
    loaded = tenon.load(path)
    sender.join()
    check(loaded if kind != "npy" else {"a": loaded, "b": B})


@pytest.mark.parametrize("kind", SAVES)
def test_sockets(kind):
    ours, theirs = socket.socketpair()

    def save():
        with theirs, theirs.makefile("wb") as f:
            SAVES[kind](f)

    sender = threading.Thread(target=save)
    sender.start()
    with ours, ours.makefile("rb") as f:
        check(tenon.load(f))
    sender.join()


@pytest.mark.parametrize("kind", SAVES)
def test_descriptors(tmp_path, kind):
    descriptor = os.open(tmp_path / "x", os.O_RDWR | os.O_CREAT)
    try:
        os.write(descriptor, b"before")
        SAVES[kind](descriptor)
        os.lseek(descriptor, 6, os.SEEK_SET)
        check(tenon.load(descriptor))
        assert os.lseek(descriptor, 0, os.SEEK_CUR) == os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("kind", SAVES)
def test_temporary_files(kind):
    for opener in (tempfile.TemporaryFile, tempfile.NamedTemporaryFile, lambda: tempfile.SpooledTemporaryFile(100)):
        with opener() as f:
            SAVES[kind](f)
            f.seek(0)
            check(tenon.load(f))


@pytest.mark.parametrize("kind", SAVES)
def test_bytes_in_memory(tmp_path, kind):
    SAVES[kind](tmp_path / f"x.{kind}")
    data = (tmp_path / f"x.{kind}").read_bytes()
    check(tenon.load(bytearray(data)))
    check(tenon.load(memoryview(data)))
    with open(tmp_path / f"x.{kind}", "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        check(tenon.load(mapped))


@pytest.mark.parametrize("kind", SAVES)
def test_urls(kind):
    SAVES[kind](f"memory://mlx/x.{kind}")
    check(tenon.load(f"memory://mlx/x.{kind}"))
    with fsspec.open(f"memory://mlx/x.{kind}") as f:
        check(tenon.load(f))
    with pytest.raises(FileNotFoundError):
        tenon.load("memory://mlx/none.npz")


# ---- several arrays in one file, as np.load reads them ----------------------------------------------------------


def series(file):
    return [np.array(tenon.load(file)) for _ in range(3)]


def parts():
    return [A, np.array(5), B[::-1]]


def test_np_save_and_tenon_load_one_after_the_other(tmp_path):
    with open(tmp_path / "x", "w+b") as f:
        for array in parts():
            np.save(f, array)
        f.write(b"end")
        f.seek(0)
        assert all(map(np.array_equal, series(f), parts())) and f.read() == b"end"


def test_tenon_save_and_np_load_one_after_the_other(tmp_path):
    with open(tmp_path / "x", "w+b") as f:
        for array in parts():
            tenon.save(f, array)
        f.write(b"end")
        f.seek(0)
        assert all(np.array_equal(np.load(f), array) for array in parts()) and f.read() == b"end"
    expected = io.BytesIO()
    for array in parts():
        np.save(expected, array)
    assert (tmp_path / "x").read_bytes() == expected.getvalue() + b"end"


@pytest.mark.parametrize("kind", ["memory", "few", "gzip", "member", "pipe", "spooled", "descriptor"])
def test_arrays_one_after_the_other(tmp_path, kind):
    memory = io.BytesIO()
    for array in parts():
        np.save(memory, array)
    data = memory.getvalue() + b"end"
    if kind == "memory":
        f = io.BytesIO(data)
    elif kind == "few":
        f = Few(data)
    elif kind == "gzip":
        f = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data)))
    elif kind == "member":
        with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as z:
            z.writestr("x", data)
        f = zipfile.ZipFile(tmp_path / "x.zip").open("x")
    elif kind == "spooled":
        f = tempfile.SpooledTemporaryFile()
        f.write(data)
        f.seek(0)
    elif kind == "descriptor":
        (tmp_path / "x").write_bytes(data)
        descriptor = os.open(tmp_path / "x", os.O_RDONLY)
        assert all(map(np.array_equal, series(descriptor), parts())) and os.read(descriptor, 9) == b"end"
        os.close(descriptor)
        return
    else:
        inward, outward = os.pipe()
        os.write(outward, data)
        os.close(outward)
        f = open(inward, "rb")
    assert all(map(np.array_equal, series(f), parts())) and f.read(3) == b"end"
    if hasattr(f, "close"):
        f.close()


# ---- what fails ----------------------------------------------------------------------------------------------------


def test_text_files_are_refused(tmp_path):
    tenon.save(tmp_path / "x.npy", B)
    with open(tmp_path / "x.npy") as f, pytest.raises(TypeError, match="binary mode"):
        tenon.load(f)
    with open(tmp_path / "y.npy", "w") as f, pytest.raises(TypeError, match="binary mode"):
        tenon.save(f, B)


def test_closed_files_are_refused(tmp_path):
    with open(tmp_path / "x.npy", "wb") as f:
        tenon.save(f, B)
    with pytest.raises(ValueError, match="closed"):
        tenon.save(f, B)
    with pytest.raises(ValueError, match="closed"):
        tenon.load(f)


def test_files_that_are_open_the_other_way(tmp_path):
    with open(tmp_path / "x.npy", "wb") as f:
        tenon.save(f, B)
        with pytest.raises(io.UnsupportedOperation):
            tenon.load(f)
    with open(tmp_path / "x.npy", "rb") as f:
        with pytest.raises(io.UnsupportedOperation):
            tenon.save(f, B)
        assert np.array_equal(tenon.load(f), B)


class Breaks(io.RawIOBase):
    """Raises after some bytes."""

    def __init__(self, data, good):
        self.f = io.BytesIO(data)
        self.good = good

    def readable(self):
        return True

    writable = seekable = readable

    def seek(self, offset, whence=0):
        return self.f.seek(offset, whence)

    def tell(self):
        return self.f.tell()

    def readinto(self, to):
        if self.f.tell() + len(to) > self.good:
            raise ZeroDivisionError("mine")
        return self.f.readinto(to)

    def write(self, data):
        if self.f.tell() + len(data) > self.good:
            raise ZeroDivisionError("mine")
        return self.f.write(data)


@pytest.mark.parametrize("kind, option", [("gguf", "gguf.shard_tensors"), ("safetensors", "safetensors.shard_size")])
def test_shards(tmp_path, kind, option):
    """A folder stands for its set: all of it, or FileNotFoundError."""
    arrays = {f"t{i}": np.full(1000, i, np.float32) for i in range(6)}
    options = {option: 2 if kind == "gguf" else 9000}
    tenon.write(tmp_path / f"m.{kind}", arrays, {"by": "me"}, options=options)
    names = [f"m-0000{i}-of-00003.{kind}" for i in (1, 2, 3)]
    assert {*names} <= {*os.listdir(tmp_path)}
    loaded, metadata = tenon.load(tmp_path, return_metadata=True)
    assert list(loaded) == list(arrays) and metadata == {"by": "me"}
    assert all(np.array_equal(loaded[name], arrays[name]) for name in arrays)
    os.unlink(tmp_path / names[1])
    with pytest.raises(FileNotFoundError, match=names[1]) as caught:
        tenon.load(tmp_path)
    assert isinstance(caught.value, tenon.TenonError)
    with tenon.open(tmp_path) as f:
        assert np.array_equal(f["t0"], arrays["t0"])


def test_a_tensor_that_is_unreadable(tmp_path):
    """Nothing is loaded, and the message names it; what can be read is what tenon.open is for."""
    SAVES["gguf"](tmp_path / "x.gguf")
    data = bytearray((tmp_path / "x.gguf").read_bytes())
    place = data.index(b"b" + (1).to_bytes(4, "little")) + 1 + 4 + 8  # the type of "b", behind its rank and dim
    assert data[place] == 25  # I16
    data[place] = 200
    (tmp_path / "x.gguf").write_bytes(data)
    for file in (tmp_path / "x.gguf", io.BytesIO(data)):
        with pytest.raises(ValueError, match="200") as caught:
            tenon.load(file)
        assert caught.value.tensor == "b"
    with tenon.open(tmp_path / "x.gguf") as f:
        assert list(f.unreadable) == ["b"] and np.array_equal(f["a"], A)


def test_errors_of_an_object_surface():
    memory = io.BytesIO()
    SAVES["safetensors"](memory)
    for good in (0, 20, 1000):
        with pytest.raises(ZeroDivisionError, match="mine"):
            tenon.load(Breaks(memory.getvalue(), good))
        with pytest.raises(ZeroDivisionError, match="mine"):
            SAVES["safetensors"](Breaks(b"", good))


def test_an_object_that_ends_early():
    class Ends(Few):
        def read(self, size=-1):
            return b"" if self.f.tell() > 1000 else super().read(size)

    memory = io.BytesIO()
    SAVES["safetensors"](memory)
    with pytest.raises(EOFError, match="ended"):
        tenon.load(Ends(memory.getvalue()))


def test_no_file(tmp_path):
    for thing in (None, 1.5, object(), [1]):
        with pytest.raises(TypeError, match="path or a file object"):
            tenon.load(thing)
        with pytest.raises(TypeError, match="path or a file object"):
            tenon.save(thing, B)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    os.close(descriptor)
    with pytest.raises(OSError):
        tenon.load(descriptor)


def test_a_file_that_is_replaced_while_it_is_loaded(tmp_path):
    """Each load has the arrays of one save, whichever."""
    path = tmp_path / "x.npz"
    stop = threading.Event()
    tenon.savez(path, **{f"a{i}": np.zeros(2000) for i in range(20)})

    def replace():
        number = 0
        while not stop.is_set():
            number += 1
            tenon.savez(path, **{f"a{i}": np.full(2000, number) for i in range(20)})

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        for _ in range(30):
            loaded = tenon.load(path)
            assert len({value for array in loaded.values() for value in np.unique(array)}) == 1
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_file_that_is_written_in_place_while_it_is_loaded(tmp_path, monkeypatch, times):
    """It is loaded again, and never returned half old and half new."""
    path = tmp_path / "x.npy"
    np.save(path, np.zeros(5))
    load_all, calls = _load._load_all, []

    def write_meanwhile(*args):
        found = load_all(*args)
        if len(calls) < times:
            calls.append(found)
            np.save(path, np.full(5, len(calls)))
            os.utime(path, (0, len(calls)))  # clocks of file systems are coarse
        return found

    monkeypatch.setattr(_load, "_load_all", write_meanwhile)
    if times < 3:
        assert tenon.load(path).tolist() == [times] * 5
    else:
        with pytest.raises(BlockingIOError, match="written while it was loaded") as caught:
            tenon.load(path)
        assert isinstance(caught.value, tenon.TenonError)
    assert len(calls) == times


def test_loading_does_not_keep_the_file(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    for name in ("x.npy", "y.npy"):
        tenon.save(tmp_path / name, B)
    loaded = [tenon.load(pathlib.Path(tmp_path / name)) for name in ("x.npy", "y.npy")]
    assert len(os.listdir("/proc/self/fd")) == before
    os.truncate(tmp_path / "x.npy", 0)
    assert np.array_equal(loaded[0], B)
