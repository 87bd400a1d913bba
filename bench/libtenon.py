# SPDX-License-Identifier: MIT
"""The functions of libtenon that measurements and tests call in their own process, through ctypes. The structs mirror tenon.h."""

import ctypes as c

DTYPES = ("none bool u8 u16 u32 u64 i8 i16 i32 i64 f16 bf16 f32 f64 c64 c128 f8_e4m3 f8_e5m2 f8_e4m3fnuz f8_e5m2fnuz f8_e8m0 "
          "f6_e2m3 f6_e3m2 f4").split()
FORTRAN, BIG_ENDIAN = 1, 2


class Error(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("status", c.c_int32), ("offset", c.c_uint64), ("message", c.c_char * 1024),
                ("file", c.c_char * 512), ("tensor", c.c_char * 256)]


class ContextOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("flags", c.c_uint32), ("settings", c.POINTER(c.c_char_p)), ("plugin_path", c.c_char_p),
                ("origin", c.c_char_p)]


class OpenOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("flags", c.c_uint32), ("format", c.c_char_p), ("settings", c.POINTER(c.c_char_p)),
                ("name", c.c_char_p), ("progress", c.c_void_p)]


class SaveOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("flags", c.c_uint32), ("format", c.c_char_p), ("settings", c.POINTER(c.c_char_p))]


class Request(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("dtype", c.c_uint32), ("index", c.c_uint64), ("flags", c.c_uint32), ("rank", c.c_uint32),
                ("start", c.c_void_p), ("count", c.c_void_p), ("step", c.c_void_p), ("data", c.c_void_p), ("size", c.c_uint64)]


class DType(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("kind", c.c_uint32), ("name", c.c_char_p), ("block_items", c.c_uint64),
                ("block_bytes", c.c_uint64), ("swap", c.c_void_p), ("swap_size", c.c_uint32), ("swap_count", c.c_uint32),
                ("alignment", c.c_uint32), ("flags", c.c_uint32), ("family", c.c_char_p), ("text", c.c_char_p), ("decode", c.c_void_p)]


class Array(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("dtype", c.c_uint32), ("name", c.c_char_p), ("shape", c.c_void_p), ("rank", c.c_uint32),
                ("flags", c.c_uint32), ("data", c.c_void_p), ("size", c.c_uint64), ("fill", c.c_void_p), ("user", c.c_void_p),
                ("strides", c.c_void_p), ("as_", c.c_uint32), ("reserved", c.c_uint32), ("name_length", c.c_uint64),
                ("opaque", c.POINTER(DType))]


class TensorInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("dtype", c.c_uint32), ("name", c.c_char_p), ("name_length", c.c_uint64),
                ("dtype_name", c.c_char_p), ("rank", c.c_uint32), ("flags", c.c_uint32), ("shape", c.POINTER(c.c_uint64)),
                ("elements", c.c_uint64), ("nbytes", c.c_uint64), ("storage", c.c_uint32), ("source", c.c_uint32),
                ("source_name", c.c_char_p), ("offset", c.c_uint64), ("stored", c.c_uint64), ("filter", c.c_char_p), ("unreadable", c.c_int32),
                ("why", c.c_char_p), ("strides", c.POINTER(c.c_int64))]


class TenonError(Exception):
    """A status below zero, with the library's message."""

    def __init__(self, status, error):
        super().__init__(f"{error.message.decode(errors='replace')} (status {status})")
        self.status = status


def settings_of(texts):
    """Returns a NULL-terminated array of texts SECTION.KEY=VALUE."""
    return (c.c_char_p * (len(texts) + 1))(*[text.encode() for text in texts], None)


