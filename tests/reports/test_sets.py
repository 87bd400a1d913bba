# SPDX-License-Identifier: MIT
"""Rows about sets of files: S20 to S36, 11, 12 and 55. The right values come from the makers of the inputs, from the safetensors
library, and from the names of the files."""

import json
import os
import resource
import shutil
import subprocess

import gguf
import inputs
import numpy as np
import safetensors.numpy

STEM = "diffusion_pytorch_model"
NAMES = [f"blk.{i}.{letter}" for i in range(3) for letter in "wb"]


def shard(number, count=3, stem=STEM):
    return f"{stem}-{number:05d}-of-{count:05d}.safetensors"


def names(bench, *arguments):
    """Returns the names that `ls` lists, in order."""
    found = bench.list(*arguments)
    return [one["name"] for one in found["tensors"]] if found else None


def unreadable(found):
    return sorted(one["name"] for one in found["tensors"] if one.get("unreadable"))


def silent(bench, *arguments):
    status, output, error = bench.run(*arguments)
    bench.check(status == 0 and not error, *arguments, status, error)
    return output


def copied(bench, name):
    """Returns a copy of a folder of inputs."""
    return shutil.copytree(inputs.numpy_input(name), bench.folder / name)


def peer(folder, count=3, stem=STEM):
    """Returns {name: array} of all shards, as the safetensors library reads them."""
    found = {}
    for number in range(1, count + 1):
        found.update(safetensors.numpy.load_file(folder / shard(number, count, stem)))
    return found


def same_data(bench, tensors, *arguments):
    for name, array in tensors.items():
        bench.check(bench.output("cat", *arguments, name) == array.tobytes(), *arguments, name, "has other data")


def test_s20_without_an_index(bench):
    folder = inputs.numpy_input("S20-no-index")
    bench.check(sorted(names(bench, "--shards", folder)) == sorted(NAMES), "another list")
    bench.check(sorted(names(bench, "--no-index", folder)) == sorted(NAMES), "another list")
    same_data(bench, peer(folder), "--shards", folder / shard(2))


def test_s21_an_index_that_lies(bench):
    folder = inputs.numpy_input("S21-index-lies")
    found = bench.list(folder)
    bench.check(len(found["tensors"]) == 7 and unreadable(found) == ["mtp.fc.weight"], found)
    same_data(bench, peer(folder), folder)
    status, _, error = bench.run("cat", folder, "mtp.fc.weight")
    bench.check(status == 2 and shard(3) in error, "cat says", error)
    status, _, error = bench.run("verify", folder)
    bench.check(status == 1 and "mtp.fc.weight" in error, "verify says", status, error)


def test_s21_a_tensor_in_another_shard(bench):
    folder = inputs.numpy_input("S21-index-swapped")
    same_data(bench, peer(folder), folder)
    status, _, error = bench.run("verify", folder)
    bench.check(status == 1 and "blk.0.b" in error and shard(1) in error and shard(2) in error, "verify says", status, error)
    status, _, error = bench.run("ls", folder)
    bench.check(status == 0 and shard(1) in error and shard(2) in error, "ls says", status, error)


def test_s22_an_old_index(bench):
    folder = inputs.numpy_input("S22-old-index")
    for path in folder, folder / f"{STEM}.safetensors.index.json":
        status, _, error = bench.run("ls", path)
        bench.check(status == 2 and shard(1, 6) in error and "--no-index" in error, "ls says", status, error)
        bench.check(sorted(names(bench, "--no-index", path)) == sorted(NAMES), "--no-index lists others")
        same_data(bench, peer(folder), "--no-index", path)
    silent(bench, "verify", "--no-index", folder)
    target = bench.folder / "whole.safetensors"
    bench.convert(folder, target, "--no-index")
    bench.check(set(safetensors.numpy.load_file(target)) == set(NAMES), "not all")


