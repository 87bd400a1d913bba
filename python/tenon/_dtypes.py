# SPDX-License-Identifier: MIT
"""Names of dtypes, of the library and of NumPy."""

from __future__ import annotations

import ast
import functools
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _core
from ._errors import fail

if TYPE_CHECKING:
    from ._core import Context

NONE = 0
# The dtypes with fixed numbers, of tenon/types.h
FIXED = {
    "bool": 1,
    "u8": 2,
    "u16": 3,
    "u32": 4,
    "u64": 5,
    "i8": 6,
    "i16": 7,
    "i32": 8,
    "i64": 9,
    "f16": 10,
    "bf16": 11,
    "f32": 12,
    "f64": 13,
    "c64": 14,
    "c128": 15,
    "f8_e4m3": 16,
    "f8_e5m2": 17,
    "f8_e4m3fnuz": 18,
    "f8_e5m2fnuz": 19,
    "f8_e8m0": 20,
    "f6_e2m3": 21,
    "f6_e3m2": 22,
    "f4": 23,
}
NAMES = {number: name for name, number in FIXED.items()}
# Items of less than a byte: in ml_dtypes each has a byte, in the library they are packed
PACKED = frozenset(("f4", "f6_e2m3", "f6_e3m2"))
ML_DTYPES = {
    "bf16": "bfloat16",
    "f8_e4m3": "float8_e4m3fn",
    "f8_e5m2": "float8_e5m2",
    "f8_e4m3fnuz": "float8_e4m3fnuz",
    "f8_e5m2fnuz": "float8_e5m2fnuz",
    "f8_e8m0": "float8_e8m0fnu",
    "f6_e2m3": "float6_e2m3fn",
    "f6_e3m2": "float6_e3m2fn",
    "f4": "float4_e2m1fn",
}
SMALL = frozenset(ML_DTYPES)
_NUMPY = {
    "bool": "bool",
    "u8": "uint8",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
    "i8": "int8",
    "i16": "int16",
    "i32": "int32",
    "i64": "int64",
    "f16": "float16",
    "f32": "float32",
    "f64": "float64",
    "c64": "complex64",
    "c128": "complex128",
}
_OWN = {numpy: own for table in (_NUMPY, ML_DTYPES) for own, numpy in table.items()}
# Further names of NumPy
_OWN.update({"half": "f16", "float": "f64", "double": "f64", "int": "i64", "complex": "c128"})


# Names with two meanings: NumPy counts bytes, and the library bits. A wrong guess would clip numbers.
_TWOFOLD = {
    "i8": ("int64", "int8"),
    "u8": ("uint64", "uint8"),
    "f4": ("float32", "float4_e2m1fn"),
}


class Name(str):
    """A name that the library returned, in which "i8" means int8."""

    __slots__ = ()


def register() -> bool:
    """Registers the dtypes of ml_dtypes in the extension. False: it is not installed."""
    module = _ml_dtypes()
    if module is None:
        return False
    for name, theirs in ML_DTYPES.items():
        if name not in PACKED and hasattr(module, theirs):
            _core.set_dtype(FIXED[name], np.dtype(getattr(module, theirs)))
    return True


@functools.cache
def _ml_dtypes() -> Any:
    try:
        import ml_dtypes
    except ImportError:
        return None
    return ml_dtypes


def numpy_dtype(name: str) -> np.dtype[Any] | None:
    """The NumPy dtype for a dtype of the library, or None.

    Small floats have dtypes of ml_dtypes, if it is installed. Those of f4 and f6 have one item in a byte, and are not
    packed.
    """
    if name in _NUMPY:
        return np.dtype(_NUMPY[name])
    theirs = ML_DTYPES.get(name)
    module = _ml_dtypes() if theirs else None
    return np.dtype(getattr(module, theirs)) if theirs and hasattr(module, theirs) else None


def name_of(dtype: Any) -> str:
    """The library's name of a dtype, by a name, a NumPy dtype or a type; "" for None.

    >>> from tenon._dtypes import name_of
    >>> name_of("float32"), name_of(np.int8), name_of("q8_0"), name_of(">f8")
    ('f32', 'i8', 'q8_0', 'f64')
    """
    if dtype is None:
        return ""
    if isinstance(dtype, str):
        lower = dtype.lower()
        if lower in FIXED or lower in _OWN:
            return _OWN.get(lower, lower)
        try:
            return _name_of_numpy(np.dtype(dtype))
        except TypeError:
            return lower
    own = getattr(dtype, "__module__", "").split(".")[0]
    if type(dtype).__module__ == "torch" or own == "torch" or type(dtype).__module__.startswith("mlx"):
        word = str(dtype).split(".")[-1].lower()
        return _OWN.get(word, word)
    return _name_of_numpy(np.dtype(dtype))


