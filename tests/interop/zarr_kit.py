# SPDX-License-Identifier: MIT
"""Functions that the tests of Zarr share."""

import contextlib
import functools
import os
import pathlib
import pickle
import subprocess
import tempfile
import warnings

import numpy as np
import zarr
from npz_kit import read, tenon
from test_npy import DTYPES
from zarr_peer import collect

warnings.simplefilter("ignore")

ML = {"bfloat16": "bf16", "float8_e4m3fn": "f8_e4m3", "float8_e5m2": "f8_e5m2", "float8_e4m3fnuz": "f8_e4m3fnuz",
      "float8_e5m2fnuz": "f8_e5m2fnuz", "float8_e8m0fnu": "f8_e8m0"}


def older(*words):
    """Runs zarr_peer.py by zarr-python 2."""
    python = pathlib.Path(os.environ["TENON_BUILDDIR"]) / "venv-zarr2" / "bin" / "python"
    subprocess.run([python, pathlib.Path(__file__).with_name("zarr_peer.py"), *words], check=True)


@functools.lru_cache(maxsize=None)
def _samples():
    folder = tempfile.TemporaryDirectory(prefix="tenon-zarr2.")  # pylint: disable=consider-using-with
    older("make", folder.name)
    return folder


def samples():
    """Returns the folder with the stores of zarr-python 2, and {store: {path: array}}."""
    folder = pathlib.Path(_samples().name)
    return folder, pickle.loads((folder / "samples.pickle").read_bytes())


def by_older(folder):
    """Everything that zarr-python 2 reads of the stores of a folder: {store: collect (store)}."""
    older("read", str(folder))
    return pickle.loads((pathlib.Path(folder) / "found.pickle").read_bytes())


@contextlib.contextmanager
def zarrs():
    """zarr-python reads and writes chunks by zarrs."""
    with zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"}):
        yield


def plain(array):
    """The items as tenon hands them out: C order, and little-endian unless their type is opaque."""
    array = np.asarray(array)
    if array.dtype.name in ML or array.dtype.str[1:] in DTYPES:
        array = array.astype(array.dtype.newbyteorder("<"))
    return np.ascontiguousarray(array).tobytes()


def dtype_name(dtype):
    """tenon's name; of opaque types None, since each format has its own text."""
    return ML.get(dtype.name) or DTYPES.get(dtype.str[1:] if dtype.names is None else "")


def check_same(bench, found, array, *words):
    name = dtype_name(array.dtype)
    bench.check(name is None or found.dtype == name, *words, "dtype is", found.dtype, "and not", name)
    bench.check(found.shape == array.shape, *words, "shape is", found.shape, "and not", array.shape)
    if name is None and found.dtype[0] != "[":  # pickle changes the byte order of some
        array = array.astype(found.dtype)
    bench.check(found.data == plain(array), *words, "other values")


def check_read(bench, path, arrays, *words, settings=()):
    """tenon reads exactly these arrays, {path in the store: array}."""
    found = read(path, context=tenon(*settings))
    if list(arrays) == [""]:  # the root is the array, and is named after the file
        found = {"": next(iter(found.values()))} if len(found) == 1 else found
    bench.check(sorted(found) == sorted(arrays), path.name, *words, "names are", sorted(set(found) ^ set(arrays))[:9])
    for name in set(found) & set(arrays):
        check_same(bench, found[name], arrays[name], path.name, *words, name)


def same(a, b):
    """Arrays of the same dtype, byte order aside, shape and bytes: NaNs too."""
    return (a.dtype.newbyteorder("=") == b.dtype.newbyteorder("=") and a.shape == b.shape
            and np.ascontiguousarray(a.astype(b.dtype)).tobytes() == np.ascontiguousarray(b).tobytes())


def check_collected(bench, found, arrays, *words, attributes=None):
    """What a peer has read of a store (zarr_peer.collect) is these arrays, and these attributes of nodes."""
    if not bench.check(isinstance(found, dict), *words, found):
        return
    names = {name for name, (_, array) in found.items() if array is not None}
    bench.check(names == set(arrays), *words, "names", sorted(names ^ set(arrays))[:9])
    for name in names & set(arrays):
        bench.check(same(found[name][1], np.asarray(arrays[name])), *words, name, "is", found[name][1].dtype, found[name][1].shape)
    for name, wanted in (attributes or {}).items():
        held = found.get(name, ({},))[0]
        bench.check(held == wanted, *words, "attributes of", name or "the root", "are", held, "and not", wanted)


def check_peers(bench, path, arrays, *words, attributes=None, version=3):
    """zarr-python, and zarrs in it, read these arrays; the caller asks zarr-python 2 for all stores at once."""
    check_collected(bench, collect(path), arrays, path.name, *words, "zarr", attributes=attributes)
    if version == 3 and path.suffix == ".zarr":
        # zarrs reads wrong numbers of big-endian complex arrays, also of those that zarr-python writes
        wanted = {name: array for name, array in arrays.items() if not name.startswith(("bc8", "bc16"))}
        with zarrs():
            found = {name: node for name, node in collect(path).items() if name in wanted or node[1] is None}
            check_collected(bench, found, wanted, path.name, *words, "zarrs")
