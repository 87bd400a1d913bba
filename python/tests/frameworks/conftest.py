# SPDX-License-Identifier: MIT
"""torch, whose wheel for CUDA is imported without CUDA: tests/interop/torch/lazily.py says how."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tests" / "interop" / "torch"))
import lazily  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import
