# SPDX-License-Identifier: MIT
"""tenon.writer: tensors one by one."""

import os
import threading

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
import tenon


def load(path):
    return safetensors.numpy.load_file(path)


def test_arrays_may_change_as_soon_as_they_were_added(tmp_path):
    array = np.zeros((2, 3), np.float32)
    with tenon.writer(tmp_path / "a.safetensors") as w:
        for i in range(4):
            array[:] = i
            w.add(f"x{i}", array.T)
        assert len(w) == 4
    found = load(tmp_path / "a.safetensors")
    assert {name: (x.shape, x[0, 0]) for name, x in found.items()} == {f"x{i}": ((3, 2), i) for i in range(4)}


def test_pieces_of_any_size(tmp_path):
    data = np.arange(30, dtype="<i2")
    with tenon.writer(tmp_path / "a.safetensors") as w:
        w.begin("known", np.int16, (5, 6))
        raw = data.tobytes()
        for at in range(0, 60, 7):
            w.put(raw[at : at + 7])
        w.end()
        w.begin("unknown", "i16", (None, 3))
        w.put(memoryview(raw))
        w.put(bytearray())
        w.end()
        w.begin("big", "i16", [30])
        w.put(data.astype(">i2")[:10])
        w.put(data[10:])
        w.end()
        w.begin("empty", "f32", (None,))
        w.end()
    found = load(tmp_path / "a.safetensors")
    assert np.array_equal(found["known"], data.reshape(5, 6)) and np.array_equal(found["unknown"], data.reshape(10, 3))
    assert np.array_equal(found["big"], data) and found["empty"].shape == (0,)


def test_casts_quantised_and_small_floats(tmp_path):
    q = tenon.QuantizedArray.quantize(np.linspace(-1, 1, 64, dtype="f4").reshape(2, 32), "q4_0")
    with tenon.writer(tmp_path / "a.gguf") as w:
        w.add("f16", np.ones((2, 32), "f4"), dtype="f16")
        w.add("q", q)
        w.add("bf16", np.ones(3, ml_dtypes.bfloat16))
        w.begin("q8", "f32", (1, 32), store="q8_0")
        w.put(np.ones(32, "f4"))
        w.end()
    with tenon.open(tmp_path / "a.gguf") as f:
        assert {name: info.dtype for name, info in f.tensors.items()} == {
            "f16": "f16",
            "q": "q4_0",
            "bf16": "bf16",
            "q8": "q8_0",
        }
        assert f["q"] == q


def test_pieces_are_buffers_and_arrays_of_any_kind(tmp_path):
    import mlx.core as mx

    with tenon.writer(tmp_path / "a.safetensors") as w:
        w.begin("f4", "F4", (2, 4))
        w.put(np.array([1, 2, 3, -0.5]).astype(ml_dtypes.float4_e2m1fn))
        with pytest.raises(ValueError, match="within a byte"):
            w.put(np.array([1]).astype(ml_dtypes.float4_e2m1fn))
        w.put(b"\x42\x95")
        w.end()
        w.begin("bf16", "bf16", (4,))
        w.put(np.array([1, 2], ml_dtypes.bfloat16))
        w.put(np.array([1, 2], ml_dtypes.bfloat16).astype(np.dtype(ml_dtypes.bfloat16).newbyteorder(">")))
        w.end()
        w.begin("mlx", "bf16", (None,))
        w.put(mx.array([1.0, 2.0]).astype(mx.bfloat16))
        w.end()
        w.begin("f32", "f32", (None,))
        w.put(mx.array([1.0, 2.0]))
        w.put(memoryview(np.arange(8, dtype="f4"))[::2])
        for wrong in (np.array([None]), "text", None, {}):
            with pytest.raises(TypeError):
                w.put(wrong)
        w.end()
    with tenon.open(tmp_path / "a.safetensors") as f:
        assert np.array_equal(f["f4"].astype("f4"), [[1, 2, 3, -0.5]] * 2)
        assert f["bf16"].tolist() == [1, 2, 1, 2] and f["mlx"].tolist() == [1, 2]
        assert f["f32"].tolist() == [1, 2, 0, 2, 4, 6]


