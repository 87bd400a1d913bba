# SPDX-License-Identifier: MIT
"""Tests npy against NumPy, ml_dtypes and MLX, in both directions."""

import io
import itertools
import json
import os
import random
import warnings

import ml_dtypes
import mlx.core as mx
import numpy as np

warnings.simplefilter("ignore")

DTYPES = {
    "b1": "bool", "i1": "i8", "i2": "i16", "i4": "i32", "i8": "i64", "u1": "u8", "u2": "u16", "u4": "u32", "u8": "u64",
    "f2": "f16", "f4": "f32", "f8": "f64", "c8": "c64", "c16": "c128",
}
OPAQUE = ["f16", "c32", "S5", "U3", "M8[ns]", "M8[25s]", "m8[D]", "m8", "V7", "V1"]
SHAPES = [
    (), (1,), (7,), (0,), (0, 3), (3, 0), (3, 5), (1, 5), (5, 1), (1, 1), (17, 33), (2, 3, 4), (2, 1, 3), (1, 6, 1), (4, 0, 2),
    (2, 3, 1, 2), (3, 2, 2, 2, 2), (1,) * 31 + (2,) + (1,) * 31 + (3,),
]
F8 = {
    "float8_e4m3fn": "f8_e4m3", "float8_e5m2": "f8_e5m2", "float8_e4m3fnuz": "f8_e4m3fnuz", "float8_e5m2fnuz": "f8_e5m2fnuz",
    "float8_e8m0fnu": "f8_e8m0",
}
MLX = "bool_ uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 bfloat16 float32 complex64".split()


# ---- arrays ----


