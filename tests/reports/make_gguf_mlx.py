# SPDX-License-Identifier: MIT
"""Makes the inputs that public bug reports about .gguf and MLX's files describe, in the folder argv[1]. Deterministic. The bytes are written here with struct; numpy only makes
numbers, and the folder mlx/ is made by MLX itself when it can be imported."""
import json, os, struct, sys
import numpy as np

OUT = sys.argv[1]
os.makedirs(OUT, exist_ok=True)


def rng(seed):
    return np.random.default_rng(seed)


def path(name):
    p = os.path.join(OUT, name)
    os.makedirs(os.path.dirname(p), exist_ok=True)
    return p


def save(name, data):
    with open(path(name), "wb") as f:
        f.write(data)


# ---- GGUF ----------------------------------------------------------------------------------------------------------------

U8, I8, U16, I16, U32, I32, F32, BOOL, STR, ARR, U64, I64, F64 = range(13)
FMT = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "B", U64: "Q", I64: "q", F64: "d"}
T_F32, T_F16, T_Q4_0, T_Q4_1, T_Q8_0, T_Q4_K, T_Q6_K, T_I8, T_I16, T_I32, T_I64, T_F64, T_BF16 = 0, 1, 2, 3, 8, 12, 14, 24, 25, 26, 27, 28, 30


class Gguf:
    def __init__(self, version=3, big=False, align=32, magic=b"GGUF"):
        self.v, self.e, self.align, self.magic = version, ">" if big else "<", align, magic
        self.kv, self.t = [], []

    def size(self, n):
        return struct.pack(self.e + ("I" if self.v == 1 else "Q"), n)

    def s(self, text):
        b = text if isinstance(text, bytes) else text.encode()
        return self.size(len(b)) + b

    def value(self, t, v):
        if t == STR:
            return self.s(v)
        if t == ARR:
            it, items = v
            head = struct.pack(self.e + "I", it) + self.size(len(items))
            if it in FMT and it != BOOL:
                return head + np.asarray(items, dtype=np.dtype(self.e + {"f": "f4", "d": "f8"}.get(FMT[it], ("u" if FMT[it].isupper() else "i") + str(struct.calcsize(FMT[it]))))).tobytes()
            return head + b"".join(self.value(it, x) for x in items)
        return struct.pack(self.e + FMT[t], v)

    def key(self, k, t, v):
        self.kv.append(self.s(k) + struct.pack(self.e + "I", t) + self.value(t, v))
        return self

    def tensor(self, name, shape, ttype, data):
        """shape outermost first, as numpy has it."""
        self.t.append((name, shape, ttype, data))
        return self

    def bytes(self, pad_end=True, offsets=None, n_tensors=None, n_kv=None, gap=0, trailing=b""):
        b = self.magic + struct.pack(self.e + "I", self.v)
        b += self.size(len(self.t) if n_tensors is None else n_tensors) + self.size(len(self.kv) if n_kv is None else n_kv)
        b += b"".join(self.kv)
        off, places = 0, []
        for i, (name, shape, tt, data) in enumerate(self.t):
            o = off if offsets is None else offsets[i]
            places.append(o)
            b += self.s(name) + struct.pack(self.e + "I", len(shape)) + b"".join(self.size(d) for d in reversed(shape))
            b += struct.pack(self.e + "I", tt) + struct.pack(self.e + "Q", o)
            off += (len(data) + self.align - 1) // self.align * self.align + gap
        if self.t:
            b += bytes(-len(b) % self.align)
        body = bytearray()
        for o, (_, _, _, data) in zip(places, self.t):
            body += bytes(max(0, o - len(body)))
            body[o:o + len(data)] = data
        if pad_end:
            body += bytes(-len(body) % self.align)
        return b + bytes(body) + trailing


def f32(seed, *shape):
    return rng(seed).standard_normal(shape).astype("<f4")


def bf16(a):
    u = np.asarray(a, "<f4").view("<u4").astype(np.uint64)
    return (((u + 0x7FFF + ((u >> 16) & 1)) >> 16) & 0xFFFF).astype("<u2")


def q8_0(a):
    a = np.asarray(a, "<f4").reshape(-1, 32)
    d = (np.abs(a).max(1) / 127).astype("<f4")
    inv = np.divide(1, d, out=np.zeros_like(d), where=d > 0)
    q = np.round(a * inv[:, None]).astype(np.int8)
    return b"".join(x.tobytes() + y.tobytes() for x, y in zip(d.astype("<f2"), q))


