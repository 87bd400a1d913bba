# SPDX-License-Identifier: MIT
"""Zarr that others write: zarr-python 2 and 3, zarrs, and tensorstore. tenon reads the same values."""

import itertools

import ml_dtypes  # noqa: F401  NumPy learns its dtypes
import numcodecs.zarr3
import numpy as np
import tensorstore
import zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec
from zarr_kit import ML, check_read, samples, zarrs
from zarr_peer import ATTRIBUTES, PLAIN, make, smooth, words


def test_version_2(bench):
    """All dtypes, orders, separators, codecs, filters and fill values of zarr-python 2."""
    folder, wanted = samples()
    for store, arrays in wanted.items():
        path = next(folder.glob(f"{store}.zarr*"))
        check_read(bench, path, arrays)


def test_version_2_by_3(bench):
    """Version 2 as zarr-python 3 writes it."""
    path = bench.folder / "a.zarr"
    root = zarr.open_group(path, mode="w", zarr_format=2)
    arrays = {}
    for word, order in itertools.product(words(PLAIN + ["M8[ns]", "U3", "S5"]), "CF"):
        name = f"{np.dtype(word).name} {word[0]} {order}".translate(str.maketrans("<>|[]", "lb_()"))
        arrays[name] = make(word, (5, 7))
        root.create_array(name, data=arrays[name], chunks=(2, 4), order=order)
    check_read(bench, path, arrays)


# ---- version 3 ----


def test_dtypes(bench):
    path = bench.folder / "a.zarr"
    root = zarr.open_group(path, mode="w")
    arrays = {}
    for kind, endian in itertools.product(PLAIN, ("little", "big")):
        name = f"{kind} {endian}"
        arrays[name] = make("<" + kind, (5, 7))
        root.create_array(name, data=arrays[name], chunks=(2, 4), serializer=BytesCodec(endian=endian), compressors=None)
    for word in ("M8[ns]", "m8[s]", "U3", "S5", "V7"):
        name = word.translate(str.maketrans("[]", "()"))
        arrays[name] = make("<" + word if word[0] in "MmU" else word, (5, 7))
        root.create_array(name, data=arrays[name], chunks=(2, 4))
    check_read(bench, path, arrays)


def test_small_floats(bench):
    """dtypes that tensorstore has."""
    for name in ML:  # tensorstore gives float8_e8m0fnu the fill value 0, which that dtype does not have
        if name == "float8_e8m0fnu":
            continue
        array = np.arange(35).reshape(5, 7).astype(name)
        path = bench.folder / f"{name}.zarr"
        try:
            store = tensorstore.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": str(path)}}, create=True, dtype=name,
                                     shape=array.shape, chunk_layout=tensorstore.ChunkLayout(chunk_shape=[2, 4])).result()
        except ValueError:  # tensorstore does not write this one
            continue
        store[...] = array
        check_read(bench, path, {"": array}, name)


def codecs():
    chosen = {"none": [], "gzip": [GzipCodec(level=3)], "zstd": [ZstdCodec(level=2)], "zstd sum": [ZstdCodec(level=2, checksum=True)],
              "crc32c": [Crc32cCodec()], "zstd crc32c": [ZstdCodec(), Crc32cCodec()], "crc32c gzip": [Crc32cCodec(), GzipCodec()]}
    for name, shuffle in itertools.product(("blosclz", "lz4", "lz4hc", "zlib", "zstd"), ("noshuffle", "shuffle", "bitshuffle")):
        chosen[f"blosc {name} {shuffle}"] = [BloscCodec(cname=name, shuffle=shuffle)]
    return chosen


