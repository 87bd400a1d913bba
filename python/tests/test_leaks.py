# SPDX-License-Identifier: MIT
"""Nothing grows: memory, objects, references and descriptors after thousands of calls, also of those that fail."""

import contextlib
import gc
import io
import os
import sys

import numpy as np
import pytest
import tenon

OFTEN = 10_000
ARRAYS = {"a": np.arange(12, dtype="f4").reshape(3, 4), "b": np.arange(5, dtype="i8"), "c": np.float64(3)}
METADATA = {"key": "value", "more": "text"}
# The allocator of C keeps some pages; a leak of each call shows as OFTEN times its size.
SPARE_BYTES = 3 << 20
# Caches and free lists of Python grow for a while, a leak for ever: a call has some chances to show that it is none.
CHANCES = 4


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def grows_not(call, times=OFTEN):
    """Calls often; afterwards no more memory, Python objects or descriptors are in use than after some calls."""
    for _ in range(times // 10):
        call()
    gc.collect()
    files, memory = descriptors(), resident()
    for chance in range(CHANCES):
        objects = sys.getallocatedblocks()
        for _ in range(times // 2 if chance else times):
            call()
        gc.collect()
        assert descriptors() == files
        grown = sys.getallocatedblocks() - objects
        if grown < times // 8:
            break
    assert grown < times // 8
    assert resident() - memory < SPARE_BYTES


@pytest.fixture(params=["x.safetensors", "x.gguf", "x.npz", "deflated.npz", "x.pt"])
def path(request, tmp_path):
    path = tmp_path / request.param
    metadata = METADATA if path.suffix != ".npz" else {}
    tenon.write(path, ARRAYS, metadata, options={"npz.compression": "deflate"} if "deflated" in request.param else None)
    return str(path)


def test_opens(path):
    """10,000 opens, each with views that outlive the file."""

    def call():
        with tenon.open(path) as file:
            views = {name: np.asarray(file[name]) for name in file}
            assert len(file.metadata) >= 0 and file.tensors["a"].shape == (3, 4)
        assert views["a"][2, 3] == 11

    grows_not(call)


def test_loads(path):
    def call():
        arrays, _ = tenon.load(path, return_metadata=True)
        assert arrays["a"][2, 3] == 11

    grows_not(call, OFTEN // 10)


def test_saves(path):
    metadata = METADATA if not path.endswith(".npz") else {}

    def call():
        tenon.write(path, ARRAYS, metadata)

    grows_not(call, 120)


def test_streams():
    stream = io.BytesIO()
    np.save(stream, ARRAYS["a"])
    content = stream.getvalue()

    def call():
        assert tenon.load(io.BytesIO(content), "npy")[2, 3] == 11
        tenon.save(io.BytesIO(), ARRAYS["a"])

    grows_not(call, 1000)


def test_failures(path, tmp_path):
    """Calls that fail leave nothing behind."""
    with open(path, "rb") as file:
        content = file.read()
    cut = str(tmp_path / ("cut" + os.path.splitext(path)[1]))
    with open(cut, "wb") as file:
        file.write(content[: len(content) // 2])
    odd = np.array([object()])

    def call():
        with pytest.raises(FileNotFoundError):
            tenon.load(path + ".none")
        with contextlib.suppress(tenon.TenonError):
            tenon.load(cut)
        with tenon.open(path) as file:
            with pytest.raises(KeyError):
                file["none"]
            with pytest.raises(IndexError):
                file.read("a", (7,))
        with pytest.raises(ValueError):
            tenon.write(path, {"a": ARRAYS["a"], "odd": odd})
        with pytest.raises(tenon.TenonError):
            tenon.write(path, ARRAYS, format="none")

    grows_not(call, 120)


def test_failing_callbacks(tmp_path):
    class Broken(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            raise ZeroDivisionError

    def progress(done, total):
        raise ZeroDivisionError

    def call():
        with pytest.raises(ZeroDivisionError):
            tenon.save(Broken(), ARRAYS["a"])
        with contextlib.suppress(ZeroDivisionError):
            tenon.write(tmp_path / "x.npz", ARRAYS, progress=progress)

    grows_not(call, 120)


def test_references(path):
    """Arguments have as many references afterwards as before."""
    arrays = {name: np.array(array) for name, array in ARRAYS.items()}
    key, value = "a long key of the metadata", "a long value"
    things = [*arrays.values(), *{id(a.dtype): a.dtype for a in arrays.values()}.values(), arrays, path, key, value]
    options: dict = {}
    things.append(options)

    def call():
        tenon.write(path, arrays, {key: value} if not path.endswith(".npz") else {}, options=options)
        loaded = tenon.load(path)
        with tenon.open(path) as file:
            file.read_many(out={"a": loaded["a"]})
            file.read("b", dtype=arrays["b"].dtype)

    call()
    gc.collect()
    before = [sys.getrefcount(thing) for thing in things]
    for _ in range(20):
        call()
    gc.collect()
    assert [sys.getrefcount(thing) for thing in things] == before


def test_arrays_die_one_by_one(tmp_path):
    """The memory of a tensor is freed with its array."""
    size = 16 << 20
    path = tmp_path / "x.safetensors"
    tenon.write(path, {name: np.ones(size, "u1") for name in "abcd"})
    loaded = tenon.load(path)
    for name in "abcd":
        before = resident()
        del loaded[name]
        assert before - resident() > size * 3 // 4


def test_views_keep_what_they_need(tmp_path):
    """A file that was closed is freed with its last view."""
    path = tmp_path / "x.safetensors"
    tenon.write(path, ARRAYS)
    with tenon.open(path) as file:
        view = file["a"]
    part = view[1:, 1:]
    del file, view
    gc.collect()
    assert maps(path) and part[1, 1] == 10
    del part
    gc.collect()
    assert not maps(path)


def maps(path):
    with open("/proc/self/maps") as file:
        return str(path) in file.read()
