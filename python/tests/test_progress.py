# SPDX-License-Identifier: MIT
"""The display of the argument `progress`."""

import io
import sys

import pytest
import tqdm
from tenon._progress import shown


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def without_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)


def test_nothing():
    for progress in (None, False):
        with shown(progress, "saving") as callback:
            assert callback is None


def test_callable():
    calls = []
    with shown(lambda done, total: calls.append((done, total)), "saving") as callback:
        callback(3, 7)
    assert calls == [(3, 7)]


@pytest.mark.parametrize("progress", ["yes", 1.5, [], 1])
def test_others_are_refused(progress):
    with pytest.raises(TypeError, match="progress is True, False, None or a callable"):
        with shown(progress, "saving"):
            pass


@pytest.fixture
def bars(monkeypatch):
    """The bars that are made, which write to a terminal of ours."""
    made = []

    class Bar(tqdm.tqdm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, file=Terminal(), mininterval=0, ncols=100, **kwargs)
            self.closes = 0
            made.append(self)

        def close(self):
            self.closes += 1
            super().close()

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    return made


def test_bar(bars):
    with shown(True, "loading x.npz") as callback:
        callback(1 << 20, 4 << 20)
        callback(3 << 20, 4 << 20)
        callback(2 << 20, 4 << 20)  # from another thread, late
        (bar,) = bars
        assert (bar.n, bar.total) == (3 << 20, 4 << 20)
    assert bar.closes == 1
    text = bar.fp.getvalue()
    assert "loading x.npz" in text and "3.00M/4.00M" in text and "B/s" in text


def test_bar_waits(bars):
    with shown(True, "saving x.npz") as callback:
        callback(0, 0)
        assert "waiting for another save" in str(bars[0])
        callback(0, 10)
        callback(1, 10)
        assert "waiting" not in str(bars[0])


def test_bar_is_closed_after_an_error(bars):
    with pytest.raises(KeyError):
        with shown(True, "saving") as callback:
            callback(1, 2)
            raise KeyError
    assert bars[0].closes == 1


def test_line(without_tqdm, monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with shown(True, "saving x.npz") as callback:
        callback(512, 2048)
        callback(2048, 2048)
    first, last = stream.getvalue().lstrip("\r").split("\r")
    assert first == "saving x.npz: 512 B of 2.0 KiB, 25 %"
    assert last.rstrip() == "saving x.npz: 2.0 KiB of 2.0 KiB, 100 %" and last.endswith("\n")


def test_line_is_written_over(without_tqdm, monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with shown(True, "saving") as callback:
        callback(0, 0)
        callback(1, 2)
    first, last = stream.getvalue().lstrip("\r").split("\r")
    assert first == "saving: waiting for another save"
    assert last == "saving: 1 B of 2 B, 50 %".ljust(len(first)) + "\n"


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_no_line_without_a_terminal(without_tqdm, monkeypatch, stream):
    monkeypatch.setattr(sys, "stderr", stream)
    with shown(True, "saving") as callback:
        assert callback is None
    assert stream is None or stream.getvalue() == ""
