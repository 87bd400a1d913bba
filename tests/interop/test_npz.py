# SPDX-License-Identifier: MIT
"""Tests npz against NumPy, MLX, scipy.sparse, Python's zipfile and Info-ZIP, in both directions."""

import io
import os
import random
import shutil
import struct
import subprocess
import unittest.mock
import warnings
import zipfile

import ml_dtypes
import mlx.core as mx
import numpy as np
import scipy.sparse
from npz_kit import (BF16, DEFLATE, FORTRAN, check_numpy, check_read, check_same_members, check_tensor, check_zip, everything,
                     read, tenon)
from test_npy import DTYPES, MLX, as_numpy, is_fortran, make, random_dtype, saved

warnings.simplefilter("ignore")

SAVES = {"savez": np.savez, "savez_compressed": np.savez_compressed}


def check_converted(bench, path, arrays, *words, levels=(None, 6)):
    """tenon converts the file to npz, stored (level None) and deflated: the members keep their bytes, and all readers accept them."""
    for level in levels:
        settings = [] if level is None else [DEFLATE, f"npz.level={level}"]
        out = bench.folder / "converted.npz"
        tenon().convert(path, out, *settings)
        words_here = (*words, "level", level)
        check_same_members(bench, out, path, *words_here)
        check_zip(bench, out, *words_here)
        check_numpy(bench, out, arrays, *words_here)
        with zipfile.ZipFile(out) as archive:
            methods = {member.compress_type for member in archive.infolist()}
            wanted = {zipfile.ZIP_STORED if level is None else zipfile.ZIP_DEFLATED} if arrays else set()
            bench.check(methods == wanted, *words_here, "methods are", methods)


# ---- NumPy ----


def test_everything(bench):
    """tenon reads and writes every dtype, shape, order and byte order."""
    arrays = everything()
    for name, save in SAVES.items():
        path = bench.folder / f"{name}.npz"
        save(path, **arrays)
        check_read(bench, path, arrays, name)
        check_converted(bench, path, arrays, name)


def test_levels(bench):
    """Deflate works at all levels, on data that compress, data that do not, and empty data."""
    arrays = {"zeros": np.zeros((300, 1000)), "empty": np.zeros((0, 3), "f4"), "scalar": np.array(7, ">i2"),
              "ids": np.random.default_rng(1).integers(0, 32000, 300000, dtype="i4"),
              "weights": np.random.default_rng(2).normal(0, 0.02, (500, 600)).astype("f4").T,
              "noise": np.frombuffer(random.Random(3).randbytes(1 << 20), "u1")}
    path = bench.folder / "numpy.npz"
    np.savez(path, **arrays)
    check_converted(bench, path, arrays, levels=(None, *range(13)))
    out = bench.folder / "command.npz"
    for level in ("-2", "13"):
        status, _, error = bench.run("convert", "-o", DEFLATE, "-o", f"npz.level={level}", path, out)
        bench.check(status == 2 and "level" in error and not out.exists(), "level", level, "is", status, error)


def test_structures(bench):
    """Structured types of any kind; NumPy copies them field by field and leaves the padding, so its own members count."""
    generator = random.Random(20260822)
    arrays = {}
    for seed in range(300):
        dtype = random_dtype(generator)
        shape = generator.choice([(), (3,), (2, 3), (0,)])
        data = np.random.default_rng(seed).integers(0, 256, int(np.prod(shape)) * dtype.itemsize, dtype=np.uint8).tobytes()
        arrays[f"s{seed}"] = np.ndarray(shape, dtype, data, order=generator.choice("CF"))
    for name, save in SAVES.items():
        path = bench.folder / f"{name}.npz"
        save(path, **arrays)
        found = read(path)
        bench.check(list(found) == list(arrays), name, "names")
        with zipfile.ZipFile(path) as archive:
            for key, array in arrays.items():
                member = archive.read(key + ".npy")
                whole = np.ndarray(array.shape, f"V{array.dtype.itemsize}", member[len(member) - array.nbytes:],
                                   order="F" if is_fortran(array) else "C")
                wanted = (repr(np.lib.format.dtype_to_descr(array.dtype)), array.shape, FORTRAN if is_fortran(array) else 0)
                bench.check((found[key].dtype, found[key].shape, found[key].flags) == wanted, name, found[key].dtype, wanted)
                bench.check(found[key].data == whole.tobytes(), name, array.dtype, "values")
        for settings in ([], [DEFLATE]):
            tenon().convert(path, bench.folder / "out.npz", *settings)
            check_same_members(bench, bench.folder / "out.npz", path, name, settings)


