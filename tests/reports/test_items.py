# SPDX-License-Identifier: MIT
"""Rows N14, N19 to N21, Z14 and Z25: strings, dates, spans and records as people read them. NumPy is the judge."""

import json
import os
import subprocess
import time
import unicodedata

import inputs
import ml_dtypes
import numpy as np

UNITS = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"]
TEXTS = ["", "a", "two words", "soft\u00e9max", "\u65e5\u672c\u8a9e", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
         "\U0001f999", "a\0b", 'q"q', "back\\slash", "line\nend", "\x1b[31m", "e\u0301", "\u202ereversed"]


def text(bench, path, *arguments):
    """Returns the lines that cat --text prints."""
    output = bench.output("cat", "--text", path, *arguments)
    return None if output is None else output.decode().split("\n")[:-1]


def data(bench, path, *arguments):
    """Returns the data that cat --json prints."""
    output = bench.output("cat", "--json", path, *arguments)
    return None if output is None else json.loads(output)["data"]


def saved(bench, array, name="x.npy"):
    path = bench.folder / name
    np.save(path, array)
    return path


def on_terminal(width, *arguments):
    """Returns the lines that the command prints on a terminal of this width, in the C locale."""
    words = " ".join(f"'{word}'" for word in map(str, (os.environ["TENON"], *arguments)) if word)
    environment = {**os.environ, "COLUMNS": str(width), "LC_ALL": "C"}
    done = subprocess.run(["script", "-qec", words, "/dev/null"], stdin=subprocess.DEVNULL, capture_output=True, check=True, env=environment)
    return done.stdout.decode().replace("\r", "").split("\n")[:-1]


def value(item):
    """Returns an item of NumPy as JSON would have it."""
    if isinstance(item, np.void) and item.dtype.names:
        return {name: value(item[name]) for name in item.dtype.names}
    if isinstance(item, np.ndarray):
        return [value(part) for part in item] if item.ndim else value(item[()])
    if isinstance(item, np.datetime64):
        return None if np.isnat(item) else str(item)
    if isinstance(item, np.timedelta64):
        return None if np.isnat(item) else int(str(item).split()[0])
    if isinstance(item, np.void):
        return item.tobytes().hex()
    if isinstance(item, bytes):
        return item.decode()
    if isinstance(item, np.complexfloating):
        return [item.real.item(), item.imag.item()]
    return item.item() if isinstance(item, np.generic) else item


def test_n14_many_fields(bench):
    path = inputs.numpy_input("N14-fields-4000.npy")
    array = np.load(path, max_header_size=10**6)
    bench.check(json.loads(bench.output("ls", "--json", path))["tensors"][0]["dtype"].count("'<") == 4000, "--json is whole")
    bench.check(len(bench.output("ls", path)) > 60000, "a pipe gets all of it")
    bench.check(data(bench, path) == value(array), "the values")
    bench.check(data(bench, path, "--field", array.dtype.names[3999]) == value(array[array.dtype.names[3999]]), "the last field")
    for extra in ("", "-l"):
        shown = on_terminal(100, "ls", extra, path)
        bench.check(all(len(line) < 250 for line in shown) and any("4000 fields" in line for line in shown), "a readable table", shown)
    narrow = on_terminal(20, "ls", path)
    bench.check(all(len(line) < 100 for line in narrow) and any("4000 fields" in line for line in narrow), "a narrow one", narrow)
    bench.check(len("".join(on_terminal(100, "ls", "-v", path))) > 60000, "-v: all of it")


def columns(line, part):
    """Returns the column of the screen at which a part of a line begins."""
    wide = {"W": 2, "F": 2}
    return sum(0 if unicodedata.category(letter) in ("Mn", "Me") else wide.get(unicodedata.east_asian_width(letter), 1)
               for letter in line[:line.index(part)])


