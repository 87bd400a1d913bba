# SPDX-License-Identifier: MIT
"""tenon.numpy in place of NumPy, on .npz archives. `lib` is NumPy, then tenon.numpy: each assertion
holds for both."""

import gc
import importlib
import io
import os
import pathlib
import tempfile
import threading
import warnings
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np
import pytest
import tenon

LIBRARIES = ("numpy", "tenon.numpy")
PAIRS = [(writer, reader) for writer in LIBRARIES for reader in LIBRARIES if "tenon.numpy" in (writer, reader)]
SAVES = ("savez", "savez_compressed")
ARRAYS = {
    "plain": np.arange(6.0).reshape(2, 3),
    "fortran": np.arange(6).reshape(2, 3).T,
    "number": np.array(5),
    "none": np.zeros((0, 3), "f4"),
    "swapped": np.arange(4, dtype=">i4"),
    "text": np.array(["a", "bcd"]),
    "date": np.array(["2020-02-29"], "M8[D]"),
    "bool": np.array([True, False]),
    "record": np.array([("ab", 1)], [("a", "U2"), ("b", ">i4")]),
    "strided": np.arange(20).reshape(4, 5)[::2, 1::2],
    "complex": np.ones(3, "c8") * 1j,
    "half": np.ones((1, 23), "f2"),
    "large": np.arange(300000, dtype="i4") % 97,
    "large_fortran": np.arange(300000.0).reshape(300, 1000).T,
}


@pytest.fixture(scope="module", autouse=True)
def quick():
    """These tests save thousands of small files: none waits for the disk."""
    tenon.configure("save.durable=no")
    yield
    tenon.configure()


@pytest.fixture(params=LIBRARIES)
def lib(request):
    return importlib.import_module(request.param)


@pytest.fixture(params=PAIRS, ids="→".join)
def pair(request):
    return tuple(map(importlib.import_module, request.param))


@pytest.fixture(params=SAVES)
def saving(request):
    """The name of a function that saves."""
    return request.param


def same(found, expected):
    assert type(found) is np.ndarray
    assert found.dtype == expected.dtype and found.dtype.str == expected.dtype.str and found.shape == expected.shape
    assert found.flags.fnc == expected.flags.fnc and found.flags.writeable and found.flags.aligned
    assert found.tobytes() == expected.tobytes()


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def archive(path, **members):
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data if isinstance(data, bytes) else npy(data))


# ---- round trips ----


def test_arrays(pair, saving, tmp_path):
    writer, reader = pair
    getattr(writer, saving)(tmp_path / "a.npz", **ARRAYS)
    with reader.load(tmp_path / "a.npz") as found:
        assert found.files == list(ARRAYS)
        for name, array in ARRAYS.items():
            same(found[name], array)


def test_a_file_object_at_its_start(pair, saving, tmp_path):
    writer, reader = pair
    for file in (
        io.BytesIO(),
        tempfile.TemporaryFile(),
        open(tmp_path / "a", "w+b"),
        tempfile.SpooledTemporaryFile(max_size=10),
    ):
        with file:
            getattr(writer, saving)(file, **ARRAYS)
            assert not file.closed
            file.seek(0)
            found = reader.load(file)
            for name, array in ARRAYS.items():
                same(found[name], array)
            found.close()
            assert not file.closed  # it belongs to the caller


def test_the_second_is_smaller(lib, tmp_path):
    for name in SAVES:
        getattr(lib, name)(tmp_path / name, np.zeros(100000))
    assert os.path.getsize(tmp_path / "savez_compressed.npz") * 20 < os.path.getsize(tmp_path / "savez.npz")
    with zipfile.ZipFile(tmp_path / "savez.npz") as plain, zipfile.ZipFile(tmp_path / "savez_compressed.npz") as small:
        assert (
            plain.infolist()[0].compress_type == zipfile.ZIP_STORED
            and small.infolist()[0].compress_type == zipfile.ZIP_DEFLATED
        )


def test_names_of_arguments(lib, saving, tmp_path):
    save = getattr(lib, saving)
    save(tmp_path / "a", np.arange(3), [1, 2], x=2.5, y="text")
    assert os.listdir(tmp_path) == ["a.npz"]
    with lib.load(tmp_path / "a.npz") as found:
        assert found.files == ["x", "y", "arr_0", "arr_1"]
        assert (
            found["arr_1"].tolist() == [1, 2] and found["x"] == 2.5 and found["y"] == "text" and found["y"].shape == ()
        )
    with pytest.raises(ValueError, match="arr_0"):
        save(tmp_path / "b", 1, arr_0=2)
    with pytest.raises(TypeError):
        save(tmp_path / "b", file=2)
    with pytest.raises(TypeError):
        save()
    assert os.listdir(tmp_path) == ["a.npz"]