def q4_0(a):
    a = np.asarray(a, "<f4").reshape(-1, 32)
    m = a[np.arange(len(a)), np.abs(a).argmax(1)]
    d = (m / -8).astype("<f4")
    inv = np.divide(1, d, out=np.zeros_like(d), where=d != 0)
    q = np.clip(np.trunc(a * inv[:, None] + 8.5), 0, 15).astype(np.uint8)
    return b"".join(x.tobytes() + (y[:16] | y[16:] << 4).astype(np.uint8).tobytes() for x, y in zip(d.astype("<f2"), q))


def llama(g, name="tiny", ftype=1):
    """The keys of a small llama model."""
    return (g.key("general.architecture", STR, "llama").key("general.name", STR, name)
            .key("general.file_type", U32, ftype).key("general.quantization_version", U32, 2)
            .key("llama.context_length", U32, 2048).key("llama.embedding_length", U32, 64)
            .key("llama.block_count", U32, 1).key("llama.rope.freq_base", F32, 10000.0)
            .key("llama.attention.layer_norm_rms_epsilon", F32, 1e-5))


def tokens(g, n, types=I32):
    words = ["<unk>", "<s>", "</s>", "<|im_end|>"] + ["tok%d" % i for i in range(4, n)]
    return (g.key("tokenizer.ggml.model", STR, "llama").key("tokenizer.ggml.tokens", ARR, (STR, words))
            .key("tokenizer.ggml.scores", ARR, (F32, [-float(i) for i in range(n)]))
            .key("tokenizer.ggml.token_type", ARR, (types, [3, 3, 3] + [1] * (n - 3)))
            .key("tokenizer.ggml.bos_token_id", U32, 1).key("tokenizer.ggml.eos_token_id", U32, 2)
            .key("tokenizer.ggml.add_bos_token", BOOL, 1)
            .key("tokenizer.chat_template", STR, "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}\n{% endfor %}"))


def body(g, seed=1, quant=False):
    w, n = f32(seed, 64, 64), f32(seed + 1, 64)
    g.tensor("token_embd.weight", (64, 64), T_Q8_0 if quant else T_F16, q8_0(w) if quant else w.astype("<f2").tobytes())
    g.tensor("blk.0.attn_norm.weight", (64,), T_F32, n.tobytes())
    w = f32(seed + 2, 96, 64)
    g.tensor("blk.0.ffn_up.weight", (96, 64), T_Q4_0 if quant else T_F16, q4_0(w) if quant else w.astype("<f2").tobytes())
    return g


def model(ftype=1, quant=False, n=32, **kw):
    return body(tokens(llama(Gguf(**kw), ftype=ftype), n), quant=quant)


# ---- safetensors, npy ----------------------------------------------------------------------------------------------------

def safetensors(tensors, metadata=None):
    """tensors: (name, dtype word, shape, bytes), in this order."""
    head, off = {}, 0
    if metadata is not None:
        head["__metadata__"] = metadata
    for name, word, shape, data in tensors:
        head[name] = {"dtype": word, "shape": list(shape), "data_offsets": [off, off + len(data)]}
        off += len(data)
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(t[3] for t in tensors)