def test_n14_tables(bench):
    """Names of any script stay in their columns, also without a locale; a name that fills the screen is cut."""
    names = ["plain", "\u65e5\u672c\u8a9e", "e\u0301tude", "\u05e9\u05dc\u05d5\u05dd", "\U0001f999", "\ud55c\uad6d", "\u0939\u093f\u0928\u094d\u0926\u0940", "\uff41"]
    path = bench.folder / "names.npz"
    np.savez(path, **{name: np.arange(3) for name in names})
    shown = on_terminal(100, "ls", "-q", path)
    bench.check(len({columns(line, "i64") for line in shown}) == 1 and len(shown) == len(names), shown)
    np.savez(path, **{"x" * 60000: np.arange(3), "y": np.arange(3)})
    shown = on_terminal(100, "ls", "-q", path)
    bench.check(len(shown) == 2 and len(shown[0]) < 150 and "..." in shown[0], "a long name", [len(line) for line in shown])
    bench.check("x" * 60000 in bench.output("ls", path).decode(), "a pipe gets all of it")
    header = {f"t.{i}": {"dtype": "F32", "shape": [1], "data_offsets": [4 * i, 4 * i + 4]} for i in range(100000)}
    text_of = json.dumps(header).encode()
    path = bench.folder / "many.safetensors"
    path.write_bytes(len(text_of).to_bytes(8, "little") + text_of + bytes(400000))
    begin = time.monotonic()
    shown = on_terminal(100, "ls", "-q", path)
    bench.check(len(shown) == 100000 and len({line.index("f32") for line in shown}) == 1, "100,000 rows")
    bench.check(time.monotonic() - begin < 10, "took", time.monotonic() - begin, "seconds")


def test_n19_strings(bench):
    bench.check(text(bench, inputs.numpy_input("N19-unicode.npy")) == ["sigmoid tanh soft\u00e9max"], "N19-unicode")
    bench.check(text(bench, inputs.numpy_input("N19-unicode-big.npy")) == ["one two"], "N19-unicode-big")
    bench.check(text(bench, inputs.numpy_input("N19-bytes.npy")) == ["name1 x"], "N19-bytes")
    bench.check(text(bench, inputs.numpy_input("N19-unicode-scalar.npy")) == ["hello"], "N19-unicode-scalar")


def test_n19_any_script(bench):
    for kind in ("<U12", ">U12", "S40"):
        array = np.array([item.encode() if kind[0] == "S" else item for item in TEXTS], kind)
        path = saved(bench, array)
        bench.check(data(bench, path) == value(array), kind, "in JSON")
        lines = text(bench, saved(bench, array.reshape(-1, 1), "lines.npy"))
        shown = [item.replace("\\", "\\\\").replace("\0", "\\x00").replace("\n", "\\n").replace("\x1b", "\\x1b").replace("\u202e", "\\xe2\\x80\\xae")
                 for item in TEXTS]
        bench.check(lines == shown, kind, "a line each", lines)
        row = text(bench, path)
        quoted = ['"' + item.replace('"', '\\"') + '"' if " " in item or '"' in item or not item else item for item in shown]
        bench.check(row == [" ".join(quoted)], kind, "in a row", row)
        bench.check(text(bench, path, "--slice", "1::3") == [" ".join(quoted[1::3])], kind, "a slice")
        bench.check(bench.output("cat", path) == array.tobytes(), kind, "the bytes")
    bench.check(text(bench, saved(bench, np.array([b"\xff\xfe", b"a"]))) == ["\\xff\\xfe a"], "bytes that are no text")
    bench.check(text(bench, saved(bench, np.frombuffer(b"\0\xd8\0\0A\0\0\0", "<U1"))) == ["\\xed\\xa0\\x80 A"], "half a surrogate")
    bench.check(text(bench, saved(bench, np.frombuffer(b"\xff\xff\xff\xffA\0\0\0", "<u4").view("<U1"))) == ["\\xff\\xff\\xff\\xff\\xff A"], "no code point")
    bench.check(text(bench, saved(bench, np.array([["a", "b"], ["c", "d"]]).T)) == ["a c", "b d"], "Fortran order")


