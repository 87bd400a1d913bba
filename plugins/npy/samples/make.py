#!/usr/bin/env python3
"""make.py FOLDER: writes the samples again, with NumPy, ml_dtypes and MLX. See ORIGIN.

golden/NAME.npy            written by numpy.save: a conversion to npy must give the same bytes
odd/NAME.npy               written by others, or by hand: legal, but not what numpy.save writes
odd/NAME.as-numpy          what numpy.save writes of the same array: a conversion of NAME.npy must give these bytes
"""

import io
import pathlib
import sys
import warnings

import ml_dtypes
import mlx.core as mx
import numpy as np

warnings.simplefilter("ignore")

PLAIN = "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16 f16 c32".split()


def numbers(kind, size):
    """Six values of a type, the awkward ones among them."""
    dtype = np.dtype(f"{kind}{size}")
    if kind == "b":
        values = [True, False, False, True, True, False]
    elif kind in "iu":
        limits = np.iinfo(dtype)
        values = [0, 1, 2, limits.max, limits.min, 77]
    elif kind == "f":
        values = [0.0, -0.0, 1.5, np.inf, np.nan, -2.25]
    else:
        values = [0, 1 + 2j, -1.5j, complex(np.inf, -0.0), complex(np.nan, 1), -3]
    array = np.zeros(6, dtype)  # a long double has bytes that no value reaches
    array[:] = values
    return array.reshape(2, 3)


def saved(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version, allow_pickle=False)
    return file.getvalue()


def golden():
    for word in PLAIN:
        array = numbers(word[0], int(word[1:]))
        for order in "cf":
            for name, mark in ("little", "<"), ("big", ">"):
                if array.itemsize > 1:
                    ordered = array.astype(array.dtype.newbyteorder(mark), order=order.upper())
                    yield f"{word}-{order}-{name}", ordered
                elif name == "little":
                    yield f"{word}-{order}", array.copy(order=order.upper())
    f4 = np.arange(24, dtype="<f4")
    yield "scalar", np.array(1.25, "<f8")
    yield "scalar-bool", np.array(True)
    yield "vector", f4
    yield "row-fortran", f4.reshape(1, 24, order="F")
    yield "column-fortran", f4.reshape(24, 1, order="F")
    yield "three-dims", f4.reshape(2, 3, 4)
    yield "three-dims-fortran", np.asfortranarray(f4.reshape(2, 3, 4))
    yield "ones-between-fortran", np.asfortranarray(f4.reshape(2, 1, 3, 1, 4))
    yield "empty", np.zeros(0, "<f4")
    yield "empty-rows", np.zeros((0, 5), "<i8")
    yield "empty-columns-fortran", np.zeros((5, 0), "<i8", order="F")
    yield "dims-64", np.arange(8, dtype="<i2").reshape((1,) * 30 + (2,) + (1,) * 20 + (4,) + (1,) * 12)
    yield "dims-64-fortran", np.asfortranarray(np.arange(8, dtype="<i2").reshape((2,) + (1,) * 62 + (4,)))
    yield "dim-of-many-digits", np.zeros((0, 2**40), "|u1")
    yield "bytes", np.array([b"", b"a", b"\x00b\x00c", b"four"], "|S4")
    yield "bytes-fortran", np.asfortranarray(np.array([[b"ab", b"cd", b"e"], [b"f", b"gh", b""]], "|S2"))
    yield "text-little", np.array(["", "tenon", "\u03b1\u03b2\U0001f600"], "<U5")
    yield "text-big", np.array(["", "tenon", "\u03b1\u03b2\U0001f600"], ">U5")
    yield "dates-ns", np.array(["2026-08-21T13:32:39.000000001", "NaT"], "<M8[ns]")
    yield "dates-big", np.array(["2026-08-21", "NaT"], ">M8[D]")
    yield "dates-generic", np.array(["NaT"], "<M8")
    yield "spans-25s", np.array([0, 1, -7], "<m8[25s]")
    yield "spans-generic", np.array([0, 1, -7], "<m8")
    yield "void", np.array([b"1234567", b"abcdefg"], "|V7")
    yield "void-1", np.array([b"1", b"2"], "|V1")
    yield "void-0", np.zeros(3, "V0")
    yield from structures()


