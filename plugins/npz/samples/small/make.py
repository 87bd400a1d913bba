#!/usr/bin/env python3
"""make.py FOLDER: writes the small archives again, one of each kind that is met. See ORIGIN."""

import io
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest.mock
import zipfile
import zlib

import mlx.core as mx
import numpy as np
import scipy.sparse

BLOCK = 1 << 16  # the smallest block that the table can tell of


class Pipe(io.RawIOBase):
    """Takes bytes, cannot seek: zipfile then writes data descriptors."""

    def __init__(self):
        super().__init__()
        self.taken = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.taken += data
        return len(data)


def saved(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


ARRAYS = {"a": np.arange(6, dtype="<f4").reshape(2, 3), "b/\u6f22": np.asfortranarray(np.arange(6, dtype=">i2").reshape(3, 2)),
          "s": np.array(b"csr")}


def zipped(out, method, zip64=False):
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in ARRAYS.items():
            info = zipfile.ZipInfo(name + ".npy")
            info.compress_type = method
            with archive.open(info, "w", force_zip64=zip64) as member:
                member.write(saved(array))


def with_others(path):
    """What is no array: a folder, a text; comments, a foreign extra field, bytes behind the end."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = b"a comment"
        archive.writestr("folder/", "")
        archive.writestr("README", "no array", zipfile.ZIP_DEFLATED)
        info = zipfile.ZipInfo("folder/a.npy")
        info.comment, info.extra = b"another", b"\xfe\xca\x04\x00abcd"
        archive.writestr(info, saved(ARRAYS["a"]))
    with open(path, "ab") as file:
        file.write(b"behind")


def deflated_in_blocks(data):
    """One deflate stream whose blocks stand by themselves, and the bytes of each."""
    encoder = zlib.compressobj(6, zlib.DEFLATED, -15)
    blocks = []
    for at in range(0, len(data), BLOCK):
        last = at + BLOCK >= len(data)
        blocks.append(encoder.compress(data[at:at + BLOCK]) + encoder.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH))
    return blocks


def with_blocks(path, *, lying=False):
    """A table of blocks in the central directory, as tenon-npz(7) has it; true, or with two numbers changed."""
    data = saved(np.zeros(40000, "<f4"))
    blocks = deflated_in_blocks(data)
    sizes = [len(block) for block in blocks]
    if lying:
        sizes[0], sizes[1] = sizes[0] + 3, sizes[1] - 3
    table = struct.pack(f"<HHBBH{len(sizes)}I", 0x6E74, 4 + 4 * len(sizes), 1, 16, 0, *sizes)
    name, stored = b"zeros.npy", b"".join(blocks)
    common = struct.pack("<HHHHHIIIH", 20, 0, 8, 0, 0x21, zlib.crc32(data), len(stored), len(data), len(name))
    local = b"PK\3\4" + common + b"\0\0" + name + stored
    central = b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHHII", len(table), 0, 0, 0, 0, 0) + name + table
    path.write_bytes(local + central + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0))


def info_zip(path, *options):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "sub").mkdir()
        (pathlib.Path(folder) / "sub" / "na\xefve.npy").write_bytes(saved(ARRAYS["a"]))
        done = subprocess.run(["zip", "-q", "-r", *options, "-", "."], cwd=folder, check=True, capture_output=True)
        path.write_bytes(done.stdout)


def main():
    folder = pathlib.Path(sys.argv[1])
    np.savez(folder / "numpy.npz", **ARRAYS)
    np.savez_compressed(folder / "numpy-compressed.npz", **ARRAYS)
    np.savez(folder / "empty.npz")
    scipy.sparse.save_npz(folder / "scipy.npz", scipy.sparse.csr_array(np.eye(3, dtype="f4")))
    mx.savez(str(folder / "mlx.npz"), mx.arange(6).astype(mx.bfloat16).reshape(2, 3))
    for word, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
        for bits in (32, 64):
            pipe = Pipe()
            zipped(pipe, method, bits == 64)
            (folder / f"piped-{word}-{bits}.npz").write_bytes(pipe.taken)
        with unittest.mock.patch("zipfile.ZIP64_LIMIT", 100), unittest.mock.patch("zipfile.ZIP_FILECOUNT_LIMIT", 2):
            zipped(folder / f"zip64-{word}.npz", method, True)
    with_others(folder / "others.npz")
    with_blocks(folder / "blocks.npz")
    with_blocks(folder / "blocks-lying.npz", lying=True)
    info_zip(folder / "info-zip.npz")
    info_zip(folder / "info-zip-stored.npz", "-0", "-X")


main()
