# SPDX-License-Identifier: MIT
"""Rows N22, 36, 38, 39, 46, 48, 62 and those of MLX's files: what casts change is counted, rules choose what is cast, and packed weights
are numbers only after they were unpacked. The right values come from NumPy, ml_dtypes, MLX, or arithmetic by hand."""

import json
import re

import gguf
import inputs
import ml_dtypes
import mlx.core as mx
import numpy as np
import safetensors.numpy


def losses(bench, source, target, *arguments):
    """Converts; returns {tensor: words} of the losses. A strict save and a dry run must say the same, and write nothing."""
    target.unlink(missing_ok=True)
    status, _, error = bench.run("convert", source, target, *arguments)
    bench.check(status == 0, arguments, error)
    found = dict(re.findall("^tenon: loss: ([^:]*): (.*)$", error, re.M))
    target.unlink()
    for more in (["--strict"], ["--strict", "-n"]):
        status, _, error = bench.run("convert", source, target, *arguments, *more)
        again = dict(re.findall("^tenon: loss: ([^:]*): (.*)$", error, re.M))
        bench.check((status != 0) == bool(found) and again == found, more, status, error)
        if "-n" in more or found:
            bench.check(not target.exists(), more, "the target is there")
        target.unlink(missing_ok=True)
    status, _, error = bench.run("convert", "-q", source, target, *arguments)
    bench.check(dict(re.findall("^tenon: loss: ([^:]*): (.*)$", error, re.M)) == found and "note" not in error, "-q", error)
    return found


def dtypes(bench, path, *arguments):
    """Returns {tensor: dtype}."""
    return {one["name"]: one["dtype"] for one in bench.list(path, *arguments)["tensors"]}


def test_n22_complex(bench):
    """Imaginary parts that are not zero, which NumPy drops with a ComplexWarning."""
    path = inputs.numpy_input("N22-c16.npy")
    dropped = np.count_nonzero(np.load(path).imag)
    found = losses(bench, path, bench.folder / "out.npy", "--as", "*:f64")
    bench.check(found == {"N22-c16": f"converted from c128 to f64: of {np.load(path).size} values {dropped} imaginary parts dropped"}, found)
    same = bench.folder / "same.npy"
    bench.check(bench.convert(path, same, "--as", "f64") == path.read_bytes(), "complex numbers do not stay without a pattern")


def test_48_values(bench):
    """Values that the target cannot hold, as NumPy counts them."""
    path, out = inputs.gguf_input("48_bf16_large.safetensors"), bench.folder / "out.safetensors"
    with np.errstate(all="ignore"):
        numbers = np.frombuffer(bench.output("cat", "--as", "f32", path, "t.weight"), "<f4")
        overflowed = int(np.isinf(numbers.astype("<f2")).sum())
    found = losses(bench, path, out, "--as", "f16")
    bench.check(found == {"t.weight": f"converted from bf16 to f16: of {numbers.size} values {overflowed} overflowed"}, found)
    bench.check(dtypes(bench, out) == {"t.weight": "f16", "ids": "i64", "z": "c64"}, dtypes(bench, out))
    # 4097 needs 13 bits, an f16 has 11; 128009 is above 65504
    found = losses(bench, path, out, "--as", "i64:f16")
    bench.check(found == {"ids": "converted from i64 to f16: of 3 values 1 overflowed, 1 integer not exact"}, found)
    found = losses(bench, path, out, "--as", "i64:i16")
    bench.check(found == {"ids": "converted from i64 to i16: of 3 values 1 clipped"}, found)
    found = losses(bench, path, out, "--as", "t.*:f8_e4m3")
    bench.check(found == {"t.weight": f"converted from bf16 to f8_e4m3: of 64 values {(np.abs(numbers) > 464).sum()} overflowed"}, found)
    found = losses(bench, path, out, "--as", "t.*:f8_e4m3", "--saturate")
    bench.check(found == {"t.weight": f"converted from bf16 to f8_e4m3: of 64 values {(np.abs(numbers) > 464).sum()} clipped"}, found)
    items = np.frombuffer(bench.output("cat", out, "t.weight"), ml_dtypes.float8_e4m3fn).astype("f4")
    bench.check(np.array_equal(items, np.clip(numbers, -448, 448).astype(ml_dtypes.float8_e4m3fn).astype("f4")), "saturated values")


