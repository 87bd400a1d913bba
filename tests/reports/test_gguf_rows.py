# SPDX-License-Identifier: MIT
"""Rows 01 to 37 and 43 to 64 that are about the format gguf. The right values come from gguf-py, from the specification, or from
make_gguf_mlx.py itself."""

import struct

import gguf
import inputs
import numpy as np


def tensor(bench, path, name, *arguments):
    """Returns the bytes that `cat` prints."""
    return bench.output("cat", *arguments, path, name)


def listed(bench, path, *arguments):
    """Returns {name: entry} of `ls --json`, and its metadata."""
    found = bench.list(path, *arguments)
    return {one["name"]: one for one in found["tensors"]}, found["metadata"]


def peer_tensors(path):
    """Returns {name: (shape, bytes)} as gguf-py reads them."""
    reader = gguf.GGUFReader(path)
    return {one.name: (tuple(int(dim) for dim in reversed(one.shape)), one.data.tobytes()) for one in reader.tensors}


def normal(seed, *shape):
    """The numbers that make_gguf_mlx.py takes."""
    return np.random.default_rng(seed).standard_normal(shape).astype("<f4")


def test_01_five_dims(bench):
    path = inputs.gguf_input("01_5d.gguf")
    found, _ = listed(bench, path)
    bench.check(found["patch_embedding.weight"]["shape"] == [16, 4, 1, 2, 2], found["patch_embedding.weight"])
    bench.check(tensor(bench, path, "patch_embedding.weight") == normal(11, 16, 4, 1, 2, 2).astype("<f2").tobytes(), "other numbers")
    for name, (shape, data) in peer_tensors(path).items():
        bench.check(found[name]["shape"] == list(shape) and tensor(bench, path, name) == data, name, "is another to gguf-py")
    bench.check(bench.convert(path, bench.folder / "out.gguf") == path.read_bytes(), "a rewritten file differs")
    again = bench.folder / "again.gguf"
    bench.convert(inputs.gguf_input("01_5d.safetensors"), again)
    bench.check(peer_tensors(again)["patch_embedding.weight"] == ((16, 4, 1, 2, 2), normal(11, 16, 4, 1, 2, 2).astype("<f2").tobytes()),
                "gguf-py reads other numbers of five dims")


    status, _, error = bench.run("convert", "--strict", inputs.gguf_input("01_5d.safetensors"), again)
    bench.check(status == 0 and "note: patch_embedding.weight: it has 5 dims" in error, status, error)


def unreadable(bench, path, bad, words):
    """Checks that one tensor cannot be read, with these words, and that all else works."""
    found, metadata = listed(bench, path)
    for name, one in found.items():
        status, data, error = bench.run("cat", path, name)
        if name == bad:
            bench.check(words in one["unreadable"]["why"] and status != 0 and words in error, path.name, name, one, error)
        else:
            bench.check("unreadable" not in one and status == 0 and len(data) == one["nbytes"], path.name, name, one, error)
    status, _, error = bench.run("ls", path)
    bench.check(status == 0 and f"1 of {len(found)} tensors cannot be read" in error, path.name, status, error)
    status, _, error = bench.run("verify", path)
    bench.check(status == 1 and bad in error and words in error, path.name, status, error)
    out = bench.folder / "out.gguf"
    out.unlink(missing_ok=True)
    status, _, error = bench.run("convert", path, out)
    bench.check(status != 0 and bad in error and not out.exists(), path.name, status, error)
    bench.convert(path, out, "--except", bad)
    bench.check(sorted(peer_tensors(out)) == sorted(set(found) - {bad}), path.name, "gguf-py finds other tensors")
    return found, metadata