def test_large_arrays_are_copied_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("tenon._writer._PIECE", 1000)
    arrays = {
        "f8": np.arange(600.0).reshape(20, 30),
        "big": np.arange(600, dtype=">i4"),
        "turned": np.arange(600).reshape(20, 30).T,
        "text": np.array([f"text {i}" for i in range(100)]),
        "date": np.arange(500).astype("M8[s]"),
        "record": np.zeros(200, [("a", "i4"), ("b", ">f8")]),
    }
    with tenon.writer(tmp_path / "a.npz") as w:
        for name, array in arrays.items():
            w.add(name, array)
        w.add("f4", arrays["f8"], dtype="f32")
        w.add(None, arrays["f8"])
    np.savez(tmp_path / "b.npz", *[arrays["f8"]], **arrays)
    with np.load(tmp_path / "a.npz") as ours, np.load(tmp_path / "b.npz") as theirs:
        assert ours["f4"].dtype == np.float32 and np.array_equal(ours["f4"], arrays["f8"])
        assert all(
            ours[name].dtype == theirs[name].dtype and np.array_equal(ours[name], theirs[name]) for name in theirs
        )
    assert len(arrays) + 2 == len(np.load(tmp_path / "a.npz").files)
    with tenon.writer(tmp_path / "a.safetensors") as w:
        w.add("bf16", np.ones(1000, ml_dtypes.bfloat16))
        w.add("f4", np.ones((50, 64), ml_dtypes.float4_e2m1fn))
    with tenon.open(tmp_path / "a.safetensors") as f:
        assert (
            f["bf16"].tolist() == [1] * 1000
            and np.asarray(f["f4"]).tobytes() == np.ones((50, 64), ml_dtypes.float4_e2m1fn).tobytes()
        )


def test_metadata_and_options(tmp_path):
    with tenon.writer(tmp_path / "a.gguf", metadata={"a": 1}) as w:
        w.put_metadata("b", "text")
        w.put_metadata("c", 7, "u16")
        w.add("x", np.zeros(3, "f4"))
    with tenon.open(tmp_path / "a.gguf") as f:
        assert dict(f.metadata) == {"a": 1, "b": "text", "c": 7} and f.metadata_types["c"] == "u16"
    with tenon.writer(tmp_path / "a.npz", options={"compression": "deflate"}) as w:
        w.add(None, np.zeros(100000))
    assert (tmp_path / "a.npz").stat().st_size < 2000
    assert np.load(tmp_path / "a.npz")["arr_0"].shape == (100000,)


def test_an_exception_leaves_the_target_as_it_was(tmp_path):
    path = tmp_path / "a.safetensors"
    tenon.save_safetensors(path, {"old": np.zeros(3)})
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), tenon.writer(path) as w:
        w.add("new", np.ones(1 << 16))
        1 / 0
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["a.safetensors"]
    with pytest.raises(ValueError, match="closed"):
        w.add("late", np.ones(3))
    with pytest.raises(ValueError, match="finished"):
        w.report


def test_what_is_missing_or_too_much(tmp_path):
    with tenon.writer(tmp_path / "a.safetensors") as w:
        w.begin("x", "f32", (2, 2))
        with pytest.raises(ValueError):
            w.put(bytes(17))
        w.put(bytes(15))
        with pytest.raises(ValueError):
            w.end()
        with pytest.raises(ValueError):
            w.add("y", np.zeros(3))
        w.put(b"\0")
        w.end()
        with pytest.raises(ValueError):
            w.put(b"\0")
        with pytest.raises(ValueError):
            w.add("x", np.zeros(3))  # the name is taken
        with pytest.raises(ValueError):
            w.begin("z", "f32", (2, None))
        with pytest.raises(KeyError):
            w.begin("z", "f99", (2,))
    assert list(load(tmp_path / "a.safetensors")) == ["x"]


def test_finish_returns_the_report_and_can_be_called_again(tmp_path):
    w = tenon.writer(tmp_path / "a.npz")
    w.add("x", np.array([1e30]), dtype="f16")
    report = w.finish()
    assert [entry.subject for entry in report.losses] == ["x"]
    assert w.finish() is report and w.report is report
    w.close()
    w.close()


def test_a_strict_save_fails_and_leaves_nothing(tmp_path):
    with pytest.raises(tenon.TenonError) as caught, tenon.writer(tmp_path / "a.npz", strict=True) as w:
        w.add("x", np.array([1e30]), dtype="f16")
    assert caught.value.status == "TENON_E_LOSS"
    assert os.listdir(tmp_path) == []


def test_append_new_and_wrong_paths(tmp_path):
    tenon.savez(tmp_path / "a.npz", x=np.zeros(3))
    with tenon.writer(tmp_path / "a.npz", append=True) as w:
        w.add("y", np.ones(2))
    assert sorted(np.load(tmp_path / "a.npz")) == ["x", "y"]
    with pytest.raises(FileExistsError), tenon.writer(tmp_path / "a.npz", new=True) as w:
        w.add("z", np.ones(2))
    with pytest.raises(OSError):
        tenon.writer(tmp_path / "none" / "a.npz")
    with pytest.raises(ValueError):
        tenon.writer(tmp_path / "a.unknown")
    with pytest.raises(ValueError):
        tenon.writer(tmp_path / "a\0.npz")


