# SPDX-License-Identifier: MIT
"""What the tests of DLPack share: tensors that the library lends and takes. The capsules are made here, as a binding makes them."""

import ctypes as c
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.environ["TENON_SRCDIR"], "bench"))
from libtenon import Array, Request, Tenon, TenonError  # noqa: E402, F401

MAP, COPY, WRITABLE = 0x10000, 0x20000, 0x40000
CAPSULES = {"versioned": (b"dltensor_versioned", "tenon_dlpack_get"), "old": (b"dltensor", "tenon_dlpack_get_unversioned")}

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

    def lend(self, path, flags=0, kind="versioned", dtype=0, take=np.from_dlpack):
        """Returns the only tensor of a file, which is closed before `take` looks at it."""
        tenon = self.tenon
        file = tenon.open(path)
        pointer = c.c_void_p()
        request = Request(c.sizeof(Request), dtype)
        try:
            tenon.check(getattr(tenon.lib, CAPSULES[kind][1])(file, c.byref(request), c.c_uint32(flags), c.byref(pointer), None,
                                                              c.byref(tenon.error)))
        finally:
            tenon.close(file)
        return take(Lent(pointer.value, kind))

    def save(self, path, arrays):
        """Saves arrays by their names, each as a capsule of the given kind."""
        plan, tenon = c.c_void_p(), self.tenon
        tenon.check(tenon.lib.tenon_plan_new(tenon.context, c.byref(plan), c.byref(tenon.error)))
        for name, array, kind in arrays:
            self.add(plan, name, array, kind)
        tenon.check(tenon.lib.tenon_save(plan, str(path).encode(), None, None, None, c.byref(tenon.error)))
        tenon.lib.tenon_plan_free(plan)

    def add(self, plan, name, array, kind):
        """Adds an array of NumPy or PyTorch to a plan, which then owns the capsule's tensor."""
        capsule = array.__dlpack__(max_version=(1, 1)) if kind == "versioned" else array.__dlpack__()
        pointer = capsule_pointer(capsule, CAPSULES[kind][0])
        like = Array(c.sizeof(Array), 0, name.encode())
        function = "tenon_plan_add_dlpack" + ("" if kind == "versioned" else "_unversioned")
        self.tenon.check(getattr(self.tenon.lib, function)(plan, c.byref(like), c.c_void_p(pointer), c.byref(self.tenon.error)))
        rename_capsule(capsule, USED[kind])
