# SPDX-License-Identifier: MIT
"""Tests what tenon adds to npz: aligned members, blocks and their table, the same bytes on any number of threads, appending.
Tests damaged files too: tenon must not read an array that NumPy reads differently."""

import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import unittest.mock
import warnings
import zipfile

import numpy as np
import scipy.sparse
from libtenon import TenonError
from npz_kit import DEFLATE, check_numpy, check_tensor, check_zip, data_offset, dtype_name, everything, plain_bytes, read, tenon
from test_npy import make, saved
from test_npz import Pipe, small_arrays, zipped

warnings.simplefilter("ignore")
TABLE = 0x6E74  # id of the extra field in the central directory that holds the ends of the blocks


# ---- writing ----


def test_alignment(bench):
    """The data of stored members begin at multiples of 64, so that programs can map them; extra fields are well-formed."""
    arrays = {"k" * n: make("<f4", (n % 5, 3)) for n in range(1, 200)} | everything()
    path, out = bench.folder / "numpy.npz", bench.folder / "ours.npz"
    np.savez(path, **arrays)
    tenon().convert(path, out)
    with zipfile.ZipFile(out) as archive:
        for member in archive.infolist():
            bench.check(data_offset(out, member) % 64 == 0, member.filename, "begins at", data_offset(out, member))
            bench.check(member.date_time == (1980, 1, 1, 0, 0, 0), member.filename, "has the date", member.date_time)
    file = tenon().open(out)
    aligned = all(tenon().info(file, i).offset % 64 == 0 for i in range(tenon().count(file)))
    tenon().close(file)
    bench.check(aligned, "data are not aligned")


def test_deterministic(bench):
    """tenon writes the same bytes on 1, 2 and 4 threads, at every level, and a second time."""
    generator = np.random.default_rng(6)
    arrays = [(f"w{i}", generator.normal(0, 0.02, size).astype("f4"), 12) for i, size in enumerate([0, 1, 1000, 300000, 2500000])]
    ids = [("ids", generator.integers(0, 32000, 1500000, dtype="i4"), 8)]
    for settings in ([], *([DEFLATE, f"npz.level={level}"] for level in (0, 1, 3, 6, 9, 12))):
        files = set()
        for threads in (1, 2, 4, 2):
            out = bench.folder / "ours.npz"
            tenon(f"core.threads={threads}").save_many(out, arrays[:-1] + ids if "=12" in str(settings) else arrays + ids, *settings)
            files.add(out.read_bytes())
        bench.check(len(files) == 1, settings, "differs between threads")


def test_metadata(bench):
    """NumPy loads the metadata member as an array of bytes, which are JSON; tenon reads the member that NumPy saves again."""
    entries = [{"key": "a", "type": "u64", "value": 2**64 - 1}, {"key": "b \u00e9", "type": "array", "items": "string", "value": ["x", ""]},
               {"key": "c", "type": "f32", "value": 3.4028235e38}]
    text = json.dumps({"tenon": 1, "metadata": entries}).encode()
    given, out, again = (bench.folder / name for name in ("given.npz", "ours.npz", "again.npz"))
    np.savez(given, w=np.arange(3.0), __tenon__=np.frombuffer(text, "u1"))
    bench.check(list(read(given)) == ["w"], "what NumPy saved is not read as metadata")
    for save in (np.savez, np.savez_compressed):
        tenon().convert(given, out, "npz.metadata=member")
        with np.load(out) as file:
            array = file["__tenon__"]
            bench.check(file.files == ["w", "__tenon__"], "members are", file.files)
            bench.check(array.dtype == np.uint8 and array.ndim == 1, "it is", array.dtype, array.shape)
            bench.check(json.loads(array.tobytes()) == json.loads(text), "other metadata", array.tobytes())
            save(again, **file)
        check_zip(bench, out, "metadata")
        with zipfile.ZipFile(out) as ours, zipfile.ZipFile(again) as theirs:
            bench.check(ours.read("__tenon__.npy") == theirs.read("__tenon__.npy"), "NumPy writes another npy file")
        given = again
        bench.check(list(read(given)) == ["w"], save.__name__, "what NumPy saved again is not read as metadata")
    tenon().convert(out, again)
    with np.load(again) as file:
        bench.check(file.files == ["w"], "without the option there are", file.files)


def table_of(path, name):
    """Returns the offset and length of the block table's payload in the file; None without a table."""
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(name)
        extra = member.extra
        at = path.read_bytes().find(extra) if extra else -1
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == TABLE:
            return at + 4, length
        extra, at = extra[4 + length:], at + 4 + length
    return None


