"""make.py writes the samples of the zarr plugin: make.py FOLDER, with zarr-python 3 or 2.18, whose version decides which."""
import os, shutil, subprocess, sys, tempfile, warnings, zipfile
import numpy as np, zarr
warnings.simplefilter("ignore")
version = int(zarr.__version__.split(".")[0])
folder = sys.argv[1]
base = np.arange(7 * 5, dtype="f4").reshape(7, 5)

def cksum(data):
    return subprocess.run(["cksum"], input=data, capture_output=True).stdout.split()[0].decode()

def pack(source, target):
    with zipfile.ZipFile(target, "w") as archive:
        for path, _, names in sorted(os.walk(source)):
            for name in sorted(names):
                whole = os.path.join(path, name)
                archive.writestr(zipfile.ZipInfo(os.path.relpath(whole, source)), open(whole, "rb").read())

def finish(name, group, arrays):
    """Writes NAME.zarr.zip, and NAME.expected: name, dtype, shape, bytes and their checksum."""
    with open(f"{folder}/{name}.expected", "w") as out:
        for key in arrays:
            data = np.asarray(group[key][...])
            if data.dtype.kind in "biufc":
                data = data.astype(data.dtype.newbyteorder("<"))
            data = np.ascontiguousarray(data)
            word = {"b": "bool", "S": data.dtype.str, "U": data.dtype.str, "M": data.dtype.str}.get(
                data.dtype.kind, f"{data.dtype.kind}{8 * data.dtype.itemsize}")
            word = str(data.dtype.descr) if data.dtype.names else word
            shape = ",".join(map(str, group[key].shape))
            print(key, word, f"[{shape}]", data.nbytes, cksum(data.tobytes()), sep="\t", file=out)

def make2():
    import numcodecs as nc
    with tempfile.TemporaryDirectory() as store:
        g = zarr.open_group(store, mode="w")
        g.attrs.update({"title": "t", "numbers": [1, 2, 3], "nested": {"a": [1, None, "x"], "b": {}}, "empty": []})
        def add(name, data=base, chunks=(3, 2), **more):
            g.create_dataset(name, shape=data.shape, dtype=data.dtype, chunks=chunks, **more)[...] = data
        add("plain", compressor=None)
        add("zlib", compressor=nc.Zlib(1))
        add("gzip", compressor=nc.GZip(1))
        add("shuffle", filters=[nc.Shuffle(4)], compressor=nc.Zlib(1))
        add("delta", base.astype("<i4"), filters=[nc.Delta(dtype="<i4", astype="<i2")], compressor=None)
        add("crc32", filters=[nc.CRC32()], compressor=None)
        add("adler32", filters=[nc.Adler32()], compressor=None)
        add("bitround", filters=[nc.BitRound(8)], compressor=None)
        add("fortran", order="F", compressor=None)
        add("slashes", dimension_separator="/", compressor=None)
        add("big", base.astype(">f8"), compressor=None)
        def fill(name, dtype, value, item):
            g.create_dataset("fill/" + name, shape=(7,), dtype=dtype, chunks=(2,), fill_value=value, compressor=None)[2:4] = item
        fill("nan", "f4", float("nan"), 1)
        fill("infinite", ">f8", float("-inf"), 1)
        fill("complex", "c8", 1 + 2j, 1)
        fill("bytes", "S3", b"xy", b"abc")
        fill("text", ">U3", "\u00e9\U0001f600", "abc")
        fill("time", "<M8[s]", np.datetime64("NaT", "s"), 5)
        fill("bool", "?", True, False)
        fill("negative", ">i2", -2, 5)
        g.create_dataset("scalar", shape=(), dtype="f8", fill_value=3.5)
        g.create_dataset("none", shape=(0, 4), dtype="u2", chunks=(1, 4))
        g["plain"].attrs["units"] = "m"
        names = []
        g.visititems(lambda key, item: names.append(key) if hasattr(item, "shape") else None)
        finish("v2", g, sorted(names))
        pack(store, f"{folder}/v2.zarr.zip")
        zarr.consolidate_metadata(store)
        pack(store, f"{folder}/v2-consolidated.zarr.zip")

def make3():
    from zarr.codecs import BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec
    with tempfile.TemporaryDirectory() as store:
        g = zarr.open_group(store, mode="w", zarr_format=3)
        g.attrs.update({"title": "t", "numbers": [1, 2, 3], "nested": {"a": [1, None, "x"], "b": {}}, "empty": []})
        def add(name, data=base, chunks=(3, 2), codecs=None, fill=0, **more):
            more["codecs"] = codecs or [BytesCodec()]
            a = zarr.create(store=store, path=name, shape=data.shape, dtype=data.dtype, chunks=chunks, fill_value=fill, zarr_format=3, **more)
            a[...] = data
        add("plain")
        add("gzip", codecs=[BytesCodec(), GzipCodec(level=1), Crc32cCodec()])
        add("big", codecs=[BytesCodec(endian="big")])
        cube = np.arange(24, dtype="i2").reshape(2, 3, 4)
        add("turned", cube, (2, 2, 2), [TransposeCodec(order=(2, 0, 1)), BytesCodec()])
        add("fortran", codecs=[TransposeCodec(order=(1, 0)), BytesCodec()])
        add("shards", chunks=(6, 4), codecs=[ShardingCodec(chunk_shape=(2, 2), codecs=[BytesCodec(), GzipCodec(level=1)])])
        add("start", chunks=(6, 4), codecs=[ShardingCodec(chunk_shape=(2, 2), codecs=[BytesCodec()], index_location="start", index_codecs=[BytesCodec(endian="big")])])
        inner = ShardingCodec(chunk_shape=(1, 2), codecs=[TransposeCodec(order=(1, 0)), BytesCodec()])
        add("deep", chunks=(6, 4), codecs=[ShardingCodec(chunk_shape=(2, 4), codecs=[inner])])
        add("group/dotted", chunk_key_encoding={"name": "default", "separator": "."}, dimension_names=["y", None])
        add("group/v2", chunk_key_encoding={"name": "v2", "separator": "."}, attributes={"units": "m"})
        for name, dtype, value in (("nan", "f4", float("nan")), ("minus", "i8", -1), ("complex", "c16", 1 + 2j), ("bool", "bool", True)):
            a = zarr.create(store=store, path="fill/" + name, shape=(7,), dtype=dtype, chunks=(2,), codecs=[BytesCodec()], fill_value=value, zarr_format=3)
            a[2:4] = 0
        add("scalar", np.array(4.5), ())
        add("none", np.zeros((0, 3), "f4"), (1, 3))
        add("text", np.array(["a", "bcd", "\u00e9"], "<U4"), (2,), fill="")
        names = sorted(k for k, v in g.members(max_depth=None) if hasattr(v, "shape"))
        finish("v3", g, names)
        pack(store, f"{folder}/v3.zarr.zip")
        zarr.consolidate_metadata(store, zarr_format=3)
        pack(store, f"{folder}/v3-consolidated.zarr.zip")

make3() if version > 2 else make2()
