# SPDX-License-Identifier: MIT
"""Dicts, and lists of values of several types, among metadata."""

import numpy as np
import pytest

import tenon
from tenon import _context


TREE = {
    "a": [1, 2.5, "x", None, {"b": []}], "n": np.uint32(7), "f": np.float32(1.5), "big": np.uint64(2**64 - 1), "e": {},
    "t": [True, 1], "": {"ä": -5}
}


def saved(value, kind=None):
    plan = _context.context().plan()
    plan.put_metadata("k", value, kind)
    return plan.save_memory({"format": "safetensors"})[0]


def through(value):
    file = _context.context().open(saved(value), format="safetensors")
    return file.metadata()["k"], file.metadata_types()["k"]


@pytest.mark.parametrize("value, kind", [(TREE, "map"), ({}, "map"), ([None], "array:mixed"), ([True, 1], "array:mixed"),
                                         ([{}, "x"], "array:mixed")])
def test_dicts_and_mixed_lists(value, kind):
    for asked in (None, kind):
        data = saved(value, asked)
        file = _context.context().open(data, format="safetensors")
        found = file.metadata()["k"]
        assert found == value and file.metadata_types() == {"k": kind}
        if value is TREE:  # no type changes, however often it is saved
            assert [type(found[key]) for key in value] == [type(item) for item in value.values()]
            assert bytes(saved(found)) == bytes(data)


def test_arrays_in_dicts():
    found, kind = through({"ids": [1, 2], "lists": [[1.5], [2.5]], "words": ("x", b"\xff")})
    assert kind == "map" and found["ids"].dtype == np.int64 and found["ids"].tolist() == [1, 2] and found["words"] == ["x", b"\xff"]
    assert found["lists"][1].dtype == np.float64 and found["lists"][1].tolist() == [2.5]


@pytest.mark.parametrize("value", [{1: 2}, {"a": {b"x": 1}}, [1, object()], {"a": 1j}, {"a": [1, {2: 3}]}])
def test_dicts_that_are_refused(value):
    with pytest.raises(TypeError, match="^metadata 'k': "):
        saved(value)


def test_a_dict_in_itself():
    loop = {}
    loop["a"] = [loop, 1]
    with pytest.raises(RecursionError):
        saved(loop)


@pytest.mark.parametrize("value", [{}, [1, "x"], [None], [[1], 2], [[1, {}]], [True, 1]])
def test_gguf_has_no_trees(value, tmp_path):
    with pytest.raises(TypeError, match="'k': GGUF has "):
        tenon.save_gguf(tmp_path / "a", {"x": np.zeros(1)}, {"k": value})
    assert not list(tmp_path.iterdir())
    report = tenon.write(tmp_path / "a.gguf", {"x": np.zeros(1)}, metadata={"k": value, "j": 1})
    assert [entry.subject for entry in report if entry.kind == "loss"] == ["k"]
    with tenon.open(tmp_path / "a.gguf") as file:
        assert dict(file.metadata) == {"j": 1}


def test_chunks_of_a_store(tmp_path):
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / ".zarray").write_text(
        '{"zarr_format":2,"shape":[4,6],"chunks":[2,3],"dtype":"<i2","compressor":{"id":"zlib","level":1},"fill_value":7,'
        '"order":"C","filters":null}'
    )
    (tmp_path / "a.zarr" / ".zattrs").write_text('{"a":{"b":[1,2.5,null]},"c":[1,2]}')
    tenon.save(tmp_path / "b.npy", np.zeros(3))
    with tenon.open(tmp_path / "a.zarr") as file, tenon.open(tmp_path / "b.npy") as other:
        assert file.tensors["a"].chunks == (2, 3) and file.tensors["a"].filter == "zlib"
        assert "chunks (2, 3)" in repr(file.tensors["a"])
        assert file.metadata["a"] == {"b": [1, 2.5, None]} and file.metadata["c"].tolist() == [1, 2]
        assert other.tensors["b"].chunks is None and other.tensors["b"].shape == (3,)
