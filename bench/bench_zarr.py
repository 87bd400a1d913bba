# SPDX-License-Identifier: MIT
"""Zarr by tenon, zarr-python, zarrs (as the codec pipeline of zarr-python) and tensorstore. Each call opens the store, and peers read
into fresh memory, or write a new store."""
import contextlib
import ctypes
import os
import shutil
import time

import measure
import numpy as np
import tensorstore
import zarr
from libtenon import Request
from measure import F32, MIB
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

# Words, a setting of tenon, zarr-python's codecs and tensorstore's. All at the same levels.
CODECS = {
    "zstd": ("zarr.compression=zstd zarr.level=3", [ZstdCodec(level=3)], {"name": "zstd", "configuration": {"level": 3}}),
    "blosc-lz4-shuffle": ("zarr.compression=blosc zarr.cname=lz4 zarr.shuffle=byte zarr.level=5", [BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=4)],
                          {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 4}}),
    "gzip": ("zarr.compression=gzip zarr.level=5", [GzipCodec(level=5)], {"name": "gzip", "configuration": {"level": 5}}),
    "none": ("zarr.compression=none", None, None),
}


@contextlib.contextmanager
def by_zarrs():
    with zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"}):
        yield


def field(rows, columns):
    """A measured quantity: waves, noise, two digits behind the point."""
    noise = np.random.default_rng(3).standard_normal((rows, columns), dtype="f4")
    waves = np.sin(np.arange(rows, dtype="f4")[:, None] / 400) * 20 + np.cos(np.arange(columns, dtype="f4") / 300) * 5
    return np.round(waves + noise * np.float32(0.3), 2).astype("f4")


# ---- reading and writing all ----


def with_zarr(path):
    return zarr.open_array(path, mode="r")[...]


def with_zarrs(path):
    with by_zarrs():
        return zarr.open_array(path, mode="r")[...]


def tensorstore_at(path, **words):
    return tensorstore.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": path}}, **words).result()


def with_tensorstore(path):
    return tensorstore_at(path).read().result()


def readers(path, *wanted):
    named = ((with_zarr, "zarr-python"), (with_zarrs, "zarrs"), (with_tensorstore, "tensorstore"))
    return [(lambda read=read: read(path), name, words) for (read, name), words in zip(named, wanted)]


class Target:
    """The name of a store that is written again and again: under a new name each time, since removing the old one is no part of writing."""

    def __init__(self, stem):
        self.stem, self.count = stem, 0

    @property
    def path(self):
        return f"{self.stem}{self.count}.zarr"

    def new(self):
        self.count += 1
        return self.path

    def remove(self):
        for number in range(self.count + 1):
            shutil.rmtree(f"{self.stem}{number}.zarr", ignore_errors=True)


def write_zarr(path, array, codecs, chunks, shards=None):
    zarr.create_array(path, shape=array.shape, dtype=array.dtype, chunks=chunks, shards=shards, compressors=codecs)[...] = array


def write_zarrs(path, array, codecs, chunks, shards=None):
    with by_zarrs():
        write_zarr(path, array, codecs, chunks, shards)


def write_tensorstore(path, array, codec, chunks, shards=None):
    steps = [{"name": "bytes", "configuration": {"endian": "little"}}] + ([codec] if codec else [])
    if shards:
        steps = [{"name": "sharding_indexed", "configuration": {"chunk_shape": chunks, "codecs": steps}}]
    metadata = {"shape": array.shape, "data_type": "float32", "codecs": steps,
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shards or chunks}}}
    tensorstore.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": path}, "metadata": metadata}, create=True).result().write(array).result()


def ours_writes(bench, target, array, settings, chunks, shards=None):
    """Returns a function that saves the array as a in the target."""
    words = settings.split() + ["zarr.chunks=" + ",".join(map(str, chunks))] + (["zarr.shards=" + ",".join(map(str, shards))] if shards else [])

    def save():
        bench.tenon.save_many(target.new(), [("a", array, F32)], *words)

    return save


def same(array, path):
    """Raises an exception unless zarrs reads the array there."""
    if not np.array_equal(with_zarrs(path), array):
        raise RuntimeError(f"{path} has other values")


def chunked(bench, title, array, chunks, names, rounds):
    for name in names:
        settings, codecs, codec = CODECS[name]
        ours = Target(bench.memory_path("ours"))
        targets = [Target(bench.memory_path(f"theirs{i}-")) for i in range(3)]
        peers = [(lambda: write_zarr(targets[0].new(), array, codecs, chunks), "zarr-python", ">= 2"),
                 (lambda: write_zarrs(targets[1].new(), array, codecs, chunks), "zarrs", ">= 1"),
                 (lambda: write_tensorstore(targets[2].new(), array, codec, chunks), "tensorstore", ">= 1")]
        bench.compare_all(f"write {title}, {name}", ours_writes(bench, ours, array, settings, chunks), peers, array.nbytes, rounds, readme="zarr-python")
        same(array, ours.path + "/a")
        theirs = targets[0].path
        bench.compare_all(f"read {title}, {name}", bench.loader(theirs), readers(theirs, ">= 2", ">= 1", ">= 1"), array.nbytes, rounds, readme="zarr-python")
        for target in (ours, *targets):
            target.remove()


