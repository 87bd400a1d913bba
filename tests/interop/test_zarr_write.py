# SPDX-License-Identifier: MIT
"""Zarr that tenon writes: zarr-python 2 and 3, zarrs and tensorstore read the same values and attributes."""

import os
import subprocess
import sys

import ml_dtypes
import numpy as np
import tensorstore
import zarr
from npz_kit import tenon
from zarr_kit import ML, by_older, check_collected, check_peers, check_read, same
from zarr_peer import ATTRIBUTES, PLAIN, collect, make, smooth, words

# Settings of the format that both versions have, and of one.
BOTH = ["", "compression=none", "compression=zstd level=5", "compression=gzip", "compression=blosc", "compression=blosc cname=zstd shuffle=bit",
        "compression=blosc cname=blosclz shuffle=none", "compression=blosc cname=lz4hc shuffle=byte", "compression=blosc cname=zlib level=9",
        "chunks=3,4", "chunks=1kB", "order=fortran chunks=4,3", "byteorder=big", "separator=. chunks=5,5", "separator=/ chunks=5,5", "fill=nan",
        "skip_fill=yes chunks=2,2", "consolidate=yes", "consolidate=no"]
VERSION_3 = ["checksum=yes", "checksum=yes compression=none", "shards=8,9 chunks=2,3", "shards=64kB chunks=4,4 compression=gzip checksum=yes", "keys=v2 chunks=2,2",
             "shards=8,9 chunks=2,3 order=fortran byteorder=big compression=blosc"]
VERSION_2 = ["fill=null", "compression=zlib level=2", "compression=lz4", "compression=bz2", "compression=lzma"]


def sources():
    """Arrays of all dtypes and of all ranks, by name."""
    arrays = {f"{word.translate(str.maketrans('<>|', 'lb_'))} {'x'.join(map(str, shape))}": make(word, shape)
              for word in words(PLAIN) for shape in ((11, 13), (5,))}
    for shape in ((), (0,), (0, 3), (1, 1), (3, 2, 5), (2, 1, 3, 2)):
        arrays[f"shape {'x'.join(map(str, shape))}"] = make("<f4", shape)
    arrays["zeros"] = np.zeros((20, 20), "f4")
    arrays["group/smooth"] = smooth("<f4", (64, 50))
    arrays["group/fortran"] = np.asfortranarray(smooth("<i4", (30, 20)))
    for name in ("p/one", "q/one", "p/two", "p/r/one", "q/two"):  # not in the order of the groups
        arrays[name] = smooth("<u2", (3, 4))
    return arrays


def write(bench, folder, version, settings, number, source, *more):
    path = folder / f"{version}.{number}.zarr"
    done = [word for setting in settings.split() for word in ("-o", f"zarr.{setting}")]
    bench.output("convert", "-q", "-o", f"zarr.format={version}", *done, *more, source, path)
    return path


def test_settings(bench):
    """All settings, with both versions."""
    source = bench.folder / "source.npz"
    arrays = sources()
    np.savez(source, **arrays)
    for version, choices in ((3, BOTH + VERSION_3), (2, BOTH + VERSION_2)):
        folder = bench.folder / str(version)
        folder.mkdir()
        paths = {}
        for number, settings in enumerate(choices):
            few = arrays if number in (0, 1, 9) else {name: array for name, array in arrays.items() if "4" in name or "/" in name or name == "zeros"}
            if few is not arrays:
                np.savez(bench.folder / "few.npz", **few)
            path = write(bench, folder, version, settings, number, source if few is arrays else bench.folder / "few.npz")
            if not path.exists():
                continue
            paths[path.name] = (few, settings)
            check_peers(bench, path, few, settings, version=version)
            check_read(bench, path, few, settings)
        if version == 2:
            found = by_older(folder)
            for name, (few, settings) in paths.items():
                check_collected(bench, found.get(name), few, name, settings, "zarr-python 2")


