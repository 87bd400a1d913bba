# SPDX-License-Identifier: MIT
"""What can be saved: arrays of NumPy and other libraries, buffers, numbers and lists."""

import array
import io
import os
import pickle

import ml_dtypes
import mlx.core as mx
import numpy as np
import pytest
import tenon
from hypothesis import given, settings
from hypothesis import strategies as st
from tenon import _context, _inputs


def saved(tmp_path, value):
    tenon.save(tmp_path / "a.npy", value)
    return np.load(tmp_path / "a.npy")


NUMBERS = [
    0,
    -7,
    2**31 - 1,
    2**31,
    -(2**31),
    -(2**31) - 1,
    2**40,
    True,
    1.5,
    2 - 1j,
    [1, 2.5],
    [True, False],
    [True, 2],
    [[1, 2], [3, 4]],
    (1, 2),
    [],
    [2**40, 1],
    [1, 1j],
    [[[0.1]]],
]


@pytest.mark.parametrize("value", NUMBERS, ids=repr)
def test_numbers_and_lists_become_what_mlx_makes_of_them(tmp_path, value):
    expected = np.array(mx.array(value))
    found = saved(tmp_path, value)
    assert found.dtype == expected.dtype and found.shape == expected.shape and np.array_equal(found, expected)


@pytest.mark.parametrize(
    "value",
    [
        np.float64(0.1),
        np.int16(3),
        np.bool_(True),
        np.complex128(1j),
        np.bytes_(b"ab"),
        np.str_("ab"),
        np.datetime64("2020"),
    ],
    ids=repr,
)
def test_scalars_of_numpy_keep_their_dtype(tmp_path, value):
    found = saved(tmp_path, value)
    assert found.dtype == value.dtype and found.shape == () and found == value


@pytest.mark.parametrize("value", [2**63, [2**64 - 1, 0]], ids=repr)
def test_integers_of_64_bits_without_a_sign(tmp_path, value):
    found = saved(tmp_path, value)
    assert found.dtype == np.uint64 and found.tolist() == value


@pytest.mark.parametrize("value", [2**64, [2**70, 1], [2**63, -1], [[2**63], [-1]]], ids=repr)
def test_integers_that_no_dtype_has_are_refused(tmp_path, value):
    with pytest.raises(OverflowError):
        saved(tmp_path, value)


@pytest.mark.parametrize("value", [None, {}, {"x": np.ones(3)}, {1}, object(), len], ids=repr)
def test_what_is_no_array_is_a_type_error(tmp_path, value):
    with pytest.raises(TypeError):
        tenon.save(tmp_path / "a.npy", value)
    assert not os.listdir(tmp_path)


def test_objects_masks_and_ragged_lists_are_refused(tmp_path):
    for value in (np.array([None]), np.zeros(1, [("a", object)]), [[1], [1, 2]]):
        with pytest.raises(ValueError):
            tenon.save(tmp_path / "a.npy", value)
    for value in (np.ma.array([1, 2], mask=[True, False]), np.array([1, 2]).astype(ml_dtypes.int4)):
        with pytest.raises(TypeError):
            tenon.save(tmp_path / "a.npy", value)
    if hasattr(np.dtypes, "StringDType"):
        with pytest.raises(TypeError, match="astype"):
            tenon.save(tmp_path / "a.npy", np.array(["a"], np.dtypes.StringDType()))
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("value", [b"abc", bytearray(b"abc"), memoryview(b"abc")], ids=repr)
def test_bytes_are_items_of_a_byte(tmp_path, value):
    found = saved(tmp_path, value)
    assert found.dtype == np.uint8 and found.tolist() == [97, 98, 99]


def test_buffers_and_subclasses_of_arrays(tmp_path):
    assert saved(tmp_path, array.array("h", [1, -2])).dtype == np.int16
    assert saved(tmp_path, memoryview(np.eye(2))).tolist() == [[1, 0], [0, 1]]
    np.save(tmp_path / "b.npy", np.arange(6).reshape(2, 3))
    assert saved(tmp_path, np.load(tmp_path / "b.npy", mmap_mode="r")).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert saved(tmp_path, np.arange(4).reshape(2, 2).view(np.matrix)).shape == (2, 2)


def test_objects_of_the_array_protocols(tmp_path):
    class ByInterface:
        def __init__(self, array):
            self.__array_interface__ = array.__array_interface__
            self.array = array

    class ByDLPack:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **arguments):
            return self.array.__dlpack__(**arguments)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    class ByArray:
        def __array__(self, dtype=None, copy=None):
            return np.arange(3.0)

    values = np.arange(12, dtype=np.int16).reshape(3, 4)[:, ::2]
    for value in (ByInterface(values), ByDLPack(values)):
        assert np.array_equal(saved(tmp_path, value), values)
    assert saved(tmp_path, ByArray()).tolist() == [0, 1, 2]