def test_02_unknown_type(bench):
    path = inputs.gguf_input("02_type139.gguf")
    found, metadata = unreadable(bench, path, "blk.0.ffn_down.weight", "there is no type 139")
    bad = found["blk.0.ffn_down.weight"]
    bench.check((bad["dtype"], bad["shape"], bad["stored"]) == ("type 139", [64, 64], 32 * 144 // 2), bad)
    bench.check(metadata["general.name"] == "fork" and len(metadata["tokenizer.ggml.tokens"]) == 16, metadata)
    bench.check(tensor(bench, path, "token_embd.weight") == normal(23, 64, 64).astype("<f2").tobytes(), "other numbers behind it")


def test_03_removed_type(bench):
    path = inputs.gguf_input("03_mxfp4_as_4.gguf")
    found, _ = unreadable(bench, path, "blk.0.ffn_down_exps.weight", "there is no type 4: q4_2 was removed")
    bad = found["blk.0.ffn_down_exps.weight"]
    bench.check((bad["dtype"], bad["shape"], bad["stored"]) == ("type 4", [2, 32, 64], 2 * 32 * 2 * 17), bad)
    bench.check(tensor(bench, path, "output_norm.weight") == normal(32, 64).tobytes(), "other numbers behind it")


def test_05_long_names(bench):
    """llama.cpp refuses names of 64 bytes and more (GGML_MAX_NAME)."""
    long, out = [("a." * 40)[:count - 7] + ".weight" for count in (63, 64, 74)], bench.folder / "out.gguf"
    for name in ("05_long_names.safetensors", "05_long_names.gguf"):
        out.unlink(missing_ok=True)
        status, _, error = bench.run("convert", "--strict", inputs.gguf_input(name), out)
        bench.check(status == 2 and not out.exists(), name, status, error)
        lost = [line for line in error.splitlines() if line.startswith("tenon: loss: ")]
        bench.check([line.split(": ")[2] for line in lost] == long[1:], name, error)
        bench.convert(inputs.gguf_input(name), out, "-q")
        bench.check(sorted(peer_tensors(out)) == sorted(long), name, "gguf-py finds other names")
        status, _, error = bench.run("convert", "--strict", "--only", long[0], inputs.gguf_input(name), bench.folder / "short.gguf")
        bench.check(status == 0, name, status, error)


def test_06_big_endian(bench):
    little, big, out = inputs.gguf_input("06_le.gguf"), inputs.gguf_input("06_be.gguf"), bench.folder / "out.gguf"
    bench.check(bench.convert(little, out, "--strict", "-o", "gguf.byte_order=big") == big.read_bytes(), "to big-endian")
    bench.check(bench.convert(big, out, "--strict") == little.read_bytes(), "to little-endian")
    bench.check(bench.convert(big, out, "--strict", "-o", "gguf.byte_order=big") == big.read_bytes(), "big-endian again")
    three, more = bench.folder / "three.safetensors", ("-o", "gguf.mlx=triple")
    bench.convert(little, three, *more, "--only", "a.*", "-q", "--unset", "*")
    bench.check(bench.convert(three, out, *more, "-o", "gguf.byte_order=big") ==
                bench.convert(big, bench.folder / "a.gguf", "--only", "a.weight", "-o", "gguf.byte_order=big", "--unset", "*"), "from MLX's arrays")


def test_13_empty_first(bench):
    folder = inputs.gguf_input("13_empty_first")
    for options in (("-o", "gguf.shard_tensors=2"), ("-o", "gguf.shard_size=1000")):
        bench.output("convert", *options, "-o", "gguf.empty_first=yes", folder, bench.folder / "m.gguf")
        for path in sorted(folder.iterdir()):
            data = path.read_bytes()  # gguf-py and llama.cpp pad the first shard, too
            bench.check((bench.folder / path.name).read_bytes() == data + bytes(-len(data) % 32), path.name, *options)
    bench.output("convert", "-o", "gguf.empty_first=yes", folder, bench.folder / "two.gguf")
    shards = [len(peer_tensors(path)) for path in sorted(bench.folder.glob("two-*"))]
    bench.check(shards == [0, 4], "without a limit", shards)
    bench.check(bench.list(bench.folder / "two-00001-of-00002.gguf")["tensors"] != [], "the set has no tensors")


def test_21_key_twice(bench):
    for name in ("21_dup_same.gguf", "21_dup_other.gguf"):
        path = inputs.gguf_input(name)
        found, metadata = listed(bench, path)
        bench.check(metadata["general.architecture"] == "llama", name, metadata)
        bench.check(list(found) == ["token_embd.weight", "blk.0.attn_norm.weight", "blk.0.ffn_up.weight"], name, list(found))
        data = path.read_bytes()
        key = struct.pack("<Q", 20) + b"general.architecture"
        second = data.index(key, data.index(key) + 1)
        status, _, error = bench.run("verify", path)
        bench.check(status == 1 and f"at byte {second}" in error and "general.architecture" in error, name, status, error)
        out = bench.folder / "out.gguf"
        bench.convert(path, out, "-q")
        bench.check(bench.run("verify", out)[0] == 0, name, "a rewritten file does not verify")
        bench.check(gguf.GGUFReader(out).get_field("general.architecture").contents() == "llama", name, "another value is written")
        bench.convert(path, out, "-q", "--unset", "general.architecture")
        bench.check(gguf.GGUFReader(out).get_field("general.architecture") is None, name, "--unset leaves a value")


def test_21_tensor_twice(bench):
    path = inputs.gguf_input("21_dup_tensor.gguf")
    bench.check(list(listed(bench, path)[0]) == ["a"], "other tensors")
    bench.check(tensor(bench, path, "a") == normal(210, 2, 32).tobytes(), "not the first tensor")
    status, _, error = bench.run("verify", path)
    bench.check(status == 1 and "'a': the name occurs twice" in error, status, error)


def test_23_bool(bench):
    path = inputs.gguf_input("23_bool255.gguf")
    found, metadata = listed(bench, path)
    bench.check(metadata["tokenizer.ggml.add_bos_token"] is True and len(found) == 3, metadata)
    status, _, error = bench.run("verify", path)
    place = path.read_bytes().index(b"add_bos_token") + len("add_bos_token") + 4
    bench.check(status == 1 and "add_bos_token" in error and "255" in error and f"at byte {place}" in error, status, error)
    bench.convert(path, bench.folder / "out.gguf")
    bench.check(bench.run("verify", bench.folder / "out.gguf")[0] == 0, "a rewritten file does not verify")


def test_27_bytes_of_no_tensor(bench):
    """A second file behind the first, and a gap."""
    path, end = inputs.gguf_input("27_two_in_one.gguf"), 512  # of the first file, 26_pad.gguf
    bench.check(path.read_bytes()[:end] == inputs.gguf_input("26_pad.gguf").read_bytes(), "the input is another one")
    status, output, error = bench.run("ls", path)
    words = f"another GGUF file begins at byte {end}, behind the last tensor: {path.stat().st_size - end} bytes are left out"
    bench.check(status == 0 and output.count(b"\tf32\t") == 2 and words in error, status, error)
    status, _, error = bench.run("convert", "--strict", path, bench.folder / "out.gguf")
    bench.check(status == 2 and words in error and not (bench.folder / "out.gguf").exists(), "--strict", status, error)
    for name in ("26_pad.gguf", "26_no_pad.gguf", "27_gap.gguf", "27_swapped.gguf", "04_zero_dim.gguf", "04_zero_dim_nopad.gguf",
                 "04_only_zero_dim.gguf"):
        status, _, error = bench.run("convert", "--strict", inputs.gguf_input(name), bench.folder / "out.gguf")
        bench.check(status == 0 and "loss" not in error, name, status, error)


def test_07_cut_in_the_data(bench):
    """The header is whole: all tensors are listed, and those whose bytes the file has are read. The first part of a download, and a header alone."""
    whole = inputs.gguf_input("07_whole.gguf")
    before, metadata = listed(bench, whole)
    data, begin = whole.read_bytes(), before["blk.0.w"]["offset"]
    for size in (len(data) - 30000, begin + 70000, begin, begin - 1, begin - 14):  # the header ends 14 bytes before the data
        path = bench.folder / "cut.gguf"
        path.write_bytes(data[:size])
        found, keys = listed(bench, path)
        bench.check(keys == metadata and list(found) == list(before), size, "other keys or tensors")
        bench.check(bench.run("ls", "--meta", path)[0] == 0, size, "ls --meta fails")
        for name, one in before.items():
            there = one["offset"] + one["nbytes"] <= size
            bench.check(("unreadable" in found[name]) != there and found[name]["shape"] == one["shape"], size, name, found[name])
            bench.check((bench.run("cat", path, name)[0] == 0) == there, size, name)
        status, _, error = bench.run("verify", path)
        cut = [name for name, one in found.items() if "unreadable" in one]
        bench.check(status == 1 and all(f"'{name}'" in error for name in cut), size, status, error)


def test_07_cut_in_the_header(bench):
    status, _, error = bench.run("ls", inputs.gguf_input("07_cut_header.gguf"))
    bench.check(status == 2 and "10 of 17 key-value pairs and 0 of 4 tensors are there" in error, status, error)


def test_33_original_shapes(bench):
    """Keys that give shapes: told, and restored by an option where the rows stay whole blocks."""
    path, option = inputs.gguf_input("33_orig_shape.gguf"), ("-o", "gguf.orig_shape=yes")
    _, _, error = bench.run("ls", path)
    bench.check("gguf.orig_shape=yes" in error and "2 tensors" in error, error)
    found, _ = listed(bench, path)
    bench.check((found["first.weight"]["shape"], found["conv.weight"]["shape"]) == ([3, 256], [9, 32]), found)
    found, metadata = listed(bench, path, *option)
    bench.check((found["first.weight"]["shape"], found["conv.weight"]["shape"]) == ([3, 256], [8, 4, 3, 3]), found)
    _, _, error = bench.run("ls", *option, path)
    bench.check("first.weight: its original shape is not restored: its rows are no whole blocks" in error, error)
    bench.check(metadata["comfy.gguf.orig_shape.conv.weight"] == [8, 4, 3, 3], metadata)
    out, big = bench.folder / "out.gguf", bench.folder / "big.gguf"
    bench.convert(path, big, "-o", "gguf.byte_order=big")
    for source in (path, big):
        bench.convert(source, out, *option)
        bench.check(peer_tensors(out)["conv.weight"] == ((8, 4, 3, 3), normal(331, 9, 32).astype("<f2").tobytes()), source, "is another to gguf-py")
    # as f16 the rows need be no blocks
    bench.convert(path, bench.folder / "f16.gguf", "--as", "f16")
    found, _ = listed(bench, bench.folder / "f16.gguf", *option)
    bench.check(found["first.weight"]["shape"] == [48, 16], found["first.weight"])
    for shape in ([8, 4, 3, 4], [-8, -4, 3, 3], [0, 4], [2**31 - 1] * 3, [288]):
        bench.convert(path, out, "--set", f"comfy.gguf.orig_shape.conv.weight={shape}")
        found, _ = listed(bench, out, *option)
        bench.check(found["conv.weight"]["shape"] == ([288] if shape == [288] else [9, 32]), shape, found["conv.weight"])


def test_37_types_that_gguf_lacks(bench):
    """They are carried as i8, which gguf has, and come back: also from npz, in big-endian files and in sets."""
    arrays = {"bool": np.array([[True, False, True]]), "u8": np.arange(6, dtype="u1").reshape(2, 3), "u16": np.array([1, 65535], "<u2"),
              "u32": np.array([[1], [2**32 - 1]], "<u4"), "u64": np.array(2**64 - 1, "<u8"), "c64": np.array([1 + 2j, -3j], "<c8"),
              "c128": np.array([[1e300 + 2j]], "<c16"), "text": np.array(["a", "bcd"]), "record": np.array([(1, 2.5)], [("n", "<i4"), ("x", "<f8")]),
              "empty": np.zeros((0, 3), "<u4"), "f32": np.arange(6, dtype="<f4").reshape(3, 2), "i8": np.array([-1, 2], "i1")}
    np.savez(bench.folder / "all.npz", **arrays)
    between = bench.folder / "between.gguf"
    for options in ((), ("-o", "gguf.byte_order=big"), ("-o", "gguf.shard_tensors=5")):
        for path in bench.folder.glob("between*"):
            path.unlink()
        bench.output("convert", "--carry", "-q", *options, bench.folder / "all.npz", between)
        first = min(bench.folder.glob("between*"))
        bench.check(all(int(one.tensor_type) in (0, 24) for one in gguf.GGUFReader(first).tensors), "gguf-py finds other types", *options)
        bench.convert(first, bench.folder / "back.npz", "-q")
        back = np.load(bench.folder / "back.npz")
        for name, array in arrays.items():
            found = back[name]
            if name == "f32":  # npz keeps the other byte order
                found = found.astype(array.dtype)
            bench.check(found.dtype == array.dtype and found.shape == array.shape and found.tobytes() == array.tobytes(), name, *options)
    for name in ("37_u8.safetensors", "37_bool.safetensors"):
        path, back = inputs.gguf_input(name), bench.folder / "back.safetensors"
        status, _, error = bench.run("convert", path, bench.folder / "none.gguf")
        bench.check(status != 0 and "--carry" in error, name, status, error)
        bench.convert(path, between, "--carry", "--strict")
        bench.convert(between, back, "--strict")
        before, after = (listed(bench, one)[0] for one in (path, back))
        bench.check(sorted(before) == sorted(after), name, list(after))
        for one, entry in before.items():
            bench.check([after[one][key] for key in ("dtype", "shape")] == [entry[key] for key in ("dtype", "shape")], name, one, after[one])
            bench.check(tensor(bench, path, one) == tensor(bench, back, one), name, one, "has other bytes")


def test_47_file_type(bench):
    """general.file_type has llama.cpp's numbers (gguf.LlamaFileType)."""
    types, model, quant, out = gguf.LlamaFileType, inputs.gguf_input("model.gguf"), inputs.gguf_input("quant.gguf"), bench.folder / "out.gguf"

    def becomes(wanted, told, *arguments):
        out.unlink(missing_ok=True)
        status, _, error = bench.run("convert", *arguments, out)
        bench.check(status == 0, *arguments, error)
        found = gguf.GGUFReader(out).get_field("general.file_type").contents()
        bench.check(found == int(wanted), *arguments, "gives", found, "not", wanted)
        bench.check(("note: general.file_type: it becomes" in error) == told, *arguments, error)

    for word, wanted in (("q8_0", types.MOSTLY_Q8_0), ("q4_0", types.MOSTLY_Q4_0), ("q5_1", types.MOSTLY_Q5_1), ("iq4_nl", types.MOSTLY_IQ4_NL),
                         ("mxfp4", types.MOSTLY_MXFP4_MOE), ("nvfp4", types.MOSTLY_NVFP4), ("f32", types.ALL_F32), ("bf16", types.MOSTLY_BF16)):
        becomes(wanted, True, "--as", word, model)
        becomes(wanted, True, "--strict", "--as", "*weight:" + word, model)
        becomes(1, False, "--as", word, "-o", "gguf.file_type=keep", model)
        becomes(18, False, "--as", word, "--set", "general.file_type=18", model)
    becomes(types.MOSTLY_F16, True, "--as", "f16", quant)
    # most numbers are f16 before and after; nothing is converted; a mixture of the same type
    becomes(types.MOSTLY_F16, False, "--as", "*norm*:f16", model)
    becomes(types.MOSTLY_F16, False, model)
    becomes(types.MOSTLY_F16, False, inputs.gguf_input("07_whole.gguf"))
    becomes(types.MOSTLY_F16, False, "--except", "token*", model)
    small = bench.folder / "small.gguf"
    bench.convert(quant, small, "--set", "general.file_type=14", "-q")
    becomes(types.MOSTLY_F16, True, "--as", "f16", small)
    becomes(types.MOSTLY_Q4_0, True, "--as", "*embd*:q4_0", small)
    # through another format
    bench.convert(model, bench.folder / "model.safetensors", "-q")
    becomes(types.MOSTLY_Q8_0, True, "--as", "q8_0", bench.folder / "model.safetensors")


def test_47_mixtures(bench):
    """A number that stands for a mixture of the type stays; a new one is the number that llama.cpp guesses."""
    generator, path, out = np.random.default_rng(47), bench.folder / "k.gguf", bench.folder / "out.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_uint32("general.file_type", 1)
    writer.add_tensor("a.weight", generator.standard_normal((4, 256)).astype("<f4"))
    writer.add_tensor("b.weight", generator.standard_normal((2, 256)).astype("<f4"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    for word, first, others in (("q2_k", 10, [21]), ("q3_k", 12, [11, 13]), ("q4_k", 15, [14]), ("q5_k", 17, [16]), ("q6_k", 18, []), ("iq4_xs", 30, []),
                                ("tq1_0", 36, []), ("tq2_0", 37, []), ("q1_0", 40, [])):
        bench.convert(path, out, "--as", word, "-q")
        bench.check(gguf.GGUFReader(out).get_field("general.file_type").contents() == first, word)
        for number in [first, *others]:
            bench.convert(path, out, "--set", f"general.file_type={number}", "-q")
            bench.convert(out, bench.folder / "again.gguf", "--as", word, "-q")
            found = gguf.GGUFReader(bench.folder / "again.gguf").get_field("general.file_type").contents()
            bench.check(found == number, word, number, "becomes", found)
