# SPDX-License-Identifier: MIT
"""Dtypes that NumPy lacks: small floats and packed floats of an open file."""

import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
import tenon

SMALL = {"bf16": "bfloat16", "f8_e4m3": "float8_e4m3fn", "f8_e5m2": "float8_e5m2", "f8_e8m0": "float8_e8m0fnu"}
NAMES = {
    "u8": "U8",
    "bf16": "BF16",
    "f8_e4m3": "F8_E4M3",
    "f8_e5m2": "F8_E5M2",
    "f8_e8m0": "F8_E8M0",
    "f4": "F4",
    "f6_e2m3": "F6_E2M3",
    "f6_e3m2": "F6_E3M2",
}


def write_safetensors(path, tensors):
    """tensors: name, dtype, shape, bytes."""
    header, data = [], b""
    for name, dtype, shape, raw in tensors:
        header.append(
            f'"{name}":{{"dtype":"{NAMES[dtype]}","shape":{list(shape)},'
            f'"data_offsets":[{len(data)},{len(data) + len(raw)}]}}'
        )
        data += raw
    text = ("{" + ",".join(header) + "}").encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


@pytest.mark.parametrize("name", SMALL)
def test_small_floats(tmp_path, name):
    kind = np.dtype(getattr(ml_dtypes, SMALL[name]))
    bits = np.arange(0, 2 ** (8 * kind.itemsize), 2 if name == "bf16" else 1).astype(f"u{kind.itemsize}").reshape(2, -1)
    path = tmp_path / "m.safetensors"
    write_safetensors(path, [("x", name, bits.shape, bits.tobytes())])
    expected = bits.view(kind)
    with tenon.open(path) as f:
        assert f.tensors["x"].dtype == name
        for found in (f["x"], f.read("x"), f.read_many()["x"], f.read("x", copy=True)):
            assert found.dtype == kind and np.array_equal(found.view(bits.dtype), bits)
        assert not f["x"].flags.writeable and np.array_equal(f["x"][1, ::-3].view(bits.dtype), bits[1, ::-3])
    with tenon.open(path, small_floats="bits") as f:
        for found in (f["x"], f.read("x"), f.read_many()["x"]):
            assert found.dtype == bits.dtype and np.array_equal(found, bits)
    with tenon.open(path, small_floats="float32") as f:
        for found in (np.asarray(f["x"]), f.read("x"), f.read_many()["x"]):
            assert found.dtype == np.float32 and np.array_equal(found, expected.astype(np.float32), equal_nan=True)
        assert np.array_equal(f["x"][0, 1:5], expected[0, 1:5].astype(np.float32), equal_nan=True)


WITHOUT = """
import sys
sys.modules["ml_dtypes"] = None
import numpy as np
import tenon
path = sys.argv[1]
with tenon.open(path) as f:
    for take in (lambda: f["x"], lambda: f.read("x"), f.read_many, lambda: f.read("x", 0), lambda: f["p"],
                 lambda: f.read("y", dtype="bf16")):
        try:
            take()
        except tenon.TenonError as error:
            assert error.status == "TENON_E_UNSUPPORTED" and "ml_dtypes" in error.advice, error
        else:
            raise AssertionError("an array came")
    assert f["y"].tolist() == [0, 1] and f.tensors["x"].dtype == "bf16"
    assert f.read("x", dtype="f32").tolist() == [0, 1, 2, 3]
    out = np.empty(4, np.float64)
    assert f.read("x", out=out).tolist() == [0, 1, 2, 3]
with tenon.open(path, small_floats="bits") as f:
    assert f["x"].dtype == np.uint16 and f["x"].tolist() == [0, 0x3F80, 0x4000, 0x4040]
    assert f["p"].tolist() == [1, 0, 2, 0]
with tenon.open(path, small_floats="float32") as f:
    assert f["x"][::-1].tolist() == [3, 2, 1, 0] and f.read_many()["p"].tolist() == [0.5, 0, 1, 0]
with tenon.open(path, framework="mlx") as f:
    assert f["x"].tolist() == [0, 1, 2, 3] and str(f["x"].dtype) == "mlx.core.bfloat16"
"""


def test_without_ml_dtypes(tmp_path):
    path = tmp_path / "m.safetensors"
    x = np.arange(4).astype(ml_dtypes.bfloat16)
    write_safetensors(
        path, [("x", "bf16", (4,), x.tobytes()), ("p", "f4", (4,), b"\x01\x02"), ("y", "u8", (2,), b"\0\1")]
    )
    subprocess.run([sys.executable, "-c", WITHOUT, path], check=True)


PACKED = {"f4": (4, "float4_e2m1fn"), "f6_e2m3": (6, "float6_e2m3fn"), "f6_e3m2": (6, "float6_e3m2fn")}


def pack(items, bits):
    """Items in order, the first in the lowest bits, by the arithmetic of one large integer."""
    total = sum(int(item) << bits * i for i, item in enumerate(items.reshape(-1)))
    return total.to_bytes(-(-items.size * bits // 8), "little")


@pytest.mark.parametrize("shape", [(2, 8), (3, 4, 4), (8,), (4, 3), (0, 4), (8, 1)], ids=str)
@pytest.mark.parametrize("name", PACKED)
def test_packed_floats(tmp_path, name, shape):
    """An item a byte, also where rows end within a byte."""
    bits, label = PACKED[name]
    items = np.random.default_rng(5).integers(0, 1 << bits, shape, dtype=np.uint8)
    expected = items.view(getattr(ml_dtypes, label))
    path = tmp_path / "m.safetensors"
    write_safetensors(path, [("x", name, shape, pack(items, bits))])
    with tenon.open(path) as f:
        for found in (f["x"], f.read("x"), f.read_many()["x"]):
            assert (
                found.dtype == expected.dtype and found.shape == shape and np.array_equal(found.view(np.uint8), items)
            )
        for index in (0, slice(1, None), (Ellipsis, 0), (Ellipsis, slice(1, None, 2)), slice(None, None, -1)):
            if 0 in shape and index == 0:
                continue
            assert np.array_equal(f.read("x", index).view(np.uint8), items[index])
        assert np.array_equal(f.read("x", dtype="f32"), expected.astype(np.float32))
    with tenon.open(path, small_floats="bits") as f:
        assert f["x"].dtype == np.uint8 and np.array_equal(f["x"], items)
    with tenon.open(path, small_floats="float32") as f:
        assert np.array_equal(f["x"], expected.astype(np.float32)) and f.read_many()["x"].dtype == np.float32


def test_numpy_dtypes(tmp_path):
    """Records, texts and dates, as NumPy has them."""
    record = np.dtype([("a", "<i4"), ("b", "<f8", (2,)), ("s", "<U3")])
    for array in (
        np.zeros(3, record),
        np.array(["ab", "c"]),
        np.array([b"xy", b""]),
        np.array(["2020-01-01", "NaT"], "M8[D]"),
        np.array([5, -3], "m8[ns]"),
        np.frombuffer(b"abcdefgh", "V4"),
    ):
        np.savez_compressed(tmp_path / "z.npz", x=array)
        np.save(tmp_path / "x.npy", array)
        for file in ("x.npy", "z.npz"):
            with tenon.open(tmp_path / file) as f:
                found = np.asarray(f["x"])
                assert (
                    found.dtype == array.dtype
                    and found.tobytes() == array.tobytes()
                    and np.asarray(f["x"][1:]).tobytes() == array[1:].tobytes()
                )
