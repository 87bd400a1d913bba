# SPDX-License-Identifier: MIT
"""The configuration, formats, dtypes, reports, and the kinds of exceptions."""

import builtins
import copy
import errno
import json
import os
import pathlib
import pickle
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import tenon
from tenon import _context, _dtypes, _errors
from tenon._report import Entry, Report


@pytest.fixture(autouse=True)
def restore():
    yield
    tenon.configure()


def value_of(section, key):
    return next((entry.value, entry.origin) for entry in tenon.config() if (entry.section, entry.key) == (section, key))


# ---- configuration ----


def test_configure(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.zeros(1), b=np.zeros(1))
    before = _context.context()
    opened = before.open(str(tmp_path / "a.npz"))
    tenon.configure("limits.tensors=1", "core.threads=3")
    assert value_of("limits", "tensors") == ("1", "the program") and value_of("core", "threads")[0] == "3"
    with pytest.raises(ValueError, match="limits"):
        _context.context().open(str(tmp_path / "a.npz"))
    assert len(opened.arrays()) == 2
    with pytest.raises(tenon.TenonError) as wrong:
        tenon.configure("limits.tensor=1")
    assert wrong.value.status == "TENON_E_CONFIG" and isinstance(wrong.value, ValueError)
    assert value_of("limits", "tensors")[0] == "1"
    with pytest.raises(TypeError):
        tenon.configure(1)
    tenon.configure()
    assert _context.context() is not before and len(_context.context().open(str(tmp_path / "a.npz"))) == 2


def test_configure_files_and_environment(tmp_path, monkeypatch):
    (tmp_path / "tenon.ini").write_text("[limits]\ndepth = 17\n")
    monkeypatch.setenv("TENON_CONFIG", str(tmp_path / "tenon.ini"))
    tenon.configure()
    assert value_of("limits", "depth") == ("17", f"{tmp_path}/tenon.ini:2")
    tenon.configure(environment=False)
    assert value_of("limits", "depth")[0] != "17"
    tenon.configure(files=False)
    assert value_of("limits", "depth")[1] == "default"


def test_plugin_path(tmp_path):
    name = next(f.plugin_file for f in tenon.formats() if f.id == "npy" and f.plugin_file)
    for folder in "one", "two":
        (tmp_path / folder).mkdir()
        shutil.copy(name, tmp_path / folder)
    for path in (
        tmp_path / "one",
        str(tmp_path / "one"),
        [tmp_path / "one", tmp_path / "two"],
        f"{tmp_path}/one:{tmp_path}/two",
    ):
        tenon.configure(plugin_path=path)
        found = next(f.plugin_file for f in tenon.formats() if f.id == "npy")
        assert os.path.samefile(os.path.dirname(found), tmp_path / "one")


