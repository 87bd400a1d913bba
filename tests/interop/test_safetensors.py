# SPDX-License-Identifier: MIT
"""Tests safetensors against the reference library (the wheel safetensors), NumPy, ml_dtypes and MLX, in both directions."""

import itertools
import json
import os
import random

import ml_dtypes
import mlx.core as mx
import numpy as np
import safetensors.numpy
from npz_kit import tenon
from safetensors import safe_open
from safetensors_kit import (DTYPES, NUMBERS, WRITTEN, Tensor, TenonError, by_hand, check_same, packed, read_memory,
                             reference_bytes, reference_read, reference_save)
from test_npy import MLX, as_numpy, make

SHAPES = [(), (1,), (4,), (0,), (0, 4), (4, 0), (3, 4), (1, 8), (8, 1), (2, 3, 4), (2, 0, 4), (1, 1, 1, 2, 1, 4), (1,) * 60 + (4,)]
NAMES = ["a", "model.layers.0.weight", "a/b", "/", "..", "../x", " ", "tab\t", "new\nline", "\r", "\b\f", "\x01\x1f", "\x7f",
         "it's", 'quote"', "back\\slash", "\\u0041", "é", "e\u0301", "漢字", "\U0001f600", "\u2028", "\ufeff", "__metadata", "__metadata__ ",
         "dtype", "{}", "[1]", ":", ",", "n" * 300, "A", "Z", "z", "~"]


def whole(word, shape):
    """True if a tensor of this dtype and shape takes whole bytes."""
    return int(np.prod(shape)) * DTYPES[word][2] % 8 == 0


def converted(bench, data, *settings, name="in.safetensors"):
    """Returns the file to which tenon converts these bytes."""
    path, out = bench.folder / name, bench.folder / "out.safetensors"
    path.write_bytes(data)
    tenon().convert(path, out, *settings)
    return out.read_bytes()


# ---- the reference ----


def test_dtypes(bench):
    """tenon reads and writes each dtype in each shape, byte for byte."""
    for word, shape in itertools.product(WRITTEN, SHAPES):
        if word == "F4" and (not shape or shape[-1] % 2):
            continue  # the reference's function counts bytes in the last dim
        tensors = {"x": Tensor(word, shape)}
        data = reference_bytes(tensors)
        check_same(bench, data, tensors, word, shape)
        bench.check(converted(bench, data) == data, word, shape, "convert changes bytes")


def test_six_bits(bench):
    """The reference cannot write F6, nor F4 of every shape: these files are made by hand."""
    for word, shape in itertools.product(["F6_E2M3", "F6_E3M2", "F4"], [*SHAPES, (2, 2), (4, 3), (2, 4, 1), (5, 8), (1, 2)]):
        if whole(word, shape):
            tensors = {"x": Tensor(word, shape)}
            data = by_hand(tensors)
            check_same(bench, data, tensors, word, shape)
            bench.check(converted(bench, data) == data, word, shape, "convert changes bytes")
        else:
            data = packed(json.dumps({"x": {"dtype": word, "shape": shape, "data_offsets": [0, 1]}}), b"x")
            try:
                bench.check(not read_memory(data), word, shape, "does not take whole bytes")
            except TenonError as error:
                bench.check("no multiple of" in str(error), word, shape, error)


def everything(generator):
    """Returns many tensors of every dtype that the reference writes, in random order."""
    rows = [(word, shape) for word, shape in itertools.product(WRITTEN, SHAPES) if word != "F4" or shape and shape[-1] % 2 == 0]
    generator.shuffle(rows)
    return {f"{generator.choice(NAMES)} {i}": Tensor(word, shape) for i, (word, shape) in enumerate(rows)}