def numcodecs_codecs():
    """The codecs of numcodecs under the names that version 3 has for them."""
    kinds = numcodecs.zarr3
    return {"n zlib": {"compressors": [kinds.Zlib(level=2)]}, "n bz2": {"compressors": [kinds.BZ2(level=1)]},
            "n lzma": {"compressors": [kinds.LZMA(preset=1)]}, "n lz4": {"compressors": [kinds.LZ4()]},
            "n zstd": {"compressors": [kinds.Zstd(level=1)]}, "n gzip": {"compressors": [kinds.GZip(level=1)]},
            "n shuffle zstd": {"compressors": [kinds.Shuffle(elementsize=4), ZstdCodec()]},
            "n crc32": {"compressors": [kinds.CRC32()]}, "n adler32": {"compressors": [kinds.Adler32()]},
            "n delta": {"filters": [kinds.Delta(dtype="<i4")], "compressors": [ZstdCodec()]}}


def test_codecs(bench):
    path = bench.folder / "a.zarr"
    root = zarr.open_group(path, mode="w")
    arrays = {}
    for name, chosen in codecs().items():
        arrays[name] = smooth("<i4", (13, 50))
        root.create_array(name, data=arrays[name], chunks=(5, 50), compressors=chosen or None)
    for name, chosen in numcodecs_codecs().items():
        arrays[name] = smooth("<i4", (13, 50))
        root.create_array(name, data=arrays[name], chunks=(5, 50), **chosen)
    for order in itertools.permutations(range(3)):
        name = f"transpose {order}"
        arrays[name] = make("<f4", (5, 6, 7))
        root.create_array(name, data=arrays[name], chunks=(2, 3, 4), filters=[TransposeCodec(order=order)])
    for shape, chunks in (((), ()), ((0,), (3,)), ((0, 3), (1, 2)), ((7,), (100,)), ((4, 4), (4, 4)), ((3, 4, 5), (2, 4, 1))):
        name = f"shape {'x'.join(map(str, shape))}"
        arrays[name] = make("<i4", shape)
        root.create_array(name, data=arrays[name], chunks=chunks or "auto")
    for kind, separator in itertools.product(("default", "v2"), "./"):
        name = f"keys {kind} {'dot' if separator == '.' else 'slash'}"
        arrays[name] = make("<i4", (5, 6))
        root.create_array(name, data=arrays[name], chunks=(2, 3), chunk_key_encoding={"name": kind, "separator": separator})
    check_read(bench, path, arrays)


def test_shards(bench):
    path = bench.folder / "a.zarr"
    root = zarr.open_group(path, mode="w")
    arrays = {}
    for shape, shard, chunk in (((40, 30), (20, 20), (5, 4)), ((41, 33), (10, 12), (10, 3)), ((100,), (64,), (1,)), ((3, 4), (6, 8), (2, 2))):
        for place, sums, (name, chosen) in itertools.product(("start", "end"), (True, False), list(codecs().items())[:6]):
            key = f"{'x'.join(map(str, shape))} {place} {sums} {name}"
            index = [BytesCodec(endian="little"), *([Crc32cCodec()] if sums else [])]
            codec = ShardingCodec(chunk_shape=chunk, codecs=[BytesCodec(endian="little"), *chosen], index_codecs=index, index_location=place)
            array = root.create_array(key, shape=shape, chunks=shard, dtype="<i4", serializer=codec, compressors=None, fill_value=-9)
            arrays[key] = smooth("<i4", shape)
            array[...] = arrays[key]
    # shards in shards
    inner = ShardingCodec(chunk_shape=(2, 2), codecs=[BytesCodec(endian="little"), ZstdCodec()])
    outer = ShardingCodec(chunk_shape=(4, 6), codecs=[inner])
    arrays["twice"] = smooth("<i4", (20, 24))
    root.create_array("twice", shape=(20, 24), chunks=(8, 12), dtype="<i4", serializer=outer, compressors=None)[...] = arrays["twice"]
    # with nothing in most places
    sparse = root.create_array("sparse", shape=(64, 64), shards=(32, 32), chunks=(4, 4), dtype="<f8", fill_value=np.nan)
    sparse[5:9, 40:50] = 1.5
    arrays["sparse"] = sparse[...]
    check_read(bench, path, arrays)


