# SPDX-License-Identifier: MIT
"""Tests that tenon reads what PyTorch writes: each tensor as torch has it, in both forms of torch.save."""

import collections
import io
import zipfile

import numpy as np
from pt_kit import DTYPES, SHAPES, TenonError, flat, make, read, row, rows, tenon, torch

FORMS = {"zip": {}, "older": {"_use_new_zipfile_serialization": False}}


def saved(bench, thing, form="zip", name="theirs.pt"):
    path = bench.folder / name
    torch.save(thing, path, **FORMS[form])
    return path


def check_read(bench, thing, *words, forms=FORMS):
    """Checks the tensors that tenon finds in a thing that torch saved."""
    tensors, _ = flat(thing)
    for form in forms:
        found = read(saved(bench, thing, form))
        bench.check(list(found) == list(tensors), *words, form, "finds", list(found)[:4], "not", list(tensors)[:4])
        for name, tensor in tensors.items():
            bench.check(found.get(name) == row(tensor), *words, form, name, "is read as", name in found and found[name][:2])


def test_dtypes(bench):
    for name in DTYPES:
        shapes = [shape for shape in SHAPES if name != "f4" or shape]
        check_read(bench, {f"of {shape}": make(name, shape) for shape in shapes}, name)


def test_strides(bench):
    """Transposed, sliced, expanded, stepped: what torch calls by any strides."""
    base = torch.arange(2 * 3 * 4 * 5, dtype=torch.float32).reshape(2, 3, 4, 5)
    views = {"transposed": base.transpose(0, 3), "permuted": base.permute(2, 0, 3, 1), "sliced": base[1:, 1:3, 1:, 2:], "stepped": base[:, ::2, 1::3, ::4],
             "expanded": torch.arange(4).expand(3, 5, 4), "row": base[1, 2, 3], "item": base[1, 2, 3, 4], "column": base[0, 0, :, 2],
             "overlapping": base.flatten().as_strided((5, 4), (3, 1), 7), "channels_last": base.to(memory_format=torch.channels_last),
             "flipped": base.flip(0), "empty": base[:, 3:], "ones": base[:1, :1].squeeze(0), "t": base[0, 0].t(),
             "narrow": torch.arange(1000)[500:510], "bool": (base > 7).transpose(1, 2), "bf16": base.bfloat16().mT}
    check_read(bench, views)
    for name, view in views.items():
        check_read(bench, {name: view.clone(memory_format=torch.preserve_format)}, "alone")
    check_read(bench, {"conj": torch.arange(4).to(torch.complex64).reshape(2, 2).mH.resolve_conj()}, "conjugated")


def test_shared(bench):
    """Tensors that share bytes are all read; so is a weight that is tied."""
    base = torch.arange(100.)
    check_read(bench, {"all": base, "head": base[:10], "tail": base[90:], "again": base, "square": base.view(10, 10)})
    out = bench.folder / "out.safetensors"
    tied = {"embed": base, "other": torch.zeros(3), "head": base}
    tenon().convert(saved(bench, tied), out)
    bench.check(read(out) == rows(dict(sorted(tied.items()))) or read(out) == rows(tied), "tied weights are lost in safetensors")


def test_order_of_bytes(bench):
    """A file of a big-endian machine has its storages, not its pickle, in that order."""
    tensors = {name: make(name, (3, 4)) for name in DTYPES}
    path = saved(bench, tensors)
    sizes = {"c64": 4, "c128": 8}
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    for i, name in enumerate(tensors):
        size = sizes.get(name, tensors[name].element_size())
        data = np.frombuffer(contents[f"theirs/data/{i}"], dtype="u1").reshape(-1, size)
        contents[f"theirs/data/{i}"] = data[:, ::-1].tobytes()
    contents["theirs/byteorder"] = b"big"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    found = torch.load(path, weights_only=True)
    for name, tensor in tensors.items():
        # torch does not swap those without a storage of their own, u16 to u64
        bench.check(row(found[name]) == row(tensor) or name in ("u16", "u32", "u64"), name, "torch reads it otherwise")
    bench.check(read(path) == rows(tensors), "tenon reads it otherwise")


