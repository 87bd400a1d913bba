# SPDX-License-Identifier: MIT
"""Stores of zarr-python: what both of its major versions can do. As a program it is run by the Python of the older one:
zarr_peer.py make FOLDER writes samples, and what they hold to FOLDER/samples.pickle; zarr_peer.py read FOLDER reads all stores of the folder,
and writes what it finds to FOLDER/found.pickle."""

import itertools
import pathlib
import pickle
import sys
import warnings

import numpy as np
import zarr

warnings.simplefilter("ignore")

ATTRIBUTES = {"units": "K", "count": 3, "scale": 0.25, "flag": True, "nothing": None, "list": [1, 2, 3], "mixed": [1, "two", [3.5, False]],
              "deep": {"a": {"b": [1, {"c": "d"}]}, "empty": {}}, "ünicode": "Grüße", "big": 2**63 + 5, "negative": -7, "none": []}
PLAIN = "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split()
OPAQUE = ["S5", "U3", "M8[ns]", "m8[s]", "V7"]


def words(kinds):
    """The type strings of kinds: one for each byte order that they have."""
    return [mark + kind for kind in kinds for mark in ("<>" if np.dtype(kind).newbyteorder(">").str[0] == ">" else "|")]


def make(word, shape, seed=0):
    """An array of random bytes that are valid for its dtype."""
    dtype = np.dtype(word)
    count = int(np.prod(shape))
    generator = np.random.default_rng([seed, count, dtype.itemsize])
    data = generator.integers(0, 256, count * dtype.itemsize, dtype=np.uint8)
    if dtype.kind == "b":
        data &= 1
    if dtype.kind == "S":
        data = data % 94 + 33
    if dtype.kind == "U":
        data = generator.integers(32, 0xD7FF, count * dtype.itemsize // 4).astype("<u4" if dtype.str[0] == "<" else ">u4")
    return np.frombuffer(data.tobytes(), dtype).reshape(shape) if count * dtype.itemsize else np.zeros(shape, dtype)


def smooth(word, shape):
    """Numbers that compress."""
    return (np.arange(int(np.prod(shape))) // 3 % 100).reshape(shape).astype(word)


def collect(path):
    """Everything that a store holds: {path of a node: (attributes, array or None)}."""
    found = {}

    def visit(node, name):
        is_array = isinstance(node, zarr.Array)
        found[name] = (dict(node.attrs.asdict()), node[...] if is_array else None)
        if not is_array:
            for children in (node.arrays(), node.groups()):
                for key, child in children:
                    visit(child, f"{name}/{key}" if name else key)

    zipped = str(path).endswith(".zip")
    kind = zarr.ZipStore if hasattr(zarr, "ZipStore") else zarr.storage.ZipStore
    store = kind(str(path), mode="r") if zipped else str(path)
    visit(zarr.open(store, mode="r"), "")
    if zipped:
        store.close()
    return found


# ---- samples of the older version ----


def compressors():
    from numcodecs import BZ2, GZip, LZ4, LZMA, Blosc, Zlib, Zstd
    chosen = {"none": None, "zlib": Zlib(3), "gzip": GZip(4), "bz2": BZ2(2), "lzma": LZMA(preset=1), "zstd": Zstd(2), "lz4": LZ4(1)}
    for name, shuffle in itertools.product(("blosclz", "lz4", "lz4hc", "zlib", "zstd"), (0, 1, 2)):
        chosen[f"blosc {name} {shuffle}"] = Blosc(name, 4, shuffle)
    return chosen


def filters(word):
    from numcodecs import Adler32, CRC32, Delta, Shuffle
    size = np.dtype(word).itemsize
    chosen = {"none": None, "shuffle": [Shuffle(size)], "crc32": [CRC32()], "adler32 shuffle": [Adler32(), Shuffle(size)],
              "shuffle crc32": [Shuffle(size), CRC32()]}
    if np.dtype(word).kind in "iu":
        chosen["delta"] = [Delta(word)]
        chosen["delta shuffle crc32"] = [Delta(word), Shuffle(size), CRC32()]
    return chosen


def write_samples(folder):
    """Arrays in all dtypes and orders, with all codecs, as groups of a few stores."""
    wanted = {}
    root = zarr.open_group(str(folder / "dtypes.zarr"), mode="w")
    arrays = {}
    for word, order, separator, shape in itertools.product(words(PLAIN + OPAQUE), "CF", "./", ((5, 7), (3,))):
        name = f"{word.strip('|')} {order} {'x'.join(map(str, shape))} {'dot' if separator == '.' else 'slash'}".translate(
            str.maketrans("<>[]", "lb()"))
        array = make(word, shape)
        root.create_dataset(name, data=array, chunks=(2, 4)[:len(shape)], order=order, dimension_separator=separator, compressor=None)
        arrays[name] = array
    for shape, chunks in (((), ()), ((0,), (3,)), ((0, 3), (1, 2)), ((7,), (100,)), ((4, 4), (4, 4)), ((3, 4, 5), (2, 4, 1))):
        name = f"shape {'x'.join(map(str, shape))}"
        arrays[name] = make("<i4", shape)
        root.create_dataset(name, data=arrays[name], chunks=chunks or None)
    structure = np.dtype([("a", "<f4"), ("b", ">i2", (2,)), ("c", "S3")])
    arrays["structure"] = np.frombuffer(bytes(range(structure.itemsize * 5)), structure)
    root.create_dataset("structure", data=arrays["structure"], chunks=2)
    wanted["dtypes"] = arrays
    root = zarr.open_group(str(folder / "codecs.zarr"), mode="w")
    arrays = {}
    for word, shape in (("<f4", (13, 50)), (">i2", (13, 50)), ("|u1", (70,))):
        for (name, compressor), (filter_name, filter_list) in itertools.product(compressors().items(), filters(word).items()):
            if filter_name != "none" and name not in ("none", "zlib", "zstd", "blosc lz4 1"):
                continue
            name = f"{np.dtype(word).name} {name} {filter_name}"
            arrays[name] = smooth(word, shape)
            root.create_dataset(name, data=arrays[name], chunks=(5, 50)[:len(shape)], compressor=compressor, filters=filter_list)
    wanted["codecs"] = arrays
    root = zarr.open_group(str(folder / "fills.zarr"), mode="w")
    arrays = {}
    fills = {"<f4": [0.1, np.nan, np.inf, -np.inf], ">f8": [1e300], "<i8": [-2**63], "<u8": [2**64 - 1], "|b1": [True], "<c8": [1.5 - 2j],
             "|S5": [b"ab"], "<U3": ["äb"], "<M8[ns]": [np.datetime64("2020-01-02", "ns")], "<f2": [0.5], "|i1": [-3]}
    for word, values in fills.items():
        for value in values:
            name = f"{np.dtype(word).name} {value}".translate(str.maketrans("/[]", "_()"))
            array = root.create_dataset(name, shape=(5, 4), chunks=(2, 2), dtype=word, fill_value=value)
            array[1:3, 1:2] = make(word, (2, 1))
            arrays[name] = array[...]
    wanted["fills"] = arrays
    root = zarr.open_group(str(folder / "nested.zarr"), mode="w")
    root.attrs.update(ATTRIBUTES)
    arrays = {}
    for name in ("top", "group/middle", "group/sub/deep"):
        arrays[name] = smooth("<i4", (4, 6))
        root.create_dataset(name, data=arrays[name], chunks=(3, 3)).attrs.update({"name": name, "kind": [name]})
    root["group"].attrs["about"] = {"a": "group"}
    wanted["nested"] = arrays
    zarr.save_array(str(folder / "single.zarr"), smooth("<f8", (9, 9)), chunks=(4, 4))
    wanted["single"] = {"": smooth("<f8", (9, 9))}
    with zarr.ZipStore(str(folder / "zipped.zarr.zip"), mode="w") as store:
        root = zarr.group(store)
        root.attrs.update(ATTRIBUTES)
        wanted["zipped"] = {}
        for name in ("a", "g/b"):
            wanted["zipped"][name] = smooth("<i2", (30, 20))
            root.create_dataset(name, data=wanted["zipped"][name], chunks=(7, 7))
    # the same with consolidated metadata
    root = zarr.open_group(str(folder / "consolidated.zarr"), mode="w")
    root.attrs.update(ATTRIBUTES)
    wanted["consolidated"] = {}
    for name in ("a", "g/b"):
        wanted["consolidated"][name] = smooth("<u2", (30, 20))
        root.create_dataset(name, data=wanted["consolidated"][name], chunks=(7, 7))
    zarr.consolidate_metadata(str(folder / "consolidated.zarr"))
    return wanted


def main():
    folder = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "make":
        (folder / "samples.pickle").write_bytes(pickle.dumps(write_samples(folder)))
        return
    found = {}
    for path in sorted(folder.glob("*.zarr")) + sorted(folder.glob("*.zarr.zip")):
        try:
            found[path.name] = collect(path)
        except Exception as error:  # pylint: disable=broad-except
            found[path.name] = repr(error)
    (folder / "found.pickle").write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main()