def test_tensors_of_files_are_not_copied(tmp_path):
    tenon.savez_compressed(tmp_path / "a.npz", x=np.arange(1000), y=np.arange(3))
    with tenon.open(tmp_path / "a.npz") as f, tenon.writer(tmp_path / "b.safetensors") as w:
        w.add("lazy", f["x"])
        w.add("info", f.tensors["y"])
        w.add("cast", f.tensors["y"], dtype={"cast": "f32"})
    found = load(tmp_path / "b.safetensors")
    assert (
        np.array_equal(found["lazy"], np.arange(1000))
        and found["info"].dtype == np.int64
        and found["cast"].dtype == np.float32
    )


def test_progress(tmp_path):
    calls = []
    with tenon.writer(tmp_path / "a.npz", progress=lambda done, total: calls.append((done, total))) as w:
        w.add("x", np.zeros(1 << 20))
    assert calls[-1] == (1 << 23, 1 << 23)


def test_another_thread_is_refused_while_one_uses_the_writer(tmp_path):
    """The callable of progress runs while the writer saves."""
    refused = []

    def use(done, total):
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()

    def attempt():
        try:
            w.add("y", np.zeros(3))
        except RuntimeError as failure:
            refused.append(failure)

    w = tenon.writer(tmp_path / "a.npz", progress=use)
    w.add("x", np.zeros(1 << 22))
    w.finish()
    assert refused
    assert np.load(tmp_path / "a.npz").files == ["x"]


def test_pieces_of_another_dtype_are_refused(tmp_path):
    with tenon.writer(tmp_path / "a.safetensors") as w:
        w.begin("x", "float32", (None, 3))
        for wrong in (np.ones((2, 3)), np.ones(3, np.int32), [1, 2, 3], np.ones(3, ml_dtypes.bfloat16)):
            with pytest.raises(TypeError, match="begun as f32"):
                w.put(wrong)
        w.put(np.ones((1, 3), ">f4"))
        w.put([2.0, 2.0, 2.0])  # what an array of numbers is
        w.put(np.full(3, 3, "f4").view(np.uint8))
        w.end()
        w.begin("y", "bf16", (3,))
        w.put(np.array([1, 2], ml_dtypes.bfloat16).view(np.uint16))
        w.put(np.array([3], ml_dtypes.bfloat16).view("V2"))
        w.end()
    with tenon.open(tmp_path / "a.safetensors") as f:
        assert f["x"][:, 0].tolist() == [1, 2, 3] and f["y"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("dtype", ["M8[ns]", "S3", "U2", "V5", [("t", "M8[s]"), ("x", "f4", (2,)), ("n", "S4")]])
def test_pieces_of_what_only_numpy_has(tmp_path, dtype):
    data = np.frombuffer(bytes(range(1, 1 + 4 * np.dtype(dtype).itemsize)), dtype)
    if np.dtype(dtype).kind == "U":
        data = np.array(["ab", "c", "", "é"], dtype)
    with tenon.writer(tmp_path / "a.npy") as w:
        w.begin("x", dtype, (None, 2))
        w.put(data[:2])
        with pytest.raises(TypeError, match="was begun as"):
            w.put(np.ones(3))
        w.put(data[2:].astype(data.dtype.newbyteorder(">")))
        w.end()
    found = np.load(tmp_path / "a.npy")
    assert found.dtype == data.dtype and found.shape == (2, 2) and found.tobytes() == data.tobytes()


def test_one_array_is_cast_whatever_it_is(tmp_path):
    """A dtype for all arrays of a dict leaves integers alone; one that is given for an array does not."""
    n = np.arange(3)
    tenon.write(tmp_path / "n.npy", n, dtype="f32")
    tenon.write(tmp_path / "n.npz", {"n": n}, dtype="f32")
    with tenon.writer(tmp_path / "w.npz") as w:
        w.add("n", n, dtype="f32")
        w.add("m", n)
    assert np.load(tmp_path / "n.npy").dtype == np.float32 and np.load(tmp_path / "n.npz")["n"].dtype == np.int64
    found = np.load(tmp_path / "w.npz")
    assert found["n"].dtype == np.float32 and found["m"].dtype == np.int64