def test_48_blocks(bench):
    """Infinities and NaN in blocks, and scales that are too large for an f16, are told when converting."""
    path, out = inputs.gguf_input("48_inf.safetensors"), bench.folder / "out.gguf"
    found = losses(bench, path, out, "--as", "q8_0")
    bench.check(found == {"norm_final.weight": "converted from f32 to q8_0: of 256 values 2 are infinite or NaN, which no block can hold"}, found)
    # 127 steps of a scale of at most 65504
    numbers = np.random.default_rng(1).standard_normal((4, 64)).astype("<f4")
    numbers[0] *= 1e8
    numbers[1] *= 1e-9
    safetensors.numpy.save_file({"w": numbers}, bench.folder / "in.safetensors")
    large = int((np.abs(numbers).reshape(8, 32).max(1) / 127 >= 65520).sum())
    found = losses(bench, bench.folder / "in.safetensors", out, "--as", "q8_0")
    bench.check(found == {"w": f"converted from f32 to q8_0: of 256 values {large} blocks whose scale overflowed, 2 blocks flushed to zero"}, found)
    for kind in ("q4_0", "q4_1", "q5_0", "q5_1", "iq4_nl"):
        found = losses(bench, bench.folder / "in.safetensors", out, "--as", kind)
        bench.check(set(found) == {"w"} and "overflowed" in found["w"] and "2 blocks flushed to zero" in found["w"], kind, found)


def test_48_verify(bench):
    """verify -v counts infinities and NaN; they are no damage."""
    path = inputs.gguf_input("48_inf.safetensors")
    status, _, error = bench.run("verify", "-v", path)
    bench.check(status == 0 and error == "tenon: note: norm_final.weight: of 256 values 1 infinite, 1 NaN", status, error)
    arrays = {"f16": np.array([np.inf, 1, np.nan, -np.inf], "f2"), "f64": np.array([1e300, np.nan]), "c64": np.array([complex(np.inf, np.nan)], "c8"), "good": np.ones(3, "f4")}
    np.savez_compressed(bench.folder / "in.npz", **arrays)
    found = json.loads(bench.output("verify", "-v", "--json", bench.folder / "in.npz"))["values"]
    bench.check(found == [{"name": "f16", "infinite": 2, "nan": 1}, {"name": "f64", "infinite": 0, "nan": 1}, {"name": "c64", "infinite": 1, "nan": 1}], found)


def test_rounding(bench):
    """Rounding is what was asked for: one note for all tensors, and a strict save passes."""
    path, out = bench.folder / "in.safetensors", bench.folder / "out.safetensors"
    generator = np.random.default_rng(2)
    safetensors.numpy.save_file({f"t.{i}": generator.standard_normal(10).astype("f4") for i in range(100)}, path)
    status, _, error = bench.run("convert", "--strict", "--as", "bf16", path, out)
    bench.check(status == 0 and error == "tenon: note: 100 tensors converted from f32 to bf16, as asked for", status, error)


def test_orders(bench):
    """A change of byte order or item order keeps every value."""
    path, out = bench.folder / "in.npy", bench.folder / "out.safetensors"
    array = np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3))
    np.save(path, array)
    status, _, error = bench.run("convert", "--strict", path, out)
    bench.check(status == 0 and "note: in: its order changes" in error and "note: in: its byte order changes" in error, status, error)
    bench.check(np.array_equal(safetensors.numpy.load_file(out)["in"], array), "other values")


def test_36_62_rules(bench):
    """The last rule that fits a tensor counts."""
    out = bench.folder / "out.gguf"
    bench.convert(inputs.gguf_input("62_bf16.safetensors"), out, "--as", "f32", "--as", "*.weight:q8_0")
    wanted = {"blk.0.attn_q.weight": "q8_0", "blk.0.attn_q.bias": "f32", "blk.0.attn_norm.weight": "f32"}
    bench.check(dtypes(bench, out) == wanted, dtypes(bench, out))
    bench.convert(inputs.gguf_input("36_fp8.safetensors"), out, "--as", "f32", "--as", "*.weight:q8_0")
    found = dtypes(bench, out)
    bench.check(found.pop("blk.0.weight") == "q8_0" and set(found.values()) == {"f32"}, found)
    status, _, error = bench.run("convert", "-v", "--as", "f32", "--as", "*.weight:q8_0", inputs.gguf_input("62_bf16.safetensors"), out)
    bench.check("note: blk.0.attn_q.weight: bf16 to q8_0, by --as '*.weight:q8_0'" in error, error)
    bench.check("note: blk.0.attn_norm.weight: bf16 to f32, by --as 'f32'" in error, error)


