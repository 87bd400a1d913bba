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
    """Return the bytes of a .safetensors file.

    Parameters
    ----------
    tensors : dict of str to torch.Tensor
        Dense tensors by name, of any strides and on any device. The data of tensors that share memory are written once
        for each tensor.
    metadata : dict of str to str, optional
        The metadata.

    Raises
    ------
    SafetensorError
        The format does not support a dtype.
    ValueError
        `tensors` is no dict of str to dense tensors.
    TypeError
        `metadata` is no dict of str to str.

    Examples
    --------
    >>> import torch
    >>> from tenon.safetensors.torch import load, save
    >>> data = save({"w": torch.tensor([1.0, 2.0])})
    >>> load(data)["w"].tolist()
    [1.0, 2.0]
    """
    return _open.save_bytes(_checked(tensors), metadata)


def save_file(
    tensors: dict[str, Tensor], filename: str | os.PathLike[str], metadata: dict[str, str] | None = None
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
    ValueError, TypeError
        As of `save`.

    Examples
    --------
    >>> import torch
    >>> from tenon.safetensors.torch import load_file, save_file
    >>> save_file({"w": torch.tensor([1.0, 2.0])}, "m.safetensors", {"key": "value"})
    >>> load_file("m.safetensors")["w"].tolist()
    [1.0, 2.0]
    """
    _open.save_path(_checked(tensors), filename, metadata)


def load(data: bytes) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors file, by name.

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
    >>> import torch
    >>> from tenon.safetensors.torch import load, save
    >>> load(save({"w": torch.tensor([1.0, 2.0])}))["w"].tolist()
    [1.0, 2.0]
    """
    return _open.load_bytes(data, "torch")


def load_file(
    filename: str | os.PathLike[str], device: str | int = "cpu", *, backend: str = "mmap"
) -> dict[str, Tensor]:
    """Load the tensors of a .safetensors file, by name.

    The tensors share pages of the file. Pages that are written become private copies.

    Parameters
    ----------
    filename : str or os.PathLike
        The path.
    device : {"cpu"}
        Main memory.
    backend : {"mmap", "pread"}
        Both values have the same effect.

    Raises
    ------
    OSError
        The file cannot be read; FileNotFoundError if it does not exist.
    SafetensorError
        The file is malformed, or the device is another one.

    Examples
    --------
    >>> import torch
    >>> from tenon.safetensors.torch import load_file, save_file
    >>> save_file({"w": torch.tensor([1.0, 2.0])}, "m.safetensors")
    >>> list(load_file("m.safetensors"))
    ['w']
    """
    with _open.safe_open(filename, "pt", device, backend=backend) as file:
        return file.get_tensors()
