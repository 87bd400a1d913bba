# SPDX-License-Identifier: MIT
"""Builds libtenon, its plugins, the command and the extension with the makefile of the C tree, and packs them.

The C tree is the parent folder in a checkout, and ``c/`` in an sdist. It is configured and built in a separate folder;
``TENON_BUILD_DIR`` names an existing build folder instead. ``CC``, ``CFLAGS``, ``LDFLAGS`` and ``PKG_CONFIG_PATH`` have
their usual meaning; ``TENON_CONFIGURE`` has further options of configure.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # pip install --no-build-isolation takes what is installed
    import setuptools

    sys.exit(f"\ntenon cannot be built: it needs setuptools 77.0.3 or later, and {setuptools.__version__} is installed: "
             "pip install --upgrade setuptools, or leave out --no-build-isolation.\n")

HERE = Path(__file__).resolve().parent
C_TREE = next((tree for tree in (HERE / "c", HERE.parent) if (tree / "core" / "libtenon.map").exists()), None)
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
# A build leaves one folder in a checkout, which git ignores.
SCRATCH = Path(os.environ["TENON_BUILD_DIR"]).resolve() / "python" if os.environ.get("TENON_BUILD_DIR") else (
    HERE / "build" if C_TREE is None or C_TREE.parent == HERE else C_TREE / "build-python")

PACKAGES = """On Debian and Ubuntu:
  apt-get install gcc libc6-dev make autoconf automake libtool pkg-config zlib1g-dev libinih-dev libjson-c-dev nettle-dev \
libdeflate-dev libisal-dev libzstd-dev liblz4-dev libblosc-dev libbz2-dev liblzma-dev
On Fedora:
  dnf install gcc make autoconf automake libtool pkgconf-pkg-config zlib-devel inih-devel json-c-devel nettle-devel \
