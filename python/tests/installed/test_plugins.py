# SPDX-License-Identifier: MIT
"""Plugins of other packages: entry points of the group tenon.plugins, in wheels that the tests create and install."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PLUGIN = Path(os.environ["TENON_TEST_PLUGINS"]) / "toyraw.so"


def make_wheel(folder, name, entry, files):
    """A wheel with an entry point and these files: name in the wheel → bytes."""
    info = f"{name}-1.0.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[tenon.plugins]\n{name} = {entry}\n".encode(),
    }
    record = "".join(f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
                     for path, data in files.items())
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in {**files, f"{info}/RECORD": (record + f"{info}/RECORD,,\n").encode()}.items():
            archive.writestr(path, data)
    return wheel


class Environment:
    """A virtual environment that has the packages of this one."""

    def __init__(self, folder):
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        self.python = folder / "bin" / "python"
        (self.packages,) = folder.glob("lib/python*/site-packages")
        seen = [place for place in sys.path if place.endswith("site-packages")]
        (self.packages / "seen.pth").write_text("".join(f"{place}\n" for place in seen))

    def install(self, wheel):
        """What pip does, without its time."""
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.packages)

    def pip_install(self, wheel):
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", self.python]
        subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", wheel], check=True)

    def run(self, *arguments, **variables):
        return subprocess.run([self.python, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                              env={**os.environ, **variables})

    def folders(self):
        done = self.run("-c", "import tenon._plugins\nfor folder in tenon._plugins.folders(): print(folder)")
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines(), done.stderr


@pytest.fixture
def environment(tmp_path):
    return Environment(tmp_path / "venv")


def test_no_package_brings_plugins(environment):
    assert environment.folders() == ([], "")


ENTRIES = {
    "a function": ("toys:folder", "import os\ndef folder():\n    return os.path.join(os.path.dirname(__file__), 'plugins')\n"),
    "a function that returns several": ("toys:some", "from pathlib import Path\ndef some():\n    return [Path(__file__).parent / 'plugins']\n"),
    "a string": ("toys:FOLDER", "import os\nFOLDER = os.path.dirname(__file__) + '/plugins'\n"),
    "a package": ("toys.plugins", ""),
}


@pytest.mark.parametrize("entry, code", ENTRIES.values(), ids=ENTRIES)
def test_a_plugin_of_another_package_is_used(environment, tmp_path, entry, code):
    files = {"toys/__init__.py": code.encode(), "toys/plugins/__init__.py": b"", "toys/plugins/toyraw.so": PLUGIN.read_bytes()}
    environment.install(make_wheel(tmp_path, "toys", entry, files))
    folder = environment.packages / "toys" / "plugins"
    assert environment.folders() == ([str(folder)], "")
    shown = environment.run("-m", "tenon", "formats", "-v")
    assert str(folder / "toyraw.so") in shown.stdout
    code = "import tenon\nprint([format.plugin_file for format in tenon.formats() if format.id == 'toyraw'])"
    listed = environment.run("-c", code)
    assert listed.stdout == f"{[str(folder / 'toyraw.so')]}\n", listed.stderr
    # and those of TENON_PLUGIN_PATH are before them
    own = tmp_path / "own"
    own.mkdir()
    shutil.copy(PLUGIN, own)
    shown = environment.run("-m", "tenon", "formats", "-v", TENON_PLUGIN_PATH=str(own))
    assert f"file        {own / 'toyraw.so'}" in shown.stdout


def test_a_package_that_pip_installed_is_found(environment, tmp_path):
    code = b"import os\nFOLDER = os.path.dirname(__file__)\n"
    files = {"toys/__init__.py": code, "toys/toyraw.so": PLUGIN.read_bytes()}
    environment.pip_install(make_wheel(tmp_path, "toys", "toys:FOLDER", files))
    assert environment.folders() == ([str(environment.packages / "toys")], "")
    assert str(environment.packages / "toys" / "toyraw.so") in environment.run("-m", "tenon", "formats", "-v").stdout


BROKEN = {
    "the module is missing": ("absent.module", "", "ModuleNotFoundError"),
    "the function raises": ("toys:fail", "def fail():\n    raise OSError('no plugins today')\n", "no plugins today"),
    "the folder is missing": ("toys:FOLDER", "FOLDER = '/nonexistent/plugins'\n", "/nonexistent/plugins"),
    "it is a number": ("toys:NUMBER", "NUMBER = 7\n", "TypeError"),
}


@pytest.mark.parametrize("entry, code, why", BROKEN.values(), ids=BROKEN)
def test_a_broken_package_is_warned_of_and_left_out(environment, tmp_path, entry, code, why):
    environment.install(make_wheel(tmp_path, "toys", entry, {"toys/__init__.py": code.encode()}))
    folders, warning = environment.folders()
    assert folders == []
    assert "RuntimeWarning" in warning and entry in warning and why in warning
    shown = environment.run("-m", "tenon", "formats")
    assert shown.returncode == 0 and "safetensors" in shown.stdout
