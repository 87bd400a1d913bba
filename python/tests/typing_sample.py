# SPDX-License-Identifier: MIT
"""A program as a user writes it, for the checkers of types. It never runs."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tenon
from typing_extensions import assert_type

a = np.zeros((2, 3), "f4")


def save_as_mlx_does(path: Path) -> None:
    tenon.save("x.npy", a)
    tenon.save(path, [1, 2, 3])
    tenon.save(io.BytesIO(), 1.5)
    tenon.savez("x.npz", a, named=a)
    tenon.savez_compressed(path, a, **{"b": a})
    tenon.save_safetensors("x.safetensors", {"a": a}, {"key": "value"})
    tenon.save_gguf("x.gguf", {"a": a}, {"key": np.int32(5), "names": ["a", "b"]})


def load_and_save_again(path: Path, with_metadata: bool) -> None:
    assert_type(tenon.load(path), Any)
    assert_type(tenon.load(path, return_metadata=with_metadata), Any)
    assert_type(tenon.load(path, return_metadata=True, quantized="triple"), tuple[Any, dict[str, Any]])
    arrays, metadata = tenon.load(path, None, True, framework="torch")
    assert_type(metadata, dict[str, Any])
    weights: dict[str, npt.NDArray[np.float32]] = tenon.load(path)
    tenon.save_safetensors(path, weights)
    for part in tenon.QuantizedArray.quantize(arrays["w"], "q8_0"):
        assert_type(part, tenon.QuantizedArray)


def save(path: Path) -> None:
    options = {"safetensors.slack": "4KiB"}
    report = tenon.write(path, {"a": a}, {"key": 1}, dtype={"a*": "bf16"}, progress=True, options=options)
    assert_type(report, tenon.Report)
    for entry in report:
        assert_type(entry, tenon.Entry)
        assert_type(entry.message, str)
    assert_type(report.ok, bool)
    with tenon.writer(path) as writer:
        writer.add("a", a, dtype="q8_0")
        writer.begin("b", "float32", (None, 3))
        writer.put(b"1234")
        writer.end()
    assert_type(tenon.convert("x.npz", "x.safetensors", only=["a*", "!ab"], rename={"a": "b"}), tenon.Report)
    tenon.convert(path, path, rename=str.upper, progress=lambda done, total: print(done, total))


def look(path: Path) -> None:
    with tenon.open(path, mode="c") as file:
        assert_type(file, tenon.File)
        mapping: Mapping[str, Any] = file
        print(mapping, len(file), "a" in file)
        for name, info in file.tensors.items():
            assert_type(name, str)
            assert_type(info.dtype, str)
            assert_type(info.shape, tuple[int, ...] | None)
            assert_type(info.nbytes, int)
        assert_type(file.unreadable, dict[str, str])
        assert_type(file.format, str)
        assert_type(file.report, tenon.Report)
        array: npt.NDArray[np.float32] = file["a"][2:5, ::2]
        print(array, file.read("a", (slice(2, 5),), copy=True), file.read_many("a*", dtype="float32"))
    assert_type(tenon.verify(path).ok, bool)
    assert_type(tenon.hash(path), dict[str, str])


def load() -> None:
    arrays = tenon.load("x.npz")
    arrays, metadata = tenon.load("x.gguf", return_metadata=True)
    print(arrays, metadata, tenon.load(io.BytesIO(), "npy", framework="torch"))


def catch(path: Path) -> None:
    try:
        tenon.load(path)
    except tenon.TenonError as error:
        assert_type(error.status, str)
        assert_type(error.offset, int | None)
        assert_type(error.advice, str | None)


def quantize() -> None:
    blocks = tenon.QuantizedArray.quantize(a, "q8_0")
    assert_type(blocks, tenon.QuantizedArray)
    assert_type(blocks.dtype, str)
    assert_type(blocks.shape, tuple[int, ...])
    print(blocks.dequantize(), blocks.triple())


def list_all() -> None:
    for format in tenon.formats():
        print(format)
    for entry in tenon.config():
        print(entry)
    for dtype in tenon.dtypes():
        print(dtype)
    tenon.configure("core.threads=2", files=False)
    assert_type(tenon.__version__, str)
