# SPDX-License-Identifier: MIT
"""How many requests reads of a remote file make, and which bytes they give."""

import random
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from tenon._readahead import BLOCK, MOST_AHEAD, MOST_KEPT, MOST_RUN, ReadAhead

CONTENT = random.Random(0).randbytes(10 * BLOCK + 12345)


class Store:
    """Answers requests at once, and counts them."""

    def __init__(self, content=CONTENT):
        self.content = content
        self.requests = []
        self.ahead = ReadAhead(len(content), self.fetch)

    def fetch(self, begin, end):
        assert 0 <= begin < end <= len(self.content)
        self.requests.append((begin, end))
        future = Future()
        future.set_result(self.content[begin:end])
        return future

    def read(self, offset, length):
        to = bytearray(length)
        self.ahead.read(offset, memoryview(to))
        assert to == self.content[offset : offset + length]


def test_a_header_is_one_request():
    store = Store()
    for offset, length in ((0, 8), (8, 4096), (4104, 16384), (20488, 65536)):
        store.read(offset, length)
    assert store.requests == [(0, BLOCK)]


def test_a_directory_at_the_end_is_one_request():
    store = Store()  # whose last block has 12345 bytes
    store.read(len(CONTENT) - 22, 22)
    store.read(len(CONTENT) - 50000, 49000)
    assert store.requests == [(9 * BLOCK, len(CONTENT))]


def test_neighbours_are_few_requests():
    store = Store()
    for i in range(100):
        store.read(i * 100_000, 100_000)
    assert len(store.requests) <= 6
    assert sum(end - begin for begin, end in store.requests) <= len(CONTENT)  # and nothing twice


def test_headers_of_members_are_few_requests():
    """As those of an .npz: the directory is read, again and again, and then a header before each member."""
    store = Store()
    for _ in range(5):
        store.read(0, 4096)
        store.read(len(CONTENT) - 22, 22)
        store.read(len(CONTENT) - 6000, 5600)
    for i in range(100):
        store.read(i * 100_000, 4096)
    assert len(store.requests) <= 7


def test_a_large_read_is_cut():
    store = Store()
    store.read(3, len(CONTENT) - 3)
    assert [end - begin for begin, end in store.requests] == [MOST_RUN, len(CONTENT) - MOST_RUN]


def test_reads_ahead_are_bounded():
    store = Store(bytes(4 * MOST_AHEAD))
    for offset in range(0, 2 * MOST_AHEAD, BLOCK):
        store.read(offset, BLOCK)
        assert max(end for _, end in store.requests) <= offset + BLOCK + MOST_AHEAD + MOST_AHEAD // 2
    assert max(end for _, end in store.requests) > 2 * MOST_AHEAD + MOST_AHEAD // 4
    assert len(store.requests) <= 6 + 2 * MOST_AHEAD // MOST_RUN + MOST_AHEAD // MOST_RUN


def test_two_threads_take_turns():
    """The threads of the library read pieces of one tensor, not quite in order."""
    store = Store()
    pieces = list(range(0, 10 * BLOCK, BLOCK // 2))
    for i in range(0, len(pieces), 2):
        store.read(pieces[i + 1], BLOCK // 2)
        store.read(pieces[i], BLOCK // 2)
    assert len(store.requests) <= 6


def test_reads_far_apart_take_what_they_need():
    store = Store(bytes(100 * BLOCK))
    for block in (90, 50, 70, 10, 30):
        store.read(block * BLOCK + 7, 100)
    assert [(b // BLOCK, e // BLOCK) for b, e in store.requests] == [(90, 91), (50, 51), (70, 71), (10, 11), (30, 31)]


def test_what_is_kept_is_bounded():
    store = Store(bytes(2 * MOST_KEPT))
    for offset in range(0, 2 * MOST_KEPT, MOST_RUN):
        store.read(offset, MOST_RUN)
        assert store.ahead._kept * BLOCK <= MOST_KEPT + MOST_AHEAD
    assert sum(run.count for run in store.ahead._runs.values()) == store.ahead._kept == len(store.ahead._blocks)


def test_random_reads():
    store = Store()
    choose = random.Random(1)
    for _ in range(300):
        offset = choose.randrange(len(CONTENT))
        store.read(offset, choose.randrange(min(len(CONTENT) - offset, 3 * BLOCK)) + 1)


def test_a_failure_is_told_and_asked_again():
    calls = []

    def fetch(begin, end):
        calls.append((begin, end))
        future = Future()
        if len(calls) == 1:
            future.set_exception(ConnectionResetError("gone"))
        else:
            future.set_result(CONTENT[begin:end])
        return future

    ahead = ReadAhead(len(CONTENT), fetch)
    with pytest.raises(ConnectionResetError, match="gone"):
        ahead.read(5, memoryview(bytearray(10)))
    to = bytearray(10)
    ahead.read(5, memoryview(to))
    assert to == CONTENT[5:15] and calls == [(0, BLOCK)] * 2


def test_threads():
    """Eight threads read at random, while requests are answered by others, in any order."""
    pool = ThreadPoolExecutor(4)
    failures = []
    ahead = ReadAhead(len(CONTENT), lambda begin, end: pool.submit(lambda: CONTENT[begin:end]))

    def work(seed):
        choose = random.Random(seed)
        for _ in range(100):
            offset = choose.randrange(len(CONTENT))
            to = bytearray(choose.randrange(min(len(CONTENT) - offset, BLOCK)) + 1)
            ahead.read(offset, memoryview(to))
            if to != CONTENT[offset : offset + len(to)]:
                failures.append(offset)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pool.shutdown()
    assert not failures
