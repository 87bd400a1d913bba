# SPDX-License-Identifier: MIT
"""Tests that PyTorch loads what tenon writes, with weights_only=True and mmap=True."""

import collections
import os
import subprocess

import numpy as np
from lazily import torch
from pt_kit import DTYPES, SHAPES, load, make, members, places, read, row, rows, tenon

import safetensors.torch  # after torch, which pt_kit imports

WRITTEN = [name for name in DTYPES if name != "f4"]
BOTH = [name for name in WRITTEN if name not in ("c128",)]  # what safetensors has as well


def converted(bench, source, *settings, name="out.pt"):
    path = bench.folder / name
    tenon().convert(source, path, *settings)
    return path


def check_rows(bench, path, wanted, *words):
    """Checks what torch loads, and that tenon reads it again, in the order of the names."""
    found = load(path)
    bench.check(type(found) is dict, *words, "is a", type(found))
    bench.check(list(found) == list(wanted), *words, "has other names", list(found)[:5])
    again = read(path)
    for name, tensor in wanted.items():
        bench.check(name in found and row(found[name]) == row(tensor), *words, name, "is loaded as another tensor")
        bench.check(again.get(name) == row(tensor), *words, name, "is read as another tensor")


def test_dtypes(bench):
    """torch loads each dtype in each shape."""
    for name in BOTH:
        tensors = {f"{name} {'x'.join(map(str, shape))}": make(name, shape) for shape in SHAPES}
        source = bench.folder / "in.safetensors"
        safetensors.torch.save_file(tensors, source)
        wanted = {key: tensors[key] for key in read(source)}
        path = converted(bench, source)
        check_rows(bench, path, wanted, name)
        torch.save(wanted, bench.folder / "theirs.pt")
        bench.check(members(path)["data.pkl"] == members(bench.folder / "theirs.pt")["data.pkl"], name, "has another pickle than torch.save's")


def test_own(bench):
    """A file of torch.save, written again, has the same tensors and the same pickle; its storages have the same bytes."""
    tensors = {f"{name}.{len(shape)}.{i}": make(name, shape) for name in WRITTEN for i, shape in enumerate(SHAPES)}
    theirs = bench.folder / "theirs.pt"
    torch.save(tensors, theirs)
    path = converted(bench, theirs)
    check_rows(bench, path, tensors)
    ours, wanted = members(path), members(theirs)
    for name, data in wanted.items():
        if name not in (".format_version", ".storage_alignment", ".data/serialization_id"):
            bench.check(ours.get(name) == data, name, "differs")
    bench.check(set(ours) <= set(wanted), "it has more members", set(ours) - set(wanted))


def test_four_bits(bench):
    """PyTorch has two items of f4 in a byte, and the last dim counts these."""
    source = bench.folder / "in.safetensors"
    tensors = {"even": make("f4", (3, 4)), "one": make("f4", (2,))}
    theirs = bench.folder / "theirs.pt"
    torch.save(tensors, theirs)
    tenon().convert(theirs, source)
    check_rows(bench, converted(bench, source), {name: tensors[name] for name in read(source)})


def test_batches(bench):
    """Python's pickler writes a dict in pieces of 1000 entries; the memo needs wide numbers."""
    for count in (0, 1, 2, 999, 1000, 1001, 2000, 2001, 5000):
        tensors = {f"layer.{i}.weight": torch.full((2,), i, dtype=torch.int32) for i in range(count)}
        theirs = bench.folder / "theirs.pt"
        torch.save(tensors, theirs)
        ours = converted(bench, theirs) if count else None
        if ours:
            bench.check(members(ours)["data.pkl"] == members(theirs)["data.pkl"], count, "another pickle")
            bench.check(rows(load(ours)) == rows(tensors), count, "other tensors")


def test_alignment(bench):
    """Each storage begins at a multiple of 64, so that mmap=True maps it for every dtype."""
    tensors = {f"{'x' * i}": make("u8", (i,)) for i in range(1, 200, 7)}
    path = bench.folder / "in.safetensors"
    safetensors.torch.save_file(tensors, path)
    for name, place in places(converted(bench, path)).items():
        bench.check(not name.startswith("data/") or place % 64 == 0, name, "is at", place)
    bench.check(all(tensor.data_ptr() % 64 == 0 for tensor in load(bench.folder / "out.pt").values()), "torch maps it elsewhere")


