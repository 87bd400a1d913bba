# SPDX-License-Identifier: MIT
"""Rows S01 to S19, single files of safetensors. The judge is the safetensors library: what it opens opens, with the same data; what it
refuses is refused, unless the fault is that of one tensor, which is then unreadable."""

import inputs
import safetensors

# What the library refuses because of one tensor, and that tensor.
ONE = {
    "S10-cut": "a", "S19-dtype-F8_E4M3FN": "q", "S19-dtype-I4": "q", "S19-dtype-Q8_0": "q", "S19-dtype-U4": "q",
    "S19-dtype-bf16": "q", "S19-dtype-float32": "q",
}


def peer(path):
    """Returns {name: bytes} as the library reads them; None if it refuses the file."""
    try:
        return {name: bytes(tensor["data"]) for name, tensor in safetensors.deserialize(path.read_bytes())}
    except safetensors.SafetensorError:
        return None


def test_judged_by_the_library(bench):
    opened = 0
    for path in sorted(inputs.folder("numpy_safetensors").glob("S*.safetensors")):
        row, expected = path.name.removesuffix(".safetensors"), peer(path)
        status, _, error = bench.run("verify", path)
        if row == "S10-torch-zip":  # a checkpoint of PyTorch under a wrong name, which the library does not know
            bench.check(bench.list(path)["format"] == "pt" and "its contents are pt" in error, row, "verify says", error)
            continue
        if expected is None:
            bench.check(status == 1 and path.name in error, row, "is well to verify", status, error)
            bench.check(bench.run("ls", path)[0] == (0 if row in ONE else 2), row, "ls exits", bench.run("ls", path))
            continue
        opened += 1
        bench.check(status == 0, row, "verify says", error)
        for name, data in list(expected.items())[:3]:
            bench.check(bench.output("cat", path, name) == data, row, name, "has other data")
    bench.check(opened > 10, opened, "rows are opened by the library")


def test_s19_one_unknown_dtype(bench):
    for word in "I4", "U4", "Q8_0", "F8_E4M3FN", "float32", "bf16":
        path = inputs.numpy_input(f"S19-dtype-{word}.safetensors")
        found = {one["name"]: one for one in bench.list(path)["tensors"]}
        bench.check(found["q"]["unreadable"] and word in str(found["q"]) and found["q"]["shape"] == [4], word, found["q"])
        bench.check(not found["a"].get("unreadable"), word, found["a"])
        bench.check(bench.output("cat", path, "a") == bytes(8), word, "other data")
        for command in ("cat", path, "q"), ("hash", path, "q"):
            status, _, error = bench.run(*command)
            bench.check(status == 2 and word in error and "'q'" in error, *command, "says", status, error)
        status, _, error = bench.run("verify", path)
        bench.check(status == 1 and word in error and "'q'" in error, "verify says", status, error)
        target = bench.folder / f"{word}.npz"
        bench.check(bench.run("convert", path, target)[0] != 0 and not target.exists(), "convert leaves it out in silence")
        bench.output("convert", "--only", "a", path, target)


def test_s10_the_beginning_of_a_download(bench):
    path = inputs.numpy_input("S10-cut.safetensors")
    found = {one["name"]: one for one in bench.list(path)["tensors"]}
    bench.check(set(found) == {"a", "b"}, found)
    bench.check(all(one["unreadable"] and one["dtype"] == "f32" for one in found.values()), found)
    # the header alone: all is listed, but for a tensor without bytes
    whole = inputs.numpy_input("S18-lora.safetensors").read_bytes()
    header = bench.folder / "header.safetensors"
    header.write_bytes(whole[: 8 + int.from_bytes(whole[:8], "little")])
    bench.check(len(bench.list(header)["tensors"]) == 2, "other tensors")
    bench.check(b"ss_output_name\tstring\tone" in bench.output("ls", "--meta", header), "other metadata")
    # every length: the file is refused, or what is read is right
    data = peer(inputs.numpy_input("S18-lora.safetensors"))
    for length in range(len(header.read_bytes()), len(whole), 3):
        header.write_bytes(whole[:length])
        for name, expected in data.items():
            status, output, _ = bench.run("cat", header, name)
            bench.check(status == 2 or output == expected, length, name, "has other data")