KEYS = ["a", "layer.0.weight", "a/b", "a/b/c", "/root", "../up", "..", ".", "a//b", "end/x", "back\\slash", "C:\\x", "sp ace", " lead",
        "trail ", "x.npy", "x.npz", ".hidden", "n\xe4ive", "\u03b1\u03b2", "\u6f22\u5b57", "\U0001f600", "e\u0301", "\xe9", "tab\t",
        "new\nline", "\x7f", "\x01", "*", "?", "'", '"', "arr_0", "n" * 1000, "\u6f22" * 5000, "A", "key=value", "[0]", "%s"]


def test_keys(bench):
    arrays = {key: np.array([number], "i4") for number, key in enumerate(KEYS)}
    for name, save in SAVES.items():
        path = bench.folder / f"{name}.npz"
        save(path, **arrays)
        check_read(bench, path, arrays, name)
        for settings in ([], [DEFLATE]):
            out = bench.folder / "out.npz"
            tenon().convert(path, out, *settings)
            check_same_members(bench, out, path, name, settings)
            check_numpy(bench, out, arrays, name, settings)
    for key, array in arrays.items():
        if key.isprintable():
            bench.check(bench.output("cat", path, key) == array.tobytes(), "cat", key)


def test_positional(bench):
    """tenon keeps NumPy's names arr_0, arr_1 … beside given names."""
    arrays = [np.arange(n, dtype="f4") for n in range(1, 13)]
    path = bench.folder / "numpy.npz"
    np.savez(path, *arrays, named=arrays[0])
    wanted = {f"arr_{i}": array for i, array in enumerate(arrays)} | {"named": arrays[0]}
    check_read(bench, path, wanted)
    out = bench.folder / "ours.npz"
    tenon().save_many(out, [("named", arrays[0], 12)] + [(None, array, 12) for array in arrays])
    check_numpy(bench, out, {"named": arrays[0]} | {f"arr_{i}": array for i, array in enumerate(arrays)}, "by the library")


def test_empty(bench):
    """An archive without members consists of the end record alone."""
    path = bench.folder / "numpy.npz"
    np.savez(path)
    bench.check(read(path) == {}, "not empty")
    for settings in ([], [DEFLATE]):
        out = bench.folder / "ours.npz"
        tenon().convert(path, out, *settings)
        bench.check(out.read_bytes() == path.read_bytes(), "an empty file is not what NumPy writes:", out.read_bytes())
        bench.check(np.load(out).files == [], "NumPy finds arrays")


def test_3000_members(bench):
    arrays = {f"model.layers.{i}.weight": make("<f4", (i % 7, 3)) for i in range(3000)}
    for name, save in SAVES.items():
        path = bench.folder / f"{name}.npz"
        save(path, **arrays)
        check_read(bench, path, arrays, name)
        check_converted(bench, path, arrays, name)


def test_70000_members(bench):
    """Counts above 65,535 are in zip64's records."""
    count = 70000
    arrays = {f"m{i}": np.array([i, -i], "i4") for i in range(count)}
    path = bench.folder / "numpy.npz"
    np.savez(path, **arrays)
    found = read(path)
    bench.check(list(found) == list(arrays), "other names")
    bench.check(b"".join(tensor.data for tensor in found.values()) == b"".join(a.tobytes() for a in arrays.values()), "other values")
    for settings in ([], [DEFLATE]):
        out = bench.folder / "ours.npz"
        tenon().convert(path, out, *settings)
        with zipfile.ZipFile(out) as ours, zipfile.ZipFile(path) as theirs:
            bench.check(ours.namelist() == theirs.namelist(), settings, "zipfile finds other names")
            bench.check(all(ours.read(name) == theirs.read(name) for name in theirs.namelist()[::7]), settings, "other members")
            bench.check(ours.testzip() is None, settings, "zipfile finds fault")
        if shutil.which("unzip"):
            bench.check(subprocess.run(["unzip", "-tqq", out], check=False).returncode == 0, settings, "unzip -t")
        with np.load(out) as loaded:
            bench.check(loaded.files == list(arrays), settings, "NumPy finds other names")
            for i in random.Random(1).sample(range(count), 300):
                bench.check(np.array_equal(loaded[f"m{i}"], arrays[f"m{i}"]), settings, "NumPy loads another", i)


