#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make.py FOLDER: writes FOLDER/golden: files as torch.save writes them, by Python's pickle module and stand-ins for torch's classes,
which have the same names; and what they hold: name, dtype, shape, bytes and their POSIX checksum. See ORIGIN."""
import collections
import io
import os
import pickle
import struct
import subprocess
import sys
import types
import zipfile


def module(name):
    sys.modules[name] = types.ModuleType(name)
    return sys.modules[name]


def put(home, thing, name):
    """The thing can be pickled as home.name."""
    thing.__module__, thing.__qualname__, thing.__name__ = home.__name__, name, name
    setattr(home, name, thing)
    return thing


torch, utils, storage_module, parameter, serialization = (module(name) for name in (
    "torch", "torch._utils", "torch.storage", "torch.nn.parameter", "torch.serialization"))
TYPES = {"f64": ("d", "DoubleStorage"), "f32": ("f", "FloatStorage"), "f16": ("e", "HalfStorage"), "bf16": ("H", "BFloat16Storage"),
         "i64": ("q", "LongStorage"), "i32": ("i", "IntStorage"), "i16": ("h", "ShortStorage"), "i8": ("b", "CharStorage"),
         "u8": ("B", "ByteStorage"), "bool": ("B", "BoolStorage"), "c64": ("Q", "ComplexFloatStorage"),
         "u16": ("H", None), "u32": ("I", None), "u64": ("Q", None), "f8_e4m3": ("B", None), "f8_e5m2": ("B", None)}
NEW = {"u16": "uint16", "u32": "uint32", "u64": "uint64", "f8_e4m3": "float8_e4m3fn", "f8_e5m2": "float8_e5m2"}
for _, name in TYPES.values():
    if name:
        put(torch, type(name, (), {}), name)
put(storage_module, type("UntypedStorage", (), {}), "UntypedStorage")
for name in ("_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter"):
    put(utils, lambda *arguments: None, name)


class Constant:
    """torch.float32 and others: pickled by name."""

    def __init__(self, name):
        self.name, self.__module__ = name, "torch"
        setattr(torch, name, self)

    def __reduce__(self):
        return self.name


class Size(tuple):
    def __reduce__(self):
        return torch.Size, (tuple(self),)


put(torch, Size, "Size")


class device:
    def __init__(self, *words):
        self.words = words

    def __reduce__(self):
        return torch.device, self.words


put(torch, device, "device")
DTYPES = {name: Constant(name) for name in (*NEW.values(), "float32")}


class Storage:
    """Counts up by sevens. All storages of one file have keys in the order in which they are pickled."""

    def __init__(self, dtype, items):
        self.dtype, self.items = dtype, items
        self.size = struct.calcsize(TYPES[dtype][0])

    def bytes(self, big=False):
        order = ">" if big else "<"
        limit = 2 if self.dtype == "bool" else 1 << 7
        if self.dtype == "c64":
            return b"".join(struct.pack(order + "ff", i % limit, -i) for i in range(0, 7 * self.items, 7))
        return b"".join(struct.pack(order + TYPES[self.dtype][0], i % limit) for i in range(0, 7 * self.items, 7))


class Tensor:
    def __init__(self, storage, shape, strides=None, offset=0, parameter=False):
        self.storage, self.shape, self.offset, self.parameter = storage, tuple(shape), offset, parameter
        packed, step = [], 1
        for dim in reversed(self.shape):
            packed.insert(0, step)
            step *= dim
        self.strides = tuple(packed if strides is None else strides)

    def __reduce__(self):
        arguments = (self.storage, self.offset, self.shape, self.strides, self.parameter, collections.OrderedDict())
        if self.storage.dtype in NEW:
            return utils._rebuild_tensor_v3, (*arguments, DTYPES[NEW[self.storage.dtype]])
        return utils._rebuild_tensor_v2, arguments

    def bytes(self):
        """Packed, in C order, little-endian."""
        places = [self.offset]
        for dim, step in zip(self.shape, self.strides):
            places = [place + step * i for place in places for i in range(dim)]
        data, size = self.storage.bytes(), self.storage.size
        return b"".join(data[size * place:size * (place + 1)] for place in places)


class Parameter:
    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        return utils._rebuild_parameter, (self.tensor, True, collections.OrderedDict())


class Pickler(pickle.Pickler):
    def __init__(self, file, protocol, older):
        super().__init__(file, protocol)
        self.older, self.keys = older, {}

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        key = self.keys.setdefault(value, str(len(self.keys)))
        kind = TYPES[value.dtype][1]
        home, items = (getattr(torch, kind), value.items) if kind else (storage_module.UntypedStorage, value.items * value.size)
        return ("storage", home, key, "cpu", items, None) if self.older else ("storage", home, key, "cpu", items)


def archive(path, value, protocol=2, big=False):
    data = io.BytesIO()
    pickler = Pickler(data, protocol, False)
    pickler.dump(value)
    name = os.path.basename(path).rsplit(".", 1)[0]
    members = [("data.pkl", data.getvalue()), (".format_version", b"1"), ("byteorder", b"big" if big else b"little")]
    members += [(f"data/{key}", storage.bytes(big)) for storage, key in pickler.keys.items()] + [("version", b"3\n")]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as out:
        for key, content in members:
            out.writestr(zipfile.ZipInfo(f"{name}/{key}", (1980, 1, 1, 0, 0, 0)), content)


def legacy(path, value, protocol=2):
    with open(path, "wb") as out:
        for part in (0x1950a86a20f9469cfc6c, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}):
            pickle.dump(part, out, protocol)
        pickler = Pickler(out, protocol, True)
        pickler.dump(value)
        keys = sorted(pickler.keys.values())
        pickle.dump(keys, out, protocol)
        stored = {key: storage for storage, key in pickler.keys.items()}
        for key in keys:
            out.write(struct.pack("<q", stored[key].items * (1 if stored[key].dtype in NEW else 1)))
            out.write(stored[key].bytes())


def expect(path, tensors):
    with open(path, "w", encoding="utf-8") as out:
        for name, tensor in tensors.items():
            data = tensor.bytes()
            total = subprocess.run(["cksum"], input=data, capture_output=True, check=True).stdout.split()[0].decode()
            shape = ",".join(map(str, tensor.shape))
            out.write(f"{name}\t{tensor.storage.dtype}\t[{shape}]\t{len(data)}\t{total}\n")


def main(folder):
    def at(name):
        return os.path.join(folder, "golden", name)

    dtypes = {name: Tensor(Storage(name, 6), (2, 3)) for name in TYPES}
    archive(at("dtypes.pt"), dtypes)
    archive(at("big.pt"), dtypes, big=True)
    expect(at("dtypes.expected"), dtypes)
    expect(at("big.expected"), dtypes)
    legacy(at("old-dtypes.pt"), {name: tensor for name, tensor in dtypes.items() if name not in NEW})
    expect(at("old-dtypes.expected"), {name: tensor for name, tensor in dtypes.items() if name not in NEW})
    shared = Storage("f32", 24)
    shapes = {"scalar": Tensor(Storage("i64", 1), ()), "empty": Tensor(Storage("f32", 0), (0, 3)), "all": Tensor(shared, (4, 6)),
              "row": Tensor(shared, (6,), offset=6), "turned": Tensor(shared, (6, 4), (1, 6)), "deep": Tensor(shared, (2, 3, 2, 2)),
              "one": Tensor(shared, (1, 24), (7, 1)), "weight": Tensor(shared, (2, 2), offset=20)}
    archive(at("shapes.pt"), {**shapes, "weight": Parameter(shapes["weight"])})
    legacy(at("old-shapes.pt"), {**shapes, "weight": Parameter(shapes["weight"])})
    expect(at("shapes.expected"), shapes)
    expect(at("old-shapes.expected"), shapes)
    apart = {"columns": Tensor(shared, (4, 3), (6, 2)), "repeated": Tensor(shared, (3, 6), (0, 1)), "diagonal": Tensor(shared, (4,), (7,)),
             "windows": Tensor(shared, (5, 4), (3, 2)), "middle": Tensor(shared, (2, 3, 2), (12, 1, 3))}
    archive(at("strides.pt"), apart)
    expect(at("strides.expected"), apart)
    one = Tensor(Storage("f32", 6), (2, 3))
    archive(at("alone.pt"), one)
    expect(at("alone.expected"), {"alone": one})
    weight, bias = Tensor(Storage("f32", 6), (3, 2)), Tensor(Storage("f32", 3), (3,))
    state = collections.OrderedDict([("fc.weight", weight), ("fc.bias", bias)])
    state._metadata = collections.OrderedDict([("", {"version": 1}), ("fc", {"version": 1})])
    average = Tensor(Storage("f32", 6), (3, 2))
    training = {"model": state, "optimizer": {"state": {0: {"step": Tensor(Storage("f32", 1), ()), "exp_avg": average}},
                                              "param_groups": [{"lr": 0.5, "betas": (0.5, 0.75), "foreach": None, "params": [0, 1]}]},
                "epoch": 3, "best": -0.25, "name": "r\u00e9sum\u00e9", "done": False, "tags": ["a", "b"], "counts": collections.Counter("aab"),
                "seen": {7}, "raw": b"\x00\xff", "size": Size((2, 3)), "device": device("cuda", 1), "dtype": DTYPES["float32"],
                "seed": (1 << 64) - 1, "z": 1 + 2j, "tied": weight, "history": [{"loss": 0.5}, {"loss": 0.25}],
                "table": collections.defaultdict(list, x=[1, 2])}
    names = {"model.fc.weight": weight, "model.fc.bias": bias, "optimizer.state.0.step": training["optimizer"]["state"][0]["step"],
             "optimizer.state.0.exp_avg": average, "tied": weight}
    for protocol in range(2, 6):
        archive(at(f"training-{protocol}.pt"), training, protocol)
        expect(at(f"training-{protocol}.expected"), names)
    legacy(at("old-training.pt"), training)
    expect(at("old-training.expected"), names)


main(sys.argv[1])
