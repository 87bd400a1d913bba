# SPDX-License-Identifier: MIT
"""Texts for users: messages with advice, and the representation of objects in a notebook."""

import importlib.util
import pickle

import numpy as np
import pytest
import tenon
import tenon.numpy


@pytest.mark.parametrize(
    "asked, there",
    [("m", "m.safetensors"), ("m.npy", "m.npz"), ("a.b", "a.b.gguf"), ("big", "big.safetensors.index.json")],
)
def test_a_missing_file_and_one_with_an_extension(tmp_path, asked, there):
    (tmp_path / there).touch()
    for use in (tenon.load, tenon.open, tenon.verify, tenon.hash):
        with pytest.raises(FileNotFoundError) as failure:
            use(tmp_path / asked)
        assert failure.value.advice == f"did you mean '{tmp_path / there}'?" and failure.value.advice in str(failure.value)
        assert failure.value.filename == str(tmp_path / asked)


def test_missing_files_without_advice(tmp_path):
    (tmp_path / "m.npz").mkdir()
    for path in (tmp_path / "m", tmp_path / "none" / "x.npy"):
        with pytest.raises(FileNotFoundError) as failure:
            tenon.load(path)
        assert failure.value.advice is None
    with pytest.raises(FileNotFoundError, match="expanduser"):
        tenon.load("~/none.npy")


def test_bytes_are_a_path(tmp_path):
    tenon.save(tmp_path / "a.npy", np.ones(2))
    data = (tmp_path / "a.npy").read_bytes()
    for use in (tenon.load, tenon.open):
        with pytest.raises(ValueError, match=r"memoryview\(data\)"):
            use(data)
    assert tenon.load(memoryview(data)).tolist() == [1, 1]
    assert [array.tolist() for array in tenon.open(memoryview(data)).values()] == [[1, 1]]


def test_pickles(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([{}]), y=np.ones(2))
    with pytest.raises(ValueError, match="allow_pickle=True"):
        tenon.load(tmp_path / "a.npz")
    assert tenon.numpy.load(tmp_path / "a.npz", allow_pickle=True)["x"].tolist() == [{}]


def test_a_tensor_that_is_cut_off_leaves_others(tmp_path):
    tenon.save_safetensors(tmp_path / "a", {"x": np.ones(2), "y": np.ones(3)})
    data = (tmp_path / "a.safetensors").read_bytes()
    (tmp_path / "a.safetensors").write_bytes(data[:-8])
    with pytest.raises(ValueError, match="tenon.open reads the other tensors"):
        tenon.load(tmp_path / "a.safetensors")
    with tenon.open(tmp_path / "a.safetensors") as f:
        assert list(f.unreadable) == ["y"] and f["x"].tolist() == [1, 1]


def test_a_framework_that_is_not_installed(tmp_path, monkeypatch):
    from tenon import _frameworks

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.delitem(__import__("sys").modules, "jax", raising=False)
    _frameworks._is_installed.cache_clear()
    try:
        for use in (tenon.load, tenon.open):  # before anything is read
            with pytest.raises(ModuleNotFoundError, match="pip install jax") as failure:
                use(tmp_path / "none.npy", framework="jax")
            assert failure.value.name == "jax"
    finally:
        _frameworks._is_installed.cache_clear()


def test_functions_without_dtype_name_the_one_that_has_it(tmp_path):
    q = tenon.QuantizedArray.quantize(np.ones((1, 32)), "q8_0")
    for save in (lambda: tenon.save_safetensors(tmp_path / "a", {"q": q}), lambda: tenon.savez(tmp_path / "a", q=q)):
        with pytest.raises(ValueError, match="tenon.write takes them: dtype="):
            save()
    with pytest.raises(ValueError, match="tenon.write takes them: carry=True"):
        tenon.save_safetensors(tmp_path / "a", {"names": np.array(["a"])})
    with pytest.raises(ValueError, match=r"\n\(dtype="):
        tenon.write(tmp_path / "a.npz", {"q": q})


def test_a_dict_where_savez_wants_arrays(tmp_path):
    for save in (tenon.savez, tenon.savez_compressed):
        with pytest.raises(TypeError, match=r"\*\*arrays"):
            save(tmp_path / "a.npz", {"x": np.ones(2)})


@pytest.mark.parametrize("metadata, shown", [({"epoch": 3}, "'epoch': 3"), ({"a": "b", 2: "c"}, "2: 'c'")])
def test_metadata_of_safetensors(tmp_path, metadata, shown):
    with pytest.raises(ValueError, match=shown):
        tenon.save_safetensors(tmp_path / "a", {"x": np.ones(2)}, metadata)


