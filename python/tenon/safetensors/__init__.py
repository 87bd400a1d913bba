# SPDX-License-Identifier: MIT
"""The functions of the package safetensors, with the same arguments and results, implemented by tenon.

A program changes one import::

    from tenon.safetensors import safe_open                   # was: from safetensors import safe_open
    from tenon.safetensors.numpy import load_file, save_file  # was: from safetensors.numpy import load_file, save_file
    from tenon.safetensors.torch import load_file, save_file  # was: from safetensors.torch import load_file, save_file

load_file, save_file, load and save of this module are those for NumPy. SafetensorError is tenon.TenonError.

Differences: arrays of any strides are saved correctly. A file that is replaced stays whole until the new one is
complete. All dtypes of the format can be read, with ml_dtypes. Slices take every index of integers and slices that
NumPy takes. Tensors are in main memory: the device is "cpu".
"""

from __future__ import annotations

from tenon._errors import TenonError as SafetensorError
from tenon.safetensors._open import safe_open
from tenon.safetensors.numpy import load, load_file, save, save_file

__all__ = ["SafetensorError", "load", "load_file", "safe_open", "save", "save_file"]
