# SPDX-License-Identifier: MIT
"""QuantizedArray: against gguf.quants, MLX's own triples, and files of vectors where they are."""

import copy
import os
import pathlib
import pickle
import warnings

import gguf
import gguf.quants
import ml_dtypes
import mlx.core as mx
import numpy as np
import pytest
import tenon

warnings.filterwarnings("ignore", module="gguf")
# of each dtype: bytes of a block, its numbers, gguf's type
BLOCKS = {
    "q4_0": (18, 32, "Q4_0"),
    "q4_1": (20, 32, "Q4_1"),
    "q5_0": (22, 32, "Q5_0"),
    "q5_1": (24, 32, "Q5_1"),
    "q8_0": (34, 32, "Q8_0"),
    "q2_k": (84, 256, "Q2_K"),
    "q3_k": (110, 256, "Q3_K"),
    "q4_k": (144, 256, "Q4_K"),
    "q5_k": (176, 256, "Q5_K"),
    "q6_k": (210, 256, "Q6_K"),
    "iq4_nl": (18, 32, "IQ4_NL"),
    "mxfp4": (17, 32, "MXFP4"),
}
TRIPLES = {"q4_0": 4, "q4_1": 4, "q8_0": 8}
SHARED = os.environ.get("TENON_SHARED")


def kind(name):
    return getattr(gguf.GGMLQuantizationType, BLOCKS[name][2])


def numbers(shape, seed=1):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def blocks(name, shape, seed=3):
    """Blocks of random numbers, by gguf.quants where it quantises, else by tenon."""
    try:
        return gguf.quants.quantize(numbers(shape, seed), kind(name)).reshape(*shape[:-1], -1)
    except NotImplementedError:
        return tenon.QuantizedArray.quantize(numbers(shape, seed), name).data


def save_gguf(path, name, data):
    writer = gguf.GGUFWriter(path, "test")
    writer.add_tensor("x.weight", data, raw_dtype=kind(name))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize("name", BLOCKS)
def test_dequantize(name):
    size, items, _ = BLOCKS[name]
    shape = (3, 2 * items)
    data = blocks(name, shape)
    q = tenon.QuantizedArray(name, shape, data)
    assert (q.dtype, q.shape, q.ndim, q.size, q.nbytes) == (name, shape, 2, 6 * items, 6 * size) and q.data.shape == (
        3,
        2 * size,
    )
    expected = gguf.quants.dequantize(data, kind(name))
    assert q.dequantize().dtype == np.float32 and np.array_equal(q.dequantize(), expected)
    assert np.array_equal(np.asarray(q), expected) and np.asarray(q, np.float64).dtype == np.float64
    for dtype in (np.float16, "f64", ml_dtypes.bfloat16):
        assert np.array_equal(q.dequantize(dtype), expected.astype(np.dtype(dtype) if dtype != "f64" else np.float64))
    assert name in repr(q) and str(shape) in repr(q)


@pytest.mark.parametrize("name", ["q4_0", "q4_1", "q5_0", "q5_1", "q8_0"])
def test_quantize(name):
    given = numbers((4, 64))
    expected = gguf.quants.quantize(given, kind(name))
    assert np.array_equal(tenon.QuantizedArray.quantize(given, name).data, expected)
    for other in (given.astype(np.float64), np.asfortranarray(given), given.tolist(), given[::-1][::-1]):
        assert np.array_equal(tenon.QuantizedArray.quantize(other, name).data, expected)
    assert tenon.QuantizedArray.quantize(given.reshape(2, 2, 64), name).data.shape == (2, 2, expected.shape[-1])


def test_empty():
    q = tenon.QuantizedArray.quantize(np.zeros((0, 64), np.float32), "q8_0")
    assert q.shape == (0, 64) and q.nbytes == 0 and q.dequantize().shape == (0, 64)
    assert [part.shape for part in q.triple()] == [(0, 16), (0, 2), (0, 2)]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: tenon.QuantizedArray("q8_0", (2, 33), np.zeros(70, np.uint8)),
        lambda: tenon.QuantizedArray("q8_0", (2, 32), np.zeros(67, np.uint8)),
        lambda: tenon.QuantizedArray("q8_0", (2, 32), np.zeros(68, np.int8)),
        lambda: tenon.QuantizedArray("q8_0", (), np.zeros(0, np.uint8)),
        lambda: tenon.QuantizedArray("f32", (2, 32), np.zeros(256, np.uint8)),
        lambda: tenon.QuantizedArray.quantize(np.zeros(31), "q8_0"),
        lambda: tenon.QuantizedArray.quantize(1.0, "q8_0"),
        lambda: tenon.QuantizedArray.quantize(np.zeros(32), "f16"),
        lambda: tenon.QuantizedArray("q8_0", (-1, 32), np.zeros(0, np.uint8)),
        lambda: tenon.QuantizedArray.quantize(np.zeros(32), "q8_0").dequantize("q4_0"),
        lambda: np.array(tenon.QuantizedArray.quantize(np.zeros(32), "q8_0"), copy=False),
    ],
)
def test_refused(wrong):
    with pytest.raises(ValueError):
        wrong()