def test_an_array_on_a_device_is_refused(tmp_path):
    class Remote:
        def __dlpack__(self, **arguments):
            raise BufferError("not here")

        def __dlpack_device__(self):
            return (2, 0)

    with pytest.raises(TypeError, match="device"):
        tenon.save(tmp_path / "a.npy", Remote())


@pytest.mark.parametrize(
    "dtype", ["bool_", "uint8", "uint16", "uint32", "int8", "int32", "int64", "float16", "float32", "complex64"]
)
def test_arrays_of_mlx(tmp_path, dtype):
    value = mx.array([0, 1, 1, 0, 1, 1]).astype(getattr(mx, dtype)).reshape(2, 3)
    for view in (value, value.T, value[:, ::2]):
        assert np.array_equal(saved(tmp_path, view), np.array(view))


@pytest.mark.parametrize("has_ml_dtypes", [True, False])
def test_bfloat16_of_mlx_keeps_its_dtype(tmp_path, monkeypatch, has_ml_dtypes):
    if not has_ml_dtypes:
        monkeypatch.setattr("tenon._dtypes.numpy_dtype", lambda name: None)
    value = mx.array([1.0, -2.5, 0.1, 3, 4, 5]).astype(mx.bfloat16).reshape(2, 3).T
    tenon.save_safetensors(tmp_path / "a", {"x": value, "y": mx.array([1.0])})
    found = mx.load(str(tmp_path / "a.safetensors"))
    assert found["x"].dtype == mx.bfloat16 and mx.array_equal(found["x"], value)


def test_strided_and_broadcast_arrays_are_not_copied():
    """A copy of a terabyte would fail."""
    plan = _context.context().plan()
    wide = np.broadcast_to(np.zeros(1, np.float32), (1 << 19, 1 << 19))
    _inputs.Adding(plan).add_all([("x", wide), ("y", wide.T[::-1]), ("z", wide[::2, ::3])])
    assert len(plan) == 3
    assert plan.size(None, {"format": "safetensors"}) > 2 << 40


@st.composite
def views(draw):
    """An array of up to 4 dims, and a view of it of any strides."""
    dtype = draw(st.sampled_from(["u1", ">i2", "f4", ">f8", "c16", "U3", "S2", "M8[s]", "i4,u1"]))
    shape = draw(st.lists(st.integers(0, 5), max_size=4))
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    whole = (
        np.frombuffer(bytes(i % 97 for i in range(count)), np.uint8).view(dtype).reshape(shape)
        if count
        else np.zeros(shape, dtype)
    )
    view = whole.transpose(draw(st.permutations(range(whole.ndim))))
    steps = st.tuples(st.sampled_from([None, 0, 1]), st.sampled_from([1, 2, 3, -1, -2]))
    view = view[
        tuple(slice(begin if step > 0 else None, None, step) for begin, step in (draw(steps) for _ in range(view.ndim)))
    ]
    if draw(st.booleans()):
        view = np.broadcast_to(view, (draw(st.integers(0, 3)), *view.shape))
    return view


@given(views())
@settings(max_examples=150, deadline=None)
def test_any_strides_are_saved_as_numpy_saves_them(view):
    ours, theirs = io.BytesIO(), io.BytesIO()
    tenon.save(ours, view)
    np.save(theirs, view)
    assert ours.getvalue() == theirs.getvalue()


def test_all_arrays_or_none_are_added():
    plan = _context.context().plan()
    with pytest.raises(ValueError):
        plan.add_arrays([("x", np.zeros(3), 0, None, 0), ("x", np.zeros(3), 0, None, 0)])
    with pytest.raises(ValueError):
        plan.add_arrays([("x", np.zeros(3), 0, None, 0), ("y", np.array([None]), 0, None, 0)])
    assert len(plan) == 0
    plan.add_arrays([("x", np.zeros(3), 0, None, 0)])
    assert len(plan) == 1


def test_a_plan_keeps_its_arrays_and_frees_them():
    import gc
    import weakref

    value = np.arange(1000.0)
    gone = weakref.ref(value)
    plan = _context.context().plan()
    plan.add_arrays([("x", value, 0, None, 0)])
    del value
    gc.collect()
    assert gone() is not None
    data, _ = plan.save_memory({"format": "npy"})
    del plan
    gc.collect()
    assert gone() is None
    assert np.array_equal(np.frombuffer(data, "f8", offset=128), np.arange(1000.0))


def test_sixty_four_dims_are_the_most(tmp_path):
    deep = np.zeros((1,) * 64)
    assert saved(tmp_path, deep).shape == (1,) * 64
    plan = _context.context().plan()
    with pytest.raises(ValueError, match="64"):
        plan.add_arrays([("x", np.zeros(1, np.uint8), 2, (1,) * 65, 0)])


