# SPDX-License-Identifier: MIT
"""tenon.open and File: the mapping, tensors, metadata, errors, pickling."""

import copy
import os
import pathlib
import pickle
import threading
import zipfile

import numpy as np
import pytest
import safetensors.numpy
import tenon

ARRAYS = {
    "z.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "a.bias": np.arange(5, dtype=np.int64),
    "empty": np.zeros((0, 4), np.float16),
    "flag": np.array([True, False]),
}


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "m.safetensors"
    safetensors.numpy.save_file(ARRAYS, made, {"by": "test"})
    return made


def test_mapping(path):
    with tenon.open(path) as f:
        assert len(f) == 4 and set(f) == set(ARRAYS) and set(f.keys()) == set(ARRAYS)
        assert "a.bias" in f and "b" not in f and 3 not in f and None not in f
        assert f.get("b") is None and f.get("b", 5) == 5
        assert f.get("flag").tolist() == [True, False]
        for name, array in f.items():
            assert array.dtype == ARRAYS[name].dtype and array.shape == ARRAYS[name].shape
            assert np.array_equal(array, ARRAYS[name])
        assert len(list(f.values())) == 4


def test_order_of_the_file(tmp_path):
    """The order of the members, not that of their names."""
    np.savez(tmp_path / "a.npz", z=np.ones(1), a=np.ones(2), m=np.ones(3))
    with tenon.open(tmp_path / "a.npz") as f:
        assert (
            list(f) == ["z", "a", "m"] and list(f.tensors) == ["z", "a", "m"] and list(f.read_many()) == ["z", "a", "m"]
        )
        assert [info.shape for info in f.tensors.values()] == [(1,), (2,), (3,)]


def test_missing_tensor(path):
    with tenon.open(path) as f:
        for take in (
            lambda: f["weight"],
            lambda: f.tensors["weight"],
            lambda: f.read("weight"),
            lambda: f.read_many(["weight"]),
            lambda: f.read_many("w*q"),
            lambda: f.hash("weight"),
        ):
            with pytest.raises(KeyError) as caught:
                take()
            assert isinstance(caught.value, tenon.TenonError)
            assert caught.value.status == "TENON_E_NOT_FOUND" and "w" in str(caught.value)
        with pytest.raises(TypeError):
            f[3]


def test_about(path):
    with tenon.open(path) as f:
        assert f.path == str(path) and f.format == "safetensors" and f.size == path.stat().st_size
        assert f.nbytes == sum(array.nbytes for array in ARRAYS.values())
        assert f.unreadable == {} and f.mode == "r" and f.framework == "numpy" and not f.closed
        assert "m.safetensors" in repr(f) and "safetensors, 4 tensors" in repr(f)
        assert f.report.ok and len(f.report) == 0


def test_metadata(path):
    with tenon.open(path) as f:
        assert dict(f.metadata) == {"by": "test"} and f.metadata_types == {"by": "string"}
        with pytest.raises(TypeError):
            f.metadata["by"] = "me"
        kept = f.metadata
    assert kept["by"] == "test"


def test_tensors(path):
    offset = 8 + int.from_bytes(path.read_bytes()[:8], "little")
    with tenon.open(path) as f:
        info = f.tensors["z.weight"]
        assert (info.name, info.dtype, info.shape, info.ndim, info.size, info.nbytes) == (
            "z.weight",
            "f32",
            (2, 3, 4),
            3,
            24,
            96,
        )
        assert info.file == str(path) and info.stored == 96 and info.filter is None and info.unreadable is None
        assert (info.order, info.byteorder) == ("C", "little")
        assert path.read_bytes()[info.offset :][:96] == ARRAYS["z.weight"].tobytes() and info.offset >= offset
        assert [info.index for info in f.tensors.values()] == [0, 1, 2, 3]
        assert len(f.tensors) == 4 and "flag" in f.tensors and "b" not in f.tensors and f.tensors.get("b") is None
        assert np.array_equal(info[1, ::2], ARRAYS["z.weight"][1, ::2])
        assert "z.weight" in repr(info) and "f32" in repr(info)


def test_layouts(tmp_path):
    np.save(tmp_path / "f.npy", np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)))
    with tenon.open(tmp_path / "f.npy") as f:
        info = f.tensors["f"]
        assert (info.order, info.byteorder, info.dtype) == ("F", "big", "i32") and "big-endian" in repr(info)
        assert np.array_equal(f["f"], np.arange(6).reshape(2, 3))


def test_filter(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1000))
    with tenon.open(tmp_path / "a.npz") as f:
        assert f.tensors["a"].filter == "deflate" and 0 < f.tensors["a"].stored < 8000 == f.tensors["a"].nbytes


