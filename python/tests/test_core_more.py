# SPDX-License-Identifier: MIT
"""The extension: readers in Python, opaque dtypes, DLPack, streams, verify and casts."""

import gc
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tenon import _context, _core, _dtypes
from tenon._errors import TenonError

SOURCE = Path(__file__).resolve().parents[2]
EXAMPLES = SOURCE / "examples" / "data"
MODES = [_core.MAP_AUTO, _core.MAP_COPY, _core.MAP_PRIVATE]
SAMPLES = [
    path
    for path in sorted(SOURCE.glob("plugins/*/samples/**/*"))
    if path.is_file() and path.suffix not in (".md", ".py")
]
NUMBER = _dtypes.FIXED


@pytest.fixture
def context():
    return _context.context()


@pytest.fixture
def numbers(tmp_path):
    """Three arrays, and an archive that has them."""
    arrays = {"a": np.arange(12.0).reshape(3, 4), "b": np.arange(7, dtype="i2"), "c": np.array(2.5, "f4")}
    np.savez_compressed(tmp_path / "numbers.npz", **arrays)
    return arrays, tmp_path / "numbers.npz"


def opened_samples(context):
    for path in SAMPLES:
        try:
            yield path, context.open(str(path))
        except TenonError:
            continue


def test_samples(context):
    """All ways to read a tensor give the same bytes."""
    formats = set()
    for path, file in opened_samples(context):
        formats.add(file.format)
        for info in file.infos(0, len(file)):
            if info[12] or info[6] > 1 << 20:
                continue
            first = file.array(info[0], mode=_core.MAP_COPY)
            for mode in MODES:
                other = file.array(info[0], mode=mode)
                assert other.shape == first.shape, (path, info)
                assert (
                    other if other.dtype == first.dtype else other.astype(first.dtype)
                ).tobytes() == first.tobytes(), (path, info)
            pieces = []
            file.stream(info[0], lambda piece: pieces.append(bytes(piece)))
            assert b"".join(pieces) == first.tobytes(), (path, info)
            out = np.zeros_like(first, order="C")
            file.read_into([info[0]], [out], info[2] if info[2] < 24 else 0) if info[2] < 64 else None
            assert info[2] >= 64 or out.tobytes() == first.tobytes(), (path, info)
    assert {"npy", "npz", "gguf", "safetensors"} <= formats


def test_unreadable_are_left_out(context, tmp_path):
    np.savez(tmp_path / "a.npz", first=np.arange(3), pickled=np.array([None, "x"], object), last=np.arange(4))
    file = context.open(str(tmp_path / "a.npz"))
    assert file.unreadable == 1 and file.names() == ["first", "pickled", "last"]
    assert [array.tolist() for array in file.arrays()] == [[0, 1, 2], [0, 1, 2, 3]]
    info = file.info(1)
    assert _core.status_name(info[12]) == "TENON_E_UNSUPPORTED" and info[13]
    for mode in MODES:
        with pytest.raises(ValueError, match="pickled") as caught:
            file.array(1, mode=mode)
        assert caught.value.tensor == "pickled"
        with pytest.raises(ValueError, match="pickled"):
            file.arrays([0, 1, 2], mode=mode)
    with pytest.raises(ValueError, match="pickled"):
        file.read_into([1], [np.zeros(2)])
    with pytest.raises(ValueError):
        file.array(1, [0], [1], [1])


# ---- objects that read ----


class Reader:
    def __init__(self, path):
        self.data = Path(path).read_bytes()
        self.size = len(self.data)
        self.calls = []
        self.threads = set()
        self.fault = None

    def read_at(self, offset, to):
        if self.fault:
            raise self.fault
        self.calls.append((offset, len(to)))
        self.threads.add(threading.get_ident())
        to[:] = self.data[offset : offset + len(to)]


