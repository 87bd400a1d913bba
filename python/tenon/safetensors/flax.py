# SPDX-License-Identifier: MIT
"""The functions of safetensors.flax. JAX is imported when an array is made."""

from __future__ import annotations

import os
from typing import Any

from tenon.safetensors import _open

Array = Any  # jax.Array

__all__ = ["load", "load_file", "save", "save_file"]


def save(tensors: dict[str, Array], metadata: dict[str, str] | None = None) -> bytes:
    """The bytes of a .safetensors file with these arrays and these metadata.

    SafetensorError: the format does not have a dtype. TypeError: an argument is of another type.
    """
    return _open.save_bytes(tensors, metadata)


def save_file(
    tensors: dict[str, Array], filename: str | os.PathLike[str], metadata: dict[str, str] | None = None
) -> None:
    """Writes a .safetensors file; as `save`. A file that is there stays until the new one is complete."""
    _open.save_path(tensors, filename, metadata)


def load(data: bytes) -> dict[str, Array]:
    """The arrays of a .safetensors file whose bytes are given. SafetensorError: it is malformed."""
    return _open.load_bytes(data, "jax")


def load_file(filename: str | os.PathLike[str], *, backend: str = "mmap") -> dict[str, Array]:
    """The arrays of a .safetensors file. backend: "mmap" or "pread", which read the same.

    FileNotFoundError, OSError: the file cannot be read. SafetensorError: it is malformed.
    """
    with _open.safe_open(filename, "flax", backend=backend) as file:
        return file.get_tensors()
