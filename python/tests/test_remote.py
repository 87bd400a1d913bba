# SPDX-License-Identifier: MIT
"""Files behind URLs, through fsspec."""

import io
import os
import pathlib
import pickle
import sys
import threading
import time

import fsspec
import numpy as np
import pytest
import safetensors.numpy
import tenon
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem
from tenon import _remote

BLOCK = 1 << 20
SAMPLES = pathlib.Path(__file__).parents[2] / "plugins/gguf/samples"
CONTENT = bytes(range(256)) * 4096 * 3


class Slow(AbstractFileSystem):
    """A store whose requests take a while. It counts them, and how many are under way at once."""

    protocol = "slow"
    store: dict = {}
    log: list = []
    lock = threading.Lock()
    under_way = 0
    most = 0
    knows_size = True
    knows_ranges = True

    def info(self, path, **kwargs):
        path = self._strip_protocol(path)
        if path not in self.store:
            raise FileNotFoundError(path)
        size = len(self.store[path]) if self.knows_size else None
        return {"name": path, "size": size, "type": "file", "ETag": id(self.store[path])}

    def exists(self, path, **kwargs):
        return self._strip_protocol(path) in self.store

    def cat_file(self, path, start=None, end=None, **kwargs):
        with self.lock:
            type(self).under_way += 1
            type(self).most = max(self.most, self.under_way)
        self.log.append((start, end))
        time.sleep(0.01)
        with self.lock:
            type(self).under_way -= 1
        content = self.store[self._strip_protocol(path)]
        return content[start:end] if self.knows_ranges else content

    def _open(self, path, mode="rb", block_size=None, **kwargs):
        return SlowFile(self, path, mode, block_size=5 << 20, **kwargs)


class SlowFile(AbstractBufferedFile):
    """As that of an object store: parts are sent, and the object exists when the last one was."""

    fail_at = None

    def _initiate_upload(self):
        self.parts = []

    def _upload_chunk(self, final=False):
        if self.fail_at is not None and len(self.parts) >= self.fail_at:
            raise ConnectionResetError("the store went away")
        self.parts.append(self.buffer.getvalue())
        if final and self.autocommit:
            self.commit()
        return True

    def commit(self):
        Slow.store[self.path] = b"".join(self.parts)

    def discard(self):
        Slow.log.append("discard")


@pytest.fixture(autouse=True)
def stores(monkeypatch):
    fsspec.register_implementation("slow", Slow, clobber=True)
    for name, value in (("store", {}), ("log", []), ("under_way", 0), ("most", 0)):
        monkeypatch.setattr(Slow, name, value)
    monkeypatch.setattr(MemoryFileSystem, "store", {})
    Slow.store["box/x.bin"] = CONTENT


def read(reader, offset, length):
    to = bytearray(length)
    reader.read_at(offset, memoryview(to))
    return bytes(to)


@pytest.mark.parametrize(
    "source, expected",
    [
        ("s3://bucket/x.npz", True),
        ("hf://datasets/a/b/x.npz", True),
        ("zip://x.npy::s3://bucket/x.zip", True),
        ("simplecache::memory://x", True),
        ("file:///x.npz", True),
        ("x.npz", False),
        ("/a/b://c", False),
        ("c:/x.npz", False),
        ("a::b", False),
        (b"s3://bucket/x.npz", False),
    ],
)
def test_is_url(source, expected):
    assert _remote.is_url(source) is expected


@pytest.mark.parametrize(
    "url, name",
    [
        ("s3://bucket/a/x.npz", "x.npz"),
        ("s3://bucket/a/x?y#z.npz", "x?y#z.npz"),
        ("https://host/x.npz?download=true#top", "x.npz"),
        ("zip://in/y.npy::https://host/x.zip?a=b", "y.npy"),
        ("simplecache::s3://bucket/x.gguf", "x.gguf"),
        ("memory://x.npy", "x.npy"),
    ],
)
def test_file_name(url, name):
    assert _remote.file_name(url) == name


def test_reader():
    reader = _remote.Reader("slow://box/x.bin")
    assert (reader.size, reader.name) == (len(CONTENT), "x.bin")
    assert read(reader, 1000, 5000) == CONTENT[1000:6000]
    assert read(reader, len(CONTENT) - 3, 3) == CONTENT[-3:]
    assert Slow.log == [(0, BLOCK), (2 * BLOCK, 3 * BLOCK)]


def test_several_requests_at_once():
    Slow.store["box/large.bin"] = bytes(64 * BLOCK)
    assert read(_remote.Reader("slow://box/large.bin"), 0, 64 * BLOCK) == bytes(64 * BLOCK)
    assert Slow.most >= 3


