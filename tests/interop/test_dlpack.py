# SPDX-License-Identifier: MIT
"""Tensors to NumPy and from it, by DLPack; and requests as stored."""

import ctypes as c

import numpy as np
from dlpack_kit import CAPSULES, COPY, MAP, WRITABLE, Lender, Request, TenonError


def test_to_numpy(bench):
    lender, path = Lender(), bench.folder / "a.npy"
    for dtype in ("?", "u1", "<u2", ">u2", "<i4", "<i8", "<f2", "<f4", ">f8", "<c8", "<c16"):
        for order in "CF":
            wanted = np.asarray(np.arange(24).reshape(2, 3, 4), dtype=dtype, order=order)
            np.save(path, wanted)
            for kind in CAPSULES:
                for flags in (0, COPY, WRITABLE):
                    words = (dtype, order, kind, flags)
                    found = lender.lend(path, flags, kind)
                    bench.check(np.array_equal(found, wanted), *words)
                    bench.check(found.dtype == wanted.dtype.newbyteorder("="), *words, found.dtype)
                    if kind == "versioned":
                        bench.check(found.flags.writeable == (flags != 0 or dtype[0] == ">"), *words, "writable")


def test_mapped(bench):
    lender, path = Lender(), bench.folder / "m.npy"
    np.save(path, np.zeros(1000, "f4"))
    shared, private = lender.lend(path, MAP), lender.lend(path, MAP | WRITABLE)
    private[:] = 7
    bench.check(not shared.any() and not np.load(path).any(), "what is written stays private")
    try:
        lender.lend(path, MAP, dtype=13)
        bench.check(False, "f64 was mapped")
    except TenonError as failure:
        bench.check("another dtype" in str(failure), failure)


def test_from_numpy(bench):
    base = np.arange(120, dtype="f4").reshape(4, 5, 6)
    arrays = [base, base.T, base[::-1, ::2], base[:, 1], base[1, 2, 3:4], base[:0], np.array([True, False]), np.arange(3, dtype="c16")]
    path = bench.folder / "in.npz"
    Lender().save(path, [(f"{kind}{i}", array, kind) for i, array in enumerate(arrays) for kind in CAPSULES])
    with np.load(path) as file:
        for i, array in enumerate(arrays):
            for kind in CAPSULES:
                found = file[f"{kind}{i}"]
                bench.check(np.array_equal(found, array) and found.dtype == array.dtype, kind, i)


def test_as_stored(bench):
    """The bytes of a request as stored are those of the file, also of a member that is encoded."""
    tenon = Lender().tenon
    wanted = np.asfortranarray(np.arange(60, dtype=">i4").reshape(3, 4, 5))
    for path, save in ((bench.folder / "s.npy", np.save), (bench.folder / "s.npz", np.savez_compressed)):
        save(path, wanted)
        for start, count in (((0, 0, 0), (3, 4, 5)), ((1, 0, 2), (2, 3, 1))):
            box = tuple(slice(a, a + n) for a, n in zip(start, count))
            out = np.zeros(np.prod(count), ">i4")
            numbers = [(c.c_uint64 * 3)(*row) for row in (start, count)]
            request = Request(c.sizeof(Request), 0, 0, 0x10000, 3, *(c.cast(row, c.c_void_p) for row in numbers), None, out.ctypes.data, out.nbytes)
            file = tenon.open(path)
            tenon.read_requests(file, (Request * 1)(request))
            tenon.close(file)
            bench.check(np.array_equal(out, wanted[box].ravel(order="F")), path.name, start)
