# SPDX-License-Identifier: MIT
"""The extension's reading half: arrays of files that NumPy and other peers wrote."""

import gc
import io
import os
import threading
import zipfile
from pathlib import Path

import ml_dtypes  # so that NumPy, and with it safetensors, knows the name bfloat16
import numpy as np
import pytest

from tenon import _context, _core, _dtypes
from tenon._errors import TenonError

assert ml_dtypes
SOURCE = Path(__file__).resolve().parents[2]
EXAMPLES = SOURCE / "examples" / "data"
MODES = [_core.MAP_AUTO, _core.MAP_COPY, _core.MAP_PRIVATE]


@pytest.fixture
def context():
    return _context.context()


def all_arrays(file, **how):
    return dict(zip(file.names(), file.arrays(**how), strict=True))


def same(ours, theirs):
    assert ours.dtype.newbyteorder("=") == theirs.dtype.newbyteorder("=")
    np.testing.assert_array_equal(ours, theirs, strict=False)
    assert ours.shape == theirs.shape


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.npy")), ids=lambda path: path.name)
def test_examples_npy(context, path, mode):
    theirs = np.load(path)
    file = context.open(str(path))
    assert file.format == "npy" and len(file) == 1 and file.nbytes == theirs.nbytes and file.size == path.stat().st_size
    same(file.array(0, mode=mode), theirs)
    same(file.arrays(mode=mode)[0], theirs)


@pytest.mark.parametrize("mode", MODES)
def test_examples_npz(context, mode):
    with np.load(EXAMPLES / "network.npz") as theirs:
        ours = all_arrays(context.open(str(EXAMPLES / "network.npz")), mode=mode)
        assert list(ours) == list(theirs)
        for name, array in ours.items():
            same(array, theirs[name])


@pytest.mark.parametrize("mode", MODES)
def test_examples_safetensors(context, mode):
    pytest.importorskip("ml_dtypes")  # safetensors.numpy asks NumPy for "bfloat16"
    safetensors = pytest.importorskip("safetensors.numpy")
    theirs = safetensors.load_file(EXAMPLES / "model.safetensors")
    file = context.open(str(EXAMPLES / "model.safetensors"))
    for name in file.names():
        if name in theirs:
            same(file.array(file.find(name), mode=mode), theirs[name])
    assert sorted(file.names()) == sorted(theirs)


@pytest.mark.parametrize("mode", MODES)
def test_examples_gguf(context, mode):
    gguf = pytest.importorskip("gguf")
    theirs = {tensor.name: tensor for tensor in gguf.GGUFReader(EXAMPLES / "model.gguf").tensors}
    ours = all_arrays(context.open(str(EXAMPLES / "model.gguf")), mode=mode)
    assert list(ours) == list(theirs)
    for name, array in ours.items():
        same(array, np.asarray(theirs[name].data).reshape(array.shape))


def maps_of(path):
    return Path("/proc/self/maps").read_text().count(str(path))


DTYPES = [
    "bool",
    "u1",
    "<u2",
    "<u4",
    "<u8",
    "i1",
    "<i2",
    "<i4",
    "<i8",
    "<f2",
    "<f4",
    "<f8",
    "<c8",
    "<c16",
    ">u2",
    ">i4",
    ">f8",
    ">c16",
    "S5",
    "<U7",
    ">U3",
    "<M8[ns]",
    ">m8[s]",
    "V3",
    [("a", "<i4"), ("b", ">f8", (2, 3)), ("c", "S2")],
]
SHAPES = [(), (1,), (0,), (7,), (3, 0, 2), (4, 5), (2, 3, 1, 5)]


