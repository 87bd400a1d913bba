# SPDX-License-Identifier: MIT
"""The inputs of README.md, made once for all tests of a run."""

import atexit
import functools
import pathlib
import shutil
import subprocess
import sys
import tempfile


@functools.lru_cache(maxsize=None)
def folder(name):
    """Returns the folder of the inputs that make_NAME.py makes: "numpy_safetensors" or "gguf_mlx".

    A test copies an input before it changes it."""
    made = tempfile.mkdtemp(prefix="tenon-reports.")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    script = pathlib.Path(__file__).parent / f"make_{name}.py"
    subprocess.run([sys.executable, "-W", "ignore", script, made], check=True, stdout=subprocess.DEVNULL)
    return pathlib.Path(made)


def numpy_input(name):
    """Returns the path of an input of make_numpy_safetensors.py."""
    return folder("numpy_safetensors") / name


def gguf_input(name):
    """Returns the path of an input of make_gguf_mlx.py."""
    return folder("gguf_mlx") / name
