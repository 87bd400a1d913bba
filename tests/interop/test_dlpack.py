# SPDX-License-Identifier: MIT
"""Tensors to NumPy and from it, by DLPack: the capsules are made here, as a binding makes them."""

import ctypes as c
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.environ["TENON_SRCDIR"], "bench"))
from libtenon import Array, Request, Tenon, TenonError  # noqa: E402

MAP, COPY, WRITABLE = 0x10000, 0x20000, 0x40000
CAPSULES = {"versioned": (b"dltensor_versioned", "tenon_dlpack_get"), "old": (b"dltensor", "tenon_dlpack_get_old")}

# the names stay where they are: a capsule keeps a pointer
USED = {kind: b"used_" + names[0] for kind, names in CAPSULES.items()}

new_capsule = c.pythonapi.PyCapsule_New
new_capsule.restype, new_capsule.argtypes = c.py_object, [c.c_void_p, c.c_char_p, c.c_void_p]
capsule_pointer = c.pythonapi.PyCapsule_GetPointer
capsule_pointer.restype, capsule_pointer.argtypes = c.c_void_p, [c.py_object, c.c_char_p]
rename_capsule = c.pythonapi.PyCapsule_SetName
rename_capsule.argtypes = [c.py_object, c.c_char_p]


class Lent:
    """What from_dlpack asks for a capsule."""

    def __init__(self, pointer, kind):
        self.pointer, self.name = pointer, CAPSULES[kind][0]

    def __dlpack__(self, **_):
        return new_capsule(self.pointer, self.name, None)

    def __dlpack_device__(self):
        return 1, 0


class Lender:
    """The library, in this process."""

    def __init__(self):
        self.tenon = Tenon(os.path.join(os.environ["TENON_BUILDDIR"], ".libs", "libtenon.so.0"), os.environ["TENON_PLUGIN_PATH"])

    def lend(self, path, flags=0, kind="versioned", dtype=0):
        """Returns the only tensor of a file, which is closed before NumPy looks at it."""
        tenon = self.tenon
        file = tenon.open(path)
        pointer = c.c_void_p()
        request = Request(c.sizeof(Request), dtype)
        try:
            tenon.check(getattr(tenon.lib, CAPSULES[kind][1])(file, c.byref(request), c.c_uint32(flags), c.byref(pointer), None,
                                                              c.byref(tenon.error)))
        finally:
            tenon.close(file)
        return np.from_dlpack(Lent(pointer.value, kind))

    def add(self, plan, name, array, kind):
        """Adds an array of NumPy to a plan, which then owns the capsule's tensor."""
        capsule = array.__dlpack__(max_version=(1, 1)) if kind == "versioned" else array.__dlpack__()
        pointer = capsule_pointer(capsule, CAPSULES[kind][0])
        like = Array(c.sizeof(Array), 0, name.encode())
        function = "tenon_plan_add_dlpack" + ("" if kind == "versioned" else "_old")
        self.tenon.check(getattr(self.tenon.lib, function)(plan, c.byref(like), c.c_void_p(pointer), c.byref(self.tenon.error)))
        rename_capsule(capsule, USED[kind])


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
    lender, plan, path = Lender(), c.c_void_p(), bench.folder / "in.npz"
    tenon = lender.tenon
    tenon.check(tenon.lib.tenon_plan_new(tenon.context, c.byref(plan), c.byref(tenon.error)))
    for i, array in enumerate(arrays):
        for kind in CAPSULES:
            lender.add(plan, f"{kind}{i}", array, kind)
    tenon.check(tenon.lib.tenon_save(plan, str(path).encode(), None, None, None, c.byref(tenon.error)))
    tenon.lib.tenon_plan_free(plan)
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