def chunks_of_mib(bench):
    """256 MiB of f32 in chunks of 1 MiB."""
    array = field(8192 // bench.scale, 8192)
    chunked(bench, f"{array.nbytes // MIB} MiB in chunks of 1 MiB", array, (512, 512), CODECS, bench.rounds(3))


def many_files(bench):
    """As much in 10,000 files."""
    array = field(10000 // bench.scale, 6656)
    chunked(bench, f"{array.nbytes // MIB} MiB in {array.shape[0]:,} files", array, (1, 6656), ["zstd", "none"], bench.rounds(3))


# ---- one large shard ----


def slice_of(bench, path, start, count):
    """Returns a function that reads rows in tenon."""
    array = np.empty((count, 256), "f4")

    def read():
        file = bench.tenon.open(path)
        starts, counts = (ctypes.c_uint64 * 2)(start, 0), (ctypes.c_uint64 * 2)(count, 256)
        request = Request(ctypes.sizeof(Request), 0, 0, rank=2, start=ctypes.addressof(starts), count=ctypes.addressof(counts),
                          data=array.ctypes.data, size=array.nbytes)
        bench.tenon.read_requests(file, (Request * 1)(request))
        bench.tenon.close(file)
        return array

    return read


def large_shard(bench):
    """250,000 inner chunks of 1 KiB."""
    array = field(250000 // bench.scale, 256)
    words = f"a shard of {array.shape[0]:,} chunks"
    settings, codecs, codec = CODECS["zstd"]
    ours, target = Target(bench.path("ours")), Target(bench.path("theirs"))
    peers = [(lambda: write_zarr(target.new(), array, codecs, (1, 256), array.shape), "zarr-python", ">= 2"),
             (lambda: write_zarrs(target.new(), array, codecs, (1, 256), array.shape), "zarrs", ">= 1"),
             (lambda: write_tensorstore(target.new(), array, codec, (1, 256), array.shape), "tensorstore", ">= 1")]
    bench.compare_all(f"write {words}", ours_writes(bench, ours, array, settings, (1, 256), array.shape), peers, array.nbytes, 1, warm=False)
    same(array, ours.path + "/a")
    theirs = target.path
    bench.compare_all(f"read {words}", bench.loader(theirs), readers(theirs, ">= 2", ">= 1", ">= 1"), array.nbytes, 1, warm=False)
    rows = slice(array.shape[0] // 2, array.shape[0] // 2 + 100)
    read = slice_of(bench, theirs, rows.start, 100)
    if not np.array_equal(read(), array[rows]):
        raise RuntimeError("other rows were read")

    def zarrs():
        with by_zarrs():
            return zarr.open_array(theirs, mode="r")[rows]

    bench.compare_all(f"a slice of 100 chunks of {words}", read,
                      [(lambda: zarr.open_array(theirs, mode="r")[rows], "zarr-python", ">= 10"), (zarrs, "zarrs", ">= 1"),
                       (lambda: tensorstore_at(theirs)[rows].read().result(), "tensorstore", ">= 1")], rounds=bench.rounds(7), readme="zarr-python")


# ---- metadata, and other formats ----


def consolidated(bench):
    """1,000 arrays."""
    path = bench.path("many.zarr")
    count = 1000 // bench.scale
    bench.tenon.save_many(path, [(f"group{i % 10}/array{i}", np.zeros((16, 16), "f4"), F32) for i in range(count)], "zarr.consolidate=yes")

    def theirs():
        root = zarr.open_group(path, mode="r", use_consolidated=True)
        found = [(array.shape, array.dtype) for _, group in root.groups() for _, array in group.arrays()]
        if len(found) != count:
            raise RuntimeError(f"{len(found)} arrays")

    bench.compare_all(f"open a store of {count:,} arrays, consolidated", lambda: bench.tenon.close(bench.tenon.open(path)),
                      [(theirs, "zarr-python", ">= 20")], rounds=bench.rounds(7), readme=True, now=time.process_time)


def converted(bench):
    """The goal: what the filter takes on all cores, and writing as much besides."""
    array = field(8192 // bench.scale, 8192)
    store, target = Target(bench.path("a")), bench.path("a.safetensors")
    for name, wanted in (("zstd", "<= 1.5"), ("none", "<= -")):
        ours_writes(bench, store, array, CODECS[name][0], (512, 512))()
        bench.compare(f"zarr to safetensors, {array.nbytes // MIB} MiB, {name}", lambda: bench.tenon.convert(store.path, target),
                      bench.loader(store.path), "reading it", wanted, array.nbytes, bench.rounds(3))
        os.unlink(target)


if __name__ == "__main__":
    measure.main({"zarr.chunks": chunks_of_mib, "zarr.files": many_files, "zarr.shard": large_shard, "zarr.open": consolidated, "zarr.convert": converted})
