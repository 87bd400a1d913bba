# SPDX-License-Identifier: MIT
"""The functions of the Python package, with NumPy, safetensors and MLX as peers."""
import os
import subprocess
import sys

import measure
import mlx.core as mx
import numpy as np
from arrays import by_name, bytes_of, expert_names, large, small
from bench_npz_many import everything, numpy_file
from measure import Seconds
from safetensors.numpy import load_file, save_file
from zipfile import ZIP_STORED

SITE = os.path.join(os.environ["TENON_BUILDDIR"], "python", "site")
sys.path.insert(0, SITE)
import tenon  # pylint: disable=wrong-import-position
import tenon.numpy  # pylint: disable=wrong-import-position
import tenon.safetensors  # pylint: disable=wrong-import-position

tenon.configure("save.durable=no")
# Loads a file in a fresh process, after a tiny one, and prints the seconds.
FIRST = """
import sys, time
sys.path.insert(0, sys.argv[1])
from bench_python import LOADERS
load = LOADERS[sys.argv[2]]
load(sys.argv[3] + ".tiny.safetensors")
begin = time.perf_counter()
arrays = load(sys.argv[3])
print(time.perf_counter() - begin)
"""
# The items of a small tensor: 64 bytes of f32
SMALL = (4, 4)


def mlx_load(path):
    """MLX loads lazily: the evaluation reads the arrays."""
    arrays = mx.load(path)
    mx.eval(list(arrays.values()))
    return arrays


def check(arrays, found):
    """Raises an exception unless these arrays were loaded."""
    if len(found) != len(arrays) or any(not np.array_equal(found[name], array) for name, array, _ in arrays[::97]):
        raise RuntimeError("other arrays were loaded")


def compressed(bench):
    arrays = large(bench)
    named, size = by_name(arrays), bytes_of(arrays)
    ours, theirs = bench.path("ours.npz"), bench.path("theirs.npz")
    bench.compare("tenon.savez_compressed, 64 arrays (a)", lambda: tenon.savez_compressed(ours, **named), lambda: np.savez_compressed(theirs, **named),
                  "np.savez_compressed", ">= 12", size, 1, warm=False, readme=True)
    bench.compare_sizes("size of that", ours, theirs, "np.savez_compressed")
    check(arrays, tenon.load(theirs))
    check(arrays, everything(ours))
    bench.compare("tenon.load of the deflated file by NumPy", lambda: tenon.load(theirs), lambda: everything(theirs), "dict(np.load(f))", ">= 2.5", size, bench.rounds(3),
                  readme=True)
    bench.compare("tenon.load of the file by tenon", lambda: tenon.load(ours), lambda: everything(ours), "dict(np.load(f))", ">= 2.5", size, bench.rounds(3))
    bench.compare("dict(tenon.numpy.load) of the file by NumPy", lambda: dict(tenon.numpy.load(theirs)), lambda: everything(theirs), "dict(np.load(f))", "-",
                  size, bench.rounds(3))


def stored(bench):
    arrays = large(bench)
    named, size = by_name(arrays), bytes_of(arrays)
    ours, theirs = bench.path("ours.npz"), bench.path("theirs.npz")
    bench.compare("tenon.savez, 64 arrays", lambda: tenon.savez(ours, **named), lambda: np.savez(theirs, **named), "np.savez", ">= 2", size, bench.rounds(5))
    bench.compare("tenon.load of the file by NumPy", lambda: tenon.load(theirs), lambda: everything(theirs), "dict(np.load(f))", ">= 2", size, bench.rounds(5))


