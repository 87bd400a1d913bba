"""gguf against gguf-py (the wheel gguf) and MLX, in both directions."""

import itertools
import json
import math
import random
import struct

import gguf
import ml_dtypes
import mlx.core as mx
import numpy as np
import safetensors.numpy
from gguf import GGMLQuantizationType, GGUFReader
from gguf_kit import (ALIGNMENT, BLOCKS, NUMPY, PLAIN, TYPES, UNKNOWN_TO_PEER, VALUES, Tensor, by_hand, check_file, check_peer,
                      check_read, exact, flat, loaded_as, peer_can, peer_read, peer_write, read, vectors)
from npz_kit import tenon

INTEGERS = {name: (0 if name[0] == "u" else -(1 << int(name[1:]) - 1), (1 << int(name[1:]) - (name[0] == "i")) - 1)
            for name in VALUES if name[1:].isdigit() and name[0] in "ui"}
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e-40, 1e-45, 3.4028234663852886e38, math.inf, -math.inf, math.nan, 123456789.0]
DOUBLES = [*FLOATS[:-1], 5e-324, 1.7976931348623157e308, math.pi]
TEXTS = [b"", b"a", b" ", b"tab\tand\nline", b"\0", b"a\0b", 'é "quoted" \\'.encode(), "漢字".encode(), "\U0001f600".encode(), b"\xff\xfe",
         b"\xe2\x96\x81the", b"n" * 100000]
KEYS = ["a", "general.name", "tokenizer.ggml.tokens", "é", "漢字.\U0001f600", " ", "new\nline", "it's", 'quote"', "back\\slash", "/", "..",
        "k" * 1000, "__metadata__", "tenon.", "GGUF"]
SHAPES = [(), (1,), (4,), (0,), (3, 5), (1, 5), (5, 1), (0, 5), (5, 0), (2, 3, 4), (1, 1, 1), (2, 0, 4), (2, 3, 4, 5), (1, 1, 1, 7),
          (7, 1, 1, 1), (1, 1, 1, 1), (0, 0, 0, 0)]
ONE = {"x": Tensor("f32", (3, 5))}


