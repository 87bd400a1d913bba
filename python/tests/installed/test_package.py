# SPDX-License-Identifier: MIT
"""The installed package: its files, the paths between them, and the command."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import tenon
import tenon._core

PACKAGE = Path(tenon.__file__).parent
SCRIPT = Path(sys.executable).parent / "tenon"
COMMANDS = {"module": [sys.executable, "-m", "tenon"], "script": [str(SCRIPT)]}


def run(how, *arguments, **options):
    return subprocess.run([*COMMANDS[how], *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


def test_the_installed_package_is_tested():
    assert PACKAGE.is_relative_to(os.environ["TENON_INSTALLED"])


def test_libtenon_is_that_of_the_package():
    with open("/proc/self/maps") as maps:
        loaded = {line.split()[-1] for line in maps if "/libtenon" in line}
    assert loaded == {str(PACKAGE.resolve() / "lib" / "libtenon.so.0")}


def test_nothing_in_the_package_is_a_link():
    assert [str(path) for path in PACKAGE.rglob("*") if path.is_symlink()] == []


@pytest.mark.parametrize("how", COMMANDS)
def test_plugins_are_found_beside_libtenon(how):
    shown = run(how, "formats", "-v")
    files = [Path(line.split(None, 1)[1]) for line in shown.stdout.splitlines() if line.split()[:1] == ["file"]]
    assert {path.stem for path in files} >= {"gguf", "npy", "npz", "pt", "safetensors", "zip"}
    text = (PACKAGE / "include" / "tenon" / "types.h").read_text()
    major = next(line.split()[2] for line in text.splitlines() if line.startswith("#define TENON_ABI_MAJOR "))
    assert {path.parent for path in files} == {PACKAGE.resolve() / "lib" / "tenon" / f"plugins-{major}"}


@pytest.mark.parametrize("how", COMMANDS)
def test_arguments_output_and_status_are_the_commands(how, tmp_path):
    odd = tmp_path / "a name, with 'quotes' and a\nline.npy"
    np.save(odd, np.arange(6, dtype="<i2").reshape(2, 3))
    direct = subprocess.run([PACKAGE / "bin" / "tenon", "ls", "--json", odd], capture_output=True, text=True)
    passed_on = run(how, "ls", "--json", odd)
    assert passed_on.returncode == 0 and passed_on.stdout == direct.stdout != ""
    absent = run(how, "ls", tmp_path / "absent.npy")
    assert absent.returncode != 0 and absent.stdout == "" and "absent.npy" in absent.stderr
    assert absent.returncode == subprocess.run([PACKAGE / "bin" / "tenon", "ls", tmp_path / "absent.npy"],
                                               capture_output=True).returncode


@pytest.mark.parametrize("how", COMMANDS)
def test_the_command_reads_standard_input(how):
    with tempfile.TemporaryFile() as file:
        np.save(file, np.arange(4, dtype="<f4"))
        file.seek(0)
        shown = run(how, "cat", "--text", "-", stdin=file)
    assert (shown.stdout.split(), shown.returncode) == (["0", "1", "2", "3"], 0)


@pytest.mark.parametrize("how", COMMANDS)
def test_a_signal_ends_the_command_itself(how):
    """It waits for its input; the process that was started is the one that the signal ends."""
    reader, writer = os.pipe()
    try:
        command = [*COMMANDS[how], "ls", "-"]
        with subprocess.Popen(command, stdin=reader, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
            while os.readlink(f"/proc/{child.pid}/exe") != str(PACKAGE.resolve() / "bin" / "tenon"):
                assert child.poll() is None
            child.send_signal(signal.SIGTERM)
            assert child.wait(timeout=60) == -signal.SIGTERM
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize("how", COMMANDS)
def test_the_end_of_a_pipe_ends_the_command_by_its_signal(how):
    """Python ignores SIGPIPE, and its children inherit that: then the command would exit with a status."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        command = [*COMMANDS[how], "formats", "-v"]
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")


def test_the_version_is_that_of_the_headers_and_of_the_metadata():
    from importlib.metadata import version

    assert version("tenon") == tenon._core.VERSION


def test_headers_for_plugins_are_installed():
    text = (PACKAGE / "include" / "tenon" / "types.h").read_text()
    assert "#define TENON_ABI_MAJOR " in text
