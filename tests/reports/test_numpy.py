# SPDX-License-Identifier: MIT
"""Rows N and Z of README.md: files of NumPy's formats. NumPy says what the arrays are."""

import io
import shutil
import struct
import zipfile

import numpy as np
from inputs import numpy_input

OBJECTS = "Python objects, stored as a pickle, which is a program and is never run"


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def tensors(bench, path, *arguments):
    listed = bench.list(path, *arguments)
    return {tensor["name"]: tensor for tensor in listed["tensors"]} if listed else {}


def unreadable(bench, path, names, why, good, *options):
    """The tensors `names` are listed and cannot be read; `good` has the arrays of all others."""
    found = tensors(bench, path, *options)
    bench.check(set(found) == set(names) | set(good), path.name, "has", sorted(found))
    status, _, error = bench.run("verify", *options, path)
    bench.check(status == 1 and all(name in error for name in names), path.name, "verify", status, error)
    status, _, error = bench.run("ls", *options, path)
    bench.check(status == 0 and f"{len(names)} of {len(found)} tensor" in error, path.name, "ls", status, error)
    for name in names:
        status, _, error = bench.run("cat", *options, path, name)
        bench.check(status == 2 and why in error, path.name, "cat", name, status, error)
    for name, array in good.items():
        bench.check(bench.output("cat", *options, path, name) == np.ascontiguousarray(array).tobytes(), path.name, name)


def kept_without(bench, path, names):
    """A conversion refuses and names the tensors; without them it has all others."""
    out = bench.folder / "kept.npz"
    status, _, error = bench.run("convert", path, out)
    bench.check(status == 2 and names[0] in error and not out.exists(), path.name, "convert", status, error)
    status, _, error = bench.run("convert", "--skip-unreadable", path, out)
    bench.check(status == 0 and all(name in error for name in names), path.name, "--skip-unreadable", status, error)
    return out


def test_n03_bytes_behind_an_array_are_a_loss(bench):
    path = numpy_input("N03-two-saves.npy")
    bench.check(bench.output("cat", path) == np.load(path).tobytes(), "the first array")
    out = bench.folder / "out.npy"
    status, _, error = bench.run("convert", "-q", "--strict", path, out)
    bench.check(status == 2 and "168 bytes after the array" in error and not out.exists(), status, error)
    status, _, error = bench.run("convert", "-q", path, out)
    bench.check(status == 0 and "168 bytes after the array" in error, status, error)


def test_n07_words(bench):
    path = numpy_input("N07-word-float32.npy")
    listed = tensors(bench, path)["N07-word-float32"]
    bench.check(listed["dtype"] == "f32" and bench.output("cat", path) == np.load(path).tobytes(), listed)
    path = numpy_input("N07-word-bfloat16.npy")
    listed = tensors(bench, path)["N07-word-bfloat16"]
    bench.check(listed["dtype"] == "bf16" and bench.output("cat", path) == bytes(range(8)), listed)


def test_n11_to_n13_n24_one_array_that_cannot_be_read(bench):
    for name, why in (
        ("N11-ubyte", "found the type '<ubyte'"), ("N12-g2", "found the type '<g2'"), ("N13-stringdtype", OBJECTS),
        ("N24-dictionary", OBJECTS), ("N05-class-in-header", OBJECTS),
    ):
        unreadable(bench, numpy_input(name + ".npy"), [name], why, {})


def test_n15_cut_off(bench):
    for name in ("N15-half", "N15-no-data"):
        path = numpy_input(name + ".npy")
        listed = tensors(bench, path)[name]
        bench.check(listed["shape"] == [113, 8] and listed["dtype"] == "f64", listed)
        unreadable(bench, path, [name], "7232 bytes", {})


def test_what_stays_refused(bench):
    for name, why in (
        ("N16-empty", "empty"), ("N15-in-header", "a header of 118 bytes"), ("N18-json-header", "found false"),
        ("N26-shape-list", "found ["), ("N26-shape-number", "tuple"), ("N27-nul-padding", "0x00"), ("N01-np-int64-in-shape", "np.int64"),
    ):
        status, _, error = bench.run("ls", numpy_input(name + ".npy"))
        bench.check(status == 2 and why in error, name, status, error)


def test_z01_one_object(bench):
    path = numpy_input("Z01-one-object.npz")
    with np.load(path) as archive:
        good = {name: archive[name] for name in ("weight", "bias")}
    unreadable(bench, path, ["config"], OBJECTS, good)
    unreadable(bench, numpy_input("Z01-only-object.npz"), ["row"], OBJECTS, {})
    with np.load(kept_without(bench, path, ["config"])) as kept:
        bench.check(sorted(kept.files) == ["bias", "weight"] and np.array_equal(kept["weight"], good["weight"]), kept.files)


def test_z02_twice(bench):
    path = numpy_input("Z02-twice.npz")
    with np.load(path) as archive:
        bench.check(bench.output("cat", path, "x") == archive["x"].tobytes(), "the last one counts")
        bench.check(bench.output("cat", path, "y") == archive["y"].tobytes(), "y")
    status, _, error = bench.run("ls", path)
    bench.check(status == 0 and "the last one counts" in error, status, error)
    status, _, error = bench.run("convert", "--strict", path, bench.folder / "out.npz")
    bench.check(status == 2 and "152 bytes" in error, status, error)


