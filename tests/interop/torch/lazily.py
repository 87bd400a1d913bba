# SPDX-License-Identifier: MIT
"""Imports torch so that its functions of CUDA are bound when they are called, which none is: build-aux/torch-venv left the libraries
out that have them."""

import os
import sys

flags = sys.getdlopenflags()
sys.setdlopenflags(os.RTLD_LAZY)
try:
    import torch  # noqa: F401
finally:
    sys.setdlopenflags(flags)