def test_names(bench):
    names = ["a", "0", "storage", "cpu", "é", "漢字", "\U0001f600", "a b", "a\nb", "'", '"', "\\", "a/b", "..", "__class__", "x" * 300, "x" * 70000]
    tensors = {name: torch.full((2,), i) for i, name in enumerate(names)}
    path = bench.folder / "in.safetensors"
    safetensors.torch.save_file(tensors, path)
    check_rows(bench, converted(bench, path), {name: tensors[name] for name in read(path)})


def test_fortran(bench):
    """An array in Fortran order stays in it: torch has strides."""
    arrays = {f"{i}": np.asfortranarray(np.arange(np.prod(shape), dtype="f4").reshape(shape))
              for i, shape in enumerate([(3, 4), (2, 3, 4), (1, 5), (4, 1), (2, 0, 3)])}
    path = bench.folder / "in.npz"
    np.savez(path, **arrays)
    out = converted(bench, path)
    found = load(out)
    for name, array in arrays.items():
        bench.check(np.array_equal(found[name].numpy(), array), name, "differs")
        bench.check(found[name].numpy().flags.f_contiguous, name, "is in another order")
    np.savez(path, x=np.arange(12, dtype=">i4").reshape(3, 4))
    bench.check(load(converted(bench, path))["x"].tolist() == np.arange(12).reshape(3, 4).tolist(), "big-endian items differ")


def test_strides(bench):
    """Views of any strides are written as what they look like, in their order if that is C or Fortran order."""
    base = torch.arange(2 * 3 * 4 * 5, dtype=torch.float32).reshape(2, 3, 4, 5)
    views = {"t": base[0, 0].t(), "reversed": base.permute(3, 2, 1, 0), "permuted": base.permute(2, 0, 3, 1), "stepped": base[:, ::2, 1::3, ::4],
             "expanded": torch.arange(4).expand(3, 5, 4), "sliced": base[1:, 1:3, 1:, 2:], "row": base[1, 2, 3], "item": base[1, 2, 3, 4]}
    torch.save(views, bench.folder / "theirs.pt")
    out = converted(bench, bench.folder / "theirs.pt")
    check_rows(bench, out, views)
    found = load(out)
    bench.check(found["t"].stride() == views["t"].stride() and found["reversed"].stride() == views["reversed"].stride(), "Fortran order is lost")


def test_shared(bench):
    """Tensors with the very same bytes have one storage, and are one storage for torch again."""
    weight = torch.arange(1000.)
    tensors = {"embed.weight": weight, "other": torch.arange(3), "head.weight": weight.view(1000), "last.weight": weight.view(1000)}
    theirs = bench.folder / "theirs.pt"
    torch.save(tensors, theirs)
    out = converted(bench, theirs)
    check_rows(bench, out, tensors)
    found = load(out)
    bench.check(len({found[name].data_ptr() for name in ("embed.weight", "head.weight", "last.weight")}) == 1, "they are not shared")
    bench.check(sorted(name for name in members(out) if name.startswith("data/")) == ["data/0", "data/1"], "it has more storages")
    bench.check(members(out)["data.pkl"] == members(theirs)["data.pkl"], "another pickle")


def test_module(bench):
    """A module takes the state dict that went through safetensors, and one that went through npz; strictly."""
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(5, 6, dtype=torch.bfloat16))
    theirs = bench.folder / "theirs.pt"
    torch.save(module.state_dict(), theirs)
    for word in ("safetensors", "npz"):
        between = bench.folder / f"between.{word}"
        settings = ("npz.metadata=member",) if word == "npz" else ()
        tenon().convert(theirs, between, *settings)
        out = converted(bench, between)
        other = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(5, 6, dtype=torch.bfloat16))
        other.load_state_dict(load(out), strict=True)
        bench.check(rows(other.state_dict()) == rows(module.state_dict()), word, "the module differs")


