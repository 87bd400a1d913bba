# SPDX-License-Identifier: MIT
"""Rows 14 to 16, 19 and 28: metadata from the command line."""

import json
import shutil
import struct
import time

import gguf
import inputs


def fields(path):
    """Returns {key: value} of a GGUF file, as llama.cpp's own reader sees it; strings as bytes."""
    found = {}
    for name, field in gguf.GGUFReader(path).fields.items():
        if name.startswith("GGUF."):
            continue  # of the file itself: its version, and how much it holds
        strings = field.types[-1] == gguf.GGUFValueType.STRING
        values = [bytes(field.parts[i]) if strings else field.parts[i][0].item() for i in field.data]
        found[name] = values if field.types[0] == gguf.GGUFValueType.ARRAY else values[0]
    return found


def fast_fields(path):
    """Returns the same, read by hand after the specification: the reader takes half a minute for 700,000 strings."""
    data = path.read_bytes()
    formats = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<B", 10: "<Q", 11: "<q", 12: "<d"}
    at = 24

    def take(kind):
        nonlocal at
        if kind == 8:
            begin = at + 8
            at = begin + int.from_bytes(data[at:begin], "little")
            return data[begin:at]
        value = struct.unpack_from(formats[kind], data, at)[0]
        at += struct.calcsize(formats[kind])
        return value

    found = {}
    for _ in range(int.from_bytes(data[16:24], "little")):
        key, kind = take(8).decode(), take(4)
        if kind == 9:
            kind, count = take(4), take(10)
            found[key] = [take(kind) for _ in range(count)]
        else:
            found[key] = take(kind)
    return found


def edited(bench, source, *settings, read=fields):
    """Returns the fields of a copy of the input that is edited in its place, and what the command said."""
    path = bench.folder / "edited.gguf"
    shutil.copy(inputs.gguf_input(source), path)
    arguments = [word for setting in settings for word in ("--set", setting)]
    status, _, error = bench.run("convert", *arguments, path, path)
    bench.check(status == 0, source, settings, "exits", status, error)
    return read(path), error


def test_14_mistyped_key(bench):
    before = fields(inputs.gguf_input("model.gguf"))
    after, error = edited(bench, "model.gguf", "llama.context_lenght=8192")
    bench.check(after == {**before, "llama.context_lenght": b"8192"}, "the key is set, as it was asked for")
    bench.check("new key" in error and "llama.context_length" in error.replace("lenght", "") and "u32" in error, error)
    after, error = edited(bench, "model.gguf", "llama.context_length=8192")
    bench.check(after == {**before, "llama.context_length": 8192} and not error, "the right key", error)


def test_15_value_from_a_file(bench):
    template = inputs.gguf_input("15_template.jinja")
    after, error = edited(bench, "model.gguf", f"tokenizer.chat_template=@{template}", "general.name=@@x")
    bench.check(after["tokenizer.chat_template"] == template.read_bytes(), "all bytes of the file")
    bench.check(after["general.name"] == b"@x", "@@")
    bench.check("general.name" not in error, error)


def test_16_one_item(bench):
    before = fields(inputs.gguf_input("16_vocab.gguf"))
    after, error = edited(bench, "16_vocab.gguf", "tokenizer.ggml.tokens[3]=<think>", "tokenizer.ggml.token_type[3]=4",
                          "tokenizer.ggml.scores[-1]=-0.5")
    before["tokenizer.ggml.tokens"][3] = b"<think>"
    before["tokenizer.ggml.token_type"][3] = 4
    before["tokenizer.ggml.scores"][-1] = -0.5
    bench.check(after == before, "all other items and keys stay")
    bench.check(not error, error)
    for setting, words in (("tokens[2000]=x", "no item 2000"), ("token_type[0]=x", "is no i32"), ("token_type[0]=2147483648", "is no i32"),
                           ("tokns[0]=x", "did you mean 'tokenizer.ggml.tokens'"), ("model[0]=x", "no array")):
        status, _, error = bench.run("convert", "--set", "tokenizer.ggml." + setting, inputs.gguf_input("16_vocab.gguf"), bench.folder / "x.gguf")
        bench.check(status == 2 and words in error, setting, status, error)


def test_19_large_arrays(bench):
    """262,144 tokens and 514,906 merges. A pass over an array for each item that changes would take minutes."""
    before = fast_fields(inputs.gguf_input("19_vocab.gguf"))
    begin = time.monotonic()
    many = [f"tokenizer.ggml.tokens[{i}]=<extra_{i}>" for i in range(0, 262144, 300)]
    after, _ = edited(bench, "19_vocab.gguf", *many, "tokenizer.ggml.merges[514905]=x y", read=fast_fields)
    seconds = time.monotonic() - begin
    bench.check(seconds < 20, "took", seconds, "seconds")
    for i in range(0, 262144, 300):
        before["tokenizer.ggml.tokens"][i] = b"<extra_%d>" % i
    before["tokenizer.ggml.merges"][514905] = b"x y"
    bench.check(after == before, "874 items of an array, and the last one of another")
    tokens = bench.folder / "tokens.json"
    words = [f"t{i}" for i in range(250000)]
    tokens.write_text(json.dumps(words))
    after, _ = edited(bench, "19_vocab.gguf", f"tokenizer.ggml.tokens=@{tokens}", read=fast_fields)
    bench.check(after["tokenizer.ggml.tokens"] == [word.encode() for word in words], "250,000 strings from a file")


def test_28_odd_strings(bench):
    """Strings that are no UTF-8, or hold NULs, keep their bytes beside one that changes, and can be given from a file."""
    before = fields(inputs.gguf_input("28_strings.gguf"))
    odd = bench.folder / "odd"
    odd.write_bytes(b"\xff\0\xfe\n")
    after, _ = edited(bench, "28_strings.gguf", "tokenizer.ggml.tokens[3]=new", f"tokenizer.ggml.tokens[0]=@{odd}", f"x.nul=@{odd}")
    before["tokenizer.ggml.tokens"][3] = b"new"
    before["tokenizer.ggml.tokens"][0] = before["x.nul"] = b"\xff\0\xfe\n"
    bench.check(after == before, "the others stay")
    status, output, error = bench.run("ls", "--meta=full", inputs.gguf_input("28_strings.gguf"))
    bench.check(status == 0 and not set(output) & (set(range(32)) - {9, 10}), "no control reaches the terminal", status, error)
