# SPDX-License-Identifier: MIT
"""Tests gguf with other formats and programs: npz, safetensors, real files, sharded sets, MLX."""

import itertools
import json
import math
import random

import mlx.core as mx
import numpy as np
import safetensors.numpy
from gguf_kit import (ALIGNMENT, BLOCKS, NUMPY, UNKNOWN_TO_PEER, VALUES, Tensor, by_hand, check_peer, check_read, exact, flat,
                      loaded_as, peer_read, peer_write, read, vectors)
from gguf_samples import SCALES, arrays_of, even, items, ones, random_file, scalars, tensors_from
from npz_kit import tenon

# ---- from and to other formats ----


def check_converted(bench, source, pairs, tensors, *words):
    """tenon converts another format to the bytes that GGUFWriter writes from the same arrays."""
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
    """safetensors' tensors keep the order of the source, which its library sorts; its texts become strings."""
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
    """The library saves arrays from memory to the bytes that GGUFWriter writes."""
    arrays = arrays_of(random.Random(10), [f"w{k}" for k in range(40)])
    numbers = {np.dtype(dtype): tenon().lib.tenon_dtype_find(tenon().context, kind.encode()) for kind, dtype in NUMPY.items()}
    ours, theirs = bench.folder / "ours.gguf", bench.folder / "theirs.gguf"
    tenon().save_many(ours, [(name, array, numbers[array.dtype]) for name, array in arrays.items()])
    peer_write(theirs, {}, tensors_from(arrays))
    bench.check(ours.read_bytes() == theirs.read_bytes(), "tenon_save is not what GGUFWriter writes")


def test_what_does_not_fit(bench):
    """gguf cannot hold unsigned integers, bool, and complex numbers."""
    for array in (np.zeros(3, "u1"), np.zeros(3, "<u4"), np.zeros(3, "?"), np.zeros(3, "<c8")):
        path = bench.folder / "in.npz"
        np.savez(path, x=array)
        status, _, error = bench.run("convert", path, bench.folder / "none.gguf")
        bench.check(status != 0 and "x" in error and not (bench.folder / "none.gguf").exists(), array.dtype, array.shape, status, error)


def check_there_and_back(bench, path, *words):
    """A file goes through the other formats and back, byte for byte."""
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
        if i % 2:  # types that the other formats have as well
            tensors = tensors_from(arrays_of(generator, [f"w.{generator.randrange(1000)}" for _ in range(generator.randrange(9))]))
        path.write_bytes(by_hand(pairs, tensors))
        check_there_and_back(bench, path, "file", i)


# ---- metadata edited ----


def test_edited(bench):
    """--set and --unset give the bytes that GGUFWriter writes with these values in these places; the tensors stay."""
    pairs = {"general.architecture": ("string", b"llama"), "general.name": ("string", b"old"), "llama.context_length": ("u32", 128),
             "list": ("array", ("i32", [1, 2])), "gone.a": ("u8", 1), "gone.b": ("bool", True), ALIGNMENT: ("u32", 64)}
    wanted = {"general.architecture": ("string", b"llama"), "general.name": ("string", "née = 木".encode()),
              "llama.context_length": ("u32", 4294967295), "list": ("array", ("i32", [-7])), ALIGNMENT: ("u32", 8),
              "f": ("f32", 0.1), "d": ("f64", 0.1), "words": ("array", ("string", ["a".encode(), "é\"".encode()])), "flag": ("bool", False)}
    rules = ["general.name=née = 木", "llama.context_length=4294967295", "list=[-7]", f"{ALIGNMENT}=8", "f=0.1", "d=0.1",
             'words=["a","é\\""]', "flag=false"]
    types = ["f=f32", "d=f64", "words=array:string", "flag=bool"]
    tensors = even(random.Random(16), 9)
    path, theirs = bench.folder / "in.gguf", bench.folder / "theirs.gguf"
    path.write_bytes(by_hand(pairs, tensors))
    peer_write(theirs, wanted, tensors)
    words = [word for rule in rules for word in ("--set", rule)] + [word for kind in types for word in ("--set-type", kind)]
    found = bench.convert(path, bench.folder / "out.gguf", *words, "--unset", "gone.*")
    bench.check(found == theirs.read_bytes() == by_hand(wanted, tensors), "is not what GGUFWriter writes")


# ---- real files ----


def test_real_files(bench):
    """tenon and GGUFReader read llama.cpp's vocabularies and ggml's vectors alike, and tenon writes the same bytes."""
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