def test_peers(bench):
    """zarrs and tensorstore write the same."""
    with zarrs():
        path = bench.folder / "zarrs.zarr"
        root = zarr.open_group(path, mode="w")
        arrays = {}
        for name, chosen in codecs().items():
            for shards in (None, (10, 50)):
                key = f"{name} {shards}"
                arrays[key] = smooth("<i4", (13, 50))
                root.create_array(key, shape=(13, 50), dtype="<i4", chunks=(5, 25), shards=shards, compressors=chosen or None)[...] = arrays[key]
    check_read(bench, path, arrays)
    array = smooth("<f4", (33, 47))
    for driver, inner in itertools.product(("zarr", "zarr3"), (None, [4, 8])):
        layout = {"grid_origin": [0, 0], "write_chunk": {"shape": [16, 24]}}
        if inner and driver == "zarr3":
            layout["read_chunk"] = {"shape": inner}
        path = bench.folder / f"ts {driver} {bool(inner)}.zarr"
        store = tensorstore.open({"driver": driver, "kvstore": {"driver": "file", "path": str(path)}}, create=True, dtype="float32",
                                 shape=array.shape, chunk_layout=tensorstore.ChunkLayout(layout)).result()
        store[...] = array
        check_read(bench, path, {"": array}, driver, inner)


def test_fill_values(bench):
    """In all spellings of version 3; most chunks are missing."""
    path = bench.folder / "a.zarr"
    root = zarr.open_group(path, mode="w")
    arrays = {}
    for word, values in {"<f4": [0.1, np.nan, np.inf, -np.inf, -0.0], "<f8": [1e300, 5e-324], "<f2": [0.5], "<i8": [-2**63], "<u8": [2**64 - 1],
                         "|b1": [True, False], "<c8": [1.5 - 2j, complex(np.nan, np.inf)], "<c16": [0.1 + 1j], "|i1": [-3]}.items():
        for value in values:
            name = f"{np.dtype(word).name} {value}"
            array = root.create_array(name, shape=(5, 4), chunks=(2, 2), dtype=word, fill_value=value)
            array[1:3, 1:2] = make(word, (2, 1))
            arrays[name] = array[...]
    check_read(bench, path, arrays)
    # NaNs of other bits are hexadecimal numbers
    document = path / "float32 nan" / "zarr.json"
    document.write_text(document.read_text().replace('"NaN"', '"0x7fc00123"'))
    arrays["float32 nan"] = zarr.open_group(path, mode="r")["float32 nan"][...]
    bench.check((arrays["float32 nan"].view("u4")[4] == 0x7fc00123).all(), "zarr-python reads other bits")
    check_read(bench, path, arrays, "hexadecimal")


def test_unreadable(bench):
    """A codec or dtype that tenon does not have makes that array unreadable, and names it; the others stay."""
    path = bench.folder / "a.zarr"
    root = zarr.open_group(path, mode="w")
    good = smooth("<i4", (6, 6))
    root.create_array("good", data=good)
    root.create_array("strings", shape=(3,), dtype="string")[...] = np.array(["a", "bb", "ccc"], dtype=object)
    root.create_array("packed", shape=(8,), chunks=(8,), dtype="bool", filters=[numcodecs.zarr3.PackBits()])
    listed = bench.list(path)
    if listed is None:
        return
    tensors = {tensor["name"]: tensor for tensor in listed["tensors"]}
    bench.check(set(tensors) == {"good", "strings", "packed"}, "tensors are", set(tensors))
    status, _, error = bench.run("ls", "-l", path)
    bench.check(status == 0, status, error)
    status, _, error = bench.run("cat", path, "packed")
    bench.check(status != 0 and "packbits" in error, "packed:", status, error)
    status, _, error = bench.run("cat", path, "strings")
    bench.check(status != 0 and "string" in error, "strings:", status, error)
    bench.check(bench.output("cat", path, "good") == good.tobytes(), "the good one")