def some(dtype, shape):
    """An array with different items."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    if dtype.kind == "b":
        return (np.arange(int(np.prod(shape))) % 3 == 0).reshape(shape)
    if dtype.kind in "SU":
        return np.array([f"t{i}"[: dtype.itemsize] for i in range(int(np.prod(shape)))], dtype).reshape(shape)
    if dtype.kind in "fc":
        return (np.arange(int(np.prod(shape))) - 2.5).astype(dtype).reshape(shape)
    return np.frombuffer(bytes(i * 37 % 251 for i in range(size)), dtype).reshape(shape)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_npy(context, tmp_path, dtype, shape):
    path = tmp_path / "a.npy"
    for order in "CF":
        theirs = np.array(some(dtype, shape), order=order)
        np.save(path, theirs)
        file = context.open(str(path))
        for mode in MODES:
            ours = file.array(0, mode=mode)
            same(ours, theirs)
            assert ours.flags.f_contiguous or order == "C" or theirs.size == 0
            assert ours.flags.writeable == (mode != _core.MAP_AUTO)
            if theirs.size and mode == _core.MAP_AUTO:
                assert ours.dtype == theirs.dtype and not ours.flags.owndata
            if mode == _core.MAP_COPY and theirs.dtype.kind in "iufc":
                assert ours.dtype.isnative
        file.close()


BOX = [
    (slice(0, 4), slice(1, 6), slice(0, 3)),
    (slice(1, 4, 2), slice(0, 6, 5), slice(2, 3)),
    (slice(2, 2), slice(0, 6), slice(0, 3)),
    (slice(3, 4), slice(5, 6), slice(0, 3, 9)),
]


@pytest.mark.parametrize("box", BOX, ids=str)
@pytest.mark.parametrize("dtype", ["<i4", ">i4", "<U3"])
@pytest.mark.parametrize("order", "CF")
def test_box(context, tmp_path, box, dtype, order):
    theirs = np.array(some(dtype, (4, 6, 3)), order=order)
    np.save(tmp_path / "a.npy", theirs)
    np.savez_compressed(tmp_path / "a.npz", a=theirs)
    start, step = [s.start for s in box], [s.step or 1 for s in box]
    count = [len(range(s.start, s.stop, s.step or 1)) for s in box]
    for name in "a.npy", "a.npz":
        file = context.open(str(tmp_path / name))
        for mode in MODES:
            same(file.array(0, start, count, step, mode=mode), theirs[box])


@pytest.mark.parametrize(
    "start, count, step",
    [
        ([0, 0], [5, 1], [1, 1]),
        ([4, 0], [1, 1], [1, 1]),
        ([0, 0], [3, 1], [2, 1]),
        ([5, 0], [0, 1], [1, 1]),
        ([0, 0], [2, 1], [0, 1]),
        ([0, 0], [2, 1], [2**63 - 1, 1]),
        ([2**64 - 1, 0], [1, 1], [1, 1]),
        ([0, 0], [2**64 - 1, 1], [1, 1]),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_box_outside(context, tmp_path, start, count, step, mode):
    np.save(tmp_path / "a.npy", np.zeros((4, 2)))
    file = context.open(str(tmp_path / "a.npy"))
    with pytest.raises(IndexError):
        file.array(0, start, count, step, mode=mode)


def test_box_of_other_rank(context, tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((4, 2)))
    file = context.open(str(tmp_path / "a.npy"))
    for box in [([0], [1], [1]), ([0] * 3, [1] * 3, [1] * 3), ([0, 0], [1, 1], None), ([0] * 65, [1] * 65, [1] * 65)]:
        with pytest.raises(ValueError):
            file.array(0, *box)
    with pytest.raises(TypeError):
        file.array(0, "00", [1, 1], [1, 1])
    with pytest.raises(IndexError):
        file.array(1)
    with pytest.raises(IndexError):
        file.arrays([0, 7])
    with pytest.raises(OverflowError):
        file.array(-1)


@pytest.mark.parametrize("size", [3, 5000])
def test_many_that_are_read(context, tmp_path, size):
    """Small ones are read into NumPy's memory, larger ones into the library's, with the same results."""
    arrays = {f"{order}{dtype}": np.array(some(dtype, (2, size)), order=order) for dtype in DTYPES for order in "CF"}
    arrays["none"] = np.zeros((0, 4))
    arrays["one"] = np.array(7)
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    file = context.open(str(tmp_path / "a.npz"))
    ours = all_arrays(file)
    assert list(ours) == list(arrays)
    for name, theirs in arrays.items():
        same(ours[name], theirs)
        assert ours[name].flags.writeable and ours[name].flags.f_contiguous == theirs.flags.f_contiguous
        same(file.array(file.find(name)), theirs)
        if theirs.dtype.kind in "iuf":
            same(file.arrays([file.find(name)] * 2, dtype=_dtypes.FIXED["c128"])[1], theirs.astype("c16"))
    cut = bytearray((tmp_path / "a.npz").read_bytes())
    cut[cut.index(b"PK\3\4", cut.index(b"F<f4.npy")) - 6] ^= 0x55  # in the last bytes of that member
    (tmp_path / "b.npz").write_bytes(cut)
    file = context.open(str(tmp_path / "b.npz"))
    with pytest.raises(ValueError, match="F<f4"):
        file.arrays(range(len(file)))


def test_cast(context, tmp_path):
    theirs = np.array([[1.5, -2.25], [1e9, 3.0]])
    np.save(tmp_path / "a.npy", theirs)
    file = context.open(str(tmp_path / "a.npy"))
    same(file.array(0, dtype=_dtypes.FIXED["f32"]), theirs.astype("f4"))
    same(file.array(0, [1, 0], [1, 2], [1, 1], dtype=_dtypes.FIXED["c128"]), theirs[1:].astype("c16"))
    with pytest.raises(TenonError, match="another dtype"):
        file.array(0, dtype=_dtypes.FIXED["f32"], mode=_core.MAP_ONLY)


def test_map_only(context):
    file = context.open(str(EXAMPLES / "network.npz"))
    with pytest.raises(TenonError) as caught:
        file.array(0, mode=_core.MAP_ONLY)
    assert caught.value.status == "TENON_E_NOT_MAPPABLE" and caught.value.tensor == "layer.0/weight"
    assert not context.open(str(EXAMPLES / "weights.npy")).array(0, mode=_core.MAP_ONLY).flags.writeable


def test_view(context, tmp_path):
    """A view of what can be mapped, and None of what cannot, or is not NumPy's in that byte order."""
    file = context.open(str(EXAMPLES / "weights.npy"))
    view = file.view(0)
    same(view, np.load(EXAMPLES / "weights.npy"))
    assert not view.flags.writeable and not view.flags.owndata
    assert context.open(str(EXAMPLES / "network.npz")).view(0) is None
    assert context.open(str(EXAMPLES / "weights.npy"), flags=_core.OPEN_NO_MAP).view(0) is None
    np.savez(tmp_path / "a.npz", pickled=np.array([None, "x"], object))
    with pytest.raises(ValueError, match="pickled"):
        context.open(str(tmp_path / "a.npz")).view(0)
    with pytest.raises(IndexError):
        file.view(1)
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.view(0)