@pytest.mark.parametrize("one_thread", [False, True])
def test_reader(context, numbers, one_thread):
    arrays, path = numbers
    reader = Reader(path)
    file = context.open(reader, name="x.npz", one_thread=one_thread)
    assert reader.calls and file.format == "npz" and file.path == "x.npz"
    for name, array in zip(file.names(), file.arrays(), strict=True):
        np.testing.assert_array_equal(array, arrays[name])
        assert array.flags.writeable
    assert all(0 <= offset <= offset + length <= reader.size for offset, length in reader.calls)
    if one_thread:
        assert reader.threads == {threading.get_ident()}
    before = sys.getrefcount(reader)
    del file
    assert sys.getrefcount(reader) < before


def test_reader_that_fails(context, numbers):
    _, path = numbers
    reader = Reader(path)
    file = context.open(reader, format="npz")
    reader.fault = ConnectionError("the line is dead")
    for _ in range(2):
        with pytest.raises(ConnectionError) as caught:
            file.array(0)
        assert caught.value is reader.fault
    reader.fault = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        file.array(0)
    reader.fault = None
    assert file.array(1).tolist() == list(range(7))
    reader.fault = ValueError("never")
    with pytest.raises(ValueError) as caught:
        context.open(reader)
    assert caught.value is reader.fault


def test_reader_that_fails_at_metadata(context):
    reader = Reader(EXAMPLES / "model.gguf")
    file = context.open(reader, format="gguf")
    assert list(file.metadata()) == list(context.open(str(EXAMPLES / "model.gguf")).metadata())
    reader.fault = ConnectionError("the line is dead")
    with pytest.raises(ConnectionError):
        file.metadata()
    assert file.packed(0) is None
    reader.fault = None
    with pytest.raises(TenonError):  # and not the fault of a read before
        file.array(0, mode=_core.MAP_ONLY)


def test_reader_keeps_the_view(context, numbers):
    _, path = numbers
    reader, kept = Reader(path), []
    read = reader.read_at
    reader.read_at = lambda offset, to: (read(offset, to), kept.append(to))[0]
    file = context.open(reader, format="npz")
    file.array(0)
    for view in kept:
        with pytest.raises(ValueError, match="released"):
            view[0]


def test_reader_without_what_it_needs(context):
    class NoSize:
        def read_at(self, offset, to):
            raise AssertionError

    class NegativeSize(NoSize):
        size = -1

    with pytest.raises(AttributeError):
        context.open(NoSize())
    with pytest.raises(OverflowError):
        context.open(NegativeSize())


