# SPDX-License-Identifier: MIT
"""Tests archives of zstd members (zip's method 93) beside Python's zipfile, which has it from 3.14 on, and NumPy on top of it."""

import random
import struct
import subprocess
import sys
import unittest.mock
import zlib

import numpy as np
from npz_kit import check_tensor, read, tenon
from test_npy import saved

if sys.version_info >= (3, 14):
    import zipfile
    from compression import zstd
else:
    from backports import zstd
    from backports.zstd import zipfile

ZSTD = "npz.compression=zstd"
MIB = 1 << 20


def some_arrays():
    """Returns arrays of no bytes to several blocks: noise, sums, few values and zeros."""
    generator = np.random.default_rng(8)
    return {
        "none": np.zeros((0, 3), "f4"),
        "one": np.array(7, "i8"),
        "noise": generator.normal(0, 0.02, 900_001).astype("f4"),
        "sums": np.cumsum(generator.integers(0, 9, 1_000_000)).astype(">i4").reshape(1000, 1000),
        "few": np.asfortranarray(generator.integers(0, 3, (2100, 500)).astype("u1")),
        "zeros": np.zeros(5 * MIB, "i1"),
    }


def zipped(path, members, level=None):
    """Writes an archive of these arrays."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_ZSTANDARD, compresslevel=level) as archive:
        for name, array in members.items():
            archive.writestr(f"{name}.npy", saved(array))


def by_hand(path, plain, encoded):
    """Writes an archive with one member a.npy of method 93, whose bytes `encoded` are."""
    head = struct.pack("<HHHHHLLLHH", 63, 0, 93, 0, 33, zlib.crc32(plain), len(encoded), len(plain), 5, 0)
    local = b"PK\3\4" + head + b"a.npy" + encoded
    entry = b"PK\1\2" + struct.pack("<H", 63) + head + struct.pack("<HHHLL", 0, 0, 0, 0, 0) + b"a.npy"
    path.write_bytes(local + entry + b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(entry), len(local), 0))


def check_peers(bench, path, arrays, *words):
    """Checks that zipfile finds no fault, each member is one frame, and NumPy loads these arrays."""
    with zipfile.ZipFile(path) as archive:
        bench.check(archive.testzip() is None, *words, "zipfile finds fault with", archive.testzip())
        for member in archive.infolist():
            bench.check(member.compress_type == 93, *words, member.filename, "has the method", member.compress_type)
    with unittest.mock.patch("zipfile.ZipFile", zipfile.ZipFile), np.load(path) as file:
        bench.check(file.files == list(arrays), *words, "NumPy finds", file.files)
        for name, array in arrays.items():
            found = file[name]
            same = found.dtype == array.dtype and found.shape == array.shape and found.tobytes() == array.tobytes()
            bench.check(same, *words, name, "NumPy loads", found.dtype, found.shape)


def test_reading(bench):
    """tenon reads what zipfile compresses, at the levels of zstd."""
    path, arrays = bench.folder / "peer.npz", some_arrays()
    for level in (None, -7, 1, 9, 19):
        zipped(path, arrays, level)
        found = read(path)
        bench.check(list(found) == list(arrays), level, "names are", list(found))
        for name, array in arrays.items():
            bench.check(found[name].filter == "zstd", level, name, "is stored by", found[name].filter)
            check_tensor(bench, found[name], array, level, name)


def test_writing(bench):
    """zipfile and NumPy read what tenon compresses, whatever the level; the bytes do not depend on the number of threads."""
    given, out, arrays = bench.folder / "given.npz", bench.folder / "ours.npz", some_arrays()
    np.savez(given, **arrays)
    for level in (-7, -1, 1, 3, 9, 12, 19):
        files = set()
        for threads in (1, 2, 3):
            tenon(f"core.threads={threads}").convert(given, out, ZSTD, f"npz.level={level}")
            files.add(out.read_bytes())
        bench.check(len(files) == 1, level, "differs between threads")
        check_peers(bench, out, arrays, level)
        for name, array in arrays.items():
            check_tensor(bench, read(out)[name], array, level, name)
    small = tenon("limits.memory=200kB")
    small.convert(given, out, ZSTD)
    check_peers(bench, out, arrays, "small blocks")
    bench.check(subprocess.run(["unzip", "-lqq", out], check=False, capture_output=True).returncode == 0, "unzip does not list it")


def test_appending(bench):
    """Members that are added, and that replace others, are compressed as well."""
    out, arrays = bench.folder / "ours.npz", some_arrays()
    for name, array in arrays.items():
        np.savez(bench.folder / "one.npz", **{name: array})
        arguments = ["convert", "-o", ZSTD, bench.folder / "one.npz", out]
        bench.output(*(arguments if name == "none" else [*arguments[:1], "--append", *arguments[1:]]))
    check_peers(bench, out, arrays, "appended")


def test_slices(bench):
    """Slices of a member that begin anywhere are right, by the table of blocks and without it."""
    array = some_arrays()["noise"]
    ours, theirs = bench.folder / "ours.npz", bench.folder / "peer.npz"
    np.savez(bench.folder / "given.npz", noise=array)
    tenon().convert(bench.folder / "given.npz", ours, ZSTD)
    zipped(theirs, {"noise": array})
    for path in (ours, theirs):
        for start in (0, 1, 262_100, 262_143, 262_144, 524_288, 800_000, 900_000):
            part = bench.output("cat", path, "--slice", f"{start}:{start + 200}")
            bench.check(part == array[start : start + 200].tobytes(), path.name, "other items from", start)


def test_frames(bench):
    """Several frames, checksums, sizes that are not stated, frames to skip; windows within the limit and beyond."""
    path, array = bench.folder / "hand.npz", some_arrays()["sums"]
    plain = saved(array)
    skipped = struct.pack("<LL", 0x184D2A53, 5) + b"hello"
    half = len(plain) // 2
    checked = {zstd.CompressionParameter.checksum_flag: 1, zstd.CompressionParameter.content_size_flag: 0}
    pair = zstd.compress(plain[:half], options=checked) + zstd.compress(plain[half:])
    for encoded in (pair, skipped + pair + skipped, zstd.compress(b"") + zstd.compress(plain, options=checked)):
        by_hand(path, plain, encoded)
        check_tensor(bench, read(path)["a"], array, "frames")
    wide = {zstd.CompressionParameter.window_log: 25, zstd.CompressionParameter.content_size_flag: 0}
    encoder = zstd.ZstdCompressor(options=wide)
    by_hand(path, plain, encoder.compress(plain[:half]) + encoder.compress(plain[half:]) + encoder.flush())
    check_tensor(bench, read(path)["a"], array, "a window of 32 MiB")
    status, _, error = bench.run("verify", "-o", "limits.memory=1MB", path)
    bench.check(status == 1 and "they need a window of more than 524288 bytes; raise memory in [limits]" in error, "a window:", error)


def test_refusals(bench):
    """A dictionary is named; a member that is cut off, goes on, or lies about its size is refused."""
    path, array = bench.folder / "hand.npz", np.arange(5000)
    plain = saved(array)
    samples = [bytes(f"{i} is one of the samples, {i * 7}", "ascii") for i in range(2000)]
    words = zstd.compress(plain, zstd_dict=zstd.train_dict(samples, 2000))
    by_hand(path, plain, words)
    status, _, error = bench.run("verify", path)
    bench.check(status == 1 and "cannot decode its data: a dictionary is needed, and there is none" in error, "dictionary:", error)
    good = zstd.compress(plain)
    for name, bad in (("cut", good[:-1]), ("longer", good + b"x"), ("another", good + good), ("nothing", b""), ("short", zstd.compress(plain[:-1]))):
        by_hand(path, plain, bad)
        status, _, error = bench.run("verify", path)
        bench.check(status == 1 and "hand.npz" in error, name, "verify exits", status, error)


def test_damage(bench):
    """A bit that is flipped in a member, anywhere, gives the same array or an error; verify finds what reading does not look at."""
    path, array = bench.folder / "hand.npz", np.arange(3000, dtype="i4") % 77
    plain = saved(array)
    good = zstd.compress(plain)
    draw = random.Random(5)
    for _ in range(200):
        bad = bytearray(good)
        bad[draw.randrange(len(bad))] ^= 1 << draw.randrange(8)
        by_hand(path, plain, bytes(bad))
        status, _, error = bench.run("verify", path)
        bench.check(status in (0, 1), "verify exits", status, error)
        if status == 0:
            check_tensor(bench, read(path)["a"], array, "with a wrong bit")