def test_everything_at_once(bench):
    """Both agree on all tensors in one file; tenon sorts any order into the reference's."""
    tensors = everything(random.Random(1))
    for metadata in (None, {"format": "pt"}, {}, {'k"\n\x02é': "v\\\t\x00漢"}):
        data = reference_bytes(tensors, metadata)
        check_same(bench, data, tensors, metadata)
        wanted = data if metadata != {} else reference_bytes(tensors)  # metadata without keys are no metadata
        bench.check(converted(bench, data) == wanted, metadata, "convert changes bytes")
        bench.check(converted(bench, by_hand(tensors, metadata)) == wanted, metadata, "another order is not put right")


def test_order_of_dtypes(bench):
    """tenon sorts every pair of dtypes as the reference does, and F6 by its width."""
    for first, second in itertools.permutations(WRITTEN, 2):
        tensors = {"a": Tensor(second, (2, 4)), "b": Tensor(first, (4,)), "c": Tensor(second, (1, 2))}
        data = reference_bytes(tensors)
        bench.check(converted(bench, by_hand(tensors)) == data, first, second, "are not in the reference's order")
    words = list(DTYPES)
    tensors = {word: Tensor(word, (4,)) for word in reversed(words)}
    bench.check(list(read_memory(converted(bench, by_hand(tensors)))) == words, "all 22 are not in order")


def test_names(bench):
    tensors = {name: Tensor("I16", (i % 3, 2), i) for i, name in enumerate(NAMES)}
    data = reference_bytes(tensors)
    check_same(bench, data, tensors)
    bench.check(converted(bench, data) == data, "convert changes bytes")
    escaped = json.loads(data[8:8 + int.from_bytes(data[:8], "little")])
    escaped = packed(json.dumps(escaped, ensure_ascii=True), data[8 + int.from_bytes(data[:8], "little"):])
    check_same(bench, escaped, tensors, "with escapes")
    bench.check(converted(bench, escaped) == data, "escapes are not taken out")
    for name in NAMES:
        path = bench.folder / "one.safetensors"
        reference_save(path, {name: tensors[name]})
        bench.check(converted(bench, path.read_bytes()) == path.read_bytes(), name, "convert changes bytes")
        if name.isprintable():
            bench.check(bench.output("cat", path, name) == bytes(tensors[name].data), "cat", name)


def test_sorted_names(bench):
    """Names that are the beginning of all others, that differ behind a common beginning of any length, and in one letter far behind."""
    for begin in ("", "a", "model.layers.", "\u00e9" * 9, "x" * 300):
        ends = ["", "0", "00", "01", "0" * 8, "0" * 7 + "1", "0" * 9, "0" * 8 + "\u00ff", "0" * 8 + "z", "\x7f", "\u0080", "\U0001f600",
                "\uffff", '"', "\\", "\t", "zzzzzzzz", "zzzzzzzzz", "zzzzzzzy"]
        for names in (ends, ends[:1], ends[1:3], ends[4:9]):
            tensors = {begin + end: Tensor("I16", (1,), i) for i, end in enumerate(names) if begin + end}
            for dtyped in (tensors, {name: Tensor("F32" if i % 2 else "I16", (1,), i) for i, name in enumerate(tensors)}):
                data = reference_bytes(dtyped)
                bench.check(converted(bench, by_hand(dict(reversed(dtyped.items())))) == data, ascii(begin), len(names), "are not sorted")


def test_metadata(bench):
    """tenon keeps all texts. It sorts the keys: the reference writes several keys in another order each time."""
    tensors = {"x": Tensor("F32", (2,))}
    for key, value in itertools.product(NAMES, ["", "v", *NAMES]):
        data = reference_bytes(tensors, {key: value})
        bench.check(converted(bench, data) == data, key, value, "convert changes bytes")
    metadata = {key: value for key, value in zip(NAMES, reversed(NAMES))}
    wanted = by_hand(tensors, dict(sorted(metadata.items(), key=lambda pair: pair[0].encode())))
    for _ in range(10):
        bench.check(converted(bench, reference_bytes(tensors, metadata)) == wanted, "keys are not in order")
    path = bench.folder / "out.safetensors"
    with safe_open(path, "np") as file:
        bench.check(file.metadata() == metadata, "the reference reads other metadata")
    bench.check(converted(bench, packed('{"__metadata__":{"k":"v"}}')) == reference_bytes({}, {"k": "v"}), "metadata alone")
    bench.check(converted(bench, packed('{"__metadata__":null}')) == reference_bytes({}), "metadata null")


