# SPDX-License-Identifier: MIT
"""Rows N16, N17, S10, 07, 08, 09, 29 and 64: what a file is, when it is not what its name says, and what helps."""

import bz2
import gzip
import io
import json
import lzma
import os
import pathlib
import pickle
import sqlite3
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections import OrderedDict

import inputs
import numpy as np

LFS = ("it is a Git LFS pointer", "git lfs pull")
HTML = ("it is an HTML page", "a server answered with a page")
GZIP = ("it is a gzip file", "zcat FILE | tenon ls -")


def fails(bench, path, *words):
    """The file cannot be opened, `why` says the same, and each of the words is told."""
    status, _, error = bench.run("ls", path)
    bench.check(status == 2, path.name, "exits", status)
    for word in words:
        bench.check(word in error, path.name, "does not say", word, ":", error)
    bench.check("expected" not in error and "would have" not in error, path.name, "is told as a damaged file:", error)
    _, _, error = bench.run("why", path)
    bench.check(words[0] in error, "why does not say", words[0], ":", error)


def test_s10_and_08_not_what_the_name_says(bench):
    for name in ("S10-lfs.safetensors",):
        fails(bench, inputs.numpy_input(name), *LFS)
    fails(bench, inputs.numpy_input("S10-html.safetensors"), *HTML, "401 Unauthorized")
    listed = bench.list(inputs.numpy_input("S10-torch-zip.safetensors"))
    bench.check(listed and listed["tensors"] == [], "a PyTorch checkpoint under another name:", listed)
    fails(bench, inputs.numpy_input("S10-all-zeros.safetensors"), "all of its 4096 bytes are zero", "fetch it again")
    fails(bench, inputs.numpy_input("S10-empty.safetensors"), "it is empty", "fetch it again")
    for name in ("08_lfs.gguf", "08_lfs.safetensors"):
        fails(bench, inputs.gguf_input(name), *LFS)
    fails(bench, inputs.gguf_input("08_html.gguf"), *HTML, "Redirecting to somewhere")


def test_s10_damaged_files_stay_what_they_are(bench):
    for name, words in (("S10-short.safetensors", "3 bytes"), ("S10-cut-header.safetensors", "52 are left")):
        status, _, error = bench.run("ls", inputs.numpy_input(name))
        bench.check(status == 2 and words in error and "no safetensors file" not in error, name, status, error)


def test_n16_and_07_empty_and_zeros(bench):
    fails(bench, inputs.numpy_input("N16-empty.npy"), "it is empty")
    fails(bench, inputs.gguf_input("07_empty.gguf"), "it is empty")
    fails(bench, inputs.gguf_input("07_zeros.gguf"), "its first 4096 bytes are all zero, and its last ones")
    status, _, error = bench.run("ls", inputs.gguf_input("07_no_magic.gguf"))
    bench.check(status == 2 and "00 00 00 00" in error and "GGUF" in error, status, error)
    status, _, error = bench.run("ls", inputs.gguf_input("07_cut_header.gguf"))
    bench.check(status == 2 and "1 are left" in error, status, error)


def test_n17_packed(bench):
    for name in ("N17-packed.npy.gz", "N17-packed-but-named.npy"):
        path = inputs.numpy_input(name)
        fails(bench, path, *GZIP)
        # the cure works
        with subprocess.Popen(["zcat"], stdin=open(path, "rb"), stdout=subprocess.PIPE) as packed:
            done = subprocess.run([os.environ["TENON"], "cat", "-"], stdin=packed.stdout, capture_output=True, check=False)
        whole = gzip.decompress(path.read_bytes())
        bench.check(done.returncode == 0 and done.stdout and whole.endswith(done.stdout), name, "through a pipe:", done.stderr)


def test_09_parts(bench):
    for name in ("09_cut/model.gguf.part2of2", "09_cut/model.gguf-split-b"):
        status, _, error = bench.run("ls", inputs.gguf_input(name))
        bench.check(status == 2 and "join the parts with cat" in error, name, status, error)


def test_29_unknown(bench):
    path = inputs.gguf_input("29_imatrix.dat")
    fails(bench, path, "no codec recognises it; it begins with the bytes 00 00 00 00")
    old = bench.folder / "imatrix.dat"
    old.write_bytes(b"\x01\0\0\0\x13\0\0\0blk.0.attn_q.weight" + bytes(64))
    fails(bench, old, "an importance matrix of the old form", "llama-imatrix")