@pytest.mark.parametrize("name, made", [("a", "a.npz"), ("a.npz", "a.npz"), ("a.npy", "a.npy.npz")])
@pytest.mark.parametrize("kind", [str, pathlib.Path])
def test_the_extension(lib, saving, tmp_path, name, made, kind):
    getattr(lib, saving)(kind(tmp_path / name), np.arange(3))
    assert os.listdir(tmp_path) == [made]


def test_names_of_members(pair, saving, tmp_path):
    writer, reader = pair
    arrays = {
        name: np.array(at)
        for at, name in enumerate(["a/b/c", "a.b", "x.npy", "名", "", " ", "-", "self", "args", "arr_7"])
        if name
    }
    getattr(writer, saving)(tmp_path / "a.npz", **arrays)
    with reader.load(tmp_path / "a.npz") as found:
        assert found.files == list(arrays) and all(found[name] == array for name, array in arrays.items())


def test_no_arrays(pair, saving, tmp_path):
    writer, reader = pair
    getattr(writer, saving)(tmp_path / "a.npz")
    with reader.load(tmp_path / "a.npz") as found:
        assert found.files == [] and len(found) == 0 and not dict(found) and "x" not in found


def test_to_a_pipe(lib, saving):
    ends = os.pipe()
    with open(ends[0], "rb") as source, open(ends[1], "wb") as sink:
        getattr(lib, saving)(sink, x=np.arange(100))
        sink.close()
        with np.load(io.BytesIO(source.read())) as found:
            same(found["x"], np.arange(100))


def test_threads(lib, tmp_path):
    def write(number):
        lib.savez(tmp_path / f"{number}", x=np.full((200, 50), number))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [lib.load(tmp_path / f"{number}.npz")["x"][-1, -1] for number in range(4)] == [0, 1, 2, 3]


# ---- the result ----


def test_it_is_a_mapping(lib, tmp_path):
    lib.savez(tmp_path / "a.npz", **ARRAYS)
    found = lib.load(tmp_path / "a.npz")
    assert (
        isinstance(found, Mapping) and len(found) == len(ARRAYS) and list(found) == list(found.keys()) == list(ARRAYS)
    )
    assert "plain" in found and "plain.npy" in found and "other" not in found and ["plain"] not in [*found]
    same(found["plain.npy"], ARRAYS["plain"])
    assert found.get("other") is None and found.get("other", 3) == 3 and found.get("number") == 5
    assert {name: array.shape for name, array in found.items()} == {name: array.shape for name, array in ARRAYS.items()}
    assert [array.dtype for array in found.values()] == [array.dtype for array in ARRAYS.values()]
    assert found["plain"] is not found["plain"]
    for key in ("other", (1, 2), 0, None):
        with pytest.raises(KeyError, match="is not a file in the archive"):
            found[key]
    found.close()


def test_arrays_as_attributes(lib, tmp_path):
    lib.savez(tmp_path / "a.npz", x=np.arange(3), y=np.ones(2))
    found = lib.load(tmp_path / "a.npz")
    same(found.f.x, np.arange(3))
    assert sorted(dir(found.f)) == ["x", "y"]
    with pytest.raises(AttributeError):
        found.f.z
    found.close()
    assert found.f is None


def test_zip_and_fid(lib, tmp_path):
    lib.savez(tmp_path / "a.npz", x=np.arange(3))
    found = lib.load(tmp_path / "a.npz")
    assert isinstance(found.zip, zipfile.ZipFile) and found.zip.namelist() == ["x.npy"]
    assert found.fid.name == str(tmp_path / "a.npz") and not found.fid.closed
    held = found.fid
    found.close()
    found.close()
    assert held.closed and found.zip is None and found.fid is None and found.files == ["x"]
    with pytest.raises((AttributeError, ValueError)):
        found["x"]
    stream = io.BytesIO((tmp_path / "a.npz").read_bytes())
    with lib.load(stream) as found:
        assert found.fid is None and found.allow_pickle is False and found.max_header_size == 10000
        assert found.pickle_kwargs == {"encoding": "ASCII", "fix_imports": True}


