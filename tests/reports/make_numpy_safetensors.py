# SPDX-License-Identifier: MIT
"""Makes small files that have the properties which public bug reports about .npy, .npz and .safetensors describe.

    python3 make_numpy_safetensors.py FOLDER [--big]

Only numpy is needed. Everything is deterministic. --big also makes the inputs for time and memory (about 400 MB).
The row of README.md is the first part of each file's or folder's name.
"""
import bz2, io, json, os, struct, sys, zipfile, zlib, gzip, lzma
import numpy as np

OUT = sys.argv[1]
BIG = "--big" in sys.argv[2:]
os.makedirs(OUT, exist_ok=True)
DATE = (1980, 1, 1, 0, 0, 0)


def path(*names):
    p = os.path.join(OUT, *names)
    os.makedirs(os.path.dirname(p), exist_ok=True)
    return p


def put(name, data):
    with open(path(*name.split("/")), "wb") as f:
        f.write(data)


def values(count, dtype="<f4"):
    return (np.arange(count) % 251).astype(dtype)


# ---- npy -------------------------------------------------------------------------------------------------------

def npy(array, **more):
    f = io.BytesIO()
    np.lib.format.write_array(f, np.asanyarray(array), **more)
    return f.getvalue()


def npy_text(header, data, version=(1, 0), pad=64, fill=b" ", end=b"\n"):
    """An .npy with exactly this header text."""
    text = header if isinstance(header, bytes) else header.encode("utf-8" if version[0] == 3 else "latin-1")
    size = 2 if version[0] == 1 else 4
    if pad:
        text += fill * (-(8 + size + len(text) + len(end)) % pad)
    text += end
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H" if size == 2 else "<I", len(text)) + text + data


def head(descr, shape, order="False"):
    return "{'descr': %s, 'fortran_order': %s, 'shape': %s, }" % (descr, order, shape)


