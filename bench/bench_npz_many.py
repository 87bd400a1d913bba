# SPDX-License-Identifier: MIT
"""npz of many small members by tenon and by NumPy."""
import zipfile

import measure
import numpy as np
from arrays import small
from measure import F32

METHODS = (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED))


def numpy_file(path, arrays, method):
    """Writes the bytes of np.savez in less time."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, array, _ in arrays:
            with archive.open(name + ".npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def names(path):
    with np.load(path) as file:
        return file.files


def everything(path):
    with np.load(path) as file:
        return dict(file)


def listed(bench, title, path, wanted, rounds, readme=False):
    bench.compare_lists(title, path, [(names, "np.load(f).files", wanted)], rounds, readme)


def small_members(bench):
    count = 20000 // bench.scale
    arrays = small(count, (64,))
    for (words, method), wanted in zip(METHODS, (">= 6", ">= 3")):
        theirs, ours = bench.path(f"theirs-{words}.npz"), bench.path(f"ours-{words}.npz")
        numpy_file(theirs, arrays, method)
        title = f"{count:,} members, {words}"
        listed(bench, f"open and list {title}, by NumPy", theirs, wanted, bench.rounds(9), readme=True)
        settings = ["npz.compression=deflate"] * (words == "deflated")
        bench.compare(f"save {title}", lambda: bench.tenon.save_many(ours, arrays, *settings),
                      lambda: numpy_file(bench.path("scratch.npz"), arrays, method), "NumPy, zipfile", "-", 0, bench.rounds(3))
        listed(bench, f"open and list {title}, by us", ours, wanted, bench.rounds(9))
        bench.compare(f"read all of {title}", bench.loader(theirs, bench.tenon.requests_for(count)), lambda: everything(theirs),
                      "dict(np.load(f))", ">= 30", 0, bench.rounds(3, 1), readme=True)


def linearity(bench):
    """Would show a time for each member that grows with the number of members."""
    for words, method in METHODS:
        for count in (10, 1000, 100000 // bench.scale):
            path = bench.path("many.npz")
            numpy_file(path, small(count, (64,)), method)
            listed(bench, f"open and list {count:,} members, {words}, by NumPy", path, "-", bench.rounds(5 if count > 1000 else 9))
    count = 1000000 // bench.scale
    path, data = bench.path("million.npz"), np.zeros((count, 1), "f4")
    bench.tenon.save_many(path, [(f"m{i}", data[i], F32) for i in range(count)])
    listed(bench, f"open and list {count:,} members, stored, by us", path, "-", 1)


if __name__ == "__main__":
    measure.main({"npz.small": small_members, "npz.linear": linearity})