def npy(descr, fortran, shape, data):
    text = ("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (descr, fortran, shape if len(shape) != 1 else "(%d,)" % shape)).encode()
    text += b" " * (-(10 + len(text) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


# ---- the inputs ----------------------------------------------------------------------------------------------------------

# the plain models that many rows start from
save("model.gguf", model().bytes())
save("quant.gguf", model(ftype=7, quant=True).bytes())

# 01  five dims
g = llama(Gguf(), "video")
g.tensor("patch_embedding.weight", (16, 4, 1, 2, 2), T_F16, f32(11, 16, 4, 1, 2, 2).astype("<f2").tobytes())
g.tensor("blocks.0.weight", (64, 64), T_Q8_0, q8_0(f32(12, 64, 64)))
save("01_5d.gguf", g.bytes())
save("01_5d.safetensors", safetensors([("patch_embedding.weight", "F16", (16, 4, 1, 2, 2), f32(11, 16, 4, 1, 2, 2).astype("<f2").tobytes()),
                                       ("blocks.0.weight", "F32", (64, 64), f32(12, 64, 64).tobytes())]))

# 02  a type of a fork: 139 (32 blocks of 144 bytes), between known ones
for t, size in ((139, 32 * 144 // 2),):
    g = tokens(llama(Gguf(), "fork"), 16)
    g.tensor("output_norm.weight", (64,), T_F32, f32(21, 64).tobytes())
    g.tensor("blk.0.ffn_down.weight", (64, 64), t, rng(22).bytes(size))
    g.tensor("token_embd.weight", (64, 64), T_F16, f32(23, 64, 64).astype("<f2").tobytes())
    save("02_type%d.gguf" % t, g.bytes())

# 03  mxfp4 under the number 4
g = llama(Gguf(), "oss")
g.tensor("blk.0.ffn_down_exps.weight", (2, 32, 64), 4, rng(31).bytes(2 * 32 * 2 * 17))
g.tensor("output_norm.weight", (64,), T_F32, f32(32, 64).tobytes())
save("03_mxfp4_as_4.gguf", g.bytes())

# 04  a marker without items, last in the file
g = body(llama(Gguf(), "edit"))
g.tensor("__index_timestep_zero__", (0,), T_F32, b"")
save("04_zero_dim.gguf", g.bytes())
save("04_zero_dim_nopad.gguf", g.bytes(pad_end=False))
g = llama(Gguf(), "edit")
g.tensor("__marker__", (0,), T_F32, b"")
save("04_only_zero_dim.gguf", g.bytes())

# 05  names of 63, 64 and 74 bytes
long = [("a." * 40)[:n - 7] + ".weight" for n in (63, 64, 74)]
save("05_long_names.safetensors", safetensors([(n, "F32", (4, 32), f32(50 + i, 4, 32).tobytes()) for i, n in enumerate(long)]))
g = llama(Gguf())
for i, n in enumerate(long):
    g.tensor(n, (4, 32), T_F32, f32(50 + i, 4, 32).tobytes())
save("05_long_names.gguf", g.bytes())

# 06  big-endian, versions 1 and 2
w = f32(61, 64, 64)
for big in (False, True):
    g = tokens(llama(Gguf(big=big), "be"), 16)
    q = q8_0(w)
    if big:
        q = b"".join(q[i + 1:i + 2] + q[i:i + 1] + q[i + 2:i + 34] for i in range(0, len(q), 34))
    g.tensor("a.weight", (64, 64), T_Q8_0, q)
    g.tensor("b.weight", (64,), T_F32, f32(62, 64).astype(">f4" if big else "<f4").tobytes())
    g.tensor("c.weight", (64, 64), T_BF16, bf16(f32(63, 64, 64)).astype(">u2" if big else "<u2").tobytes())
    save("06_be.gguf" if big else "06_le.gguf", g.bytes())
save("06_v1.gguf", model(version=1).bytes())
save("06_v2.gguf", model(version=2).bytes())
save("06_v4.gguf", model(version=4).bytes())
save("06_be_v2.gguf", model(version=2, big=True).bytes())

# 07  broken downloads of a file of 300 KiB
g = tokens(llama(Gguf(), "big"), 4000)
for i in range(4):
    g.tensor("blk.%d.w" % i, (128, 128), T_F32, f32(70 + i, 128, 128).tobytes())
whole = g.bytes()
save("07_whole.gguf", whole)
save("07_cut_data.gguf", whole[:-30000])
save("07_cut_header.gguf", whole[:40000])
save("07_zero_tail.gguf", whole[:-100000] + bytes(100000))            # preallocated, not filled
save("07_zeros.gguf", bytes(len(whole)))
save("07_empty.gguf", b"")
save("07_no_magic.gguf", bytes(4) + whole[4:])

# 08  what is no model at all under its name
save("08_lfs.gguf", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0123456789abcdef" * 4 + b"\nsize 4661211808\n")
save("08_lfs.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0123456789abcdef" * 4 + b"\nsize 4661211808\n")
save("08_html.gguf", b"<!DOCTYPE html>\n<html><head><title>Found</title></head><body>Redirecting to somewhere</body></html>\n")

# 09  a file cut with split(1)
save("09_cut/model.gguf.part1of2", whole[:len(whole) // 2])
save("09_cut/model.gguf.part2of2", whole[len(whole) // 2:])
save("09_cut/model.gguf-split-a", whole[:len(whole) // 2])
save("09_cut/model.gguf-split-b", whole[len(whole) // 2:])


# 10-13  split sets
def split_set(folder, stem, count, per=2, empty_first=False, keys_everywhere=False, later_align=None, align=None, types=(U16, U16, I32), skip=()):
    total = per * (count - (1 if empty_first else 0))
    k = 0
    for i in range(count):
        a = (align if i == 0 or later_align is None else later_align) or 32
        g = Gguf(align=a)
        if i == 0 or keys_everywhere:
            llama(g, "set")
        if a != 32:
            g.key("general.alignment", U32, a)
        g.key("split.no", types[0], i).key("split.count", types[1], count).key("split.tensors.count", types[2], total)
        for j in range(0 if empty_first and i == 0 else per):
            g.tensor("blk.%d.w" % k, (3, 32), T_F32, f32(1000 + k, 3, 32).tobytes())
            k += 1
        if i + 1 not in skip:
            save("%s/%s-%05d-of-%05d.gguf" % (folder, stem, i + 1, count), g.bytes())


split_set("10_set3", "m", 3)
split_set("10_set2", "m", 2)
split_set("11_many", "m", 300, per=1)
split_set("12_missing", "m", 3, skip=(2,))
split_set("12_dotted", "k.gguf", 2)
split_set("12_keys_everywhere", "m", 2, keys_everywhere=True)
split_set("12_u32_keys", "m", 2, types=(U32, U32, U64))
split_set("13_empty_first", "m", 3, empty_first=True)
split_set("25_align", "m", 2, align=64, later_align=32)
g = llama(Gguf(), "alone").key("split.no", U16, 0).key("split.count", U16, 3).key("split.tensors.count", I32, 6)
g.tensor("blk.0.w", (3, 32), T_F32, f32(1000, 3, 32).tobytes())
save("12_renamed/first-part.gguf", g.bytes())
split_set("55_blobs", "m", 2)
for i in (1, 2):                                      # as a cache of downloads has it: links to blobs
    src = path("55_blobs/m-%05d-of-00002.gguf" % i)
    dst = path("55_cache/blobs/%064x" % i)
    os.replace(src, dst)
    link = path("55_cache/snapshots/abc/m-%05d-of-00002.gguf" % i)
    if os.path.lexists(link):
        os.remove(link)
    os.symlink("../../blobs/%064x" % i, link)
os.rmdir(path("55_blobs/x")[:-2])

# 15  a long chat template
save("15_template.jinja", ("{# a template as long as some are #}\n" + "".join("{%% if m == %d %%}x{%% endif %%}\n" % i for i in range(6000))).encode())

# 16, 19  a large vocabulary
def vocabulary(n, merges, name):
    g = llama(Gguf(), "vocab")
    r = rng(190)
    words = ["<start_of_turn>", "<end_of_turn>"] + ["\u0120" + "".join(chr(97 + c) for c in r.integers(0, 26, 3 + i % 7)) + str(i) for i in range(n - 2)]
    g.key("tokenizer.ggml.model", STR, "gpt2").key("tokenizer.ggml.tokens", ARR, (STR, words))
    g.key("tokenizer.ggml.scores", ARR, (F32, np.arange(n)))
    g.key("tokenizer.ggml.token_type", ARR, (I32, np.ones(n)))
    g.key("tokenizer.ggml.merges", ARR, (STR, ["ab%d cd%d" % (i, i) for i in range(merges)]))
    g.key("general.license", STR, "mit")
    g.tensor("output_norm.weight", (64,), T_F32, f32(191, 64).tobytes())
    save(name, g.bytes())


vocabulary(262144, 514906, "19_vocab.gguf")
vocabulary(2000, 100, "16_vocab.gguf")

# 17  arrays of every type of number
g = llama(Gguf())
g.key("tokenizer.ggml.precompiled_charsmap", ARR, (U8, rng(170).integers(0, 256, 1000)))
for k, t in (("i8", I8), ("u16", U16), ("i16", I16), ("u32", U32), ("i32", I32), ("u64", U64), ("i64", I64), ("f32", F32), ("f64", F64)):
    g.key("x.arr." + k, ARR, (t, [1, 2, 3]))
g.key("x.arr.bool", ARR, (BOOL, [1, 0, 1])).key("x.u64", U64, 2**64 - 1).key("x.i64", I64, -2**63).key("x.f64", F64, 0.1)
g.key("x.nan", F32, float("nan")).key("x.inf", F32, float("-inf")).key("x.u8", U8, 7)
g.tensor("w", (2, 32), T_F32, f32(171, 2, 32).tobytes())
save("17_types.gguf", g.bytes())

# 21  a key twice; 22 empty arrays; 23 an empty key; a bool of 255; a key of 300 bytes; capital letters
for name, second in (("21_dup_same.gguf", "llama"), ("21_dup_other.gguf", "qwen2")):
    save(name, body(llama(Gguf()).key("general.architecture", STR, second)).bytes())
g = Gguf()
for n in ("a", "a"):
    g.tensor(n, (2, 32), T_F32, f32(210, 2, 32).tobytes())
save("21_dup_tensor.gguf", llama(g).bytes())
save("22_empty_array.gguf", body(llama(Gguf()).key("general.tags", ARR, (STR, [])).key("x.none", ARR, (I32, []))).bytes())
save("23_empty_key.gguf", body(llama(Gguf()).key("", U32, 1)).bytes())
save("23_bool255.gguf", body(llama(Gguf()).key("tokenizer.ggml.add_bos_token", BOOL, 255)).bytes())
save("23_empty_name.gguf", llama(Gguf()).tensor("", (2, 32), T_F32, f32(1, 2, 32).tobytes()).bytes())
save("23_value_type13.gguf", body(llama(Gguf())).bytes().replace(b"llama.context_length" + struct.pack("<I", U32), b"llama.context_length" + struct.pack("<I", 13)))

# 24  alignments
for a in (1, 8, 16, 64, 4096):
    save("24_align%d.gguf" % a, body(llama(Gguf(align=a)).key("general.alignment", U32, a)).bytes())
save("24_align24.gguf", body(llama(Gguf(align=24)).key("general.alignment", U32, 24)).bytes())
save("24_align0.gguf", body(llama(Gguf()).key("general.alignment", U32, 0)).bytes())
save("24_align_i32.gguf", body(llama(Gguf(align=64)).key("general.alignment", I32, 64)).bytes())
save("24_align_u64.gguf", body(llama(Gguf(align=64)).key("general.alignment", U64, 64)).bytes())
save("24_unaligned.gguf", llama(Gguf(align=1)).tensor("a", (3,), T_F32, f32(1, 3).tobytes()).tensor("b", (5,), T_F32, f32(2, 5).tobytes()).bytes())

# 26  no padding at the end; 27 two files in one, and a tail
odd = llama(Gguf()).tensor("a", (3,), T_F32, f32(260, 3).tobytes()).tensor("b", (5,), T_F32, f32(261, 5).tobytes())
save("26_no_pad.gguf", odd.bytes(pad_end=False))
save("26_pad.gguf", odd.bytes())
save("27_two_in_one.gguf", odd.bytes() + model().bytes())
save("27_gap.gguf", odd.bytes(gap=64))
save("27_swapped.gguf", odd.bytes(offsets=[32, 0]))
save("27_shared.gguf", llama(Gguf()).tensor("output.weight", (8, 32), T_F32, f32(9, 8, 32).tobytes()).tensor("token_embd.weight", (8, 32), T_F32, f32(9, 8, 32).tobytes()).bytes(offsets=[0, 0]))

# 28  odd strings
g = llama(Gguf(), "evil\x1b[31mred\x1b[0m\ttab\nline")
g.key("tokenizer.ggml.tokens", ARR, (STR, ["\u2581a", b"\xff\xfe", b"\xe2\x96", "", "\x00", "a\x00b", "\u202eabc", "\U0001f999", '"', "\\", "\n", "\x1b[2J"]))
g.key("x.bytes", STR, b"\xf6\x00\xff").key("x.nul", STR, "a\x00b").key("tokenizer.chat_template", STR, "{{ '\u2581' }}\n<\uff5cUser\uff5c>")
g.tensor("w\x1b[31m", (2, 32), T_F32, f32(280, 2, 32).tobytes()).tensor("a b/../c*[x]=1", (2, 32), T_F32, f32(281, 2, 32).tobytes())
g.tensor("\u2581w", (2, 32), T_F32, f32(282, 2, 32).tobytes())
save("28_strings.gguf", g.bytes())

# 29  imatrix
g = Gguf().key("general.type", STR, "imatrix").key("imatrix.datasets", ARR, (STR, ["calib.txt"])).key("imatrix.chunk_count", U32, 10).key("imatrix.chunk_size", U32, 512)
for n, e in (("blk.0.attn_q.weight", 1), ("blk.0.ffn_up_exps.weight", 4)):
    g.tensor(n + ".in_sum2", (e, 64), T_F32, np.abs(f32(290, e, 64)).tobytes()).tensor(n + ".counts", (e, 1), T_F32, np.full((e, 1), 5120, "<f4").tobytes())
save("29_imatrix.gguf", g.bytes())
save("29_imatrix.dat", bytes(8) + rng(29).bytes(100))

# 30  a LoRA adapter; 31 a control vector; 32 a projector
g = Gguf().key("general.architecture", STR, "llama").key("general.type", STR, "adapter").key("adapter.type", STR, "lora").key("adapter.lora.alpha", F32, 16.0)
g.tensor("blk.0.attn_q.weight.lora_a", (8, 64), T_BF16, bf16(f32(300, 8, 64)).tobytes()).tensor("blk.0.attn_q.weight.lora_b", (64, 8), T_BF16, bf16(f32(301, 64, 8)).tobytes())
save("30_lora.gguf", g.bytes())
g = Gguf().key("general.architecture", STR, "controlvector").key("controlvector.model_hint", STR, "llama").key("controlvector.layer_count", I32, 3)
for i in (1, 2, 3):
    g.tensor("direction.%d" % i, (64,), T_F32, f32(310 + i, 64).tobytes())
save("31_control.gguf", g.bytes())
g = Gguf().key("general.architecture", STR, "clip").key("clip.has_vision_encoder", BOOL, 1).key("clip.use_gelu", BOOL, 0)
g.key("clip.projector_type", STR, "mlp").key("clip.vision.image_mean", ARR, (F32, [0.48145466, 0.4578275, 0.40821073])).key("clip.vision.feature_layer", ARR, (I32, [7, 15, 23, 31]))
g.tensor("v.patch_embd.weight", (8, 3, 14, 14), T_F16, f32(320, 8, 3, 14, 14).astype("<f2").tobytes()).tensor("v.class_embd", (64,), T_F32, f32(321, 64).tobytes())
g.tensor("logit_scale", (), T_F32, np.float32(4.6).tobytes()).tensor("one", (1,), T_F32, np.float32(1.5).tobytes())
save("32_mmproj.gguf", g.bytes())

# 33  shapes that a key tells; 34 outer dims of 1
g = Gguf().key("general.architecture", STR, "sdxl").key("general.file_type", U32, 7).key("comfy.gguf.orig_shape.first.weight", ARR, (I32, [48, 16])).key("comfy.gguf.orig_shape.conv.weight", ARR, (I32, [8, 4, 3, 3]))
g.tensor("first.weight", (3, 256), T_Q8_0, q8_0(f32(330, 3, 256))).tensor("conv.weight", (9, 32), T_F16, f32(331, 9, 32).astype("<f2").tobytes())
save("33_orig_shape.gguf", g.bytes())
save("34_ones.safetensors", safetensors([("pos_embed", "F16", (1, 96, 64), f32(340, 1, 96, 64).astype("<f2").tobytes()), ("scalar", "F32", (), np.float32(2).tobytes()), ("ones", "F32", (1, 1, 1, 1), np.float32(3).tobytes())]))

# 35  rows that are no multiple of a block; 36 fp8 with scales
save("35_rows.safetensors", safetensors([("double.weight", "F32", (64, 3072 // 32), f32(350, 64, 96).tobytes()), ("odd.weight", "F32", (3, 68), f32(351, 3, 68).tobytes()), ("k.weight", "F32", (4, 2, 32), f32(352, 4, 2, 32).tobytes()), ("b.bias", "F32", (64,), f32(353, 64).tobytes())]))
f8 = (rng(360).integers(0, 0x7E, 32 * 64).astype(np.uint8) | (rng(361).integers(0, 2, 32 * 64) << 7).astype(np.uint8)).tobytes()
save("36_fp8.safetensors", safetensors([("scaled_fp8", "F8_E4M3", (2,), b"\x00\x00"), ("blk.0.weight", "F8_E4M3", (32, 64), f8), ("blk.0.scale_weight", "F32", (), np.float32(0.0021).tobytes()), ("blk.0.bias", "F8_E4M3", (32,), f8[:32]), ("norm.weight", "BF16", (64,), bf16(f32(362, 64)).tobytes())]))

# 37  types that GGUF lacks
save("37_u8.safetensors", safetensors([("model.layers.0.mlp.down_proj.weight", "U8", (2048, 1), rng(370).bytes(2048)), ("model.layers.0.mlp.down_proj.weight.absmax", "U8", (64,), rng(371).bytes(64)), ("model.norm.weight", "BF16", (64,), bf16(f32(372, 64)).tobytes())]))
save("37_bool.safetensors", safetensors([("mask", "BOOL", (8,), bytes([1, 0] * 4)), ("ids", "U32", (4,), struct.pack("<4I", 1, 2, 3, 4)), ("c", "C64", (2,), f32(374, 4).tobytes()), ("w", "F32", (2, 32), f32(375, 2, 32).tobytes())]))

# 40  not row-major; 41 eight bytes that are real or complex
a = f32(400, 4, 32)
save("40_fortran.npy", npy("<f4", True, (4, 32), np.asfortranarray(a).tobytes(order="F")))
save("41_f8.npy", npy("<f8", False, (3,), struct.pack("<3d", 1.5, -2, 1e300)))
save("41_c8.npy", npy("<c8", False, (2,), struct.pack("<4f", 1, 2, 3, -4)))
save("41_big.npy", npy(">f4", False, (3,), struct.pack(">3f", 1, 2, 3)))

# 43  metadata that says mlx; null, empty and no metadata
t = [("model.norm.weight", "BF16", (64,), bf16(f32(430, 64)).tobytes())]
save("43_mlx.safetensors", safetensors(t, {"format": "mlx"}))
save("43_empty_meta.safetensors", safetensors(t, {}))
save("43_null_meta.safetensors", (lambda h: struct.pack("<Q", len(h)) + h + t[0][3])(b'{"__metadata__":null,"model.norm.weight":{"dtype":"BF16","shape":[64],"data_offsets":[0,128]}} '))
save("43_only_meta.safetensors", safetensors([], {"crc": "12"}))

# 46  bf16, and a mixture
g = llama(Gguf(), "mix")
g.tensor("a.weight", (64, 64), T_BF16, bf16(f32(460, 64, 64)).tobytes()).tensor("norm.weight", (64,), T_F32, f32(461, 64).tobytes()).tensor("q.weight", (64, 64), T_Q8_0, q8_0(f32(462, 64, 64))).tensor("ids", (4,), T_I32, struct.pack("<4i", 1, 2, 3, 4))
save("46_mix.gguf", g.bytes())

# 48  infinities, NaN, and numbers that f16 cannot hold
b = f32(480, 4, 64).copy()
b[0, 0], b[1, 1], b[2, 2] = np.inf, np.nan, 1e6
save("48_inf.safetensors", safetensors([("norm_final.weight", "F32", (4, 64), b.tobytes()), ("large.weight", "F32", (4, 64), (f32(481, 4, 64) * 1e6).tobytes())]))
save("48_bf16_large.safetensors", safetensors([("t.weight", "BF16", (2, 32), bf16(f32(485, 2, 32) * 1e6).tobytes()), ("ids", "I64", (3,), struct.pack("<3q", 3, 4097, 128009)), ("z", "C64", (2,), f32(486, 4).tobytes())]))
blocks = bytearray(q8_0(f32(482, 4, 64)))
blocks[34:36] = b"\x00\x7c"
save("48_inf_scale.gguf", llama(Gguf()).tensor("w.weight", (4, 64), T_Q8_0, bytes(blocks)).bytes())

# 49  blocks of random bytes with sound scales: mxfp4, nvfp4, tq1_0, tq2_0
g = llama(Gguf(), "fp4")
r = rng(490)
g.tensor("mx.weight", (4, 64), 39, b"".join(bytes([int(r.integers(110, 140))]) + r.bytes(16) for _ in range(8)))
g.tensor("nv.weight", (4, 64), 40, b"".join(bytes(int(x) for x in r.integers(1, 0x7E, 4)) + r.bytes(32) for _ in range(4)))
half = np.float16(0.25).tobytes()
g.tensor("t1.weight", (2, 256), 34, b"".join(r.bytes(52) + half for _ in range(2)))
g.tensor("t2.weight", (2, 256), 35, b"".join(r.bytes(64) + half for _ in range(2)))
g.tensor("nv.scale", (1,), T_F32, np.float32(0.5).tobytes())
save("49_fp4.gguf", g.bytes())

# 52  lengths that are lies
good = llama(Gguf()).bytes()
save("52_string_len.gguf", b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 4 << 20) + b"abcdefgh")
save("52_array_len.gguf", b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", ARR, U32, 1 << 60))
save("52_counts.gguf", b"GGUF" + struct.pack("<IQQ", 3, 1 << 62, 1 << 62) + bytes(64))
deep = b""
for _ in range(200):
    deep += struct.pack("<IQ", ARR, 1)
save("52_deep.gguf", b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"k" + struct.pack("<I", ARR) + deep + struct.pack("<IQ", U8, 0))

# 56  arrays of arrays
save("56_nested.gguf", body(llama(Gguf()).key("x.nested", ARR, (ARR, [(I32, [1, 2]), (STR, ["a"]), (ARR, [(F32, [0.5])])]))).bytes())

# 58  many tensors, many keys
g = llama(Gguf(), "moe")
for i in range(50000):
    g.kv.append(g.s("x.key.%d" % i) + struct.pack("<II", U32, i))
one = f32(580, 8).tobytes()
for i in range(100000):
    g.tensor("blk.%d.ffn_gate_exps.%d.weight" % (i // 256, i % 256), (8,), T_F32, one)
big = [g.magic + struct.pack("<IQQ", 3, len(g.t), len(g.kv)), b"".join(g.kv)]
big += [g.s(n) + struct.pack("<IQIQ", 1, 8, T_F32, 32 * i) for i, (n, *_) in enumerate(g.t)]
head = b"".join(big)
save("58_many.gguf", head + bytes(-len(head) % 32) + one * len(g.t))

# 59  a file with holes: 3 GiB of q4_0 in one tensor, 5 GiB of f32 in another
rows, cols = 65536, 4096
q = rows * cols // 32 * 18 * 21
g = llama(Gguf(), "huge")
h = Gguf()
infos = [("big.q4", (rows * 21, cols), T_Q4_0, q), ("big.f32", (5 * 65536, 4096), T_F32, 5 * 65536 * 4096 * 4)]
head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(g.kv)) + b"".join(g.kv)
off = 0
for n, s, t, size in infos:
    head += g.s(n) + struct.pack("<I2QIQ", 2, s[1], s[0], t, off)
    off += (size + 31) // 32 * 32
head += bytes(-len(head) % 32)
with open(path("59_huge.gguf"), "wb") as f:
    f.write(head)
    f.truncate(len(head) + off)

# 61  the names of another library
save("61_hf.safetensors", safetensors([("model.embed_tokens.weight", "BF16", (64, 64), bf16(f32(610, 64, 64)).tobytes())] + [("model.layers.%d.self_attn.q_proj.weight" % i, "BF16", (64, 64), bf16(f32(611 + i, 64, 64)).tobytes()) for i in range(4)]))

# 63  an index, its shards, and a stray file beside them
shards = [("model.layers.%d.w" % i, "BF16", (4, 32), bf16(f32(630 + i, 4, 32)).tobytes()) for i in range(4)]
for i in (1, 2):
    save("63_index/model-%05d-of-00002.safetensors" % i, safetensors(shards[2 * i - 2:2 * i], {"format": "pt"}))
save("63_index/adapters.safetensors", safetensors([("model.layers.0.w", "F32", (4, 32), f32(639, 4, 32).tobytes())], {"format": "mlx"}))
save("63_index/model.safetensors.index.json", json.dumps({"metadata": {"total_size": 1024}, "weight_map": {s[0]: "model-%05d-of-00002.safetensors" % (1 + k // 2) for k, s in enumerate(shards)}}).encode())

# 62  a model of bf16 as it is published: norms and biases must be f32 where ggml runs it
save("62_bf16.safetensors", safetensors([("blk.0.attn_q.weight", "BF16", (64, 64), bf16(f32(620, 64, 64)).tobytes()), ("blk.0.attn_q.bias", "BF16", (64,), bf16(f32(621, 64)).tobytes()), ("blk.0.attn_norm.weight", "BF16", (64,), bf16(f32(622, 64)).tobytes())]))

# 64  right contents, wrong names
save("64_gguf.bin", model().bytes())
save("64_st.gguf", open(path("43_mlx.safetensors"), "rb").read())
save("64_gguf.safetensors", model().bytes())
save("64_gguf", model().bytes())

# 39  as files of q4_0 are: the embeddings have another type
g = body(llama(Gguf(), ftype=2), quant=True)
g.tensor("output.weight", (4, 256), T_Q6_K, b"".join(rng(391 + i).bytes(208) + np.float16(0.01).tobytes() for i in range(4)))
save("39_q4_0_and_q6_k.gguf", g.bytes())

# MLX's own files
try:
    import mlx.core as mx
except ImportError:
    sys.exit("mlx is not there: the folder mlx/ is left out")
os.makedirs(os.path.join(OUT, "mlx"), exist_ok=True)
P = lambda n: os.path.join(OUT, "mlx", n)
w = mx.array(f32(900, 64, 256))
arrays = {"layers.0.weight": w.astype(mx.bfloat16), "layers.0/bias": mx.array(f32(901, 64)), "mask": mx.array([True, False]),
          "z": mx.array(np.array([1 + 2j, 3 - 4j], np.complex64)), "ids": mx.array(np.arange(5, dtype=np.uint32)), "u8": mx.array(np.arange(5, dtype=np.uint8)),
          "i64": mx.array(np.arange(5)), "empty": mx.zeros((0, 4)), "scalar": mx.array(1.5), "half": w.astype(mx.float16)[:2]}
mx.savez(P("all.npz"), **arrays)
mx.savez_compressed(P("all_compressed.npz"), **arrays)
mx.save_safetensors(P("all.safetensors"), arrays, metadata={"format": "mlx"})
mx.save(P("bf16.npy"), w.astype(mx.bfloat16))
mx.save(P("transposed.npy"), w.T)
mx.save_safetensors(P("transposed.safetensors"), {"w": w.T, "s": w[::2, 1::3]})
mx.save_gguf(P("plain.gguf"), {"a.weight": w, "b": w.astype(mx.float16)[:2], "c": mx.array(np.arange(5, dtype=np.int32)), "five": mx.array(f32(902, 2, 1, 2, 2, 4))},
             {"general.name": "from mlx", "n": mx.array(3, mx.uint32), "f": mx.array(0.5), "list": ["a", "b"], "nums": mx.array([1, 2, 3])})
mx.save_gguf(P("four.gguf"), {"a.weight": w, "s": mx.array(2.5), "e": mx.zeros((0, 4))}, {"general.name": "from mlx"})
for bits in (4, 8):
    for group in (32, 64):
        for word, t in (("f16", mx.float16), ("bf16", mx.bfloat16)):
            q, s, b = mx.quantize(w.astype(t), group_size=group, bits=bits)
            mx.save_safetensors(P("q%d_g%d_%s.safetensors" % (bits, group, word)), {"layers.0.weight": q, "layers.0.scales": s, "layers.0.biases": b, "norm.weight": mx.array(f32(903, 256)).astype(t)}, metadata={"format": "mlx"})