@pytest.mark.parametrize("dtype", ["<i4", ">i4"])
@pytest.mark.parametrize("count", [5, 100000])
def test_private_pages(context, tmp_path, count, dtype):
    theirs = np.arange(count, dtype=dtype)
    np.save(tmp_path / "a.npy", theirs)
    file = context.open(str(tmp_path / "a.npy"))
    ours = file.array(0, mode=_core.MAP_PRIVATE)
    assert maps_of(tmp_path / "a.npy") == 1 and ours.flags.writeable and ours.dtype == theirs.dtype
    assert ours.flags.owndata == (count == 5)
    ours += 100
    same(file.array(0), theirs)
    same(np.load(tmp_path / "a.npy"), theirs)
    del file
    same(ours, theirs + 100)
    assert maps_of(tmp_path / "a.npy") == (1 if count > 5 else 0)


def test_many_private_arrays(context, tmp_path):
    """More tensors than a process may have mappings of."""
    count = 70000
    header = ",".join(f'"{i}":{{"dtype":"U8","shape":[1],"data_offsets":[{i},{i + 1}]}}' for i in range(count))
    header = ("{" + header + "}").encode()
    header += b" " * (-len(header) % 8)
    data = bytes(i % 251 for i in range(count))
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + data)
    arrays = context.open(str(tmp_path / "a.safetensors")).arrays(mode=_core.MAP_PRIVATE)
    assert b"".join(array.tobytes() for array in arrays) == data