@pytest.mark.parametrize(
    "count, text", [(1, "arr_0"), (5, "arr_0, arr_1, arr_2, arr_3, arr_4"), (6, "arr_0, arr_1, arr_2, arr_3, arr_4...")]
)
def test_repr(lib, tmp_path, count, text):
    path = tmp_path / "a.npz"
    lib.savez(path, *[np.arange(2)] * count)
    with lib.load(str(path)) as found:
        assert repr(found) == f"NpzFile {str(path)!r} with keys: {text}"
    with lib.load(io.BytesIO(path.read_bytes())) as found:
        assert repr(found) == f"NpzFile 'object' with keys: {text}"


def test_no_file_stays_open(lib, tmp_path):
    lib.savez(tmp_path / "a.npz", x="text")
    gc.collect()
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for _ in range(50):
            assert lib.load(tmp_path / "a.npz")["x"] == "text"
    gc.collect()
    assert before == (len(os.listdir("/proc/self/fd")) if before else 0)


def test_it_is_read_when_asked(lib, tmp_path):
    """A member that is damaged hides no other."""
    lib.savez(tmp_path / "a.npz", x=np.arange(1000), y=np.arange(1000, 2000))
    data = (tmp_path / "a.npz").read_bytes()
    at = data.index(np.arange(1500, 1510).tobytes())
    (tmp_path / "a.npz").write_bytes(data[:at] + b"\xff" + data[at + 1 :])
    with lib.load(tmp_path / "a.npz") as found:
        same(found["x"], np.arange(1000))
        with pytest.raises(zipfile.BadZipFile):
            found["y"]


# ---- members of other kinds ----


def test_members_that_are_no_arrays(lib, tmp_path):
    archive(
        tmp_path / "a.npz",
        **{
            "x.npy": np.arange(3),
            "y": np.arange(4),
            "notes.txt": b"Name: test",
            "wrong.npy": b"no array",
            "empty.npy": b"",
            "folder/": b"",
            "deep/z.npy": np.arange(5),
            "u.bin": np.arange(6, dtype="u1"),
            "in.npz": b"PK",
            "t.npy.npy": np.arange(7),
        },
    )
    with lib.load(tmp_path / "a.npz") as found:
        assert found.files == ["x", "y", "notes.txt", "wrong", "empty", "folder/", "deep/z", "u.bin", "in.npz", "t.npy"]
        assert (
            found["notes.txt"] == b"Name: test"
            and found["wrong"] == found["wrong.npy"] == b"no array"
            and found["empty"] == found["folder/"] == b""
        )
        assert (
            len(found["x.npy"]) == 3
            and len(found["y"]) == 4
            and len(found["deep/z"]) == 5
            and len(found["t.npy"]) == len(found["t.npy.npy"]) == 7
        )
        same(found["u.bin"], np.arange(6, dtype="u1"))
        assert found.f.x.tolist() == [0, 1, 2] and "y.npy" not in found and "notes.txt.npy" not in found
        with pytest.raises(KeyError):
            found["y.npy"]


def test_archives_in_the_archive_are_bytes(lib, tmp_path):
    lib.savez(tmp_path / "inner.npz", x=np.arange(3))
    inner = (tmp_path / "inner.npz").read_bytes()
    archive(tmp_path / "a.npz", **{"x.npy": np.arange(3), "inner.npz": inner})
    with lib.load(tmp_path / "a.npz") as found:
        assert found.files == ["x", "inner.npz"] and found["inner.npz"] == inner
    archive(tmp_path / "b.npz", **{"inner.npz": inner})
    with lib.load(tmp_path / "b.npz") as found:
        assert found["inner.npz"] == inner


def test_only_bytes(lib, tmp_path):
    archive(tmp_path / "a.npz", **{"notes.txt": b"text"})
    with lib.load(tmp_path / "a.npz") as found:
        assert found.files == ["notes.txt"] and found["notes.txt"] == b"text"