# ---- sets ----


def shards_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def check_set(bench, pairs, tensors, options, settings):
    """gguf-py and tenon split alike, and tenon merges gguf-py's shards to the original file."""
    ours, theirs = bench.folder / "ours", bench.folder / "theirs"
    for folder in (ours, theirs):
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
    whole, out = bench.folder / "whole.gguf", bench.folder / "out.gguf"
    whole.write_bytes(by_hand(pairs, tensors))
    peer_write(theirs / "model.gguf", pairs, tensors, **options)
    tenon().convert(whole, ours / "model.gguf", *settings)
    found, wanted = shards_of(ours), shards_of(theirs)
    bench.check(list(found) == list(wanted), options, "makes", list(found)[:5], "and not", list(wanted)[:5])
    bench.check(found == wanted, options, "shards differ", [name for name in wanted if found.get(name) != wanted[name]][:5])
    first = theirs / min(wanted)
    tenon().convert(first, out)
    bench.check(out.read_bytes() == whole.read_bytes(), options, "as one file it differs")
    check_read(bench, first, pairs, tensors, options)
    bench.check(len(wanted) == 1 or bench.output("verify", first) is not None, options, "verify")


def test_sets(bench):
    generator = random.Random(13)
    pairs = {"general.architecture": ("string", b"llama"), "k": ("array", ("string", [b"a", b"b"]))}
    for count in (1, 2, 7, 40):
        tensors = even(generator, count)
        for most in (1, 2, 3, 10, 100):
            check_set(bench, pairs, tensors, {"split_max_tensors": most}, (f"gguf.shard_tensors={most}",))
        for most in (32, 96, 1000, 4000, 100000):
            check_set(bench, pairs, tensors, {"split_max_size": most}, (f"gguf.shard_size={most}",))
        check_set(bench, pairs, tensors, {"split_max_size": 4000, "split_max_tensors": 5}, ("gguf.shard_size=4000", "gguf.shard_tensors=5"))


def test_small_first_shard(bench):
    """The first shard may hold keys alone; gguf-py can write such a set."""
    pairs, tensors = {"general.architecture": ("string", b"llama")}, even(random.Random(14), 9)
    peer_write(bench.folder / "model.gguf", pairs, tensors, split_max_tensors=4, small_first_shard=True)
    first = min(bench.folder.iterdir())
    bench.check(first.name == "model-00001-of-00004.gguf", "there are", sorted(path.name for path in bench.folder.iterdir()))
    check_read(bench, first, pairs, tensors)
    one = bench.folder / "one.gguf"
    bench.check(bench.convert(first, one) == by_hand(pairs, tensors), "as one file it differs")
    bench.output("convert", "-o", "gguf.empty_first=yes", "-o", "gguf.shard_tensors=4", one, bench.folder / "own.gguf")
    for path in sorted(bench.folder.glob("model-*")):
        own = bench.folder / path.name.replace("model", "own")
        bench.check(own.read_bytes() == path.read_bytes(), own.name, "is not what gguf-py writes")


def test_sets_of_the_other_order(bench):
    """The shards of a big-endian set are those that gguf-py writes."""
    pairs, tensors = {"general.architecture": ("string", b"llama"), "n": ("u16", 258)}, even(random.Random(15), 9)
    peer_write(bench.folder / "model.gguf", pairs, tensors, big=True, split_max_tensors=4)
    (bench.folder / "one.gguf").write_bytes(by_hand(pairs, tensors))
    bench.output("convert", "-o", "gguf.byte_order=big", "-o", "gguf.shard_tensors=4", bench.folder / "one.gguf", bench.folder / "own.gguf")
    paths = sorted(bench.folder.glob("model-*"))
    bench.check(len(paths) == 3, "there are", paths)
    for path in paths:
        bench.check((bench.folder / path.name.replace("model", "own")).read_bytes() == path.read_bytes(), path.name, "differs")
    check_read(bench, paths[0], pairs, tensors)


