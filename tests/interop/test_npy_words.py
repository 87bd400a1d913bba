# SPDX-License-Identifier: MIT
"""Every word that numpy.dtype takes is a type that tenon reads, with the same meaning; every other word is a tensor that
cannot be read."""

import struct
import warnings
import zipfile

import ml_dtypes
import numpy as np

warnings.simplefilter("ignore")

PLAIN = {
    "b1": "bool", "i1": "i8", "i2": "i16", "i4": "i32", "i8": "i64", "u1": "u8", "u2": "u16", "u4": "u32", "u8": "u64",
    "f2": "f16", "f4": "f32", "f8": "f64", "c8": "c64", "c16": "c128",
}
ML = {
    "bfloat16": "bf16", "float8_e4m3fn": "f8_e4m3", "float8_e5m2": "f8_e5m2", "float8_e4m3fnuz": "f8_e4m3fnuz",
    "float8_e5m2fnuz": "f8_e5m2fnuz", "float8_e8m0fnu": "f8_e8m0",
}
ML_NAMES = [name for name in ml_dtypes.__all__ if isinstance(getattr(ml_dtypes, name), type) and name not in ("finfo", "iinfo")]
LETTERS = [chr(code) for code in range(33, 127) if chr(code) not in "'\\"]
ORDERS = ["<", ">", "=", "|"]
NAMES = sorted(name for name in np.sctypeDict if isinstance(name, str))
NO_NAMES = """Float32 FLOAT float33 float96 Int32 int0 bool8 object0 void0 string string_ unicode_ cfloat float_ complex_ longfloat
    datetime timedelta datetime32 np.float32 numpy.float32 torch.float32 i32 f32 bf16 u8x real64 bfloat17 float8 float8_e4m3fnz
    M4 m4 M16 g2 g8 G8 ? 4 x4 f3 i16 u3 b2 c4 O5x S5x U3[ns] M8ns M8[ M8[] M8[xx] M8[-1s] T16 datetime64[ datetime64[xx] Mx""".split()
UNITS = "Y M W D h m s ms us ns ps fs as generic 25s 1ns 007s 2147483647s s/2 D/24 Y/12 Y/365 M/4 2D/3 3s/4 m/8 fs/1000".split()


def words():
    found = set(NAMES) | set(ML_NAMES) | set(LETTERS) | set(NO_NAMES)
    for order in ORDERS:
        found |= {order + word for word in NAMES + ML_NAMES + LETTERS}
    for letter in LETTERS:
        for size in "0 1 2 3 4 5 8 08 10 12 16 24 32 64 128 256".split():
            found |= {order + letter + size for order in ["", *ORDERS]}
    for begin in ("M8", "m8", "M", "datetime64", "timedelta64"):
        for unit in UNITS:
            found |= {order + begin + "[" + unit + "]" for order in ["", *ORDERS]}
    # NumPy takes an f4 that ml_dtypes' W4 is, but not by its name; these are tenon's own
    return sorted(word for word in found if word.lstrip("<>=|") not in ("f1", "W4") and "'" not in word)


def meaning(word):
    """Returns NumPy's dtype; None if it is no type, or one of objects."""
    try:
        dtype = np.dtype(word)
    except Exception:  # pylint: disable=broad-except # a letter may reach Python's own parser
        return None
    return dtype if not dtype.hasobject and isinstance(dtype.str, str) and dtype.kind != "T" else None


def npy(word, data, count=2):
    text = ("{'descr': '%s', 'fortran_order': False, 'shape': (%d,), }" % (word, count)).encode("utf-8")
    text += b" " * (-(12 + len(text) + 1) % 64) + b"\n"
    return b"\x93NUMPY\3\0" + struct.pack("<I", len(text)) + text + data


def pack(path, listed, sizes):
    with zipfile.ZipFile(path, "w") as archive:
        for number, (word, size) in enumerate(zip(listed, sizes)):
            archive.writestr(f"{number}.npy", npy(word, bytes(2 * size)))


def expected(dtype):
    if dtype.name in ML_NAMES:
        return ML.get(dtype.name, dtype.name)
    return PLAIN.get(dtype.str[1:])


def test_words_of_numpy(bench):
    taken = [word for word in words() if meaning(word) is not None]
    bench.check(len(taken) > 1000, "words", len(taken))
    path = bench.folder / "words.npz"
    pack(path, taken, [meaning(word).itemsize for word in taken])
    listed = bench.list(path)
    if listed is None:
        return
    tensors = {tensor["name"]: tensor for tensor in listed["tensors"]}
    for number, word in enumerate(taken):
        dtype = meaning(word)
        tensor = tensors[str(number)]
        bench.check(tensor["nbytes"] == 2 * dtype.itemsize, word, tensor)
        name = expected(dtype)
        if dtype.str in ("|V2", "<V2", ">V2"):
            name = "bf16"
        if name:
            big = dtype.str[0] == ">" and dtype.itemsize > 1 or word == ">V2"
            bench.check(tensor["dtype"] == name and tensor["endian"] == ("big" if big else "little"), word, tensor)
        else:
            bench.check(np.dtype(tensor["dtype"]) == dtype, word, tensor)
    # what tenon writes is what NumPy writes
    out = bench.folder / "out.npz"
    if bench.convert(path, out, "-o", "npy.fp8=name", "-o", "npy.v2=opaque") is None:
        return
    with np.load(out) as written:
        for number, word in enumerate(taken):
            dtype = meaning(word)
            if dtype.itemsize and dtype.name != "bfloat16":  # which is written as ml_dtypes does, <V2
                bench.check(written[str(number)].dtype == dtype, word, written[str(number)].dtype)


def test_words_of_ml_dtypes_carry_values(bench):
    """tenon and NumPy read the same numbers under ml_dtypes' names, in both directions."""
    for name, dtype in ML.items():
        size = np.dtype(name).itemsize
        array = np.arange(256 ** size if size == 2 else 256, dtype=f"<u{size}").view(getattr(ml_dtypes, name))
        path = bench.folder / "named.npy"
        path.write_bytes(npy(name, array.tobytes(), array.size))
        bench.check(bench.output("cat", path) == array.tobytes(), name)
        listed = bench.list(path)
        bench.check(listed is not None and listed["tensors"][0]["dtype"] == dtype, name, listed)
        out = bench.folder / "out.npy"
        if bench.convert(path, out, "-o", "npy.fp8=name") is not None and size == 1:
            found = np.load(out)
            bench.check(found.dtype == array.dtype and found.tobytes() == array.tobytes(), name, found.dtype)