def test_shards_and_index(tmp_path):
    for number in (1, 2):
        safetensors.numpy.save_file(
            {f"t{number}": np.full(3, number, np.float32)}, tmp_path / f"m-0000{number}-of-00002.safetensors"
        )
    (tmp_path / "m.safetensors.index.json").write_text(
        '{"metadata": {}, "weight_map": {"t1": "m-00001-of-00002.safetensors", "t2": "m-00002-of-00002.safetensors"}}'
    )
    first = tmp_path / "m-00001-of-00002.safetensors"
    for source, how in (
        (tmp_path, {}),
        (tmp_path / "m.safetensors.index.json", {}),
        (first, {"shards": True}),
        (tmp_path, {"index": False}),
    ):
        with tenon.open(source, **how) as f:
            assert {name: array.tolist() for name, array in f.items()} == {"t1": [1, 1, 1], "t2": [2, 2, 2]}
            assert pathlib.Path(f.tensors["t2"].file).name == "m-00002-of-00002.safetensors"
    with tenon.open(first) as f:
        assert list(f) == ["t1"]
    with tenon.open(first, alone=True) as f:
        assert list(f) == ["t1"]


def test_part_of_a_file(path, tmp_path):
    data = path.read_bytes()
    packed = tmp_path / "packed.bin"
    packed.write_bytes(b"x" * 4096 + data + b"y" * 100)
    with tenon.open(packed, format="safetensors", offset=4096, length=len(data)) as f:
        assert np.array_equal(f["z.weight"], ARRAYS["z.weight"])
        assert pickle.loads(pickle.dumps(f))["a.bias"].tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError):
        tenon.open(packed, offset=-1)
    with pytest.raises(ValueError):
        tenon.open(packed, offset=4096, length=0)


@pytest.mark.parametrize("kind", ["str", "bytes", "Path", "descriptor", "object", "memory", "view", "array"])
def test_sources(path, kind):
    with open(path, "rb") as opened:
        data = path.read_bytes()
        source = {
            "str": str(path),
            "bytes": os.fsencode(path),
            "Path": path,
            "descriptor": opened.fileno(),
            "object": opened,
            "memory": bytearray(data),
            "view": memoryview(data),
            "array": np.frombuffer(data, np.uint8),
        }[kind]
        with tenon.open(source, format="safetensors") as f:
            kept = f["z.weight"]
            assert np.array_equal(kept, ARRAYS["z.weight"])
    assert np.array_equal(kept, ARRAYS["z.weight"])


def test_options(tmp_path):
    q = tenon.QuantizedArray.quantize(np.ones((2, 32), np.float32), "q8_0")
    tenon.write(tmp_path / "q.gguf", {"x.weight": q})
    with tenon.open(tmp_path / "q.gguf", options={"gguf.mlx": "triple"}) as f:
        assert list(f) == ["x.weight", "x.scales", "x.biases"]
    with tenon.open(tmp_path / "q.gguf", format="gguf", options={"mlx": "triple"}) as f:
        assert f["x.weight"].dtype == np.uint32
    with pytest.raises(ValueError):
        tenon.open(tmp_path / "q.gguf", options={"gguf.nothing": 1})


def test_errors_of_opening(tmp_path, path):
    with pytest.raises(FileNotFoundError) as caught:
        tenon.open(tmp_path / "none.npy")
    assert isinstance(caught.value, tenon.TenonError) and "none.npy" in str(caught.value)
    (tmp_path / "cut.safetensors").write_bytes(path.read_bytes()[:20])
    with pytest.raises(ValueError) as caught:
        tenon.open(tmp_path / "cut.safetensors")
    assert caught.value.status in ("TENON_E_TRUNCATED", "TENON_E_MALFORMED") and "cut.safetensors" in caught.value.file
    for wrong in ({"mode": "w"}, {"framework": "tensorflow"}, {"small_floats": "double"}):
        with pytest.raises(ValueError):
            tenon.open(path, **wrong)
    with pytest.raises(TypeError):
        tenon.open(3.5)
    with pytest.raises(ValueError, match="memoryview"):
        tenon.open(path.read_bytes())