def test_hub_file(bench):
    """The metadata of a safetensors file, {"format": "pt"}, are no entry of the dict: a module takes it strictly."""
    module = torch.nn.Linear(3, 4)
    source = bench.folder / "in.safetensors"
    safetensors.torch.save_file(module.state_dict(), source, metadata={"format": "pt"})
    out = converted(bench, source)
    torch.nn.Linear(3, 4).load_state_dict(load(out), strict=True)
    listed = bench.list(out)
    bench.check(listed and listed["metadata"] == {"format": "pt"}, "its metadata are", listed and listed["metadata"])
    again = bench.folder / "again.safetensors"
    tenon().convert(out, again)
    bench.check(again.read_bytes() == converted(bench, source, name="same.safetensors").read_bytes(), "safetensors to pt and back differs")


VALUES = {"name": "a text", "漢字": "é\U0001f600", "empty": "", "yes": True, "no": False, "nothing": None, "zero": 0, "byte": 255, "two": 256, "word": 65536,
          "minus": -1, "least": -2**31, "less": -2**31 - 1, "min": -2**63, "int": 2**31 - 1, "more": 2**31, "long": 2**63 - 1, "huge": 2**64 - 1,
          "half": 0.5, "inf": float("inf"), "tiny": 5e-324, "ints": [1, 2, -3], "floats": [0.5, -1.0], "texts": ["a", "é", ""],
          "bools": [True, False], "thousand": list(range(1000)), "more than that": [f"t{i}" for i in range(2500)], "one": [7]}


def test_values(bench):
    """With pt.metadata=dict texts, numbers and lists are entries of the dict, which torch loads as they were."""
    theirs = bench.folder / "theirs.pt"
    torch.save({"x": torch.zeros(2), **VALUES}, theirs)
    out = converted(bench, theirs, "pt.metadata=dict")
    found = load(out)
    for key, value in VALUES.items():
        bench.check(key in found and found[key] == value and type(found[key]) is type(value), key, "is", found.get(key))
    bench.check(bench.list(out)["metadata"] == bench.list(theirs)["metadata"], "tenon reads other metadata")
    bench.check(bench.list(out)["metadata_types"] == bench.list(theirs)["metadata_types"], "tenon reads other types")


def test_types(bench):
    """Types that Python does not have come back, whether the values are in the dict or beside it."""
    source = bench.folder / "in.npy"
    np.save(source, np.zeros(2, "f4"))
    sets = {"a": ("u8", "1"), "b": ("i16", "-2"), "c": ("f32", "0.1"), "d": ("u64", "7"), "e": ("array:u32", "[1,2,3]"), "f": ("array:f32", "[0.5]"),
            "g": ("array:string", '["a","b"]'), "h": ("bool", "true"), "i": ("string", "text"), "j": ("i64", "-1"), "k": ("f64", "0.1")}
    typed = bench.folder / "typed.gguf"
    words = [word for key, (kind, value) in sets.items() for word in ("--set", f"{key}={value}", "--set-type", f"{key}={kind}")]
    if bench.output("convert", *words, source, typed) is None:
        return
    wanted = bench.list(typed)
    for setting in ("pt.metadata=dict", "pt.metadata=member"):
        out = bench.folder / "out.pt"
        bench.output("convert", "-o", setting, typed, out)
        found = bench.list(out)
        told = [found[part].pop("tenon.pt", None) is not None for part in ("metadata", "metadata_types")]
        bench.check(told == 2 * [setting == "pt.metadata=dict"], setting, "the outline tells that values are in the dict:", told)
        bench.check(found["metadata"] == wanted["metadata"], setting, "other metadata", found["metadata"])
        bench.check(found["metadata_types"] == wanted["metadata_types"], setting, "other types", found["metadata_types"])
        again = bench.folder / "again.gguf"
        bench.output("convert", *(["--unset=tenon.pt"] if told[0] else []), out, again)
        bench.check(again.read_bytes() == typed.read_bytes(), setting, "gguf to pt and back differs")
        load(out)


