# SPDX-License-Identifier: MIT
"""tenon.convert: from one format to another."""

import io
import os

import gguf
import mlx.core as mx
import numpy as np
import pytest
import safetensors.numpy
import tenon


@pytest.fixture
def source(tmp_path):
    arrays = {
        "layers.0.weight": np.linspace(-1, 1, 128, dtype="f4").reshape(4, 32),
        "layers.0.bias": np.ones(4, "f4"),
        "layers.1.weight": np.linspace(0, 1, 128, dtype="f4").reshape(4, 32),
        "ids": np.arange(5),
    }
    path = tmp_path / "a.safetensors"
    tenon.save_safetensors(path, arrays, {"author": "me"})
    return path, arrays


def types_of(path):
    with tenon.open(path) as f:
        return {name: info.dtype for name, info in f.tensors.items()}


def test_all_tensors_and_metadata(tmp_path, source):
    path, arrays = source
    report = tenon.convert(path, tmp_path / "b.gguf")
    assert report.losses == []
    reader = gguf.GGUFReader(tmp_path / "b.gguf")
    assert reader.fields["author"].contents() == "me"
    found = {tensor.name: tensor.data for tensor in reader.tensors}
    assert found.keys() == arrays.keys() and all(np.array_equal(found[name], array) for name, array in arrays.items())


def test_what_a_format_cannot_hold_is_a_loss(tmp_path, source):
    path, arrays = source
    report = tenon.convert(path, tmp_path / "b.npz", options={"compression": "deflate"})
    with np.load(tmp_path / "b.npz") as file:
        assert all(np.array_equal(file[name], array) for name, array in arrays.items())
    assert [(entry.kind, entry.subject) for entry in report.losses] == [("loss", "author")]
    assert tenon.convert(path, tmp_path / "c.npz", options={"metadata": "member"}).losses == []
    with tenon.open(tmp_path / "c.npz") as f:
        assert dict(f.metadata) == {"author": "me"}


def test_strict_refuses_losses(tmp_path):
    tenon.savez(tmp_path / "a.npz", x=np.array([1.0, 1e30]))
    with pytest.raises(tenon.TenonError) as caught:
        tenon.convert(tmp_path / "a.npz", tmp_path / "b.npz", dtype="f16", strict=True)
    assert caught.value.status == "TENON_E_LOSS"
    assert os.listdir(tmp_path) == ["a.npz"]
    assert [entry.subject for entry in tenon.convert(tmp_path / "a.npz", tmp_path / "b.npz", dtype="f16").losses] == [
        "x"
    ]


@pytest.mark.parametrize(
    "only, expected",
    [
        ("ids", ["ids"]),
        ("layers.*", ["layers.0.weight", "layers.0.bias", "layers.1.weight"]),
        (["ids", "*.bias"], ["layers.0.bias", "ids"]),
        ("!*.weight", ["layers.0.bias", "ids"]),
        (["layers.*", "!*.0.*"], ["layers.1.weight"]),
    ],
)
def test_only(tmp_path, source, only, expected):
    tenon.convert(source[0], tmp_path / "b.npz", only=only)
    with np.load(tmp_path / "b.npz") as file:
        assert sorted(file.files) == sorted(expected)


def test_only_refuses_what_fits_nothing(tmp_path, source):
    with pytest.raises(KeyError, match="layer.x"):
        tenon.convert(source[0], tmp_path / "b.npz", only=["ids", "layer.x*"])
    assert not (tmp_path / "b.npz").exists()


def test_rename(tmp_path, source):
    tenon.convert(source[0], tmp_path / "b.npz", rename={"ids": "tokens"}, only=["ids", "*.bias"])
    tenon.convert(source[0], tmp_path / "c.npz", rename=lambda name: name.replace("layers.", "blk."))
    assert sorted(np.load(tmp_path / "b.npz")) == ["layers.0.bias", "tokens"]
    assert sorted(np.load(tmp_path / "c.npz")) == ["blk.0.bias", "blk.0.weight", "blk.1.weight", "ids"]
    with pytest.raises(KeyError, match="nothing"):
        tenon.convert(source[0], tmp_path / "d.npz", rename={"nothing": "x"})
    with pytest.raises(ValueError):
        tenon.convert(source[0], tmp_path / "d.npz", rename=lambda name: "same")
    with pytest.raises(ZeroDivisionError):
        tenon.convert(source[0], tmp_path / "d.npz", rename=lambda name: 1 / 0)
    assert not (tmp_path / "d.npz").exists()


def test_dtype(tmp_path, source):
    path, arrays = source
    tenon.convert(path, tmp_path / "b.gguf", dtype={"*": "f16", "*.weight": "q8_0", "layers.1.*": "f32", "i64": "i32"})
    assert types_of(tmp_path / "b.gguf") == {
        "layers.0.weight": "q8_0",
        "layers.0.bias": "f16",
        "layers.1.weight": "f32",
        "ids": "i32",
    }
    tenon.convert(path, tmp_path / "c.gguf", dtype="q4_0")
    assert types_of(tmp_path / "c.gguf") == {
        "layers.0.weight": "q4_0",
        "layers.0.bias": "f32",
        "layers.1.weight": "q4_0",
        "ids": "i64",
    }
    tenon.convert(tmp_path / "b.gguf", tmp_path / "d.safetensors", dtype="float32")
    found = safetensors.numpy.load_file(tmp_path / "d.safetensors")
    assert found["layers.0.weight"].dtype == np.float32
    assert np.allclose(found["layers.0.weight"], arrays["layers.0.weight"], atol=0.01)