def test_z03_members_that_are_no_arrays(bench):
    path = numpy_input("Z03-with-json.npz")
    out = bench.folder / "out.npz"
    status, _, error = bench.run("convert", "-q", "--strict", path, out)
    bench.check(status == 2 and "__meta__.json" in error and "README.txt" in error and not out.exists(), status, error)
    wanted = ("-o", "npz.others=bytes")
    with zipfile.ZipFile(path) as archive:
        for name in ("__meta__.json", "README.txt"):
            bench.check(bench.output("cat", *wanted, path, name) == archive.read(name), name)
    bench.check(bench.convert(path, out, "--strict", *wanted) is not None, "nothing is lost")
    with np.load(out) as kept:
        bench.check(kept["README.txt"].tobytes() == b"hello", "README.txt")


def test_z09_other_compressions(bench):
    out, path = bench.folder / "out.npz", bench.folder / "mixed.npz"
    for name, plugin in (("bzip2", "bzip2"), ("lzma", "xz")):
        packed, without = numpy_input(f"Z09-{name}.npz"), ("-o", f"plugin.{plugin}.enabled=no")
        unreadable(bench, packed, ["a", "b"], name, {}, *without)
        if bench.run("formats", name)[0] != 0:
            continue
        bench.check(bench.convert(packed, out) is not None, name)
        with np.load(packed) as wanted, np.load(out) as found:
            for key in ("a", "b"):
                bench.check(np.array_equal(wanted[key], found[key]), name, key)
    # and a stored member beside such ones
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("stored.npy", npy(np.arange(5)))
        archive.writestr("packed.npy", npy(np.arange(5)), zipfile.ZIP_BZIP2)
        archive.writestr("deflated.npy", npy(np.arange(7)), zipfile.ZIP_DEFLATED)
    unreadable(bench, path, ["packed"], "bzip2", {"stored": np.arange(5), "deflated": np.arange(7)}, "-o", "plugin.bzip2.enabled=no")


def test_z11_a_wrong_sum_spoils_one_member(bench):
    path = numpy_input("Z11-crc.npz")
    with np.load(path) as archive:
        bench.check(bench.output("cat", path, "b") == archive["b"].tobytes(), "b")
    status, _, error = bench.run("cat", path, "a")
    bench.check(status == 2 and "checksum" in error, status, error)


def test_damaged_members(bench):
    """Each kind of damage in one member leaves the other."""
    good = npy(np.arange(3))
    for kind, data in {
        "empty": b"", "garbage": b"no array at all", "magic": b"\x93NUMPY", "cut": good[:60], "short": good[:-1],
        "objects": npy(np.array([1, None])), "version": good[:6] + b"\x09" + good[7:],
        "fields": npy(np.zeros(2, [("a", "<f4"), ("b", "O")])),
    }.items():
        path = bench.folder / f"{kind}.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("bad.npy", data)
            archive.writestr("good.npy", good)
        unreadable(bench, path, ["bad"], "", {"good": np.arange(3)})


def test_encrypted_member(bench):
    path = bench.folder / "secret.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("secret.npy", npy(np.arange(3)))
        archive.writestr("good.npy", npy(np.arange(4)))
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    for place in (6, entry + 8):
        flags = struct.unpack_from("<H", data, place)[0]
        struct.pack_into("<H", data, place, flags | 1)
    path.write_bytes(data)
    unreadable(bench, path, ["secret"], "encrypted", {"good": np.arange(4)})


def test_z18_append_keeps_a_bad_member(bench):
    path = bench.folder / "grown.npz"
    shutil.copy(numpy_input("Z01-one-object.npz"), path)
    path.chmod(0o644)
    with zipfile.ZipFile(path) as archive:
        before = archive.read("config.npy")
    more = bench.folder / "more.npy"
    more.write_bytes(npy(np.arange(9)))
    bench.output("convert", "--append", more, path)
    with zipfile.ZipFile(path) as archive:
        bench.check(archive.testzip() is None and archive.read("config.npy") == before, "config.npy")
    with np.load(path) as archive:
        bench.check(np.array_equal(archive["more"], np.arange(9)), archive.files)
    bench.check(set(tensors(bench, path)) == {"weight", "config", "bias", "more"}, "tensors")


def test_archives_in_an_archive_with_the_same_members(bench):
    inner = []
    for number in range(2):
        file = io.BytesIO()
        np.savez(file, x=np.arange(3) + number)
        inner.append(file.getvalue())
    path = bench.folder / "outer.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for number, data in enumerate(inner):
            archive.writestr(f"part{number}.npz", data)
    for number in range(2):
        bench.check(bench.output("cat", path, f"part{number}.npz/x") == (np.arange(3) + number).tobytes(), number)


def test_s08_new_dtypes_are_carried_and_back(bench):
    """With --carry each dtype that NumPy has not is bytes, which NumPy reads, and comes back."""
    path = numpy_input("S08-new-dtypes.safetensors")
    there, back = bench.folder / "there.npz", bench.folder / "back.safetensors"
    if bench.convert(path, there, "--carry") is None or bench.convert(there, back) is None:
        return
    first, second = tensors(bench, path), tensors(bench, back)
    bench.check([(name, tensor["dtype"], tensor["shape"]) for name, tensor in sorted(first.items())] ==
                [(name, tensor["dtype"], tensor["shape"]) for name, tensor in sorted(second.items())], second)
    for name in first:
        bench.check(bench.output("cat", path, name) == bench.output("cat", back, name), name)
    with np.load(there) as archive:
        bench.check(all(archive[name].dtype == np.uint8 for name in first if first[name]["dtype"].startswith("f8")), archive.files)
    scales = [name for name in first if first[name]["dtype"] == "f8_e8m0"]
    status, _, error = bench.run("convert", "--strict", "--only", scales[0], "-o", "npy.fp8=void", path, bench.folder / "void.npz")
    bench.check(status == 2 and "'<V1'" in error, status, error)