def test_views_keep_the_file(context, tmp_path):
    np.save(tmp_path / "a.npy", np.arange(100000))
    file = context.open(str(tmp_path / "a.npy"))
    view = file.array(0)[10:20]
    file.close()
    file.close()
    del file
    os.unlink(tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", np.zeros(3))
    same(view, np.arange(10, 20))


def test_close_waits_for_views(context, tmp_path):
    np.save(tmp_path / "seen.npy", np.arange(100000))
    file = context.open(str(tmp_path / "seen.npy"))
    view = file.array(0)
    assert maps_of(tmp_path / "seen.npy") == 1
    file.close()
    assert maps_of(tmp_path / "seen.npy") == 1
    del view
    gc.collect()
    assert maps_of(tmp_path / "seen.npy") == 0


def test_closed(context):
    file = context.open(str(EXAMPLES / "weights.npy"))
    file.close()
    for call in (
        file.names,
        lambda: len(file),
        lambda: file.path,
        lambda: file.array(0),
        file.arrays,
        lambda: file.find("x"),
        file.metadata,
        file.report,
        file.verify,
        lambda: file.info(0),
        lambda: file.read_into([0], [np.zeros(1)]),
        lambda: file.dlpack(0),
        lambda: file.stream(0, print),
        lambda: file.advise(None, 1),
        lambda: file.packed(0),
        lambda: file.find_all("*"),
    ):
        with pytest.raises(ValueError, match="closed"):
            call()


def test_infos(context, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, array in ("first", np.arange(6, dtype=">i2").reshape(2, 3)), ("größe", np.zeros((), "<f4")):
            held = io.BytesIO()
            np.save(held, array)
            archive.writestr(name + ".npy", held.getvalue())
    file = context.open(str(tmp_path / "a.npz"))
    assert file.names() == ["first", "größe"]
    first, second = file.infos(0, 2)
    index, name, number, dtype, shape, flags, nbytes, storage, source, offset, stored, filter_id, unreadable, why, chunks = (
        first
    )
    assert (index, name, dtype, shape, flags, nbytes, stored, filter_id) == (0, "first", "i16", (2, 3), 2, 12, 12, None)
    assert (number, storage, source, unreadable, why) == (_dtypes.FIXED["i16"], 0, str(tmp_path / "a.npz"), 0, None)
    assert chunks is None
    assert (tmp_path / "a.npz").read_bytes()[offset : offset + 12] == np.arange(6, dtype=">i2").tobytes()
    assert second == file.info(1) and second[4] == () and file.infos(2, 0) == []
    assert file.find("größe") == 1 and file.find("Größe") == -1 and file.find("\udcff") == -1
    assert file.find_all("*") == [0, 1] and file.find_all("gr[!a]*") == [1] and file.find_all("x") == []
    for wrong in ((0, 3), (3, 0), (2**64 - 1, 2)):
        with pytest.raises(IndexError):
            file.infos(*wrong)
    assert file.report() == [] and file.packed(0) is None


def test_errors(context, tmp_path):
    with pytest.raises(FileNotFoundError) as missing:
        context.open(str(tmp_path / "missing.npy"))
    assert missing.value.errno == 2 and missing.value.filename == str(tmp_path / "missing.npy") == missing.value.file
    np.save(tmp_path / "a.npy", np.arange(100))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-8])
    with pytest.raises(ValueError) as cut:
        context.open(str(tmp_path / "cut.npy")).array(0)
    assert (
        isinstance(cut.value, TenonError)
        and cut.value.status == "TENON_E_TRUNCATED"
        and str(tmp_path / "cut.npy") in str(cut.value)
    )
    (tmp_path / "words.txt").write_text("words")
    with pytest.raises(ValueError) as words:
        context.open(str(tmp_path / "words.txt"))
    assert words.value.status == "TENON_E_UNRECOGNISED" and words.value.advice is None and words.value.offset is None
    with pytest.raises(ValueError, match="limits") as limit:
        _core.Context(["limits.tensors=2"]).open(str(EXAMPLES / "network.npz"))
    assert limit.value.status == "TENON_E_LIMIT"
    for wrong in (3.5, None, ["a"]):
        with pytest.raises(TypeError):
            context.open(wrong)
    with pytest.raises(ValueError):
        context.open("a\0b")
    with pytest.raises(TypeError, match="nothing"):
        context.open("a", nothing=1)
    with pytest.raises(TypeError, match="source"):
        context.open()


def test_descriptor_memory_and_part(context, tmp_path):
    theirs = np.arange(24.0).reshape(4, 6)
    np.save(tmp_path / "a.npy", theirs)
    with open(tmp_path / "a.npy", "rb") as opened:
        file = context.open(opened.fileno(), name="of a descriptor.npy")
    same(file.array(0), theirs)
    assert file.path == "of a descriptor.npy" and file.names() == ["of a descriptor"]
    data = np.frombuffer(b"before" + (tmp_path / "a.npy").read_bytes() + b"behind", np.uint8)
    file = context.open(data, offset=6, length=len(data) - 12)
    ours = file.array(0)
    del data, file
    gc.collect()
    same(ours, theirs)


def test_read_by_several_threads_and_closed(context, tmp_path):
    arrays = {f"a{i}": np.full(1000 + i, i) for i in range(50)}
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    file = context.open(str(tmp_path / "a.npz"))
    good, closed = [], []

    def read():
        try:
            for _ in range(40):
                good.append(
                    all(a[0] == i and len(a) == 1000 + i for i, a in enumerate(file.arrays(mode=_core.MAP_COPY)))
                )
        except ValueError:
            closed.append(True)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    while not good:
        pass
    file.close()
    for thread in threads:
        thread.join()
    assert all(good)
    with pytest.raises(ValueError):
        file.names()
