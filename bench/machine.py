# SPDX-License-Identifier: MIT
"""The machine, and the versions of tenon and its peers: the head of the table of bench.py."""
import importlib.metadata
import os
import pathlib
import platform
import re
import subprocess

# What the rows name, and not what that needs.
PACKAGES = ("numpy", "ml_dtypes", "safetensors", "gguf", "mlx", "zarr", "zarrs", "tensorstore", "torch", "backports.zstd")


def output(*command):
    """Returns the first line that a command prints, or nothing."""
    try:
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return ""
    return lines[0] if lines else ""


def text_of(path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""


def processor():
    found = re.search(r"^model name\s*: (.*)$", text_of("/proc/cpuinfo"), re.M)
    return found[1] if found else output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def file_system(folder):
    """Returns the type of the file system of a folder."""
    folder, best = os.path.realpath(folder), ("", "")
    for line in text_of("/proc/mounts").splitlines():
        _, point, kind, *_ = line.split()
        if os.path.commonpath((folder, point)) == point and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1] or "unknown"


def python_packages(build):
    """Returns the versions of the packages in the environments of `make check-interop` and `make check-torch`."""
    folders = [str(path) for venv in ("venv", "venv-torch") for path in (pathlib.Path(build) / venv).glob("lib/python*/site-packages")]
    found = {package.name.lower().replace("-", "_"): package.version for package in importlib.metadata.distributions(path=folders)}
    return {name: found[name] for name in PACKAGES if name in found}


def native_peers(build):
    """Returns the versions of what bench/peers/build built, and the compilers."""
    peers, versions = pathlib.Path(build) / "peers", {}
    for name in ("safetensors", "memmap2"):
        found = re.search(rf'^{name} = "=(.*)"', text_of(peers / "crate" / "Cargo.toml"), re.M)
        if found and (peers / "crate" / "list").exists():
            versions[f"crate {name}"] = found[1]
    if versions:
        versions["cargo"] = text_of(peers / "crate" / "compiler").split()[1]
    for name, title in (("ggml", "ggml"), ("ggml_older", "ggml of 2025")):
        if (peers / name / "list_gguf").exists():
            versions[title] = text_of(peers / name / "version").strip()
            versions["C compiler"] = text_of(peers / name / "compiler").strip()
    return versions


def tenon_version(command, sources):
    revision = output("git", "-C", sources, "describe", "--always", "--dirty") if os.path.exists(os.path.join(sources, ".git")) else ""
    return " ".join(filter(None, (output(command, "--version").removeprefix("tenon "), revision)))


def describe(disk, tmpfs):
    """Returns what the head of the table says, as {name: text or dict of texts}."""
    build = os.environ["TENON_BUILDDIR"]
    return {
        "tenon": tenon_version(os.environ["TENON"], os.environ["TENON_SRCDIR"]),
        "processor": f"{processor()}, {len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / (1 << 30):.1f} GiB",
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "disk": file_system(disk),
        "tmpfs": file_system(tmpfs) if tmpfs else "none",
        "load before": f"{os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        "peers": python_packages(build) | native_peers(build),
    }


def print_head(machine):
    print("tenon and its peers in turn, medians. ×: the peer's time / tenon's; of it: tenon's / the peer's. No side waits for the disk")
    print("(save.durable=no) unless the row says so, and files lie in the page cache.")
    print()
    for name, text in machine.items():
        print(f"{name}: {', '.join(f'{key} {value}' for key, value in text.items()) if isinstance(text, dict) else text}")
    print()
