# SPDX-License-Identifier: MIT
"""Objects and files that do what they should not: nothing leaks, nothing crashes, and no memory that is gone is seen."""

import gc
import io
import os
import struct
import subprocess
import sys
import textwrap
import tracemalloc
import types
import weakref

import numpy as np
import pytest

import tenon
from tenon import _context, _dtypes


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def npy(descr, shape, data=b""):
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + data


class Seekable(io.RawIOBase):
    """A file object of Python, which keeps a part of each buffer that it gets."""

    def __init__(self, data=b""):
        self.data, self.place, self.kept = data, 0, []

    def readable(self):
        return True

    def writable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.place

    def seek(self, offset, whence=0):
        self.place = offset + (0, self.place, len(self.data))[whence]
        return self.place

    def readinto(self, to):
        count = min(len(to), len(self.data) - self.place)
        to[:count] = self.data[self.place : self.place + count]
        self.place += count
        self.kept.append(to[:8])
        return count

    def write(self, data):
        self.kept.append(data[:8])
        self.place += len(data)
        return len(data)


# ---- hostile files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("descr", ["|S0", "<U0", "|V0"])
@pytest.mark.parametrize("count", [1000, 1 << 40])
def test_items_of_no_bytes_take_no_memory(descr, count):
    with open("a.npy", "wb") as file:
        file.write(npy(descr, (count,)))
    with tenon.open("a.npy") as f, tenon.open("a.npy", mode="c") as c:
        for array in (tenon.load("a.npy"), f["a"], c["a"], f.read("a", copy=True), tenon.numpy.load("a.npy")):
            assert (array.shape, array.itemsize, array.nbytes) == ((count,), 0, 0)
            assert len(array[7].tobytes() if descr == "|V0" else array[7]) == 0
        assert f.read("a", slice(3, 5)).nbytes == 0


@pytest.mark.parametrize("text", ["[", "('", "['" + "x" * 70000, "('<f4', (2,))", "[(1, 2, 3, 4)]", "[('a', 'O')]"])
def test_texts_that_are_no_dtypes_are_void(text):
    assert _dtypes.opaque(text, 8) == np.dtype("V8")


@pytest.mark.parametrize("chain", [".b", "()", "[0]", "+1", " 'a'", "(0)"])
def test_long_texts_of_dtypes_are_lists_of_fields_alone(chain):
    long = [(f"column {i:03}, '[(.", "<f4", (1,)) for i in range(400)]
    assert len(repr(long)) > 10000
    assert _dtypes.opaque(repr(long), 1600).names[399] == long[399][0]
    assert _dtypes.opaque(f"['a'{chain * 10000}]", 8) == np.dtype("V8")
    assert not _dtypes._is_flat(f"['a'{chain * 10000}]")


@pytest.mark.parametrize(
    "header",
    [
        b"a." * 30000 + b"b",
        b"a" + b"()" * 30000,
        b"1," * 30000,
        b"{'descr': '<f4', 'shape': (1j,)}",
        b"{'descr': '|V1000000000', 'shape': ('xxxx',)}",
        b"{'descr': '<f4', 'shape': (-1,)}",
        b"{'descr': '<f4', 'shape': 3}",
        b"{'descr': ('<f4', {}), 'shape': (3,)}",
    ],
)
def test_a_pipe_with_a_hostile_header_fails_as_malformed(header):
    data = b"\x93NUMPY\2\0" + struct.pack("<I", len(header)) + header + b"\0" * 100
    tracemalloc.start()
    try:
        with pytest.raises(tenon.TenonError), os.fdopen(_pipe(data), "rb") as pipe:
            tenon.load(pipe)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def _pipe(data):
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        with os.fdopen(writing, "wb") as file:
            file.write(data)
        os._exit(0)
    os.close(writing)
    return reading


# ---- buffers that objects keep ---------------------------------------------------------------------------------------


