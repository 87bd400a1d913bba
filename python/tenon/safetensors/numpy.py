# SPDX-License-Identifier: MIT
"""The functions of safetensors.numpy."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from tenon.safetensors import _open

Array = np.ndarray[Any, Any]

__all__ = ["load", "load_file", "save", "save_file"]


def save(tensor_dict: dict[str, Array], metadata: dict[str, str] | None = None) -> bytes:
    """The bytes of a .safetensors file with these arrays, of any strides, and these metadata.

    SafetensorError: the format does not have a dtype. TypeError: an argument is of another type.

    >>> from tenon.safetensors.numpy import load, save
    >>> load(save({"w": np.ones((2, 3), np.float32)}))["w"].shape
    (2, 3)
    """
    return _open.save_bytes(tensor_dict, metadata)


def save_file(
    tensor_dict: dict[str, Array], filename: str | os.PathLike[str], metadata: dict[str, str] | None = None
) -> None:
    """Writes a .safetensors file with these arrays, of any strides, and these metadata. A file that is there stays
    until the new one is complete.

    SafetensorError: the format does not have a dtype, or the file cannot be written. TypeError: an argument is of
    another type.

    >>> from tenon.safetensors.numpy import load_file, save_file
    >>> save_file({"w": np.ones((2, 3), np.float32)}, "a.safetensors", {"by": "me"})
    >>> load_file("a.safetensors")["w"].shape
    (2, 3)
    """
    _open.save_path(tensor_dict, filename, metadata)


def load(data: bytes) -> dict[str, Array]:
    """The arrays of a .safetensors file whose bytes are given, with memory of their own. SafetensorError: it is
    malformed.

    >>> from tenon.safetensors.numpy import load, save
    >>> load(save({"w": np.arange(3)}))
    {'w': array([0, 1, 2])}
    """
    return _open.load_bytes(data, "numpy")


def load_file(filename: str | os.PathLike[str], *, backend: str = "mmap") -> dict[str, Array]:
    """The arrays of a .safetensors file, with memory of their own. backend: "mmap" or "pread", which read the same.

    FileNotFoundError, OSError: the file cannot be read. SafetensorError: it is malformed.

    >>> from tenon.safetensors.numpy import load_file, save_file
    >>> save_file({"w": np.arange(3)}, "a.safetensors")
    >>> load_file("a.safetensors")
    {'w': array([0, 1, 2])}
    """
    return _open.load_path(filename, backend)