def test_n20_dates(bench):
    bench.check(text(bench, inputs.numpy_input("N20-dates.npy")) == ["2024-02-29T12:00:00.000000000 NaT 1969-12-31T23:59:59.000000000"], "N20-dates")
    bench.check(text(bench, inputs.numpy_input("N20-days.npy")) == ["2024-02-29 1970-01-01"], "N20-days")
    bench.check(text(bench, inputs.numpy_input("N20-spans.npy")) == ["1 seconds -5 seconds"], "N20-spans")
    numbers = np.array([0, 1, -1, 59, 60, 365, -366, 12345, -719468, -719529, -719530, 86399, 86400, -86401, 11016, 10**9, -10**9, 2**53, -2**53, 2**62, -2**63, -2**63 + 1, 2**63 - 1])
    for unit in UNITS:
        # NumPy lets dates of far years wrap: those of which the days since year 0 leave 64 bits
        fit = numbers[np.abs(numbers.astype(float)) < {"W": 2.0**59}.get(unit, 2.0**63 - 2**61 if unit in "YMD" else 2.0**64)]
        fit = np.append(fit, -2**63)
        for order in "<>":
            dates = fit.astype(order + "i8").view(f"{order}M8[{unit}]")
            bench.check(text(bench, saved(bench, dates)) == [" ".join(map(str, dates))], order, unit, "dates")
            spans = fit.astype(order + "i8").view(f"{order}m8[{unit}]")
            bench.check(text(bench, saved(bench, spans)) == [" ".join(map(str, spans))], order, unit, "spans")
            bench.check(data(bench, saved(bench, dates)) == value(dates), unit, "dates in JSON")
            bench.check(data(bench, saved(bench, spans)) == value(spans), unit, "spans in JSON")
            raw = bench.output("cat", "--as", "i64", saved(bench, dates))
            bench.check(raw == fit.astype("<i8").tobytes(), order, unit, "as i64")
    small = np.arange(-100000, 100000, 37)
    for unit in ("25s", "3M", "7D", "2W", "10Y", "12h", "90m", "500ms"):
        dates = small.view(f"M8[{unit}]")
        bench.check(text(bench, saved(bench, dates)) == [" ".join(map(str, dates))], unit)
        spans = small.view(f"m8[{unit}]")
        bench.check(text(bench, saved(bench, spans)) == [" ".join(map(str, spans))], unit)
    days = np.arange(-800000, 800000, 97).view("M8[D]")
    bench.check(text(bench, saved(bench, days)) == [" ".join(map(str, days))], "each month of 4,000 years")
    nothing = np.array([-2**63, -2**63]).view("M8")
    bench.check(text(bench, saved(bench, nothing)) == ["NaT NaT"], "no unit")
    spans = np.array([5, -2**63]).view("m8")
    bench.check(text(bench, saved(bench, spans)) == [" ".join(map(str, spans))], "spans without a unit")


def test_n20_dates_as_i64(bench):
    path = bench.folder / "dates.npz"
    arrays = {"a": np.array(["2020-01-01", "NaT"], "M8[ns]"), "b": np.array(["2020-01-01", "NaT"], ">M8[D]"),
              "c": np.arange(6).reshape(2, 3).astype("m8[s]").T}
    np.savez(path, **arrays)
    bench.convert(path, bench.folder / "i.npz", "--as", "*:i64")
    with np.load(bench.folder / "i.npz") as found:
        for name, array in arrays.items():
            bench.check(found[name].dtype == "<i8" and np.array_equal(found[name], array.astype("<i8")), name, "converted to i64")
    bench.convert(path, bench.folder / "n.npz", "--as", "<M8[ns]:i64")
    with np.load(bench.folder / "n.npz") as found:
        bench.check([found[name].dtype.kind for name in arrays] == ["i", "M", "m"], "one type by its name, which has brackets")
    bench.convert(path, bench.folder / "c.safetensors", "--carry")
    for name, array in arrays.items():
        raw = bench.output("cat", "--as", "i64", bench.folder / "c.safetensors", name)
        bench.check(raw == array.astype("<i8").tobytes(), name, "carried, and then read as i64")
    status, _, error = bench.run("cat", "--as", "f32", path, "a")
    bench.check(status == 2 and "only as i64" in error, status, error)


