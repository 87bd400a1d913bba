# SPDX-License-Identifier: MIT
"""Measures tenon and its peers in turn, in one process: the rows of the table that `make bench` prints.

A module of measurements is bench_NAME.py. It has groups, functions that get a Bench and call its methods; each call measures rows:

    import measure

    def saves(bench):
        bench.compare("save 64 arrays", ours, theirs, "np.save", ">= 2", size)

    if __name__ == "__main__":
        measure.main({"npy.save": saves})

`./run venv/bin/python bench_NAME.py [--quick] [--rows 'GLOB…']` prints its rows; bench.py runs all modules. A group has a folder of its
own, in the page cache of a disk, and another one on a tmpfs if there is one.

wanted: ">= 2": the peer takes at least 2 times as long, and the ratio of the row is peer / ours. "<= 3": tenon takes at most 3 times as
much, and the ratio is ours / peer. "<= 64 MiB", "<= 2 ms": a limit without a peer. "-", or "<= -" for that ratio: nothing. It is the
goal of the project and no test: machines differ.
"""
import argparse
import contextlib
import fnmatch
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import traceback

from libtenon import Tenon

MIB = 1 << 20
F32, I32 = 12, 8
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
# The peak memory of a child includes that of its parent: a small process starts the command.
CHILD = """
import os, sys
_, status, usage = os.wait4(os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:]), 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(status != 0)
"""


class LeftOut(Exception):
    """Raised by a group that cannot run here. The text says why."""


class Seconds(float):
    """What a measured function returns if it took the time itself."""


def clock(function, now=time.perf_counter):
    begin = now()
    result = function()
    return float(result) if isinstance(result, Seconds) else now() - begin


def in_turn(functions, rounds, now=time.perf_counter):
    """Returns the times of each function: other load on the machine affects all."""
    times = [[clock(function, now) for function in functions] for _ in range(rounds)]
    return [list(column) for column in zip(*times)]


def limit(wanted):
    """Returns the relation, the number, and whether it is a limit without a peer, of the text `wanted`; or None."""
    found = re.match(r"(>=|<=) ([\d.]+) ?(\w+)?", wanted)
    unit = found and UNITS.get(found[3])
    return found and (found[1], float(found[2]) * (unit or 1), unit is not None)


def make_row(group, title, peer, wanted, ours, theirs, unit="s", size=0, readme=False):
    """Makes a row as it is printed and written to JSON. ours and theirs are lists of figures; theirs is empty for a row without a peer."""
    mine, other = statistics.median(ours), statistics.median(theirs) if theirs else None
    goal, ratio, reached = limit(wanted), None, None
    less = wanted.startswith("<=")
    if other is not None and mine and other:
        ratio = mine / other if less else other / mine
    measured = mine if goal and goal[2] else ratio
    if goal and measured is not None:
        reached = measured <= goal[1] if less else measured >= goal[1]
    return {"name": " / ".join(filter(None, (group, title, peer))), "group": group, "title": title, "peer_name": peer, "ours": mine,
            "peer": other, "unit": unit, "size": size, "ratio": ratio, "wanted": wanted, "reached": reached,
            "times": {"ours": ours, "peer": theirs}, "readme": readme}