def make_npy():
    f4 = values(24).tobytes()
    # N01 a writer that formats the dims with repr() of NumPy 2 scalars
    put("N01-np-int64-in-shape.npy", npy_text(head("'<f4'", "(np.int64(2), np.int64(3), np.int64(4))"), f4))
    # N02 a locale that groups digits: 2621 became 2,621
    put("N02-grouped-digits.npy", npy_text(head("'<f4'", "(2,621, 4)"), values(2621 * 4).tobytes()))
    # N03 two arrays saved one after the other into one file
    put("N03-two-saves.npy", npy(values(6).reshape(2, 3)) + npy(np.arange(5, dtype="<i8")))
    # N04 metadata of a dtype inside descr
    put("N04-dtype-metadata.npy", npy_text(head("[('a', '<f8'), ('b', ('|S3', {'some': 'stuff'}))]", "(2,)"),
        struct.pack("<d3sd3s", 1.0, b"abc", 2.0, b"def")))
    # N05 metadata that are no literal, around a pickled column
    put("N05-class-in-header.npy", npy_text(head("[('ref', ('|O', {'vlen': <class 'bytes'>}))]", "()"), b"\x80\x04N."))
    # N06 an array of arrays as a field
    put("N06-nested-subarray.npy", npy_text(head("[('c', ('<f8', (5,)), (2,))]", "(1,)"), values(10, "<f8").tobytes()))
    # N07 the names that str(dtype) gives
    for name, item in ("bfloat16", 2), ("float32", 4):
        put("N07-word-%s.npy" % name, npy_text(head("'%s'" % name, "(4,)"), bytes(range(4 * item))))
    # N08 what ml_dtypes leaves in the header
    put("N08-f1.npy", npy_text(head("'<f1'", "(4,)"), b"\x3c\x3e\x40\xbc"))
    put("N08-V1.npy", npy_text(head("'<V1'", "(4,)"), b"\x38\x3c\x40\xb8"))
    put("N08-V2.npy", npy_text(head("'<V2'", "(4,)"), struct.pack("<4H", 0x3F80, 0x4000, 0x4040, 0xBF80)))
    # N09 Python 2 on Windows
    put("N09-long-suffix.npy", npy_text(head("'<c16'", "(3L, 2L, 1L)"), values(6, "<c16").tobytes(), pad=16))
    # N10 version 2 with unaligned data, Fortran order, a comma behind the last dim
    put("N10-v2-unaligned.npy", npy_text(head("'<f8'", "(10,4,)", "True"), values(40, "<f8").tobytes(), (2, 0), pad=0, end=b" \n"))
    # N11, N12 words that no reader knows
    put("N11-ubyte.npy", npy_text(head("'<ubyte'", "(4,)"), b"abcd"))
    put("N12-g2.npy", npy_text(head("'<g2'", "(4,)"), bytes(8)))
    # N13 StringDType: NumPy 2 pickles it
    import pickle
    put("N13-stringdtype.npy", npy_text(head("'|O'", "(2,)"), pickle.dumps(["hello", "world"], 4)))
    # N14 headers of more than 255 bytes, and of more than 64 KiB
    for fields in 12, 4000:
        dtype = np.dtype([("measurement_%05d" % i, "<f4") for i in range(fields)])
        put("N14-fields-%d.npy" % fields, npy(np.zeros(2, dtype)))
    # N15 cut off: no data, and half of them
    whole = npy(values(113 * 8, "<f8").reshape(113, 8))
    put("N15-no-data.npy", whole[:128])
    put("N15-half.npy", whole[:128 + 3616])
    put("N15-in-header.npy", whole[:60])
    # N16 nothing at all
    put("N16-empty.npy", b"")
    # N17 gzip
    packed = gzip.compress(npy(values(100)), mtime=0)
    put("N17-packed.npy.gz", packed)
    put("N17-packed-but-named.npy", packed)
    # N18 JSON in place of a Python literal
    put("N18-json-header.npy", npy_text('{"descr": "<f4", "fortran_order": false, "shape": [2, 3, 4]}', f4))
    # N19 text
    put("N19-unicode.npy", npy(np.array(["sigmoid", "tanh", "soft\u00e9max"])))
    put("N19-unicode-big.npy", npy(np.array(["one", "two"]).astype(">U3")))
    put("N19-bytes.npy", npy(np.array([b"name1", b"x"])))
    put("N19-unicode-scalar.npy", npy(np.array("hello")))
    # N20 dates and spans
    put("N20-dates.npy", npy(np.array(["2024-02-29T12:00:00", "NaT", "1969-12-31T23:59:59"], "M8[ns]")))
    put("N20-days.npy", npy(np.array(["2024-02-29", "1970-01-01"], "M8[D]")))
    put("N20-spans.npy", npy(np.array([1, -5], "m8[s]")))
    # N21 a table of one type, and one of several
    put("N21-table-f8.npy", npy(np.array([(1, 2), (3, 4)], [("lat", "<f8"), ("lon", "<f8")])))
    put("N21-table-mixed.npy", npy(np.array([(1, 4, 3.5), (2, 5, 2.5)], [("i", "<i8"), ("j", "<i8"), ("k", "<f8")])))
    # N22 complex numbers
    put("N22-c16.npy", npy(values(4, "<c16") * (1 + 2j)))
    # N23 long doubles
    put("N23-longdouble.npy", npy_text(head("'<f16'", "(2,)"), struct.pack("<QHHIQHHI", 1 << 63, 0x3FFF, 0, 0, 5 << 61, 0xC000, 0, 0)))
    # N24 a dictionary saved by np.save
    put("N24-dictionary.npy", npy_text(head("'|O'", "()"), pickle.dumps({"a": 1}, 4)))
    # N25 big-endian, Fortran order, three dims
    put("N25-big-fortran.npy", npy(np.asfortranarray(values(24, ">f8").reshape(2, 3, 4))))
    # N26 dims without the comma of a tuple, as a list
    put("N26-shape-number.npy", npy_text(head("'<f4'", "(24)"), f4))
    put("N26-shape-list.npy", npy_text(head("'<f4'", "[2, 3, 4]"), f4))
    # N27 padding with NUL
    put("N27-nul-padding.npy", npy_text(head("'<f4'", "(24,)"), f4, fill=b"\0"))


# ---- npz -------------------------------------------------------------------------------------------------------