def test_made_at_first_use(tmp_path):
    """import tenon reads no configuration, one context serves all threads, and a file of numbers needs few modules."""
    np.save(tmp_path / "a.npy", np.zeros(3))
    code = (
        "import sys, threading, tenon\n"
        "from tenon import _context\n"
        "assert _context._current is None\n"
        "found = []\n"
        "threads = [threading.Thread(target=lambda: found.append(_context.context())) for _ in range(8)]\n"
        "for t in threads: t.start()\n"
        "for t in threads: t.join()\n"
        "assert len(set(map(id, found))) == 1 and len(found) == 8\n"
        "assert 'ml_dtypes' not in sys.modules\n"
        "before = set(sys.modules)\n"
        f"tenon.load({str(tmp_path / 'a.npy')!r})\n"
        "new = {name for name in sys.modules if name not in before and not name.startswith('tenon.')}\n"
        "assert not new & {'ml_dtypes', 'concurrent.futures', 'logging', 'fsspec', 'importlib.metadata', 'tempfile'}, new\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_fork_while_the_context_is_made():
    """The child of a fork does not wait for a thread of its parent."""
    code = (
        "import os, signal, numpy, tenon\n"
        "from tenon import _context\n"
        "with _context._lock:\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        signal.alarm(20)\n"
        "        os._exit(0 if _context.context().formats() else 1)\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- what there is ----


def test_formats():
    formats = {f.id: f for f in tenon.formats()}
    assert {"npy", "npz", "safetensors", "gguf"} <= set(formats)
    assert formats["npy"].max_tensors == 1 and formats["npy"].extensions == ("npy",)
    assert formats["gguf"].metadata == "typed" and formats["npy"].metadata == "none"
    option = next(option for option in formats["npz"].options if option.name == "compression")
    assert option.type == "filter" and "deflate" in option.choices and option.writing and option.help
    assert {f.id for f in tenon.formats(hidden=True)} >= set(formats)


@pytest.mark.skipif("TENON" not in os.environ, reason="the command of the build tree is not known")
def test_formats_are_those_of_the_command():
    told = json.loads(
        subprocess.run([os.environ["TENON"], "formats", "--json"], check=True, capture_output=True).stdout
    )
    hidden = {f["id"] for f in told["formats"] if f["hidden"]}
    assert {f.id for f in tenon.formats(hidden=True)} - {f.id for f in tenon.formats()} == hidden
    ours = {f.id: f for f in tenon.formats(hidden=True)}
    assert list(ours) == [f["id"] for f in told["formats"]]
    for theirs in told["formats"]:
        own = ours[theirs["id"]]
        for key in ("label", "read", "write", "stream", "metadata", "archive"):
            assert getattr(own, key) == theirs[key]
        assert list(own.extensions) == theirs["extensions"] and own.max_tensors == (theirs["max_tensors"] or 0)
        assert own.plugin == theirs["plugin"]["name"] and own.plugin_version == theirs["plugin"]["version"]
        assert [(o.name, o.type, o.value, o.origin) for o in own.options] == [
            (o["name"], o["type"], o["value"], o["origin"]) for o in theirs["options"]
        ]
        assert [(o.reading, o.writing) for o in own.options] == [
            (o["for_reading"], o["for_writing"]) for o in theirs["options"]
        ]


def test_dtypes_and_names():
    dtypes = {d.name: d for d in tenon.dtypes()}
    assert (dtypes["q8_0"].kind, dtypes["q8_0"].block_items, dtypes["q8_0"].block_bytes) == ("block", 32, 34)
    assert dtypes["f32"].numpy == np.float32 and dtypes["q8_0"].numpy is None
    assert (dtypes["f4"].block_items, dtypes["f4"].block_bytes) == (2, 1)
    for number, name in _dtypes.NAMES.items():
        assert _dtypes.number_of(_context.context(), dtypes[name].name) == number
        assert _dtypes.number_of(_context.context(), name.upper()) == number


@pytest.mark.parametrize(
    "given, name",
    [
        ("f32", "f32"),
        ("F32", "f32"),
        ("float32", "f32"),
        (np.float32, "f32"),
        (np.dtype(">f4"), "f32"),
        (float, "f64"),
        (int, "i64"),
        (bool, "bool"),
        (complex, "c128"),
        ("bfloat16", "bf16"),
        ("float8_e4m3fn", "f8_e4m3"),
        ("float4_e2m1fn", "f4"),
        ("Q4_K", "q4_k"),
        ("<i2", "i16"),
        (None, ""),
    ],
)
def test_name_of(given, name):
    assert _dtypes.name_of(given) == name


def test_name_of_frameworks():
    mx = pytest.importorskip("mlx.core")
    assert [_dtypes.name_of(d) for d in (mx.float32, mx.bfloat16, mx.uint8, mx.bool_)] == ["f32", "bf16", "u8", "bool"]
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for name, theirs in _dtypes.ML_DTYPES.items():
        assert _dtypes.name_of(getattr(ml_dtypes, theirs)) == name
        assert _dtypes.numpy_dtype(name) == np.dtype(getattr(ml_dtypes, theirs))


def test_unknown_dtypes():
    with pytest.raises(KeyError, match="did you mean 'q8_0'") as caught:
        _dtypes.number_of(_context.context(), "q8_00")
    assert isinstance(caught.value, tenon.TenonError) and "tenon.dtypes()" in str(caught.value)
    for given in ("U7", np.dtype("M8[s]"), [("a", "i4")], object()):
        with pytest.raises((TypeError, KeyError)):
            _dtypes.number_of(_context.context(), given)


# ---- exceptions ----


@pytest.mark.parametrize(
    "status, number, kinds",
    [
        ("TENON_E_MALFORMED", 0, [ValueError]),
        ("TENON_E_LOSS", 0, [ValueError]),
        ("TENON_E_MEMORY", 0, [MemoryError]),
        ("TENON_E_NOT_FOUND", errno.ENOENT, [FileNotFoundError, OSError]),
        ("TENON_E_NOT_FOUND", 0, [KeyError]),
        ("TENON_E_IO", errno.EACCES, [PermissionError, OSError]),
        ("TENON_E_IO", errno.EISDIR, [IsADirectoryError, OSError]),
        ("TENON_E_IO", errno.ENOTDIR, [NotADirectoryError, OSError]),
        ("TENON_E_IO", errno.EPIPE, [BrokenPipeError, OSError]),
        ("TENON_E_IO", errno.ENOSPC, [OSError]),
        ("TENON_E_IO", 0, [OSError]),
        ("TENON_E_EXISTS", 0, [FileExistsError, OSError]),
        ("TENON_E_BUSY", 0, [BlockingIOError, OSError]),
    ],
)
def test_kinds(status, number, kinds):
    error = _errors.fail(status, "words", file=__file__, tensor=None, offset=7, errno=number, advice="do so")
    assert isinstance(error, tenon.TenonError) and all(isinstance(error, kind) for kind in kinds)
    assert (error.message, error.status, error.file, error.tensor, error.offset) == ("words", status, __file__, None, 7)
    assert str(error) == "words\n(do so)" and (not number or error.errno == number)
    assert getattr(tenon, type(error).__name__) is type(error)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error) and again.__dict__ == error.__dict__ and str(again) == str(error)
        assert again.errno == error.errno


def test_each_builtin_has_one_class():
    found = [kind for kind in vars(_errors).values() if isinstance(kind, type) and issubclass(kind, tenon.TenonError)]
    for kind in found:
        own = [base for base in kind.__mro__ if base.__module__ == "builtins" and base.__name__ in dir(builtins)]
        assert Exception in own


def test_words_of_python(tmp_path):
    """Advice names arguments of this package, and no flags of the C API."""
    np.savez(tmp_path / "a.npz", a=np.zeros(1), b=np.zeros(1))
    tenon.configure("limits.tensors=1")
    with pytest.raises(ValueError, match="limits") as limit:
        _context.context().open(str(tmp_path / "a.npz"))
    assert "tenon.configure" in limit.value.advice
    advice = "TENON_SAVE_SKIP_UNREADABLE leaves out what cannot be read, tenon_plan_add_from chooses the other tensors"
    error = _errors.make(-1, "TENON_OPEN_SHARDS opens it", None, None, None, 0, advice)
    assert str(error) == (
        "shards=True opens it\n(skip_unreadable=True leaves out what cannot be read, only= chooses the other tensors)"
    )
    assert _errors.make(-7, "enough", None, None, None, 0, None).__class__ is KeyboardInterrupt


def test_advice_in_the_sources():
    """Each name of the C API that the library's advice speaks of has words here, or is in the message on purpose."""
    root = pathlib.Path(__file__).resolve().parents[2]
    words = re.compile(
        r'"[^"\n]*\b(TENON_(?:OPEN|SAVE)_[A-Z_]+|tenon_plan_add_from|tenon_why|tenon_context_report)\b[^"\n]*"'
    )
    found = {name for path in root.glob("core/*/*.c") for name in words.findall(path.read_text())}
    assert {"TENON_OPEN_SHARDS", "TENON_SAVE_CARRY", "tenon_why"} <= found
    assert {name for name in found if _errors.in_words_of_python(name) == name} <= {
        "TENON_OPEN_UNALIGNED",
        "tenon_plan_add_from",
    }


# ---- reports ----


def test_report():
    report = Report.of(
        [
            (0, 0, 0, "x", "", "odd"),
            (0x100, -1, 1, "y", "f", "broken"),
            (1, 0, 0, "k", "", "dropped"),
            (4, 0, 0, "", "a-1", ""),
            (4, 0, 0, "", "a-2", ""),
        ]
    )
    assert len(report) == 5 and report[1] == Entry("note", "TENON_E_MALFORMED", "y", "f", "broken", True)
    assert [e.subject for e in report.notes] == ["x", "y"] and [e.subject for e in report.losses] == ["k"]
    assert report.files == ["a-1", "a-2"] and report.faults == [report[1]] and not report.ok
    assert report[2:3].ok and isinstance(report[2:3], Report) and report[:] == report and report != list(report)
    assert (
        str(report).splitlines()[1] == "note: f: 'y': broken"
        and eval(repr(report), {"Report": Report, "Entry": Entry}) == report
    )
    assert Report().ok and str(Report()) == ""


def test_an_unknown_format_is_a_value_error(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    for call in (
        lambda: tenon.load(tmp_path / "a.npy", format="xyz"),
        lambda: tenon.open(tmp_path / "a.npy", format="xyz"),
        lambda: tenon.write(tmp_path / "new", {"a": np.arange(3)}, format="xyz"),
    ):
        with pytest.raises(ValueError, match="there is no codec 'xyz'") as caught:
            call()
        assert not isinstance(caught.value, (KeyError, OSError))


def test_a_folder_without_tensors_is_a_file_that_is_not_found(tmp_path):
    for call in (tenon.load, tenon.open):
        with pytest.raises(FileNotFoundError, match="it is a folder without a set"):
            call(tmp_path)