def test_groups(bench):
    """Groups, nested attributes and dimension names, consolidated and not, as folders and as zip archives."""
    for consolidated, packed in itertools.product((False, True), (False, True)):
        path = bench.folder / ("a.zarr.zip" if packed else f"a{consolidated}.zarr")
        if packed:
            path.unlink(missing_ok=True)
        store = zarr.storage.ZipStore(path, mode="w") if packed else zarr.storage.LocalStore(path)
        root = zarr.open_group(store, mode="w")
        root.attrs.update(ATTRIBUTES)
        arrays = {}
        for name in ("top", "group/middle", "group/sub/deep"):
            arrays[name] = smooth("<i4", (4, 6))
            root.create_array(name, data=arrays[name], chunks=(3, 3), attributes={"name": name, "deep": {"x": [1, 2.5, None]}},
                              dimension_names=["y", None])
        root["group"].attrs["about"] = {"a": "group"}
        if consolidated:
            zarr.consolidate_metadata(store)
        store.close()
        check_read(bench, path, arrays, consolidated, packed)
        listed = bench.list(path)
        metadata = listed["metadata"] if listed else {}
        for key, value in ATTRIBUTES.items():
            bench.check(metadata.get(key) == value, "consolidated" if consolidated else "", "zip" if packed else "", key, "is", metadata.get(key))
        bench.check(metadata.get("group:about") == {"a": "group"}, "group:about is", metadata.get("group:about"))
        bench.check(metadata.get("group/sub/deep:deep") == {"x": [1, 2.5, None]}, "deep is", metadata.get("group/sub/deep:deep"))
        bench.check(metadata.get("top:zarr.dimension_names") == ["y", None], "dimension names", metadata.get("top:zarr.dimension_names"))


def test_slices(bench):
    """Slices with steps, of shards and chunks."""
    path = bench.folder / "a.zarr"
    array = smooth("<i4", (50, 60))
    root = zarr.open_group(path, mode="w")
    root.create_array("shards", data=array, shards=(20, 20), chunks=(5, 4))
    root.create_array("chunks", data=array, chunks=(7, 11))
    for name, text in itertools.product(("shards", "chunks"), ("3:40:7,5:6", ":,59:0:-3", "49,:", "::11,::13", "10:10,:")):
        wanted = array[tuple(slice(*[int(word) if word else None for word in part.split(":")]) if ":" in part else int(part)
                             for part in text.split(","))]
        status, found, error = bench.run("cat", path, name, "--slice", text)
        if status == 2 and "-" in text:  # the command has no negative steps
            continue
        bench.check(status == 0 and found == np.ascontiguousarray(wanted).tobytes(), name, text, status, error)


def test_damage(bench):
    """A changed byte under a CRC-32C is a wrong checksum, and verify names the array and goes on."""
    path = bench.folder / "a.zarr"
    root = zarr.open_group(path, mode="w")
    root.create_array("good", data=smooth("<i4", (6, 6)), chunks=(3, 3))
    root.create_array("bad", data=smooth("<i4", (6, 6)), chunks=(3, 3), compressors=[Crc32cCodec()])
    chunk = path / "bad" / "c" / "1" / "0"
    data = bytearray(chunk.read_bytes())
    data[7] ^= 4
    chunk.write_bytes(data)
    status, _, error = bench.run("verify", path)
    bench.check(status == 1 and "checksum" in error + _.decode(), "verify:", status, error, _)
    status, _, error = bench.run("cat", path, "bad")
    bench.check(status != 0 and "checksum" in error, "cat:", status, error)
    bench.check(bench.output("cat", path, "bad", "--slice", "0:3,:") == smooth("<i4", (6, 6))[:3].tobytes(), "the other chunks are good")