def npz(name, members, method=zipfile.ZIP_STORED, comment=b""):
    with zipfile.ZipFile(path(name), "w", method) as z:
        for member, data in members:
            info = zipfile.ZipInfo(member, DATE)
            info.compress_type = method
            z.writestr(info, data)
        z.comment = comment


class Raw:
    """A zip archive byte by byte."""

    def __init__(self):
        self.out, self.central, self.count = bytearray(), bytearray(), 0

    def add(self, name, data, *, stored=None, size=None, packed=None, crc=None, method=0, flags=0, local_extra=b"",
            extra=b"", lname=None, descriptor=b"", local_sizes=True, version=20):
        name = name if isinstance(name, bytes) else name.encode()
        stored = data if stored is None else stored
        size = len(data) if size is None else size
        packed = len(stored) if packed is None else packed
        crc = zlib.crc32(data) if crc is None else crc
        offset = len(self.out)
        lname = name if lname is None else lname
        sizes = (crc, packed, size) if local_sizes is True else local_sizes
        self.out += struct.pack("<IHHHHHIIIHH", 0x04034B50, version, flags, method, 0, 0x21, *sizes, len(lname), len(local_extra))
        self.out += lname + local_extra + stored + descriptor
        self.central += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, version, flags, method, 0, 0x21, crc, packed, size,
                                    len(name), len(extra), 0, 0, 0, 0, offset) + name + extra
        self.count += 1

    def end(self, comment=b""):
        at = len(self.out)
        return bytes(self.out + self.central + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, self.count, self.count,
                                                           len(self.central), at, len(comment)) + comment)