def label_of(dtype: Any) -> str:
    """The library's name of the dtype of an array; NumPy's text if there is none."""
    try:
        return name_of(dtype)
    except TypeError:
        return str(dtype)


def _name_of_numpy(dtype: np.dtype[Any]) -> str:
    name = _OWN.get(dtype.name)
    if name is None or dtype.names is not None:
        raise TypeError(f"tenon has no name for the dtype {dtype}")
    return name


def number_of(context: Context, dtype: Any) -> int:
    """The number of a dtype in a context, by a name, a NumPy dtype or a type; 0 for None."""
    name = name_of(dtype)
    if not name:
        return NONE
    if type(dtype) is str and dtype in _TWOFOLD:
        theirs, ours = _TWOFOLD[dtype]
        message = f"the dtype {dtype!r} is {theirs} to NumPy, and {ours} to tenon"
        raise fail("TENON_E_AMBIGUOUS", message, advice=f"say {theirs!r}, or {ours!r}")
    number = FIXED.get(name) or _of_context(context).get(name)
    if number is None:
        raise fail(
            "TENON_E_NOT_FOUND",
            f"unknown dtype '{dtype if isinstance(dtype, str) else name}'{_nearest(context, name)}",
            advice="tenon.dtypes() lists them",
        )
    return number


def _of_context(context: Context) -> dict[str, int]:
    return {name: number for number, name, _, _, _ in context.dtypes()}


def _nearest(context: Context, name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, _of_context(context), 1)
    return f" (did you mean '{near[0]}'?)" if near else ""


# Characters of the text of a dtype: parsing takes some 1000 bytes for each, and 256 results are kept
_MOST_TEXT = 1 << 16


# NumPy parses no longer ones: CPython 3.10 exhausts the stack of a thread by a chain such as a.b.c
_MOST_NUMPY = 10000


def _is_flat(text: str) -> bool:
    """Whether this has lists, tuples, strings and numbers alone."""
    import re

    rest = re.sub(r"'[^'\\]*'|\"[^\"\\]*\"", "0", text)
    return re.search(r"[^\[\](),0-9\s]|[\])0-9]\s*[\[(]|0\s+0", rest) is None


@functools.lru_cache(maxsize=256)
def opaque(text: str, size: int) -> np.dtype[Any]:
    """The dtype of a text as NumPy's headers have it; of `size` bytes of void if NumPy refuses it."""
    try:
        if len(text) > _MOST_TEXT or len(text) > _MOST_NUMPY and not _is_flat(text):
            raise ValueError("the text is too long")
        described: Any = ast.literal_eval(text) if text[:1] in "[('" else text
        dtype = np.lib.format.descr_to_dtype(described)
    except Exception:  # of the parser, or of NumPy
        dtype = None
    if dtype is None or dtype.hasobject or dtype.subdtype is not None or dtype.itemsize != size:
        return np.dtype((np.void, size))
    return dtype


class DType(NamedTuple):
    """A dtype of the library. `tenon.dtypes` lists them.

    Attributes
    ----------
    name : str
        tenon's name: "f32", "q8_0".
    kind : {"plain", "block", "opaque"}
        "block": quantised.
    block_items, block_bytes : int
        A block of `block_bytes` bytes has `block_items` items.
    numpy : numpy.dtype or None
        The NumPy dtype with the same items.
    """

    name: str
    kind: str
    block_items: int
    block_bytes: int
    numpy: np.dtype[Any] | None


def all_dtypes(context: Context) -> list[DType]:
    kinds = ("plain", "block", "opaque")
    return [
        DType(Name(name), kinds[kind], items, size, numpy_dtype(name))
        for _, name, kind, items, size in context.dtypes()
    ]


def swapped(dtype: np.dtype[Any]) -> bool:
    """Whether the byte order of a NumPy dtype is not that of the machine."""
    return dtype.byteorder == (">" if sys.byteorder == "little" else "<")
