# SPDX-License-Identifier: MIT
"""safe_open, and the functions that all frameworks share."""

from __future__ import annotations

import errno
import importlib
import io
import json
import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final

import numpy as np

from tenon import _context, _core
from tenon._errors import TenonError, TenonValueError, fail
from tenon._file import File
from tenon._file import open as open_file
from tenon._load import load

_FRAMEWORKS = {
    "np": "numpy",
    "numpy": "numpy",
    "pt": "torch",
    "torch": "torch",
    "pytorch": "torch",
    "jax": "jax",
    "flax": "jax",
    "mlx": "mlx",
}
# The format's names of dtypes
_DTYPES = {
    "bool": "BOOL",
    "bf16": "BF16",
    "f8_e4m3": "F8_E4M3",
    "f8_e5m2": "F8_E5M2",
    "f8_e4m3fnuz": "F8_E4M3FNUZ",
    "f8_e5m2fnuz": "F8_E5M2FNUZ",
    "f8_e8m0": "F8_E8M0",
    "f6_e2m3": "F6_E2M3",
    "f6_e3m2": "F6_E3M2",
    "f4": "F4",
}
# Places in _core.Info
_NAME: Final = 1
_DTYPE_NAME: Final = 3
_SHAPE: Final = 4
_OFFSET: Final = 9


class SliceError(TenonValueError, IndexError):
    """The index does not fit the tensor."""


# ---- arguments -------------------------------------------------------------------------------------------------------


def path_of(filename: Any) -> str:
    """The path as str. TypeError: `filename` is no path."""
    return os.fsdecode(os.fspath(filename))


def check_file(path: str) -> None:
    """IsADirectoryError: the path is a folder, which tenon.open would open as a set."""
    if os.path.isdir(path):
        raise fail("TENON_E_IO", f"{path}: it is a folder", file=path, errno=errno.EISDIR)


def framework_of(name: str) -> str:
    """The framework. SafetensorError: it is unknown. ImportError: its package is not installed."""
    if not isinstance(name, str):
        raise TypeError(f"framework is a str, not {type(name).__name__}")
    if name not in _FRAMEWORKS:
        raise fail("TENON_E_UNSUPPORTED", f"framework {name} is invalid: it is one of {', '.join(_FRAMEWORKS)}")
    framework = _FRAMEWORKS[name]
    if framework == "torch":
        importlib.import_module("torch")  # the others are imported when an array is made, as by safetensors
    return framework


def check_device(device: Any, backend: str) -> None:
    """SafetensorError: the device is not "cpu", or the backend is unknown."""
    if device is not None and str(device) != "cpu":
        raise fail(
            "TENON_E_UNSUPPORTED",
            f"device {device} is not supported: tensors are loaded into main memory, device 'cpu'",
        )
    if backend not in ("mmap", "pread"):
        raise fail("TENON_E_MISUSE", f'backend "{backend}" is invalid (expected one of: "mmap", "pread")')


# ---- safe_open -------------------------------------------------------------------------------------------------------


class safe_open:
    """Open a .safetensors file, and read tensors on access.

    As a context manager it is closed at the end of the block. Arrays and slices stay valid.

    Parameters
    ----------
    filename : str or os.PathLike
        The path.
    framework : {"np", "numpy", "pt", "torch", "pytorch", "jax", "flax", "mlx"}
        The library of the arrays.
    device : {"cpu"}
        Main memory.
    backend : {"mmap", "pread"}
        Both values have the same effect.

    Raises
    ------
    OSError
        The file cannot be read; FileNotFoundError if it does not exist.
    SafetensorError
        The file is malformed, or an argument is wrong; also a ValueError.

    Examples
    --------
    >>> from tenon.safetensors import safe_open, save_file
    >>> save_file({"w": np.arange(6).reshape(2, 3)}, "a.safetensors", {"by": "me"})
    >>> with safe_open("a.safetensors", framework="np") as f:
    ...     f.keys(), f.metadata(), f.get_tensor("w").shape, f.get_slice("w")[:, 1].tolist()
    (['w'], {'by': 'me'}, (2, 3), [1, 4])
    """

    def __init__(self, filename: Any, framework: str, device: Any = "cpu", *, backend: str = "mmap") -> None:
        self._framework = framework_of(framework)
        check_device(device, backend)
        self._path = path_of(filename)
        check_file(self._path)
        self._file: File | None = open_file(self._path, format="safetensors", alone=True)

    def _open(self) -> File:
        if self._file is None:
            raise fail("TENON_E_MISUSE", "File is closed", file=self._path)
        return self._file

    def keys(self) -> list[str]:
        """Return the names of the tensors, sorted."""
        return sorted(self._open())

    def offset_keys(self) -> list[str]:
        """Return the names of the tensors, in the order of their data."""
        core = self._open()._core
        return [info[_NAME] for info in sorted(core.infos(0, len(core)), key=lambda info: info[_OFFSET])]

    def metadata(self) -> dict[str, str] | None:
        """Return the metadata as they are in the file; None if there are none."""
        return metadata_of(self._open(), self._path)

    def get_tensor(self, name: str) -> Any:
        """Read a tensor.

        Parameters
        ----------
        name : str
            The name of the tensor.

        Returns
        -------
        array
            An array of the framework.

        Raises
        ------
        SafetensorError
            There is no such tensor (a KeyError), or it cannot be read.
        """
        return read(self._open(), name, ..., self._framework)

    def get_tensors(self) -> dict[str, Any]:
        """Read all tensors: a dict from names to arrays."""
        return self._open().read_many(None, copy=self._framework == "numpy", framework=self._framework)

    def get_slice(self, name: str) -> SafeSlice:
        """Return a tensor of which ``[index]`` reads a part.

        Parameters
        ----------
        name : str
            The name of the tensor.

        Returns
        -------
        SafeSlice
            The tensor, without its data.

        Raises
        ------
        SafetensorError
            There is no such tensor (a KeyError).
        """
        file = self._open()
        return SafeSlice(file, file.tensors[name], self._framework)

    def __enter__(self) -> safe_open:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file = None  # slices of it keep the file open