def test_empty(bench):
    data = reference_bytes({})
    bench.check(data == packed("{}      "), "the reference's empty file is", data)
    for header in ("{}", "{}      ", " {}", "\n{ }\t\r\n"):
        bench.check(read_memory(packed(header)) == {} == reference_read(packed(header)), header, "is not empty")
        bench.check(converted(bench, packed(header)) == data, header, "becomes something else")


def test_header_lengths(bench):
    """Names and shapes of all lengths give headers of all lengths: the padding agrees."""
    for length in range(1, 40):
        tensors = {"n" * length: Tensor("U8", (length,))}
        data = reference_bytes(tensors)
        bench.check(converted(bench, data) == data, length, "convert changes bytes")
        bench.check(converted(bench, by_hand(tensors)) == data, length, "by hand")
    for digits in range(19):
        tensors = {"x": Tensor("U8", (10**digits, 0))}
        data = reference_bytes(tensors)
        bench.check(converted(bench, data) == data, digits, "digits: convert changes bytes")


def test_slack(bench):
    """The option slack adds spaces to the header; both readers accept them, and a conversion without slack removes them."""
    tensors = {"x": Tensor("F32", (3,))}
    data = reference_bytes(tensors)
    for slack in (1, 7, 8, 1000):
        out = converted(bench, data, f"safetensors.slack={slack}")
        length = int.from_bytes(out[:8], "little")
        spaces = length - len(out[8:8 + length].rstrip(b" "))
        bench.check(length % 8 == 0 and slack <= spaces < slack + 8, slack, "there are", spaces, "spaces")
        check_same(bench, out, tensors, slack)
        bench.check(converted(bench, out) == data, slack, "spaces stay")


def test_many(bench):
    for count in 10, 1000, 20000:
        generator = random.Random(count)
        words = list(WRITTEN)
        tensors = {f"model.layers.{i}.{generator.choice(NAMES)}": Tensor(words[i % len(words)], (i % 5, 2)) for i in range(count)}
        data = reference_bytes(tensors, {"format": "pt"})
        check_same(bench, data, tensors, count)
        bench.check(converted(bench, data) == data, count, "convert changes bytes")
        bench.check(converted(bench, by_hand(tensors, {"format": "pt"})) == data, count, "in another order")


# ---- NumPy and ml_dtypes ----

ARRAYS = {"bool": "?", "u8": "u1", "u16": "<u2", "u32": "<u4", "u64": "<u8", "i8": "i1", "i16": "<i2", "i32": "<i4", "i64": "<i8",
          "f16": "<f2", "f32": "<f4", "f64": "<f8", "c64": "<c8", "bf16": ml_dtypes.bfloat16, "f8_e4m3": ml_dtypes.float8_e4m3fn,
          "f8_e5m2": ml_dtypes.float8_e5m2, "f8_e4m3fnuz": ml_dtypes.float8_e4m3fnuz, "f8_e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
          "f8_e8m0": ml_dtypes.float8_e8m0fnu}