def test_size_unknown(monkeypatch):
    monkeypatch.setattr(Slow, "knows_size", False)
    reader = _remote.Reader("slow://box/x.bin")
    assert reader.size == len(CONTENT) and read(reader, 7, 9) == CONTENT[7:16]
    assert Slow.log == [(None, None)]


def test_ranges_unknown(monkeypatch):
    monkeypatch.setattr(Slow, "knows_ranges", False)
    assert read(_remote.Reader("slow://box/x.bin"), BLOCK + 5, 10) == CONTENT[BLOCK + 5 : BLOCK + 15]


def test_a_file_that_shrinks():
    reader = _remote.Reader("slow://box/x.bin")
    Slow.store["box/x.bin"] = CONTENT[:100]
    with pytest.raises(OSError, match=r"slow://box/x.bin: 1048576 bytes from byte 0 on .* and 100 came.*has changed"):
        read(reader, 0, 10)


def test_errors_are_those_of_the_file_system():
    with pytest.raises(FileNotFoundError):
        _remote.Reader("slow://box/none.bin")
    reader = _remote.Reader("slow://box/x.bin")
    del Slow.store["box/x.bin"]
    with pytest.raises(KeyError):
        read(reader, 0, 10)
    with pytest.raises(ValueError, match="nonsense"):
        _remote.Reader("nonsense://x")


def test_folder():
    fsspec.filesystem("memory").pipe("/folder/x.bin", b"1")
    with pytest.raises(IsADirectoryError, match="memory://folder: a folder"):
        _remote.Reader("memory://folder")


def test_index():
    """The shards would have to be opened by paths beside it."""
    Slow.store["box/model.safetensors.index.json"] = b"{}"
    with pytest.raises(ValueError, match="a set behind a URL cannot be opened by its index"):
        tenon.open("slow://box/model.safetensors.index.json")


def test_fsspec_is_not_installed(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "fsspec"]:
        monkeypatch.setitem(sys.modules, name, None)
    for function in (tenon.open, tenon.load, lambda url: tenon.save(url, np.ones(2))):
        with pytest.raises(ModuleNotFoundError, match="^s3://b/x.npy: .* fsspec, which is not installed: pip install "):
            function("s3://b/x.npy")


def test_pickle():
    reader = pickle.loads(pickle.dumps(_remote.Reader("slow://box/x.bin")))
    assert reader.size == len(CONTENT) and read(reader, 300, 4) == CONTENT[300:304]


