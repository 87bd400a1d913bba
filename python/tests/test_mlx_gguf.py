# SPDX-License-Identifier: MIT
"""Metadata and quantised tensors of GGUF files, beside MLX and gguf-py."""

import pathlib
import pickle

import gguf
import ml_dtypes
import mlx.core as mx
import numpy as np
import pytest

import tenon

ARRAYS = {"test": np.ones((4, 4), np.int32)}
NUMBERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32"]


def both(tmp_path, metadata, arrays=None):
    """The metadata after a save and a load by tenon, and the file."""
    path = tmp_path / "x.gguf"
    tenon.save_gguf(str(path), ARRAYS if arrays is None else arrays, metadata)
    loaded, found = tenon.load(str(path), return_metadata=True)
    assert np.array_equal(loaded["test"], ARRAYS["test"])
    return found, path


def by_mlx(path):
    return mx.load(str(path), return_metadata=True)[1]


def equal(left, right):
    """Of the same types, too, all the way down."""
    if isinstance(left, (np.ndarray, np.generic)):
        return left.dtype == right.dtype and np.shape(left) == np.shape(right) and left.tobytes() == right.tobytes()
    if isinstance(left, list):
        return type(right) is list and len(left) == len(right) and all(map(equal, left, right))
    return type(left) is type(right) and left == right


# ---- metadata ------------------------------------------------------------------------------------------------------


def test_none(tmp_path):
    for metadata in ({}, None):
        found, path = both(tmp_path, metadata)
        assert found == {} and by_mlx(path) == {}
    tenon.save_gguf(tmp_path / "x.gguf", ARRAYS)
    assert tenon.load(tmp_path / "x.gguf").keys() == ARRAYS.keys()


def test_text(tmp_path):
    found, path = both(tmp_path, {"meta": "data"})
    assert found == {"meta": "data"} and by_mlx(path) == {"meta": "data"}


@pytest.mark.parametrize("shape", [(), (2,), (0,)], ids=str)
@pytest.mark.parametrize("dtype", [*NUMBERS, "bool"])
def test_numbers(tmp_path, dtype, shape):
    value = np.array(np.arange(200, 202)[: shape[0]] if shape else 201).astype(dtype)
    for given in (value, value[()], mx.array(value)):
        found, path = both(tmp_path, {"meta": given})
        assert list(found) == ["meta"] and equal(found["meta"], value[()])
        if shape != (0,):  # MLX cannot read these
            theirs = by_mlx(path)["meta"]
            assert theirs.dtype == mx.array(value).dtype and np.array_equal(np.array(theirs), value)
    if shape != (0,):
        mx.save_gguf(str(tmp_path / "mlx.gguf"), {"test": mx.ones(1)}, {"meta": mx.array(value)})
        assert equal(tenon.load(tmp_path / "mlx.gguf", return_metadata=True)[1]["meta"], value[()])


def test_what_mlx_drops_is_kept(tmp_path):
    """f64 and nested arrays: MLX loads no file that has them."""
    metadata = {
        "f64": np.float64(0.1),
        "f64s": np.array([0.1, -1e300]),
        "nested": [["a", "b"], np.array([1, 2], np.uint16), [[True]], []],
        "python": 0.1,
    }
    found, _ = both(tmp_path, metadata)
    assert equal(found["f64"], metadata["f64"]) and equal(found["f64s"], metadata["f64s"])
    assert equal(found["python"], np.float64(0.1))
    assert equal(found["nested"], [["a", "b"], np.array([1, 2], np.uint16), [np.array([True])], []])


NO_VALUES = [np.float16(1), np.array([1, 2], np.float16), np.complex64(1), 1j, mx.array(1, mx.bfloat16), {"a": 1}]
NO_VALUES += [np.array(1, ml_dtypes.bfloat16), np.datetime64("2020"), object(), [object()]]


