# SPDX-License-Identifier: MIT
"""Contexts: what a program takes to begin, by the number of plugins in the path."""
import os
import pathlib
import subprocess

import measure

SOURCE = pathlib.Path(__file__).parent.parent / "examples" / "idx" / "idx.c"


def make_plugins(folder, count):
    """Builds `count` plugins, copies of examples/idx with names of their own."""
    os.mkdir(folder)
    text = SOURCE.read_text()
    for i in range(count):
        source = pathlib.Path(folder) / f"idx{i}.c"
        source.write_text(text.replace('"idx"', f'"idx{i}"').replace('"ubyte"', f'"ubyte{i}"'))
        subprocess.run([*os.environ.get("CC", "cc").split(), "-std=gnu11", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", f"-I{SOURCE.parents[2]}/include",
                        "-o", source.with_suffix(".so"), source], check=True)
        source.unlink()
    return folder


def start(bench):
    """The first context of a process, which loads the plugins, and another one, which finds them loaded."""
    program, rounds = os.path.join(bench.build, "bench", "contexts"), str(bench.rounds(101, 5))

    def measured(folder):
        done = subprocess.run([program, folder, rounds], stdout=subprocess.PIPE, text=True, check=True)
        return [float(word) for word in done.stdout.split()]

    none = measured(make_plugins(bench.path("none"), 0))
    for which, seconds in zip(("first", "next"), none):
        bench.row(f"{which} context of a process, no plugin but the built-in one", "", "-", [seconds], [])
    for count in (1, 10, 100):
        found = measured(make_plugins(bench.path(str(count)), count))
        for which, seconds, base in zip(("first", "next"), found, none):
            bench.row(f"{which} context of a process, each of {count} plugin{'s' * (count > 1)}", "", "<= 0.2 ms",
                      [(seconds - base) / count], [], readme=count == 100 and which == "first")


if __name__ == "__main__":
    measure.main({"context.start": start})