class Tenon:
    """A context and the calls on it. Files and memory are plain addresses; the caller closes and frees them."""

    def __init__(self, library, plugins, *settings):
        self.lib = c.CDLL(library)
        self.lib.tenon_count.restype = c.c_uint64
        for name in ("tenon_close", "tenon_memory_free", "tenon_plan_free", "tenon_context_free", "tenon_count"):
            getattr(self.lib, name).argtypes = [c.c_void_p]
        self.lib.tenon_get.argtypes = [c.c_void_p, c.c_uint64, c.c_void_p]
        options = ContextOptions(c.sizeof(ContextOptions), 1, settings_of(settings), plugins.encode(), None)
        self.context = c.c_void_p()
        self.error = Error(c.sizeof(Error))
        self.check(self.lib.tenon_context_new(c.byref(self.context), c.byref(options), c.byref(self.error)))

    def check(self, status):
        if status < 0:
            raise TenonError(status, self.error)

    # ---- opening and inspecting ----

    def open(self, path, *settings):
        file = c.c_void_p()
        options = OpenOptions(c.sizeof(OpenOptions), 0, None, settings_of(settings)) if settings else None
        self.check(self.lib.tenon_open(self.context, str(path).encode(), options and c.byref(options), c.byref(file),
                                       c.byref(self.error)))
        return file

    def open_memory(self, data, size, name, format_=None):
        file = c.c_void_p()
        options = OpenOptions(c.sizeof(OpenOptions), 0, format_ and format_.encode(), None, name.encode())
        self.check(self.lib.tenon_open_memory(self.context, c.c_void_p(data), c.c_uint64(size), c.byref(options), c.byref(file),
                                              c.byref(self.error)))
        return file

    def close(self, file):
        self.lib.tenon_close(file)

    def count(self, file):
        return self.lib.tenon_count(file)

    def info(self, file, index):
        info = TensorInfo(c.sizeof(TensorInfo))
        self.check(self.lib.tenon_get(file, index, c.byref(info)))
        return info

    def infos(self, file):
        """Returns the infos of all tensors, by one call."""
        count = self.count(file)
        infos = (TensorInfo * count)()
        if count:
            infos[0].struct_size = c.sizeof(TensorInfo)
        self.check(self.lib.tenon_get_range(file, c.c_uint64(0), c.c_uint64(count), infos))
        return infos

    def verify(self, file):
        self.check(self.lib.tenon_verify(file, None, None, c.byref(self.error)))

    # ---- data ----

    def load_requests(self, file, requests):
        """Fills data and size of the requests; returns the memory, which the caller frees with tenon_memory_free."""
        memory = c.c_void_p()
        self.check(self.lib.tenon_load(file, requests, c.c_uint64(len(requests)), c.byref(memory), None, c.byref(self.error)))
        return memory

    def load(self, file, dtype=0):
        return self.load_requests(file, (Request * 1)(Request(c.sizeof(Request), dtype)))

    @staticmethod
    def requests_for(count):
        """Returns a request for each of `count` tensors, whole."""
        return (Request * count)(*[Request(c.sizeof(Request), 0, i) for i in range(count)])

    def load_all(self, file, requests=None):
        """Loads every tensor in one call; returns the memory, and the requests with the address of each tensor."""
        requests = requests or self.requests_for(self.count(file))
        return self.load_requests(file, requests), requests

    def read_requests(self, file, requests):
        self.check(self.lib.tenon_read(file, requests, c.c_uint64(len(requests)), None, c.byref(self.error)))

    def read(self, file, address, size, dtype=0):
        self.read_requests(file, (Request * 1)(Request(c.sizeof(Request), dtype, data=address, size=size)))

    def read_one(self, file, index, array):
        self.read_requests(file, (Request * 1)(Request(c.sizeof(Request), 0, index, data=array.ctypes.data, size=array.nbytes)))

    def read_all(self, file, arrays):
        """Reads each tensor i into arrays[i], in one call."""
        self.read_requests(file, (Request * len(arrays))(*[
            Request(c.sizeof(Request), 0, i, data=array.ctypes.data, size=array.nbytes) for i, array in enumerate(arrays)]))

    # ---- saving ----

    @staticmethod
    def items_for(arrays):
        """Returns the items for save_items. arrays: (name or None, NumPy array in C order, number of the dtype); they must outlive these."""
        items = []
        for name, array, dtype in arrays:
            shape = (c.c_uint64 * array.ndim)(*array.shape)
            items.append(Array(c.sizeof(Array), dtype, name and name.encode(), c.cast(shape, c.c_void_p), array.ndim, 0,
                               array.ctypes.data, array.nbytes))
        return items

    def save_items(self, path, items, *settings, flags=0):
        plan = c.c_void_p()
        self.check(self.lib.tenon_plan_new(self.context, c.byref(plan), c.byref(self.error)))
        try:
            add, error = self.lib.tenon_plan_add, c.byref(self.error)
            for item in items:
                self.check(add(plan, c.byref(item), error))
            options = SaveOptions(c.sizeof(SaveOptions), flags, None, settings_of(settings))
            self.check(self.lib.tenon_save(plan, str(path).encode(), c.byref(options), None, None, error))
        finally:
            self.lib.tenon_plan_free(plan)

    def save_many(self, path, arrays, *settings, flags=0):
        self.save_items(path, self.items_for(arrays), *settings, flags=flags)

    def save(self, path, array, dtype):
        self.save_many(path, [("array", array, dtype)])

    def convert(self, source, target, *settings, flags=0):
        options = SaveOptions(c.sizeof(SaveOptions), flags, None, settings_of(settings))
        self.check(self.lib.tenon_convert(self.context, str(source).encode(), str(target).encode(), None, c.byref(options), None, None,
                                          c.byref(self.error)))
