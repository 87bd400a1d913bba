# SPDX-License-Identifier: MIT
"""Failures of setup.py: the message names the missing programs, and the packages that have them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[3]
PYTHON = Path(os.environ["TENON_BUILDDIR"]) / "venv-wheel" / "bin" / "python"


@pytest.fixture
def package(tmp_path):
    """A copy of the package, beside as much of the C tree as setup.py looks for."""
    folder = tmp_path / "tree" / "python"
    shutil.copytree(TREE / "python", folder, ignore=shutil.ignore_patterns("tests", "build", "*.egg-info"))
    for name in ("core/libtenon.map", "include/tenon/library.h"):
        copy = folder.parent / name
        copy.parent.mkdir(parents=True)
        shutil.copy(TREE / name, copy)
    return folder


def message_of(package, **variables):
    environment = {**os.environ, "TENON_BUILD_DIR": "", "CC": "", **variables}
    done = subprocess.run([PYTHON, "setup.py", "-q", "bdist_wheel"], cwd=package, capture_output=True, text=True,
                          timeout=120, env=environment)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    return done.stderr


def test_programs_are_missing(package, tmp_path):
    (tmp_path / "bin").mkdir()
    message = message_of(package, PATH=str(tmp_path / "bin"))
    programs = ("C compiler", "make", "pkg-config", "autoconf", "automake", "libtoolize")
    for word in (*programs, "apt-get install gcc", "dnf install gcc"):
        assert word in message


def test_a_compiler_that_was_named_is_missing(package):
    assert "no-such-compiler" in message_of(package, CC="no-such-compiler -m64")


def test_the_sources_in_c_are_missing(package):
    shutil.rmtree(package.parent / "core")
    assert "sources in C" in message_of(package)


def test_a_build_folder_was_not_configured(package, tmp_path):
    assert "has not been configured" in message_of(package, TENON_BUILD_DIR=str(tmp_path / "absent"))


def test_setuptools_is_too_old(package, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "sitecustomize.py").write_text("import sys; sys.modules['setuptools.command.bdist_wheel'] = None")
    assert "setuptools 77.0.3 or later" in message_of(package, PYTHONPATH=str(tmp_path / "old"))
