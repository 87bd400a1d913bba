# SPDX-License-Identifier: MIT
"""The examples of README.md and python/README.md, in a temporary folder with the samples: Python prints the same
results, and the commands succeed."""

import doctest
import os
import pathlib
import re
import subprocess

import pytest

TREE = pathlib.Path(__file__).resolve().parents[2]
PAGES = [path for path in (TREE / "README.md", TREE / "python" / "README.md") if path.exists()]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "examples").symlink_to(TREE / "examples")
    monkeypatch.chdir(tmp_path)


def blocks(path, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TREE)))
def test_python(path):
    text = "\n".join(blocks(path, "python"))
    test = doctest.DocTestParser().get_doctest(text, {}, str(path.relative_to(TREE)), None, 0)
    assert len(test.examples) > 10
    output = []
    result = doctest.DocTestRunner(verbose=False).run(test, out=output.append)
    assert result.failed == 0, "".join(output)


def test_commands():
    """Each line that begins with $; tenon is the command."""
    lines = [line[2:] for block in blocks(TREE / "README.md", "") for line in block.splitlines() if line.startswith("$ ")]
    assert len(lines) > 10
    for line in lines:
        done = subprocess.run(["sh", "-c", 'tenon () { "$TENON" "$@"; }; ' + line], env={**os.environ, "LC_ALL": "C"},
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, (line, done.stderr)
