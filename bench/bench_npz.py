# SPDX-License-Identifier: MIT
"""npz of large arrays by tenon and by NumPy. The rows of deflate are wanted of a build with ISA-L, the others of any."""
import os
import sys
import unittest.mock
import zipfile

import measure
import ml_dtypes
import numpy as np
from arrays import by_name, bytes_of, large, normal, split
from bench_npz_many import numpy_file
from measure import F32, I32, MIB

if sys.version_info >= (3, 14):
    zstd_zipfile = zipfile
else:
    from backports.zstd import zipfile as zstd_zipfile


def same(path, arrays):
    """Raises an exception unless NumPy loads the saved arrays."""
    with np.load(path) as file:
        if file.files != [name for name, *_ in arrays] or any(not np.array_equal(file[name], array) for name, array, _ in arrays[::9]):
            raise RuntimeError(f"{path} has other arrays")


def data_sets(bench):
    """Yields three data sets of 64 arrays of 2^20 items each, and what is wanted of deflate."""
    weights = large(bench)
    yield "(a) normal (0, 0.02)", weights, ">= 35"
    whole = weights[0][1].base
    yield "(b) the same rounded to bf16", split(whole.astype(ml_dtypes.bfloat16).astype("f4"), F32, 64), ">= 78"
    yield "(c) ids below 32,000", split(np.random.default_rng(2).integers(0, 32000, whole.size, dtype="i4"), I32, 64), ">= 68"


def load(bench, title, path, arrays, wanted, rounds):
    """Loads all arrays in one call: into memory of the library, and into fresh memory of the caller."""
    tenon = bench.tenon

    def caller():
        file = tenon.open(path)
        fresh = [np.empty(array.shape, array.dtype) for _, array, _ in arrays]
        tenon.read_all(file, fresh)
        tenon.close(file)
        return fresh

    def theirs():
        with np.load(path) as file:
            return [file[name] for name in file.files]

    if any(not np.array_equal(found, array) for found, (_, array, _) in zip(caller(), arrays)):
        raise RuntimeError(f"{path} is read as other arrays")
    bench.compare(f"{title}, the library's memory", bench.loader(path), theirs, "np.load, all", wanted[0], bytes_of(arrays), rounds)
    bench.compare(f"{title}, the caller's", caller, theirs, "np.load, all", wanted[1], bytes_of(arrays), rounds)


def deflated(bench, title, arrays, wanted):
    """Saves, and leaves both files."""
    ours, theirs, named = bench.path("ours.npz"), bench.path("numpy.npz"), by_name(arrays)
    bench.compare(f"deflated save, {title}", lambda: bench.tenon.save_many(ours, arrays, "npz.compression=deflate"),
                  lambda: np.savez_compressed(theirs, **named), "np.savez_compressed", wanted, bytes_of(arrays), 1, warm=False)
    bench.compare_sizes(f"deflated size, {title}", ours, theirs, "np.savez_compressed")
    same(ours, arrays)
    return ours, theirs


def deflated_saves(bench):
    for words, arrays, wanted in data_sets(bench):
        deflated(bench, f"64 arrays {words}", arrays, wanted)


def deflated_loads(bench):
    arrays = large(bench)
    ours, theirs = deflated(bench, "64 arrays (a), once more", arrays, ">= 35")
    load(bench, "deflated load, 64 arrays (a) by NumPy", theirs, arrays, (">= 4.2", ">= 2.2"), bench.rounds(3))
    load(bench, "deflated load, 64 arrays (a) by us", ours, arrays, (">= 4.2", ">= 2.2"), bench.rounds(3))


def deflated_one(bench):
    one = [("weight", normal(64 * MIB // bench.scale), F32)]
    words = f"one array of {bytes_of(one) >> 20} MiB"
    ours, _ = deflated(bench, words, one, ">= 25")
    load(bench, f"deflated load, {words} by us", ours, one, (">= 2.5", "-"), bench.rounds(3))


def zstd(bench):
    """Members of method 93, which NumPy reads where its zipfile does. numpy.savez has no word for it."""
    if not os.path.exists(os.path.join(bench.plugins, "zstd.so")):
        raise measure.LeftOut("this tenon has no filter zstd")
    arrays = large(bench)
    ours, theirs = bench.path("ours.npz"), bench.path("numpy.npz")
    with unittest.mock.patch("zipfile.ZipFile", zstd_zipfile.ZipFile):
        bench.compare("zstd save, 64 arrays (a)", lambda: bench.tenon.save_many(ours, arrays, "npz.compression=zstd"),
                      lambda: numpy_file(theirs, arrays, zstd_zipfile.ZIP_ZSTANDARD), "NumPy, zipfile", ">= 1.5", bytes_of(arrays),
                      bench.rounds(3))
        bench.compare_sizes("zstd size, 64 arrays (a)", ours, theirs, "NumPy, zipfile")
        same(ours, arrays)
        load(bench, "zstd load, 64 arrays (a) by NumPy", theirs, arrays, (">= 1.5", ">= 1.5"), bench.rounds(3))
        load(bench, "zstd load, 64 arrays (a) by us", ours, arrays, (">= 1.5", ">= 1.5"), bench.rounds(3))


def stored(bench):
    arrays = large(bench)
    named = by_name(arrays)
    ours, theirs = bench.path("ours.npz"), bench.path("numpy.npz")
    bench.compare("stored save, 64 arrays", lambda: bench.tenon.save_many(ours, arrays), lambda: np.savez(theirs, **named), "np.savez",
                  ">= 2.9", bytes_of(arrays), bench.rounds(7), readme=True)
    same(ours, arrays)
    load(bench, "stored load, 64 arrays by NumPy", theirs, arrays, (">= 4.2", ">= 2"), bench.rounds(7))
    load(bench, "stored load, 64 arrays by us", ours, arrays, (">= 4.2", ">= 2"), bench.rounds(7))


if __name__ == "__main__":
    measure.main({"npz.deflated_save": deflated_saves, "npz.deflated_load": deflated_loads, "npz.deflated_one": deflated_one,
                  "npz.zstd": zstd, "npz.stored": stored})