def large_array():
    """Returns 40 MiB of items that compress to about a third at any level."""
    return (np.random.default_rng(7).normal(0, 20, (2560, 4096)).round()).astype("f4")


def test_blocks(bench):
    """Other programs read a member of many blocks as one deflate stream; tenon's slices agree with NumPy's."""
    array = large_array()
    path = bench.folder / "ours.npz"
    for level in (1, 6):
        small = np.arange(7, dtype="f4")
        tenon().save_many(path, [("before", small, 12), ("x", array, 12), ("f", small, 12)], DEFLATE, f"npz.level={level}")
        with np.load(path) as loaded:
            bench.check(np.array_equal(loaded["x"], array), "NumPy loads another, level", level)
        check_zip(bench, path, level)
        bench.check(table_of(path, "x.npy") is not None, "no table of blocks, level", level)
        bench.check(read(path)["x"].data == array.tobytes(), "tenon reads another, level", level)
    for text, box in [("0:1", np.s_[0:1]), ("2559:", np.s_[2559:]), ("7:2000:13,5:4000:7", np.s_[7:2000:13, 5:4000:7]),
                      (":,4095", np.s_[:, 4095]), ("1000:1100,1:2", np.s_[1000:1100, 1:2]), ("1279,:", np.s_[1279, :]),
                      ("-1,-1", np.s_[-1, -1]), ("5:5", np.s_[5:5])]:
        bench.check(bench.output("cat", "--slice", text, path, "x") == array[box].tobytes(), "slice", text)


