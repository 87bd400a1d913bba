# SPDX-License-Identifier: MIT
"""The functions of the safetensors library, in its words, by tenon: a program changes one import.

    from tenon.safetensors import safe_open                   # was: from safetensors import safe_open
    from tenon.safetensors.numpy import load_file, save_file  # was: from safetensors.numpy import load_file, save_file
    from tenon.safetensors.torch import load_file, save_file  # was: from safetensors.torch import load_file, save_file

load_file, save_file, load and save are here, too, for NumPy. What differs: arrays of any strides are saved as they
are, a file that is replaced stays whole until the new one is complete, all dtypes of the format are read, with
ml_dtypes, and slices take every index of integers and slices that NumPy takes. Tensors lie in main memory: the device
is "cpu".

SafetensorError is tenon.TenonError.
"""

from __future__ import annotations

from tenon._errors import TenonError as SafetensorError
from tenon.safetensors._open import safe_open
from tenon.safetensors.numpy import load, load_file, save, save_file

__all__ = ["SafetensorError", "load", "load_file", "safe_open", "save", "save_file"]