def test_wrong_tuples_of_the_extension_are_errors():
    plan = _context.context().plan()
    for wrong in (
        [("x",)],
        [["x", np.zeros(1), 0, None, 0]],
        [("x", [1], 0, None, 0)],
        [(1, np.zeros(1), 0, None, 0)],
        5,
    ):
        with pytest.raises(TypeError):
            plan.add_arrays(wrong)
    for wrong in ([("x", np.zeros(1), 2, (1,), 0)], [("x", np.zeros(1, np.uint8), 2, 5, 0)]):
        with pytest.raises(TypeError):
            plan.add_arrays(wrong)
    for wrong in (
        [("x", np.zeros(1, np.uint8), 2, (-1,), 0)],
        [("x", np.zeros(1, np.uint8), 2, (3,), 0)],
        [("\udc80", np.zeros(1), 0, None, 0)],
    ):
        with pytest.raises(ValueError):
            plan.add_arrays(wrong)
    assert len(plan) == 0


@pytest.mark.parametrize(
    "wrong, kind",
    [
        (None, TypeError),
        ({"b": np.ones(1)}, TypeError),
        (object(), TypeError),
        (np.array([None]), ValueError),
        ([[1], [1, 2]], ValueError),
        ([2**70], OverflowError),
        (np.array([1]).astype(ml_dtypes.int4), TypeError),
    ],
)
def test_messages_have_the_name_of_the_array(tmp_path, wrong, kind):
    arrays = {"first": np.ones(3), "layers.7.bias": wrong, "last": np.array([1.0])}
    for save in (tenon.save_safetensors, tenon.save_gguf, tenon.write):
        with pytest.raises(kind, match="^tensor 'layers.7.bias': "):
            save(tmp_path / "a.safetensors", arrays)
    with tenon.writer(tmp_path / "a.npz") as w, pytest.raises(kind, match="^tensor 'layers.7.bias': "):
        w.add("layers.7.bias", wrong)
    with pytest.raises(kind, match="^(?!tensor)"):
        tenon.save(tmp_path / "a.npy", wrong)


def test_a_dtype_with_two_meanings_is_refused(tmp_path):
    x = np.linspace(0, 1, 8)
    tenon.save(tmp_path / "x.npy", x)
    with tenon.open(tmp_path / "x.npy") as f:
        for use in (
            lambda: f.read("x", dtype="f4"),
            lambda: tenon.write(tmp_path / "y.npy", x, dtype="f4"),
            lambda: tenon.convert(f, tmp_path / "y.npy", dtype={"*": "f4"}),
            lambda: tenon.load(tmp_path / "x.npy", quantized="dequantize:f4"),
        ):
            with pytest.raises(ValueError, match="float32"):
                use()
        expected = x.astype("f4").tolist()
        assert f.read("x", dtype="float32").tolist() == f.read("x", dtype=np.dtype("f4")).tolist() == expected
        for twofold, other in (("i8", "int64"), ("u8", "uint64")):
            with pytest.raises(ValueError, match=f"{other}.*to NumPy, and .* to tenon"):
                f.read("x", dtype=twofold)
            assert f.read("x", dtype=f"<{twofold}").dtype == np.dtype(other)
        assert f.read("x", dtype="<f4").dtype == np.float32
        assert f.read("x", dtype="F4").dtype == f.read("x", dtype="float4_e2m1fn").dtype == ml_dtypes.float4_e2m1fn


@pytest.mark.parametrize("name", ["memory", "threads"])
def test_numbers_of_a_save_are_numbers(tmp_path, name):
    with pytest.raises(TypeError, match=f"{name} must be a whole number, and not '64MiB'"):
        tenon.write(tmp_path / "a.npy", np.ones(3), **{name: "64MiB"})


def test_names_of_dtypes_that_a_file_gave_have_one_meaning(tmp_path):
    arrays = {"i": np.array([[-1, 2]], "int8"), "u": np.array([[1, 2]], "uint8")}
    arrays["f"] = np.array([[1, 2]], ml_dtypes.float4_e2m1fn)
    tenon.save_safetensors(tmp_path / "a", arrays)
    with tenon.open(tmp_path / "a.safetensors") as f, tenon.writer(tmp_path / "b.safetensors") as w:
        for info in pickle.loads(pickle.dumps(list(f.tensors.values()))):
            assert f.read(info.name, dtype=info.dtype).dtype == arrays[info.name].dtype
            w.begin(info.name, info.dtype, info.shape)
            w.put(arrays[info.name])
            w.end()
    assert (tmp_path / "b.safetensors").read_bytes() == (tmp_path / "a.safetensors").read_bytes()
    assert {d.name for d in tenon.dtypes()} >= {"i8", "u8", "f4"}
