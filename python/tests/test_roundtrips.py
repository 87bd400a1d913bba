# SPDX-License-Identifier: MIT
"""Round trips through every format, with arrays, names and metadata of hypothesis."""

import ml_dtypes
import numpy as np
import pytest
import tenon
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

INTEGERS = ["i1", "i2", "i4", "i8"]
FLOATS = ["f2", "f4", "f8"]
SMALL = [ml_dtypes.bfloat16]
FP8 = [ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2]
DTYPES = {
    "npz": ["?", *INTEGERS, "u1", "u2", "u4", "u8", *FLOATS, "c8", "c16", "S3", "U2", "M8[us]", "m8[D]", "V5", "i2,f4"],
    "safetensors": ["?", *INTEGERS, "u1", "u2", "u4", "u8", *FLOATS, "c8", *SMALL, *FP8],
    "gguf": [*INTEGERS, *FLOATS, *SMALL],
    "pt": ["?", *INTEGERS, "u1", *FLOATS, "c8", "c16", *SMALL, *FP8],
}
# of these a format takes fewer
MOST_DIMS = {"npz": 8, "safetensors": 8, "gguf": 4, "pt": 8}
UNHARMFUL = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
LIMITS = settings(max_examples=25, deadline=None, suppress_health_check=UNHARMFUL)


def shapes(dims):
    return hnp.array_shapes(min_dims=0, max_dims=min(dims, 5), min_side=0, max_side=4)


@st.composite
def arrays(draw, dtypes, dims):
    """An array of random bytes, of any layout in memory."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    shape = draw(shapes(dims))
    bits = draw(st.integers(0, 2**32 - 1))
    count = int(np.prod(shape, dtype="i8"))
    if dtype.kind == "?" or dtype.kind == "b":
        array = np.random.default_rng(bits).integers(0, 2, count).astype("?")
    elif dtype.kind == "U":
        array = np.random.default_rng(bits).integers(0x20, 0xD7FF, count * 2, "u4").view("U2")
    else:
        array = np.frombuffer(np.random.default_rng(bits).bytes(count * dtype.itemsize), "u1").view(dtype)
    return lay_out(draw, array.reshape(shape))


def lay_out(draw, array):
    """The same items with other strides, or another byte order."""
    layout = draw(st.sampled_from(["C", "F", "steps", "backwards", "broadcast", "swapped"]))
    if layout == "F":
        return np.asfortranarray(array) if array.ndim else array
    if layout == "steps" and array.ndim:
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1] + 1), array.dtype)
        wide[..., 1::2] = array
        return wide[..., 1::2]
    if layout == "backwards" and array.ndim:
        return array[::-1]
    if layout == "broadcast":
        return np.broadcast_to(array, (2, *array.shape)) if array.ndim < 3 else array
    if layout == "swapped" and array.dtype.kind in "iufc" and array.dtype.isbuiltin == 1:
        return array.astype(array.dtype.newbyteorder())
    return array


# No NUL, which names of zip members and of some formats cannot have, and no lone surrogate, which is no text.
NAME = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
STRANGE = ["a b", "ä/ö", "..", "../x", "/x", "a\\b", "a\nb", "\u202e", "𝔸", "a.npy", "__metadata__x", "%s", "'\""]
STRANGE += ["a\x7fb", ".", " "]
NAMES = st.one_of(NAME, st.sampled_from(STRANGE))


def same(result, expected):
    """Bit for bit, in native order."""
    native = expected.astype(expected.dtype.newbyteorder("=")) if expected.dtype.isbuiltin == 1 else expected
    assert result.shape == native.shape
    assert result.dtype.newbyteorder("=") == native.dtype.newbyteorder("=")
    assert result.astype(native.dtype).tobytes() == native.tobytes()


@pytest.mark.parametrize("format", DTYPES)
@LIMITS
@given(data=st.data())
def test_arrays(format, data, tmp_path):
    entries = data.draw(st.dictionaries(NAMES, arrays(DTYPES[format], MOST_DIMS[format]), max_size=4))
    path = tmp_path / f"x.{format}"
    tenon.write(path, entries)
    loaded = tenon.load(path)
    assert set(loaded) == set(entries)
    with tenon.open(path) as file:
        assert set(file) == set(entries) and not file.unreadable
        for name, array in entries.items():
            same(np.asarray(file[name]), array)
            same(loaded[name], array)
            assert loaded[name].flags.writeable and file.tensors[name].shape == array.shape
        assert tenon.verify(path).ok


@LIMITS
@given(data=st.data())
def test_npy(data, tmp_path):
    array = data.draw(arrays(DTYPES["npz"], 8))
    path = tmp_path / "x.npy"
    tenon.save(path, array)
    same(tenon.load(path), array)
    same(np.load(path), array)


@pytest.mark.parametrize("format", DTYPES)
@LIMITS
@given(data=st.data())
def test_boxes(format, data, tmp_path):
    """A box of a tensor is that of the array."""
    array = data.draw(arrays(DTYPES[format], MOST_DIMS[format]))
    index = data.draw(hnp.basic_indices(array.shape, allow_newaxis=False))
    path = tmp_path / f"x.{format}"
    tenon.write(path, {"x": array})
    with tenon.open(path) as file:
        expected = array[index]
        same(np.asarray(file.read("x", index)), np.asarray(expected, dtype=array.dtype))


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10)
SCALARS = st.one_of(st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), TEXT)
NUMBERS = st.lists(st.integers(-100, 100), min_size=1, max_size=4)
TYPED = st.one_of(SCALARS, st.lists(TEXT, min_size=1, max_size=4), NUMBERS)


@LIMITS
@given(metadata=st.dictionaries(NAME, TEXT, max_size=5))
def test_metadata_of_safetensors(metadata, tmp_path):
    path = tmp_path / "x.safetensors"
    tenon.save_safetensors(path, {"x": np.zeros(2)}, metadata)
    assert tenon.load(path, return_metadata=True)[1] == metadata


@pytest.mark.parametrize("format, options", [("gguf", {}), ("npz", {"npz.metadata": "member"}), ("pt", {})])
@LIMITS
@given(metadata=st.dictionaries(NAME.map(lambda key: "k." + key), TYPED, max_size=5))
def test_typed_metadata(format, options, metadata, tmp_path):
    path = tmp_path / f"x.{format}"
    tenon.write(path, {"x": np.zeros(2, "f4")}, metadata, options=options)
    with tenon.open(path) as file:
        for key, value in metadata.items():
            result = file.metadata[key]
            result = result.tolist() if isinstance(result, np.ndarray) else result
            assert result == value and type(result) is type(value)
