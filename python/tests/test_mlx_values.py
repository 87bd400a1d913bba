# SPDX-License-Identifier: MIT
"""Metadata through the extension: with a type that is asked for, and as plain objects."""

import array
import fractions
import struct

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis.extra.numpy import arrays

from tenon import _context

LIMITS = {f"u{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)}
LIMITS |= {f"i{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)}


def saved(entries, format="gguf"):
    plan = _context.context().plan()
    for key, value, kind in entries:
        plan.put_metadata(key, value, kind)
    return plan.save_memory({"format": format})[0]


def opened(entries, format="gguf"):
    return _context.context().open(saved(entries, format), format=format)


def through(value, kind=None, format="gguf"):
    file = opened([("k", value, kind)], format)
    return file.metadata()["k"], file.metadata_types()["k"]


def equal(left, right):
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and left.tobytes() == right.tobytes()
    return type(left) is type(right) and left == right


@pytest.mark.parametrize("kind", LIMITS)
def test_the_limits_of_integers(kind):
    for number in LIMITS[kind]:
        assert through(number, kind) == (number, kind)
        assert through(np.array(number), kind) == (number, kind)
        found, type_ = through([number, 0], f"array:{kind}")
        assert found.tolist() == [number, 0] and type_ == f"array:{kind}"
    for number in (LIMITS[kind][0] - 1, LIMITS[kind][1] + 1):
        for value, wanted in ((number, kind), ([0, number], f"array:{kind}")):
            with pytest.raises(OverflowError, match=f"'k': {kind} cannot hold"):
                through(value, wanted)


@pytest.mark.parametrize("kind, value", [
    ("u8", 1.0), ("u8", True), ("bool", 1), ("bool", np.uint8(1)), ("string", 1), ("f32", True), ("f64", 1j), ("i64",
    [1]), ("i64", None), ("array:u8", 1), ("array:u8", [1.5]), ("array:u8", [True]), ("array:bool", [0]),
    ("array:string", [1]), ("array:array", 1), ("null", 1), ("u8", np.array([1])), ("array:f32", ["a"]),
    ("array:array", [1, {}]),
])
def test_another_kind(kind, value):
    with pytest.raises(TypeError, match="^metadata 'k': "):
        through(value, kind)


def test_asked_types():
    assert equal(through(0.1, "f32")[0], struct.unpack("f", struct.pack("f", 0.1))[0])
    assert through(3, "f64") == (3.0, "f64") and through(np.float16(1.5), "f32") == (1.5, "f32")
    assert equal(through([1, 2.5], "array:f32")[0], np.array([1, 2.5], np.float32))
    assert equal(through(np.array([1.5], np.float16), "array:f32")[0], np.array([1.5], np.float32))
    assert equal(through([], "array:u16")[0], np.array([], np.uint16))
    assert equal(through([np.True_, False], "array:bool")[0], np.array([True, False]))
    assert through([], "array:array") == ([], "array:array") and through([], "array:string") == ([], "array:string")
    assert through([b"a", "b"], "array:string") == (["a", "b"], "array:string")
    for value in (1e39, -1e39):
        with pytest.raises(OverflowError, match="f32 cannot hold"):
            through(value, "f32")
    assert through(float("inf"), "f32") == (float("inf"), "f32")


def test_texts_of_numbers():
    """As --set of the command takes them."""
    assert through("42", "u32") == (42, "u32") and through("-1e-3", "f64") == (-1e-3, "f64")
    assert equal(through("[1, 2]", "array:u16")[0], np.array([1, 2], np.uint16))
    assert through("42", "string") == ("42", "string")
    with pytest.raises(ValueError, match="u8"):
        through("256", "u8")


def test_null():
    for kind in (None, "null"):
        assert through(None, kind, "safetensors") == (None, "null")


@pytest.mark.parametrize("kind", ["u128", "array", "array:u128", "", "f16", "array:null"])
def test_there_is_no_such_type(kind):
    with pytest.raises(ValueError, match="'k'"):
        through([1], kind)


@pytest.mark.parametrize(
    "key, error",
    [("", ValueError), ("a\0b", ValueError), (5, TypeError), (b"k", TypeError), ("\udc80", UnicodeEncodeError)],
)
def test_keys(key, error):
    with pytest.raises(error):
        opened([(key, 1, None)])


def test_a_key_again_replaces():
    file = opened([("k", 1, None), ("j", 2, None), ("k", "x", None)])
    assert file.metadata() == {"k": "x", "j": 2}


def test_buffers_and_arrays_of_others():
    class Interface:
        __array_interface__ = np.arange(3, dtype=np.int16).__array_interface__
        keep = np.arange(3, dtype=np.int16)

    Interface.__array_interface__ = Interface.keep.__array_interface__
    for value, wanted in [
        (bytearray(b"ab"), np.array([97, 98], np.uint8)),
        (memoryview(b"ab"), np.array([97, 98], np.uint8)),
        (array.array("h", [1, -2]), np.array([1, -2], np.int16)),
        (Interface(), np.arange(3, dtype=np.int16)),
        (range(3), np.arange(3)),
    ]:
        assert equal(through(value)[0], wanted)


def test_an_index_is_an_integer():
    class Index:
        def __index__(self):
            return 7

    assert through(Index()) == (7, "i64")


def test_arrays_of_texts_and_objects():
    assert through(np.array(["a", "bc"])) == (["a", "bc"], "array:string")
    assert through(np.array([b"a"])) == (["a"], "array:string")
    assert through(np.array("a")) == ("a", "string") and through(np.str_("a")) == ("a", "string")
    assert equal(through(np.array([1, 2.5], object))[0], np.array([1, 2.5]))


def test_scalars_of_numpy_in_a_list_keep_their_type():
    assert equal(through([np.float32(0.1), np.float32(1)])[0], np.array([0.1, 1], np.float32))
    assert equal(through([np.float32(0.5), 1])[0], np.array([0.5, 1.0]))
    assert equal(through([np.uint8(1), np.int8(-1)])[0], np.array([1, -1]))
    assert equal(through([2**63, 1])[0], np.array([2**63, 1], np.uint64))


@pytest.mark.parametrize("value", [fractions.Fraction(1, 2), {1}, object(), 1j, iter([1])])
def test_objects_that_are_no_values(value):
    with pytest.raises(TypeError, match="'k': no type of metadata holds"):
        through(value)


def test_a_list_in_itself():
    value = []
    value.append(value)
    with pytest.raises(RecursionError):
        through(value)


def test_arrays_too_deep():
    value = 1
    for _ in range(200):
        value = [value]
    with pytest.raises(ValueError):
        through(value)


def test_strings_of_any_bytes():
    words = ["", "a\0", b"\xff", b"\xed\xa0\x80", "é" * 100_000, b"ok"]
    assert through(words)[0] == ["", "a\0", b"\xff", b"\xed\xa0\x80", "é" * 100_000, "ok"]
    with pytest.raises(UnicodeEncodeError):
        through(["\ud800"])


def test_bools_of_a_file_that_are_neither():
    """ggml takes any byte but 0 as true."""
    entry = struct.pack("<Q1sIIQ3B", 1, b"k", 9, 7, 3, 0, 1, 2)
    data = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + entry
    found = _context.context().open(np.frombuffer(data, np.uint8), format="gguf").metadata()["k"]
    assert found.dtype == np.bool_ and found.tolist() == [False, True, True] and set(found.view(np.uint8)) == {0, 1}


def test_big_endian_files():
    plan = _context.context().plan()
    plan.put_metadata("a", np.array([1, 2, 3], np.uint16))
    plan.put_metadata("b", ["x", "yz"])
    plan.put_metadata("c", np.float32(0.5))
    data, _ = plan.save_memory({"format": "gguf", "settings": ("gguf.byte_order=big",)})
    found = _context.context().open(data, format="gguf").metadata()
    assert found["a"].tolist() == [1, 2, 3] and found["a"].dtype.isnative
    assert found["b"] == ["x", "yz"] and found["c"] == 0.5


def test_many_chunks_of_strings():
    """8192 are taken at once."""
    for count in (8191, 8192, 8193, 20_000):
        words = [str(i) for i in range(count)]
        assert through(words)[0] == words
        nested = [[word] for word in words[:9000]]
        assert through(nested)[0] == nested


# ---- any values, in any order --------------------------------------------------------------------------------------

INTEGERS = st.integers(-(2**63), 2**64 - 1)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=9) | st.binary(max_size=5)
NUMBERS = st.sampled_from(["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4", "f8", "?"])
ARRAYS = NUMBERS.flatmap(lambda dtype: arrays(dtype, st.integers(0, 5)))
LISTS = st.recursive(
    st.lists(st.booleans(), min_size=1)
    | st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1)
    | st.lists(st.floats(), min_size=1)
    | st.lists(TEXTS)
    | ARRAYS,
    lambda inner: st.lists(inner, min_size=1, max_size=3),
    max_leaves=8,
)
SCALARS = st.booleans() | INTEGERS | st.floats() | TEXTS | NUMBERS.flatmap(lambda dtype: arrays(dtype, ()))


def expected(value):
    """What comes back, by the rules of Plan.put_metadata."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    if isinstance(value, np.ndarray):
        return value if value.ndim else value.item()
    if not isinstance(value, list):
        return value
    kinds = {type(item) for item in value}
    if kinds <= {str, bytes} or kinds & {list, np.ndarray}:
        return [expected(item) for item in value]
    return np.array(value, {bool: np.bool_, int: np.int64, float: np.float64}[kinds.pop()])


def equal_deep(left, right):
    if isinstance(left, list):
        return type(right) is list and len(left) == len(right) and all(map(equal_deep, left, right))
    if isinstance(left, float):
        return type(right) is float and struct.pack("d", left) == struct.pack("d", right)
    return equal(left, right)


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(st.dictionaries(st.text("abé.", min_size=1), SCALARS | LISTS, max_size=5), st.booleans())
def test_any_metadata(entries, as_gguf):
    format = "gguf" if as_gguf else "safetensors"
    found = opened([(key, value, None) for key, value in entries.items()], format).metadata()
    assert found.keys() == entries.keys() and (list(found) == list(entries) or not as_gguf)
    for key, value in entries.items():
        assert equal_deep(expected(value), found[key])
