#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench_npz.py [--quick] LIBTENON PLUGINS: measures npz by tenon and by NumPy in turn, in one run; prints medians and their ratio.

Neither side waits for the disk (save.durable=no), files lie in the page cache, and both sides use fresh memory where the
row says so. Ratios above 1 mean that tenon is faster. --quick: an eighth of the data, two rounds.
"""
import ctypes as c
import os
import statistics
import subprocess
import sys
import tempfile
import unittest.mock
import zipfile

import ml_dtypes
import numpy as np
from bench import clock, row
from libtenon import Tenon

if sys.version_info >= (3, 14):
    zstd_zipfile = zipfile
else:
    from backports.zstd import zipfile as zstd_zipfile

MIB, MILLION = 1 << 20, 1000000
F32, I32 = 12, 8


class Bench:
    """The library, a folder, and the amount of data and rounds."""

    def __init__(self, library, plugins, folder, quick):
        self.tenon = Tenon(library, plugins, "save.durable=no")
        self.plugins, self.folder, self.quick = plugins, folder, quick
        self.scale = 8 if quick else 1

    def path(self, name):
        return os.path.join(self.folder, name)

    def rounds(self, full, quick=2):
        return quick if self.quick else full

    def compare(self, title, ours, theirs, peer, wanted, size=0, rounds=5, warm=True):
        """Measures both in turn. With warm=False a slow peer skips the first, uncounted round."""
        ours()
        if warm:
            theirs()
        times = [(clock(ours), clock(theirs)) for _ in range(rounds)]
        mine, other = (statistics.median(column) for column in zip(*times))
        row(title, mine, other, peer, wanted, size)

    def compare_lists(self, title, path, theirs, peer, wanted, rounds):
        """Lists every name, dtype and shape by bench/list, in C: Python would pay a call through ctypes for each tensor."""
        command = [os.path.join(os.environ["TENON_BUILDDIR"], "bench", "list"), self.plugins, path, "3"]

        def ours():
            return float(subprocess.run(command, check=True, capture_output=True).stdout) / 1e3

        times = [(ours(), clock(lambda: theirs(path))) for _ in range(rounds)]
        mine, other = (statistics.median(column) for column in zip(*times))
        row(title, mine, other, peer, wanted)


def sizes(ours, theirs):
    mine, other = os.path.getsize(ours), os.path.getsize(theirs)
    print(f"{'  sizes of the files':<52} {mine / 1e6:7.2f} MB    {'':<24} {other / 1e6:7.2f} MB    {mine / other:7.3f} of its size"
          f"  (wanted <= 1)", flush=True)


def same(path, arrays):
    """Raises an exception unless NumPy loads the saved arrays."""
    with np.load(path) as file:
        if file.files != [name for name, *_ in arrays] or any(not np.array_equal(file[name], array) for name, array, _ in arrays[::9]):
            raise RuntimeError(f"{path} has other arrays")


# ---- data ----


def split(array, dtype, count):
    return [(f"layer.{i}.weight", part, dtype) for i, part in enumerate(np.split(array, count))]


def normal(items):
    array = np.random.default_rng(1).standard_normal(items, dtype="f4")
    array *= 0.02
    return array


def data_sets(bench):
    """Yields the data sets (a), (b) and (c): 64 arrays of 2^20 items each."""
    items = 64 * MIB // bench.scale
    weights = normal(items)
    yield "a", "normal (0, 0.02)", split(weights, F32, 64), ">= 25 ISA-L, >= 7 libdeflate"
    yield "b", "the same rounded to bf16", split(weights.astype(ml_dtypes.bfloat16).astype("f4"), F32, 64), ">= 60 ISA-L, >= 25"
    ids = np.random.default_rng(2).integers(0, 32000, items, dtype="i4")
    yield "c", "ids below 32,000", split(ids, I32, 64), ">= 60 ISA-L, >= 25"


# ---- the table ----


def save_deflated(bench, letter, words, arrays, wanted):
    ours, theirs = bench.path(f"ours-{letter}.npz"), bench.path(f"numpy-{letter}.npz")
    named = {name: array for name, array, _ in arrays}
    size = sum(array.nbytes for array in named.values())
    bench.compare(f"deflated save, {len(arrays)} arrays ({letter}) {words}",
                  lambda: bench.tenon.save_many(ours, arrays, "npz.compression=deflate"), lambda: np.savez_compressed(theirs, **named), "np.savez_compressed", wanted, size, 1, warm=False)
    sizes(ours, theirs)
    same(ours, arrays)


def load(bench, title, path, arrays, wanted, rounds):
    """Loads all arrays in one call: into memory of the library, and into fresh memory of the caller."""
    tenon = bench.tenon
    size = sum(array.nbytes for _, array, _ in arrays)

    def library():
        file = tenon.open(path)
        memory, _ = tenon.load_all(file)
        tenon.lib.tenon_memory_free(memory)
        tenon.close(file)

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
    bench.compare(f"{title}, the library's", library, theirs, "np.load, all", wanted[0], size, rounds)
    bench.compare(f"{title}, the caller's", caller, theirs, "np.load, all", wanted[1], size, rounds)


def large_arrays(bench):
    for letter, words, arrays, wanted in data_sets(bench):
        save_deflated(bench, letter, words, arrays, wanted)
        if letter == "a":
            load(bench, "deflated load, 64 by NumPy", bench.path("numpy-a.npz"), arrays, (">= 3", ">= 2.2"), bench.rounds(3))
            weights = arrays
        os.unlink(bench.path(f"numpy-{letter}.npz"))
    one = [("weight", weights[0][1].base, F32)]
    ours, theirs = bench.path("ours-one.npz"), bench.path("numpy-one.npz")
    bench.compare(f"deflated save, one array of {one[0][1].size >> 20} × 2^20 (a)", lambda: bench.tenon.save_many(ours, one, "npz.compression=deflate"),
                  lambda: np.savez_compressed(theirs, weight=one[0][1]), "np.savez_compressed", ">= 25 ISA-L", one[0][1].nbytes, 1,
                  warm=False)
    sizes(ours, theirs)
    load(bench, f"deflated load, one of {one[0][1].size >> 20} × 2^20 by us", ours, one, (">= 2.5", "-"), bench.rounds(3))
    os.unlink(theirs)
    zstd(bench, weights)
    stored(bench, weights)


def zstd(bench, arrays):
    """Members of method 93, which NumPy reads where its zipfile does. numpy.savez has no word for it."""
    if not os.path.exists(os.path.join(bench.plugins, "zstd.so")):
        print("zstd: skipped, since this tenon has no such filter")
        return
    size = sum(array.nbytes for _, array, _ in arrays)
    ours, theirs = bench.path("ours-zstd.npz"), bench.path("numpy-zstd.npz")
    with unittest.mock.patch("zipfile.ZipFile", zstd_zipfile.ZipFile):
        bench.compare(f"zstd save, {len(arrays)} arrays (a)", lambda: bench.tenon.save_many(ours, arrays, "npz.compression=zstd"),
                      lambda: numpy_file(theirs, arrays, zstd_zipfile.ZIP_ZSTANDARD), "NumPy, zipfile", ">= 1.5", size, bench.rounds(3))
        sizes(ours, theirs)
        same(ours, arrays)
        load(bench, f"zstd load, {len(arrays)} by NumPy", theirs, arrays, (">= 1.5", ">= 1.5"), bench.rounds(3))
        load(bench, f"zstd load, {len(arrays)} by us", ours, arrays, (">= 1.5", ">= 1.5"), bench.rounds(3))
    os.unlink(ours)
    os.unlink(theirs)


def stored(bench, arrays):
    named = {name: array for name, array, _ in arrays}
    size = sum(array.nbytes for array in named.values())
    ours, theirs = bench.path("ours-stored.npz"), bench.path("numpy-stored.npz")
    bench.compare("stored save, 64 arrays", lambda: bench.tenon.save_many(ours, arrays), lambda: np.savez(theirs, **named), "np.savez",
                  ">= 1.3", size, bench.rounds(7))
    same(ours, arrays)
    load(bench, "stored load, 64 by NumPy", theirs, arrays, (">= 4", ">= 2"), bench.rounds(7))
    load(bench, "stored load, 64 by us", ours, arrays, (">= 4", ">= 2"), bench.rounds(7))
    os.unlink(theirs)


# ---- many small members ----


def small(count):
    data = normal(64 * count).reshape(count, 64)
    return [(f"layer.{i}.weight", data[i], F32) for i in range(count)]


def numpy_file(path, arrays, method):
    """Writes the bytes of np.savez in less time."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, array, _ in arrays:
            with archive.open(name + ".npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def names(path):
    with np.load(path) as file:
        return file.files


def small_members(bench):
    count = 20000 // bench.scale
    arrays = small(count)
    for words, method, wanted in (("stored", zipfile.ZIP_STORED, ">= 5"), ("deflated", zipfile.ZIP_DEFLATED, ">= 2.5")):
        path = bench.path(f"small-{words}.npz")
        numpy_file(path, arrays, method)
        bench.compare_lists(f"open and list {count:,} members, {words}, by NumPy", path, names, "np.load(f).files", wanted, bench.rounds(9))
        ours = bench.path(f"small-ours-{words}.npz")
        settings = ["npz.compression=deflate"] if words == "deflated" else []
        bench.compare(f"save {count:,} members, {words}", lambda: bench.tenon.save_many(ours, arrays, *settings),
                      lambda: numpy_file(bench.path("scratch.npz"), arrays, method), "NumPy, zipfile", "-", 0, bench.rounds(3))
        bench.compare_lists(f"open and list {count:,} members, {words}, by us", ours, names, "np.load(f).files", wanted, bench.rounds(9))

        requests = bench.tenon.requests_for(count)  # Python takes longer to make the requests than the library to read the members

        def read():
            file = bench.tenon.open(path)
            memory, _ = bench.tenon.load_all(file, requests)
            bench.tenon.lib.tenon_memory_free(memory)
            bench.tenon.close(file)

        def theirs():
            with np.load(path) as file:
                return dict(file)

        bench.compare(f"read all of {count:,} members, {words}", read, theirs, "dict(np.load(f))", ">= 100", 0, 1, warm=False)


def linearity(bench):
    """Would show a time for each member that grows with the number of members."""
    for words, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
        for count in (10, 1000, 100000 // bench.scale):
            path = bench.path("many.npz")
            numpy_file(path, small(count), method)
            bench.compare_lists(f"open and list {count:,} members, {words}, by NumPy", path, names, "np.load(f).files", "linear", bench.rounds(5 if count > 1000 else 9))
    count = MILLION // bench.scale
    path = bench.path("million.npz")
    data = np.zeros((count, 1), "f4")
    bench.tenon.save_many(path, [(f"m{i}", data[i], F32) for i in range(count)])
    bench.compare_lists(f"open and list {count:,} members, stored, by us", path, names, "np.load(f).files", "linear", 1)


def main():
    arguments = [word for word in sys.argv[1:] if word != "--quick"]
    library, plugins = arguments[:2]
    quick = "--quick" in sys.argv
    print(f"{os.cpu_count()} processors, NumPy {np.__version__}, medians; ratio > 1: tenon is faster"
          + (", an eighth of the data" if quick else ""))
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        bench = Bench(library, plugins, folder, quick)
        small_members(bench)
        linearity(bench)
        large_arrays(bench)


if __name__ == "__main__":
    main()