@pytest.mark.parametrize("value", NO_VALUES)
def test_what_has_no_type_is_refused(tmp_path, value):
    tenon.save_gguf(tmp_path / "x.gguf", ARRAYS, {"old": "file"})
    with pytest.raises((ValueError, TypeError), match="meta"):
        tenon.save_gguf(tmp_path / "x.gguf", ARRAYS, {"meta": value})
    assert tenon.load(tmp_path / "x.gguf", return_metadata=True)[1] == {"old": "file"}


def test_mixtures(tmp_path):
    metadata = {"meta1": np.array(1.5, np.float32), "meta2": "data"}
    found, path = both(tmp_path, metadata)
    assert equal(found["meta1"], np.float32(1.5)) and found["meta2"] == "data"
    assert by_mlx(path)["meta1"].dtype == mx.float32 and by_mlx(path)["meta2"] == "data"
    metadata = {
        "meta1": ["data1", "data2", "data345", ""],
        "meta2": mx.array([1, 2, 3, 4]),
        "meta3": "data",
        "meta4": mx.array(1.5),
    }
    found, path = both(tmp_path, metadata)
    theirs = by_mlx(path)
    assert list(found) == list(metadata) and theirs.keys() == metadata.keys()
    for key, value in metadata.items():
        if isinstance(value, mx.array):
            assert np.array_equal(found[key], np.array(value)) and found[key].dtype == np.array(value).dtype
            assert mx.array_equal(theirs[key], value) and theirs[key].dtype == value.dtype
        else:
            assert found[key] == value and theirs[key] == value


def test_python_values(tmp_path):
    metadata = {
        "int": 5, "large": 2**64 - 1, "float": 1.5, "bool": True, "ints": [1, 2], "mixed": [1, 2.5], "tuple": ("a",
        "b"), "bools": [True, False], "none of them": [], "range": range(3), "nul": "a\0b", "bytes": b"\xff\0", "é":
        "ü",
    }
    found, path = both(tmp_path, metadata)
    assert equal(found["int"], np.int64(5)) and equal(found["large"], np.uint64(2**64 - 1))
    assert equal(found["float"], np.float64(1.5)) and equal(found["bool"], np.True_)
    assert equal(found["ints"], np.array([1, 2], np.int64)) and equal(found["mixed"], np.array([1, 2.5]))
    assert found["tuple"] == ["a", "b"] and equal(found["bools"], np.array([True, False]))
    assert found["none of them"] == [] and equal(found["range"], np.array([0, 1, 2], np.int64))
    assert found["nul"] == "a\0b" and found["bytes"] == b"\xff\0" and found["é"] == "ü"
    with tenon.open(path) as f:
        assert f.metadata["int"] == 5 and type(f.metadata["int"]) is int and type(f.metadata["bool"]) is bool
        assert f.metadata_types["int"] == "i64" and f.metadata_types["none of them"] == "array:string"


@pytest.mark.parametrize("value", [[True, 1], ["a", 1], [1, [2]], [None], [1, "a", 2.0]], ids=str)
def test_mixed_lists_are_refused(tmp_path, value):
    with pytest.raises(TypeError, match="'meta'.*values of several types"):
        tenon.save_gguf(tmp_path / "x.gguf", ARRAYS, {"meta": value})


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, [2**63, -1], [10**400, 0.5]], ids=lambda value: str(value)[:20])
def test_integers_that_no_type_has(tmp_path, value):
    with pytest.raises(OverflowError, match="'meta'.*cannot hold"):
        tenon.save_gguf(tmp_path / "x.gguf", ARRAYS, {"meta": value})


