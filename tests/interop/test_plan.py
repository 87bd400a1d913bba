# SPDX-License-Identifier: MIT
"""Plans of arrays in the memory of this process: NumPy's own types, which NumPy reads back, and arrays that are stored as blocks of
ggml, compared with those that gguf-py makes; all at once, and through the streaming writer."""

import ctypes as c

import gguf
import numpy as np
from npz_kit import tenon
from libtenon import Array, BIG_ENDIAN, DType, FORTRAN, SaveOptions, TenonError

F32 = 12
UNKNOWN = 2**64 - 1
CARRY = 32


def array_of(array, name, dtype=F32, flags=0, **others):
    """Returns the struct of an array, and what must outlive it."""
    shape = (c.c_uint64 * array.ndim)(*array.shape)
    name = name.encode()
    # the name goes on behind its length
    given = Array(c.sizeof(Array), dtype, name + b"!", c.cast(shape, c.c_void_p), array.ndim, flags, array.ctypes.data, array.nbytes,
                  name_length=len(name), **others)
    return given, (shape, array, name)


def opaque_of(array, name):
    """The same for a type that only NumPy's text explains."""
    described = np.lib.format.dtype_to_descr(array.dtype)
    text = described if isinstance(described, str) else repr(described)
    dtype = DType(c.sizeof(DType), 2, block_items=1, block_bytes=array.dtype.itemsize, family=b"numpy", text=text.encode())
    given, kept = array_of(array, name, 0)
    given.opaque = c.pointer(dtype)
    return given, (kept, dtype)


def save(context, path, given, flags=0):
    """Saves arrays that are added in one call; returns the size that was told before."""
    plan, error = c.c_void_p(), c.byref(context.error)
    context.check(context.lib.tenon_plan_new(context.context, c.byref(plan), error))
    try:
        arrays = (Array * len(given))(*[struct for struct, _ in given])
        context.check(context.lib.tenon_plan_add_many(plan, arrays, c.c_uint64(len(given)), error))
        size = c.c_uint64()
        options = SaveOptions(c.sizeof(SaveOptions), flags, None, None)
        context.check(context.lib.tenon_plan_size(plan, c.byref(options), str(path).encode(), c.byref(size), error))
        context.check(context.lib.tenon_save(plan, str(path).encode(), c.byref(options), None, None, error))
        return size.value
    finally:
        context.lib.tenon_plan_free(plan)


def stream(context, path, given):
    """Saves arrays in pieces of 1000 bytes; the first dim is not told."""
    writer, error = c.c_void_p(), c.byref(context.error)
    options = SaveOptions(c.sizeof(SaveOptions), 0, None, None)
    context.check(context.lib.tenon_writer_new(context.context, str(path).encode(), c.byref(options), c.byref(writer), error))
    try:
        for struct, (shape, array, _) in given:
            data = array.tobytes()
            shape[0] = UNKNOWN
            struct.data, struct.size = None, 0
            context.check(context.lib.tenon_writer_begin(writer, c.byref(struct), error))
            for at in range(0, len(data), 1000):
                piece = data[at:at + 1000]
                context.check(context.lib.tenon_writer_put(writer, piece, c.c_uint64(len(piece)), error))
            context.check(context.lib.tenon_writer_end(writer, error))
        context.check(context.lib.tenon_writer_finish(writer, None, None, error))
    finally:
        context.lib.tenon_writer_free(writer)


def test_types_of_numpy(bench):
    record = np.dtype([("a", "<i4"), ("b", "S3"), ("c", ">f8", (2,))])
    arrays = {
        "words": np.array(["one", "zwei", "drei\u00e9", ""], "<U7"),
        "big words": np.array([["one", "zwei"]], ">U4"),
        "bytes": np.array([b"x", b"yz"], "S5"),
        "dates": np.array(["2024-02-29", "NaT"], "<M8[D]"),
        "records": np.array([(1, b"ab", (0.5, 2)), (-1, b"", (1e300, -0.0))], record),
        "voids": np.zeros(3, "V6"),
    }
    context = tenon()
    path = bench.folder / "types.npz"
    size = save(context, path, [opaque_of(array, name) for name, array in arrays.items()])
    bench.check(path.stat().st_size == size, "the size is", path.stat().st_size, "and not", size)
    with np.load(path) as found:
        bench.check(sorted(found.files) == sorted(arrays), "the names are", found.files)
        for name, array in arrays.items():
            bench.check(found[name].dtype == array.dtype, name, "has the type", found[name].dtype)
            bench.check(found[name].tobytes() == array.tobytes(), name, "has other items")
    for name, array in arrays.items():
        path = bench.folder / "one.npy"
        save(context, path, [opaque_of(array, name)])
        found = np.load(path)
        bench.check(found.dtype == array.dtype and found.tobytes() == array.tobytes(), name, "differs in", path.name)


def test_carried(bench):
    """Other formats refuse the types of NumPy, or carry them, and back."""
    context = tenon()
    words = np.array(["one", "zwei"], "<U7")
    carried, back = bench.folder / "carried.safetensors", bench.folder / "back.npy"
    try:
        save(context, carried, [opaque_of(words, "words")])
        bench.check(False, "safetensors took <U7")
    except TenonError as error:
        bench.check("words" in str(error) and "<U7" in str(error), "the message is", error)
    size = save(context, carried, [opaque_of(words, "words")], flags=CARRY)
    bench.check(carried.stat().st_size == size, "the size is", carried.stat().st_size, "and not", size)
    bench.convert(carried, back)
    found = np.load(back)
    bench.check(found.dtype == words.dtype and (found == words).all(), "came back as", found)


def test_blocks(bench):
    items = np.random.default_rng(5).standard_normal((96, 512), np.float32)
    wanted = {kind: gguf.quants.quantize(items, kind) for kind in (
        gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0, gguf.GGMLQuantizationType.Q5_1, gguf.GGMLQuantizationType.BF16)}
    context = tenon()
    given = []
    for kind in wanted:
        number = context.lib.tenon_dtype_find(context.context, kind.name.lower().encode())
        bench.check(number > 0, "there is no dtype", kind.name)
        layouts = [("c", items, 0), ("fortran", np.asfortranarray(items), FORTRAN), ("big", items.astype(">f4"), BIG_ENDIAN)]
        given += [array_of(array, f"{kind.name}.{name}", flags=flags, as_=number) for name, array, flags in layouts]
    paths = bench.folder / "blocks.gguf", bench.folder / "stream.gguf"
    size = save(context, paths[0], given)
    bench.check(paths[0].stat().st_size == size, "the size is", paths[0].stat().st_size, "and not", size)
    stream(context, paths[1], [item for item in given if not item[0].flags & FORTRAN])
    for path in paths:
        tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}
        bench.check(len(tensors) == (12 if path == paths[0] else 8), path.name, "has", len(tensors), "tensors")
        for name, tensor in tensors.items():
            kind = gguf.GGMLQuantizationType[name.split(".")[0]]
            bench.check(tensor.tensor_type == kind, name, "has the type", tensor.tensor_type)
            bench.check(tensor.data.tobytes() == wanted[kind].tobytes(), path.name, name, "has other bits than gguf-py makes")