# ---- texts of objects ------------------------------------------------------------------------------------------------


def test_reports(tmp_path):
    arrays = {"x": np.ones((2, 32)), "y": np.ones((2, 32))}
    report = tenon.write(tmp_path / "a.gguf", arrays, dtype={"x": "q8_0", "y": "f16"})
    entry = "Entry(kind='note', subject='x', message='converted from f64 to q8_0, as asked for')"
    assert repr(report[0]) == entry and repr(report[:1]) == f"Report([{entry}])" and repr(report[:0]) == "Report([])"
    other = entry.replace("'x'", "'y'").replace("q8_0", "f16")
    assert repr(report).splitlines() == ["Report([", f"    {entry},", f"    {other},", "])"]
    assert eval(repr(report), {"Report": tenon.Report, "Entry": tenon.Entry}) == report
    assert pickle.loads(pickle.dumps(report)) == report


def test_names_and_tensors(tmp_path):
    tenon.save_safetensors(tmp_path / "a", {"b": np.ones(2, np.float32), "long": np.ones((2, 3), np.int8)})
    with tenon.open(tmp_path / "a.safetensors") as f:
        assert repr(f.keys()) == repr(f.tensors.keys()) == "Names(['b', 'long'])"
        assert f.keys() == {"b", "long"} and f.keys() & {"b"} == {"b"} and list(f.keys()) == ["b", "long"]
        assert repr(f.tensors).splitlines()[1:] == ["  b     f32  (2,)    8 bytes", "  long  i8   (2, 3)  6 bytes"]
        tensors, names = f.tensors, f.keys()
    assert "closed" in repr(tensors) and "closed" in repr(names)


def test_many_names_are_cut(tmp_path):
    tenon.savez(tmp_path / "a.npz", **{f"x{i}": np.ones(1) for i in range(1000)})
    with tenon.open(tmp_path / "a.npz") as f:
        assert repr(f.keys()).endswith("'x29', …])") and repr(f.tensors).endswith("\n  … 970 more")
    tenon.savez(tmp_path / "none.npz")
    with tenon.open(tmp_path / "none.npz") as f:
        assert repr(f.keys()) == "Names([])" and "0 tensors" in repr(f.tensors)


def test_writers(tmp_path):
    w = tenon.writer(tmp_path / "a.npz")
    w.add("x", np.ones(2))
    assert repr(w) == f"<tenon.Writer '{tmp_path}/a.npz': 1 tensor, not finished>"
    w.finish()
    assert repr(w).endswith("a.npz', finished>")
    w = tenon.writer(tmp_path / "b.npz")
    w.close()
    assert repr(w).endswith("closed without a file>")


def test_a_name_that_no_tensor_has(tmp_path):
    tenon.save(tmp_path / "weights.npy", np.ones(2))
    tenon.savez(tmp_path / "many.npz", *[np.ones(1)] * 7)
    with tenon.open(tmp_path / "weights.npy") as f, pytest.raises(KeyError, match="the file has 'weights'"):
        f["x"]
    with tenon.open(tmp_path / "many.npz") as f, pytest.raises(KeyError, match="File.keys"):
        f["x"]


def test_dtypes_are_shown_as_they_were_given(tmp_path):
    with pytest.raises(KeyError, match=r"unknown dtype 'S8'"):
        tenon.write(tmp_path / "a.npy", np.ones(2), dtype="S8")


def test_a_framework_without_the_dtype_of_a_tensor(tmp_path):
    tenon.savez(tmp_path / "a.npz", x=np.ones(2), names=np.array(["a"]))
    with pytest.raises(TypeError, match="^tensor 'names': mlx has no dtype"):
        tenon.load(tmp_path / "a.npz", framework="mlx")


def test_metadata_that_gguf_does_not_have(tmp_path):
    with pytest.raises(TypeError, match="metadata 'n': GGUF has no value for None"):
        tenon.save_gguf(tmp_path / "a", {"x": np.ones(2)}, {"k": 1, "n": None})
    assert not (tmp_path / "a.gguf").exists()


def test_writers_speak_of_their_methods(tmp_path):
    w = tenon.writer(tmp_path / "a.npz")
    for call, method in ((w.end, "Writer.begin"), (lambda: w.put(b"1"), "Writer.begin")):
        with pytest.raises(ValueError, match=method):
            call()
    w.begin("x", "f32", (1,))
    for call in (w.finish, lambda: w.add("y", np.ones(1))):
        with pytest.raises(ValueError, match="Writer.end"):
            call()
    w.close()
