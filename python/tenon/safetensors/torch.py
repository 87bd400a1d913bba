# SPDX-License-Identifier: MIT
"""The functions of safetensors.torch for tensors in main memory. PyTorch is imported when a tensor is made."""

from __future__ import annotations

import os
from typing import Any

from tenon.safetensors import _open

Tensor = Any  # torch.Tensor

__all__ = ["load", "load_file", "save", "save_file"]


def save(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """The bytes of a .safetensors file with these tensors, of any strides, and these metadata. Tensors that share
    memory are saved one by one.

    SafetensorError: the format does not have a dtype. TypeError: an argument is of another type, or a tensor is on
    another device.
    """
    return _open.save_bytes(tensors, metadata)


def save_file(
    tensors: dict[str, Tensor], filename: str | os.PathLike[str], metadata: dict[str, str] | None = None
) -> None:
    """Writes a .safetensors file; as `save`. A file that is there stays until the new one is complete."""
    _open.save_path(tensors, filename, metadata)


def load(data: bytes) -> dict[str, Tensor]:
    """The tensors of a .safetensors file whose bytes are given. SafetensorError: it is malformed."""
    return _open.load_bytes(data, "torch")


def load_file(
    filename: str | os.PathLike[str], device: str | int = "cpu", *, backend: str = "mmap"
) -> dict[str, Tensor]:
    """The tensors of a .safetensors file. They share its pages, and have pages of their own as far as they are written.

    device: "cpu". backend: "mmap" or "pread", which read the same.
    FileNotFoundError, OSError: the file cannot be read. SafetensorError: it is malformed, or the device is another one.
    """
    with _open.safe_open(filename, "pt", device, backend=backend) as file:
        return file.get_tensors()
