# SPDX-License-Identifier: MIT
"""Rows that ask for a better message, and bytes that a rewrite drops: N02, N03, N05, N06, N09 to N12, N16. What NumPy reads is read; what it
refuses is refused in words that name the place."""

import json
import shutil

import inputs
import numpy as np


def copied(bench, name):
    return shutil.copy(inputs.numpy_input(name), bench.folder / name)


def failure(bench, *arguments):
    """Returns the error of a command that fails, as JSON tells it."""
    status, output, _ = bench.run("ls", "--json", *arguments)
    bench.check(status == 2, *arguments, "exits with", status)
    error = json.loads(output)["error"]
    bench.check(set(error) == {"status", "message", "errno", "advice"}, *arguments, error)
    return error


def readable(path):
    try:
        np.load(path)
    except (ValueError, EOFError, TypeError):
        return False
    return True


def test_n03_bytes_behind_an_array(bench):
    path = copied(bench, "N03-two-saves.npy")
    before = path.read_bytes()
    for quiet in ((), ("-q",)):
        status, _, error = bench.run("convert", *quiet, "--strict", path, path)
        bench.check(status == 2 and "loss: " in error and path.read_bytes() == before, quiet, status, error)
    status, _, error = bench.run("convert", "-q", path, path)
    bench.check(status == 0 and "loss: " in error, status, error)
    with open(inputs.numpy_input("N03-two-saves.npy"), "rb") as stream:
        first = np.load(stream)
    bench.check(np.array_equal(np.load(path), first), "the first array is another one")


def test_rows_that_numpy_reads_or_refuses(bench):
    for name in ("N02-grouped-digits", "N05-class-in-header", "N06-nested-subarray", "N09-long-suffix", "N10-v2-unaligned",
                 "N11-ubyte", "N12-g2"):
        path = inputs.numpy_input(name + ".npy")
        status, _, error = bench.run("cat", path)
        if readable(path):
            bench.check(status == 0, name, error)
        else:
            bench.check(status == 2 and ".npy: " in error and len(error) > 60, name, status, error)


def test_a_missing_file(bench):
    copied(bench, "N11-ubyte.npy")
    error = failure(bench, bench.folder / "N11-ubite.npy")
    bench.check(error["status"] == "TENON_E_NOT_FOUND" and error["errno"] == 2, error)
    bench.check("N11-ubyte.npy" in error["advice"], error)


def test_n16_an_empty_file(bench):
    error = failure(bench, inputs.numpy_input("N16-empty.npy"))
    bench.check("empty" in error["message"] and error["advice"], error)
