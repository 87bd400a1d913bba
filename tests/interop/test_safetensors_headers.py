# SPDX-License-Identifier: MIT
"""Tests tenon and the reference library on thousands of random and damaged headers. tenon must refuse the files that the
reference refuses, and agree with it on the files that both accept. It may be stricter for the reasons in this file only."""

import collections
import json
import random

from safetensors import SafetensorError
from safetensors_kit import DTYPES, TenonError, nbytes, packed, read_memory, reference_read

# ---- the reasons for which tenon may be stricter ----


def pairs_of(header):
    """Returns the header with each object as a list of its pairs, so that keys may repeat."""
    return json.loads(header, object_pairs_hook=lambda pairs: {"pairs": pairs})


def objects(value):
    """Yields all objects in the value, as lists of pairs."""
    if isinstance(value, dict):
        yield value["pairs"]
        for _, item in value["pairs"]:
            yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


def entries(header):
    return [(name, value) for name, value in pairs_of(header)["pairs"] if name != "__metadata__"]


def fields(header):
    """Returns the fields that the reference sees of each tensor that is an object."""
    return [dict(value["pairs"]) for _, value in entries(header) if isinstance(value, dict)]


def has_duplicates(header):
    """Of two tensors of one name the reference keeps the last, and silently loses the bytes of the first."""
    return any(len({key for key, _ in pairs}) < len(pairs) for pairs in objects(pairs_of(header)))


def has_other_forms(header):
    """The reference's JSON library accepts a tensor as an array and a dtype as an object, which the format does not define."""
    return (any(not isinstance(value, dict) for _, value in entries(header))
            or any(isinstance(field.get("dtype"), dict) for field in fields(header)))


def names_and_keys(header):
    """Returns the names of tensors and the keys of metadata."""
    pairs = pairs_of(header)["pairs"]
    metadata = next((value for name, value in pairs if name == "__metadata__"), None) or {"pairs": []}
    return [key for key, _ in [*pairs, *metadata["pairs"]]]


def has_nul(header):
    """A string of C ends at a NUL in a name or key."""
    return any("\0" in text for text in names_and_keys(header))


def has_empty_name(header):
    """A caller cannot ask for a tensor or a key without a name."""
    return "" in names_and_keys(header)