def test_tensorstore(bench):
    """Single arrays, also as the root of a store, and its dtypes."""
    for number, (version, settings) in enumerate([(3, "root=array"), (2, "root=array"), (3, "root=array shards=16,16 chunks=4,4"),
                                                  (3, "root=array checksum=yes order=fortran"), (2, "root=array order=fortran compression=blosc chunks=10,7")]):
        array = smooth("<f4", (33, 47))
        np.save(bench.folder / "a.npy", array)
        path = write(bench, bench.folder, version, settings, number, bench.folder / "a.npy")
        driver = "zarr3" if version == 3 else "zarr"
        found = tensorstore.open({"driver": driver, "kvstore": {"driver": "file", "path": str(path)}}).result().read().result()
        bench.check(same(found, array), settings, "tensorstore reads", found.dtype, found.shape)
        check_peers(bench, path, {"": array}, settings, version=version)
    for number, name in enumerate(ML):
        if name not in ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"):
            continue
        array = np.arange(60).reshape(6, 10).astype(getattr(ml_dtypes, name))
        source = bench.folder / f"{name}.safetensors"
        tenon().save_many(str(source), [("a", array, {"bf16": 11, "f8_e4m3": 16, "f8_e5m2": 17, "f8_e4m3fnuz": 18, "f8_e5m2fnuz": 19}[ML[name]])])
        path = write(bench, bench.folder, 3, "chunks=4,4", f"ml{number}", source)
        found = tensorstore.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": str(path / "a")}}).result().read().result()
        bench.check(found.dtype == array.dtype and found.tobytes() == array.tobytes(), name, "tensorstore reads", found.dtype)


def test_attributes(bench):
    """Nested attributes of groups and arrays, through tenon into both versions, consolidated and not, into folders and zip archives."""
    path = bench.folder / "source.zarr"
    root = zarr.open_group(path, mode="w")
    root.attrs.update(ATTRIBUTES)
    arrays, wanted = {}, {"": ATTRIBUTES, "group": {"about": {"a": "group"}}}
    for name in ("top", "group/middle", "group/sub/deep"):
        arrays[name] = smooth("<i4", (4, 6))
        wanted[name] = {"name": name, "deep": {"x": [1, 2.5, None], "y": []}}
        root.create_array(name, data=arrays[name], chunks=(3, 3), attributes=wanted[name], dimension_names=["y", "x"])
    root["group"].attrs.update(wanted["group"])
    older = bench.folder / "older"
    older.mkdir()
    for version, consolidate, ending in ((3, "yes", "zarr"), (3, "no", "zarr"), (3, "auto", "zarr.zip"), (2, "yes", "zarr"), (2, "no", "zarr"), (2, "yes", "zarr.zip")):
        folder = older if version == 2 else bench.folder
        target = folder / f"{version}{consolidate}.{ending}"
        bench.output("convert", "-q", "-o", f"zarr.format={version}", "-o", f"zarr.consolidate={consolidate}", path, target)
        if version == 3:
            check_peers(bench, target, arrays, version, consolidate, attributes=wanted)
            node = zarr.open(zarr.storage.ZipStore(target, mode="r") if ending == "zarr.zip" else target, mode="r")["top"]
            bench.check(node.metadata.dimension_names == ("y", "x"), target.name, "dimension names are", node.metadata.dimension_names)
        elif ending == "zarr":
            names = {name: {**attributes, "_ARRAY_DIMENSIONS": ["y", "x"]} if name in arrays else attributes for name, attributes in wanted.items()}
            check_collected(bench, collect(target), arrays, target.name, attributes=names)
        # and back
        again = bench.folder / f"again.{version}{consolidate}.{ending}.zarr"
        bench.output("convert", "-q", target, again)
        check_peers(bench, again, arrays, "again", version, consolidate, attributes=wanted)
        bench.check(zarr.open(again, mode="r")["top"].metadata.dimension_names == ("y", "x"), again.name, "dimension names")
    for name, found in by_older(older).items():
        check_collected(bench, found, arrays, name, "zarr-python 2")


def test_copies(bench):
    """What zarr-python wrote, through tenon: chunks, codecs and fill values stay."""
    path = bench.folder / "source.zarr"
    root = zarr.open_group(path, mode="w")
    array = smooth("<f4", (40, 30))
    root.create_array("zstd", data=array, chunks=(7, 11), compressors=[zarr.codecs.ZstdCodec(level=7)], fill_value=np.nan)
    root.create_array("blosc", data=array, chunks=(7, 11), compressors=[zarr.codecs.BloscCodec(cname="zstd", shuffle="bitshuffle")])
    root.create_array("shards", data=array, shards=(20, 12), chunks=(5, 6), compressors=[zarr.codecs.GzipCodec()])
    target = bench.folder / "copy.zarr"
    bench.output("convert", "-q", path, target)
    check_peers(bench, target, {name: array for name in ("zstd", "blosc", "shards")})
    found = zarr.open_group(target, mode="r")
    for name in ("zstd", "blosc", "shards"):
        bench.check(found[name].chunks == root[name].chunks, name, "chunks are", found[name].chunks)
        bench.check(str(found[name].compressors[0]).split("(")[0] == str(root[name].compressors[0]).split("(")[0], name, found[name].compressors)
    bench.check(np.isnan(found["zstd"].fill_value), "fill value", found["zstd"].fill_value)


