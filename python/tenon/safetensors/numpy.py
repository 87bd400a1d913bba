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
    """Return the bytes of a .safetensors file.

    Parameters
    ----------
    tensor_dict : dict of str to ndarray
        Arrays by name, of any strides.
    metadata : dict of str to str, optional
        The metadata.

    Raises
    ------
    SafetensorError
        The format does not support a dtype.
    TypeError
        An argument has another type.

    Examples
    --------
    >>> from tenon.safetensors.numpy import load, save
    >>> load(save({"w": np.ones((2, 3), np.float32)}))["w"].shape
    (2, 3)
    """
    return _open.save_bytes(tensor_dict, metadata)


def save_file(
    tensor_dict: dict[str, Array], filename: str | os.PathLike[str], metadata: dict[str, str] | None = None
) -> None:
    """Write a .safetensors file. A file that is replaced stays whole until the new one is complete.

    Parameters
    ----------
    tensor_dict : dict of str to ndarray
        Arrays by name, of any strides.
    filename : str or os.PathLike
        The path.
    metadata : dict of str to str, optional
        The metadata.

    Raises
    ------
    SafetensorError
        The format does not support a dtype, or the file cannot be written.
    TypeError
        An argument has another type.

    Examples
    --------
    >>> from tenon.safetensors.numpy import load_file, save_file
    >>> save_file({"w": np.ones((2, 3), np.float32)}, "a.safetensors", {"by": "me"})
    >>> load_file("a.safetensors")["w"].shape
    (2, 3)
    """
    _open.save_path(tensor_dict, filename, metadata)


def load(data: bytes) -> dict[str, Array]:
    """Return the arrays of a .safetensors file, by name.

    Parameters
    ----------
    data : bytes
        The content of the file.

    Returns
    -------
    dict of str to ndarray
        Each array owns its memory.

    Raises
    ------
    SafetensorError
        The content is malformed.

    Examples
    --------
    >>> from tenon.safetensors.numpy import load, save
    >>> load(save({"w": np.arange(3)}))
    {'w': array([0, 1, 2])}
    """
    return _open.load_bytes(data, "numpy")


def load_file(filename: str | os.PathLike[str], *, backend: str = "mmap") -> dict[str, Array]:
    """Load the arrays of a .safetensors file, by name.

    Parameters
    ----------
    filename : str or os.PathLike
        The path.
    backend : {"mmap", "pread"}
        Both values have the same effect.

    Returns
    -------
    dict of str to ndarray
        Each array owns its memory.

    Raises
    ------
    OSError
        The file cannot be read; FileNotFoundError if it does not exist.
    SafetensorError
        The file is malformed.

    Examples
    --------
    >>> from tenon.safetensors.numpy import load_file, save_file
    >>> save_file({"w": np.arange(3)}, "a.safetensors")
    >>> load_file("a.safetensors")
    {'w': array([0, 1, 2])}
    """
    return _open.load_path(filename, backend)