def test_two_members_of_one_name(lib, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        file.writestr("x.npy", npy(np.arange(3)))
        file.writestr("x.npy", npy(np.arange(4)))
    with lib.load(tmp_path / "a.npz") as found:
        same(found["x"], np.arange(4))
    archive(tmp_path / "b.npz", **{"x.npy": np.arange(3), "x": np.arange(4)})
    with lib.load(tmp_path / "b.npz") as found:
        same(found["x"], np.arange(4))
        same(found["x.npy"], np.arange(3))


def test_object_arrays(pair, saving, tmp_path):
    writer, reader = pair
    objects = np.array([None, "a", 2**80], object)
    getattr(writer, saving)(tmp_path / "a.npz", x=objects, y=np.arange(3))
    with reader.load(tmp_path / "a.npz") as found:
        assert found.files == ["x", "y"]
        same(found["y"], np.arange(3))
        with pytest.raises(ValueError, match="allow_pickle=False"):
            found["x"]
    with reader.load(tmp_path / "a.npz", allow_pickle=True, encoding="bytes") as found:
        assert np.array_equal(found["x"], objects) and found.pickle_kwargs["encoding"] == "bytes"
    with pytest.raises(ValueError, match="allow_pickle=False"):
        getattr(writer, saving)(tmp_path / "b.npz", x=objects, allow_pickle=False)
    getattr(writer, saving)(tmp_path / "c.npz", x=np.arange(3), allow_pickle=False)
    with reader.load(tmp_path / "c.npz") as found:
        assert found.files == ["x"]


def test_long_header(lib, saving, tmp_path):
    array = np.array([(1,) * 3000], "i," * 2999 + "i")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        getattr(lib, saving)(tmp_path / "a.npz", x=array)
    for limit in ({}, {"max_header_size": 20000}):
        with lib.load(tmp_path / "a.npz", **limit) as found, pytest.raises(ValueError, match="Header.*large"):
            found["x"]
    for words in ({"allow_pickle": True}, {"max_header_size": 200000}):
        with lib.load(tmp_path / "a.npz", **words) as found:
            assert found["x"].dtype == array.dtype and np.array_equal(found["x"], array)
    lib.savez(tmp_path / "b.npz", x=np.arange(3))
    with lib.load(tmp_path / "b.npz", max_header_size=20) as found, pytest.raises(ValueError, match="Header.*large"):
        found["x"]


def test_archives_of_other_tools(lib, tmp_path):
    """A comment, another compression, sizes behind the data, and bytes before the archive."""
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_BZIP2) as file:
        file.comment = b"a comment"
        file.writestr("x.npy", npy(np.arange(1000)))
    with lib.load(tmp_path / "a.npz") as found:
        same(found["x"], np.arange(1000))
    stream = io.BytesIO()
    stream.write(b"before")
    np.savez(stream, x=np.arange(3))
    stream.seek(6)
    with lib.load(stream) as found:
        same(found["x"], np.arange(3))


# NumPy leaves files open
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("cut", [1, 30, 60, 200])
def test_truncated(lib, saving, tmp_path, cut):
    getattr(lib, saving)(tmp_path / "a.npz", x=np.arange(1000))
    data = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(data[:-cut])
    for file in (tmp_path / "a.npz", io.BytesIO(data[:-cut])):
        with pytest.raises(zipfile.BadZipFile):
            lib.load(file)


@pytest.mark.parametrize("at", [2000, 6000])
def test_damaged(lib, tmp_path, at):
    lib.savez_compressed(tmp_path / "a.npz", x=np.random.default_rng(1).integers(0, 256, 8000, "u1"))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[at] ^= 0x55
    (tmp_path / "a.npz").write_bytes(data)
    with lib.load(tmp_path / "a.npz") as found, pytest.raises((zipfile.BadZipFile, zlib.error)):
        found["x"]


def test_mmap_mode_has_no_effect(lib, tmp_path):
    lib.savez(tmp_path / "a.npz", x=np.arange(3))
    with lib.load(tmp_path / "a.npz", mmap_mode="r") as found:
        same(found["x"], np.arange(3))


# ---- what tenon.numpy adds ----


def test_a_failed_save_leaves_the_old_file(saving, tmp_path):
    save = getattr(importlib.import_module("tenon.numpy"), saving)
    save(tmp_path / "a.npz", x=np.arange(3))
    with pytest.raises(ValueError):
        save(tmp_path / "a.npz", x=np.ones(2), y=np.array([None]), allow_pickle=False)
    with np.load(tmp_path / "a.npz") as found:
        same(found["x"], np.arange(3))
    assert os.listdir(tmp_path) == ["a.npz"]


def test_the_file_may_be_replaced_meanwhile(tmp_path):
    lib = importlib.import_module("tenon.numpy")
    lib.savez(tmp_path / "a.npz", x=np.arange(1000))
    with lib.load(tmp_path / "a.npz") as found:
        lib.savez(tmp_path / "a.npz", x=np.zeros(10))
        same(found["x"], np.arange(1000))


def test_errors_are_those_of_both(tmp_path):
    lib = importlib.import_module("tenon.numpy")
    lib.savez(tmp_path / "a.npz", x=np.arange(1000))
    data = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(data[:-20])
    with pytest.raises(tenon.TenonError) as caught:
        lib.load(tmp_path / "a.npz")
    assert isinstance(caught.value, zipfile.BadZipFile) and caught.value.file == str(tmp_path / "a.npz")