def test_to_and_from_npy(bench):
    """npy → npz → npy keeps every byte, and the digests of the tensor agree."""
    for word, shape, order in [("<f4", (3, 5), "C"), (">f8", (7, 2, 3), "F"), ("|S5", (4,), "C"), ("<c16", (), "C"),
                               ("|b1", (0, 3), "C")]:
        array = make(word, shape, order)
        path, packed, back = (bench.folder / name for name in ("one.npy", "one.npz", "back.npy"))
        path.write_bytes(saved(array))
        for settings in ([], ["-o", DEFLATE]):
            if bench.convert(path, packed, *settings) is None:
                continue
            check_numpy(bench, packed, {"one": array}, word, settings)
            bench.check(bench.convert(packed, back) == path.read_bytes(), word, settings, "comes back changed")
            digest = bench.output("hash", path)
            bench.check(digest is not None and digest.split()[0] == (bench.output("hash", packed) or b"?").split()[0], word, "hash")
            listed = bench.list(packed)
            bench.check(listed and listed["format"] == "npz" and listed["tensors"][0]["name"] == "one", word, "ls", listed)
            bench.check(bench.output("verify", packed) is not None, word, "verify")


def test_byteorder_and_order(bench):
    """The options of npy hold for members too: the codec npy writes them."""
    arrays = {"c": make("<f4", (3, 5)), "f": make("<f8", (3, 5), "F"), "b": make(">i2", (4, 2, 2))}
    path, out = bench.folder / "numpy.npz", bench.folder / "out.npz"
    np.savez(path, **arrays)
    for order, byteorder in (("c", "big"), ("fortran", "little")):
        wanted = {}
        for name, array in arrays.items():
            array = np.asarray(array, order=order[0].upper())
            wanted[name] = np.asarray(array.astype(array.dtype.newbyteorder(byteorder)), order=order[0].upper())
        tenon().convert(path, out, f"npy.order={order}", f"npy.byteorder={byteorder}")
        check_numpy(bench, out, wanted, order, byteorder)


def test_objects(bench):
    """tenon refuses a pickle and names the member."""
    path = bench.folder / "objects.npz"
    for save in SAVES.values():
        save(path, good=np.zeros(3), bad=np.array([1, None], object))
        status, _, error = bench.run("verify", path)
        bench.check(status == 1 and "pickle" in error and "bad" in error, status, error)


# ---- ml_dtypes and MLX ----


def test_bf16(bench):
    arrays = {f"{shape} {order} {mark}": np.asarray(make("u2", shape, order).view(BF16).astype(BF16.newbyteorder(mark)), order=order)
              for shape in [(), (7,), (0, 3), (3, 5), (2, 3, 4)] for order in "CF" for mark in "<>"}
    for name, save in SAVES.items():
        path = bench.folder / f"{name}.npz"
        save(path, **arrays)
        check_read(bench, path, arrays, name)
        check_converted(bench, path, arrays, name)


def mlx_arrays():
    arrays = {}
    for name in MLX:
        for shape in [(), (1,), (7,), (3, 5), (1, 5), (2, 3, 4)]:
            array = mx.arange(int(np.prod(shape)) or 1).reshape(shape).astype(getattr(mx, name))
            arrays[f"{name}.{'x'.join(map(str, shape))}"] = array
            if len(shape) > 1:
                arrays[f"{name}.{'x'.join(map(str, shape))}.T"] = mx.contiguous(array.transpose(), allow_col_major=True)
    return arrays


def check_mlx(bench, path, arrays, *words):
    loaded = mx.load(str(path))
    bench.check(sorted(loaded) == sorted(arrays), *words, "MLX finds other names")
    for name, array in arrays.items():
        found = loaded.get(name)
        if bench.check(found is not None, *words, name, "is not there for MLX"):
            same = found.dtype == array.dtype and found.shape == array.shape and mx.array_equal(found, array).item()
            bench.check(same, *words, name, "MLX loads", found.dtype, found.shape)