def make_npz():
    import pickle
    a, b = npy(values(6).reshape(2, 3)), npy(np.arange(4, dtype="<i8"))
    objects = npy_text(head("'|O'", "()"), pickle.dumps({"epoch": 3}, 4))
    # Z01 one pickled member among others
    npz("Z01-one-object.npz", [("weight.npy", a), ("config.npy", objects), ("bias.npy", b)])
    npz("Z01-only-object.npz", [("row.npy", objects)])
    # Z02 a member twice
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        npz("Z02-twice.npz", [("x.npy", a), ("y.npy", b), ("x.npy", npy(values(6).reshape(2, 3) + 10))])
    # Z03 members that are no arrays
    npz("Z03-with-json.npz", [("x.npy", a), ("__meta__.json", b'{"names": ["x"]}'), ("README.txt", b"hello")])
    # Z04 with and without the extension
    npz("Z04-no-extension.npz", [("x", a), ("y.npy", b)])
    npz("Z04-both.npz", [("x", a), ("x.npy", b)])
    npz("Z04-npy-npy.npz", [("x.npy", a), ("x.npy.npy", b)])
    # Z05 names: empty, paths, back slashes, blanks, letters
    npz("Z05-paths.npz", [("../x.npy", a), ("/abs/y.npy", b), ("a\\b.npy", a), ("layer/0/w .npy", b), ("\u6df1\u5ea6.npy", a), ("a\nb.npy", b)])
    # Z06 compressed, with zip64 sizes in the local header alone, as zipfile writes with force_zip64
    with zipfile.ZipFile(path("Z06-compressed.npz"), "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in ("a", a), ("b", b), ("c", npy(values(3000))):
            with z.open(zipfile.ZipInfo(name + ".npy", DATE), "w", force_zip64=True) as f:
                f.write(data)
    # Z07 extra fields in the local header
    r = Raw()
    for name, data in ("a.npy", a), ("body_quat_w.npy", b):
        r.add(name, data, local_extra=struct.pack("<HHQQ", 1, 16, len(data), len(data)), local_sizes=(zlib.crc32(data), 0xFFFFFFFF, 0xFFFFFFFF), version=45)
    put("Z07-local-extra.npz", r.end())
    # Z08 sizes that wrapped around (here at 2^12): the CRC is that of all
    big = npy(values(2000))
    r = Raw()
    r.add("a.npy", big, size=len(big) % 4096, packed=len(big) % 4096)
    r.add("b.npy", b)
    # Z09 other methods
    npz("Z09-bzip2.npz", [("a.npy", a), ("b.npy", b)], zipfile.ZIP_BZIP2)
    npz("Z09-lzma.npz", [("a.npy", a), ("b.npy", b)], zipfile.ZIP_LZMA)
    r = Raw()
    r.add("a.npy", a)
    # Z10 cut off, and bytes before the archive
    npz("Z10-whole.npz", [("a.npy", npy(values(1000))), ("b.npy", b)])
    whole = open(path("Z10-whole.npz"), "rb").read()
    put("Z10-cut.npz", whole[:len(whole) // 2])
    put("Z10-cut-directory.npz", whole[:-30])
    put("Z10-prefix.npz", b"#!/bin/sh\nexit 0\n" + whole)
    put("Z10-suffix.npz", whole + b"\r\n--boundary--\r\n")
    # Z11 one bit of the data is wrong
    bad = bytearray(whole)
    bad[200] ^= 1
    put("Z11-crc.npz", bytes(bad))
    # Z14 a sparse matrix
    npz("Z14-sparse.npz", [("indices.npy", npy(np.array([0, 2, 1], "<i4"))), ("indptr.npy", npy(np.array([0, 2, 3], "<i4"))),
                          ("format.npy", npy(np.array(b"csr"))), ("shape.npy", npy(np.array([2, 3], "<i8"))), ("data.npy", npy(np.array([1., 2., 3.])))], zipfile.ZIP_DEFLATED)
    # Z15 a checkpoint with bfloat16 as voids, names with slashes
    v2 = npy_text(head("'|V2'", "(2, 2)"), struct.pack("<4H", 0x3F80, 0x4000, 0x4040, 0xBF80))
    npz("Z15-bf16.npz", [("params/img/embedding/kernel.npy", v2), ("params/img/embedding/bias.npy", npy(values(2))), ("params/step.npy", npy(np.int64(7)))])
    # Z16 a key that np.savez cannot take
    npz("Z16-file.npz", [("file.npy", a), ("like.npy", b), ("self.npy", b)])
    # Z17 mixed orders
    npz("Z17-mixed.npz", [("f.npy", npy(np.asfortranarray(values(12).reshape(3, 4)))), ("big.npy", npy(values(12, ">f4").reshape(3, 4))), ("c.npy", npy(values(12).reshape(3, 4)))])
    # Z22 no members
    npz("Z22-empty.npz", [])
    # Z25 scalars and text
    npz("Z25-scalars.npz", [("name.npy", npy(np.array("resnet"))), ("lr.npy", npy(np.float64(0.1))), ("flag.npy", npy(np.bool_(True))), ("labels.npy", npy(np.array(["cat", "dog"])))])
    # Z26 a stream: sizes behind the data, with and without the signature
    r = Raw()
    r.add("a.npy", a, flags=8, local_sizes=(0, 0, 0), descriptor=struct.pack("<III", zlib.crc32(a), len(a), len(a)))
    r.add("b.npy", b, flags=8, local_sizes=(0, 0, 0), descriptor=struct.pack("<IIII", 0x08074B50, zlib.crc32(b), len(b), len(b)))
    put("Z26-stream.npz", r.end())


# ---- safetensors -----------------------------------------------------------------------------------------------

SIZES = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F4": 4, "BOOL": 8, "C64": 64}


def raw(text, data=b"", pad=8, fill=b" "):
    text = text if isinstance(text, bytes) else text.encode()
    text += fill * (-len(text) % pad) if pad else b""
    return struct.pack("<Q", len(text)) + text + data


def st(tensors, meta=None, pad=8, **more):
    """tensors: (name, dtype, shape, data)."""
    header, data = {}, b""
    if meta is not None:
        header["__metadata__"] = meta
    for name, dtype, shape, chunk in tensors:
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(data), len(data) + len(chunk)]}
        data += chunk
    return raw(json.dumps(header, separators=(",", ":"), ensure_ascii=False), data, pad, **more)


def tensor(name, *shape, dtype="F32", start=0):
    count = int(np.prod(shape, dtype=np.int64)) if shape else 1
    data = ((np.arange(count * SIZES[dtype] // 8) + start) % 101).astype("u1").tobytes()
    return name, dtype, shape, data


def index(folder, name, weights, total=None, more=None):
    meta = {} if total is None else {"total_size": total}
    put(folder + "/" + name, json.dumps({"metadata": meta, "weight_map": weights, **(more or {})}, indent=2).encode())


def make_safetensors():
    t, u = tensor("a.weight", 2, 3), tensor("b.weight", 4, start=7)
    f4 = t[3]
    # S01
    put("S01-metadata-null.safetensors", raw('{"__metadata__":null,"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}', f4))
    put("S01-metadata-empty.safetensors", raw('{"__metadata__":{},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}', f4))
    # S02
    put("S02-metadata-number.safetensors", raw('{"__metadata__":{"epoch":0},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}', f4))
    put("S02-metadata-nested.safetensors", raw('{"__metadata__":{"training":{"lr":0.1}},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}', f4))
    put("S02-metadata-value-null.safetensors", raw('{"__metadata__":{"quantization":null},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}', f4))
    # S03
    put("S03-metadata-only.safetensors", raw('{"__metadata__":{"key":"value"}}'))
    put("S03-broken-writer.safetensors", raw('{},"__metadata__":{"key":"value"}}'))
    # S04
    put("S04-twice.safetensors", raw('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', bytes(8)))
    # S05
    put("S05-tied.safetensors", raw('{"embed":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"head":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}', f4))
    # S06
    put("S06-reserved-name.safetensors", raw('{"__metadata__":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}}', bytes(8)))
    put("S06-reserved-name.npy", npy(values(2)))
    # S07 the header's length is odd
    put("S07-unaligned.safetensors", st([t, u, tensor("c", 3, dtype="F64")], pad=0, meta={"k": "odd" if len(st([t, u], pad=0)) % 2 else "even"}))
    put("S07-after-odd-u8.safetensors", st([tensor("bytes", 7, dtype="U8"), t, tensor("half", 3, dtype="F16")]))
    # S08
    put("S08-new-dtypes.safetensors", st([tensor("scales", 4, dtype="F8_E8M0"), tensor("packed", 2, 8, dtype="F4"), tensor("z", 3, dtype="C64")]))
    # S09 a tensor without data that marks the file
    put("S09-scaled-fp8.safetensors", st([tensor("w", 4, 4, dtype="F8_E4M3"), ("scaled_fp8", "F8_E4M3", (0,), b""), tensor("x", 4, dtype="F8_E4M3"), ("none", "F32", (3, 0, 2), b"")]))
    # S10 what is no safetensors file at all
    put("S10-lfs.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a21" + b"0" * 58 + b"\nsize 4265380512\n")
    put("S10-html.safetensors", b"<!DOCTYPE html>\n<html><head><title>401 Unauthorized</title></head><body>Access denied</body></html>\n")
    put("S10-empty.safetensors", b"")
    put("S10-short.safetensors", b"\x10\0\0")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        for name, data in ("archive/data.pkl", b"\x80\x02}q\0."), ("archive/version", b"3\n"), ("archive/data/0", f4):
            z.writestr(zipfile.ZipInfo(name, DATE), data)
    put("S10-torch-zip.safetensors", buffer.getvalue())
    whole = st([tensor("a", 100, 10), tensor("b", 50)])
    put("S10-cut.safetensors", whole[:3000])
    put("S10-cut-header.safetensors", whole[:60])
    put("S10-zeros-at-end.safetensors", whole[:2000] + bytes(len(whole) - 2000))
    put("S10-longer.safetensors", whole + bytes(16))
    put("S10-all-zeros.safetensors", bytes(4096))
    # S13
    put("S13-scalar.safetensors", st([tensor("alpha"), tensor("step", dtype="I64"), tensor("w", 2)]))
    # S14
    put("S14-nul-padding.safetensors", st([t, tensor("bb", 4)], pad=16, fill=b"\0"))
    # S15
    for name, text in ("leading", "\t\n {%s}"), ("trailing", "{%s}\r\n\t "), ("bom", "\ufeff{%s}"):
        put("S15-space-%s.safetensors" % name, raw(text % '"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}', f4))
    # S16
    put("S16-too-large-shape.safetensors", raw('{"t":{"dtype":"F32","shape":[1000,1000],"data_offsets":[0,4]}}', bytes(4)))
    put("S16-reversed.safetensors", raw('{"t":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', bytes(4)))
    put("S16-negative.safetensors", raw('{"t":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}', bytes(4)))
    put("S16-float-offsets.safetensors", raw('{"t":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4.0]}}', bytes(4)))
    put("S16-no-dtype.safetensors", raw('{"t":{"shape":[1],"data_offsets":[0,4]}}', bytes(4)))
    # S17, S18
    put("S17-no-format.safetensors", st([t, u]))
    put("S18-lora.safetensors", st([tensor("lora_unet_down.lora_up.weight", 4, 2, dtype="F16"), tensor("lora_unet_down.alpha", dtype="F16")],
        {"ss_output_name": "one", "ss_tag_frequency": json.dumps({"10_cat": {"cat": 10, "sofa": 3}}), "sshs_model_hash": "00ff", "ss_network_args": json.dumps({"conv_dim": "4"})}))
    # S19
    for word in "I4", "U4", "Q8_0", "F8_E4M3FN", "float32", "bf16":
        bits = {"I4": 4, "U4": 4, "float32": 32, "bf16": 16}.get(word, 8)
        put("S19-dtype-%s.safetensors" % word, raw('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"q":{"dtype":"%s","shape":[4],"data_offsets":[8,%d]}}' % (word, 8 + bits * 4 // 8), bytes(8 + bits * 4 // 8)))
    # S20 three parts without an index
    parts = [[tensor("blk.%d.w" % i, 3, 2, start=i), tensor("blk.%d.b" % i, 2, start=i)] for i in range(3)]
    for folder in "S20-no-index", "S21-index-lies", "S22-part-missing", "S22-old-index", "S23-in-two-parts", "S32-total", "S33-paths":
        for i, part in enumerate(parts):
            if folder != "S22-part-missing" or i != 1:
                extra = [tensor("blk.0.b", 2, start=50)] if folder == "S23-in-two-parts" and i == 1 else []
                put("%s/diffusion_pytorch_model-%05d-of-00003.safetensors" % (folder, i + 1), st(part + extra))
    name = "diffusion_pytorch_model-%05d-of-00003.safetensors"
    weights = {x[0]: name % (i + 1) for i, part in enumerate(parts) for x in part}
    full = "diffusion_pytorch_model.safetensors.index.json"
    index("S21-index-lies", full, {**weights, "mtp.fc.weight": name % 3}, 96)
    index("S22-part-missing", full, weights, 96)
    index("S22-old-index", full, {k: v.replace("of-00003", "of-00006") for k, v in weights.items()}, 96)
    index("S23-in-two-parts", full, weights, 96)
    index("S32-total", full, weights, 12345)
    for suffix, more in ("mflux", {"metadata": {"quantization_level": "4", "mflux_version": "0.9"}}), ("parameters", {"metadata": {"total_parameters": 24, "total_size": 96}}), ("none", {"metadata": None}), ("absent", None):
        put("S32-total/%s.safetensors.index.json" % suffix, json.dumps({**(more or {}), "weight_map": weights}).encode())
    for key, form in ("dot", "./%s"), ("folder", "sub/%s"), ("up", "../S33-paths/%s"):
        put("S33-paths/%s.safetensors.index.json" % key, json.dumps({"metadata": {}, "weight_map": {k: form % v for k, v in weights.items()}}).encode())
    for i, part in enumerate(parts):
        put("S33-paths/sub/" + name % (i + 1), st(part))
    # S21 the tensor is there, in another part
    index("S21-index-swapped", full, {**weights, "blk.0.b": name % 2}, 96)
    for i, part in enumerate(parts):
        put("S21-index-swapped/" + name % (i + 1), st(part))
    # S24 two divisions of one model in one folder, an index for one
    for total, groups in (2, [parts[0] + parts[1], parts[2]]), (3, parts):
        for i, group in enumerate(groups):
            put("S24-two-divisions/diffusion_pytorch_model-%05d-of-%05d.safetensors" % (i + 1, total), st(group))
    index("S24-two-divisions", full, weights, 96)
    # S25 parts, and the same in one file
    for i, part in enumerate(parts):
        put("S25-consolidated/model-%05d-of-00003.safetensors" % (i + 1), st(part))
    index("S25-consolidated", "model.safetensors.index.json", {x[0]: "model-%05d-of-00003.safetensors" % (i + 1) for i, p in enumerate(parts) for x in p}, 96)
    put("S25-consolidated/consolidated.safetensors", st(sum(parts, [])))
    # S26 names of variants
    for form in "diffusion_pytorch_model.fp16-%05d-of-00003.safetensors",:
        folder = "S26-variant-" + ("after" if "00003.fp16" in form else "before")
        for i, part in enumerate(parts):
            put(folder + "/" + form % (i + 1), st(part))
        index(folder, "diffusion_pytorch_model.safetensors.index.fp16.json", {x[0]: form % (i + 1) for i, p in enumerate(parts) for x in p}, 96)
    # S27
    for i, part in enumerate(parts):
        put("S27-consolidated-index/consolidated-%05d-of-00003.safetensors" % (i + 1), st(part))
    index("S27-consolidated-index", "consolidated.safetensors.index.json", {x[0]: "consolidated-%05d-of-00003.safetensors" % (i + 1) for i, p in enumerate(parts) for x in p}, 96)
    # S28 the cache of the hub: links to blobs without an extension
    snapshot = "S28-cache/models--x--y/snapshots/0123456789abcdef"
    links = []
    for i, part in enumerate(parts):
        put("S28-cache/models--x--y/blobs/%064x" % (i + 1), st(part))
        links.append(("model-%05d-of-00003.safetensors" % (i + 1), "%064x" % (i + 1)))
    index("S28-cache/models--x--y/blobs", "%040x" % 9, {x[0]: "model-%05d-of-00003.safetensors" % (i + 1) for i, p in enumerate(parts) for x in p}, 96)
    links.append(("model.safetensors.index.json", "%040x" % 9))
    os.makedirs(os.path.join(OUT, snapshot), exist_ok=True)
    for name, blob in links:
        link = os.path.join(OUT, snapshot, name)
        if os.path.lexists(link):
            os.remove(link)
        os.symlink("../../blobs/" + blob, link)
    # S29 a prefix before every name
    put("S29-prefix.safetensors", st([tensor("model.language_model.layers.%d.w" % i, 2) for i in range(300)], {"format": "pt"}))


def make_big():
    # Z12: 100,000 arrays
    with zipfile.ZipFile(path("Z12-many.npz"), "w") as z:
        for i in range(100000):
            z.writestr(zipfile.ZipInfo("layer/%06d.npy" % i, DATE), npy(np.full(4, i, "<f4")))
    with zipfile.ZipFile(path("Z12-many-deflated.npz"), "w") as z:
        for i in range(100000):
            info = zipfile.ZipInfo("layer/%06d.npy" % i, DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            z.writestr(info, npy(np.full(4, i, "<f4")))
    # S11: a header just under the limit, and one above it
    for name, count, width in ("S11-million.safetensors", 1000000, 0), ("S11-header-99MB.safetensors", 1000000, 30), ("S11-header-too-large.safetensors", 1000000, 32):
        items = []
        for i in range(count):
            items.append('"t%07d%s":{"dtype":"U8","shape":[1],"data_offsets":[%d,%d]}' % (i, "x" * width, i, i + 1))
        put(name, raw("{" + ",".join(items) + "}", bytes(count)))
    # S11: its source in another format, for a header that would be too large
    # S30: 1500 parts
    weights = {}
    for i in range(1500):
        part = "model-%05d-of-01500.safetensors" % (i + 1)
        put("S30-many-parts/" + part, st([tensor("t%d" % i, 16)]))
        weights["t%d" % i] = part
    index("S30-many-parts", "model.safetensors.index.json", weights, 1500 * 64)
    # S31: large, sparse
    text = json.dumps({"w": {"dtype": "F32", "shape": [6 << 28], "data_offsets": [0, 6 << 30]}}).encode()
    text += b" " * (-len(text) % 8)
    with open(path("S31-sparse-6GiB.safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        f.truncate(8 + len(text) + (6 << 30))


make_npy()
make_npz()
make_safetensors()
if BIG:
    make_big()