def saved(array):
    """Returns the bytes that numpy.save writes."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def make(dtype, shape, order="C", seed=0):
    """Returns an array of random bytes that are valid for its dtype."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape, dtype=object))
    generator = np.random.default_rng([seed, count, dtype.itemsize])
    data = generator.integers(0, 256, count * dtype.itemsize, dtype=np.uint8)
    if dtype.kind == "b":
        data &= 1
    if dtype.kind == "U":  # code points
        data = generator.integers(32, 0xD7FF, count * dtype.itemsize // 4).astype("<u4" if dtype.str[0] == "<" else ">u4")
    array = np.frombuffer(data.tobytes(), dtype).reshape(shape) if count * dtype.itemsize else np.zeros(shape, dtype)
    return np.asarray(array, order=order)


def is_fortran(array):
    return array.flags.f_contiguous and not array.flags.c_contiguous


def plain_bytes(array, opaque=False):
    """Returns the items in C order, and little-endian unless the type is opaque to tenon."""
    if not opaque:
        array = array.astype(array.dtype.newbyteorder("<"))
    return np.ascontiguousarray(array).tobytes()


def orders(kind):
    """Returns the type strings of a kind: one for each byte order that it has."""
    return [mark + kind for mark in ("<>" if np.dtype(kind).newbyteorder(">").str[0] == ">" else "|")]


# ---- checks of every file ----


def check_list(bench, path, array, name, dtype, **more):
    listed = bench.list(path, *more.pop("arguments", []))
    if listed is None:
        return
    bench.check(listed["format"] == "npy" and len(listed["tensors"]) == 1, path.name, "lists", listed)
    tensor = listed["tensors"][0]
    wanted = {"name": name, "dtype": dtype, "shape": list(array.shape), "nbytes": array.nbytes, "stored": array.nbytes,
              "order": "F" if is_fortran(array) else "C", **more}
    for key, value in wanted.items():
        bench.check(tensor[key] == value, array.dtype, array.shape, key, "is", tensor[key], "and not", value)


def check_file(bench, array, dtype, opaque=False):
    """tenon reads the file that NumPy writes, and converts it to the same bytes."""
    path = bench.folder / "array.npy"
    file = saved(array)
    path.write_bytes(file)
    endian = "big" if array.dtype.str[0] == ">" and not opaque else "little"
    check_list(bench, path, array, "array", dtype, offset=len(file) - array.nbytes, endian=endian)
    bench.check(bench.output("cat", path) == plain_bytes(array, opaque), array.dtype, array.shape, "cat")
    bench.check(bench.convert(path, bench.folder / "out.npy") == file, array.dtype, array.shape, "convert changes bytes")


def check_orders(bench, array, opaque=False):
    """tenon writes each order and byte order as numpy.save writes the array that NumPy has rearranged."""
    path = bench.folder / "array.npy"
    path.write_bytes(saved(array))
    for order, byteorder in (("c", "little"), ("fortran", "big"), ("c", "big"), ("fortran", "little")):
        wanted = np.asarray(array, order=order[0].upper())
        if not opaque:
            wanted = wanted.astype(array.dtype.newbyteorder("<" if byteorder == "little" else ">"))
        wanted = np.asarray(wanted, order=order[0].upper())
        out = bench.folder / "out.npy"
        found = bench.convert(path, out, "-o", f"npy.order={order}", "-o", f"npy.byteorder={byteorder}")
        if bench.check(found == saved(wanted), array.dtype, array.shape, order, byteorder, "is not what numpy.save writes"):
            loaded = np.load(out)
            if wanted.dtype.type is ml_dtypes.bfloat16:  # NumPy loads two-byte voids
                loaded = loaded.view(wanted.dtype)
            same = loaded.dtype == wanted.dtype and loaded.shape == array.shape and is_fortran(loaded) == is_fortran(wanted)
            bench.check(same and np.ascontiguousarray(loaded).tobytes() == np.ascontiguousarray(wanted).tobytes(),
                        array.dtype, array.shape, order, byteorder, "NumPy loads something else")


# ---- NumPy ----


def test_plain(bench):
    for (kind, dtype), shape, order in itertools.product(DTYPES.items(), SHAPES, "CF"):
        for word in orders(kind):
            check_file(bench, make(word, shape, order), dtype)


def test_orders(bench):
    for kind, shape, order in itertools.product(DTYPES, [(), (7,), (0, 3), (3, 5), (1, 5), (2, 3, 4), (3, 2, 2, 2)], "CF"):
        for word in orders(kind):
            check_orders(bench, make(word, shape, order))


def test_opaque(bench):
    for kind, shape, order in itertools.product(OPAQUE, [(), (7,), (0, 3), (3, 5), (1, 5), (2, 3, 4)], "CF"):
        for word in orders(kind):
            array = make(word, shape, order)
            check_file(bench, array, array.dtype.str, opaque=True)
            check_orders(bench, array, opaque=True)


def test_large(bench):
    """Arrays exceed every block of a transpose, a swap and a copy."""
    for kind, shape in ("u1", (1021, 1531)), ("<i2", (1021, 517)), ("<f4", (67, 61, 71)), (">f8", (257, 509)), ("<c16", (129, 255)):
        for order in "CF":
            array = make(kind, shape, order)
            check_file(bench, array, DTYPES[array.dtype.str[1:]])
            check_orders(bench, array)


def test_header_lengths(bench):
    """Header lengths lie around the multiples of 64, and around the longest text of version 1.0."""
    path = bench.folder / "array.npy"
    for length in [*range(1, 140), *range(65400, 65540)]:
        file = saved(np.zeros(1, [("n" * length, "|u1")]))
        path.write_bytes(file)
        bench.check(bench.convert(path, bench.folder / "out.npy") == file, "a name of", length, "bytes")
    for digits in range(19):
        for shape in ((10**digits, 0), (0, 10**digits)):
            file = saved(np.zeros(shape, "|u1"))
            path.write_bytes(file)
            bench.check(bench.convert(path, bench.folder / "out.npy") == file, shape)


NAMES = ["a", "field", "it's", 'a "b"', "'\"", "back\\slash", "tab\there", "new\nline", "\x00", "\x7f\x80\xa0\xad", "d\xe9j\xe0",
         "\u03b1\u03b2", "\u200b", "\u6f22\u5b57", "\U0001f600", "\U000e0001", "\ud800", "{}[]()", ", ", "#", "L", "2L", "\u0378"]


def random_dtype(generator, depth=0):
    """Returns a random structured type that NumPy can write."""
    names = generator.sample(NAMES, generator.randint(1, 5))
    formats = []
    for _ in names:
        choice = generator.random()
        if choice < 0.2 and depth < 4:
            base = random_dtype(generator, depth + 1)
        else:
            base = np.dtype(generator.choice("<>") + generator.choice([*DTYPES, *OPAQUE]))
        if generator.random() < 0.3:
            base = np.dtype((base, tuple(generator.choices(range(4), k=generator.randint(1, 3)))))
        formats.append(base)
    if generator.random() < 0.3:
        return np.dtype({"names": names, "formats": formats}, align=True)
    if generator.random() < 0.3:
        titles = [f"title of {i}" if generator.random() < 0.5 else None for i in range(len(names))]
        return np.dtype({"names": names, "formats": formats, "titles": titles})
    return np.dtype({"names": names, "formats": formats})


def test_structures(bench):
    generator = random.Random(20260821)
    for seed in range(400):
        dtype = random_dtype(generator)
        shape = generator.choice([(), (3,), (2, 3), (0,)])
        count = int(np.prod(shape)) * dtype.itemsize
        data = np.random.default_rng(seed).integers(0, 256, count, dtype=np.uint8).tobytes()
        array = np.ndarray(shape, dtype, data, order=generator.choice("CF"))
        path = bench.folder / "array.npy"
        file = saved(array)
        path.write_bytes(file)
        check_list(bench, path, array, "array", repr(np.lib.format.dtype_to_descr(dtype)), offset=len(file) - array.nbytes)
        # As voids: NumPy copies a structure field by field, and leaves the padding.
        whole = np.ndarray(shape, f"V{dtype.itemsize}", data, order="F" if is_fortran(array) else "C")
        bench.check(bench.output("cat", path) == whole.tobytes(), dtype, "cat")
        bench.check(bench.convert(path, bench.folder / "out.npy") == file, dtype, "convert changes bytes")


SEEDS = [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
    "{'descr': [('a', '<f4', (2,)), (('t', 'b'), '|S3')], 'fortran_order': True, 'shape': (2L, 3), }",
    "{'shape': (), \"descr\": '<M8[25ns]', 'fortran_order': False}",
]
PIECES = ["'", '"', "(", ")", "[", "]", "{", "}", ",", ":", " ", "\n", "\\", "0", "1", "9", "L", "True", "False", "-", ".", "<", ">",
          "|", "=", "f", "i", "u", "S", "U", "V", "O", "M8", "m8", "[ns]", "''", "None", "(2,)", "'a'", "('a', '<f4')", "#", "u'", "b'"]


def mutated(generator):
    text = generator.choice(SEEDS)
    for _ in range(generator.choice([1, 1, 1, 2])):
        at = generator.randrange(len(text))
        cut = at + generator.choice([0, 0, 1, 1, 2, 5])
        text = text[:at] + generator.choice(["", *PIECES]) + text[cut:]
    return text


def test_nothing_that_numpy_refuses(bench):
    """NumPy accepts every damaged header that tenon accepts, and both find the same in it."""
    generator = random.Random(1)
    path = bench.folder / "array.npy"
    accepted = 0
    for _ in range(1500):
        text = mutated(generator).encode("latin1")
        path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(4096))
        status, output, error = bench.run("ls", "--json", path)
        bench.check(status in (0, 2), text, "exits", status, error)
        if status:
            continue
        tensor = json.loads(output)["tensors"][0]
        if tensor.get("unreadable"):  # its shape is known, its type is not
            continue
        accepted += 1
        try:
            with open(path, "rb") as file:
                np.lib.format.read_magic(file)
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        except (ValueError, SyntaxError) as error:
            # Exceptions: type strings of ml_dtypes and of i386, and duplicate field names, which tenon does not check.
            known = "<f1" in tensor["dtype"] or tensor["dtype"] == "f8_e5m2" or "already used" in str(error)
            known = known or any(word in tensor["dtype"] for word in ("f1", "f12", "c24"))
            bench.check(known, text, "is", tensor["dtype"], "for tenon; NumPy:", error)
            continue
        count = int(np.prod(shape, dtype=object))
        bench.check(list(shape) == tensor["shape"] and count * dtype.itemsize == tensor["nbytes"], text, tensor, shape, dtype)
        both = count == 0 or sum(dim > 1 for dim in shape) < 2
        bench.check((tensor["order"] == "F") == (fortran and not both), text, tensor["order"])
    bench.check(accepted > 20, "only", accepted, "were accepted")


