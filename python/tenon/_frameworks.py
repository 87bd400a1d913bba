# SPDX-License-Identifier: MIT
"""Converts arrays to PyTorch, JAX and MLX, through DLPack if possible."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tenon import _core
    from tenon._progress import Callback

FRAMEWORKS = ("numpy", "torch", "jax", "mlx")
# Frameworks that share only writable memory, and so get copy-on-write pages: torch has no read-only tensors, and JAX
# does not request them from NumPy.
SHARING = frozenset(("torch", "jax"))

_F4 = 23  # TENON_F4
_COPY = 0x20000  # TENON_DLPACK_COPY
_LEAST_MAPPED = 64 << 10  # bytes: smaller tensors are not worth pages of their own
# Small floats that DLPack has and JAX accepts
_LENT = frozenset((11, 16, 17, 18, 19))
# Dtypes without a NumPy dtype, which are read as unsigned integers: their names in ml_dtypes, JAX and torch
_SMALL = {
    11: "bfloat16",
    16: "float8_e4m3fn",
    17: "float8_e5m2",
    18: "float8_e4m3fnuz",
    19: "float8_e5m2fnuz",
    20: "float8_e8m0fnu",
    21: "float6_e2m3fn",
    22: "float6_e3m2fn",
    _F4: "float4_e2m1fn",
}


def check(framework: str) -> str:
    """The name of a framework. ValueError: it is unknown. ModuleNotFoundError: it is not installed."""
    if framework not in FRAMEWORKS:
        raise ValueError(f"framework is one of {', '.join(map(repr, FRAMEWORKS))}, not {framework!r}")
    if framework not in sys.modules and not _is_installed(framework):
        raise ModuleNotFoundError(
            f"framework={framework!r} needs the package {framework}, which is not installed: pip install {framework}",
            name=framework,
        )
    return framework


@functools.cache
def _is_installed(package: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(package) is not None


def convert(array: Any, framework: str, dtype: int = 0) -> Any:
    """The array of a framework for an array of NumPy. `dtype` is set if the array has small floats as unsigned integers.

    torch shares writable memory, and so does JAX if it is aligned. MLX copies.
    TypeError: the framework has no such dtype."""
    if not isinstance(array, (np.ndarray, np.generic)):
        return array  # a QuantizedArray
    array = np.asarray(array)
    small = _SMALL.get(dtype)
    if array.dtype.isbuiltin == 2:  # of ml_dtypes
        small = array.dtype.name
        array = array.view(np.uint16 if array.dtype.itemsize == 2 else np.uint8)
    if array.dtype.kind not in "biufc" or not array.dtype.isnative:
        raise _refuse(array.dtype, framework)
    if any(stride < 0 for stride in array.strides):  # no framework takes them
        array = array.copy()
    return _CONVERT[framework](array, small)


class _Lent:
    """A tensor of a file, for functions that take DLPack's older capsules."""

    def __init__(self, core: _core.File, number: int, dtype: int, flags: int, callback: Callback | None) -> None:
        self._arguments = (number, dtype, flags, callback, True)
        self._core = core

    def __dlpack__(self, **kwargs: Any) -> object:
        return self._core.dlpack(*self._arguments)

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def lend(core: _core.File, info: _core.Info, dtype: int, copy: bool, callback: Callback | None) -> Any:
    """JAX's array of a tensor of small floats, for which NumPy has no DLPack; without a copy if JAX allows it.

    `dtype` is that of the result. None: it is no such dtype."""
    if dtype not in _LENT or info[12]:
        return None
    import jax

    flags = _COPY if copy or info[6] < _LEAST_MAPPED else 0
    return jax.dlpack.from_dlpack(_Lent(core, info[0], dtype, flags, callback))


def _refuse(dtype: object, framework: str) -> TypeError:
    return TypeError(f"{framework} has no dtype like {dtype}: read the tensor with dtype=, or with framework='numpy'")


def _torch(array: np.ndarray[Any, Any], small: str | None) -> Any:
    import torch

    if not array.flags.writeable:
        array = array.copy()
    if small is None:
        return torch.from_dlpack(array)
    if small == _SMALL[_F4] and array.ndim and array.shape[-1] % 2 == 0:  # torch has two items in one
        array, small = array[..., ::2] | array[..., 1::2] << 4, "float4_e2m1fn_x2"
    if not hasattr(torch, small):
        raise _refuse(small, "torch")
    return torch.from_dlpack(array).view(getattr(torch, small))


def _jax(array: np.ndarray[Any, Any], small: str | None) -> Any:
    import jax

    if small is None:
        shares = array.flags.writeable and array.flags.c_contiguous
        return jax.dlpack.from_dlpack(array) if shares else jax.numpy.asarray(array)
    if small in (_SMALL[21], _SMALL[22]):
        raise _refuse(small, "jax")
    import ml_dtypes

    return jax.numpy.asarray(array.view(getattr(ml_dtypes, small)))


def _mlx(array: np.ndarray[Any, Any], small: str | None) -> Any:
    import mlx.core as mx

    if array.dtype == np.complex128:
        raise _refuse(array.dtype, "mlx")
    if small == _SMALL[11]:
        return mx.array(array).view(mx.bfloat16)
    return mx.array(array, dtype=mx.float64) if array.dtype == np.float64 else mx.array(array)


_CONVERT: dict[str, Callable[[np.ndarray[Any, Any], str | None], Any]] = {"torch": _torch, "jax": _jax, "mlx": _mlx}
