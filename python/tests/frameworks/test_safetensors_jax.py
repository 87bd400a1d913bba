# SPDX-License-Identifier: MIT
"""tenon.safetensors.flax in place of safetensors.flax: each assertion holds for both."""

import importlib
import itertools

import jax
import numpy as np
import pytest

LIBRARIES = ("safetensors", "tenon.safetensors")
PAIRS = [pair for pair in itertools.product(LIBRARIES, LIBRARIES) if "tenon.safetensors" in pair]


@pytest.fixture(params=PAIRS, ids="→".join)
def pair(request):
    return request.param


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.safetensors"


def test_flax_round_trip(pair, path):
    writer, reader = (importlib.import_module(f"{name}.flax") for name in pair)
    made = {
        "x": jax.numpy.arange(6.0).reshape(2, 3),
        "n": jax.numpy.arange(3),
        "half": jax.numpy.ones((2, 2), jax.numpy.bfloat16),
    }
    writer.save_file(made, path, {"by": "jax"})
    for found in (
        reader.load_file(path),
        reader.load(writer.save({key: made[key] for key in ("x", "n")})) | {"half": reader.load_file(path)["half"]},
    ):
        for key, array in made.items():
            assert (
                isinstance(found[key], jax.Array)
                and found[key].dtype == array.dtype
                and np.array_equal(found[key], array)
            )
    with importlib.import_module(pair[1]).safe_open(path, "flax") as file:
        assert isinstance(file.get_tensor("x"), jax.Array) and file.get_slice("x")[1].tolist() == [3, 4, 5]
