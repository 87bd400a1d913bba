# SPDX-License-Identifier: MIT
"""Runs the functions test_* of the modules test_*.py beside this file, and of those in ../reports, in order, each with a Bench of its own.
Arguments select tests by name: MODULE, MODULE.FUNCTION or FUNCTION. One that ends in / is a folder beside this file, whose modules
are taken in place of these.

A test calls bench.check (condition, words) as often as it likes; a failed check does not end the test. An exception
counts as an error and ends the test."""

import importlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback

SHOWN = 20  # the most failures that are printed for one test


class Bench:
    """The argument of a test: a folder, the tenon command, and the counts of checks and failures."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.checks = 0
        self.failures = 0

    def check(self, condition, *words):
        self.checks += 1
        if not condition:
            self.failures += 1
            if self.failures <= SHOWN:
                print("  FAILED:", *words, flush=True)
        return bool(condition)

    def run(self, *arguments):
        """Returns the exit status, standard output as bytes and standard error as text."""
        command = [os.environ["TENON"], *map(str, arguments)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace").strip()

    def output(self, *arguments):
        """Returns the standard output of a run that must succeed; None if it fails."""
        status, output, error = self.run(*arguments)
        return output if self.check(status == 0, *arguments, "exits", status, error) else None

    def list(self, path, *arguments):
        """Returns the output of `tenon ls --json` for one file; None if the command fails."""
        output = self.output("ls", "--json", *arguments, path)
        if output is None:
            return None
        return json.loads(output)

    def convert(self, source, target, *arguments):
        """Returns the bytes of the target; None if the command fails."""
        target = pathlib.Path(target)
        target.unlink(missing_ok=True)
        if self.output("convert", *arguments, source, target) is None:
            return None
        return target.read_bytes()


def run_test(name, test):
    with tempfile.TemporaryDirectory(prefix="tenon-interop.") as folder:
        bench = Bench(folder)
        errors = 0
        try:
            test(bench)
        except Exception:  # pylint: disable=broad-except
            errors = 1
            traceback.print_exc(file=sys.stdout)
        print(f"{name}: {bench.checks} checks, {bench.failures} failures{', ended by an error' if errors else ''}", flush=True)
        return bench.checks + errors, bench.failures, errors


def main():
    here = pathlib.Path(__file__).parent
    reports = here.parent / "reports"
    folders = [here / name for name in sys.argv[1:] if name.endswith("/")] or [here, reports]
    sys.path[:0] = map(str, dict.fromkeys([*folders, here, reports]))
    total = [0, 0, 0]
    wanted = [name for name in sys.argv[1:] if not name.endswith("/")]
    for path in [path for folder in folders for path in sorted(folder.glob("test_*.py"))]:
        module = importlib.import_module(path.stem)
        for name, test in list(vars(module).items()):
            full = f"{path.stem}.{name}"
            if name.startswith("test_") and callable(test) and (not wanted or {path.stem, name, full} & set(wanted)):
                total = [a + b for a, b in zip(total, run_test(full, test))]
    checks, failures, errors = total
    percent = (checks - failures - errors) * 100 // checks if checks else 0
    print(f"{percent}%: Checks: {checks}, Failures: {failures}, Errors: {errors}")
    return 0 if checks and not failures and not errors else 1


if __name__ == "__main__":
    sys.exit(main())