def test_46_by_dtype(bench):
    """By the types of elements, and integers stay."""
    path, out = inputs.gguf_input("46_mix.gguf"), bench.folder / "out.gguf"
    before = dtypes(bench, path)
    bench.convert(path, out, "--as", "q*:f16")
    bench.check(dtypes(bench, out) == {**before, "q.weight": "f16"}, dtypes(bench, out))
    bench.convert(path, out, "--as", "f16")
    bench.check(dtypes(bench, out) == {**dict.fromkeys(before, "f16"), "ids": "i32"}, dtypes(bench, out))
    bench.convert(path, out, "--as", "i32:i64")
    bench.check(dtypes(bench, out) == {**before, "ids": "i64"}, dtypes(bench, out))
    status, _, error = bench.run("convert", "--as", "u16:f32", path, out)
    bench.check(status == 2 and "'u16:f32' matches no tensor" in error, status, error)


def numbers_of(array):
    return np.array(array.astype(mx.float32))


def test_38_mlx(bench):
    """Affine groups are dequantised bit for bit as MLX does it, for every width and group; scales and biases go."""
    generator = np.random.default_rng(3)
    path, out = bench.folder / "in.safetensors", bench.folder / "out.safetensors"
    for word, kind in (("f16", mx.float16), ("bf16", mx.bfloat16), ("f32", mx.float32)):
        weight = mx.array(generator.standard_normal((2, 24, 256)).astype("f4") * 0.02).astype(kind)
        for bits in (2, 3, 4, 5, 6, 8):
            for group in (32, 64, 128):
                packed, scales, biases = mx.quantize(weight, group_size=group, bits=bits)
                mx.save_safetensors(str(path), {"l.weight": packed, "l.scales": scales, "l.biases": biases, "norm": mx.ones((4,)).astype(kind)})
                bench.convert(path, out, "--as", word)
                found = mx.load(str(out))
                wanted = mx.dequantize(packed, scales, biases, group_size=group, bits=bits)
                bench.check(sorted(found) == ["l.weight", "norm"] and found["l.weight"].dtype == wanted.dtype
                            and np.array_equal(numbers_of(found["l.weight"]), numbers_of(wanted)), word, bits, group, sorted(found))


def test_38_inputs(bench):
    """The inputs of the row, as other types too; without a cast they stay."""
    out = bench.folder / "out.safetensors"
    for bits in (4, 8):
        for group in (32, 64):
            for word in ("f16", "bf16"):
                path = inputs.gguf_input(f"mlx/q{bits}_g{group}_{word}.safetensors")
                theirs = mx.load(str(path))
                wanted = numbers_of(mx.dequantize(theirs["layers.0.weight"], theirs["layers.0.scales"], theirs["layers.0.biases"], group_size=group, bits=bits))
                bench.convert(path, out, "--strict", "--as", "f32")
                found = safetensors.numpy.load_file(out)
                bench.check(np.array_equal(found["layers.0.weight"], wanted) and len(found) == 2, path.name)
                bench.convert(path, bench.folder / "out.gguf", "--as", "q8_0")
                reader = gguf.GGUFReader(bench.folder / "out.gguf")
                mine = {one.name: one.data.tobytes() for one in reader.tensors}
                bench.check(mine["layers.0.weight"] == gguf.quantize(wanted, gguf.GGMLQuantizationType.Q8_0).tobytes(), path.name, "q8_0")
                bench.check(bench.convert(path, out) is not None and set(mx.load(str(out))) == set(theirs), path.name, "does not stay")
                status, _, error = bench.run("cat", "--as", "f32", path, "layers.0.weight")
                bench.check(status != 0 and "packed weights" in error, path.name, status, error)
                bench.convert(path, out, "--as", "norm*:f64")
                bench.check(dtypes(bench, out)["layers.0.scales"] == word, path.name, "scales are cast")


def test_39_blocks_as_mlx(bench):
    """Blocks that are read as MLX's groups are no numbers either, before they are dequantised."""
    path, out = inputs.gguf_input("39_q4_0_and_q6_k.gguf"), bench.folder / "out.safetensors"
    bench.convert(path, out, "-o", "gguf.mlx=triple", "--as", "f32")
    found, theirs = safetensors.numpy.load_file(out), mx.load(str(path))
    for name, bits in (("token_embd", 8), ("blk.0.ffn_up", 4)):
        wanted = mx.dequantize(*(theirs[f"{name}.{part}"] for part in ("weight", "scales", "biases")), group_size=32, bits=bits)
        bench.check(np.array_equal(found[f"{name}.weight"], numbers_of(wanted)), name)
    bench.check(not [name for name in found if "scales" in name or "biases" in name], sorted(found))