def test_damaged_tables(bench):
    """tenon does not trust the table: a damaged table does not change what it reads."""
    array = large_array()
    path, other = bench.folder / "ours.npz", bench.folder / "damaged.npz"
    tenon().save_many(path, [("x", array, 12)], DEFLATE)
    whole = path.read_bytes()
    found = table_of(path, "x.npy")
    if not bench.check(found is not None and found[1] > 8, "no table of blocks"):
        return
    generator = random.Random(8)
    start, length = found
    changes = [(at, 0xFF) for at in range(min(length, 16))]
    changes += [(generator.randrange(length), 1 << generator.randrange(8)) for _ in range(24)]
    for at, mask in changes:
        damaged = bytearray(whole)
        damaged[start + at] ^= mask
        other.write_bytes(damaged)
        try:
            same = read(other)["x"].data == array.tobytes()
        except TenonError as error:
            same = f"refused: {error}"
        bench.check(same is True, "byte", at, "of the table changed by", mask, same)
    for at in (0, length // 2, length - 8):  # a slice needs one block only
        damaged = bytearray(whole)
        damaged[start + at] ^= 0x10
        other.write_bytes(damaged)
        bench.check(bench.output("cat", "--slice", "1300:1302", other, "x") == array[1300:1302].tobytes(), "slice, byte", at, "changed")
    bench.check(np.array_equal(np.load(other)["x"], array), "NumPy minds the table")


def test_wrong_checksums(bench):
    """After one wrong bit in the data hash and verify fail and name the member; with zip.verify=no tenon reads it."""
    path = bench.folder / "numpy.npz"
    arrays = {"good": np.arange(1000, dtype="f4"), "bad": np.arange(1000, dtype="f8")}
    np.savez(path, **arrays)
    damaged = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        damaged[data_offset(path, archive.getinfo("bad.npy")) + 128 + 77] ^= 4
    path.write_bytes(damaged)
    for command in ("verify", "hash"):
        status, _, error = bench.run(command, path)
        bench.check(status != 0 and "bad" in error, command, status, error)
    bench.check(bench.output("cat", path, "good") == arrays["good"].tobytes(), "the other member")
    bench.check(bench.output("cat", "-o", "zip.verify=no", path, "bad") is not None, "verify=no")


# ---- appending ----


def check_appended(bench, target, arrays, *words):
    with np.load(target) as loaded:
        bench.check(sorted(loaded.files) == sorted(arrays), *words, "NumPy finds", loaded.files[:9])
    check_numpy(bench, target, {name: arrays[name] for name in np.load(target).files}, *words)
    check_zip(bench, target, *words)
    found = read(target)
    bench.check(sorted(found) == sorted(arrays), *words, "tenon finds", list(found)[:9])
    for name in set(found) & set(arrays):
        check_tensor(bench, found[name], arrays[name], *words, name)


def test_append(bench):
    """tenon adds and replaces members in files of NumPy, zipfile and its own; the other members stay."""
    first = small_arrays()
    second = {"a": make("<f8", (9, 2)), "new": make("<i8", (5,)), "zeros": np.ones(30000, "f4")}
    third = {"one": np.arange(3, dtype="f4")}
    np.savez(bench.folder / "second.npz", **second)
    (bench.folder / "one.npy").write_bytes(saved(third["one"]))
    pipe = Pipe()
    zipped(first, zipfile.ZIP_DEFLATED, False, pipe)
    target = bench.folder / "target.npz"

    def start(how):
        if how == "piped":
            target.write_bytes(pipe.taken)
        else:
            (np.savez_compressed if how == "compressed" else np.savez)(target, **first)
            if how == "ours":
                tenon().convert(target, bench.folder / "o.npz")
                (bench.folder / "o.npz").rename(target)

    for how in ("numpy", "compressed", "piped", "ours"):
        for options in ([], ["-o", DEFLATE]):
            start(how)
            before = target.read_bytes()
            if bench.output("convert", "--append", *options, bench.folder / "second.npz", target) is None:
                continue
            check_appended(bench, target, first | second, how, options)
            with zipfile.ZipFile(target) as archive:
                kept = min(member.header_offset for member in archive.infolist() if member.filename == "new.npy")
            bench.check(target.read_bytes()[:64] == before[:64] and kept > 64, how, options, "the beginning changed")
            if bench.output("convert", "--append", *options, bench.folder / "one.npy", target) is not None:
                check_appended(bench, target, first | second | third, how, options, "twice")
            full = bench.folder / "full.npz"
            tenon().convert(target, full)
            check_appended(bench, full, first | second | third, how, options, "saved in full")
    target.unlink()
    if bench.output("convert", "--append", bench.folder / "second.npz", target) is not None:
        check_appended(bench, target, second, "a new file")


def test_append_names_with_extensions(bench):
    """The tensor `a.npy` lies in the member `a.npy.npy`, and appending it leaves the tensor `a` alone."""
    first = {"a": np.arange(3, dtype="f4"), "b.npy": np.arange(4, dtype="f4")}
    second = {"a.npy": np.arange(5, dtype="i4"), "b": np.arange(6, dtype="i4")}
    third = {"a": np.arange(7, dtype="i8")}
    target = bench.folder / "target.npz"
    np.savez(target, **first)
    kept = dict(first)
    for arrays in (second, third):
        np.savez(bench.folder / "more.npz", **arrays)
        kept |= arrays
        if bench.output("convert", "--append", bench.folder / "more.npz", target) is None:
            continue
        with zipfile.ZipFile(target) as archive:
            bench.check(sorted(archive.namelist()) == sorted(f"{name}.npy" for name in kept), "members", archive.namelist())
        for name, array in kept.items():  # to NumPy the key a.npy is the member of that name
            bench.check(bench.output("cat", target, name) == array.tobytes(), name)


def test_append_beyond_65535(bench):
    """Appending raises the count above 16 bits."""
    arrays = {f"m{i}": np.array([i], "i4") for i in range(65534)}
    path = bench.folder / "many.npz"
    np.savez(path, **arrays)
    added = {f"n{i}": np.array([i], "i4") for i in range(5)}
    np.savez(bench.folder / "few.npz", **added)
    if bench.output("convert", "--append", bench.folder / "few.npz", path) is None:
        return
    with np.load(path) as loaded:
        bench.check(loaded.files == [*arrays, *added], "NumPy finds", len(loaded.files))
        bench.check(all(np.array_equal(loaded[name], array) for name, array in added.items()), "NumPy loads others")
    with zipfile.ZipFile(path) as archive:
        bench.check(archive.testzip() is None, "zipfile finds fault")


def end_record(count=0, size=0, offset=0, comment=b""):
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size, offset, len(comment)) + comment


def unusual_archives(bench):
    """Yields archives that are small, wide, described behind their data, or have bytes of no member, and what they hold."""
    arrays = {"a": np.arange(4, dtype="f4"), "b": np.arange(6, dtype="i2").reshape(2, 3)}
    path = bench.folder / "usual.npz"
    np.savez(path, **arrays)
    usual = path.read_bytes()
    directory = usual.rindex(b"PK\5\6")
    wide = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 0, 0, 0, 0) + struct.pack("<4sIQI", b"PK\6\7", 0, 0, 1)
    yield "empty", end_record(), {}
    yield "empty, with a comment", end_record(comment=b"words"), {}
    yield "empty and wide", wide + end_record(), {}
    for offset in range(23):
        yield f"two ends, {offset}", end_record() + end_record(offset=offset), {}
    yield "an end in the comment", end_record(comment=end_record(offset=22)), {}
    yield "forgotten members", usual[:directory] + end_record(offset=directory), {}
    yield "a tail", usual + b"tail", arrays
    yield "a comment", usual[:-2] + b"\5\0words", arrays
    yield "a comment and a tail", usual[:-2] + b"\5\0wordstail", arrays
    pipe = Pipe()
    zipped(arrays, zipfile.ZIP_STORED, True, pipe)
    yield "described behind the data", bytes(pipe.taken), arrays