def filled(shape, dtype, order="C"):
    """An array of a structure, with bytes that count."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape)) * dtype.itemsize
    array = np.frombuffer(bytes(i % 251 for i in range(count)), dtype).reshape(shape)
    return np.asfortranarray(array) if order == "F" else array


def structures():
    pair = [("x", "<f4"), ("y", ">i2")]
    yield "struct", filled(5, pair)
    yield "struct-fortran", filled((2, 3), pair, "F")
    yield "struct-scalar", filled((), pair)
    yield "struct-empty", np.zeros(3, [])
    yield "struct-one-field", filled(2, [("only", "|u1")])
    yield "struct-nested", filled(2, [("a", [("b", "<f8"), ("c", [("d", "|S3"), ("e", "<U2")])]), ("f", "|b1")])
    yield "struct-subarrays", filled(2, [("v", "<f4", (3,)), ("m", "<i2", (2, 2)), ("s", pair, (2,)), ("z", "<f8", (0,))])
    yield "struct-of-subarrays", filled(2, [("c", ("<f8", (5,)), (2,))])
    yield "struct-aligned", filled(3, np.dtype([("a", "|u1"), ("b", "<f8"), ("c", "|u1")], align=True))
    yield "struct-gaps", filled(3, {"names": ["a", "b"], "formats": ["<i4", "<i2"], "offsets": [3, 9], "itemsize": 16})
    yield "struct-titles", filled(2, [(("Title of a", "a"), "<f4"), ("b", "|u1")])
    yield "struct-dates", filled(2, [("t", "<M8[us]"), ("d", "<m8[7D]"), ("c", "<c16"), ("l", "<f16")])
    yield "struct-no-name", filled(2, [("", "<f4")])
    yield "struct-quotes", filled(2, [("it's", "|i1"), ('say "it"', "|i1"), ("it's \"both\"", "|i1"), ("back\\slash", "|i1")])
    yield "struct-controls", filled(2, [("tab\t line\n return\r bell\x07 nul\x00 del\x7f nbsp\xa0 shy\xad", "|i1")])
    yield "struct-latin1", filled(2, [("d\xe9j\xe0 vu \xff", "<f4"), ("Stra\xdfe", "<f4")])
    yield "struct-utf8", filled(2, [("\u03b1\u03b2\u03b3", "<f4"), ("\xe9", "<f4"), ("\u6f22\U0001f600", "<f4")])
    yield "struct-utf8-escapes", filled(2, [("zero\u200bwidth\ufeff", "<f4"), ("\u03b1", "<f4"), ("\U000e0001", "|u1")])
    yield "struct-surrogate", filled(2, [("\ud800", "<f4")])
    # The longest text that version 1.0 holds, with the padding that it must have: 65,524 bytes. One more makes it 2.0.
    rest = len("{'descr': [('', '|u1')], 'fortran_order': False, 'shape': (1,), }") + 20
    yield "version-1-longest", filled(1, [("n" * (65524 - rest), "|u1")])
    yield "version-2", filled(1, [("n" * (65525 - rest), "|u1")])


def with_text(text, data, version=1):
    """A file of a header that was made by hand."""
    text = text.encode("utf-8" if version == 3 else "latin1")
    width = 2 if version == 1 else 4
    return b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(width, "little") + text + data


def by_hand():
    two = np.array([[1, 2, 3], [4, 5, 6]], "<i4")
    name = "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }"
    for case, text in {
        "no-newline": name,
        "no-comma": "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3)}\n",
        "other-order": "{'shape': (2, 3), 'fortran_order': False, 'descr': '<i4'}\n",
        "double-quotes": '{"descr": "<i4", "fortran_order": False, "shape": (2, 3)}\n',
        "tight": "{'descr':'<i4','fortran_order':False,'shape':(2,3)}",
        "white-space": "\t{\n 'descr' :\t'<i4' ,\r\n 'fortran_order' : False,\f 'shape' : ( 2 , 3 , ) , } \n\n \t",
        "python-2": "{'descr': '<i4', 'fortran_order': False, 'shape': (2L, 3L), }     \n",
        "python-2-unicode": "{u'descr': u'<i4', 'fortran_order': False, 'shape': (2, 3L)}\n",
        "native": "{'descr': '=i4', 'fortran_order': False, 'shape': (2, 3), }\n",
        "no-byte-order": "{'descr': 'i4', 'fortran_order': False, 'shape': (2, 3), }\n",
        "any-byte-order": "{'descr': '|i4', 'fortran_order': False, 'shape': (2, 3), }\n",
        "trailing-bytes": name + "\n",
    }.items():
        data = two.tobytes() + (b"and more" if case == "trailing-bytes" else b"")
        yield case, with_text(text, data), saved(two)
    yield "version-2-short", saved(two, (2, 0)), saved(two)
    yield "version-3-short", saved(two, (3, 0)), saved(two)
    row = np.array([[1, 2, 3]], "<i4")
    yield "row-says-fortran", with_text("{'descr': '<i4', 'fortran_order': True, 'shape': (1, 3), }\n", row.tobytes()), saved(row)
    struct = filled(2, [("a", "<f4", (2,)), ("it's", "|u1")])
    text = "{'descr':[(\"a\",'<f4',(2L,)),(u'it\\'s','|u1'),],'fortran_order':False,'shape':(2L,)}"
    yield "struct-tight", with_text(text, struct.tobytes()), saved(struct)
    pretty = "{'descr': [('a', '<f4', (2,)),\n           (\"it's\", '|u1')],\n 'fortran_order': False,\n 'shape': (2,)}   \n"
    yield "struct-pretty", with_text(pretty, struct.tobytes()), saved(struct)


def others(folder):
    path = str(folder / "mlx.npy")
    for case, array in {
        "mlx-f32": mx.arange(6).astype(mx.float32),
        "mlx-bf16": mx.arange(6).astype(mx.bfloat16).reshape(2, 3),
        "mlx-fortran": mx.contiguous(mx.arange(6).reshape(3, 2).T, allow_col_major=True),
        "mlx-scalar": mx.array(3),
        "mlx-bool": mx.array([True, False, True]),
        "mlx-c64": mx.array([1 + 2j, -3]),
    }.items():
        mx.save(path, array)
        if array.dtype == mx.bfloat16:
            plain = np.array(array.astype(mx.float32)).astype(ml_dtypes.bfloat16)
        else:
            plain = np.array(array)
        if case == "mlx-fortran":
            plain = np.asfortranarray(plain)
        yield case, pathlib.Path(path).read_bytes(), saved(plain)
    pathlib.Path(path).unlink()
    bf16 = np.array([[1, -2, 3.5], [np.inf, 0, 1e-3]], ml_dtypes.bfloat16)
    big = bf16.astype(bf16.dtype.newbyteorder(">"))
    voids = saved(bf16).replace(b"'<V2'", b"'|V2'")
    yield "bf16", saved(bf16), saved(bf16)
    yield "bf16-big", saved(big), saved(big)
    yield "bf16-fortran", saved(np.asfortranarray(bf16)), saved(np.asfortranarray(bf16))
    yield "bf16-as-void", voids, saved(bf16)


def fp8():
    """The f8 family: written only when asked for, so no file beside them."""
    for name in "float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu".split():
        yield name, saved(np.array([[1, 2, 0.5], [4, 8, 0.25]], getattr(ml_dtypes, name)))


def main():
    folder = pathlib.Path(sys.argv[1])
    for part in "golden", "odd", "fp8":
        (folder / part).mkdir(parents=True, exist_ok=True)
    for name, array in golden():
        (folder / "golden" / f"{name}.npy").write_bytes(saved(array))
    for name, found, expected in [*by_hand(), *others(folder)]:
        (folder / "odd" / f"{name}.npy").write_bytes(found)
        (folder / "odd" / f"{name}.as-numpy").write_bytes(expected)
    for name, found in fp8():
        (folder / "fp8" / f"{name}.npy").write_bytes(found)


if __name__ == "__main__":
    main()
