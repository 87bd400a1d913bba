# SPDX-License-Identifier: MIT
"""Reads ahead in a file behind slow requests.

Each request takes some 50 ms, whatever its size, and the library reads pieces as small as a header. So the file is
divided into blocks, and one request fetches a run of blocks. Sequential reads start longer requests ahead of the
reads, several at once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future

BLOCK = 1 << 20
# The most bytes of one request: several requests at once are faster than a longer one
MOST_RUN = 8 * BLOCK
# The most bytes to read ahead in a sequence
MOST_AHEAD = 32 * BLOCK
# The most bytes in memory
MOST_KEPT = 128 * BLOCK
# The most blocks that a sequential read may skip
_GAP = 2
_SEQUENCES = 16

Fetch = Callable[[int, int], "Future[bytes]"]


class _Run:
    """The blocks of one request."""

    def __init__(self, first: int, count: int, future: Future[bytes]) -> None:
        self.first = first
        self.count = count
        self.future = future


class _Sequence:
    """Sequential reads."""

    def __init__(self, end: int) -> None:
        self.end = end  # the block after the last requested one
        self.ahead = 0  # the blocks of the last request ahead


class ReadAhead:
    """The bytes of one file. `fetch` (begin, end) starts a request.

    >>> from concurrent.futures import Future
    >>> from tenon._readahead import ReadAhead
    >>> def fetch(begin, end):
    ...     print("request", begin, end)
    ...     future = Future()
    ...     future.set_result(bytes(end - begin))
    ...     return future
    >>> ahead = ReadAhead(3 << 20, fetch)
    >>> ahead.read(5, memoryview(bytearray(100)))
    request 0 1048576
    >>> ahead.read(500, memoryview(bytearray(100)))
    """

    def __init__(self, size: int, fetch: Fetch) -> None:
        self._size = size
        self._fetch = fetch
        self._lock = threading.Lock()
        self._blocks: dict[int, _Run] = {}
        self._runs: OrderedDict[int, _Run] = OrderedDict()  # by the first block, the least recently used one first
        self._kept = 0
        self._sequences: OrderedDict[int, _Sequence] = OrderedDict()  # by `end`

    def read(self, offset: int, to: memoryview) -> None:
        """Fills `to`, or raises the exception of a request for its bytes."""
        while len(to):
            some = min(len(to), MOST_AHEAD)
            self._read_some(offset, to[:some])
            offset, to = offset + some, to[some:]

    def _read_some(self, offset: int, to: memoryview) -> None:
        first, behind = offset // BLOCK, (offset + len(to) - 1) // BLOCK + 1
        with self._lock:
            runs = self._take(first, behind)
            self._go_on(first, behind, offset + len(to))
            self._forget(runs)
        for run in runs:
            self._copy(run, offset, to)

    def _take(self, first: int, behind: int) -> list[_Run]:
        """The runs with the blocks, in order. Starts requests for missing blocks."""
        self._ask(first, behind)
        runs: list[_Run] = []
        block = first
        while block < behind:
            run = self._blocks[block]
            self._runs.move_to_end(run.first)
            runs.append(run)
            block = run.first + run.count
        return runs

    def _ask(self, first: int, behind: int) -> None:
        """Starts requests for missing blocks."""
        blocks = self._block_count()
        if behind == blocks and 0 < self._size % BLOCK < BLOCK // 2 and first == blocks - 1 > 0:
            first -= 1  # a short last block: a directory at the end of a file may begin before it
        most = MOST_RUN // BLOCK
        while first < behind:
            count = 0
            while first + count < behind and count < most and first + count not in self._blocks:
                count += 1
            if count:
                run = _Run(first, count, self._fetch(first * BLOCK, min((first + count) * BLOCK, self._size)))
                self._runs[first] = run
                self._kept += count
                for block in range(first, first + count):
                    self._blocks[block] = run
            first += max(count, 1)

    def _go_on(self, first: int, behind: int, end: int) -> None:
        """Fetches ahead if the read continues a sequence and is near the end of its requests."""
        sequence = self._sequence_of(first)
        if sequence is None:
            self._sequences[behind] = _Sequence(behind)
            if len(self._sequences) > _SEQUENCES:
                self._sequences.popitem(last=False)
            return
        blocks = self._block_count()
        if sequence.end == blocks or end <= sequence.end * BLOCK - max(sequence.ahead, 1) * BLOCK // 2:
            return
        del self._sequences[sequence.end]
        start = min(max(sequence.end, behind), blocks)
        more = max(2 * sequence.ahead, behind - first, 1)
        sequence.end = min(start + min(more, MOST_AHEAD // BLOCK), blocks)
        sequence.ahead = sequence.end - start
        self._ask(start, sequence.end)
        self._sequences[sequence.end] = sequence

    def _sequence_of(self, block: int) -> _Sequence | None:
        for sequence in self._sequences.values():
            if sequence.end - sequence.ahead - 1 <= block <= sequence.end + _GAP:
                return sequence
        return None

    def _forget(self, needed: list[_Run]) -> None:
        """Drops the least recently used runs beyond MOST_KEPT."""
        for key in list(self._runs):
            if self._kept <= MOST_KEPT // BLOCK:
                return
            run = self._runs[key]
            if run not in needed and run.future.done():
                self._drop(run)

    def _drop(self, run: _Run) -> None:
        if self._runs.get(run.first) is run:
            del self._runs[run.first]
            self._kept -= run.count
            for block in range(run.first, run.first + run.count):
                del self._blocks[block]

    def _copy(self, run: _Run, offset: int, to: memoryview) -> None:
        try:
            data = run.future.result()
        except BaseException:
            with self._lock:  # the next read repeats the request
                if run.future.done():
                    self._drop(run)
            raise
        at = run.first * BLOCK
        begin, end = max(offset, at), min(offset + len(to), at + len(data))
        to[begin - offset : end - offset] = memoryview(data)[begin - at : end - at]

    def _block_count(self) -> int:
        return (self._size + BLOCK - 1) // BLOCK