def test_append_to_unusual_archives(bench):
    """What tenon adds to opens in NumPy and zipfile, has all members and begins with the first; or it stays as it was."""
    target, added = bench.folder / "target.npz", {"new": np.arange(3, dtype="f8")}
    np.savez(bench.folder / "added.npz", **added)
    for how, content, arrays in unusual_archives(bench):
        target.write_bytes(content)
        if bench.output("convert", "--append", bench.folder / "added.npz", target) is None:
            continue
        check_appended(bench, target, arrays | added, how)
        with zipfile.ZipFile(target) as archive:
            bench.check(archive.comment == (b"words" if "comment" in how and "end" not in how else b""), how, archive.comment)
            bench.check(min(member.header_offset for member in archive.infolist()) == 0, how, "begins with other bytes")


# ---- damaged files ----


def samples(bench):
    """Returns small valid files of every kind, and one with blocks."""
    arrays = {"a": make("<f4", (3, 5)), "b/c": make(">i2", (7, 3), "F"), "\u6f22": make("|S5", (4,)), "zeros": np.zeros(3000)}
    path = bench.folder / "sample.npz"
    found = []

    def keep():
        found.append(path.read_bytes())

    np.savez(path, **arrays)
    keep()
    tenon().convert(path, bench.folder / "ours.npz")
    found.append((bench.folder / "ours.npz").read_bytes())
    tenon().convert(path, bench.folder / "ours.npz", DEFLATE)
    found.append((bench.folder / "ours.npz").read_bytes())
    np.savez_compressed(path, **arrays)
    keep()
    for method in zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED:
        for zip64 in (False, True):
            pipe = Pipe()
            zipped(arrays, method, zip64, pipe)
            found.append(bytes(pipe.taken))
        with unittest.mock.patch("zipfile.ZIP64_LIMIT", 100), unittest.mock.patch("zipfile.ZIP_FILECOUNT_LIMIT", 2):
            zipped(arrays, method, True, path)
        keep()
    scipy.sparse.save_npz(path, scipy.sparse.eye_array(9, format="csr"))
    keep()
    tenon().save_many(path, [("x", np.arange(3 << 20, dtype="i4") // 5000, 8), ("y", np.arange(9, dtype="f4"), 12)], DEFLATE)
    keep()
    return found


VALUES = [0, 1, 2, 7, 8, 9, 20, 30, 45, 64, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE,
          0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF]


def headers(whole):
    """Returns the offsets of records (PK and two small bytes) and of the magic of members."""
    return [at for at in range(len(whole) - 4)
            if whole[at:at + 2] == b"PK" and whole[at + 2] < 8 or whole[at:at + 6] == b"\x93NUMPY"]


def mutate(whole, places, generator):
    """Returns the bytes with one to three changes, mostly within records."""
    data = bytearray(whole)
    for _ in range(generator.choice([1, 1, 1, 2, 3])):
        if generator.random() < 0.8 and places:
            at = min(generator.choice(places) + generator.randrange(100), len(data) - 1)
        else:
            at = generator.randrange(len(data))
        how = generator.randrange(8)
        if how <= 1:
            data[at] ^= 1 << generator.randrange(8)
        elif how == 2:
            data[at] = generator.randrange(256)
        elif how <= 4:
            size = generator.choice([2, 4, 8])
            data[at:at + size] = (generator.choice(VALUES) & (1 << 8 * size) - 1).to_bytes(size, "little")
        elif how == 5:
            del data[at:at + generator.choice([1, 2, 4, 30, 100])]
        elif how == 6:
            data[at:at] = generator.randbytes(generator.choice([1, 2, 4, 30]))
        else:
            start = generator.choice(places or [0])
            data[at:at + 46] = data[start:start + 46]
        if not data:
            break
    return bytes(data)


def as_numpy_reads(path):
    """Returns the arrays that NumPy loads, without those that it refuses; None if it refuses the file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {}
            for name in file.files:
                try:
                    value = file[name]
                except Exception:  # pylint: disable=broad-except
                    continue
                if isinstance(value, np.ndarray):
                    found[name] = value
            return found
    except Exception:  # pylint: disable=broad-except
        return None


def as_tenon_reads(path, context):
    """Returns the same by tenon. It reads each tensor alone, so that one damaged member does not hide the others."""
    try:
        file = context.open(path)
    except TenonError:
        return None
    try:
        found = {}
        for i in range(context.count(file)):
            info = context.info(file, i)
            array = np.empty(info.nbytes, "u1")
            try:
                context.read_one(file, i, array)
            except TenonError:
                continue
            found[info.name.decode()] = (info.dtype_name.decode(), tuple(info.shape[k] for k in range(info.rank)), array.tobytes())
        return found
    finally:
        context.close(file)


def test_damaged(bench):
    """If tenon and NumPy both read an array of a damaged file, it is the same array. A crash ends the whole run."""
    context = tenon("limits.inflated_bytes=64MiB", "limits.tensors=1000")
    generator = random.Random(20260823)
    path = bench.folder / "damaged.npz"
    wholes = [(whole, headers(whole)) for whole in samples(bench)]
    files = arrays = refused = 0
    for number in range(2000):
        whole, places = wholes[number % len(wholes)]
        path.write_bytes(mutate(whole, places, generator))
        ours = as_tenon_reads(path, context)
        theirs = as_numpy_reads(path)
        files += ours is not None
        refused += ours is None
        for name in set(ours or ()) & set(theirs or ()):
            arrays += 1
            dtype, shape, data = ours[name]
            wanted, opaque = dtype_name(theirs[name])
            same = (dtype, shape) == (wanted, theirs[name].shape) and data == plain_bytes(theirs[name], opaque)
            if not bench.check(same, "mutation", number, name, "is", dtype, shape, "for tenon, for NumPy", wanted, theirs[name].shape):
                keep = os.environ.get("TENON_KEEP_DAMAGED")
                if keep:
                    shutil.copy(path, pathlib.Path(keep) / f"mutation-{number}.npz")
    bench.check(files > 100 and refused > 100 and arrays > 500, files, "accepted,", refused, "refused,", arrays, "arrays compared")


# ---- more than 4 GiB ----


def test_more_than_4_gib(bench):
    """tenon reads and writes a member whose size exceeds 32 bits. Runs on request only: it needs 10 GB of disk and a minute."""
    if not os.environ.get("TENON_LARGE_TESTS"):
        return
    items = (9 << 30) // 8  # of f32: 4.5 GiB
    path, out = bench.folder / "large.npy", bench.folder / "large.npz"
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }" % items
    header = b"\x93NUMPY\1\0" + (118).to_bytes(2, "little") + text.ljust(117) + b"\n"
    end = np.arange(1000, dtype="f4")
    with open(path, "wb") as file:
        file.write(header)
        file.truncate(128 + items * 4)
        file.seek(128 + items * 4 - end.nbytes)
        file.write(end.tobytes())
    bench.check(np.load(path, mmap_mode="r").shape == (items,), "the test's own file is wrong")
    (bench.folder / "small.npy").write_bytes(saved(end))
    for options in ([], ["-o", DEFLATE, "-o", "npz.level=1"]):
        out.unlink(missing_ok=True)
        if bench.output("convert", *options, path, out) is None:
            continue
        appended = bench.output("convert", "--append", bench.folder / "small.npy", out)  # if stored, this member begins beyond 4 GiB
        with zipfile.ZipFile(out) as archive:
            bench.check(archive.getinfo("large.npy").file_size == 128 + items * 4, options, "size")
            bench.check(archive.testzip() is None, options, "zipfile finds fault")
        if shutil.which("unzip"):
            bench.check(subprocess.run(["unzip", "-tqq", out], check=False).returncode == 0, options, "unzip -t")
        bench.check(bench.output("cat", "--slice", f"{items - 1000}:", out, "large") == end.tobytes(), options, "the last items")
        if appended is not None:
            bench.check(np.array_equal(np.load(out)["small"], end), options, "NumPy loads another")
        bench.check(bench.output("verify", out) is not None, options, "verify")
    out.unlink(missing_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(path, "large.npy")
        archive.write(bench.folder / "small.npy", "small.npy", zipfile.ZIP_STORED)
    bench.check(bench.output("cat", "--slice", f"{items - 1000}:", out, "large") == end.tobytes(), "zipfile's: the last items")
    bench.check(bench.output("verify", out) is not None, "zipfile's: verify")
