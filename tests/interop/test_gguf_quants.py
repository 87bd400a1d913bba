# SPDX-License-Identifier: MIT
"""Tests quantised blocks against gguf.quants, which uses NumPy and agrees with ggml bit for bit, in both directions."""

import itertools
import warnings

import numpy as np
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize
from gguf_kit import BLOCKS, TYPES, Tensor, TenonError, by_hand, loaded_as, peer_write, read
from gguf_samples import SCALES, ones

warnings.simplefilter("ignore")

PEERS = [kind for kind in SCALES if kind not in ("q1_0", "q2_0")]  # gguf-py 0.19.0 dequantises these
CARRIED = ["q8_1", "q8_k"]  # ggml cannot dequantise these: they are operands of its products and do not occur in files



def number(kind):
    return GGMLQuantizationType(TYPES[kind][0])


def dequantised(kind, blocks):
    """Returns the floats by gguf-py; None if it cannot dequantise the type."""
    try:
        return dequantize(blocks, number(kind))
    except (NotImplementedError, ValueError):
        return None


def quantised(kind, rows):
    try:
        return quantize(rows, number(kind))
    except (NotImplementedError, ValueError):
        return None


def random_blocks(kind, rows, columns, generator, finite):
    """Returns random blocks; with `finite` all scales are finite."""
    size = BLOCKS[kind][2]
    blocks = generator.integers(0, 256, (rows * columns, size), dtype=np.uint8)
    for at in SCALES[kind] if finite else []:
        infinite = (blocks[:, at + 1] & 0x7C == 0x7C) | (kind == "iq1_m")
        blocks[infinite, at + 1] &= 0xBF
    return blocks.reshape(rows, columns * size)