def test_modules(bench):
    """State dicts, parameters, buffers, and the state of optimizers, with momentum and without any steps."""
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten(), torch.nn.LazyLinear(7))
    module(torch.randn(2, 3, 8, 8)).sum().backward()
    check_read(bench, module.state_dict(), "state dict")
    check_read(bench, dict(module.named_parameters()), "parameters")
    check_read(bench, dict(module.named_buffers()), "buffers")
    check_read(bench, {"weight": torch.nn.Parameter(torch.ones(2), requires_grad=False)}, "a parameter")
    for make_optimizer in (lambda p: torch.optim.SGD(p, 0.1), lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), torch.optim.AdamW, torch.optim.Adagrad):
        optimizer = make_optimizer(list(module.parameters()))
        optimizer.step()
        checkpoint = {"model": module.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "loss": 0.25, "note": "é",
                      "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 10).state_dict(), "rng": torch.get_rng_state()}
        check_read(bench, checkpoint, type(optimizer).__name__)
        _, values = flat(checkpoint)
        listed = bench.list(saved(bench, checkpoint))["metadata"]
        for name in ("epoch", "loss", "note", "optimizer.param_groups.0.lr", "scheduler.step_size"):
            bench.check(name not in values or listed.get(name) == values[name], name, "is", listed.get(name))


def test_containers(bench):
    """Dicts, lists and tuples in each other give names with dots; a tensor by itself has the name of the file."""
    check_read(bench, {"a": [torch.ones(1), (torch.zeros(2), {"b": torch.ones(3)})], 7: torch.ones(4), "c": collections.OrderedDict(d=torch.ones(5))})
    check_read(bench, [torch.ones(1), torch.zeros(2)])
    for form in FORMS:
        bench.check(read(saved(bench, torch.arange(3.), form)) == {"theirs": row(torch.arange(3.))}, form, "a tensor by itself")
    check_read(bench, {f"layer.{i}.weight": torch.full((2,), i) for i in range(3000)}, "many")


def test_protocols(bench):
    """torch.save takes any protocol of pickle."""
    thing = {"a": make("f32", (3, 4)), "b": {"c": make("i64", (5,)), "d": "é" * 300, "e": 2**40, "f": [1, 2], "g": None, "h": True, "i": 1.5}}
    for protocol in range(2, 6):
        for form, words in FORMS.items():
            path = bench.folder / "theirs.pt"
            torch.save(thing, path, pickle_protocol=protocol, **words)
            bench.check(read(path) == rows(flat(thing)[0]), protocol, form, "tensors differ")
            found = bench.list(path)
            for name, value in flat({"b": {key: thing["b"][key] for key in "deghi"}})[1].items():
                bench.check(found and found["metadata"].get(name) == value, protocol, form, name, "is", found and found["metadata"].get(name))


def test_unreadable(bench):
    """What is no plain tensor is listed with a reason, and the tensors beside it are read."""
    base = torch.arange(6.).reshape(2, 3)
    things = {"sparse": base.to_sparse(), "csr": base.to_sparse_csr(), "quantised": torch.quantize_per_tensor(base, 0.1, 0, torch.qint8), "meta": torch.empty(3, device="meta"),
              "half complex": base.to(torch.complex32)}
    for name, thing in things.items():
        path = saved(bench, {"before": base, name: thing, "after": base + 1})
        found = {tensor["name"]: tensor for tensor in bench.list(path)["tensors"]}
        bench.check({"before", name, "after"} <= set(found), name, "finds", list(found))
        bench.check("unreadable" in str(found.get(name)), name, "is", found.get(name))
        bench.check(bench.output("cat", path, "after") == (base + 1).numpy().tobytes(), name, "hides what is beside it")


def test_whole_module(bench):
    """A module that was saved whole needs its class: its tensors are read, without running anything."""
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    for form in FORMS:
        found = read(saved(bench, module, form))
        for name, tensor in module.state_dict().items():
            bench.check(found.get(name) == row(tensor), form, name, "is read as", name in found and found[name][:2])


def test_strict_readers(bench):
    """Files that torch refuses are no better for tenon."""
    path = saved(bench, {"x": torch.arange(10.)})
    data = path.read_bytes()
    for cut in (0, 10, len(data) // 2, len(data) - 1):
        (bench.folder / "cut.pt").write_bytes(data[:cut])
        try:
            torch.load(bench.folder / "cut.pt", weights_only=True)
            bench.check(False, cut, "torch loads it")
        except Exception:  # pylint: disable=broad-except
            pass
        try:
            bench.check(not read(bench.folder / "cut.pt"), cut, "tenon reads it")
        except TenonError:
            bench.check(True)


def test_buffers(bench):
    """A file that was saved into memory, whose folder is called archive."""
    buffer = io.BytesIO()
    torch.save({"x": torch.arange(4.)}, buffer)
    path = bench.folder / "x.bin"
    path.write_bytes(buffer.getvalue())
    bench.check(read(path) == rows(flat({"x": torch.arange(4.)})[0]), "it differs")
