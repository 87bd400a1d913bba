#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make.py: makes the files beside it: NAME.safetensors, and NAME.pkl, the pickle that torch.save makes of the tensors in it,
in their order there. It wants PyTorch: build/venv-torch/bin/python, which `make check-torch` sets up."""

import io
import pathlib
import sys
import zipfile

sys.path.append(str(pathlib.Path(__file__).parents[4] / "tests" / "interop" / "torch"))
from lazily import torch  # noqa: E402
import safetensors.torch  # noqa: E402

HERE = pathlib.Path(__file__).parent
DTYPES = [torch.bool, torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16,
          torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz,
          torch.float8_e5m2fnuz, torch.float8_e8m0fnu]


def made(name, tensors):
    path = HERE / f"{name}.safetensors"
    safetensors.torch.save_file(tensors, path)
    data = path.read_bytes()
    with safetensors.safe_open(path, "pt") as file:
        tensors = {key: file.get_tensor(key) for key in sorted(file.keys(), key=lambda key: data.index(b'"%s"' % key.encode()))}
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    (HERE / f"{name}.pkl").write_bytes(zipfile.ZipFile(buffer).read("archive/data.pkl"))


made("dtypes", {f"{str(dtype)[6:]} {shape}": torch.zeros(shape, dtype=torch.uint8).to(dtype) if "e8m0" not in str(dtype)
                else torch.zeros(shape, dtype=torch.uint8).view(dtype) for dtype in DTYPES for shape in [(), (0,), (3,), (2, 3), (2, 0, 3), (2, 1, 2, 3)]})
made("one", {"x": torch.arange(3.)})
made("none", {})
made("large", {"x": torch.zeros(300, 2, dtype=torch.int8), "y": torch.zeros(0, 70000, dtype=torch.int8)})
made("many", {f"layer.{i}": torch.zeros(1, dtype=torch.int8) for i in range(300)})
