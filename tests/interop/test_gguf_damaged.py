# SPDX-License-Identifier: MIT
"""Tests tenon on thousands of damaged gguf files. A strict reader in this file, written from the specification and from the
stricter rules of this project, decides which are still valid. tenon must accept those and no others, and find the same in
them; so must GGUFReader if it opens them."""

import collections
import math
import random
import signal
import struct

from gguf_kit import (ALIGNMENT, TYPE_NAMES, TYPES, UNKNOWN_TO_PEER, VALUE_NAMES, VALUES, TenonError, by_hand, exact, flat, padded,
                      peer_read, read)
from gguf_samples import random_file


class Refused(Exception):
    """The file is invalid; the argument is the reason."""


def demand(condition, reason):
    if not condition:
        raise Refused(reason)


# ---- a reader ----


class Reader:
    """Reads one file from its bytes; raises an exception at the first rule that the file breaks."""

    def __init__(self, data):
        self.data, self.at, self.order, self.version, self.offsets = data, 0, "<", 0, []

    def take(self, count):
        demand(count <= len(self.data) - self.at, "truncated")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, letter):
        return struct.unpack(self.order + letter, self.take(struct.calcsize("<" + letter)))[0]

    def size(self):
        return self.number("I" if self.version == 1 else "Q")

    def string(self):
        return self.take(self.size())

    def name(self):
        text = self.string()
        demand(text and b"\0" not in text, "a name is empty or has NUL")
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise Refused("a name is no UTF-8") from None

    def value(self, kind, depth=0):
        if kind == "string":
            return self.string()
        if kind == "array":
            demand(depth <= 64, "deep")
            items = self.kind()
            count = self.size()
            least = 12 if items == "array" else 8 if items == "string" else struct.calcsize("<" + VALUES[items][1])
            demand(count * (least if self.version > 1 or items not in ("array", "string") else least - 4) <= len(self.data) - self.at,
                   "truncated")
            return items, [self.value(items, depth + 1) for _ in range(count)]
        if kind == "bool":
            return self.number("B") != 0  # ggml takes any byte
        return self.number(VALUES[kind][1])

    def kind(self):
        number = self.number("I")
        demand(number in VALUE_NAMES, "no type of values")
        return VALUE_NAMES[number]

    def pair(self, pairs):
        key = self.name()
        kind = self.kind()
        pairs.setdefault(key, (kind, self.value(kind)))  # the first one counts

    def info(self, infos):
        name = self.name()
        rank = self.number("I")
        demand(rank <= len(self.data), "truncated")
        shape = tuple(reversed([self.size() for _ in range(rank)]))
        number = self.number("I")
        self.offsets.append(self.number("Q"))
        infos.setdefault(name, (TYPE_NAMES.get(number, f"type {number}"), shape, self.offsets[-1]))  # the first one counts

    def head(self):
        demand(self.take(4) == b"GGUF", "magic")
        self.version = self.number("I")
        if self.version == 3 << 24:
            self.version, self.order = 3, ">"
        demand(1 <= self.version <= 3, "version")
        return self.size(), self.size()

    def file(self):
        """Returns ({key: (type, value)}, {name: (type, shape, bytes)})."""
        tensors, count = self.head()
        pairs, infos = {}, {}
        demand(tensors <= len(self.data) and count <= len(self.data), "truncated")
        for _ in range(count):
            self.pair(pairs)
        kind, alignment = pairs.get(ALIGNMENT, ("u32", 32))
        demand(kind == "u32" and alignment and alignment & (alignment - 1) == 0, "alignment")
        for _ in range(tensors):
            self.info(infos)
        return pairs, self.extents(infos, alignment)

    def extents(self, infos, alignment):
        begin, found, used = padded(self.at, alignment), {}, []
        demand(all(offset % alignment == 0 and begin + offset < 2**64 for offset in self.offsets), "misaligned")
        for name, (kind, shape, offset) in infos.items():
            _, items, size = TYPES.get(kind, (0, 0, 0))
            start = begin + offset
            if not items or len(shape) > 64 or items > 1 and (not shape or shape[-1] % items):  # unreadable, up to the next offset
                end = min((begin + other for other in self.offsets if other > offset), default=len(self.data))
                used += [(start, end)] if start < end <= len(self.data) else []
                shaped = len(shape) <= 64 and all(dim < 2**63 for dim in shape)
                found[name] = (kind, shape if shaped else (), None)
                continue
            elements = math.prod(shape)
            demand(max(1, size // items) * math.prod(dim or 1 for dim in shape) < 2**63, "large")
            end = start + elements // items * size
            demand(end < 2**63, "where no file has bytes")
            used += [(start, end)] if end > start else []
            found[name] = (kind, shape, self.data[start:end] if end <= len(self.data) else None)  # None: cut off, unreadable
        used.sort()
        demand(all(first[1] <= second[0] for first, second in zip(used, used[1:])), "overlap")
        return found


# ---- damage ----

NUMBERS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 24, 31, 32, 33, 42, 43, 64, 255, 256, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**62, 2**63 - 1, 2**63,
           2**64 - 1, 2**64 - 32]


def header_of(data):
    """Returns the length of the header, without the padding before the tensor data."""
    reader = Reader(data)
    tensors, count = reader.head()
    pairs, infos = {}, {}
    for _ in range(count):
        reader.pair(pairs)
    for _ in range(tensors):
        reader.info(infos)
    return reader.at


def damaged(data, end, generator):
    """Returns the bytes with one change, mostly before `end`."""
    at, what = generator.randrange(4, max(end, 5)), generator.random()
    if what < 0.3:
        return data[:at] + bytes([generator.randrange(256)]) + data[at + 1:]
    if what < 0.5:
        width = generator.choice([4, 8])
        number = generator.choice(NUMBERS) % 2**(8 * width)
        return data[:at] + number.to_bytes(width, generator.choice(["little", "little", "little", "big"])) + data[at + width:]
    if what < 0.6:
        return data[:at] + generator.randbytes(generator.randrange(1, 9)) + data[at:]
    if what < 0.7:
        return data[:at] + data[at + generator.randrange(1, 9):]
    if what < 0.8:
        return data[:generator.randrange(len(data) + 1)]
    if what < 0.9:  # a piece is repeated
        start = generator.randrange(4, max(end, 5))
        return data[:at] + data[start:start + generator.randrange(40)] + data[at:]
    other = at ^ 1 << generator.randrange(6)
    return data[:at] + data[other:other + 4] + data[at + 4:]


def slow(_, __):
    raise TimeoutError


def peer_finds(path):
    """Returns the metadata and tensors that GGUFReader finds; None if it fails or is slow: a false count makes it read on for ever."""
    before = signal.signal(signal.SIGALRM, slow)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        return peer_read(path)
    except Exception:  # pylint: disable=broad-except  # NumPy raises exceptions of many types
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check_peer(bench, path, pairs, tensors, number):
    """GGUFReader finds the same in the valid files that it opens, but for its limits in gguf_kit.py."""
    if any(data is None or kind in UNKNOWN_TO_PEER or (kind, shape) == ("bf16", ()) for kind, shape, data in tensors.values()):
        return False
    found = peer_finds(path)
    if not found:
        return False
    metadata = {key: flat(kind, value) for key, (kind, value) in pairs.items()}
    same = list(metadata) == list(found[0]) and all(exact(value) == exact(found[0][key]) for key, value in metadata.items() if value)
    bench.check(same, number, "GGUFReader finds other metadata")
    return True


def check_damaged(bench, data, number, counts):
    path = bench.folder / "damaged.gguf"
    try:
        wanted = Reader(data).file()
        reason = "good"
    except Refused as refused:
        wanted, reason = None, str(refused)
    counts[reason] += 1
    try:
        found = read(data)
    except TenonError as error:
        bench.check(wanted is None, number, "is good, tenon says", error)
        return
    if not bench.check(wanted is not None, number, "tenon takes it, and it is bad:", reason, {n: t[:2] for n, t in found[1].items()}):
        (bench.folder / "bad.gguf").write_bytes(data)
        return
    bench.check(exact(list(found[0].items())) == exact(list(wanted[0].items())), number, "tenon finds other metadata")
    if data[4:8] != b"\0\0\0\3":
        bench.check(list(found[1].items()) == list(wanted[1].items()), number, "tenon finds other tensors")
    if data[4:8] in (b"\2\0\0\0", b"\3\0\0\0"):
        path.write_bytes(data)
        counts["GGUFReader agrees"] += check_peer(bench, path, *wanted, number)


def test_damaged(bench):
    generator, counts = random.Random(20), collections.Counter()
    for i in range(400):
        pairs, tensors = random_file(generator)
        if len(by_hand(pairs, tensors)) > 30000:
            continue
        data = by_hand(pairs, tensors, generator.choice([1, 2, 3, 3, 3]))
        if data[4] == 3 and generator.random() < 0.2:
            data = by_hand(pairs, tensors, big=True)
        end = header_of(data)
        for k in range(25):
            check_damaged(bench, damaged(data, end, generator), f"{i}.{k}", counts)
    print("  ", dict(counts), flush=True)