def test_conversions(bench):
    """From Zarr into other formats and back: values, and what is lost is said."""
    path = bench.folder / "source.zarr"
    root = zarr.open_group(path, mode="w")
    arrays = {"a": smooth("<f4", (32, 16)), "g/b": make("<i4", (7,)), "g/half": smooth("<f2", (6, 5))}
    for name, array in arrays.items():
        root.create_array(name, data=array, chunks=tuple(max(1, n // 3) for n in array.shape))
    root.attrs.update({"text": "word", "number": 3, "nested": {"a": [1, None]}})
    for ending in ("npz", "safetensors", "gguf", "pt"):
        middle, back = bench.folder / f"a.{ending}", bench.folder / f"{ending}.zarr"
        status, _, said = bench.run("convert", path, middle, *(["-o", "npz.metadata=member"] if ending == "npz" else []))
        bench.check(status == 0, ending, status, said)
        status, _, lost = bench.run("convert", middle, back)
        bench.check(status == 0, ending, "back", status, lost)
        check_peers(bench, back, arrays, ending)
        attributes = collect(back)[""][0]
        if attributes.get("nested") != {"a": [1, None]}:
            bench.check("nested" in said + lost, ending, "does not keep 'nested', and says:", said, lost)
        kept = attributes.get("text") == "word" and str(attributes.get("number")) == "3"
        bench.check(kept or "text" in said, ending, "keeps", attributes, "and says:", said)
    root = zarr.open_group(bench.folder / "one.zarr", mode="w")
    root.create_array("a", data=arrays["a"], chunks=(5, 16))
    bench.output("convert", "-q", bench.folder / "one.zarr", bench.folder / "one.npy")
    bench.check(same(np.load(bench.folder / "one.npy"), arrays["a"]), "npy has other values")


def test_memory(bench):
    """2 GiB, nearly all of them missing chunks, go through 64 MiB in both directions. The files have holes."""
    rows = (2 << 30) // 4 // 4096
    path, middle, back = bench.folder / "a.zarr", bench.folder / "a.npy", bench.folder / "b.zarr"
    array = zarr.create_array(path, shape=(rows, 4096), chunks=(1000, 1024), dtype="<f4", compressors=[zarr.codecs.ZstdCodec()])
    array[70000:70010, 4000:4010] = 1.5
    program = ("import subprocess,sys,resource; done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL); "
               "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(done.returncode)")
    for words_ in ((path, back, "-o", "zarr.skip_fill=yes"), (path, middle)):
        done = subprocess.run([sys.executable, "-c", program, os.environ["TENON"], "convert", "-q", "-o", "limits.memory=64MiB", "-o", "save.durable=no",
                               *map(str, words_)], capture_output=True, text=True, check=False)
        bench.check(done.returncode == 0, words_[1].name, done.stderr)
        if done.returncode == 0:
            peak = int(done.stdout.split()[-1]) << 10
            bench.check(peak < 112 << 20, words_[1].name, "took", peak >> 20, "MiB")
    found = zarr.open_array(back / "a" if (back / "a").exists() else back, mode="r")
    bench.check(found.shape == (rows, 4096) and (found[69995:70015, 3990:4020] == array[69995:70015, 3990:4020]).all(), "other values")
    chunks = [file for file in back.rglob("*") if file.is_file() and file.name != "zarr.json"]
    bench.check(len(chunks) <= 2, "chunks that were written:", len(chunks))
    if middle.exists():
        mapped = np.load(middle, mmap_mode="r")
        bench.check(mapped.shape == (rows, 4096) and (mapped[69995:70015, 3990:4020] == array[69995:70015, 3990:4020]).all(), "npy has other values")


def test_in_place(bench):
    """A store is replaced as a whole."""
    path = bench.folder / "a.zarr"
    root = zarr.open_group(path, mode="w")
    root.create_array("old", data=smooth("<i4", (10, 10)), chunks=(3, 3))
    np.savez(bench.folder / "b.npz", new=smooth("<f4", (20,)))
    bench.output("convert", "-q", "--force", bench.folder / "b.npz", path)
    check_peers(bench, path, {"new": smooth("<f4", (20,))})
    bench.check(not (path / "old").exists(), "the old array is there still")