def test_mlx(bench):
    """tenon reads the files that MLX saves, and MLX loads the files that tenon writes."""
    arrays = mlx_arrays()
    for name, save in (("savez", mx.savez), ("savez_compressed", mx.savez_compressed)):
        path = bench.folder / f"{name}.npz"
        save(str(path), **arrays)
        found = read(path)
        bench.check(sorted(found) == sorted(arrays), name, "other names")
        for key, array in arrays.items():
            wanted = as_numpy(array)
            dtype = "bf16" if wanted.dtype == BF16 else DTYPES[wanted.dtype.str[1:]]
            same = key in found and found[key].dtype == dtype and found[key].shape == wanted.shape
            bench.check(same and found[key].data == np.ascontiguousarray(wanted).tobytes(), name, key, "is read as something else")
        for settings in ([], [DEFLATE], [DEFLATE, "npz.level=1"], ["npy.order=fortran"]):
            out = bench.folder / "ours.npz"
            tenon().convert(path, out, *settings)
            check_mlx(bench, out, arrays, name, settings)
            check_zip(bench, out, name, settings)


def test_mlx_large(bench):
    """Arrays of many blocks, bf16 and f32, agree."""
    array = np.random.default_rng(4).normal(0, 0.02, (1024, 2048)).astype("f4")
    path = bench.folder / "ours.npz"
    tenon().save_many(path, [("f32", array, 12), ("bf16", array.astype(ml_dtypes.bfloat16), 11)], DEFLATE)
    loaded = mx.load(str(path))
    bench.check(np.array_equal(np.array(loaded["f32"]), array), "f32")
    bench.check(mx.array_equal(loaded["bf16"], mx.array(array).astype(mx.bfloat16)).item(), "bf16")


# ---- scipy.sparse ----


def same_sparse(found, wanted):
    return (found.format == wanted.format and found.dtype == wanted.dtype and found.shape == wanted.shape
            and type(found) is type(wanted) and np.array_equal(found.toarray(), wanted.toarray()))


def test_scipy(bench):
    dense = scipy.sparse.random(60, 40, density=0.1, random_state=5, dtype="f8").toarray()
    for format_ in "csr", "csc", "coo", "bsr", "dia":
        for matrix in (scipy.sparse.csr_matrix(dense).asformat(format_), scipy.sparse.csr_array(dense.astype("f4")).asformat(format_)):
            for compressed in (False, True):
                path = bench.folder / "scipy.npz"
                scipy.sparse.save_npz(path, matrix, compressed=compressed)
                found = read(path)
                word = found["format"]
                bench.check((word.dtype, word.shape, word.data) == ("|S3", (), format_.encode()), format_, "is", word.dtype, word.data)
                check_tensor(bench, found["data"], matrix.data, format_, "data")
                for settings in ([], [DEFLATE]):
                    out = bench.folder / "ours.npz"
                    tenon().convert(path, out, *settings)
                    check_same_members(bench, out, path, format_, settings)
                    bench.check(same_sparse(scipy.sparse.load_npz(out), matrix), format_, compressed, settings, "scipy loads another")


# ---- zipfile ----


class Pipe(io.RawIOBase):
    """A stream that cannot seek: zipfile then writes data descriptors."""

    def __init__(self):
        super().__init__()
        self.taken = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.taken += data
        return len(data)


def small_arrays():
    return {"a": make("<f4", (3, 5)), "b/c": make(">i2", (70, 3), "F"), "\u6f22": make("|S5", (4,)), "zeros": np.zeros(30000),
            "e": np.zeros(0)}


def zipped(arrays, method, zip64, out):
    """Writes an archive through ZipInfo: open() obeys its method and knows no sizes, so that a stream gets descriptors."""
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(name + ".npy")
            info.compress_type = method
            with archive.open(info, "w", force_zip64=zip64) as member:
                member.write(saved(array))


