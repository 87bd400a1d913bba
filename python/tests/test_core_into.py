# SPDX-License-Identifier: MIT
"""The extension: read_into, blocks and small floats."""

from pathlib import Path

import numpy as np
import pytest

from tenon import _context, _core, _dtypes
from tenon._errors import TenonError

SOURCE = Path(__file__).resolve().parents[2]
EXAMPLES = SOURCE / "examples" / "data"
MODES = [_core.MAP_AUTO, _core.MAP_COPY, _core.MAP_PRIVATE]
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


@pytest.mark.parametrize("dtype", ["f8", "f4", ">f8", ">i2", "c16", "i8"])
@pytest.mark.parametrize("name", ["a.npy", "numbers.npz"])
def test_read_into(context, numbers, dtype, name, tmp_path):
    arrays, path = numbers
    theirs = arrays["a"]
    np.save(tmp_path / "a.npy", np.asfortranarray(theirs))
    file = context.open(str(tmp_path / name))
    shapes = {
        "C": np.zeros((3, 4), dtype),
        "F": np.zeros((3, 4), dtype, order="F"),
        "steps": np.zeros((6, 12), dtype)[::2, ::3],
        "back": np.zeros((3, 4), dtype)[::-1, ::-1],
        "turned": np.zeros((4, 3), dtype).T,
    }
    unaligned = np.zeros(3 * 4 * np.dtype(dtype).itemsize + 1, "u1")[1:].view(dtype).reshape(3, 4)
    for out in (*shapes.values(), unaligned):
        file.read_into([0], [out])
        np.testing.assert_array_equal(out, theirs.astype(dtype))
    assert np.count_nonzero(shapes["steps"].base) <= 11


def test_read_into_refuses(context, numbers):
    file = context.open(str(numbers[1]))
    fixed = np.zeros((3, 4))
    fixed.flags.writeable = False
    for out, kind in [
        (fixed, ValueError),
        (np.zeros((4, 3)), ValueError),
        (np.zeros(12), ValueError),
        ([0.0], TypeError),
        (np.zeros((3, 4), "V8"), TypeError),
        (np.zeros((3, 4), object), TypeError),
        (np.zeros((3, 4), "U2"), TypeError),
    ]:
        with pytest.raises(kind):
            file.read_into([0], [out])
    with pytest.raises(ValueError):
        file.read_into([0, 1], [np.zeros((3, 4))])
    with pytest.raises(IndexError):
        file.read_into([9], [np.zeros((3, 4))])
    with pytest.raises(TypeError):
        file.read_into(0, [np.zeros((3, 4))])
    once = np.broadcast_to(np.zeros(4), (3, 4))
    once.flags.writeable = True
    with pytest.raises(ValueError):
        file.read_into([0], [np.lib.stride_tricks.as_strided(np.zeros(4), (3, 4), (0, 8))[:2]])


def test_read_into_many(context, numbers):
    arrays, path = numbers
    file = context.open(str(path))
    outs = [np.zeros_like(array) for array in arrays.values()]
    file.read_into(range(3), outs)
    for out, array in zip(outs, arrays.values(), strict=True):
        np.testing.assert_array_equal(out, array)
    file.read_into([], [])


def test_read_records_into(context, tmp_path):
    theirs = np.array([(1, "x"), (2, "yy")], [("n", "<i4"), ("t", "<U2")])
    np.save(tmp_path / "a.npy", theirs)
    file = context.open(str(tmp_path / "a.npy"))
    for out in np.zeros(2, theirs.dtype), np.zeros(4, theirs.dtype)[::2]:
        file.read_into([0], [out])
        np.testing.assert_array_equal(out, theirs)


