# SPDX-License-Identifier: MIT
"""Arguments of any kind, to each function and method of the extension: an exception, and never a crash."""

import random

import numpy as np
import pytest
from tenon import _context, _core


class Broken:
    """Fails wherever it is asked something."""

    def fail(self, *arguments):
        raise ZeroDivisionError

    __index__ = __len__ = __getitem__ = __iter__ = __fspath__ = __call__ = __bool__ = __str__ = __float__ = fail
    __array_interface__ = __dlpack__ = read_at = write = size = property(fail)


class Lying:
    """An object that claims a wrong size, and keeps the views that it gets."""

    size = 1 << 40
    kept: list = []

    def read_at(self, offset, to):
        self.kept.append(to)
        to[:] = bytes(len(to))

    def write(self, data):
        self.kept.append(data)

    def patch(self, position, data):
        raise ZeroDivisionError

    def __len__(self):
        return 1 << 62

    def __getitem__(self, index):
        return index


def make_junk():
    return [
        *(None, -1, 0, 1, 3, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64, -(2**63), 2**70),
        *(1.5, float("nan"), True, 1j, Ellipsis, slice(1, 2)),
        *("", "a", "x.npz", "npy", "a\0b", "\udc80", "ä", "*", b"", b"\xff", b"\0", "/", "none/none"),
        *([], [None], [0], [0, 1], [1, 2], [3, 4], [2, 2**63 - 1], [2**64 - 1, 1], [2**70], [-1], ["a"], [[]]),
        *(["npz.level=1"], ["a=b"], (), (0, 0), (3, 4), ("a", 1, 2, 3, 4), {}),
        *({"format": "npy"}, {"format": 3}, {"format": "npz", "flags": 2**40, "name": Broken()}, {"settings": [1]}),
        *(object(), Broken(), Lying(), int, print, lambda *arguments: None, bytearray(3), memoryview(b"12")),
        *(np.zeros(3), np.zeros((2, 4))[:, ::2], np.array([object()]), np.zeros(0), np.zeros(5, "u1")),
        *(np.float32(1), np.zeros((), "U3"), np.broadcast_to(np.zeros(1, "f4"), (1 << 40,)), np.zeros(3, ">f4")),
        *(np.zeros(2, "i2,f4"), np.dtype("f4"), np.dtype("O"), [("a", np.zeros(3), 0, None, 0)]),
        *([(None, np.zeros(3, "u1"), 2**31, (3,), 9)], [("a", Broken(), 0, Broken(), 0)]),
    ]


@pytest.fixture
def things(tmp_path, monkeypatch):
    """One object of each type, and the functions of the module."""
    monkeypatch.chdir(tmp_path)
    np.savez("x.npz", a=np.arange(12, dtype="f4").reshape(3, 4), b=np.arange(3))
    context = _core.Context()
    file = context.open("x.npz")
    plan = context.plan()
    plan.add_file(file)
    writer = context.writer("y.npz", {})
    return context, {
        "module": _core,
        "Context": context,
        "File": file,
        "Plan": plan,
        "Writer": writer,
        "closed": closed(context.open("x.npz")),
        "finished": closed(context.writer("z.npz", {})),
    }


def closed(thing):
    thing.close()
    return thing


def methods(thing):
    kind = thing if thing is _core else type(thing)
    return [name for name in dir(kind) if not name.startswith("__") and callable(getattr(kind, name))]


@pytest.mark.parametrize("kind", ["module", "Context", "File", "Plan", "Writer", "closed", "finished"])
def test_junk(kind, things, capfd):
    context, objects = things
    choose = random.Random(kind)
    junk = [*make_junk(), *objects.values()]
    for name in methods(objects[kind]):
        for count in range(400):
            thing = objects[kind]
            if name in ("close", "finish") and kind in ("File", "Writer"):
                thing = context.open("x.npz") if kind == "File" else context.writer("y.npz", {})
            arguments = [choose.choice(junk) for _ in range(choose.randrange(7))]
            if choose.randrange(2):  # the first one is that of a tensor, or of a file
                arguments[:1] = [choose.choice((0, 1, [0, 1], "x.npz"))]
            if takes_descriptor(name) and arguments and isinstance(arguments[0], int):
                continue  # it may be one of the test program's
            keywords = {choose.choice(KEYWORDS): choose.choice(junk) for _ in range(choose.choice((0, 0, 1, 2)))}
            attempt(getattr(thing, name), arguments, keywords)
    for sound in np.arange(12, dtype="f4").reshape(3, 4), np.arange(3):  # what was there is as it was
        assert any(np.array_equal(array, sound) for array in objects["File"].arrays())


KEYWORDS = ["dtype", "mode", "start", "count", "step", "progress", "format", "settings", "name", "flags", "offset"]
KEYWORDS += ["length", "options", "none"]


def takes_descriptor(name):
    return name in ("open", "save")


def attempt(function, arguments, keywords):
    try:
        result = function(*arguments, **keywords)
    except SystemError:  # it returned without an exception
        raise
    except Exception as error:
        assert not isinstance(error, AssertionError)
        str(error)
        return
    repr(result)[:100]


@pytest.mark.parametrize("name", ["Context", "File", "Plan", "Writer"])
def test_types(name):
    """Only a context is made by calling its type; none can be inherited from or changed."""
    kind = getattr(_core, name)
    junk = make_junk()
    choose = random.Random(name)
    for _ in range(200):
        attempt(kind, [choose.choice(junk) for _ in range(choose.randrange(1, 5))], {})
        types = [kind, int, object, _core.File, None]
        attempt(kind.__new__, [choose.choice(types) for _ in range(choose.randrange(3))], {})
        attempt(kind.__init__, [choose.choice(junk)], {})


def test_exceptions_of_attributes_reach_the_caller():
    context = _context.context()
    with pytest.raises(ZeroDivisionError):
        context.open(Broken())
    with pytest.raises(ZeroDivisionError):
        context.plan().put_metadata("key", Broken())