def test_objects(bench):
    for number, array in enumerate([np.array([1, None], object), np.zeros(2, [("a", "O"), ("b", "f4")]), np.array(["x"], "T")]):
        path = bench.folder / f"objects-{number}.npy"
        np.save(path, array, allow_pickle=True)
        status, _, error = bench.run("verify", path)
        bench.check(status == 1 and "pickle" in error, array.dtype, status, error)


# ---- ml_dtypes ----


def test_bf16(bench):
    for shape, order, mark in itertools.product([(), (7,), (0, 3), (3, 5), (1, 5), (2, 3, 4)], "CF", "<>"):
        array = make("u2", shape, order).view(ml_dtypes.bfloat16)
        array = array.astype(array.dtype.newbyteorder(mark))
        check_file(bench, array, "bf16")
        check_orders(bench, array)
    array = make("u2", (3, 5)).view(ml_dtypes.bfloat16)
    path = bench.folder / "array.npy"
    path.write_bytes(saved(array).replace(b"<V2", b"|V2"))
    check_list(bench, path, array, "array", "bf16")
    bench.check(bench.convert(path, bench.folder / "out.npy") == saved(array), "|V2 as bf16")
    check_list(bench, path, array, "array", "|V2", arguments=["-o", "npy.v2=opaque"])