def test_an_integer_is_not_rounded_among_floats(tmp_path):
    with pytest.raises(ValueError, match="f64 does not have the integer 9007199254740993"):
        tenon.save_gguf(tmp_path / "x.gguf", ARRAYS, {"meta": [2**53 + 1, 0.5]})


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", ["u2", "i4", "u8", "f4", "f8"])
def test_strides_and_byte_orders(tmp_path, dtype, order):
    base = np.arange(12).astype(order + dtype)
    for value in (base[::3], base[::-1], np.broadcast_to(base[4], (3,)), base.reshape(3, 4)[:, 1], base[5]):
        found, _ = both(tmp_path, {"meta": value})
        assert equal(found["meta"], np.array(value, dtype)[()])


def test_two_dims_are_arrays_of_arrays(tmp_path):
    found, _ = both(tmp_path, {"meta": np.arange(6, dtype=np.uint8).reshape(2, 3), "none": np.zeros((0, 2))})
    assert equal(found["meta"], [np.array([0, 1, 2], np.uint8), np.array([3, 4, 5], np.uint8)]) and found["none"] == []


def test_a_vocabulary(tmp_path):
    words = [f"word {i} é" for i in range(150_000)]
    found, path = both(tmp_path, {"words": words, "scores": np.arange(150_000, dtype=np.float32)})
    assert found["words"] == words and found["scores"][-1] == 149_999
    assert by_mlx(path)["words"] == words