MIXED = np.dtype([("a", "<f8"), ("s", "<U5"), ("b", "S4"), ("n", [("x", ">i2"), ("y", "<f4", (2,)), ("m", [("k", "?")], (2, 2))]),
                  ("v", ">f4", (2, 3)), ("t", "M8[s]"), ("q", "m8[ms]"), ("z", "?"), ("c", ">c8"), ("w", "V3"), ("h", "<f2"),
                  (("a title", "named"), "u1"), ("\u65e5", "<u8"), ("d.e", "i1")])


def mixed(bench):
    array = np.zeros((3, 2), MIXED)
    raw = np.random.default_rng(7).integers(0, 256, array.nbytes, np.uint8)
    array = raw.view(MIXED).reshape(3, 2).copy()
    for name in ("a", "h", "c", "v"):
        array[name] = np.arange(array[name].size).reshape(array[name].shape) / 4
    array["n"]["y"] = np.arange(12).reshape(3, 2, 2) / 8
    array["c"] += 2j
    array["s"], array["b"] = "x y", b"bb"
    array["t"], array["q"] = np.datetime64("2024-02-29T12:00:00"), np.timedelta64(1500, "ms")
    array["z"], array["n"]["m"]["k"] = True, np.array([[True, False], [False, True]])
    return array, saved(bench, array)


def test_n21_records(bench):
    bench.check(text(bench, inputs.numpy_input("N21-table-f8.npy")) == ["(1, 2)", "(3, 4)"], "N21-table-f8")
    bench.check(text(bench, inputs.numpy_input("N21-table-mixed.npy")) == ["(1, 4, 3.5)", "(2, 5, 2.5)"], "N21-table-mixed")
    bench.check(text(bench, inputs.numpy_input("N21-table-f8.npy"), "--field", "lon") == ["2 4"], "one field")
    array, path = mixed(bench)
    bench.check(data(bench, path) == value(array), "all fields in JSON")
    bench.check(data(bench, path, "--slice", "1:,1") == value(array[1:, 1:]), "a slice")
    lines = text(bench, path)
    bench.check(len(lines) == 6, "a record a line")
    first = array[0, 0]
    expected = (f'(0, "x y", "bb", ({first["n"]["x"]}, [0, 0.125], [[(1,), (0,)], [(0,), (1,)]]), [[0, 0.25, 0.5], [0.75, 1, 1.25]], '
                f'2024-02-29T12:00:00, 1500 milliseconds, 1, 0+2j, {first["w"].tobytes().hex()}, 0, {first["named"]}, {first[chr(0x65e5)]}, {first["d.e"]})')
    bench.check(lines[0] == expected, lines[0], "is not", expected)