def npz_small(bench):
    for count in (10, 1000, 20000 // bench.scale, 100000 // bench.scale):
        arrays, path, target = small(count, SMALL), bench.path("small.npz"), bench.path("scratch.npz")
        named = by_name(arrays)
        numpy_file(path, arrays, ZIP_STORED)
        check(arrays, tenon.load(path))
        check(arrays, dict(tenon.numpy.load(path)))
        rounds, wanted = bench.rounds(3 if count > 1000 else 9, 1), ">= 10" if count >= 1000 else "-"
        bench.compare(f"tenon.load of npz, {count:,} of 64 bytes", lambda: tenon.load(path), lambda: everything(path), "dict(np.load(f))", wanted, 0, rounds,
                      readme=count == 20000)
        bench.compare(f"dict(tenon.numpy.load), {count:,} of 64 bytes", lambda: dict(tenon.numpy.load(path)), lambda: everything(path), "dict(np.load(f))",
                      "-", 0, rounds)
        bench.compare(f"tenon.savez, {count:,} of 64 bytes", lambda: tenon.savez(target, **named), lambda: np.savez(path, **named), "np.savez", "-", 0,
                      rounds)


LOADERS = {"tenon.load": tenon.load, "load_file": load_file, "mx.load, evaluated": mlx_load, "tenon.safetensors.load_file": tenon.safetensors.load_file}


def first(path, loader):
    """Returns a function that loads in a fresh process, as a program loads its model. In a process that has loaded before, MLX and
    safetensors reuse pages that malloc has kept, and tenon gets fresh ones. A virtual machine that returns free huge pages to its
    host (page_reporting) is slow to get them again, and these rows include that time."""
    command = [sys.executable, "-c", FIRST, os.path.dirname(__file__), loader, path]
    return lambda: Seconds(subprocess.run(command, check=True, capture_output=True).stdout)


def safetensors_large(bench):
    arrays = large(bench)
    named, size = by_name(arrays), bytes_of(arrays)
    for place, folder in bench.places():
        ours, theirs = f"{folder}/ours.safetensors", f"{folder}/theirs.safetensors"
        wanted = ">= 1.5" if place == "disk" else "-"
        bench.compare(f"tenon.save_safetensors, 64 arrays, {place}", lambda: tenon.save_safetensors(ours, named), lambda: save_file(named, theirs),
                      "save_file", "-", size, bench.rounds(7))
        save_file({"x": np.zeros(1, "f4")}, theirs + ".tiny.safetensors")
        check(arrays, tenon.load(theirs))
        bench.compare_all(f"tenon.load of safetensors, 64 arrays, in a fresh process, {place}", first(theirs, "tenon.load"),
                          [(first(theirs, name), name, wanted) for name in ("load_file", "mx.load, evaluated")], size, bench.rounds(7),
                          readme=place == "disk")
        bench.compare(f"tenon.safetensors.load_file, 64 arrays, in a fresh process, {place}", first(theirs, "tenon.safetensors.load_file"),
                      first(theirs, "load_file"), "load_file", wanted, size, bench.rounds(7))
        bench.compare_all(f"tenon.load of safetensors, 64 arrays, again and again, {place}", lambda: tenon.load(theirs),
                          [(lambda: load_file(theirs), "load_file", wanted), (lambda: mlx_load(theirs), "mx.load, evaluated", "-")], size, bench.rounds(7),
                          readme=place == "disk")
        measure.remove(ours, theirs)


def safetensors_small(bench):
    for count in (10, 1000, 20000 // bench.scale, 100000 // bench.scale):
        arrays, path, target = small(count, SMALL), bench.path("small.safetensors"), bench.path("scratch.safetensors")
        named = by_name(arrays)
        save_file(named, path)
        check(arrays, tenon.load(path))
        check(arrays, tenon.safetensors.load_file(path))
        rounds, wanted = bench.rounds(5 if count > 1000 else 21), ">= 3" if count >= 1000 else "-"
        bench.compare_all(f"tenon.load of safetensors, {count:,} of 64 bytes", lambda: tenon.load(path),
                          [(lambda: load_file(path), "load_file", wanted), (lambda: mlx_load(path), "mx.load, evaluated", wanted)], 0, rounds,
                          readme=count == 20000)
        bench.compare(f"tenon.safetensors.load_file, {count:,} of 64 bytes", lambda: tenon.safetensors.load_file(path), lambda: load_file(path), "load_file",
                      wanted, 0, rounds)
        bench.compare(f"tenon.save_safetensors, {count:,} of 64 bytes", lambda: tenon.save_safetensors(target, named), lambda: save_file(named, path),
                      "save_file", "-", 0, rounds)


def gguf_small(bench):
    for count in (10, 1000, 20000 // bench.scale):
        arrays, path = small(count, SMALL), bench.path("small.gguf")
        bench.tenon.save_many(path, arrays)
        check(arrays, tenon.load(path))
        bench.compare(f"tenon.load of gguf, {count:,} of 64 bytes", lambda: tenon.load(path), lambda: mlx_load(path), "mx.load, evaluated",
                      ">= 1.5" if count >= 1000 else "-", 0, bench.rounds(5, 1), readme=count == 20000)


def opening(bench):
    """Opens and closes files, without access to a tensor."""
    for count in (10, 1000, 100000 // bench.scale):
        for extension in ("safetensors", "gguf", "npz"):
            path, zero = bench.path(f"open.{extension}"), np.zeros(1, "f4")
            bench.tenon.save_many(path, [(name, zero, measure.F32) for name in expert_names(count)])

            def ours(path=path):
                tenon.open(path).close()

            def library(path=path):
                bench.tenon.close(bench.tenon.open(path))

            bench.compare(f"tenon.open, {count:,} tensors of {extension}", ours, library, "tenon_open", "<= 1.5" if count > 1000 else "<= -", 0, bench.rounds(15),
                          readme=count == 100000 and extension == "safetensors")
            measure.remove(path)


def importing(bench):
    """The import in a fresh process, with the files in the page cache."""
    code = "import time, numpy; begin = time.perf_counter(); import tenon; print(time.perf_counter() - begin)"
    environment = {**os.environ, "PYTHONPATH": SITE}

    def run():
        return Seconds(subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True).stdout)

    bench.limited("import tenon, after import numpy", run, "<= 15 ms", bench.rounds(9), readme=True)


if __name__ == "__main__":
    measure.main({"python.compressed": compressed, "python.stored": stored, "python.npz": npz_small, "python.safetensors": safetensors_large,
                  "python.small": safetensors_small, "python.gguf": gguf_small, "python.open": opening, "python.import": importing})