class Bench:
    """The library, the folders of one group, and the amount of data and rounds."""

    def __init__(self, group, options, folder, tmpfs):
        self.group, self.quick, self.folder, self.tmpfs = group, options.quick, folder, tmpfs
        self.scale = 8 if self.quick else 1
        self.build, self.plugins = os.environ["TENON_BUILDDIR"], os.environ["TENON_PLUGIN_PATH"]
        self.command, self.show = os.environ["TENON"], options.show
        self.tenon = self.library("save.durable=no")

    def library(self, *settings, plugins=""):
        """Returns a context of its own with these settings, and with the plugins of another folder as well."""
        folder = pathlib.Path(self.build) / ".libs"
        path = next(path for name in ("libtenon.so.0", "libtenon.0.dylib") if (path := folder / name).exists())
        return Tenon(str(path), self.plugins + plugins, *settings)

    def path(self, name):
        return os.path.join(self.folder, name)

    def memory_path(self, name):
        """Returns a path on the tmpfs, if there is one: for what a disk would only make noisy, such as ten thousand new files."""
        return os.path.join(self.tmpfs or self.folder, name)

    def rounds(self, full, quick=2):
        return quick if self.quick else full

    def places(self):
        """Yields words and a folder: on the disk, and on a tmpfs."""
        yield "disk", self.folder
        if self.tmpfs:
            yield "tmpfs", self.tmpfs
        else:
            self.left_out("tmpfs", "there is none with 2 GiB of room")

    # ---- rows ----

    def row(self, *arguments, **words):
        self.show(make_row(self.group, *arguments, **words))

    def left_out(self, title, why):
        self.show({"group": self.group, "left_out": f"{title}: {why}"})

    def compare(self, title, ours, theirs, peer, wanted, size=0, rounds=5, warm=True, readme=False):
        """Measures both in turn. size: the bytes that are moved, for a figure in GB/s. With warm=False a slow peer skips the first,
        uncounted round."""
        self.compare_all(title, ours, [(theirs, peer, wanted)], size, rounds, warm, readme)

    def compare_all(self, title, ours, peers, size=0, rounds=5, warm=True, readme=False, now=time.perf_counter):
        """Measures ours and several peers, (function, name, wanted), in turn, and makes a row for each. README.md shows none, all (True), or
        that of one peer, which `readme` names. Work on one thread may be measured by the processor's time, time.process_time."""
        functions = [ours, *(function for function, *_ in peers)]
        for function in functions if warm else functions[:1]:
            function()
        mine, *others = in_turn(functions, rounds, now)
        for (_, peer, wanted), times in zip(peers, others):
            self.row(title, peer, wanted, mine, times, size=size, readme=readme in (True, peer))

    def compare_sizes(self, title, ours, theirs, peer):
        """Compares the sizes of two files."""
        self.row(title, peer, "<= 1", [os.path.getsize(ours)], [os.path.getsize(theirs)], "bytes")

    def limited(self, title, ours, wanted, rounds=5, readme=False):
        """Measures what has no peer."""
        ours()
        self.row(title, "", wanted, in_turn([ours], rounds)[0], [], readme=readme)

    def limited_peak(self, title, wanted, *words, readme=False):
        """Takes the most memory of the command tenon."""
        self.row(title, "", wanted, [self.peak(self.command, *words)], [], "bytes", readme=readme)

    # ---- work ----

    def loader(self, path, requests=None):
        """Returns a function that opens a file and loads all of it in one call into fresh memory of the library. For many small tensors
        the requests are made before: Python takes longer to make them than the library to read."""
        def load():
            file = self.tenon.open(path)
            memory, _ = self.tenon.load_all(file, requests)
            self.tenon.lib.tenon_memory_free(memory)
            self.tenon.close(file)

        return load

    def list_program(self, path, rounds=3):
        """Returns a function that opens the file in C and gets every name, dtype and shape: Python would pay a call through ctypes for
        each tensor. It returns the median of a few rounds."""
        return printed_time(os.path.join(self.build, "bench", "list"), self.plugins, path, str(rounds))

    def program_peer(self, title, peer, wanted, program, *words):
        """Returns a list with such a program of bench/peers (`crate/list`, `ggml/list_gguf`) for compare_all; or an empty one, after a
        word why, if it was not built."""
        path = os.path.join(self.build, "peers", program)
        if os.path.exists(path):
            return [(printed_time(path, *words), peer, wanted)]
        self.left_out(title, peer_missing(self.build, program.split("/")[0]))
        return []

    def compare_lists(self, title, path, peers, rounds, readme=False):
        """Lists a file in C, beside peers, (function of the path, name, wanted)."""
        self.compare_all(title, self.list_program(path), [(lambda f=f: f(path), *words) for f, *words in peers], 0, rounds, readme=readme)

    def peak(self, *words):
        """Returns the most memory in bytes that a command takes. What it prints is dropped."""
        done = subprocess.run([sys.executable, "-c", CHILD, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
        return int(done.stderr.split()[-1]) * 1024

    def convert(self, *words):
        """Runs the command without waiting for the disk; its messages are shown if it fails."""
        done = subprocess.run([self.command, "convert", "-q", "-o", "save.durable=no", *words], stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)

    def copier(self, source):
        """Returns a function that copies a file, its bytes and not its extents."""
        target = self.path("copy")

        def copy():
            remove(target)
            subprocess.run(["cp", "--reflink=never", source, target], check=True)

        return copy


def printed_time(*command):
    """Returns a function that runs a program, which prints a time in milliseconds."""
    return lambda: Seconds(float(subprocess.run(command, check=True, capture_output=True).stdout) / 1e3)


def peer_missing(build, name):
    """Returns why bench/peers/build has not built a peer."""
    reason = pathlib.Path(build) / "peers" / f"{name}.missing"
    return f"the peer {name} was not built: " + (reason.read_text().strip() if reason.exists() else "make bench-peers builds it")


def remove(*paths):
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


# ---- printing ----


def figure(value, row):
    if value is None:
        return ""
    if row["unit"] == "bytes":
        return f"{value / MIB:.2f} MiB"
    if row["size"]:
        return f"{row['size'] / value / 1e9:.2f} GB/s"
    scale, unit = (1, "s") if value >= 1 else (1e3, "ms") if value >= 1e-3 else (1e6, "µs")
    return f"{value * scale:.{3 if value * scale < 10 else 1}f} {unit}"


def cells(row):
    """Returns the words of a row of the table: title, ours, peer, ratio, wanted."""
    peer = f"{figure(row['peer'], row)} {row['peer_name']}".strip()
    ratio = row["ratio"]
    if ratio is not None:
        digits, word = 0 if ratio >= 100 else 1 if ratio >= 10 else 2, "of it" if row["wanted"].startswith("<=") else "×"
        ratio = f"{ratio:.{digits}f} {word}"
    wanted = row["wanted"].removeprefix("<= -") + (" (missed)" if row["reached"] is False else "")
    return f"{row['group']}: {row['title']}", figure(row["ours"], row), peer, ratio or "", wanted


def table_line(words, widths=(78, 12, 40, 13, 14)):
    padded = [word.rjust(width) if at % 2 else word.ljust(width) for at, (word, width) in enumerate(zip(words, widths))]
    return f"| {' | '.join(padded)} |"


def print_head():
    print(table_line(("work", "tenon", "peer", "ratio", "wanted")))
    print("|---|---:|---|---:|---|", flush=True)


def print_row(row):
    print(f"{row['group']}: left out: {row['left_out']}" if "left_out" in row else table_line(cells(row)), flush=True)


def print_line(row):
    """Prints a row for bench.py, which reads it."""
    print(json.dumps(row), flush=True)


# ---- running ----


def add_options(parser):
    parser.add_argument("--quick", action="store_true", help="an eighth of the data, few rounds")
    parser.add_argument("--rows", default="", metavar="GLOB…", help="only groups with such names, as 'npz.* pt.open'")
    parser.add_argument("--disk", metavar="FOLDER", default=os.environ.get("BENCH_FOLDER") or os.environ["TENON_BUILDDIR"],
                        help="where files lie; default: $BENCH_FOLDER or the build folder")
    parser.add_argument("--tmpfs", metavar="FOLDER", default=default_tmpfs(), help="where files lie in memory; default: /dev/shm; empty: no such rows")


def default_tmpfs():
    """Returns /dev/shm if there is room for the largest rows."""
    return "/dev/shm" if os.path.ismount("/dev/shm") and shutil.disk_usage("/dev/shm").free >= 2 << 30 else ""


def selected(names, patterns):
    return [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns.split() or ["*"])]


def run_group(name, function, options):
    """Runs a group in folders of its own; returns whether it worked."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.disk) as folder, contextlib.ExitStack() as stack:
        tmpfs = options.tmpfs and stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=options.tmpfs))
        try:
            function(Bench(name, options, folder, tmpfs))
        except LeftOut as why:
            options.show({"group": name, "left_out": str(why)})
        except Exception:  # pylint: disable=broad-exception-caught  # the other groups are measured all the same
            traceback.print_exc()
            options.show({"group": name, "left_out": "it failed"})
            return False
    return True


def main(groups):
    """The main function of a module. groups: {name: function of a Bench}"""
    parser = argparse.ArgumentParser(description="Measures tenon and its peers in turn.")
    add_options(parser)
    parser.add_argument("--names", action="store_true", help="print the names of the groups")
    parser.add_argument("--lines", dest="show", action="store_const", const=print_line, default=print_row, help="print rows as JSON")
    options = parser.parse_args()
    names = selected(groups, options.rows)
    if options.names:
        print("\n".join(names))
        return
    if options.show is print_row:
        print_head()
    sys.exit(not all([run_group(name, groups[name], options) for name in names]))
