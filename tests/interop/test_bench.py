# SPDX-License-Identifier: MIT
"""The measurements of bench/: the arithmetic of a row, a group that fails, the comparison of two runs, and the table of README.md.
Expected figures are computed by hand."""

import json
import os
import pathlib
import subprocess
import sys

import npz_kit  # noqa: F401  it adds bench/ to sys.path
import measure

BENCH = pathlib.Path(measure.__file__).parent
MARKS = ("<!-- figures: bench/compare --readme writes them -->\n", "<!-- end of the figures -->\n")


def run(*words, **environment):
    """Returns the exit status, the output and the messages of a Python program."""
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False,
                          env=os.environ | {"PYTHONPATH": str(BENCH), "PYTHONDONTWRITEBYTECODE": "1"} | environment)
    return done.returncode, done.stdout, done.stderr


def test_limits(bench):
    for text, wanted in ((">= 2", (">=", 2.0, False)), ("<= 0.5", ("<=", 0.5, False)), ("<= 64 MiB", ("<=", 67108864.0, True)),
                         ("<= 2 ms", ("<=", 0.002, True)), ("-", None), ("<= -", None), ("", None)):
        bench.check(measure.limit(text) == wanted, text, measure.limit(text))


def test_rows(bench):
    """The medians of 1 2 9 and of 8 4 6 are 2 and 6."""
    for wanted, ratio, reached in ((">= 3", 3, True), (">= 3.1", 3, False), ("<= 0.4", 1 / 3, True), ("<= 0.3", 1 / 3, False), ("-", 3, None),
                                   ("<= -", 1 / 3, None)):
        row = measure.make_row("a.b", "work", "other", wanted, [1, 2, 9], [8, 4, 6])
        bench.check((row["ours"], row["peer"], row["ratio"], row["reached"]) == (2, 6, ratio, reached), wanted, row)
    for wanted, reached in (("<= 3 ms", True), ("<= 1 ms", False), ("-", None)):
        row = measure.make_row("a.b", "work", "", wanted, [0.002], [])
        bench.check((row["name"], row["peer"], row["ratio"], row["reached"]) == ("a.b / work", None, None, reached), wanted, row)
    row = measure.make_row("a.b", "work", "other", ">= 1", [0.0], [1.0])
    bench.check(row["ratio"] is None and row["reached"] is None, "a time of 0 has no ratio", row)
    row = measure.make_row("a.b", "work", "other", ">= 1", [0.5], [1.0], size=10**9)
    bench.check(measure.cells(row) == ("a.b: work", "2.00 GB/s", "1.00 GB/s other", "2.00 ×", ">= 1"), measure.cells(row))
    row = measure.make_row("a.b", "work", "other", "<= 1", [3 << 20], [2 << 20], "bytes")
    bench.check(measure.cells(row) == ("a.b: work", "3.00 MiB", "2.00 MiB other", "1.50 of it", "<= 1 (missed)"), measure.cells(row))


def test_in_turn(bench):
    order = []
    times = measure.in_turn([lambda: order.append("a"), lambda: order.append("b") or measure.Seconds(7)], 3)
    bench.check(order == ["a", "b"] * 3, order)
    bench.check(len(times) == 2 and len(times[0]) == 3 and times[1] == [7.0] * 3, times)


GROUPS = """
import os, sys
import measure

def bad(bench):
    raise RuntimeError("wrong")

def absent(bench):
    raise measure.LeftOut("there is no such peer")

def good(bench):
    open(bench.path("x"), "w").close()
    bench.limited(",".join(os.listdir(bench.folder)), lambda: None, "-")

measure.main({"m.bad": bad, "m.absent": absent, "m.good": good})
"""