def by_tenon(kind, blocks):
    """Returns the floats by tenon, as f32."""
    _, items, size = BLOCKS[kind]
    tensor = Tensor(kind, (blocks.shape[0], blocks.shape[1] // size * items), data=blocks.tobytes())
    return np.frombuffer(loaded_as(by_hand({}, {"x": tensor}), "f32"), "<f4").reshape(tensor.shape)


def same_numbers(ours, theirs):
    """True if the floats are the same to the bit; NaNs are equal whatever their payload."""
    nan = np.isnan(ours) & np.isnan(theirs)
    return bool(np.all(nan | (ours.view("u4") == theirs.view("u4"))))


def check_numbers(bench, ours, theirs, *words):
    if not bench.check(same_numbers(ours, theirs), *words, "other numbers"):
        at = np.argwhere(~(np.isnan(ours) & np.isnan(theirs) | (ours.view("u4") == theirs.view("u4"))))
        print("   ", len(at), "of", ours.size, "first", at[0], ours[tuple(at[0])], theirs[tuple(at[0])])


def test_dequantise(bench):
    """tenon and gguf-py dequantise random blocks of every type alike."""
    generator, compared = np.random.default_rng(1), []
    for kind in PEERS:
        blocks = random_blocks(kind, 60, 50, generator, finite=True)
        theirs = dequantised(kind, blocks)
        if bench.check(theirs is not None, kind, "is unknown to gguf.quants"):
            check_numbers(bench, by_tenon(kind, blocks), theirs, kind)
            compared.append(kind)
    bench.check(len(compared) == 23, "compared are", compared)


def test_dequantise_every_byte(bench):
    """Both dequantise each value of each byte alike, in blocks with a scale of 1."""
    for kind in PEERS:
        size = BLOCKS[kind][2]
        blocks = np.tile(ones(kind), (256 * size, 1))
        for at in range(size):
            blocks[256 * at:256 * at + 256, at] = np.arange(256)
        check_numbers(bench, by_tenon(kind, blocks), dequantised(kind, blocks), kind)


def test_dequantise_not_finite(bench):
    """With scales that are infinite or NaN, numbers, infinities and NaNs lie where gguf-py has them."""
    generator = np.random.default_rng(2)
    for kind in PEERS:
        blocks = random_blocks(kind, 60, 50, generator, finite=False)
        size = BLOCKS[kind][2]
        one = blocks.reshape(-1, size)
        for at, row in itertools.product(SCALES[kind], range(0, 900, 3)):
            one[row, at:at + 2] = [(0x00, 0x7C), (0x00, 0xFC), (0x00, 0x7E), (0x01, 0xFE)][row // 3 % 4]
        ours, theirs = by_tenon(kind, blocks), dequantised(kind, blocks)
        check_numbers(bench, ours, theirs, kind)
        if SCALES[kind] and kind != "iq1_m":
            bench.check(not np.isfinite(theirs).all(), kind, "is finite: no test")


def test_carried(bench):
    """tenon copies the blocks of these types, and its refusal to dequantise names the type. It dequantises all others."""
    for kind in CARRIED:
        tensor = Tensor(kind, (3, 2 * BLOCKS[kind][1]))
        data = by_hand({}, {"x": tensor})
        bench.check(read(data)[1]["x"] == (kind, tensor.shape, tensor.data), kind, "is not carried")
        try:
            bench.check(loaded_as(data, "f32") is None, kind, "is dequantised")
        except TenonError as error:
            bench.check(kind in str(error), kind, error)
    for kind in BLOCKS:
        if kind not in CARRIED:
            bench.check(len(loaded_as(by_hand({}, {"x": Tensor(kind, (1, BLOCKS[kind][1]))}), "f32")) == 4 * BLOCKS[kind][1], kind)


def test_commands(bench):
    """The commands cat and convert dequantise as gguf-py does."""
    path, out = bench.folder / "in.gguf", bench.folder / "out.gguf"
    for kind in ("q4_0", "q8_0", "q4_k", "q6_k", "iq4_xs"):
        blocks = random_blocks(kind, 4, 3, np.random.default_rng(3), finite=True)
        shape = (4, 3 * BLOCKS[kind][1])
        path.write_bytes(by_hand({}, {"x": Tensor(kind, shape, data=blocks.tobytes())}))
        theirs = dequantised(kind, blocks)
        bench.check(bench.output("cat", "--as", "f32", path, "x") == theirs.tobytes(), kind, "cat --as f32")
        sliced = bench.output("cat", "--as", "f32", "--slice", "1:3,5:40", path, "x")
        bench.check(sliced == theirs[1:3, 5:40].tobytes(), kind, "cat --slice")
        wanted = by_hand({}, {"x": Tensor("f32", shape, data=theirs.tobytes())})
        bench.check(bench.convert(path, out, "--as", "f32") == wanted, kind, "convert --as f32")


# ---- quantising ----


def weights(generator, rows, columns):
    """Returns rows like those of models, of many sizes, with zeros, ties, outliers and constants. None is -0.0: in a block of
    zeros ggml takes 0.0 for the peak, gguf-py the first item, so that their scales may differ in sign."""
    data = generator.standard_normal((rows, columns)).astype("f4")
    data *= np.float32(10) ** generator.integers(-6, 3, (rows, 1)).astype("f4")
    data[0] = 0
    data[1] = 1.5
    data[2] = -0.25
    data[3] = np.arange(columns) % 16 - 7.5
    data[4] = np.arange(columns) % 255 - 127
    data[5] = np.abs(data[5])
    data[6] = -np.abs(data[6])
    data[7, ::7] *= 100
    data[8, ::2] = 0
    data[9] = np.where(np.arange(columns) % 3, 1e-7, -1e-7)
    data[10] = np.arange(columns) * 37 % 64 / 8
    data[11] = 0
    data[11, 5::64] = -3
    return data


def quantised_by_tenon(kind, rows):
    data = by_hand({}, {"x": Tensor("f32", rows.shape, data=rows.tobytes())})
    _, items, size = TYPES[kind]
    return np.frombuffer(loaded_as(data, kind), np.uint8).reshape(rows.shape[0], rows.shape[1] // items * size)


def test_quantise(bench):
    """tenon quantises every type that gguf-py can quantise to the same bytes."""
    generator, compared = np.random.default_rng(4), []
    for kind in BLOCKS:
        rows = weights(generator, 300, 1024)
        theirs = quantised(kind, rows)
        if theirs is None:
            continue
        compared.append(kind)
        ours = quantised_by_tenon(kind, rows)
        same = ours == theirs
        if not bench.check(same.all(), kind, "other bytes:", np.count_nonzero(~same), "of", same.size):
            print("    rows", sorted(set(np.argwhere(~same)[:, 0]))[:20], "first at", np.argwhere(~same)[0] % BLOCKS[kind][2])
    wanted = ["q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "tq1_0", "tq2_0", "mxfp4"]
    bench.check(compared == wanted, "compared are", compared)


def test_quantise_halves(bench):
    """tenon and gguf-py convert floats to f16 and bf16 alike."""
    rows = weights(np.random.default_rng(5), 300, 1024)
    bench.check(np.array_equal(quantised_by_tenon("f16", rows).reshape(-1), quantize(rows, number("f16")).view("u1").reshape(-1)), "f16")
    bench.check(np.array_equal(quantised_by_tenon("bf16", rows).reshape(-1), quantize(rows, number("bf16")).view("u1").reshape(-1)), "bf16")


QUANTISED = ["q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q1_0", "q2_0", "q2_k", "q3_k", "q4_k", "q5_k", "q6_k", "tq1_0", "tq2_0", "mxfp4",
             "nvfp4", "iq4_nl", "iq4_xs"]


def test_quantise_turned(bench):
    """Fortran order, and more than the memory: a temporary file turns the items before they become blocks."""
    generator, path, out = np.random.default_rng(7), bench.folder / "w.npy", bench.folder / "out.gguf"
    for shape in ((300, 512), (5, 40, 1024), (1024, 3, 256), (2, 3, 4, 7680)):
        array = generator.standard_normal(shape).astype("f4")
        for dtype, memory, kind in itertools.product(("<f4", ">f4", "<f2", "<f8"), ("64KiB", "500kB"), ("q8_0", "q4_1")):
            given = array.astype(dtype)
            np.save(path, np.asfortranarray(given))
            bench.check(bench.convert(path, out, "--as", kind, "-o", f"limits.memory={memory}", "-o", "core.threads=3") is not None)
            wanted = quantised(kind, given.astype("f4").reshape(-1, shape[-1]))
            bench.check(bench.output("cat", out, "w") == wanted.tobytes(), shape, dtype, memory, kind)


def test_there_and_back(bench):
    """gguf-py dequantises tenon's blocks to floats near the original, the nearer the more bits the type has."""
    rows = np.random.default_rng(6).standard_normal((64, 1024)).astype("f4")
    most = {"q1_0": 0.7, "q2_0": 0.8, "tq1_0": 0.9, "tq2_0": 0.9, "q2_k": 0.4, "q3_k": 0.2, "mxfp4": 0.2, "nvfp4": 0.15, "q8_0": 0.01}
    for kind in QUANTISED:
        blocks = quantised_by_tenon(kind, rows)
        back = dequantised(kind, blocks) if kind in PEERS else by_tenon(kind, blocks)
        error = np.sqrt(np.mean((back - rows)**2))
        bench.check(error <= most.get(kind, 0.1), kind, "is off by", error)


def test_whole_files(bench):
    """convert --as gives the bytes that GGUFWriter writes from gguf.quants' blocks; vectors and rows of partial blocks stay."""
    generator = np.random.default_rng(7)
    arrays = {"blk.0.attn.weight": weights(generator, 64, 256), "blk.0.norm.weight": generator.standard_normal(256).astype("f4"),
              "odd.weight": generator.standard_normal((20, 33)).astype("f4"), "output.weight": weights(generator, 32, 512)}
    pairs = {"general.architecture": ("string", b"llama"), "general.alignment": ("u32", 64)}
    path, theirs = bench.folder / "in.gguf", bench.folder / "theirs.gguf"
    path.write_bytes(by_hand(pairs, {name: Tensor("f32", array.shape, data=array.tobytes()) for name, array in arrays.items()}))
    for kinds in ({"*": "q8_0"}, {"*": "q4_0", "output.weight": "q8_0"}, {"blk.*": "q5_1"}):
        tensors = {}
        for name, array in arrays.items():
            rules = [kind for glob, kind in kinds.items() if glob in ("*", name) or glob == "blk.*" and name.startswith("blk")]
            kind = rules[-1] if rules and array.ndim > 1 and array.shape[-1] % 32 == 0 else "f32"
            tensors[name] = Tensor(kind, array.shape, data=quantize(array, number(kind)).tobytes())
        peer_write(theirs, pairs, tensors)
        rules = [word for glob, kind in kinds.items() for word in ("--as", kind if glob == "*" else f"{glob}:{kind}")]
        bench.check(bench.convert(path, bench.folder / "out.gguf", "-q", *rules) == theirs.read_bytes(), kinds, "is not what gguf-py makes")