def test_packed_by_others(bench):
    """Weights that bitsandbytes, GPTQ and others have packed are refused in words, whatever rule would cast them."""
    path, out = bench.folder / "in.safetensors", bench.folder / "out.safetensors"
    eight, four, half = np.zeros((8, 4), "u1"), np.zeros((8, 4), "i4"), np.ones((8, 1), "f4")
    kinds = [{"l.weight": eight, "l.weight.absmax": half, "l.weight.quant_state.bitsandbytes__nf4": eight[0]},
             {"l.weight": eight.astype("i1"), "l.SCB": half}, {"l.qweight": four, "l.scales": half, "l.qzeros": four},
             {"l.weight": four.astype("u4"), "l.scales": eight[:, :1]}, {"l_blocks": eight, "l_scales": eight[:, :1]},
             {"l.weight_packed": four, "l.weight_scale": half}]
    for tensors in kinds:
        safetensors.numpy.save_file({**tensors, "norm": np.ones(4, "f4")}, path)
        name = next(iter(tensors))
        for rule in ("f16", f"{name}:f16", "*:f16"):
            out.unlink(missing_ok=True)
            status, _, error = bench.run("convert", "--as", rule, path, out)
            bench.check(status == 2 and "packed weights" in error and not out.exists(), name, rule, status, error)
        bench.check(bench.convert(path, out, "--as", "norm:f16") is not None, name)
        found = safetensors.numpy.load_file(out)
        bench.check(all(np.array_equal(found[one], tensors[one]) for one in tensors), name, "other bytes")
    # the width of the numbers cannot be told: all scales and biases are zero
    tensors = {"l.weight": np.zeros((4, 32), "u4"), "l.scales": np.zeros((4, 4), "f2"), "l.biases": np.zeros((4, 4), "f2")}
    safetensors.numpy.save_file(tensors, path)
    status, _, error = bench.run("convert", "--as", "f16", path, out)
    bench.check(status == 2 and "packed weights" in error, status, error)


def test_mlx_as_blocks(bench):
    """Groups of 32, 64 and 128 numbers of 4 bits go to q4_1, or q4_0 where that is exact, and of 8 bits to q8_0 where that is exact; else
    they are refused. gguf-py dequantises what MLX does, before MLX rounds to its own type."""
    generator = np.random.default_rng(4)
    path, out, triple = bench.folder / "in.safetensors", bench.folder / "out.gguf", ["-o", "gguf.mlx=triple"]
    for kind in (mx.float16, mx.bfloat16):
        for group in (32, 64, 128):
            weight = mx.array(generator.standard_normal((8, 256)).astype("f4") * 0.02).astype(kind)
            packed, scales, biases = mx.quantize(weight, group_size=group, bits=4)
            exact = np.repeat(numbers_of(scales), group, 1), np.repeat(numbers_of(biases), group, 1)
            nibbles = np.array(packed).view("u1").reshape(8, -1, 1) >> np.array([0, 4], "u1") & 15
            wanted = nibbles.reshape(8, 256).astype("f4") * exact[0] + exact[1]
            for bias, name, number in ((biases, "Q4_1", wanted), (-8 * scales, "Q4_0", (nibbles.reshape(8, 256).astype("f4") - 8) * exact[0])):
                mx.save_safetensors(str(path), {"l.weight": packed, "l.scales": scales, "l.biases": bias})
                for how in (triple, ["--as", name]):
                    bench.convert(path, out, "--strict", *how)
                    one = gguf.GGUFReader(out).tensors[0]
                    bench.check(one.tensor_type.name == name and np.array_equal(gguf.dequantize(one.data, one.tensor_type), number), kind, group, name, how)
            packed, scales, biases = mx.quantize(weight, group_size=group, bits=8)
            mx.save_safetensors(str(path), {"l.weight": packed, "l.scales": scales, "l.biases": biases})
            status, _, error = bench.run("convert", *triple, path, out)
            bench.check(status == 2 and "-128 times its scales" in error, kind, group, status, error)
            mx.save_safetensors(str(path), {"l.weight": packed, "l.scales": scales, "l.biases": -128 * scales})
            for how in (triple, ["--as", "q8_0"]):
                bench.convert(path, out, "--strict", *how)
                one = gguf.GGUFReader(out).tensors[0]
                number = (np.array(packed).view("u1").reshape(8, 256).astype("f4") - 128) * np.repeat(numbers_of(scales), group, 1)
                bench.check(one.tensor_type.name == "Q8_0" and np.array_equal(gguf.dequantize(one.data, one.tensor_type), number), kind, group, "Q8_0", how)
    # 2^-30 is no number of f16
    mx.save_safetensors(str(path), {"l.weight": packed, "l.scales": scales * 2**-30, "l.biases": -128 * scales * 2**-30})
    status, _, error = bench.run("convert", *triple, path, out)
    bench.check(status == 2 and "no numbers that f16 can hold" in error, status, error)