def test_what_an_object_keeps_is_no_memory_of_the_library():
    tenon.save_safetensors("a", {"x": np.ones(100_000, np.float32)})
    with open("a.safetensors", "rb") as file:
        source = Seekable(file.read())
    with tenon.open(source) as f:
        first = np.asarray(f["x"])
        for view in source.kept:
            view[:] = b"\xff" * len(view)
        assert (first == 1).all()
        assert (np.asarray(f["x"]) == 1).all()
    target = Seekable()
    tenon.write(target, {"x": np.ones(100_000)}, format="safetensors")
    assert all(type(kept) is bytes for kept in target.kept)
    assert target.kept[-1] == struct.pack("<d", 1)


def test_a_sink_keeps_no_buffer_when_it_raises():
    tenon.save("a", np.ones(1000))
    kept = []

    def sink(view):
        kept.append(view)
        raise LookupError("no more")

    with tenon.open("a.npy") as f, pytest.raises(LookupError, match="no more"):
        f._core.stream(0, sink)
    with pytest.raises(ValueError, match="released"):
        kept[0].tobytes()


# ---- cycles ----------------------------------------------------------------------------------------------------------


def collected(objects):
    gone = weakref.ref(objects.pop())
    gc.collect()
    return gone() is None


class Array(np.ndarray):
    """One that has attributes."""


def test_a_file_object_that_has_the_file_is_collected():
    tenon.save("a", np.ones(10))
    with open("a.npy", "rb") as file:
        source = Seekable(file.read())
    source.opened = tenon.open(source)
    np.asarray(next(iter(source.opened.values())))
    objects = [source]
    del source
    assert collected(objects)


def test_an_array_that_has_the_plan_is_collected():
    objects = [np.ones(3).view(Array)]
    plan = _context.context().plan()
    plan.add_arrays([("x", objects[0], 0, None, 0)])
    objects[0].plan = plan
    del plan
    assert collected(objects)


def test_an_array_that_has_the_writer_is_collected_and_the_file_is_not_written():
    objects = [np.ones(3).view(Array)]
    writer = tenon.writer("a.safetensors")
    writer.add("x", objects[0])
    objects[0].writer = writer
    writer._writer.plan().add_arrays([("y", objects[0], 0, None, 0)])
    del writer
    assert collected(objects)
    assert os.listdir() == []


def test_a_plan_that_outlives_its_writer_is_closed():
    writer = _context.context().writer("a.safetensors", {})
    plan = writer.plan()
    del writer
    with pytest.raises(ValueError, match="closed"):
        plan.add_arrays([("x", np.ones(3), 0, None, 0)])
    assert os.listdir() == []


# ---- objects that lie ------------------------------------------------------------------------------------------------


def test_a_type_whose_name_is_no_text_is_refused_as_metadata():
    class Meta(type):
        @property
        def __name__(cls):
            return 5

    class Odd(metaclass=Meta):
        pass

    with pytest.raises(TypeError, match="an object of type 5"):
        tenon.save_gguf("a", {}, {"key": Odd()})


def test_the_text_of_an_option_is_not_cut_at_a_nul():
    with pytest.raises(ValueError, match="NUL"):
        tenon.write("a.npz", {"x": np.ones(3)}, format="npz\0safetensors")
    assert os.listdir() == []


class Growing:
    """A sequence that has more items each time."""

    def __init__(self):
        self.count = 0

    def __len__(self):
        self.count += 20
        return self.count

    def __getitem__(self, index):
        return 1


def test_a_shape_that_grows_is_refused():
    plan = _context.context().plan()
    raw = np.ones(4, np.uint8)
    with pytest.raises(ValueError, match="another number of dims"):
        plan.add_arrays([("x", raw, _dtypes.FIXED["f32"], Growing(), 0)])
    part = np.arange(64).reshape(4, 4, 4)[:, ::2, ::2]
    plan.add_arrays([("x", raw, 0, (), 0), ("y", part, 0, (), 0)])  # there is no room for strides: it is copied
    saved = plan.save_memory({"format": "safetensors"})[0]
    assert tenon.load(io.BytesIO(saved.tobytes()), format="safetensors")["y"].tolist() == part.tolist()