def test_n21_fields(bench):
    array, path = mixed(bench)
    picks = {"a": array["a"], "s": array["s"], "b": array["b"], "v": array["v"], "t": array["t"], "q": array["q"], "z": array["z"], "c": array["c"],
             "w": array["w"], "h": array["h"], "named": array["named"], "a title": array["named"], "\u65e5": array["\u65e5"], "d.e": array["d.e"],
             "n.x": array["n"]["x"], "n.y": array["n"]["y"], "n.m": array["n"]["m"], "n.m.k": array["n"]["m"]["k"], "n": array["n"]}
    for name, part in picks.items():
        bench.check(data(bench, path, "--field", name) == value(part), name)
        bench.check(data(bench, path, "--field", name, "--slice", "::2,1") == value(part[::2, 1:2]), name, "of a slice")
        raw = bench.output("cat", "--field", name, path)
        opaque = part.dtype.kind in "USVMm" or part.dtype.names
        wanted = part if opaque else part.astype(part.dtype.newbyteorder("<"))
        bench.check(raw == np.ascontiguousarray(wanted).tobytes(), name, "as bytes")
    bench.check(text(bench, path, "--field", "v", "--slice", "0,0") == ["0 0.25 0.5", "0.75 1 1.25"], "rows of a sub-array")
    bench.check(text(bench, path, "--field", "s", "--slice", "0") == ['"x y" "x y"'], "strings of a field")
    for name in ("t", "q"):
        bench.check(data(bench, path, "--field", name, "--as", "i64") == array[name].astype("i8").tolist(), name, "as i64")
        bench.check(bench.output("cat", path, "--field", name, "--as", "i64") == array[name].astype("<i8").tobytes(), name, "as bytes of i64")
    one = saved(bench, array[0, 0], "one.npy")
    bench.check(text(bench, one, "--field", "s") == ["x y"] and text(bench, one, "--field", "t") == ["2024-02-29T12:00:00"], "of a single record")
    for wrong, words in (("named2", "did you mean 'named'"), ("n.q", "no field 'n.q'"), ("", "no field ''"), ("a.b", "no field"), ("n.m.kk", "did you mean 'k'")):
        status, _, error = bench.run("cat", "--text", "--field", wrong, path)
        bench.check(status == 2 and words in error, wrong, status, error)
    for path in (saved(bench, np.arange(3)), saved(bench, np.array(["a"]), "y.npy")):
        status, _, error = bench.run("cat", "--text", "--field", "a", path)
        bench.check(status == 2 and "no records" in error, status, error)


def test_n21_unreadable(bench):
    """Of records that cannot be read, the reason is told, not that they have no such field."""
    path = bench.folder / "objects.npy"
    np.save(path, np.array([("a", 1)], [("a", "O"), ("b", "i4")]), allow_pickle=True)
    for arguments in (["--field", "b"], ["--field", "b", "--text"], ["--json"], ["--json", "--field", "b"]):
        status, output, error = bench.run("cat", *arguments, path)
        bench.check(status == 2 and "pickle" in error, arguments, status, error)
        bench.check("--json" not in arguments or "pickle" in json.loads(output)["error"]["message"], arguments, output)
    array, path = mixed(bench)
    path.write_bytes(path.read_bytes()[:-array.itemsize])
    status, _, error = bench.run("cat", "--field", "a", path)
    bench.check(status == 2 and "ends" in error, status, error)


def test_n21_padding_and_large(bench):
    aligned = np.zeros(2, np.dtype([("a", "u1"), ("b", "<f8"), ("c", "u1")], align=True))
    aligned["b"] = [1.5, 2.5]
    path = saved(bench, aligned)
    bench.check(text(bench, path) == ["(0, 1.5, 0)", "(0, 2.5, 0)"], "padding")
    bench.check(text(bench, path, "--field", "b") == ["1.5 2.5"], "behind padding")
    rows = np.zeros(200000, [("i", "<i4"), ("s", "<U40")])
    rows["i"], rows["s"] = np.arange(200000), "word"
    path = saved(bench, rows)
    bench.check(text(bench, path) == [f'({i}, "word")' for i in range(200000)], "200,000 records")
    bench.check(bench.output("cat", "--field", "i", path) == np.arange(200000, dtype="<i4").tobytes(), "a field of them")
    bench.check(text(bench, path, "--slice", "199999") == ['(199999, "word")'], "the last one")
    big = np.zeros(3, [("v", "u1", (1000, 100)), ("e", "u1", (0, 2)), ("r", [("x", "u1")], (0,))])
    path = saved(bench, big)
    bench.check(data(bench, path, "--field", "v") == value(big["v"]), "large sub-arrays")
    bench.check(data(bench, path, "--field", "e", "--slice", "0") == [[]], "an empty sub-array")
    bench.check(text(bench, path, "--slice", "0")[0].endswith(", [], [])"), "empty sub-arrays in a record")