def test_unseekable(bench):
    """tenon reads data descriptors with 32-bit and with 64-bit sizes."""
    arrays = small_arrays()
    for method in zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED:
        for zip64 in (False, True):
            pipe = Pipe()
            zipped(arrays, method, zip64, pipe)
            path = bench.folder / "piped.npz"
            path.write_bytes(pipe.taken)
            with zipfile.ZipFile(path) as archive:
                bench.check(all(member.flag_bits & 8 for member in archive.infolist()), "no data descriptors: no test")
            check_read(bench, path, arrays, method, zip64)
            check_converted(bench, path, arrays, method, zip64)


def test_zip64(bench):
    """tenon reads small sizes, offsets and counts from zip64's fields."""
    arrays = small_arrays()
    for limit in (0, 100, 5000, 200000):
        for method in zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED:
            path = bench.folder / "zip64.npz"
            with unittest.mock.patch("zipfile.ZIP64_LIMIT", limit), unittest.mock.patch("zipfile.ZIP_FILECOUNT_LIMIT", 2):
                zipped(arrays, method, True, path)
            bench.check(b"PK\6\6" in path.read_bytes() and b"PK\6\7" in path.read_bytes(), "no zip64 records: no test")
            check_read(bench, path, arrays, method, limit)


def test_what_else_is_in_archives(bench):
    """tenon reads archives with comments, directories, texts, members without the extension, or bytes after the end."""
    arrays = small_arrays()
    path = bench.folder / "full.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = b"a comment" + bytes(60000)
        archive.mkdir("folder")
        archive.writestr("README.txt", "no array")
        archive.writestr("empty", "")
        for name, array in arrays.items():
            info = zipfile.ZipInfo(name + ".npy")
            info.comment = b"a comment"
            info.extra = b"\xfe\xca\x04\x00abcd"
            archive.writestr(info, saved(array), zipfile.ZIP_DEFLATED if name == "a" else zipfile.ZIP_STORED)
        archive.writestr("z", "PK\3\4")
    found = read(path)
    bench.check(list(found) == list(arrays), "names are", list(found))
    for name, tensor in found.items():
        check_tensor(bench, tensor, arrays[name], name)
    status, _, error = bench.run("ls", "-v", path)
    bench.check(status == 0 and "README.txt" in error, "ls -v does not tell of README.txt:", status, error)
    np.savez(path, **arrays)
    whole = path.read_bytes()
    path.write_bytes(whole + b"behind the end")
    check_tensor(bench, read(path)["a"], arrays["a"], "bytes behind the end")


# ---- Info-ZIP ----


def true_name(member):
    """Returns the UTF-8 name in Info-ZIP's extra field, which zipfile ignores; without that field, zipfile's name."""
    extra = member.extra
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == 0x7075:
            return extra[9:4 + length].decode()
        extra = extra[4 + length:]
    return member.filename


def test_info_zip(bench):
    """tenon reads archives that zip makes of files in folders: stored and deflated, to a file and to a pipe."""
    if not shutil.which("zip"):
        return
    arrays = {"a": make("<f4", (3, 5)), "sub/b": make(">i2", (70, 3), "F"), "sub/deep/zeros": np.zeros(30000),
              "na\xefve": make("|u1", (9,)), "\u6f22\u5b57": make("<c8", (2, 2))}
    folder = bench.folder / "files"
    for name, array in arrays.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / (name + ".npy")).write_bytes(saved(array))
    for number, (options, locale) in enumerate([(o, l) for o in (["-0"], ["-9"], ["-1", "-fd"], ["-fz-"], ["-X"], ["-D"], ["-UN=UTF8"])
                                                for l in ("C", "C.UTF-8")]):
        for pipe in (False, True):
            path = bench.folder / f"zip{number}{pipe}.npz"
            environment = os.environ | {"LC_ALL": locale}
            command = ["zip", "-q", "-r", *options, "-" if pipe else path, "."]
            done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
            if pipe:
                path.write_bytes(done.stdout)
            if not bench.check(done.returncode == 0, *command, "exits", done.returncode, done.stderr):
                continue
            with np.load(path) as loaded, zipfile.ZipFile(path) as archive:
                wanted = {true_name(member)[:-4]: loaded[member.filename[:-4]] for member in archive.infolist()
                          if not member.is_dir()}
            found = read(path)
            bench.check(list(found) == list(wanted), options, locale, pipe, "names are", list(found), "and not", list(wanted))
            for name in set(found) & set(wanted):
                check_tensor(bench, found[name], wanted[name], options, locale, pipe, name)