def scalars():
    """Every type with its least, its most, and what lies between."""
    values = [(kind, value) for kind, (least, most) in INTEGERS.items() for value in (least, most, 0, 1, most // 3)]
    values += [("f32", value) for value in FLOATS] + [("f64", value) for value in DOUBLES]
    return values + [("bool", False), ("bool", True)] + [("string", text) for text in TEXTS]


def items(kind, count, generator):
    """So many values of a type."""
    pool = [value for one, value in scalars() if one == kind]
    if kind in INTEGERS:
        return [generator.randint(*INTEGERS[kind]) for _ in range(count)]
    if kind == "string":
        return [generator.choice(pool[:-1]) + b"%d" % i for i in range(count)] if count > 2 else pool[:count]
    return [generator.choice(pool) for _ in range(count)]


# ---- values ----


def test_scalars(bench):
    """Each value alone, and all in one file."""
    for kind, value in scalars():
        check_file(bench, {"k": (kind, value)}, {}, kind, value)
    everything = {f"{i}.{kind}": (kind, value) for i, (kind, value) in enumerate(scalars())}
    check_file(bench, everything, {}, "all")
    check_file(bench, everything, ONE, "all with a tensor")


def test_arrays(bench):
    generator = random.Random(1)
    for kind in VALUES:
        if kind == "array":
            continue
        for count in (0, 1, 2, 3, 1000):
            value = (kind, items(kind, count, generator))
            check_file(bench, {"before": ("u8", 1), "k": ("array", value), "after": ("string", b"x")}, ONE, kind, count)
    for kind in ("f32", "f64"):
        check_file(bench, {"k": ("array", (kind, FLOATS))}, {}, kind)


def nested(generator, depth, kinds):
    """An array; of arrays as long as depth is more than 0."""
    if depth == 0:
        kind = generator.choice(kinds)
        return kind, items(kind, generator.randrange(4), generator)
    return "array", [nested(generator, depth - 1 if generator.random() < 0.8 else 0, kinds) for _ in range(generator.randrange(4))]


def test_nested(bench):
    """Arrays in arrays, of different lengths, depths and types; what GGUFWriter can write, by it."""
    check_file(bench, {"k": ("array", ("array", []))}, {}, "none")
    check_file(bench, {"k": ("array", ("array", [("i32", [1, 2]), ("i32", [3])]))}, {}, "two")
    check_file(bench, {"k": ("array", ("array", [("string", [b"a", b"b"]), ("bool", [True])]))}, {}, "mixed")
    deep = ("i32", [7])
    for _ in range(20):
        deep = ("array", [deep])
    check_file(bench, {"k": ("array", deep)}, ONE, "20 deep")
    generator = random.Random(2)
    kinds = [kind for kind in VALUES if kind != "array"]
    for depth, i in itertools.product((1, 2, 3), range(40)):
        value = ("array", nested(generator, depth, kinds if i % 2 else ["i32", "f32", "bool", "string"]))
        check_file(bench, {"k": value}, {}, "depth", depth, i)


def test_keys(bench):
    check_file(bench, {key: ("u32", i) for i, key in enumerate(KEYS)}, ONE, "in one order")
    check_file(bench, {key: ("string", key.encode()) for key in reversed(KEYS)}, ONE, "in the other")
    check_file(bench, {f"key.{i}": ("u16", i % 65536) for i in range(20000)}, {}, "20,000")
    check_file(bench, {"general.architecture": ("string", b"llama"), "general.file_type": ("u32", 7)}, ONE, "as models begin")


def test_list(bench):
    """What the command prints of all that, numbers exactly."""
    generator = random.Random(3)
    pairs = {f"{i}.{kind}": (kind, value) for i, (kind, value) in enumerate(scalars())}
    pairs |= {f"array.{kind}": ("array", (kind, items(kind, 9, generator))) for kind in VALUES if kind != "array"}
    pairs["deep"] = ("array", ("array", [("i32", [1, 2]), ("i32", [3])]))
    path = bench.folder / "in.gguf"
    peer_write(path, pairs, ONE)
    listed = bench.list(path)

    def text(kind, value):
        """As JSON has it."""
        if kind == "array":
            return [text(value[0], one) for one in value[1]]
        if kind == "string":
            try:
                return value.decode()
            except UnicodeDecodeError:
                return {"base64": __import__("base64").b64encode(value).decode()}
        if kind in ("f32", "f64"):
            value = struct.unpack("<f", struct.pack("<f", value))[0] if kind == "f32" else value
            return value if math.isfinite(value) else {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}[str(value)]
        return value

    kinds = {key: f"array:{value[0]}" if kind == "array" else kind for key, (kind, value) in pairs.items()}
    bench.check(listed["metadata_types"] == kinds, "types are", listed["metadata_types"])
    for key, (kind, value) in pairs.items():
        found = listed["metadata"].get(key)
        bench.check(exact(found) == exact(text(kind, value)), key, "is", str(found)[:100])
    tensor = listed["tensors"][0]
    bench.check((tensor["name"], tensor["dtype"], tensor["shape"]) == ("x", "f32", [3, 5]), "the tensor is", tensor)
    bench.check(bench.output("cat", path, "x") == ONE["x"].data, "cat")


# ---- tensors ----


def test_types_table(bench):
    """Items and bytes of a block are those of gguf-py; what it does not know is our own word alone."""
    theirs = {kind.name.lower(): (int(kind), *gguf.GGML_QUANT_SIZES[kind]) for kind in GGMLQuantizationType}
    wanted = {name: UNKNOWN_TO_PEER.get(name, row) for name, row in TYPES.items()}
    bench.check({name: row for name, row in wanted.items() if row} == theirs, "gguf-py has other types")
    for name, (_, count, size) in TYPES.items():
        data = by_hand({}, {"x": Tensor(name, (2, 3 * count))})
        _, found = read(data)
        bench.check(found["x"][:2] == (name, (2, 3 * count)) and len(found["x"][2]) == 6 * size, name, "is", found["x"][:2])


def test_plain(bench):
    """GGUFWriter has no bf16 of its own; given as u16 it is what is written."""
    for kind, shape in itertools.product(PLAIN, SHAPES):
        check_file(bench, {}, {"x": Tensor(kind, shape)}, kind, shape)


def test_blocks(bench):
    for kind, (_, count, _) in BLOCKS.items():
        for shape in [(count,), (3 * count,), (2, count), (3, 2 * count), (2, 3, count), (2, 1, 3, 2 * count), (0, count), (2, 0)]:
            check_file(bench, {}, {"x": Tensor(kind, shape)}, kind, shape)
        path = bench.folder / "cat.gguf"
        path.write_bytes(by_hand({}, {"x": Tensor(kind, (3, 2 * count))}))
        bench.check(bench.output("cat", path, "x") == Tensor(kind, (3, 2 * count)).data, kind, "cat")


def everything(generator, unknown=True):
    """Tensors of every type and shape, in random order."""
    rows = list(itertools.product(PLAIN, SHAPES))
    rows += [(kind, (*shape, count)) for kind, (_, count, _) in BLOCKS.items() for shape in ((), (2,), (3, 1), (1, 2, 2))
             if unknown or kind not in UNKNOWN_TO_PEER]
    generator.shuffle(rows)
    return {f"blk.{i}.{generator.choice(KEYS)}": Tensor(kind, shape) for i, (kind, shape) in enumerate(rows)}


def test_everything_at_once(bench):
    generator = random.Random(4)
    pairs = {"general.architecture": ("string", b"llama"), "list": ("array", ("string", [b"a", b""]))}
    check_file(bench, pairs, everything(generator, unknown=False), "known to both")
    check_file(bench, pairs, everything(generator), "all")
    check_file(bench, {}, everything(generator), "all, no keys")


def test_names(bench):
    check_file(bench, {}, {name: Tensor("i8", (i % 40,), i) for i, name in enumerate(KEYS)}, "names")
    check_file(bench, {}, {"n" * length: Tensor("i8", (1,)) for length in range(1, 80)}, "lengths")
    check_file(bench, {}, {f"blk.{i % 64}.{i // 64}.weight": Tensor("f16", (i % 9,)) for i in range(3000)}, "3,000")


def test_alignments(bench):
    """Every power of two that GGUFWriter takes; the key is kept, and obeyed."""
    for shift in range(17):
        alignment = 1 << shift
        pairs = {"general.architecture": ("string", b"x"), "a": ("u8", 1), ALIGNMENT: ("u32", alignment), "b": ("string", b"odd")}
        tensors = {f"t{n}": Tensor("i8", (n,)) for n in (1, 0, 7, 33, 64, 100)} | {"f": Tensor("f64", (2, 2))}
        check_file(bench, pairs, tensors, alignment)
        listed = bench.folder / "out.gguf"
        _, found = peer_read(listed)
        bench.check(list(found) == list(tensors), alignment, "GGUFReader finds", list(found))


def test_without_tensors(bench):
    """gguf-py ends such a file behind its keys when nobody asks it to write tensors, as for the vocabularies, and pads it
    otherwise. Tenon writes the first, and reads both."""
    for pairs in ({}, {"k": ("u8", 1)}, {"general.architecture": ("string", b"llama"), "k": ("string", b"odd")}):
        check_file(bench, pairs, {}, pairs)
        path, out = bench.folder / "padded.gguf", bench.folder / "out.gguf"
        writer = gguf.GGUFWriter(path, pairs.get("general.architecture", ("", b""))[1].decode())
        for key, (kind, value) in pairs.items():
            if key != "general.architecture":
                writer.add_key_value(key, value, gguf.GGUFValueType(VALUES[kind][0]))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        data = path.read_bytes()
        bench.check(len(data) % 32 == 0, "GGUFWriter does not pad any more: no test")
        check_read(bench, path, pairs, {}, "padded")
        tenon().convert(path, out)
        bench.check(out.read_bytes() == by_hand(pairs, {}) == data[:len(by_hand(pairs, {}))], "padded: other bytes")


# ---- versions and byte orders ----


def random_file(generator):
    """Pairs and tensors of any kind; sometimes an alignment."""
    kinds = list(VALUES)
    pairs = {}
    if generator.random() < 0.7:
        pairs["general.architecture"] = ("string", generator.choice([b"llama", b"x", "é".encode()]))
    for i in range(generator.choice([0, 1, 2, 5, 20])):
        kind = generator.choice(kinds)
        value = nested(generator, generator.choice([0, 0, 0, 1, 2]), kinds[:9] + kinds[10:]) if kind == "array" else items(kind, 1, generator)[0]
        pairs[f"{generator.choice(KEYS)}.{i}"] = (kind, value)
    if generator.random() < 0.4:
        pairs[ALIGNMENT] = ("u32", 1 << generator.randrange(10))
    tensors = {}
    for i in range(generator.choice([0, 1, 2, 5, 20])):
        kind = generator.choice(list(TYPES))
        shape = [generator.choice([0, 1, 2, 3, 5]) for _ in range(generator.randrange(5))]
        if kind in BLOCKS:
            shape = [*shape[:3], BLOCKS[kind][1] * generator.choice([0, 1, 1, 2])]
        tensors[f"{generator.choice(KEYS)}.{i}"] = Tensor(kind, shape, i)
    return pairs, tensors


def test_random(bench):
    """Thousands of files that are not like any other."""
    generator, by_peer = random.Random(5), 0
    for i in range(1500):
        pairs, tensors = random_file(generator)
        by_peer += peer_can(pairs, tensors)
        check_file(bench, pairs, tensors, "file", i)
    bench.check(by_peer > 300, "GGUFWriter wrote", by_peer)


def test_versions(bench):
    """Version 1 has sizes of 32 bits; 2 is 3. All become 3, and GGUFReader knows 2 as well."""
    generator = random.Random(6)
    path, out = bench.folder / "in.gguf", bench.folder / "out.gguf"
    for i in range(200):
        pairs, tensors = random_file(generator)
        for version in (1, 2):
            path.write_bytes(by_hand(pairs, tensors, version))
            check_read(bench, path, pairs, tensors, "version", version, i)
            if version == 2:
                check_peer(bench, path, pairs, tensors, "version 2", i)
            tenon().convert(path, out)
            bench.check(out.read_bytes() == by_hand(pairs, tensors), "version", version, i, "becomes something else")


def test_big_endian(bench):
    """By GGUFWriter, and by hand; the same values and little-endian bytes, and little-endian files of them."""
    generator = random.Random(7)
    path, out = bench.folder / "in.gguf", bench.folder / "out.gguf"
    files = [({}, {"x": Tensor(kind, (2, 2 * row[1]))}) for kind, row in TYPES.items()]
    files += [({f"{i}.{kind}": (kind, value) for i, (kind, value) in enumerate(scalars())}, ONE)]
    files += [random_file(generator) for _ in range(300)]
    for i, (pairs, tensors) in enumerate(files):
        data = by_hand(pairs, tensors, big=True)
        if peer_can(pairs, tensors):
            peer_write(path, pairs, tensors, big=True)
            bench.check(path.read_bytes() == data, "big", i, "by hand it differs from what GGUFWriter writes")
        path.write_bytes(data)
        check_read(bench, path, pairs, tensors, "big", i)
        tenon().convert(path, out)
        bench.check(out.read_bytes() == by_hand(pairs, tensors), "big", i, "becomes something else")


def test_big_endian_tool(bench):
    """gguf-py's own tool turns files round in place: what it makes of ours are the same tensors."""
    import builtins  # noqa: PLC0415  pylint: disable=import-outside-toplevel
    from types import SimpleNamespace  # noqa: PLC0415  pylint: disable=import-outside-toplevel
    from unittest import mock  # noqa: PLC0415  pylint: disable=import-outside-toplevel

    from gguf.scripts import gguf_convert_endian as tool  # noqa: PLC0415  pylint: disable=import-outside-toplevel
    pairs = {"general.architecture": ("string", b"llama"), "u": ("u64", 2**60 + 1), "d": ("f64", 0.1), "l": ("array", ("i16", [1, -2, 3])),
             "s": ("array", ("string", [b"a", b"bc"]))}
    kinds = ["f32", "f16", "bf16", *(kind.name.lower() for kind in tool.byteswap_tensors)]
    tensors = {kind: Tensor(kind, (3, 2 * TYPES[kind][1])) for kind in kinds}
    path, out = bench.folder / "in.gguf", bench.folder / "out.gguf"
    path.write_bytes(by_hand(pairs, tensors))
    with mock.patch.object(builtins, "input", lambda _: "YES"), mock.patch.object(tool, "tqdm", lambda rows, **_: Quiet(rows)):
        tool.convert_byteorder(GGUFReader(path, "r+"), SimpleNamespace(order="big", dry_run=False))
    bench.check(path.read_bytes() == by_hand(pairs, tensors, big=True), "by hand it differs from what the tool makes")
    check_read(bench, path, pairs, tensors, "by the tool")
    tenon().convert(path, out)
    bench.check(out.read_bytes() == by_hand(pairs, tensors), "does not come back")


class Quiet:
    """In place of a bar."""

    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        return iter(self.rows)

    def set_description(self, text):
        pass


# ---- from and to other formats ----


def arrays_of(generator, names):
    """NumPy arrays that gguf can hold."""
    arrays = {}
    for name in names:
        kind = generator.choice(list(PLAIN))
        shape = [generator.choice([0, 1, 2, 3, 8]) for _ in range(generator.randrange(5))]
        tensor = Tensor(kind, shape, name)
        arrays[name] = np.frombuffer(tensor.data, NUMPY[kind]).reshape(shape)
    return arrays


def tensors_from(arrays):
    kinds = {np.dtype(dtype): kind for kind, dtype in NUMPY.items()}
    return {name: Tensor(kinds[array.dtype], array.shape, data=array.tobytes()) for name, array in arrays.items()}


def check_converted(bench, source, pairs, tensors, *words):
    """What tenon makes of a file of another format is what GGUFWriter writes of the same."""
    out, theirs = bench.folder / "out.gguf", bench.folder / "theirs.gguf"
    tenon().convert(source, out)
    peer_write(theirs, pairs, tensors)
    bench.check(out.read_bytes() == theirs.read_bytes(), *words, "is not what GGUFWriter writes")
    check_peer(bench, out, pairs, tensors, *words)


def test_from_npz(bench):
    generator = random.Random(8)
    for i in range(100):
        arrays = {name: array for name, array in arrays_of(generator, [f"w/{k}" for k in range(generator.randrange(9))]).items()}
        path = bench.folder / "in.npz"
        (np.savez if i % 2 else np.savez_compressed)(path, **arrays)
        check_converted(bench, path, {}, tensors_from(arrays), "npz", i)
    turned = {"f": np.asfortranarray(np.arange(12, dtype="<f4").reshape(3, 4)), "b": np.arange(6, dtype=">f8").reshape(2, 3),
              "fb": np.asfortranarray(np.arange(24, dtype=">i2").reshape(2, 3, 4))}
    path = bench.folder / "in.npz"
    np.savez(path, **turned)
    plain = {name: np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"))) for name, array in turned.items()}
    check_converted(bench, path, {}, tensors_from(plain), "Fortran order, big-endian")


def test_from_safetensors(bench):
    """In the order of the source, which is its library's; its texts are strings."""
    generator = random.Random(9)
    for i in range(100):
        arrays = arrays_of(generator, [f"model.{k}.weight" for k in range(generator.randrange(9))])
        metadata = {"format": "pt"} if i % 3 else None
        path = bench.folder / "in.safetensors"
        safetensors.numpy.save_file(arrays, path, metadata=metadata)
        header = json.loads(path.read_bytes()[8:8 + int.from_bytes(path.read_bytes()[:8], "little")])
        order = [name for name in header if name != "__metadata__"]
        pairs = {key: ("string", text.encode()) for key, text in (metadata or {}).items()}
        check_converted(bench, path, pairs, tensors_from({name: arrays[name] for name in order}), "safetensors", i)


def test_from_memory(bench):
    """The library's save of arrays in memory."""
    arrays = arrays_of(random.Random(10), [f"w{k}" for k in range(40)])
    numbers = {np.dtype(dtype): tenon().lib.tenon_dtype_find(tenon().context, kind.encode()) for kind, dtype in NUMPY.items()}
    ours, theirs = bench.folder / "ours.gguf", bench.folder / "theirs.gguf"
    tenon().save_many(ours, [(name, array, numbers[array.dtype]) for name, array in arrays.items()])
    peer_write(theirs, {}, tensors_from(arrays))
    bench.check(ours.read_bytes() == theirs.read_bytes(), "tenon_save is not what GGUFWriter writes")


def test_what_does_not_fit(bench):
    """Unsigned numbers, bool, complex numbers and more than 4 dims have no place."""
    for array in (np.zeros(3, "u1"), np.zeros(3, "<u4"), np.zeros(3, "?"), np.zeros(3, "<c8"), np.zeros((1, 1, 1, 1, 2), "<f4")):
        path = bench.folder / "in.npz"
        np.savez(path, x=array)
        status, _, error = bench.run("convert", path, bench.folder / "none.gguf")
        bench.check(status != 0 and "x" in error and not (bench.folder / "none.gguf").exists(), array.dtype, array.shape, status, error)


def check_there_and_back(bench, path, *words):
    """Through the other formats, byte for byte."""
    data = path.read_bytes()
    for name, settings in (("between.safetensors", ()), ("between.npz", ("-o", "npz.metadata=member"))):
        between, back = bench.folder / name, bench.folder / "back.gguf"
        if bench.convert(path, between, "-q", "--carry", *settings) is None:
            continue
        bench.check(bench.convert(between, back, "-q") == data, *words, name, "comes back changed")
        if name.endswith("npz"):
            with np.load(between) as file:
                bench.check(len(file.files) >= len(read(path)[1]), *words, "NumPy finds", file.files[:9])
        else:
            with safetensors.safe_open(between, "np") as file:
                bench.check(sorted(file.keys()) == sorted(read(path)[1]), *words, "safetensors finds", file.keys()[:9])


def test_there_and_back(bench):
    for path in vectors():
        check_there_and_back(bench, path, path.name)
    generator = random.Random(11)
    path = bench.folder / "in.gguf"
    for i in range(60):
        pairs, tensors = random_file(generator)
        if i % 2:  # of types that the other formats have as well
            tensors = tensors_from(arrays_of(generator, [f"w.{generator.randrange(1000)}" for _ in range(generator.randrange(9))]))
        path.write_bytes(by_hand(pairs, tensors))
        check_there_and_back(bench, path, "file", i)


# ---- real files ----


def test_real_files(bench):
    """Vocabularies of llama.cpp and vectors of ggml: each key and tensor as GGUFReader finds it, and the same bytes again."""
    for path in vectors():
        metadata, tensors = read(path)
        unknown = [name for name, (kind, *_) in tensors.items() if kind in UNKNOWN_TO_PEER]
        known = bench.folder / "known.gguf"
        bench.convert(path, known, *itertools.chain(*(("--except", name) for name in unknown)))
        peer_metadata, peer_tensors = peer_read(known)
        peer_tensors |= {name: tensors[name] for name in unknown}
        bench.check(list(metadata) == list(peer_metadata), path.name, "has the keys", list(metadata))
        for key, (kind, value) in metadata.items():
            same = exact(flat(kind, value)) == exact(peer_metadata.get(key))
            bench.check(same, path.name, key, "is to tenon", str(value)[:100])
        bench.check(sorted(tensors) == sorted(peer_tensors), path.name, "has the tensors", list(tensors))
        for name, tensor in tensors.items():
            bench.check(tensor == peer_tensors.get(name), path.name, name, "differs")
        bench.check(bench.convert(path, bench.folder / "out.gguf") == path.read_bytes(), path.name, "convert changes bytes")
        bench.check(bench.output("verify", path) is not None, path.name, "verify")


# ---- MLX ----

MLX = {"float32": "f32", "float16": "f16", "int8": "i8", "int16": "i16", "int32": "i32"}


def mlx_same(array, tensor):
    return (MLX.get(str(array.dtype).removeprefix("mlx.core.")) == tensor.kind and tuple(array.shape) == tensor.shape
            and np.asarray(array).tobytes() == tensor.data)


def mlx_arrays():
    arrays = {f"{name}.{'x'.join(map(str, shape))}": (name, shape) for name in MLX for shape in [(), (1,), (7,), (3, 5), (2, 3, 4), (2, 1, 3, 2)]}
    return {key: mx.arange(math.prod(shape) or 1).reshape(shape).astype(getattr(mx, name)) for key, (name, shape) in arrays.items()}


def test_from_mlx(bench):
    """MLX writes no last padding; the rest is what GGUFWriter writes of the same."""
    arrays = mlx_arrays()
    metadata = {"s": "text é", "empty": "", "l": ["a", "bb", ""], "f": mx.array(1.5), "i": mx.array([1, -2, 3]), "b": mx.array([True, False]),
                "t": mx.array(True), "u": mx.array([1, 2**40], dtype=mx.uint64), "n": mx.array(-3, dtype=mx.int8)}
    pairs = {"s": ("string", "text é".encode()), "empty": ("string", b""), "l": ("array", ("string", [b"a", b"bb", b""])), "f": ("f32", 1.5),
             "i": ("array", ("i32", [1, -2, 3])), "b": ("array", ("bool", [True, False])), "t": ("bool", True),
             "u": ("array", ("u64", [1, 2**40])), "n": ("i8", -3)}
    path, out = bench.folder / "mlx.gguf", bench.folder / "out.gguf"
    for some in (arrays, dict(list(arrays.items())[:1]), {}):
        mx.save_gguf(str(path), some, metadata)
        found, tensors = read(path)
        bench.check(exact(dict(sorted(found.items()))) == exact(dict(sorted(pairs.items()))), "MLX's metadata are to tenon", found)
        bench.check(sorted(tensors) == sorted(some), "MLX's tensors are to tenon", list(tensors))
        for name, array in some.items():
            kind, shape, data = tensors[name]
            bench.check(mlx_same(array, Tensor(kind, shape, data=data)), name, "is", kind, shape)
        tenon().convert(path, out)
        own = {name: Tensor(kind, shape, data=data) for name, (kind, shape, data) in tensors.items()}
        bench.check(out.read_bytes() == by_hand({key: pairs[key] for key in found}, own), "is not what GGUFWriter writes")
    mx.save_gguf(str(path), {"x": mx.zeros((1, 1, 2, 3, 4))}, {})
    status, _, error = bench.run("ls", path)
    bench.check(status != 0 and "5 dims" in error, "MLX's 5 dims", status, error)


def test_to_mlx(bench):
    """What MLX has a type for it loads as it is."""
    generator = random.Random(12)
    rows = list(itertools.product(MLX.values(), [(), (1,), (7,), (3, 5), (2, 3, 4), (2, 1, 3, 2)]))
    tensors = {f"{kind}.{i}": Tensor(kind, shape) for i, (kind, shape) in enumerate(rows)}
    pairs = {f"{kind}.{i}": (kind, value) for i, (kind, value) in enumerate(scalars()) if kind not in ("f64", "string")}
    pairs |= {kind: ("array", (kind, items(kind, 9, generator))) for kind in VALUES if kind not in ("f64", "array", "string")}
    pairs |= {"text": ("string", "é".encode()), "texts": ("array", ("string", [b"a", "漢".encode(), b""]))}
    path, source = bench.folder / "ours.gguf", bench.folder / "in.npz"
    np.savez(source, **{name: np.frombuffer(tensor.data, NUMPY[tensor.kind]).reshape(tensor.shape) for name, tensor in tensors.items()})
    tenon().convert(source, path)
    loaded = mx.load(str(path))
    bench.check(sorted(loaded) == sorted(tensors), "MLX finds", sorted(loaded)[:9])
    for name, tensor in tensors.items():
        bench.check(mlx_same(loaded[name], tensor), name, "MLX loads", loaded[name].dtype, loaded[name].shape)
    source.with_suffix(".gguf").write_bytes(by_hand(pairs, tensors, version=2))
    tenon().convert(source.with_suffix(".gguf"), path)
    loaded, found = mx.load(str(path), return_metadata=True)
    bench.check(sorted(loaded) == sorted(tensors) and sorted(found) == sorted(pairs), "MLX finds", sorted(found)[:9])
    for key, (kind, value) in pairs.items():
        mine = found[key] if isinstance(found[key], (str, list)) else found[key].tolist()
        plain = value if kind != "array" else value[1]
        if kind == "string" or kind == "array" and value[0] == "string":
            plain = plain.decode() if kind == "string" else [text.decode() for text in plain]
        elif "f32" in (kind, value[0] if kind == "array" else ""):
            plain = np.array(plain, "<f4").tolist()
        bench.check(exact(mine) == exact(plain), key, "MLX finds", str(mine)[:100])


def test_mlx_quantised(bench):
    """Of q4_0, q4_1 and q8_0 MLX makes a triple; its scales, its biases and its numbers are those of our blocks."""
    for kind, bits in (("q4_0", 4), ("q4_1", 4), ("q8_0", 8)):
        blocks = 6
        tensor = Tensor(kind, (3, 64))
        raw = np.frombuffer(tensor.data, np.uint8).reshape(blocks, -1).copy()
        raw[:, 1] = raw[:, 1] & 0x83 | 0x30  # finite scales, neither large nor small
        raw[:, 3] = raw[:, 3] & 0x83 | 0x30 if kind == "q4_1" else raw[:, 3]
        tensor = Tensor(kind, (3, 64), data=raw.tobytes())
        path, out = bench.folder / "in.safetensors", bench.folder / "ours.gguf"
        (bench.folder / "in.gguf").write_bytes(by_hand({}, {"w.weight": tensor}))
        bench.convert(bench.folder / "in.gguf", path, "-q", "--carry")
        bench.convert(path, out)
        loaded = mx.load(str(out))
        bench.check(sorted(loaded) == ["w.biases", "w.scales", "w.weight"], kind, "MLX loads", sorted(loaded))
        scales = raw[:, :2].copy().view("<f2").reshape(3, 2)
        bench.check(np.array_equal(np.asarray(loaded["w.scales"]), scales), kind, "has other scales")
        packed = raw[:, 4 if kind == "q4_1" else 2:]
        numbers = (np.concatenate([packed & 15, packed >> 4], 1) if bits == 4 else packed ^ 128).reshape(3, 64)
        words = np.asarray(loaded["w.weight"]).view("u1")
        found = np.stack([words & 15, words >> 4], -1).reshape(3, 64) if bits == 4 else words
        bench.check(np.array_equal(found, numbers), kind, "has other numbers")