def test_n21_words(bench):
    """Types of fields in NumPy's own words, which are read like the others (row N07)."""
    words = [("x", "float32"), ("y", "?"), ("z", "datetime64[s]"), ("w", "U2", (2,)), ("u", "<q"), ("v", "d"), ("b", "=i4"), ("c", "i4"), ("e", "half"), ("f", "complex64")]
    array = np.zeros(2, [(name, "<c8" if word == "complex64" else word, *rest) for name, word, *rest in words])
    array["x"], array["z"], array["w"], array["v"] = 1.5, np.datetime64(86400, "s"), "ab", -2.5
    header = ("{'descr': %r, 'fortran_order': False, 'shape': (2,), }\n" % words).encode()
    path = bench.folder / "words.npy"
    path.write_bytes(b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + array.tobytes())
    bench.check(data(bench, path) == value(array), "all fields")
    bench.check(data(bench, path, "--field", "v") == [-2.5, -2.5], "a field")
    floats = np.zeros(2, [("x", ml_dtypes.bfloat16), ("y", "V2")])
    floats["x"] = [1.5, -2]
    bench.check(text(bench, saved(bench, floats)) == ["(1.5, 0000)", "(-2, 0000)"], "bf16 of ml_dtypes beside a void")
    again = bench.folder / "again.npy"
    bench.convert(path, again)
    bench.check(np.array_equal(np.load(again), array), "NumPy reads what is written")


def test_json(bench):
    for array in (np.arange(24.0).reshape(2, 3, 4), np.float64(0.1), np.zeros((2, 0)), np.zeros((0, 2)), np.zeros((2, 2, 0, 3)), np.array([], "U3"),
                  np.array([True, False]), np.array([1 + 2j]), np.array([2**64 - 1], "u8"), np.array([-2**63]), np.array("x"), np.arange(6, dtype="f2").reshape(3, 2).T):
        bench.check(data(bench, saved(bench, array)) == value(array), array.shape, array.dtype)
    bench.check(data(bench, saved(bench, np.array([np.nan, np.inf, -np.inf, 1.5]))) == ["NaN", "Infinity", "-Infinity", 1.5], "no numbers of JSON")
    whole = json.loads(bench.output("cat", "--json", "--as", "f32", "--slice", "1:", saved(bench, np.arange(4))))
    bench.check((whole["name"], whole["dtype"], whole["shape"], whole["data"]) == ("x", "f32", [3], [1, 2, 3]), whole)
    path = saved(bench, np.arange(100000.0))
    path.write_bytes(path.read_bytes()[:-8])
    status, output, _ = bench.run("cat", "--json", path)
    bench.check(status == 2 and (not output or "error" in json.loads(output)), "a file that is cut")


def test_z_members(bench):
    sparse = inputs.numpy_input("Z14-sparse.npz")
    bench.check(text(bench, sparse, "format") == ["csr"], "Z14: the format of a sparse matrix")
    bench.check(text(bench, sparse, "shape") == [" ".join(map(str, np.load(sparse)["shape"]))], "Z14: its shape")
    scalars = inputs.numpy_input("Z25-scalars.npz")
    bench.check(text(bench, scalars, "name") == ["resnet"], "Z25: a name")
    bench.check(text(bench, scalars, "labels") == ["cat dog"], "Z25: labels")
    bench.check((text(bench, scalars, "lr"), text(bench, scalars, "flag")) == (["0.1"], ["1"]), "Z25: scalars")
    bench.check(data(bench, scalars, "flag") is True, "Z25: a flag in JSON")
