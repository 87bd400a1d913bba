# SPDX-License-Identifier: MIT
"""The functions of safetensors.flax. JAX is imported when an array is made."""

from __future__ import annotations

import os
from typing import Any

from tenon.safetensors import _open

Array = Any  # jax.Array

__all__ = ["load", "load_file", "save", "save_file"]


def save(tensors: dict[str, Array], metadata: dict[str, str] | None = None) -> bytes:
    """Return the bytes of a .safetensors file.

    Parameters
    ----------
    tensors : dict of str to jax.Array
        Arrays by name.
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
    >>> import jax.numpy as jnp
    >>> from tenon.safetensors.flax import load, save
    >>> data = save({"w": jnp.array([1.0, 2.0])})
    >>> load(data)["w"].tolist()
    [1.0, 2.0]
    """
    return _open.save_bytes(tensors, metadata)


def save_file(
    tensors: dict[str, Array], filename: str | os.PathLike[str], metadata: dict[str, str] | None = None
) -> None:
    """Write a .safetensors file. A file that is replaced stays whole until the new one is complete.

    Parameters
    ----------
    tensors, metadata
        As of `save`.
    filename : str or os.PathLike
        The path.

    Raises
    ------
    SafetensorError
        As of `save`, or the file cannot be written.
    TypeError
        As of `save`.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from tenon.safetensors.flax import load_file, save_file
    >>> save_file({"w": jnp.array([1.0, 2.0])}, "m.safetensors", {"key": "value"})
    >>> load_file("m.safetensors")["w"].tolist()
    [1.0, 2.0]
    """
    _open.save_path(tensors, filename, metadata)


def load(data: bytes) -> dict[str, Array]:
    """Return the arrays of a .safetensors file, by name.

    Parameters
    ----------
    data : bytes
        The content of the file.

    Raises
    ------
    SafetensorError
        The content is malformed.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from tenon.safetensors.flax import load, save
    >>> load(save({"w": jnp.array([1.0, 2.0])}))["w"].tolist()
    [1.0, 2.0]
    """
    return _open.load_bytes(data, "jax")


def load_file(filename: str | os.PathLike[str], *, backend: str = "mmap") -> dict[str, Array]:
    """Load the arrays of a .safetensors file, by name.

    Parameters
    ----------
    filename : str or os.PathLike
        The path.
    backend : {"mmap", "pread"}
        Both values have the same effect.

    Raises
    ------
    OSError
        The file cannot be read; FileNotFoundError if it does not exist.
    SafetensorError
        The file is malformed.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from tenon.safetensors.flax import load_file, save_file
    >>> save_file({"w": jnp.array([1.0, 2.0])}, "m.safetensors")
    >>> list(load_file("m.safetensors"))
    ['w']
    """
    with _open.safe_open(filename, "flax", backend=backend) as file:
        return file.get_tensors()