def test_nested(bench):
    """pt.nest=yes makes dicts of the dots in the names."""
    tensors = {"model.0.weight": torch.arange(4.), "step": torch.tensor(3), "model.0.bias": torch.arange(2.), "model.1.a.b": torch.ones(1)}
    source = bench.folder / "in.safetensors"
    safetensors.torch.save_file(tensors, source)
    out = converted(bench, source, "pt.nest=yes")
    found = load(out)
    bench.check(set(found) == {"model", "step"} and set(found["model"]) == {"0", "1"} and set(found["model"]["0"]) == {"weight", "bias"}, "it is", found)
    bench.check(rows(tensors) == {name: row for name, row in read(out).items()}, "tenon reads other names")
    safetensors.torch.save_file({"a": torch.zeros(1), "a.b": torch.zeros(1)}, source)
    status, _, error = bench.run("convert", "-o", "pt.nest=yes", source, out)
    bench.check(status != 0 and "pt.nest" in error and "'a.b'" in error, "a tensor that is a dict, too:", error)
    check_rows(bench, converted(bench, source), {"a": torch.zeros(1), "a.b": torch.zeros(1)})


def differences(one, other, name=""):
    """Yields the places at which two things differ in type, shape, bytes or number."""
    if type(one) is not type(other):
        yield f"{name}: {type(one)} and {type(other)}"
    elif isinstance(one, torch.Tensor):
        if row(one) != row(other):
            yield f"{name}: tensors"
    elif isinstance(one, dict):
        if set(one) != set(other):
            yield f"{name}: keys {set(one) ^ set(other)}"
        for key in set(one) & set(other):
            yield from differences(one[key], other[key], f"{name}.{key}")
        yield from differences(getattr(one, "_metadata", None), getattr(other, "_metadata", None), f"{name}._metadata")
    elif isinstance(one, (list, tuple)):
        if len(one) != len(other):
            yield f"{name}: {len(one)} and {len(other)} items"
        for i, (left, right) in enumerate(zip(one, other)):
            yield from differences(left, right, f"{name}.{i}")
    elif one != other:
        yield f"{name}: {one} and {other}"


def checkpoints():
    """Returns things that people save: dicts, lists and numbers in each other."""
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    module(torch.randn(4, 2)).sum().backward()
    things = {"state dict": module.state_dict(), "list": [torch.zeros(1), torch.ones(2), {"a": torch.zeros(3)}, (torch.zeros(1), torch.ones(2))],
              "long list": [torch.full((1,), i) for i in range(1500)], "numbers": {i: torch.full((1,), i) for i in range(-2, 5)},
              "tuple": (torch.zeros(2), 5), "deep": {"a": {"b": {"c": {"d": torch.zeros(1), "e": "text"}}}, "x": {-3: torch.zeros(2), 4: 5}},
              "values": {"x": torch.zeros(1), "a": 1, "b": 0.5, "c": "é", "d": None, "e": True, "f": [1, 2], "g": (1, 2), "h": ["a", "b"], "i": (0.5,)},
              "empty": {"x": torch.zeros(1), "a": [], "b": {}, "c": (), "d": collections.OrderedDict(), "e": [[], {}]}}
    for name in ("SGD", "AdamW", "Adagrad", "RMSprop"):
        optimizer = getattr(torch.optim, name)(module.parameters(), lr=0.1)
        optimizer.step()
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10)
        things[name] = {"model": module.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "scheduler": scheduler.state_dict()}
    return things


def test_nesting(bench):
    """What was read from PyTorch gets the same dicts, lists, tuples and numbers again, also by way of npz and safetensors."""
    for name, thing in checkpoints().items():
        theirs = bench.folder / "theirs.pt"
        torch.save(thing, theirs)
        for word in ("pt", "npz", "safetensors"):
            between = theirs
            if word != "pt":
                between = bench.folder / f"between.{word}"
                tenon().convert(theirs, between, *(("npz.metadata=member",) if word == "npz" else ()))
            found = list(differences(thing, load(converted(bench, between))))
            bench.check(not found, name, "by way of", word, *found[:3])
        bench.check(not isinstance(load(converted(bench, theirs, "pt.nest=no")), list), name, "pt.nest=no")


