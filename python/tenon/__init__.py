# SPDX-License-Identifier: MIT
"""Reads and writes arrays in the formats .npy, .npz, .safetensors, .gguf, .pt and those of plugins.

A tour::

    arrays = tenon.load("model.safetensors")            # all arrays: a dict, or the array of a .npy file
    with tenon.open("model.gguf") as f:                 # reads no data yet
        f.tensors                                       # names, dtypes and shapes
        f["token_embd.weight"]                          # a view of the file if possible
        f.read("token_embd.weight", np.s_[:4], dtype="float32")
    tenon.save_safetensors("new", arrays, {"author": "me"})     # also save, savez, savez_compressed, save_gguf
    tenon.write("new.gguf", arrays, dtype="q8_0")       # any format, by its extension; returns a report
    tenon.convert("model.gguf", "model.npz", only="blk.*")      # in bounded memory
    with tenon.writer("steps.npz") as w:                # adds tensors one by one
        w.add("step0", np.zeros(3))

verify and hash check files. formats, dtypes and config list the abilities and the configuration of the library, which
configure changes. Failures are TenonErrors, and also FileNotFoundError, ValueError and so on. tenon.numpy and
tenon.safetensors replace the functions of these packages. `python -m tenon` is the command.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenon._check import hash as hash
    from tenon._check import verify as verify
    from tenon._context import configure as configure
    from tenon._convert import convert as convert
    from tenon._errors import TenonBlockingIOError as TenonBlockingIOError
    from tenon._errors import TenonBrokenPipeError as TenonBrokenPipeError
    from tenon._errors import TenonError as TenonError
    from tenon._errors import TenonFileExistsError as TenonFileExistsError
    from tenon._errors import TenonFileNotFoundError as TenonFileNotFoundError
    from tenon._errors import TenonIsADirectoryError as TenonIsADirectoryError
    from tenon._errors import TenonKeyError as TenonKeyError
    from tenon._errors import TenonMemoryError as TenonMemoryError
    from tenon._errors import TenonNotADirectoryError as TenonNotADirectoryError
    from tenon._errors import TenonOSError as TenonOSError
    from tenon._errors import TenonPermissionError as TenonPermissionError
    from tenon._errors import TenonValueError as TenonValueError
    from tenon._file import File as File
    from tenon._file import open as open
    from tenon._formats import config as config
    from tenon._formats import dtypes as dtypes
    from tenon._formats import formats as formats
    from tenon._lazy import LazyArray as LazyArray
    from tenon._load import load as load
    from tenon._metadata import Metadata as Metadata
    from tenon._quantized import QuantizedArray as QuantizedArray
    from tenon._report import Entry as Entry
    from tenon._report import Report as Report
    from tenon._save import save as save
    from tenon._save import save_gguf as save_gguf
    from tenon._save import save_safetensors as save_safetensors
    from tenon._save import savez as savez
    from tenon._save import savez_compressed as savez_compressed
    from tenon._save import write as write
    from tenon._tensors import TensorInfo as TensorInfo
    from tenon._writer import Writer as Writer
    from tenon._writer import writer as writer

    __version__: str

# The module of each public name. The first use of a name imports it, so that `import tenon` takes little time.
_PLACES = {
    "_check": ("hash", "verify"),
    "_context": ("configure",),
    "_convert": ("convert",),
    "_errors": (
        "TenonError",
        "TenonBlockingIOError",
        "TenonBrokenPipeError",
        "TenonFileExistsError",
        "TenonFileNotFoundError",
        "TenonIsADirectoryError",
        "TenonKeyError",
        "TenonMemoryError",
        "TenonNotADirectoryError",
        "TenonOSError",
        "TenonPermissionError",
        "TenonValueError",
    ),
    "_file": ("File", "open"),
    "_formats": ("config", "dtypes", "formats"),
    "_lazy": ("LazyArray",),
    "_load": ("load",),
    "_metadata": ("Metadata",),
    "_quantized": ("QuantizedArray",),
    "_report": ("Entry", "Report"),
    "_save": ("save", "save_gguf", "save_safetensors", "savez", "savez_compressed", "write"),
    "_tensors": ("TensorInfo",),
    "_writer": ("Writer", "writer"),
}
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}
_SUBMODULES = ("numpy", "safetensors")

__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll]


if not TYPE_CHECKING:  # to a checker each name that is not above is a fault

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        if name == "__version__":
            value: Any = import_module("tenon._core").VERSION
        elif name in _SUBMODULES:
            return import_module(f"tenon.{name}")
        elif name in _MODULE_OF:
            value = getattr(import_module(f"tenon.{_MODULE_OF[name]}"), name)
        else:
            raise AttributeError(f"module 'tenon' has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, *_SUBMODULES, "__version__"})