def test_reader_by_several_threads(context, tmp_path):
    arrays = {f"a{i}": np.full(3000 + i, i) for i in range(20)}
    np.savez(tmp_path / "a.npz", **arrays)
    file = context.open(Reader(tmp_path / "a.npz"), format="npz")
    results = []
    threads = [threading.Thread(target=lambda: results.append([a[-1] for a in file.arrays()])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [list(range(20))] * 4


# ---- places and texts that NumPy does not expect ----


def test_unaligned(context, tmp_path):
    header = (
        b'{"x":{"dtype":"F64","shape":[2],"data_offsets":[1,17]},"y":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
    )
    header += b" " * (-len(header) % 8)
    theirs = np.array([1.5, -2.0])
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\7" + theirs.tobytes())
    file = context.open(str(tmp_path / "a.safetensors"))
    x = file.find("x")
    assert file.array(x).flags.aligned and file.array(x).flags.writeable and file.array(x).tolist() == theirs.tolist()
    file = context.open(str(tmp_path / "a.safetensors"), flags=_core.OPEN_UNALIGNED)
    assert (
        not file.array(x).flags.aligned
        and not file.array(x).flags.writeable
        and file.array(x).tolist() == theirs.tolist()
    )


@pytest.mark.parametrize(
    "text, size, dtype",
    [
        ("<U7", 28, "<U7"),
        ("|O", 8, "V8"),
        ("[('a', '|O')]", 8, "V8"),
        ("<U7", 8, "V8"),
        ("(", 3, "V3"),
        ("[('a', '<i4'), ('b', '>f8', (2,))]", 20, [("a", "<i4"), ("b", ">f8", (2,))]),
        ("__import__('os')", 4, "V4"),
        ("<M8[ns]", 8, "<M8[ns]"),
        ("[('', '|V3'), ('b', 'i1')]", 4, None),
        ("[" * 500, 2, "V2"),
    ],
)
def test_opaque(text, size, dtype):
    made = _dtypes.opaque(text, size)
    assert made.itemsize == size and not made.hasobject
    assert dtype is None or made == np.dtype(dtype)


def test_bool_bytes_stay(context, tmp_path):
    np.save(tmp_path / "a.npy", np.array([0, 1, 2, 255], "u1").view("bool"))
    file = context.open(str(tmp_path / "a.npy"))
    assert [file.array(0, mode=mode).view("u1").tolist() for mode in MODES] == [[0, 1, 2, 255]] * 3


def test_large_dims(context, tmp_path):
    """Dims whose product is 0, or has no room."""
    for shape in (f"({2**62}, 0)", f"({2**62}, 4)", f"({2**40}, {2**40})"):
        head = ("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }").ljust(117) + "\n"
        (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\1\0" + len(head).to_bytes(2, "little") + head.encode())
        for mode in MODES:
            with pytest.raises((ValueError, MemoryError)):
                context.open(str(tmp_path / "a.npy")).array(0, mode=mode)
                raise MemoryError("NumPy may have room for a shape with a 0")


def test_strides_of_the_file(context):
    """Tensors that share a storage are views of it: a transpose, a row that repeats, a diagonal, windows."""
    data = np.fromfile(SOURCE / "plugins/pt/samples/golden/strides.pt", "u1")
    place = context.open(data, name="strides.pt").info(0)[9]
    aligned = np.zeros(len(data) + 8, "u1")[-place % 8 :][: len(data)]  # NumPy aligns what it allocates to 16
    aligned[:] = data
    file = context.open(aligned, name="strides.pt")
    strides = set()
    for info in file.infos(0, len(file)):
        view, read = file.array(info[0]), file.array(info[0], mode=_core.MAP_COPY)
        assert not view.flags.writeable and not view.flags.owndata and np.shares_memory(view, aligned)
        assert read.flags.c_contiguous and read.flags.writeable
        np.testing.assert_array_equal(view, read)
        strides.add(view.strides)
        start, step = [min(1, dim - 1) for dim in info[4]], [2] * len(info[4])
        count = [(dim - first + 1) // 2 for dim, first in zip(info[4], start, strict=True)]
        box = tuple(slice(first, None, 2) for first in start)
        for mode in MODES:
            np.testing.assert_array_equal(file.array(info[0], start, count, step, mode=mode), read[box])
    assert (0, 4) in strides and (28,) in strides and len(strides) == len(file)


# ---- DLPack ----


class Lent:
    def __init__(self, capsule):
        self.capsule = capsule

    def __dlpack__(self, **_):
        return self.capsule

    def __dlpack_device__(self):
        return 1, 0


def test_dlpack(context, tmp_path):
    theirs = np.asfortranarray(np.arange(24, dtype="f4").reshape(4, 6))
    np.save(tmp_path / "a.npy", theirs)
    file = context.open(str(tmp_path / "a.npy"))
    ours = np.from_dlpack(Lent(file.dlpack(0)))
    read = np.from_dlpack(Lent(file.dlpack(0, dtype=NUMBER["f64"])))
    del file
    gc.collect()
    np.testing.assert_array_equal(ours, theirs)
    assert not ours.flags.writeable and ours.strides == theirs.strides
    np.testing.assert_array_equal(read, theirs.astype("f8"))
    file = context.open(str(tmp_path / "a.npy"))
    old = np.from_dlpack(Lent(file.dlpack(0, old=True)))
    file.dlpack(0, old=True)  # a capsule without a consumer
    assert '"dltensor_versioned"' in repr(file.dlpack(0)) and '"dltensor"' in repr(file.dlpack(0, old=True))
    del file
    np.testing.assert_array_equal(old, theirs)
    data = np.frombuffer((tmp_path / "a.npy").read_bytes(), "u1")
    file = context.open(data)
    ours = np.from_dlpack(Lent(file.dlpack(0)))
    del file, data
    np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(TenonError):
        context.open(str(EXAMPLES / "network.npz")).dlpack(0, flags=0x10000)
    with pytest.raises(TenonError):
        context.open(str(EXAMPLES / "observations.npy")).dlpack(0)


# ---- streams, checks, advice ----


def test_stream(context, numbers):
    arrays, path = numbers
    file = context.open(str(path))
    pieces, kept = [], []
    file.stream(0, lambda piece: (pieces.append(bytes(piece)), kept.append(piece))[0])
    assert b"".join(pieces) == arrays["a"].tobytes()
    with pytest.raises(ValueError, match="released"):
        kept[0][0]
    pieces.clear()
    file.stream(1, lambda piece: pieces.append(bytes(piece)), dtype=NUMBER["f32"])
    assert b"".join(pieces) == arrays["b"].astype("f4").tobytes()
    with pytest.raises(ZeroDivisionError):
        file.stream(0, lambda piece: 1 // 0)
    with pytest.raises(KeyboardInterrupt):
        file.stream(0, lambda piece: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(TenonError):
        file.stream(9, print)


def test_verify(context, numbers):
    path = numbers[1]
    assert context.open(str(path)).verify() == []
    data = bytearray(path.read_bytes())
    data[data.index(b"b.npy") + 40] ^= 0x55
    path.write_bytes(data)
    faults = context.open(str(path)).verify()
    assert faults and all(kind == 0 and status < 0 for kind, status, *_ in faults)
    assert _core.status_name(faults[0][1]) in ("TENON_E_CHECKSUM", "TENON_E_MALFORMED", "TENON_E_TRUNCATED")


def test_progress(context, tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1 << 20))
    file = context.open(str(tmp_path / "a.npz"))

    def stop(done, total):
        raise RuntimeError("enough")

    seen = []
    assert not file.array(0, progress=lambda done, total: seen.append((done, total))).any()
    assert all(0 <= done <= total for done, total in seen)
    assert file.verify(progress=lambda done, total: None) == []


def test_advice(context):
    file = context.open(str(EXAMPLES / "model.safetensors"))
    file.advise(None, 1)
    file.advise([0, 2], 2)
    with pytest.raises(TenonError):
        file.advise([99], 1)


def test_casts(context):
    theirs = np.array([1.0, 70000.0, -2.5, np.nan])
    ours = context.cast(NUMBER["f64"], theirs, NUMBER["f16"], 4).view("f2")
    assert ours.tolist()[:3] == [1.0, np.inf, -2.5] and np.isnan(ours[3])
    big = context.cast(NUMBER["f64"], theirs, NUMBER["f8_e4m3"], 4)
    most = context.cast(NUMBER["f64"], theirs, NUMBER["f8_e4m3"], 4, saturate=True)
    assert big[1] == 0x7F and most[1] == 0x7E and big[0] == most[0] == 0x38
    assert context.castable(NUMBER["f64"], NUMBER["f16"])
    for wrong, kind in [
        ((NUMBER["f64"], theirs, NUMBER["f16"], 5), TenonError),
        ((NUMBER["f64"], theirs[::2], NUMBER["f16"], 2), TypeError),
        ((NUMBER["f64"], theirs, 9999, 4), TenonError),
        ((NUMBER["f64"], theirs, NUMBER["f64"], 2**63), MemoryError),
    ]:
        with pytest.raises(kind):
            context.cast(*wrong)