def test_s22_a_missing_shard(bench):
    folder = inputs.numpy_input("S22-part-missing")
    found = bench.list(folder)
    bench.check(len(found["tensors"]) == 6 and unreadable(found) == ["blk.1.b", "blk.1.w"], found)
    for number in 1, 3:
        same_data(bench, safetensors.numpy.load_file(folder / shard(number)), folder)
    status, _, error = bench.run("verify", folder)
    bench.check(status == 1 and "blk.1.b" in error and "blk.1.w" in error and shard(2) in error, "verify says", status, error)
    target = bench.folder / "whole.safetensors"
    status, _, error = bench.run("convert", folder, target)
    bench.check(status != 0 and "blk.1.b" in error and "blk.1.w" in error and not target.exists(), "convert says", status, error)
    # by names no index tells what the shard had
    found = bench.list("--shards", folder / shard(3))
    bench.check(len(found["tensors"]) == 4, found)
    status, _, error = bench.run("verify", "--shards", folder / shard(3))
    bench.check(status == 1 and shard(2) in error, "verify says", status, error)
    # an index alone that knows no file
    empty = bench.folder / "empty"
    empty.mkdir()
    shutil.copy(folder / f"{STEM}.safetensors.index.json", empty)
    bench.check(bench.run("ls", empty)[0] == 2, "an index without any of its files opens")


def test_s24_two_divisions(bench):
    folder = copied(bench, "S24-two-divisions")
    for count in 2, 3:
        for number in range(1, count + 1):
            path = folder / shard(number, count)
            # data of the two divisions are the same: change those of one
            bench.check(sorted(names(bench, "--shards", path)) == sorted(NAMES), path, "has other tensors")
    whole = bytearray((folder / shard(1, 2)).read_bytes())
    whole[-8:] = np.array([7.0, 8.0], "<f4").tobytes()
    (folder / shard(1, 2)).write_bytes(whole)
    same_data(bench, peer(folder, 2), "--shards", folder / shard(2, 2))
    same_data(bench, peer(folder, 3), "--shards", folder / shard(2, 3))
    same_data(bench, peer(folder, 3), folder)
    silent(bench, "ls", "--shards", folder / shard(2, 2))
    status, _, error = bench.run("ls", "--no-index", folder)
    bench.check(status == 2 and shard(1, 2) in error and shard(1, 3) in error, "which one was chosen?", error)


def test_s26_variants(bench):
    folder = copied(bench, "S26-variant-before")
    index = folder / f"{STEM}.safetensors.index.fp16.json"
    before = [shard(number, 3, f"{STEM}.fp16") for number in (1, 2, 3)]
    tensors = peer(folder, 3, f"{STEM}.fp16")
    for arguments in (folder,), (index,), ("--shards", folder / before[2]), ("--no-index", index):
        same_data(bench, tensors, *arguments)
    silent(bench, "verify", index)
    # the other form of the names, of diffusers
    after = bench.folder / "after"
    after.mkdir()
    for number, name in enumerate(before, 1):
        shutil.copy(folder / name, after / f"{STEM}-{number:05d}-of-00003.fp16.safetensors")
    text = json.loads(index.read_text())
    text["weight_map"] = {key: name.replace(f"{STEM}.fp16-", f"{STEM}-").replace(".safetensors", ".fp16.safetensors")
                          for key, name in text["weight_map"].items()}
    (after / index.name).write_text(json.dumps(text))
    for arguments in (after,), (after / index.name,), ("--shards", after / f"{STEM}-00002-of-00003.fp16.safetensors"), ("--no-index", after):
        same_data(bench, tensors, *arguments)
    # rewritten, it stays a variant that others find
    bench.output("convert", "-q", "--set", "k=v", "-o", "safetensors.shard_size=40", folder, index)
    text = json.loads(index.read_text())
    for name, file in text["weight_map"].items():
        bench.check(file.startswith(f"{STEM}.fp16-"), file)
        bench.check(np.array_equal(safetensors.numpy.load_file(folder / file)[name], tensors[name]), name, "is another")


