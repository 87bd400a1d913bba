# SPDX-License-Identifier: MIT
"""The functions of safetensors.torch for tensors in main memory. PyTorch is imported when a tensor is made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tenon.safetensors import _open

Tensor = Any  # torch.Tensor

__all__ = ["load", "load_file", "save", "save_file"]


def _checked(tensors: Any) -> dict[str, Tensor]:
    """The tensors in main memory. ValueError: they are no dict of str and dense tensors."""
    import torch

    if not isinstance(tensors, Mapping):
        raise ValueError(f"Expected a dict of [str, torch.Tensor] but received {type(tensors)}")
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise ValueError(f"Key `{name}` is invalid, expected torch.Tensor but received {type(tensor)}")
        if tensor.layout != torch.strided:  # pyright: ignore[reportAttributeAccessIssue]
            raise ValueError(f"Key `{name}` is a sparse tensor, which the format does not have: save `.to_dense()`")
    return {name: tensor.detach().cpu() for name, tensor in tensors.items()}


def save(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """The bytes of a .safetensors file with these tensors, of any strides and devices, and these metadata. Tensors that
    share memory are saved one by one.

    SafetensorError: the format does not have a dtype. ValueError: tensors are no dict of str and dense tensors.
    TypeError: metadata are no dict of str and str.
    """
    return _open.save_bytes(_checked(tensors), metadata)


def save_file(
    tensors: dict[str, Tensor], filename: str | os.PathLike[str], metadata: dict[str, str] | None = None
) -> None:
    """Writes a .safetensors file; as `save`. A file that is there stays until the new one is complete."""
    _open.save_path(_checked(tensors), filename, metadata)


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