def test_groups(bench):
    """A group that fails costs no others, and the folders go."""
    script = bench.folder / "groups.py"
    script.write_text(GROUPS)
    (bench.folder / "files").mkdir()
    status, output, error = run(script, "--disk", bench.folder / "files", "--tmpfs", "")
    bench.check(status == 1 and "RuntimeError: wrong" in error, status, error)
    bench.check("m.bad: left out: it failed\n" in output and "m.absent: left out: there is no such peer\n" in output, output)
    bench.check("| m.good: x " in output, output)
    bench.check(list((bench.folder / "files").iterdir()) == [], "files stay")
    status, output, error = run(script, "--disk", bench.folder / "files", "--rows", "m.g* other", "--lines")
    bench.check(status == 0 and [json.loads(line)["group"] for line in output.splitlines()] == ["m.good"], status, output, error)


def test_names(bench):
    status, output, error = run(BENCH / "bench.py", "--names", "--rows", "npz.* programs.start")
    bench.check(status == 0 and "npz.small\n" in output and output.endswith("programs.start\n") and "gguf" not in output, output, error)


def test_no_such_name(bench):
    status, _, error = run(BENCH / "bench.py", "--rows", "npx.*", "--disk", bench.folder, "--tmpfs", "")
    bench.check(status == 1 and error.startswith("bench: no group has such a name"), status, error)


def write_run(path, rows, quick=False):
    path.write_text(json.dumps({"machine": {"processor": "P", "memory": "M", "kernel": "K", "disk": "D", "load before": "0.1", "tenon": "T",
                                            "peers": {"other": "1.0"}}, "quick": quick, "rows": rows}))
    return path


def row_of(title, ours, theirs, **words):
    return measure.make_row("a.b", title, "other", ">= 2", [ours], [theirs], **words)


def test_compare(bench):
    """Ours went from 4 to 1 while the peer went from 4 to 2: 4 times as fast, 2 of them by the machine."""
    old = write_run(bench.folder / "old.json", [row_of("faster", 4.0, 4.0), row_of("gone", 1.0, 1.0), {"group": "a.b", "left_out": "x: why"}])
    new = write_run(bench.folder / "new.json", [row_of("faster", 1.0, 2.0), row_of("came", 1.0, 1.0)])
    status, output, error = run(BENCH / "compare", old, new)
    line = next((line for line in output.splitlines() if "faster" in line), "")
    words = [word.strip() for word in line.split("|")[1:-1]]
    bench.check(status == 0 and words == ["a.b / faster / other", "4.000 s", "1.000 s", "4.00", "2.00, 2.00 better"], words, error)
    bench.check("only old: a.b / gone / other\n" in output and "only new: a.b / came / other\n" in output, output)
    quick = write_run(bench.folder / "quick.json", [], True)
    bench.check(run(BENCH / "compare", old, quick)[0] == 1, "a quick run is compared with another one")
    bench.check(run(BENCH / "compare", old)[0] == 2, "one run is compared with none")


def test_readme(bench):
    file = write_run(bench.folder / "run.json", [row_of("shown", 1.0, 3.0, readme=True), row_of("other", 1.0, 1.0)])
    page = bench.folder / "page.md"
    page.write_text("before\n" + MARKS[0] + "old\n" + MARKS[1] + "after\n")
    for _ in range(2):
        status, _, error = run(BENCH / "compare", "--readme", file, page)
        text = page.read_text()
        bench.check(status == 0 and text.startswith("before\n" + MARKS[0]) and text.endswith(MARKS[1] + "after\n"), text, error)
        bench.check("| a: shown | 1.000 s | 3.000 s other | 3.00 × | >= 2 |\n" in text and "old" not in text, text)
        bench.check("P, M, K, D; tenon T;\n" in text and "Other work" not in text and "other 1.0" in text and "| a: other" not in text, text)
    page.write_text("no marks\n")
    bench.check(run(BENCH / "compare", "--readme", file, page)[0] == 1 and page.read_text() == "no marks\n", "a page without marks")
    readme = (BENCH.parent / "README.md").read_text()
    bench.check(all(readme.count(mark) == 1 for mark in MARKS), "README.md has no marks of the figures")