libdeflate-devel isa-l-devel libzstd-devel lz4-devel blosc-devel bzip2-devel xz-devel"""


def give_up(text: str) -> None:
    sys.stdout.flush()
    sys.exit(f"\ntenon cannot be built: {text}\n")


def c_tree() -> Path:
    if C_TREE is None:
        give_up(f"the sources in C are neither in {HERE / 'c'} nor in {HERE.parent}. Install from a checkout or from an "
                "sdist (pip install ./python), not from a copy of the folder python alone.")
    return C_TREE


def version() -> str:
    header = (c_tree() / "include" / "tenon" / "library.h").read_text(encoding="utf-8")
    return ".".join(re.search(rf"#define TENON_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH"))


def run(what: str, *command: str, folder: Path) -> None:
    print(f"tenon: {what}: {shlex.join(command)}", flush=True)
    # The child must not use the job server of a makefile that runs this.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    try:
        status = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL).returncode
    except OSError as fault:
        give_up(f"{command[0]} does not run: {fault}")
    if status:
        give_up(f"this failed: {what} (in {folder}: {shlex.join(command)}). Its own words are above.\n{PACKAGES}")


def missing_programs() -> list[str]:
    """The required programs that are not in PATH."""
    needed = ["make", "pkg-config"]
    if not (c_tree() / "configure").exists():
        needed += ["autoconf", "automake", "libtoolize"]
    absent = [name for name in needed if not shutil.which(name)]
    compilers = [shlex.split(os.environ["CC"])[0]] if os.environ.get("CC") else ["gcc", "cc", "clang"]
    if not any(map(shutil.which, compilers)):
        absent.insert(0, f"a C compiler ({' or '.join(compilers)})")
    return absent


def configured() -> Path:
    """The folder of the C build: a given one, or one that is configured here."""
    if os.environ.get("TENON_BUILD_DIR"):
        folder = Path(os.environ["TENON_BUILD_DIR"]).resolve()
        if not (folder / "config.status").exists():
            give_up(f"TENON_BUILD_DIR={folder} has not been configured.")
        return folder
    tree, folder = c_tree(), SCRATCH / "c"
    absent = missing_programs()
    if absent:
        give_up(f"these programs are missing: {', '.join(absent)}.\n{PACKAGES}")
    if (tree / "config.status").exists():
        give_up(f"{tree} was configured in place, and configure refuses other folders then: run `make distclean` there.")
    if not (tree / "configure").exists():
        run("making the configure script", "autoreconf", "--install", folder=tree)
    if not (folder / "config.status").exists():
        folder.mkdir(parents=True, exist_ok=True)
        # Only libdir counts of the folders: libtenon finds its plugins from its own place (core/context/installed.c).
        # /etc/tenon/tenon.ini holds for this libtenon, too.
        options = ["--prefix=/opt/tenon", "--libdir=/opt/tenon/lib", "--sysconfdir=/etc", "--disable-static"]
        # The times of an unpacked sdist may be wrong: make must not run autoconf for them.
        if not (tree / ".git").exists():
            options.append("--disable-maintainer-mode")
        if not os.environ.get("CFLAGS"):
            options.append("CFLAGS=-O2")
        options += shlex.split(os.environ.get("TENON_CONFIGURE", ""))
        run("configuring", str(tree / "configure"), "--silent", *options, folder=folder)
    return folder


class BuildExtension(build_ext):
    """Compiles the C tree and the extension into the package."""

    def run(self) -> None:
        if self.inplace:
            give_up("it has no editable installs. `make python` in the build folder of the C tree links the modules of "
                    "the checkout into python/site, for PYTHONPATH: see CONTRIBUTING.md.")
        import numpy

        suffix = sysconfig.get_config_var("EXT_SUFFIX") if FREE_THREADED else ".abi3.so"
        includes = dict.fromkeys((numpy.get_include(), sysconfig.get_path("include"), sysconfig.get_path("platinclude")))
        if not any((Path(folder) / "Python.h").exists() for folder in includes):
            give_up(f"Python.h is not in {sysconfig.get_path('include')}. Install python3-dev (Debian, Ubuntu) or "
                    f"python3-devel (Fedora).\n{PACKAGES}")
        folder = configured()
        target = Path(self.build_lib).resolve() / "tenon"
        target.mkdir(parents=True, exist_ok=True)
        for old in target.glob("_core*.so"):
            old.unlink()
        limited = ["PYTHON_LIMITED_API=", f"PYTHON_TAG={sysconfig.get_config_var('SOABI')}"] if FREE_THREADED else []
        flags = " ".join(f"-isystem {shlex.quote(folder)}" for folder in includes)
        jobs = os.environ.get("TENON_JOBS") or str(len(os.sched_getaffinity(0)))
        run("compiling", "make", "-j", jobs, "python-package", f"PYTHON_TO={target}", f"PYTHON_SUFFIX={suffix}",
            *limited, f"PYTHON_CPPFLAGS={shlex.quote(flags)}", folder=folder)


class BuildWheel(bdist_wheel):
    """One wheel for CPython 3.10 and later. A free-threaded interpreter has no stable ABI, and gets its own wheel."""

    def finalize_options(self) -> None:
        if not FREE_THREADED:
            self.py_limited_api = "cp310"
        super().finalize_options()


class SourceArchive(sdist):
    """The package, and the other files of ``make dist`` as the folder ``c``."""

    def add_defaults(self) -> None:
        super().add_defaults()
        self.filelist.prune("tests")  # a part of them; c/python/tests has all

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        folder = configured()
        run("copying the sources in C", "make", "distdir", "distdir=python-sources", folder=folder)
        sources = folder / "python-sources"
        shutil.rmtree(sources / "python" / "tenon")
        for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
            (sources / "python" / name).unlink()
        super().make_release_tree(base_dir, files)
        shutil.move(sources, Path(base_dir) / "c")


SCRATCH.mkdir(parents=True, exist_ok=True)
setup(
    version=version(),
    # The makefile has the sources. An extension makes the wheel specific to the platform.
    ext_modules=[Extension("tenon._core", [], py_limited_api=not FREE_THREADED)],
    cmdclass={"build_ext": BuildExtension, "bdist_wheel": BuildWheel, "sdist": SourceArchive},
    options={"build": {"build_base": str(SCRATCH / "py")}, "egg_info": {"egg_base": str(SCRATCH)}},
)