def test_numpy(bench):
    """safetensors.numpy and tenon's library save the same arrays to the same bytes."""
    arrays = {}
    for name, dtype in ARRAYS.items():
        for shape in [(), (7,), (0, 3), (3, 5), (2, 3, 4)]:
            dtype = np.dtype(dtype)
            array = make(dtype, shape) if dtype.isbuiltin == 1 else make(f"u{dtype.itemsize}", shape).view(dtype)
            arrays[f"{name}.{'x'.join(map(str, shape))}"] = (array, NUMBERS.index(name))
    wanted = safetensors.numpy.save({name: array for name, (array, _) in arrays.items()})
    path = bench.folder / "ours.safetensors"
    tenon().save_many(path, [(name, array, number) for name, (array, number) in arrays.items()])
    bench.check(path.read_bytes() == wanted, "tenon_save differs from safetensors.numpy.save")
    loaded = {name: (array, number) for name, (array, number) in arrays.items() if array.dtype.isbuiltin == 1}
    tenon().save_many(path, [(name, array, number) for name, (array, number) in loaded.items()])
    for load in (lambda: safetensors.numpy.load_file(path), lambda: safetensors.numpy.load(path.read_bytes())):
        found = load()
        bench.check(sorted(found) == sorted(loaded), "NumPy finds other names")
        for name, (array, _) in loaded.items():
            same = found[name].dtype == array.dtype and found[name].shape == array.shape
            bench.check(same and found[name].tobytes() == array.tobytes(), "NumPy loads another", name)