def test_open_files_and_several_sources(tmp_path, source):
    path, arrays = source
    tenon.savez_compressed(tmp_path / "more.npz", more=np.arange(3))
    with tenon.open(path) as f:
        tenon.convert([f, tmp_path / "more.npz"], tmp_path / "b.safetensors")
        assert f["ids"].tolist() == [0, 1, 2, 3, 4]
    found = safetensors.numpy.load_file(tmp_path / "b.safetensors")
    assert found.keys() == {*arrays, "more"}
    with pytest.raises(ValueError, match="ids"):
        tenon.convert([path, path], tmp_path / "c.safetensors")


def test_file_objects(tmp_path, source):
    path, arrays = source
    target = io.BytesIO()
    tenon.convert(io.BytesIO(path.read_bytes()), target, format="npz")
    target.seek(0)
    assert np.array_equal(np.load(target)["layers.0.weight"], arrays["layers.0.weight"])


class Breaking(io.BytesIO):
    """A file object that fails from some moment on."""

    failure = None

    def readinto(self, to):
        if self.failure is not None:
            raise self.failure
        return super().readinto(to)


@pytest.mark.parametrize(
    "failure", [RuntimeError("the line is cut"), OSError(5, "the disk is gone"), KeyboardInterrupt()], ids=repr
)
def test_what_a_file_object_raises_reaches_the_caller(tmp_path, source, failure):
    file = Breaking(source[0].read_bytes())
    with tenon.open(file) as f:
        file.failure = failure
        with pytest.raises(type(failure)) as caught:
            tenon.convert(f, tmp_path / "b.npz")
        assert caught.value is failure
        assert not (tmp_path / "b.npz").exists()
        file.failure = None
        tenon.convert(f, tmp_path / "b.npz")
    assert np.load(tmp_path / "b.npz")["ids"].tolist() == [0, 1, 2, 3, 4]


def test_a_file_into_itself(tmp_path, source):
    path, arrays = source
    tenon.convert(path, path, dtype="f16")
    assert types_of(path)["layers.0.weight"] == "f16"


def test_metadata_are_added_and_replaced(tmp_path, source):
    tenon.convert(source[0], tmp_path / "b.gguf", only="ids", metadata={"author": "you", "n": np.uint8(3)})
    with tenon.open(tmp_path / "b.gguf") as f:
        assert dict(f.metadata) == {"author": "you", "n": 3} and f.metadata_types["n"] == "u8"


def test_append_and_new(tmp_path, source):
    path, _ = source
    tenon.convert(path, tmp_path / "b.npz", only="ids")
    tenon.convert(path, tmp_path / "b.npz", only="*.bias", append=True)
    assert np.load(tmp_path / "b.npz").files == ["ids", "layers.0.bias"]
    with pytest.raises(FileExistsError):
        tenon.convert(path, tmp_path / "b.npz", new=True)


def test_carry(tmp_path):
    q = tenon.QuantizedArray.quantize(np.ones((2, 32), "f4"), "q4_0")
    tenon.save_gguf(tmp_path / "a.gguf", {"q": q})
    with pytest.raises(ValueError):
        tenon.convert(tmp_path / "a.gguf", tmp_path / "b.safetensors")
    tenon.convert(tmp_path / "a.gguf", tmp_path / "b.safetensors", carry=True)
    with tenon.open(tmp_path / "b.safetensors") as f:
        assert f["q"] == q
    assert safetensors.numpy.load_file(tmp_path / "b.safetensors")["q"].dtype == np.uint8


def test_unreadable_tensors(tmp_path):
    tenon.savez(tmp_path / "a.npz", x=np.arange(3), y=np.arange(4))
    np.savez(tmp_path / "b.npz", x=np.arange(3), y=np.array([None]))
    with pytest.raises(ValueError):
        tenon.convert(tmp_path / "b.npz", tmp_path / "c.safetensors")
    report = tenon.convert(tmp_path / "b.npz", tmp_path / "c.safetensors", skip_unreadable=True)
    assert "y" in [entry.subject for entry in report.losses]
    assert list(safetensors.numpy.load_file(tmp_path / "c.safetensors")) == ["x"]


def test_packed_weights_of_mlx_become_numbers(tmp_path):
    numbers = mx.random.normal((4, 64)).astype(mx.float16)
    weight, scales, biases = mx.quantize(numbers, group_size=64, bits=4)
    mx.save_safetensors(
        str(tmp_path / "a.safetensors"),
        {"x.weight": weight, "x.scales": scales, "x.biases": biases, "y": mx.ones((3,))},
    )
    tenon.convert(tmp_path / "a.safetensors", tmp_path / "b.safetensors", dtype="f32")
    found = safetensors.numpy.load_file(tmp_path / "b.safetensors")
    expected = np.array(mx.dequantize(weight, scales, biases, group_size=64, bits=4))
    assert sorted(found) == ["x.weight", "y"]
    assert found["x.weight"].dtype == np.float32 and np.array_equal(found["x.weight"], expected.astype("f4"))


def test_a_missing_source(tmp_path):
    with pytest.raises(FileNotFoundError):
        tenon.convert(tmp_path / "none.npz", tmp_path / "b.npz")
