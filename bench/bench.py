#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints one table of measurements of tenon and its peers, with the machine and all versions in its head. `make bench` calls it by
bench/run, in the environment that run.in sets. Each module of measurements runs in a process of its own."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

import machine
import measure

HERE = pathlib.Path(__file__).parent
MODULES = ("context", "npy", "strides", "npz_many", "npz", "safetensors", "gguf", "quants", "binding", "python", "command", "pt", "zarr")
# Programs in C that print tables of their own.
PROGRAMS = {
    "programs.start": ("start", "$TENON", "$TENON_SRCDIR/examples/data/weights.npy"),
    "programs.deflate": ("deflate",),
    "programs.kernels": ("kernels",),
    "programs.many": ("many", "$TENON_TEST_PLUGINS"),
}
# Runs; MiB and runs; the most tensors.
QUICK_WORDS = {"programs.deflate": ("1",), "programs.kernels": ("32", "3"), "programs.many": ("1000",)}


def python_of(module):
    """PyTorch has an environment of its own, which sees the packages of the other one."""
    torch = pathlib.Path(os.environ["TENON_BUILDDIR"]) / "venv-torch" / "bin" / "python"
    return str(torch) if module in ("pt", "strides") and torch.exists() else sys.executable


def command_of(module, options):
    words = [python_of(module), str(HERE / f"bench_{module}.py"), f"--disk={options.disk}", f"--tmpfs={options.tmpfs}"]
    return [*words, f"--rows={options.rows}"] + ["--quick"] * options.quick


def run_module(module, options, rows):
    """Prints the rows of a module as they come, and adds them to `rows`; returns whether the module worked."""
    with subprocess.Popen([*command_of(module, options), "--lines"], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            rows.append(json.loads(line))
            measure.print_row(rows[-1])
    return process.returncode == 0


def run_programs(options):
    """Runs the programs that print tables of their own; returns whether all worked."""
    good = True
    for name in measure.selected(PROGRAMS, options.rows):
        print(f"\n{name}", flush=True)
        program, *words = PROGRAMS[name]
        words += QUICK_WORDS.get(name, ()) if options.quick else ()
        command = [os.path.join(os.environ["TENON_BUILDDIR"], "bench", program), *map(os.path.expandvars, words)]
        good = subprocess.run(command, check=False).returncode == 0 and good
    return good


def print_names(options):
    for module in MODULES:
        subprocess.run([*command_of(module, options), "--names"], check=False)
    print("\n".join(measure.selected(PROGRAMS, options.rows)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    measure.add_options(parser)
    parser.add_argument("--json", metavar="FILE", help="write the rows, with all times, for bench/compare")
    parser.add_argument("--names", action="store_true", help="print the names of the groups of rows")
    options = parser.parse_args()
    if options.names:
        print_names(options)
        return
    run = {"machine": machine.describe(options.disk, options.tmpfs), "quick": options.quick, "rows": []}
    machine.print_head(run["machine"])
    measure.print_head()
    begin, failed = time.monotonic(), []
    for module in MODULES:
        if not run_module(module, options, run["rows"]):
            failed.append(module)
        if options.json:  # a run that is stopped leaves what it has measured
            pathlib.Path(options.json).write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if not run["rows"] and not measure.selected(PROGRAMS, options.rows):
        sys.exit("bench: no group has such a name; --names prints those that there are")
    missed = sum(row.get("reached") is False for row in run["rows"])
    print(f"\n{sum('name' in row for row in run['rows'])} rows, {missed} below what is wanted, {time.monotonic() - begin:.0f} s", flush=True)
    if not run_programs(options):
        failed.append("programs")
    if failed:
        sys.exit(f"bench: these failed: {' '.join(failed)}")


if __name__ == "__main__":
    main()
