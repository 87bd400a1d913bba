# SPDX-License-Identifier: MIT
"""safetensors by tenon, and by the reference library: its wheel, and its crate with a mapped file."""
import glob
from zipfile import ZIP_STORED

import measure
import numpy as np
import safetensors
from arrays import by_name, bytes_of, expert_names, large, parallel_read, small, whole_write
from bench_npz_many import everything, numpy_file
from measure import remove
from safetensors.numpy import load_file, save_file


def keys(path):
    with safetensors.safe_open(path, "np") as file:
        return file.keys()


def lists(bench):
    for count in (10, 1000, 20000, 100000, 1000000 // bench.scale):
        path = bench.path("list.safetensors")
        zero = np.zeros(1, "f4")
        save_file({name: zero for name in expert_names(count)}, path)
        title = f"open and list {count:,} tensors"
        peers = [(lambda path=path: keys(path), "safe_open(f).keys()", ">= 10")]
        peers += bench.program_peer(title, "the crate, mmap", ">= 8", "crate/list", path, "3")
        bench.compare_all(title, bench.list_program(path), peers, 0, bench.rounds(9 if count < 100000 else 5), readme=count == 100000 and "the crate, mmap")


def small_tensors(bench):
    """tenon pays a call through ctypes for each array that it saves. Its structs are made before, as a program in C keeps its own."""
    for count in (20000 // bench.scale, 100000 // bench.scale):
        arrays = small(count, (4, 4))
        named, items = by_name(arrays), bench.tenon.items_for(arrays)
        ours, theirs, zipped = bench.path("ours.safetensors"), bench.path("theirs.safetensors"), bench.path("theirs.npz")
        bench.compare(f"save {count:,} tensors of 64 bytes", lambda: bench.tenon.save_items(ours, items), lambda: save_file(named, theirs),
                      "save_file", ">= 2", 0, bench.rounds(5), readme=count == 20000)
        numpy_file(zipped, arrays, ZIP_STORED)
        peers = [(lambda: load_file(theirs), "load_file", ">= 3"), (lambda: everything(zipped), "npz, dict(np.load(f))", ">= 10")]
        bench.compare_all(f"open and read {count:,} tensors of 64 bytes", bench.loader(theirs, bench.tenon.requests_for(count)), peers, 0,
                          bench.rounds(5), readme=count == 20000)


def large_tensors(bench):
    """Rows beside one write and a parallel read of as many bytes show how near tenon is to what bounds both sides: the kernel's copy to and
    from the page cache."""
    arrays = large(bench)
    named, size, data = by_name(arrays), bytes_of(arrays), memoryview(arrays[0][1].base).cast("B")
    for place, folder in bench.places():
        ours, theirs, raw = (f"{folder}/{name}" for name in ("ours.safetensors", "theirs.safetensors", "raw"))
        wanted = ">= 1.5" if place == "disk" else ">= 1"
        saved = f"save 64 arrays of {size >> 16} KiB, {place}"
        bench.compare_all(saved, lambda: bench.tenon.save_many(ours, arrays),
                          [(lambda: save_file(named, theirs), "save_file", wanted),
                           (lambda: whole_write(raw, data), "one preallocated write", ">= 0.9")], size, bench.rounds(7),
                          readme="save_file")
        with open(ours, "rb") as a, open(theirs, "rb") as b:
            if a.read() != b.read():
                raise RuntimeError("the files differ")
        bench.compare_all(f"load 64 arrays of {size >> 16} KiB into fresh memory, {place}", bench.loader(theirs),
                          [(lambda: load_file(theirs), "load_file", wanted),
                           (lambda: parallel_read(theirs, size), "parallel read, huge pages", ">= 0.9")], size, bench.rounds(7),
                          readme="load_file")
        remove(ours, theirs, raw)


def sets(bench):
    """Splits and merges by the command, and takes its peak memory."""
    whole, index, merged = (bench.path(name) for name in ("whole.safetensors", "set.safetensors.index.json", "merged.safetensors"))
    arrays = large(bench)
    save_file(by_name(arrays), whole)
    size = bytes_of(arrays)
    split_words = ["-o", f"safetensors.shard_size={size // 5}", whole, bench.path("set.safetensors")]

    def splitting():
        remove(*glob.glob(bench.path("set*")))
        bench.convert(*split_words)

    def merging():
        remove(merged)
        bench.convert(index, merged)

    bench.compare("split into 6 shards", splitting, bench.copier(whole), "cp --reflink=never", ">= 0.9", size, bench.rounds(9))
    bench.compare("merge 6 shards", merging, bench.copier(whole), "cp --reflink=never", ">= 0.9", size, bench.rounds(9))
    remove(*glob.glob(bench.path("set*")))
    bench.limited_peak("most memory of the command that splits", "<= 64 MiB", "convert", "-q", *split_words)
    remove(merged)
    bench.limited_peak("most memory of the command that merges", "<= 64 MiB", "convert", "-q", index, merged)


if __name__ == "__main__":
    measure.main({"safetensors.open": lists, "safetensors.small": small_tensors, "safetensors.large": large_tensors,
                  "safetensors.sets": sets})