def test_orders(bench):
    """Arrays of an npz in Fortran order or big-endian become C order, little-endian."""
    arrays = {"f": make("<f4", (3, 5), "F"), "b": make(">f8", (3, 5)), "fb": make(">i2", (4, 2, 2), "F"), "c": make("<c8", (2,))}
    path, out = bench.folder / "numpy.npz", bench.folder / "out.safetensors"
    np.savez(path, **arrays)
    tenon().convert(path, out)
    plain = {name: np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"))) for name, array in arrays.items()}
    bench.check(out.read_bytes() == safetensors.numpy.save(plain), "from npz")


def test_npz_and_back(bench):
    words = [word for word in WRITTEN if DTYPES[word][2] >= 16 or word in ("I8", "U8", "BOOL")]  # npz can hold no others
    tensors = {f"{word}/{i}": Tensor(word, (3, 4), i) for word in words for i in range(2)}
    for metadata in (None, {"format": "pt"}):
        data = reference_bytes(tensors, metadata)
        path, packed_path, back = bench.folder / "in.safetensors", bench.folder / "packed.npz", bench.folder / "back.safetensors"
        path.write_bytes(data)
        for settings in ((), ("npz.compression=deflate",)):
            tenon().convert(path, packed_path, "npz.metadata=member", *settings)
            tenon().convert(packed_path, back)
            bench.check(back.read_bytes() == data, metadata, settings, "comes back changed")


# ---- MLX ----


def mlx_arrays():
    return {f"{name}.{'x'.join(map(str, shape))}": mx.arange(int(np.prod(shape)) or 1).reshape(shape).astype(getattr(mx, name))
            for name in MLX for shape in [(), (1,), (7,), (3, 5), (2, 3, 4)]}


def mlx_tensors(arrays):
    """Returns the same tensors for the reference."""
    words = {np.dtype(ARRAYS[row[0]]): word for word, row in DTYPES.items() if row[0] in ARRAYS}
    tensors = {}
    for name, array in arrays.items():
        plain = np.ascontiguousarray(as_numpy(array))
        tensors[name] = Tensor(words[plain.dtype], array.shape)
        tensors[name].data[:] = plain.tobytes()
    return tensors


def test_mlx(bench):
    """MLX writes "__metadata__":null and no padding; tenon converts that to the reference's bytes, and MLX loads the result."""
    arrays = mlx_arrays()
    tensors = mlx_tensors(arrays)
    path, out = bench.folder / "mlx.safetensors", bench.folder / "out.safetensors"
    for metadata in (None, {"format": "mlx"}):
        mx.save_safetensors(str(path), arrays, metadata=metadata)
        check_same(bench, path.read_bytes(), tensors, "MLX's", metadata)
        tenon().convert(path, out)
        bench.check(out.read_bytes() == reference_bytes(tensors, metadata), metadata, "is not what the reference writes")
        loaded, found = mx.load(str(out), return_metadata=True)
        bench.check(found == (metadata or {}), "MLX finds the metadata", found)
        bench.check(sorted(loaded) == sorted(arrays), "MLX finds other names")
        for name, array in arrays.items():
            one = loaded[name]
            same = one.dtype == array.dtype and one.shape == array.shape and mx.array_equal(one, array).item()
            bench.check(same, name, "MLX loads", one.dtype, one.shape)
    mx.save_safetensors(str(path), arrays)
    bench.check(b'"__metadata__":null' in path.read_bytes(), "MLX does not write null any more: no test")


# ---- sets ----


def shared_out(tensors, most):
    """Returns the names of the tensors in each shard. In order, a shard ends before the first tensor that does not fit; a tensor
    larger than any shard has one of its own, and does not end the shard that tenon is filling."""
    shards, filling, used = [], [], 0
    for name, tensor in tensors.items():
        size = len(tensor.data)
        if size > most:
            shards.append([name])
            continue
        if used + size > most:
            shards.append(filling)
            filling, used = [], 0
        filling.append(name)
        used += size
    return shards + [filling] if filling else shards


def check_set(bench, tensors, most, metadata=None):
    """Checks the names, shards and index of tenon's set, and the single file that it makes of them."""
    folder = bench.folder / f"set{len(os.listdir(bench.folder))}"
    folder.mkdir()
    source = by_hand(tensors, metadata)
    (folder / "source.bin").write_bytes(source)
    tenon().convert(folder / "source.bin", folder / "model.safetensors", f"safetensors.shard_size={most}")
    (folder / "source.bin").unlink()
    shards = shared_out(tensors, most)
    if len(shards) < 2:
        bench.check(os.listdir(folder) == ["model.safetensors"], most, "makes", sorted(os.listdir(folder)))
        return
    names = [f"model-{i + 1:05d}-of-{len(shards):05d}.safetensors" for i in range(len(shards))]
    bench.check(sorted(os.listdir(folder)) == [*names, "model.safetensors.index.json"], most, "makes", sorted(os.listdir(folder)))
    index = {"metadata": {"total_size": sum(len(tensor.data) for tensor in tensors.values())},
             "weight_map": {name: file for file, inside in zip(names, shards) for name in inside}}
    text = (folder / "model.safetensors.index.json").read_bytes()
    bench.check(text == (json.dumps(index, indent=2, sort_keys=True) + "\n").encode(), most, "has the index", text[:1000])
    for file, inside in zip(names, shards):
        if bench.check((folder / file).exists(), file, "is missing"):
            wanted = reference_bytes({name: tensors[name] for name in inside}, metadata)
            bench.check((folder / file).read_bytes() == wanted, most, file, "is not what the reference writes")
            with safe_open(folder / file, "np") as opened:
                bench.check(sorted(opened.keys()) == sorted(inside), file, "holds", list(opened.keys()))
    bench.check(bench.output("verify", folder / "model.safetensors.index.json") is not None, most, "verify")
    tenon().convert(folder / "model.safetensors.index.json", folder / "one.safetensors")
    bench.check((folder / "one.safetensors").read_bytes() == reference_bytes(tensors, metadata), most, "as one file it differs")


def test_sets(bench):
    generator = random.Random(3)
    for sizes in ([6, 6, 2, 6, 2, 2], [1, 100, 1, 1], [100, 1, 100], [100, 100], [10, 10, 10], [11, 10, 0, 11], [0, 0, 11, 0],
                  [3] * 40, [0], [10], [11], [], [generator.choice([0, 1, 2, 3, 5, 10, 11, 30]) for _ in range(300)]):
        tensors = {f"layer.{generator.randrange(10**6)}.{i}": Tensor("U8", (size,), i) for i, size in enumerate(sizes)}
        check_set(bench, tensors, 10)
        check_set(bench, tensors, 10, {"format": "pt"})
    for names in (NAMES, sorted(NAMES), list(reversed(NAMES))):
        tensors = {name: Tensor("F32", (i % 5, 2), i) for i, name in enumerate(names)}
        check_set(bench, tensors, 64)
    words = list(WRITTEN)
    check_set(bench, {f"model.layers.{i}.w": Tensor(words[i % len(words)], (i % 5, 2)) for i in range(1000)}, 300, {"format": "pt"})
