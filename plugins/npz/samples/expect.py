"""Writes NAME.expected beside every NAME.npz of a folder: what NumPy finds in it. For each array a line: its name, shape, bytes
and their POSIX checksum (as cksum prints it) in C order; numbers little-endian, structures and strings as they lie.

    python3 expect.py small
"""

import pathlib
import sys

import numpy as np


def cksum(data):
    crc = 0
    length = len(data)
    while length:
        data += bytes([length & 0xFF])
        length >>= 8
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc ^ 0xFFFFFFFF


def line(name, array):
    if array.dtype.kind in "iufc" and array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    data = array.tobytes("C")
    shape = ",".join(str(dim) for dim in array.shape)
    return f"{name}\t[{shape}]\t{len(data)}\t{cksum(data)}\n"


for path in sorted(pathlib.Path(sys.argv[1]).glob("*.npz")):
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    lines = [line(name, array) for name, array in arrays.items() if isinstance(array, np.ndarray)]
    path.with_suffix(".expected").write_text("".join(lines), encoding="utf-8")