def same_numbers(found, wanted):
    """True if the bytes of f32 equal the array; all NaNs are equal."""
    if found is None or len(found) != wanted.size * 4:
        return False
    found = np.frombuffer(found, "<f4")
    wanted = wanted.reshape(-1)
    nan = np.isnan(wanted)
    return bool(np.all(np.isnan(found) == nan) and np.all(found[~nan].view("<u4") == wanted[~nan].view("<u4")))


def test_f8(bench):
    """tenon and ml_dtypes agree on all 256 values of each type."""
    for name, dtype in F8.items():
        array = np.arange(256, dtype="u1").view(getattr(ml_dtypes, name)).reshape(16, 16)
        path = bench.folder / "array.npy"
        path.write_bytes(saved(array))
        is_this = ["-o", f"npy.v1={dtype}"]
        check_list(bench, path, array, "array", dtype, arguments=is_this)
        bench.check(bench.output("cat", *is_this, path) == array.tobytes(), name, "cat")
        bench.check(same_numbers(bench.output("cat", "--as", "f32", *is_this, path), array.astype("f4")), name, "--as f32")
        out = bench.folder / "out.npy"
        bench.check(bench.convert(path, out, *is_this, "-o", "npy.fp8=void") == saved(array), name, "convert changes bytes")
        status, _, error = bench.run("convert", *is_this, path, bench.folder / "refused.npy")
        bench.check(status == 2 and dtype in error and "npy.fp8=void" in error, name, status, error)
        bench.check(bench.convert(path, out, "--as", "f32", *is_this) is not None and
                    same_numbers(np.load(out).tobytes(), array.astype("f4")), name, "convert --as f32")
    array = np.arange(256, dtype="u1").view(ml_dtypes.float8_e4m3fn)
    path.write_bytes(saved(array))
    check_list(bench, path, array, "array", "<V1")
    bench.check(bench.convert(path, out) == saved(array), "opaque V1")


# ---- MLX ----


def as_numpy(array):
    if array.dtype == mx.bfloat16:
        return np.array(array.view(mx.uint16)).view(ml_dtypes.bfloat16)
    return np.array(array)


def test_mlx_saves(bench):
    path = bench.folder / "array.npy"
    for name, shape in itertools.product(MLX, [(), (1,), (7,), (3, 5), (1, 5), (2, 3, 4)]):
        for turned in (False, True):
            array = mx.arange(int(np.prod(shape)) or 1).reshape(shape).astype(getattr(mx, name))
            if turned:
                array = mx.contiguous(array.transpose(), allow_col_major=True)
            mx.save(str(path), array)
            wanted = as_numpy(array)
            # MLX marks arrays that are in both orders as Fortran order.
            wanted = np.asarray(wanted, order="F" if b"'fortran_order': True" in path.read_bytes() else "C")
            dtype = "bf16" if name == "bfloat16" else DTYPES[wanted.dtype.str[1:]]
            check_list(bench, path, wanted, "array", dtype, offset=os.path.getsize(path) - wanted.nbytes, endian="little")
            bench.check(bench.output("cat", path) == np.ascontiguousarray(wanted).tobytes(), name, shape, turned, "cat")
            bench.check(bench.convert(path, bench.folder / "out.npy") == saved(wanted), name, shape, turned, "convert")


def test_mlx_loads(bench):
    path = bench.folder / "array.npy"
    out = bench.folder / "out.npy"
    for name, shape, order, byteorder in itertools.product(MLX, [(), (1,), (7,), (3, 5), (1, 5), (2, 3, 4)], ["c", "fortran"],
                                                           ["little", "big"]):
        array = mx.arange(int(np.prod(shape)) or 1).reshape(shape).astype(getattr(mx, name))
        if byteorder == "big" and name == "complex64":
            continue  # MLX reverses all eight bytes of an item
        path.write_bytes(saved(as_numpy(array)))
        if bench.convert(path, out, "-o", f"npy.order={order}", "-o", f"npy.byteorder={byteorder}") is not None:
            loaded = mx.load(str(out))
            bench.check(loaded.dtype == array.dtype and loaded.shape == array.shape and mx.array_equal(loaded, array).item(),
                        name, shape, order, byteorder, "MLX loads something else")