def test_fork():
    """A worker reads what its parent opened, and does not wait for threads that it does not have."""
    reader = _remote.Reader("slow://box/x.bin")
    assert read(reader, 0, 1) == CONTENT[:1]  # the threads of the parent run
    child = os.fork()
    if child == 0:
        os._exit(0 if read(reader, 2 * BLOCK, 100) == CONTENT[2 * BLOCK : 2 * BLOCK + 100] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert read(reader, 2 * BLOCK, 5) == CONTENT[2 * BLOCK : 2 * BLOCK + 5]


@pytest.mark.parametrize("scheme", ["slow", "memory"])
@pytest.mark.parametrize("size", [0, 10, 12 << 20])
def test_target(scheme, size):
    content = os.urandom(size)
    with _remote.Target(f"{scheme}://box/new.bin") as target:
        for offset in range(0, size, 3 << 20):
            target.write(memoryview(content)[offset : offset + (3 << 20)])
        assert not fsspec.filesystem(scheme).exists("box/new.bin")
    assert fsspec.filesystem(scheme).cat_file("box/new.bin") == content


@pytest.mark.parametrize("scheme", ["slow", "memory"])
@pytest.mark.parametrize("size", [10, 12 << 20])
def test_target_after_a_failure(scheme, size):
    """The old file stays."""
    fs = fsspec.filesystem(scheme)
    with _remote.Target(f"{scheme}://box/old.bin") as target:
        target.write(memoryview(b"old"))
    with pytest.raises(ZeroDivisionError):
        with _remote.Target(f"{scheme}://box/old.bin") as target:
            target.write(memoryview(bytes(size)))
            1 / 0
    assert fs.cat_file("box/old.bin") == b"old"


@pytest.mark.parametrize("fail_at", [0, 1])
def test_target_that_fails_itself(fail_at, monkeypatch):
    monkeypatch.setattr(SlowFile, "fail_at", fail_at)
    with pytest.raises(ConnectionResetError, match="the store went away"):
        with _remote.Target("slow://box/new.bin") as target:
            target.write(memoryview(bytes(6 << 20)))
            target.write(memoryview(bytes(3 << 20)))
    assert "box/new.bin" not in Slow.store


def test_target_that_is_new():
    with pytest.raises(FileExistsError, match="slow://box/x.bin"):
        _remote.Target("slow://box/x.bin", new=True)
    with _remote.Target("slow://box/y.bin", new=True) as target:
        target.write(memoryview(b"y"))
    assert Slow.store["box/y.bin"] == b"y"


# ---- through the package ----

ARRAYS = {f"t{i:03}": np.full((100, 250), i, "f4") for i in range(100)}  # 10 MB


@pytest.fixture
def ten_megabytes():
    Slow.store["box/x.safetensors"] = safetensors.numpy.save(ARRAYS, {"key": "value"})
    stream = io.BytesIO()
    np.savez(stream, **ARRAYS)
    Slow.store["box/x.npz"] = stream.getvalue()


def test_open_is_few_requests(ten_megabytes):
    with tenon.open("slow://box/x.safetensors") as file:
        assert list(file) == list(ARRAYS) and file.metadata["key"] == "value"
        assert len(Slow.log) == 1
        assert np.array_equal(file["t050"][2:4, ::5], ARRAYS["t050"][2:4, ::5])
        assert len(Slow.log) == 2


@pytest.mark.parametrize("name", ["x.safetensors", "x.npz"])
def test_neighbours_are_few_requests(name, ten_megabytes):
    with tenon.open(f"slow://box/{name}") as file:
        for key, array in file.read_many().items():
            assert np.array_equal(array, ARRAYS[key])
        for key in file:
            assert np.array_equal(file[key], ARRAYS[key])
    assert len(Slow.log) <= 8


@pytest.mark.parametrize("name", ["x.safetensors", "x.npz"])
def test_pickled_file(name, ten_megabytes):
    with tenon.open(f"slow://box/{name}") as file, pickle.loads(pickle.dumps(file)) as other:
        assert np.array_equal(other["t007"], ARRAYS["t007"])


@pytest.mark.parametrize("name", ["x.safetensors", "x.npz"])
def test_worker_reads(name, ten_megabytes):
    with tenon.open(f"slow://box/{name}") as file:
        assert np.array_equal(file["t000"], ARRAYS["t000"])
        child = os.fork()
        if child == 0:
            os._exit(0 if all(np.array_equal(file[key], array) for key, array in ARRAYS.items()) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_errors_of_a_read(ten_megabytes):
    """Exceptions of the file system reach the program unchanged."""
    with pytest.raises(FileNotFoundError):
        tenon.open("slow://box/none.npz")
    with tenon.open("slow://box/x.safetensors") as file:
        del Slow.store["box/x.safetensors"]
        with pytest.raises(KeyError, match="box/x.safetensors"):
            np.asarray(file["t099"])


def test_no_format():
    with pytest.raises(tenon.TenonError, match="x.bin"):
        tenon.open("slow://box/x.bin")


def test_file_url(tmp_path):
    """A file of this machine is mapped."""
    np.save(tmp_path / "x.npy", np.arange(3))
    with tenon.open(f"file://{tmp_path}/x.npy") as file:
        assert isinstance(file["x"], np.ndarray) and file.path == f"{tmp_path}/x.npy"


def test_chain(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.arange(3))
    with tenon.open(f"zip://a.npy::file://{tmp_path}/x.npz") as file:
        assert np.asarray(file["a"]).tolist() == [0, 1, 2]


def test_blocks():
    """Quantised arrays cannot be mapped, either."""
    path = SAMPLES / "quants/quants.gguf"
    Slow.store["box/quants.gguf"] = path.read_bytes()
    with tenon.open(path) as local, tenon.open("slow://box/quants.gguf") as remote:
        assert len(local) == 25 and list(remote) == list(local)
        for name in local:
            assert isinstance(remote[name], tenon.QuantizedArray) and remote[name] == local[name]
            assert remote.read(name, slice(1, 3)) == local[name][1:3]


# ---- loading and saving ----


@pytest.mark.parametrize("scheme", ["slow", "memory"])
@pytest.mark.parametrize("format", ["npz", "safetensors", "gguf", "pt"])
def test_there_and_back(scheme, format):
    url = f"{scheme}://box/new.{format}"
    arrays = {"a": np.arange(12, dtype="f4").reshape(3, 4), "b": np.arange(5)[::-1]}
    report = tenon.write(url, arrays)
    assert report.ok
    loaded = tenon.load(url)
    assert set(loaded) == {"a", "b"} and all(np.array_equal(loaded[name], arrays[name]) for name in arrays)
    assert tenon.verify(url).ok
    assert set(tenon.hash(url)) == {"a", "b"}


def test_functions_of_mlx():
    """They append an extension to a URL as to a path."""
    tenon.save("slow://box/one", np.arange(3))
    tenon.savez_compressed("slow://box/many", np.arange(4), b=np.arange(5))
    tenon.save_safetensors("slow://box/s", {"a": np.ones(2)}, {"key": "value"})
    tenon.save_gguf("slow://box/g", {"a": np.ones(2, "f4")}, {"key": "value"})
    assert {"box/one.npy", "box/many.npz", "box/s.safetensors", "box/g.gguf"} < set(Slow.store)
    assert np.array_equal(np.load(io.BytesIO(Slow.store["box/one.npy"])), np.arange(3))
    assert tenon.load("slow://box/one.npy").tolist() == [0, 1, 2]
    assert tenon.load("slow://box/many.npz")["b"].tolist() == [0, 1, 2, 3, 4]
    assert tenon.load("slow://box/s.safetensors", return_metadata=True)[1] == {"key": "value"}
    assert tenon.load("slow://box/g.gguf", return_metadata=True)[1]["key"] == "value"


def test_convert(tmp_path, ten_megabytes):
    tenon.convert("slow://box/x.safetensors", "slow://box/y.npz", only="t00*")
    assert list(tenon.load("slow://box/y.npz")) == [f"t00{i}" for i in range(10)]
    tenon.convert("slow://box/y.npz", tmp_path / "z.gguf")
    tenon.convert(tmp_path / "z.gguf", "memory://box/z.safetensors")
    assert np.array_equal(tenon.load("memory://box/z.safetensors")["t007"], ARRAYS["t007"])


def test_a_save_that_fails_leaves_the_old_file(monkeypatch):
    tenon.save("slow://box/one.npy", np.arange(3))
    before = Slow.store["box/one.npy"]
    monkeypatch.setattr(SlowFile, "fail_at", 1)
    with pytest.raises(ConnectionResetError, match="the store went away"):
        tenon.save("slow://box/one.npy", np.zeros(20 << 20, "u1"))
    assert Slow.store["box/one.npy"] is before
    monkeypatch.undo()


def test_a_progress_that_raises_leaves_the_old_file():
    tenon.save("memory://box/one.npy", np.arange(3))

    def stop(done, total):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tenon.write("memory://box/one.npy", np.zeros(20 << 20, "u1"), progress=stop)
    assert tenon.load("memory://box/one.npy").tolist() == [0, 1, 2]


def test_new_and_append():
    tenon.write("slow://box/one.npz", {"a": np.arange(3)}, new=True)
    with pytest.raises(FileExistsError):
        tenon.write("slow://box/one.npz", {"a": np.arange(4)}, new=True)
    with pytest.raises(tenon.TenonError, match="one.npz: nothing can be added"):
        tenon.write("slow://box/one.npz", {"b": np.arange(4)}, append=True)
    assert tenon.load("slow://box/one.npz")["a"].tolist() == [0, 1, 2]


def test_a_writer_says_that_it_needs_a_path():
    with pytest.raises(ValueError, match="slow://box/one.safetensors: a writer needs a path of this machine"):
        with tenon.writer("slow://box/one.safetensors"):
            pass


def test_drop_in():
    """The functions of safetensors take paths alone, and these take URLs, too."""
    import tenon.safetensors.numpy

    tenon.safetensors.numpy.save_file({"a": np.arange(3)}, "memory://box/s.safetensors")
    assert tenon.safetensors.numpy.load_file("memory://box/s.safetensors")["a"].tolist() == [0, 1, 2]


def test_load_of_a_file_that_is_replaced(ten_megabytes, monkeypatch):
    """The result is that of the old file or of the new one, and not of both."""
    url = "slow://box/x.safetensors"
    other = safetensors.numpy.save({name: array + 1000 for name, array in ARRAYS.items()}, {"key": "value"})
    assert len(other) == len(Slow.store["box/x.safetensors"])

    class Replaced(Slow):
        def cat_file(self, path, start=None, end=None, **kwargs):
            data = super().cat_file(path, start, end, **kwargs)
            if start > 3 << 20:
                self.store["box/x.safetensors"] = other
            return data

    fsspec.register_implementation("slow", Replaced, clobber=True)
    assert {array[0, 0] // 1000 for array in tenon.load(url).values()} == {1}


def test_load_of_a_file_that_changes_for_ever(monkeypatch):
    url = "slow://box/one.npy"
    tenon.save(url, np.arange(3))

    class Changing(Slow):
        def cat_file(self, path, start=None, end=None, **kwargs):
            data = super().cat_file(path, start, end, **kwargs)
            self.store["box/one.npy"] = bytes(bytearray(self.store["box/one.npy"]))
            return data

    fsspec.register_implementation("slow", Changing, clobber=True)
    with pytest.raises(tenon.TenonError, match="was written while it was loaded"):
        tenon.load(url)