def made_by_python(folder):
    """Yields files of other programs' kinds, as Python's own libraries write them, and what they are."""
    array = np.arange(300, dtype="<f8").reshape(100, 3)
    plain = array.tobytes()
    yield gzip.compress(plain), "a gzip file"
    yield bz2.compress(plain), "a bzip2 file"
    yield lzma.compress(plain), "an xz file"
    yield lzma.compress(plain, format=lzma.FORMAT_ALONE), "an lzma file"
    for format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with io.BytesIO() as file:
            with tarfile.open(fileobj=file, mode="w", format=format) as archive:
                member = tarfile.TarInfo("weights.bin")
                member.size = len(plain)
                archive.addfile(member, io.BytesIO(plain))
            yield file.getvalue(), "a tar archive"
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        for value in (array, {"w": array}, [array], {}, "text", OrderedDict(w=array)):
            yield pickle.dumps(value, protocol), "a Python pickle"
    yield array.dumps(), "a Python pickle"
    with io.BytesIO() as file:
        np.savetxt(file, array)
        yield file.getvalue(), "numbers as text"
    with io.BytesIO() as file:
        np.savetxt(file, -array - 1)
        yield file.getvalue(), "numbers as text"
    with io.BytesIO() as file:
        np.savetxt(file, array, fmt="%d", delimiter=",")
        yield file.getvalue(), "plain text"
    base = folder / "x.sqlite"
    with sqlite3.connect(base) as connection:
        connection.execute("create table t (a)")
    yield base.read_bytes(), "an SQLite database"
    for magic, name in (b"ggml", "a ggml file"), (b"ggmf", "a ggmf file"), (b"ggjt", "a ggjt file"), (b"ggla", "a ggla file"):
        yield magic[::-1] + struct.pack("<6I", 1, 32000, 4096, 256, 32, 32), name
    yield json.dumps({"error": "Repository not found"}).encode(), "a server's error message in JSON"
    yield json.dumps([1, 2]).encode(), "JSON text"
    yield pathlib.Path(sys.executable).resolve().read_bytes()[:5000], "a program or library"


def test_s10_kinds(bench):
    """Whatever the file is called, it is named."""
    for number, (data, words) in enumerate(made_by_python(bench.folder)):
        for name in ("npy", "npz", "safetensors", "gguf", "dat"):
            path = bench.folder / f"x{number}.{name}"
            path.write_bytes(data)
            status, _, error = bench.run("ls", path)
            bench.check(status == 2 and "it is " + words in error, path.name, words, status, error)


def test_s10_in_an_archive(bench):
    """A member is something else, and a member's codec is not in use."""
    pointer = inputs.numpy_input("S10-lfs.safetensors").read_bytes()
    np.save(bench.folder / "a.npy", np.arange(5))
    array = (bench.folder / "a.npy").read_bytes()
    model = inputs.gguf_input("model.gguf").read_bytes()
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = bench.folder / "mixed.npz"
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, data in (("a.npy", array), ("pointer.npy", pointer), ("model.gguf", model)):
                archive.writestr(name, data)
        _, _, error = bench.run("verify", path)
        bench.check("pointer.npy" in error and "it is a Git LFS pointer" in error, error)
        status, output, error = bench.run("ls", "-v", "-o", "npy.enabled=no", path)
        bench.check(status == 0 and b"model.gguf/" in output and "the codec npy is disabled at command line" in error, status, error)
        for isolate in ("no", "yes"):
            _, _, error = bench.run("verify", "-o", f"core.isolate={isolate}", path)
            bench.check("it is a Git LFS pointer" in error, "isolate", isolate, error)


def test_64_contents_beat_names(bench):
    for name, words in (("64_gguf.bin", "its contents are gguf"), ("64_gguf.safetensors", "its contents are gguf"),
                        ("64_st.gguf", "its contents are safetensors")):
        status, output, error = bench.run("ls", inputs.gguf_input(name))
        bench.check(status == 0 and output and words in error, name, status, error)
    status, output, error = bench.run("ls", inputs.gguf_input("64_gguf"))
    bench.check(status == 0 and output and not error, "64_gguf", status, error)