class SafeSlice:
    """A tensor that has not been read: ``[index]`` reads a part. `safe_open.get_slice` returns it."""

    def __init__(self, file: File, info: Any, framework: str) -> None:
        self._file = file
        self._info = info
        self._framework = framework

    def get_shape(self) -> list[int]:
        """Return the number of items in each dim."""
        return list(self._info.shape)

    def get_dtype(self) -> str:
        """Return the format's name of the dtype: "F32", "BF16"."""
        name: str = self._info.dtype
        return _DTYPES.get(name) or name.upper()

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list) and not index:
            index = slice(0, 0)  # as NumPy has it
        parts = index if isinstance(index, tuple) else (index,)
        for part in parts:
            if not (part is Ellipsis or isinstance(part, slice) or hasattr(part, "__index__")) or isinstance(
                part, np.ndarray
            ):
                raise self._refuse(index, "a part of it is no slice, integer or Ellipsis")
        try:
            return read(self._file, self._info.name, index, self._framework)
        except IndexError as error:
            raise self._refuse(index, str(error)) from None

    def _refuse(self, index: Any, why: str) -> TenonError:
        message = f"the index {index!r} is not one of tensor '{self._info.name}' of the shape {self._info.shape}: {why}"
        error = SliceError(message)
        error.__dict__.update(message=message, status="TENON_E_MISUSE", file=self._file.path, tensor=self._info.name)
        return error


# ---- reading ---------------------------------------------------------------------------------------------------------


def read(file: File, name: str, index: Any, framework: str) -> Any:
    """A tensor, or a part of it. Arrays of NumPy own their memory; those of other frameworks share pages if possible."""
    found = file.read(name, index, copy=framework == "numpy", framework=framework)
    return np.asarray(found) if framework == "numpy" else found


def load_path(filename: Any, backend: str) -> dict[str, Any]:
    """All tensors of a file, as ndarrays."""
    check_device("cpu", backend)
    path = path_of(filename)
    check_file(path)
    arrays: dict[str, Any] = load(path, "safetensors")
    return arrays


def load_bytes(data: Any, framework: str) -> dict[str, Any]:
    """All tensors of a file in memory."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"the content of a file is bytes, not {type(data).__name__}")
    arrays: dict[str, Any] = load(io.BytesIO(data), "safetensors", framework=framework)
    return arrays


def metadata_of(file: File, path: str) -> dict[str, str] | None:
    """The metadata as the strings in the file, without the types that tenon adds."""
    found = dict(file.metadata)
    if "tenon.metadata" not in found and all(isinstance(value, str) for value in found.values()):
        types = file.metadata_types
        if all(kind == "string" for kind in types.values()):
            return found or None
    with open(path, "rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    metadata: dict[str, str] | None = header.get("__metadata__")
    return metadata


# ---- writing ---------------------------------------------------------------------------------------------------------


def plan_of(tensors: Mapping[str, Any], metadata: Mapping[str, str] | None) -> _core.Plan:
    """The plan of a save. TypeError: an argument has another type."""
    if not isinstance(tensors, Mapping):
        raise TypeError(f"tensors are a dict of names and arrays, not {type(tensors).__name__}")
    if metadata is not None and not isinstance(metadata, Mapping):
        raise TypeError(f"metadata are a dict of str and str, not {type(metadata).__name__}")
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not hasattr(tensor, "dtype"):
            raise TypeError(f"tensors are a dict of names and arrays: {name!r} is {type(tensor).__name__}")
        if getattr(tensor.dtype, "hasobject", False):
            raise fail("TENON_E_UNSUPPORTED", f"tensor '{name}': the format has no dtype {tensor.dtype}", tensor=name)
    for key, value in (metadata or {}).items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"metadata are a dict of str and str: {key!r} is {type(value).__name__}")
    from tenon._inputs import Adding

    plan = _context.context().plan()
    Adding(plan).add_all(tensors.items())
    for key, value in (metadata or {}).items():
        plan.put_metadata(key, value)
    return plan


def options() -> dict[str, Any]:
    """Options of _core.Plan.save."""
    return {"format": "safetensors", "flags": _core.SAVE_EXACT_NAME}


def save_bytes(tensors: Mapping[str, Any], metadata: Mapping[str, str] | None) -> bytes:
    """The bytes of a file."""
    return plan_of(tensors, metadata).save_memory(options())[0].tobytes()


def save_path(tensors: Mapping[str, Any], filename: Any, metadata: Mapping[str, str] | None) -> None:
    """Writes a file."""
    from tenon import _save

    _save.save_plan(plan_of(tensors, metadata), path_of(filename), options())