def test_what_was_loaded_is_saved_as_the_same_types(tmp_path):
    """So that a program which changes one tensor changes nothing else."""
    writer = gguf.GGUFWriter(tmp_path / "a.gguf", "llama")
    for name in [*NUMBERS, "float64", "bool"]:
        getattr(writer, f"add_{name}")(f"x.{name}", 1)
    writer.add_array("x.words", ["a", "b"])
    writer.add_array("x.numbers", [1, 2])
    writer.add_tensor("test", np.ones((4, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    arrays, metadata = tenon.load(tmp_path / "a.gguf", return_metadata=True)
    assert [type(metadata[f"x.{name}"]) for name in ("uint8", "float32", "bool")] == [np.uint8, np.float32, np.bool_]
    tenon.save_gguf(tmp_path / "b.gguf", arrays, metadata)
    assert (tmp_path / "a.gguf").read_bytes() == (tmp_path / "b.gguf").read_bytes()


def llama(path):
    tenon.save_gguf(path, ARRAYS, {"llama.block_count": np.uint32(2), "eps": np.float32(0.5), "general.name": "old"})
    return tenon.open(path)


@pytest.mark.parametrize("way", ["write", "save_gguf", "writer", "convert", "or", "ror"])
def test_metadata_of_an_open_file_are_saved_as_the_same_types(tmp_path, way):
    target, types = tmp_path / "y.gguf", {"llama.block_count": "u32", "eps": "f32", "general.name": "string"}
    with llama(tmp_path / "x.gguf") as f:
        assert f.metadata == {"llama.block_count": 2, "eps": 0.5, "general.name": "old"} and f.metadata.types == types
        assert type(f.metadata["llama.block_count"]) is int and f.metadata_types == types
        if way == "writer":
            with tenon.writer(target, metadata=f.metadata) as w:
                w.add("test", f["test"])
        elif way == "convert":
            tenon.save_gguf(tmp_path / "z.gguf", ARRAYS)
            tenon.convert(tmp_path / "z.gguf", target, metadata=f.metadata)
        elif way in ("write", "save_gguf"):
            getattr(tenon, way)(target, f, f.metadata)
        else:
            name = {"general.name": "new"}
            tenon.save_gguf(target, f, f.metadata | name if way == "or" else {**name, "eps": 1} | f.metadata)
    with tenon.open(target) as f:
        assert f.metadata_types == types and f.metadata["eps"] == 0.5
        assert f.metadata["general.name"] == ("new" if way == "or" else "old")


def test_metadata_of_an_open_file_are_read_only(tmp_path):
    with llama(tmp_path / "x.gguf") as f:
        with pytest.raises(TypeError):
            f.metadata["a"] = 1
        assert list(f.metadata) == ["llama.block_count", "eps", "general.name"] and len(f.metadata) == 3
        assert repr(f.metadata) == "{'llama.block_count': 2, 'eps': 0.5, 'general.name': 'old'}"
        assert pickle.loads(pickle.dumps(f.metadata)) == f.metadata
        f.metadata.types.clear()
        assert f.metadata.types


@pytest.mark.parametrize("wrong", [[1], "text", 5])
def test_metadata_are_a_mapping(tmp_path, wrong):
    for save in (tenon.save_gguf, tenon.write):
        with pytest.raises(TypeError, match="metadata is a dict"):
            save(tmp_path / "x.gguf", ARRAYS, wrong)


def test_gguf_py_reads_it(tmp_path):
    _, path = both(tmp_path, {"general.architecture": "llama", "llama.block_count": np.uint32(2), "words": ["a", "bc"]})
    reader = gguf.GGUFReader(path)
    assert reader.fields["llama.block_count"].types == [gguf.GGUFValueType.UINT32]
    assert reader.fields["llama.block_count"].contents() == 2 and reader.fields["words"].contents() == ["a", "bc"]


# ---- quantised tensors ---------------------------------------------------------------------------------------------


def quantised(path, kinds, rows=6, columns=256):
    """A file with a tensor of each kind, blk.KIND.weight, quantised by gguf-py."""
    writer = gguf.GGUFWriter(path, "llama")
    numbers = np.random.default_rng(1).normal(size=(rows, columns)).astype(np.float32)
    for kind in kinds:
        type_ = getattr(gguf.GGMLQuantizationType, kind.upper())
        if kind in ("q2_k", "q4_k", "q6_k"):  # which gguf-py only reads: small scales, any other bits
            _, size = gguf.GGML_QUANT_SIZES[type_]
            blocks = np.random.default_rng(2).integers(0, 256, (rows, columns // 256, size), np.uint8)
            places = {"q2_k": (80, 82), "q4_k": (0, 2), "q6_k": (208,)}[kind]
            for place in places:
                blocks[..., place : place + 2] = np.frombuffer(np.float16(0.011).tobytes(), np.uint8)
            data = blocks.reshape(rows, -1)
        else:
            data = gguf.quants.quantize(numbers, type_)
        writer.add_tensor(f"blk.{kind}.weight", data, raw_dtype=type_)
    writer.add_tensor("norm.weight", np.arange(5, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_triples_are_those_of_mlx(tmp_path):
    path = tmp_path / "x.gguf"
    quantised(path, ["q4_0", "q4_1", "q8_0"])
    mine, theirs = tenon.load(path, quantized="triple"), mx.load(str(path))
    assert mine.keys() == theirs.keys()
    for name, array in theirs.items():
        assert mine[name].dtype == np.array(array).dtype and mine[name].shape == array.shape
        assert mine[name].tobytes() == np.array(array).tobytes()
    for kind, bits in (("q4_0", 4), ("q4_1", 4), ("q8_0", 8)):
        parts = [mine[f"blk.{kind}.{part}"] for part in ("weight", "scales", "biases")]
        numbers = mx.dequantize(*map(mx.array, parts), group_size=32, bits=bits)
        exact = gguf.dequantize(gguf.GGUFReader(path).tensors[["q4_0", "q4_1", "q8_0"].index(kind)].data,
                                getattr(gguf.GGMLQuantizationType, kind.upper()))
        assert np.allclose(np.array(numbers), exact, rtol=2e-3, atol=2e-3)


def test_triples_of_a_vector(tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "llama")
    block = np.concatenate([np.frombuffer(np.float16(0.5).tobytes(), np.uint8), np.arange(16, dtype=np.uint8)])
    writer.add_tensor("quant.weight", block, raw_dtype=gguf.GGMLQuantizationType.Q4_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    mine, theirs = tenon.load(tmp_path / "x.gguf", quantized="triple"), mx.load(str(tmp_path / "x.gguf"))
    assert mine.keys() == theirs.keys() == {"quant.weight", "quant.scales", "quant.biases"}
    assert all(np.array_equal(mine[name], np.array(theirs[name])) for name in mine)


@pytest.mark.parametrize("kind", ["q2_k", "q4_k", "q6_k"])
def test_other_blocks_become_f16_as_in_mlx(tmp_path, kind):
    path = tmp_path / "x.gguf"
    quantised(path, [kind])
    mine, theirs = tenon.load(path, quantized="triple"), mx.load(str(path))
    assert mine.keys() == theirs.keys()
    name = f"blk.{kind}.weight"
    tensor = gguf.GGUFReader(path).tensors[0]
    assert mine[name].dtype == np.float16 and theirs[name].dtype == mx.float16
    assert np.array_equal(mine[name], gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float16))
    # MLX gets every other group of 32 of q4_k wrong
    same = np.arange(256) // 32 % 2 == 0 if kind == "q4_k" else slice(None)
    assert np.array_equal(mine[name][:, same], np.array(theirs[name])[:, same])


def test_blocks_that_mlx_does_not_open(tmp_path):
    path = tmp_path / "x.gguf"
    quantised(path, ["q5_0", "q8_0"])
    with pytest.raises((ValueError, RuntimeError)):
        mx.load(str(path))
    mine = tenon.load(path, quantized="triple")
    exact = gguf.dequantize(gguf.GGUFReader(path).tensors[0].data, gguf.GGMLQuantizationType.Q5_0)
    assert np.array_equal(mine["blk.q5_0.weight"], exact.astype(np.float16)) and "blk.q8_0.scales" in mine


def test_blocks_are_quantized_arrays(tmp_path):
    path = tmp_path / "x.gguf"
    quantised(path, ["q4_0", "q6_k"])
    loaded = tenon.load(path)
    for tensor in gguf.GGUFReader(path).tensors[:2]:
        mine = loaded[tensor.name]
        assert isinstance(mine, tenon.QuantizedArray) and mine.shape == (6, 256)
        assert mine.data.tobytes() == tensor.data.tobytes()
        exact = gguf.dequantize(tensor.data, tensor.tensor_type)
        assert np.array_equal(mine.dequantize(), exact)
        assert np.array_equal(tenon.load(path, quantized="dequantize")[tensor.name], exact)
        assert np.array_equal(tenon.load(path, quantized="dequantize:f16")[tensor.name], exact.astype(np.float16))
    assert loaded["norm.weight"].dtype == np.float32
    tenon.save_gguf(tmp_path / "y.gguf", loaded)
    assert tenon.load(tmp_path / "y.gguf")["blk.q6_k.weight"] == loaded["blk.q6_k.weight"]


def test_triples_of_mlx_are_read_back(tmp_path):
    """MLX's own quantised layers in safetensors, which have no blocks: nothing is changed."""
    weight, scales, biases = mx.quantize(mx.random.normal((8, 64)), group_size=32, bits=4)
    mx.save_safetensors(str(tmp_path / "x.safetensors"), {"l.weight": weight, "l.scales": scales, "l.biases": biases})
    loaded = tenon.load(pathlib.Path(tmp_path / "x.safetensors"), quantized="triple")
    for name, array in (("l.weight", weight), ("l.scales", scales), ("l.biases", biases)):
        assert np.array_equal(loaded[name], np.array(array))


def test_triples_of_carried_blocks(tmp_path):
    quantised(tmp_path / "x.gguf", ["q4_1", "q5_0"])
    tenon.convert(tmp_path / "x.gguf", tmp_path / "x.safetensors", carry=True)
    mine, theirs = (tenon.load(tmp_path / f"x.{s}", quantized="triple") for s in ("safetensors", "gguf"))
    assert mine.keys() == theirs.keys() and all(np.array_equal(mine[name], theirs[name]) for name in mine)