def test_unreadable(tmp_path):
    """A cut file: what lies before the cut can be read, the rest tells why it cannot."""
    whole = tmp_path / "whole.npz"
    np.savez(whole, a=np.arange(10), b=np.arange(20))
    data = bytearray(whole.read_bytes())
    place = data.index(b"\x93NUMPY", data.index(b"\x93NUMPY") + 6)
    data[place : place + 6] = b"\x93NUMPX"
    path = tmp_path / "bad.npz"
    path.write_bytes(data)
    with tenon.open(path) as f:
        assert list(f.unreadable) == ["b"] and f.unreadable["b"]
        assert f["a"].tolist() == list(range(10)) and list(f) == ["a", "b"]
        assert (
            f.tensors["b"].unreadable == f.unreadable["b"]
            and "unreadable" in repr(f.tensors["b"])
            and "1 unreadable" in repr(f)
        )
        for take in (
            lambda: f["b"],
            lambda: f.read("b"),
            lambda: f.read("b", 0),
            lambda: f.read_many(),
            lambda: f.tensors["b"][0],
        ):
            with pytest.raises(ValueError) as caught:
                take()
            assert isinstance(caught.value, tenon.TenonError)
        assert f.read_many("a")["a"].tolist() == list(range(10))
        assert not f.verify().ok


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_occur_twice(tmp_path):
    """Of members of an archive the last one counts, as for NumPy; a header must not have such names."""
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for size in (2, 3):
            with archive.open("a.npy", "w") as member:
                np.save(member, np.ones(size))
    with np.load(tmp_path / "a.npz") as theirs, tenon.open(tmp_path / "a.npz") as f:
        assert list(f) == ["a"] and f["a"].shape == theirs["a"].shape == (3,)
        assert "the last one counts" in str(f.report) and [fault.subject for fault in f.report.faults] == ["a.npy"]
    header = (
        b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}'
    )
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"ab")
    with pytest.raises(ValueError, match="twice") as caught:
        tenon.open(tmp_path / "a.safetensors")
    assert (caught.value.status, caught.value.tensor) == ("TENON_E_MALFORMED", "a")
    assert 8 + header.rindex(b'"a"') <= caught.value.offset < 8 + len(header)


def test_closed(path):
    f = tenon.open(path)
    kept, tensors, info = f["z.weight"], f.tensors, f.tensors["z.weight"]
    f.close()
    f.close()
    assert f.closed and "closed" in repr(f) and "m.safetensors" in repr(f)
    for use in (
        lambda: f["z.weight"],
        lambda: len(f),
        lambda: list(f),
        lambda: "a" in f,
        lambda: f.metadata,
        lambda: f.unreadable,
        lambda: f.path,
        lambda: f.read_many(),
        lambda: f.verify(),
        lambda: f.hash(),
        lambda: len(tensors),
        lambda: info[0],
        f.__enter__,
        lambda: f.report,
    ):
        with pytest.raises(ValueError):
            use()
    assert np.array_equal(kept, ARRAYS["z.weight"]) and info.shape == (2, 3, 4)


def test_closed_by_an_exception(path):
    with pytest.raises(ZeroDivisionError), tenon.open(path) as f:
        1 / 0
    assert f.closed


def test_equality_is_identity(path):
    with tenon.open(path) as f, tenon.open(path) as g:
        assert f == f and f != g and len({f, g}) == 2


def test_pickle(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with tenon.open("m.safetensors", mode="c") as f:
        data = pickle.dumps(f)
        twin = copy.copy(f)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pickle.loads(data) as g:
        g["z.weight"][0, 0, 0] = 5
        assert g.mode == "c" and np.array_equal(g["z.weight"], ARRAYS["z.weight"])
    assert np.array_equal(twin["a.bias"], ARRAYS["a.bias"])
    twin.close()
    with tenon.open(path) as f:
        info = pickle.loads(pickle.dumps(f.tensors["a.bias"]))
    assert info.name == "a.bias" and info[1:3].tolist() == [1, 2]
    with tenon.open(bytearray(path.read_bytes())) as f:
        with pytest.raises(TypeError):
            pickle.dumps(f)
        assert np.array_equal(copy.copy(f)["a.bias"], ARRAYS["a.bias"])
    with open(path, "rb") as opened, tenon.open(opened) as f:
        for refuse in (pickle.dumps, copy.copy):
            with pytest.raises(TypeError):
                refuse(f)


def test_threads(tmp_path):
    """Threads read one File at once, mapped and encoded tensors."""
    arrays = {f"t{i}": np.random.default_rng(i).standard_normal((50, 60)) for i in range(8)}
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    safetensors.numpy.save_file(arrays, tmp_path / "a.safetensors")
    wrong = []

    def work(f, seed):
        rng = np.random.default_rng(seed)
        for _ in range(20):
            name = f"t{rng.integers(8)}"
            if not (
                np.array_equal(f[name], arrays[name])
                and np.array_equal(f[name][3:9, ::-2], arrays[name][3:9, ::-2])
                and f.tensors[name].shape == (50, 60)
            ):
                wrong.append(name)

    for file in ("a.npz", "a.safetensors"):
        with tenon.open(tmp_path / file) as f:
            threads = [threading.Thread(target=work, args=(f, seed)) for seed in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert not wrong


def test_many_tensors_cost_no_objects(tmp_path):
    """Opening and one look make no object for each tensor."""
    import sys

    safetensors.numpy.save_file({f"t{i:05d}": np.zeros(1, np.uint8) for i in range(20000)}, tmp_path / "m.safetensors")
    with tenon.open(tmp_path / "m.safetensors"):
        pass
    before = sys.getallocatedblocks()
    with tenon.open(tmp_path / "m.safetensors") as f:
        assert f.tensors["t19999"].nbytes == 1 and f["t00007"].tolist() == [0] and len(f) == 20000
        assert sys.getallocatedblocks() - before < 2000