def test_sets_keep_the_alignment(bench):
    """tenon states the alignment in each shard. gguf-py aligns all shards but states it in the first alone: readers misread the others."""
    pairs = {"general.architecture": ("string", b"x"), ALIGNMENT: ("u32", 128)}
    tensors = {f"t{i}": Tensor("i8", (100 + i,)) for i in range(5)}
    (bench.folder / "whole.gguf").write_bytes(by_hand(pairs, tensors))
    tenon().convert(bench.folder / "whole.gguf", bench.folder / "set.gguf", "gguf.shard_tensors=2")
    paths = sorted(bench.folder.glob("set-*"))
    bench.check(len(paths) == 3, "there are", paths)
    together = {}
    for path in paths:
        metadata, found = peer_read(path)
        bench.check(metadata.get(ALIGNMENT) == ("u32", [128]), path.name, "has the alignment", metadata.get(ALIGNMENT))
        together |= found
    wanted = {name: (tensor.kind, tensor.shape, tensor.data) for name, tensor in tensors.items()}
    bench.check(together == wanted, "GGUFReader finds other tensors in the shards")
    tenon().convert(paths[0], bench.folder / "out.gguf")
    bench.check((bench.folder / "out.gguf").read_bytes() == (bench.folder / "whole.gguf").read_bytes(), "as one file it differs")


# ---- MLX ----

MLX = {"float32": "f32", "float16": "f16", "int8": "i8", "int16": "i16", "int32": "i32"}


def mlx_same(array, tensor):
    return (MLX.get(str(array.dtype).removeprefix("mlx.core.")) == tensor.kind and tuple(array.shape) == tensor.shape
            and np.asarray(array).tobytes() == tensor.data)


def mlx_arrays():
    arrays = {f"{name}.{'x'.join(map(str, shape))}": (name, shape) for name in MLX for shape in [(), (1,), (7,), (3, 5), (2, 3, 4), (2, 1, 3, 2)]}
    return {key: mx.arange(math.prod(shape) or 1).reshape(shape).astype(getattr(mx, name)) for key, (name, shape) in arrays.items()}


def test_from_mlx(bench):
    """MLX writes no padding after the last tensor; but for that tenon converts its file to GGUFWriter's bytes."""
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
    five = mx.random.normal((1, 1, 2, 3, 4))
    mx.save_gguf(str(path), {"x": five}, {})
    kind, shape, data = read(path)[1]["x"]
    bench.check((kind, shape, data) == ("f32", (1, 1, 2, 3, 4), np.array(five).tobytes()), "MLX's 5 dims", kind, shape)


def test_to_mlx(bench):
    """MLX loads tenon's files unchanged where it has the type."""
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


def mlx_blocks(kind):
    """Returns a tensor whose scales are neither large nor small."""
    tensor = Tensor(kind, (3, 64))
    raw = np.frombuffer(tensor.data, np.uint8).reshape(6, -1).copy()
    for at in SCALES[kind]:
        raw[:, at + 1] = raw[:, at + 1] & 0x83 | 0x30
    return Tensor(kind, tensor.shape, data=raw.tobytes())


def test_mlx_quantised(bench):
    """MLX loads q4_0, q4_1 and q8_0 as a triple; its scales and numbers are those of tenon's blocks."""
    for kind, bits in (("q4_0", 4), ("q4_1", 4), ("q8_0", 8)):
        tensor = mlx_blocks(kind)
        raw = np.frombuffer(tensor.data, np.uint8).reshape(6, -1)
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


def test_mlx_other_types(bench):
    """MLX fails on most types, or drops them and all later tensors; it loads them once tenon has converted them to f16."""
    for kind, (_, count, _) in BLOCKS.items():
        if kind in ("q8_1", "q8_k"):
            continue
        path, out = bench.folder / "in.gguf", bench.folder / "out.gguf"
        blocks = np.tile(ones(kind), 6)
        tensors = {"a": Tensor("f16", (2,)), "w.weight": Tensor(kind, (3, 2 * count), data=blocks.tobytes()), "z": Tensor("f16", (2,))}
        path.write_bytes(by_hand({}, tensors))
        bench.convert(path, out, "-q", "--as", "f16")
        loaded = mx.load(str(out))
        wanted = np.frombuffer(loaded_as(by_hand({}, {"x": tensors["w.weight"]}), "f32"), "<f4").astype("<f2")
        same = sorted(loaded) == ["a", "w.weight", "z"] and np.asarray(loaded["w.weight"]).tobytes() == wanted.tobytes()
        bench.check(same, kind, "MLX loads", {name: array.dtype for name, array in loaded.items()})
        if kind in ("tq1_0", "mxfp4", "q1_0"):
            bench.check(sorted(mx.load(str(path))) == ["a"], kind, "MLX loads it now: no reason for the manual page to warn")