def has_large_shape(header):
    """A shape has 2^63 or more elements or bytes. Dims of 0 do not count, so that no product of the others can overflow."""
    def size(field):
        result = max(DTYPES[field["dtype"]][2] // 8, 1) if isinstance(field["dtype"], str) else 1
        for dim in field["shape"]:
            result *= dim or 1
        return result
    return any(size(field) >= 2**63 for field in fields(header))


def has_many_dims(header):
    return any(len(field["shape"]) > 64 for field in fields(header))


def is_deep(header):
    depth = most = 0
    for byte in header:
        depth += (byte in b"[{") - (byte in b"]}")
        most = max(most, depth)
    return most > 64


# Words of tenon's messages, and the condition that must hold. Of tensors of one name the reference checks the last alone.
REASONS = [
    (("twice", "the file gives it", "data end at", "an overlap", "a gap"), has_duplicates),
    (("value is no object", "dtype is no string"), has_other_forms), (("NUL",), has_nul),
    (("is empty",), has_empty_name), (("2^63",), has_large_shape), (("more than 64 dims",), has_many_dims),
    (("less nesting",), is_deep),
]


def reason(message, header):
    return next((holds.__name__ for words, holds in REASONS if any(word in message for word in words) and holds(header)), None)


# ---- headers ----

SHAPES = [(), (1,), (2,), (4,), (0,), (2, 4), (4, 2), (3, 8), (0, 7), (7, 0), (2, 2, 2), (1, 1, 4), (8, 1), (1, 12)]
NAMES = ["a", "b", "w.0", "model/x", "é", "漢字", "\U0001f600", 'q"', "back\\", "tab\t", "\x7f", "", "__metadata", "\x01", "A" * 70,
         "dtype", "shape", "\0", "a\0b"]


def random_tensors(generator):
    """Returns rows [name, word, shape, begin, end] in the order of the data, and the size of the data."""
    rows, at = [], 0
    for name in generator.sample(NAMES, generator.choice([0, 1, 1, 1, 2, 2, 3, 5])):
        if "\0" in name and generator.random() < 0.9:
            continue
        word, shape = generator.choice(list(DTYPES)), generator.choice(SHAPES)
        if DTYPES[word][2] % 8 and nbytes(word, shape) * 8 != DTYPES[word][2] * nbytes("U8", shape):
            word = "I16"
        end = at + nbytes(word, shape)
        rows.append([name, word, list(shape), at, end])
        at = end
    return rows, at


def spaces(generator):
    return generator.choice(["", "", "", "", " ", "\n", "\t\r", "  "])


def string(generator, text):
    """Returns the text as a JSON string, with escapes or without."""
    chance = generator.random()
    if chance < 0.1:  # escapes every character, in units of UTF-16
        units = text.encode("utf-16-be", "surrogatepass")
        return '"' + "".join(f"\\u{units[i]:02x}{units[i + 1]:02X}" for i in range(0, len(units), 2)) + '"'
    return json.dumps(text, ensure_ascii=chance < 0.3)


VALUES = ["null", "true", "0", "-1", "1.5", "1e3", "-0", '"x"', "[]", "{}", "[1,2]", '{"a":{"b":[null]}}', "123456789012345678901",
          "1e400", "-1e-400", '"\\ud800"', "[[[[[[]]]]]]", "18446744073709551615", "18446744073709551616", "4.0", "1E2", "00", "+1"]


def write(generator, value, odd):
    """Returns the JSON of nested tuples of pairs (objects), lists and plain values; with `odd` it has spaces and escapes."""
    space = (lambda: spaces(generator)) if odd else (lambda: "")
    if isinstance(value, tuple):  # an object
        inner = ",".join(f"{space()}{string(generator, key) if odd else json.dumps(key, ensure_ascii=False)}{space()}:{space()}"
                         f"{write(generator, item, odd)}{space()}" for key, item in value)
        return "{" + (inner or space()) + "}"
    if isinstance(value, list):
        return "[" + (",".join(space() + write(generator, item, odd) + space() for item in value) or space()) + "]"
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        return string(generator, value) if odd else json.dumps(value, ensure_ascii=False)
    return str(value)


class Raw(str):
    """A text that is JSON already."""


def beside(number):
    """Returns the neighbours of the number."""
    return [number - 1, number + 1] if isinstance(number, int) else [number]


def change_numbers(generator, row):
    """Replaces one number of a tensor."""
    index = generator.choice([2, 3, 4])
    value = generator.choice([-1, 1, 2, 0, 2**31, 2**32, 2**53, 2**61, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**30])
    if index > 2:
        row[index] = generator.choice([value, *beside(row[index]), Raw(generator.choice(VALUES))])
    elif isinstance(row[2], list) and row[2]:
        at = generator.randrange(len(row[2]))
        row[2][at] = generator.choice([value, *beside(row[2][at]), Raw(generator.choice(VALUES))])
    else:
        row[2] = [value]


def change_dtype(generator, row):
    row[1] = generator.choice([*DTYPES, row[1].lower(), row[1] + " ", "", "F6", "F8", "C128", "F4_E2M1", Raw('{"F32":null}'),
                               Raw("7"), Raw("null"), Raw('["F32"]')])


def change_shape(generator, row):
    if not isinstance(row[2], list):
        return
    row[2] = generator.choice([[1] * 64, [1] * 65, [1, *row[2]], [0, *row[2]], row[2][:-1], [2**63, 0], [0, 2**63],
                               [2**32, 2**32, 0],
                               [0, 2**32, 2**32], [2**62, 2, 0], [2**62, 2], [2**61, 8], Raw("null"), Raw('"1"'), Raw("{}")])


def change_offsets(generator, rows):
    row = generator.choice(rows)
    kind = generator.randrange(3)
    if kind == 0:
        row[3], row[4] = row[4], row[3]
    elif kind == 1:
        by = generator.choice([-4, -1, 1, 4, 2**32])
        row[3], row[4] = (end + by if isinstance(end, int) else end for end in row[3:5])
    else:
        other = generator.choice(rows)
        row[3], row[4] = other[3], other[4]


def entry(generator, row):
    """Returns the pairs of a tensor, some with changes."""
    _, word, shape, begin, end = row
    pairs = [("dtype", word), ("shape", shape), ("data_offsets", [begin, end])]
    chance = generator.random()
    if chance < 0.02:
        del pairs[generator.randrange(3)]
    elif chance < 0.04:
        pairs.append(generator.choice(pairs))
    elif chance < 0.10:
        pairs.append((generator.choice(["more", "Dtype", "data_offset", "", "é"]), Raw(generator.choice(VALUES))))
    elif chance < 0.12:
        pairs[2] = ("data_offsets", generator.choice([[begin], [begin, end, end], [], Raw("null"), Raw('{"0":0}')]))
    elif chance < 0.13:
        return [word, shape, [begin, end]]
    elif chance < 0.14:
        return Raw(generator.choice(VALUES))
    elif chance < 0.15:
        pairs.append(("deep", Raw("[" * (depth := generator.choice([40, 61, 62, 63, 100, 125, 130])) + "]" * depth)))
    if generator.random() < 0.2:
        generator.shuffle(pairs)
    return tuple(pairs)


def metadata_of(generator):
    chance = generator.random()
    if chance < 0.1:
        return Raw(generator.choice(VALUES))
    pairs = [(generator.choice(["k", "l", "é", "format", "", "\0"]), generator.choice(["", "v", "a\0b", "漢", "\n"]))
             for _ in range(generator.choice([0, 1, 1, 2, 3]))]
    if chance < 0.2 and pairs:
        pairs.append(("x", Raw(generator.choice(VALUES))))
    return tuple(pairs)


def random_header(generator):
    """Returns the bytes of the header, and the size of the data."""
    rows, size = random_tensors(generator)
    if rows and generator.random() < 0.4:
        for _ in range(generator.choice([1, 1, 2])):
            change = generator.choice([change_numbers, change_dtype, change_shape, change_offsets])
            change(generator, rows if change is change_offsets else generator.choice(rows))
    if generator.random() < 0.4:
        generator.shuffle(rows)
    pairs = [(row[0], entry(generator, row)) for row in rows]
    for chance in (0.3, 0.02):
        if generator.random() < chance:
            pairs.insert(generator.randint(0, len(pairs)), ("__metadata__", metadata_of(generator)))
    if pairs and generator.random() < 0.03:
        pairs.append(generator.choice(pairs))
    odd = generator.random() < 0.4
    text = write(generator, tuple(pairs), odd).encode("utf-8", "surrogatepass")
    if odd:
        text = spaces(generator).encode() + text + spaces(generator).encode()
    return text, size


PIECES = [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"0", b"-", b" ", b"\0",
          b"\xff", b"\xc3\xa9", b"\xed\xa0\x80", b"\xef\xbb\xbf",
          b"\\u0000", b"\\ud83d\\ude00", b"\\ud83d", b"e", b".", b"null",
          b'"a":', b'"dtype":"U8",', b"/**/", b"1", b"9", b"\x7f", b"\n",
          b"\\/", b"\\x", b"'", b"NaN", b"Infinity", b"\xc0\x80", b"\xf4\x90\x80\x80"]


def damaged(generator, text):
    """Returns the text with a few bytes removed, replaced, doubled or inverted."""
    text = bytearray(text)
    for _ in range(generator.choice([1, 1, 1, 2, 3])):
        at, length = generator.randrange(len(text) + 1), generator.choice([0, 0, 1, 1, 2, 5, 20])
        kind = generator.randrange(4)
        if kind == 0:
            text[at:at + length] = generator.choice(PIECES)
        elif kind == 1:
            del text[at:at + length]
        elif kind == 2:
            text[at:at] = text[at:at + length]
        elif text and at < len(text):
            text[at] ^= 1 << generator.randrange(8)
    return bytes(text)


# ---- the comparison ----


def compare(bench, data, counts):
    """Compares the results of both on one file."""
    header = data[8:8 + int.from_bytes(data[:8], "little")]
    try:
        wanted, complaint = reference_read(data), None
    except SafetensorError as error:
        wanted, complaint = None, error
    try:
        found, message = read_memory(data), None
    except TenonError as error:
        found, message = None, str(error)
    if wanted is None:
        counts["both refuse" if found is None else "only the reference refuses"] += 1
        bench.check(found is None, data, "is taken; the reference says", complaint)
    elif found is None:
        why = reason(message, header)
        counts[why or "no reason"] += 1
        bench.check(why, data, "is refused without a reason that is known:", message)
    else:
        counts["both take"] += 1
        bench.check(found == wanted, data, "is understood differently", found, wanted)


def test_random_headers(bench):
    generator, counts = random.Random(20260823), collections.Counter()
    for _ in range(12000):
        text, size = random_header(generator)
        compare(bench, packed(text, generator.randbytes(size).translate(bytes(i & 1 for i in range(256)))), counts)
    print("  ", dict(counts))
    bench.check(min(counts["both take"], counts["both refuse"]) > 2000, "too one-sided:", counts)
    for _, holds in REASONS:
        bench.check(counts[holds.__name__] > 0, "no header was refused for the reason", holds.__name__)


def test_damaged_headers(bench):
    generator, counts = random.Random(20260824), collections.Counter()
    for _ in range(12000):
        text, size = random_header(generator)
        compare(bench, packed(damaged(generator, text), bytes(size)), counts)
    print("  ", dict(counts))
    bench.check(counts["both take"] > 500 and counts["both refuse"] > 5000, "too one-sided:", counts)


def test_lengths(bench):
    """The length before the header, the data after it, or the file are a bit too long or too short."""
    generator, counts = random.Random(20260825), collections.Counter()
    for _ in range(4000):
        text, size = random_header(generator)
        data = bytearray(packed(text, bytes(max(0, size + generator.choice([-4, -1, 0, 0, 1, 8])))))
        if generator.random() < 0.5:
            length = len(text) + generator.choice([-2, -1, 0, 1, 2, 8, 2**31, 2**32, 10**8, 2**63, 2**64 - 1 - len(text)])
            data[:8] = (length % 2**64).to_bytes(8, "little")
        compare(bench, bytes(data[:generator.choice([len(data), len(data), 0, 7, 8, 9, 10, len(data) - 1])]), counts)
    print("  ", dict(counts))
    bench.check(counts["both refuse"] > 1000 and counts["both take"] > 50, "too one-sided:", counts)