def test_s28_links_of_a_cache(bench):
    folder = inputs.numpy_input("S28-cache") / "models--x--y" / "snapshots" / "0123456789abcdef"
    same_data(bench, peer(folder, 3, "model"), folder)
    silent(bench, "verify", folder)


def many_shards(folder, count):
    """A set of shards of 16 numbers each, written by the safetensors library, with its index."""
    folder.mkdir()
    weights = {}
    for i in range(count):
        name = shard(i + 1, count, "model")
        safetensors.numpy.save_file({f"t{i}": np.arange(i, i + 16, dtype="<f4")}, folder / name)
        weights[f"t{i}"] = name
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": count * 64}, "weight_map": weights}))


def few_descriptors(bench, *arguments):
    """Returns the output of a command that may have 64 descriptors."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    done = subprocess.run([os.environ["TENON"], *map(str, arguments)], capture_output=True, preexec_fn=limit, check=False)
    bench.check(done.returncode == 0 and not done.stderr, *arguments, done.returncode, done.stderr)
    return done.stdout


def test_s30_1500_shards(bench):
    folder = bench.folder / "many"
    many_shards(folder, 1500)
    for arguments in (folder,), ("--shards", folder / shard(700, 1500, "model")), ("-o", "core.isolate=yes", folder):
        few_descriptors(bench, "verify", *arguments)
    target = bench.folder / "one.safetensors"
    few_descriptors(bench, "convert", folder, target)
    found = safetensors.numpy.load_file(target)
    bench.check(all(np.array_equal(found[f"t{i}"], np.arange(i, i + 16, dtype="<f4")) for i in range(1500)), "other numbers")
    again = bench.folder / "again"
    again.mkdir()
    few_descriptors(bench, "convert", "-o", "safetensors.shard_size=64", target, again / "model.safetensors")
    weights = json.loads((again / "model.safetensors.index.json").read_text())["weight_map"]
    bench.check(len(set(weights.values())) == 1500, len(set(weights.values())), "shards")
    for i in range(0, 1500, 100):
        array = safetensors.numpy.load_file(again / weights[f"t{i}"])[f"t{i}"]
        bench.check(np.array_equal(array, np.arange(i, i + 16, dtype="<f4")), i, "is another")


def test_11_more_shards_than_descriptors(bench):
    path = inputs.gguf_input("11_many") / "m-00001-of-00300.gguf"
    few_descriptors(bench, "verify", path)
    target = bench.folder / "one.gguf"
    few_descriptors(bench, "convert", path, target)
    bench.check(len(gguf.GGUFReader(target).tensors) == 300, "not all")


def test_12_a_missing_shard(bench):
    folder = inputs.gguf_input("12_missing")
    status, output, error = bench.run("ls", "--meta", folder / "m-00001-of-00003.gguf")
    bench.check(status == 0 and b"general.architecture\tstring\tllama" in output, "no keys", status, output)
    status, _, error = bench.run("ls", folder / "m-00001-of-00003.gguf")
    bench.check(status == 0 and "m-00002-of-00003.gguf" in error, "no note", error)
    found = bench.list(folder / "m-00001-of-00003.gguf")
    bench.check([one["name"] for one in found["tensors"]] == ["blk.0.w", "blk.1.w", "blk.4.w", "blk.5.w"], found["tensors"])
    bench.check(bench.run("verify", folder)[0] == 1, "verify finds nothing")
    # a missing shard is a loss of a conversion of all tensors, and none of a conversion of those that exist
    target = bench.folder / "whole.gguf"
    status, _, error = bench.run("convert", "-q", folder, target)
    bench.check(status == 0 and "loss" in error and "m-00002-of-00003.gguf" in error, "lost in silence", status, error)
    bench.check(bench.run("convert", "--strict", folder, target)[0] != 0, "strict, and tensors are lost")
    bench.output("convert", "--strict", "--only", "blk.0.w", folder, target)
    # the first shard alone
    alone = bench.folder / "alone"
    alone.mkdir()
    shutil.copy(folder / "m-00001-of-00003.gguf", alone)
    status, output, error = bench.run("ls", alone)
    bench.check(status == 0 and output.count(b"blk.") == 2 and "2 of 3 shards are missing" in error, status, output, error)


def test_12_edit_a_key_of_a_set(bench):
    folder = shutil.copytree(inputs.gguf_input("10_set3"), bench.folder / "set")
    first, others = folder / "m-00001-of-00003.gguf", [folder / f"m-0000{i}-of-00003.gguf" for i in (2, 3)]
    before = [path.read_bytes() for path in others]
    hashes = bench.output("hash", first)
    bench.output("convert", "--set", "general.name=mine", first, first)
    bench.check([path.read_bytes() for path in others] == before, "another shard was written")
    reader = gguf.GGUFReader(first)
    bench.check(bytes(reader.get_field("general.name").parts[-1]) == b"mine", "another name")
    bench.check(reader.get_field("split.count").parts[-1][0] == 3, "it is no shard any more")
    bench.check(len(reader.tensors) == 2, len(reader.tensors), "tensors in the first shard")
    bench.check(bench.output("hash", first) == hashes, "other data")
    silent(bench, "verify", folder)


def test_55_links_of_a_cache(bench):
    folder = inputs.gguf_input("55_cache") / "snapshots" / "abc"
    bench.check(len(names(bench, folder)) == 4, "other tensors")
    silent(bench, "verify", folder)


def test_s32_total_size(bench):
    folder = copied(bench, "S32-total")
    for name in "mflux", "parameters", "none", "absent":
        index = folder / f"{name}.safetensors.index.json"
        before = json.loads(index.read_text())
        silent(bench, "verify", index)
        silent(bench, "ls", index)
        target = bench.folder / f"{name}.safetensors.index.json"
        silent(bench, "convert", "--strict", "-o", "safetensors.shard_size=32", index, target)
        after = json.loads(target.read_text())
        kept = {key: value for key, value in (before.get("metadata") or {}).items() if key != "total_size"}
        bench.check({key: value for key, value in after["metadata"].items() if key != "total_size"} == kept, name, after)
        bench.check(after["metadata"]["total_size"] == 96, after)
        file = bench.folder / after["weight_map"]["blk.0.w"]
        with safetensors.safe_open(file, "numpy") as opened:
            bench.check(not opened.metadata(), "keys of the index in a shard", opened.metadata())
    status, _, error = bench.run("verify", folder / f"{STEM}.safetensors.index.json")
    bench.check(status == 1 and "12345" in error and "96" in error, "a wrong size", status, error)


def test_s36_a_folder_with_one_file(bench):
    folder = bench.folder / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    safetensors.numpy.save_file({"a": np.arange(6, dtype="<f4")}, folder / "model.safetensors")
    same_data(bench, {"a": np.arange(6, dtype="<f4")}, folder)
    silent(bench, "verify", folder)
    np.save(folder / "more.npy", np.arange(3))
    status, _, error = bench.run("ls", folder)
    bench.check(status == 2 and "model.safetensors" in error and "more.npy" in error, status, error)


def test_extensions_of_the_configuration(bench):
    folder = bench.folder / "st"
    folder.mkdir()
    for number in 1, 2:
        shutil.copy(inputs.numpy_input("S20-no-index") / shard(number), folder / f"m-0000{number}-of-00002.st")
    added = ("-o", "safetensors.extensions+=st")
    bench.check(len(names(bench, "--shards", folder, *added)) == 4, "not all")
    bench.check(len(names(bench, "--shards", folder / "m-00002-of-00002.st", *added)) == 4, "not all")
    weights = {name: f"m-0000{1 + NAMES.index(name) // 2}-of-00002.st" for name in NAMES[:4]}
    for index in "m.safetensors.index.json", "m.st.index.json":
        (folder / index).write_text(json.dumps({"weight_map": weights}))
        bench.check(len(names(bench, folder, *added)) == 4, index, "is not opened")
        silent(bench, "verify", folder / index, *added)
        (folder / index).unlink()