def test_blocks(context):
    gguf = pytest.importorskip("gguf")
    file = context.open(str(EXAMPLES / "model.gguf"))
    tensor = next(
        tensor for tensor in gguf.GGUFReader(EXAMPLES / "model.gguf").tensors if tensor.tensor_type.name == "Q8_0"
    )
    at = file.find(tensor.name)
    number, shape = file.info(at)[2], file.info(at)[4]
    blocks = np.asarray(tensor.data).reshape(shape[0], -1)
    values = gguf.quants.dequantize(blocks, tensor.tensor_type)
    np.testing.assert_array_equal(file.array(at), blocks)
    np.testing.assert_array_equal(file.array(at, dtype=NUMBER["f32"]), values)
    np.testing.assert_array_equal(file.array(at, [1, 32], [2, 32], [1, 1]), blocks[1:3, 34:68])
    np.testing.assert_array_equal(file.array(at, [1, 3], [2, 5], [1, 7], dtype=NUMBER["f32"]), values[1:3, 3:38:7])
    with pytest.raises(TenonError):
        file.array(at, [0, 1], [1, 32], [1, 1])
    with pytest.raises(TenonError):
        file.array(at, [0, 0], [1, 32], [1, 1], mode=_core.MAP_ONLY)
    out = np.zeros_like(blocks)
    file.read_into([at], [out], number)
    np.testing.assert_array_equal(out, blocks)
    np.testing.assert_array_equal(
        context.cast(number, blocks, NUMBER["f32"], values.size).view("f4").reshape(values.shape), values
    )
    again = context.cast(NUMBER["f32"], np.ascontiguousarray(values), number, values.size)
    np.testing.assert_array_equal(
        context.cast(number, again, NUMBER["f32"], values.size).view("f4").reshape(values.shape), values
    )


# ---- small floats ----


@pytest.mark.parametrize("name", sorted(_dtypes.SMALL - _dtypes.PACKED))
def test_small_floats(context, tmp_path, name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    theirs = np.arange(1, 7).astype(getattr(ml_dtypes, _dtypes.ML_DTYPES[name])).reshape(2, 3)
    raw = theirs.view("u1").tobytes()
    words = {"bf16": "BF16", "f8_e4m3": "F8_E4M3", "f8_e5m2": "F8_E5M2", "f8_e8m0": "F8_E8M0"}
    if name not in words:
        assert (
            context.cast(NUMBER[name], theirs.view("u1"), NUMBER["f32"], 6).view("f4").tolist()
            == theirs.astype("f4").ravel().tolist()
        )
        return
    header = f'{{"x":{{"dtype":"{words[name]}","shape":[2,3],"data_offsets":[0,{len(raw)}]}}}}'.encode()
    header += b" " * (-len(header) % 8)
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + raw)
    file = context.open(str(tmp_path / "a.safetensors"))
    for mode in MODES:
        ours = file.array(0, mode=mode)
        assert ours.dtype == theirs.dtype and ours.tobytes() == theirs.tobytes() and ours.shape == (2, 3)
    np.testing.assert_array_equal(file.array(0, dtype=NUMBER["f32"]), theirs.astype("f4"))
    bits = np.zeros((2, 3), f"u{theirs.itemsize}")
    file.read_into([0], [bits], NUMBER[name])
    assert bits.tobytes() == raw
    floats = np.zeros((2, 3), theirs.dtype)
    file.read_into([0], [floats])
    assert floats.tobytes() == raw


def test_without_ml_dtypes(context, tmp_path):
    header = b'{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},'
    header += b'"y":{"dtype":"F8_E5M2","shape":[2],"data_offsets":[4,6]}}'
    header += b" " * (-len(header) % 8)
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\x80\x3f\x00\x40\x3c\x40")
    try:
        _core.set_dtype(NUMBER["bf16"], None)
        _core.set_dtype(NUMBER["f8_e5m2"], None)
        ours = context.open(str(tmp_path / "a.safetensors")).arrays()
        assert (
            [a.dtype.str for a in ours] == ["<u2", "|u1"]
            and ours[0].tolist() == [0x3F80, 0x4000]
            and ours[1].tolist() == [0x3C, 0x40]
        )
    finally:
        _dtypes.register()


@pytest.mark.parametrize("number", [0, 1, 12, 24, 70])
def test_dtypes_that_stay(number):
    with pytest.raises(ValueError):
        _core.set_dtype(number, None)


def test_packed_items(context, tmp_path):
    """Two items a byte: bytes of a row, or all bytes if a row ends within one."""
    header = (
        b'{"x":{"dtype":"F4","shape":[2,4],"data_offsets":[0,4]},"y":{"dtype":"F4","shape":[2,3],"data_offsets":[4,7]}}'
    )
    header += b" " * (-len(header) % 8)
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(range(1, 8)))
    file = context.open(str(tmp_path / "a.safetensors"))
    for mode in MODES:
        assert file.array(0, mode=mode).tolist() == [[1, 2], [3, 4]]
        if not file.info(1)[12]:
            assert file.array(1, mode=mode).tolist() == [5, 6, 7]
    assert file.array(0, dtype=NUMBER["f32"]).tolist() == [[0.5, 0, 1, 0], [1.5, 0, 2, 0]]