def test_optimizer(bench):
    """An optimizer takes its state again."""
    weight = torch.nn.Parameter(torch.randn(5))
    optimizer = torch.optim.AdamW([weight], lr=0.01)
    weight.sum().backward()
    optimizer.step()
    torch.save(optimizer.state_dict(), bench.folder / "theirs.pt")
    other = torch.optim.AdamW([torch.nn.Parameter(torch.randn(5))], lr=1)
    other.load_state_dict(load(converted(bench, bench.folder / "theirs.pt")))
    bench.check(not list(differences(other.state_dict(), optimizer.state_dict())), "its state differs")


def test_edited(bench):
    """What was renamed, left out or added finds its place; a list that lacks items becomes a dict."""
    theirs, out = bench.folder / "theirs.pt", bench.folder / "out.pt"
    torch.save({"model": {"a": torch.zeros(1), "b.c": torch.ones(2)}, "list": [torch.zeros(1), torch.ones(2)], "epoch": 1}, theirs)
    bench.output("convert", "--except", "list.0", "--rename", "model.a=model.z.z", "--set", "epoch=2", "--set", "who=me", theirs, out)
    found = load(out)
    bench.check(set(found) == {"model", "list", "epoch", "who"} and set(found["model"]) == {"z.z", "b.c"}, "it is", found)
    bench.check(found["epoch"] == 2 and found["who"] == "me" and set(found["list"]) == {1}, "it is", found)
    bench.output("convert", "--rename", "model.a=model", theirs, out)
    bench.check(set(load(out)) >= {"model", "model.b.c"}, "a name that no longer fits:", load(out))


def test_formats(bench):
    """pt to npz, safetensors and gguf and back keeps every tensor that these hold."""
    tensors = {f"{name}.{i}": make(name, shape) for name in ("f32", "f16", "i64", "u8", "bool", "c64") for i, shape in enumerate([(4,), (3, 4), (2, 3, 4), (0,), ()])}
    theirs = bench.folder / "theirs.pt"
    torch.save(tensors, theirs)
    for word in ("npz", "safetensors"):
        between = bench.folder / f"between.{word}"
        tenon().convert(theirs, between)
        bench.check(rows(load(converted(bench, between))) == rows(tensors), word, "they differ")
    tensors = {f"{name}.{i}": make(name, shape) for name in ("f32", "f16", "bf16", "i8", "i32") for i, shape in enumerate([(4,), (3, 4), (2, 3, 4)])}
    torch.save(tensors, theirs)
    between = bench.folder / "between.gguf"
    tenon().convert(theirs, between)
    bench.check(rows(load(converted(bench, between))) == rows(tensors), "gguf: they differ")


def test_refused(bench):
    """What PyTorch has nothing for is refused in words, or carried."""
    source = bench.folder / "q.gguf"
    np.save(bench.folder / "w.npy", np.linspace(-1, 1, 256, dtype="f4").reshape(4, 64))
    bench.output("convert", "--as", "q8_0", bench.folder / "w.npy", source)
    out = bench.folder / "out.pt"
    status, _, error = bench.run("convert", source, out)
    bench.check(status != 0 and "q8_0" in error and not out.exists(), "q8_0:", error)
    bench.output("convert", "--carry", source, out)
    bench.check(load(out)["w"].dtype == torch.uint8, "carried as", load(out)["w"].dtype)
    bench.output("convert", out, bench.folder / "again.gguf")
    bench.check((bench.folder / "again.gguf").read_bytes() == source.read_bytes(), "carried and back differs")
    bench.output("convert", bench.folder / "w.npy", out)
    before = out.read_bytes()
    status, _, error = bench.run("convert", "--append", bench.folder / "w.npy", out)
    bench.check(status != 0 and "pt" in error and out.read_bytes() == before, "--append:", error)


def test_pipe(bench):
    """A pipe gets the bytes that a file gets; and these depend on nothing but the tensors."""
    source = bench.folder / "in.npy"
    np.save(source, np.arange(1000, dtype="f4"))
    one, other = converted(bench, source), converted(bench, source, name="other name.pth")
    bench.check(one.read_bytes() == other.read_bytes(), "the bytes depend on the name")
    done = subprocess.run([os.environ["TENON"], "convert", "--format=pt", source, "-"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    (bench.folder / "piped.pt").write_bytes(done.stdout)
    bench.check(done.returncode == 0 and rows(load(bench.folder / "piped.pt")) == rows(load(one)), "a pipe:", done.stderr)