def test_an_object_that_reads_its_own_file_fails_and_does_not_wait_for_itself():
    tenon.savez_compressed("a.npz", x=np.ones(1000), y=np.ones(1000))
    with open("a.npz", "rb") as file:
        source = Seekable(file.read())
    with tenon.open(source, format="npz") as f:
        plain = source.readinto
        source.readinto = lambda to: (f.read("y"), plain(to))[1]
        with pytest.raises(RuntimeError, match="reads the file that is read from it"):
            f.read("x")
        source.readinto = plain
        assert f.read("x").sum() == 1000


# ---- threads ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["tenon._lazy", "tenon._tensors", "tenon._quantized", "tempfile"])
def test_a_module_that_another_thread_imports_is_not_used(module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
    tenon.write("a.npz", {"x": [1.0, 2.0]})
    file = io.BytesIO()
    tenon.write(file, {"x": [1.0, 2.0]}, format="npz")
    with open("a.npz", "rb") as saved:
        assert file.getvalue() == saved.read()


@pytest.mark.parametrize("options", [None, {"npz.compression": "deflate"}])
def test_tensors_of_a_file_of_an_earlier_configuration_are_saved(options):
    tenon.write("a.npz", {"x": np.arange(5.0)}, options=options)
    tenon.save_gguf("a", {"q": tenon.QuantizedArray.quantize(np.ones((2, 32), np.float32), "q8_0")})
    with tenon.open("a.npz") as f, tenon.open("a.gguf") as g:
        tenon.configure("core.threads=2")
        try:
            tenon.write("b.gguf", {"x": f.tensors["x"], "y": f["x"], "q": g.tensors["q"]})
        finally:
            tenon.configure()
    loaded = tenon.load("b.gguf")
    assert loaded["x"].tolist() == loaded["y"].tolist() == [0, 1, 2, 3, 4]
    assert loaded["q"] == tenon.load("a.gguf")["q"]


# ---- interrupts ------------------------------------------------------------------------------------------------------


def test_an_interrupt_while_a_call_begins_is_not_lost():
    program = """
        import signal, threading, numpy as np, tenon
        real = threading.main_thread
        def interrupted():
            threading.main_thread = real
            signal.raise_signal(signal.SIGINT)
            return real()
        data = np.zeros(4 << 20)
        threading.main_thread = interrupted
        try:
            tenon.save("a", data)
        except KeyboardInterrupt:
            print("interrupted")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("interrupted\n", 0), done.stderr
    assert os.listdir() == []


@pytest.mark.parametrize(
    "save",
    [
        "tenon.save('q.npy', data)",
        "tenon.write('q.npy', data, new=True, strict=True)",
        "tenon.save(pipe[1], data)",
        "tenon.write(os.fdopen(pipe[1], 'wb', closefd=False), data, format='npy')",
    ],
)
def test_an_interrupt_ends_the_wait_for_the_reader_of_a_pipe(save):
    program = f"""
        import os, signal, threading, time, numpy as np, tenon
        os.mkfifo("q.npy")
        pipe = os.pipe()
        data = np.zeros(1 << 20)
        def interrupt():
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt).start()
        try:
            {save}
        except KeyboardInterrupt:
            print("interrupted")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=20)
    assert (done.stdout, done.returncode) == ("interrupted\n", 0), done.stderr


def test_a_pipe_has_all_bytes_when_the_save_returns():
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe, os.fdopen(reading, "rb", buffering=0) as end:
        pipe.write(b"before")
        tenon.write(pipe, np.arange(10), format="npy")
        data = end.read(1 << 16)
    assert data[:6] == b"before"
    assert np.load(io.BytesIO(data[6:])).tolist() == list(range(10))