def test_unknown_dtype():
    with pytest.raises(KeyError):
        tenon.QuantizedArray("q9_9", (32,), np.zeros(34, np.uint8))


# ---- MLX -------------------------------------------------------------------------------------------------


def bits(array):
    """So that equal NaNs compare equal, and zeros by their sign."""
    whole = np.array(array)
    return whole.view(np.uint16) if whole.dtype == np.float16 else whole


@pytest.mark.parametrize("shape", [(32,), (4, 512), (3, 64), (2, 3, 96), (2, 1, 2, 32)], ids=str)
@pytest.mark.parametrize("name", TRIPLES)
def test_triple_is_what_mlx_loads(tmp_path, name, shape):
    size, items, _ = BLOCKS[name]
    data = np.random.default_rng(7).integers(0, 256, (int(np.prod(shape)) // items, size), dtype=np.uint8)
    for at in range(0, 4 if name == "q4_1" else 2, 2):
        data[:, at + 1] &= 0xBF  # scales and biases are finite
    data = data.reshape(*shape[:-1], -1)
    save_gguf(tmp_path / "q.gguf", name, data)
    theirs = mx.load(str(tmp_path / "q.gguf"))
    q = tenon.QuantizedArray(name, shape, data)
    for part, found in zip(("weight", "scales", "biases"), q.triple(), strict=True):
        expected = bits(theirs[f"x.{part}"])
        assert found.flags.writeable and bits(found).dtype == expected.dtype and bits(found).shape == expected.shape
        assert np.array_equal(bits(found), expected)
    with tenon.open(tmp_path / "q.gguf") as f:
        assert f["x.weight"] == q and f["x.weight"].shape == shape
    assert tenon.QuantizedArray.from_triple(*q.triple()) == q


@pytest.mark.parametrize("name", TRIPLES)
def test_mlx_dequantizes_the_same(tmp_path, name):
    """Every number: in float32 as ours, in the dtype of the scales as a conversion of the triple makes them."""
    q = tenon.QuantizedArray.quantize(numbers((16, 128)), name)
    parts = dict(zip(("x.weight", "x.scales", "x.biases"), q.triple(), strict=True))
    weight, scales, biases = map(mx.array, parts.values())
    how = {"group_size": 32, "bits": TRIPLES[name]}
    exact = mx.dequantize(weight, scales.astype(mx.float32), biases.astype(mx.float32), **how)
    assert np.array_equal(np.array(exact), q.dequantize())
    half = np.array(mx.dequantize(weight, scales, biases, **how))
    tenon.write(tmp_path / "m.safetensors", parts)
    tenon.convert(tmp_path / "m.safetensors", tmp_path / "h.safetensors", dtype={"x.weight": "f16"})
    with tenon.open(tmp_path / "h.safetensors") as f:
        assert f["x.weight"].dtype == half.dtype == np.float16 and np.array_equal(f["x.weight"], half)


def test_from_what_mlx_quantizes():
    made = [
        np.array(part) for part in mx.quantize(mx.array(numbers((8, 128)).astype(np.float16)), group_size=32, bits=4)
    ]
    q = tenon.QuantizedArray.from_triple(*made)
    assert q.dtype == "q4_1" and q.shape == (8, 128)
    for found, expected in zip(q.triple(), made, strict=True):
        assert np.array_equal(bits(found), bits(expected))


def test_rank_beyond_that_of_gguf():
    q = tenon.QuantizedArray.quantize(numbers((1, 2, 1, 2, 2, 64)), "q4_1")
    parts = q.triple()
    assert [part.shape for part in parts] == [(1, 2, 1, 2, 2, 8), (1, 2, 1, 2, 2, 2), (1, 2, 1, 2, 2, 2)]
    assert tenon.QuantizedArray.from_triple(*parts) == q


def test_no_triple():
    with pytest.raises(tenon.TenonError) as caught:
        tenon.QuantizedArray.quantize(np.zeros((1, 256)), "q6_k").triple()
    assert caught.value.status == "TENON_E_UNSUPPORTED" and "q6_k" in str(caught.value)
    weight, scales, biases = tenon.QuantizedArray.quantize(numbers((2, 64)), "q8_0").triple()
    with pytest.raises(tenon.TenonError):
        tenon.QuantizedArray.from_triple(weight, scales, biases + np.float16(0.37))
    with pytest.raises(ValueError):
        tenon.QuantizedArray.from_triple(weight, scales[:1], biases)
    with pytest.raises(ValueError):
        tenon.QuantizedArray.from_triple(weight.astype(np.float32), scales, biases)


# ---- as a sequence of rows -------------------------------------------------------------------------------


def test_rows():
    q = tenon.QuantizedArray.quantize(numbers((3, 4, 64)), "q8_0")
    whole = q.dequantize()
    for index in (
        0,
        -1,
        slice(1, 3),
        slice(None, None, -2),
        (1, 2),
        (slice(None), 1),
        Ellipsis,
        (Ellipsis, slice(None)),
        [0, 2],
        (None, 1),
        np.array([True, False, True]),
        (0, 1, slice(None)),
        (slice(None), slice(None), slice(None)),
    ):
        found = q[index]
        assert (
            isinstance(found, tenon.QuantizedArray)
            and found.dtype == "q8_0"
            and np.array_equal(found.dequantize(), whole[index])
        )
    assert (
        len(q) == 3
        and [np.array_equal(row.dequantize(), expected) for row, expected in zip(q, whole, strict=True)] == [True] * 3
    )
    for index in (
        (0, 0, 0),
        (Ellipsis, 0),
        (0, 0, slice(0, 32)),
        3,
        (0, 0, 0, 0),
        (Ellipsis, slice(32, None)),
        (Ellipsis, None),
    ):
        with pytest.raises(IndexError):
            q[index]
    row = tenon.QuantizedArray.quantize(numbers(64), "q8_0")
    with pytest.raises(IndexError):
        row[0]
    assert row[:] == row


def test_equality():
    q = tenon.QuantizedArray.quantize(numbers((2, 64)), "q8_0")
    assert q == tenon.QuantizedArray("q8_0", [2, 64], q.data.copy()) and not q != q
    other = q.data.copy()
    other[1, 5] ^= 1
    assert (
        q != tenon.QuantizedArray("q8_0", (2, 64), other)
        and q != tenon.QuantizedArray("q8_0", (1, 2, 64), q.data)
        and q != "q8_0"
    )
    assert pickle.loads(pickle.dumps(q)) == q and copy.copy(q) == q and copy.deepcopy(q) == q
    with pytest.raises(TypeError):
        hash(q)


# ---- in files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["q4_0", "q6_k"])
def test_file(tmp_path, name):
    shape = (4, 512)
    data = blocks(name, shape)
    save_gguf(tmp_path / "q.gguf", name, data)
    expected = gguf.quants.dequantize(data, kind(name))
    with tenon.open(tmp_path / "q.gguf") as f:
        assert (
            f.tensors["x.weight"].dtype == name
            and f.tensors["x.weight"].shape == shape
            and f.tensors["x.weight"].nbytes == data.nbytes
        )
        q = f["x.weight"]
        assert not q.data.flags.writeable and q.data.base is not None
        for found in (q, f.read("x.weight"), f.read("x.weight", copy=True), f.read_many()["x.weight"]):
            assert found == tenon.QuantizedArray(name, shape, data)
        assert f.read("x.weight", copy=True).data.flags.writeable
        assert np.array_equal(f.read("x.weight", slice(1, 3)).dequantize(), expected[1:3])
        for index in (Ellipsis, (slice(1, 3), slice(5, 300, 7)), (0, 3), (slice(None), -1), [0, 2]):
            assert np.array_equal(f.read("x.weight", index, dtype="f32"), expected[index])
        assert f.read_many(dtype="f16")["x.weight"].dtype == np.float16
        with pytest.raises(IndexError):
            f.read("x.weight", (0, 0))
        with pytest.raises(IndexError):
            f.tensors["x.weight"][:, 5:9]
        out = np.empty(shape, np.float32)
        assert np.array_equal(f.read("x.weight", out=out), expected)
    assert np.array_equal(q.dequantize(), expected)


def test_quantised_while_reading(tmp_path):
    np.save(tmp_path / "x.npy", numbers((4, 64)))
    with tenon.open(tmp_path / "x.npy") as f:
        expected = tenon.QuantizedArray.quantize(numbers((4, 64)), "q8_0")
        assert f.read("x", dtype="q8_0") == expected and f.read("x", slice(1, 3), dtype="q8_0") == expected[1:3]


@pytest.mark.skipif(not SHARED, reason="the vectors are not beside the tree")
def test_vectors():
    """All quantised types, as ggml quantised and dequantised them."""
    folder = pathlib.Path(SHARED) / "data" / "gguf"
    with tenon.open(folder / "quants.gguf") as f, tenon.open(folder / "quants-dequantized-f32.gguf") as expected:
        compared = 0
        for name, q in f.items():
            if isinstance(q, tenon.QuantizedArray) and name in expected:
                assert np.array_equal(q.dequantize(), expected[name], equal_nan=True), name
                compared += 1
        assert compared == len(f) > 20


def test_blocks_are_loaded_as_plain_numbers_only(tmp_path):
    q = tenon.QuantizedArray.quantize(np.ones((2, 32)), "q4_0")
    tenon.save_gguf(tmp_path / "a", {"w": q})
    assert tenon.load(tmp_path / "a.gguf", quantized="dequantize:bf16")["w"].dtype == "bfloat16"
    for dtype in ("float4_e2m1fn", "f6_e2m3", "q8_0"):
        with pytest.raises(ValueError, match="plain numbers"):
            tenon.load(tmp_path / "a.gguf", quantized=f"dequantize:{dtype}")


def test_iteration_gives_rows():
    q = tenon.QuantizedArray.quantize(np.arange(192.0).reshape(3, 2, 32), "q8_0")
    assert [part.shape for part in q] == [(2, 32)] * 3 and list(q)[2] == q[2]
    with pytest.raises(TypeError, match="whole rows"):
        iter(q[0, 0])
