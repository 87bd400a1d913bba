# SPDX-License-Identifier: MIT
"""Tensors of torch are saved as they are: safetensors.torch and NumPy read them again."""

import lazily  # noqa: F401
import numpy as np
import pytest
import safetensors.torch
import tenon
import torch

DTYPES = [
    torch.bool,
    torch.uint8,
    torch.uint16,
    torch.uint32,
    torch.uint64,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.complex64,
    torch.float8_e4m3fn,
    torch.float8_e5m2,
    torch.float8_e8m0fnu,
]


def make(dtype, shape):
    size = torch.empty(0, dtype=dtype).element_size()
    raw = torch.randint(
        0,
        2 if dtype == torch.bool else 120,
        (*shape, size),
        dtype=torch.uint8,
        generator=torch.Generator().manual_seed(size),
    )
    return raw.view(dtype).reshape(shape)


def raw(tensor):
    return tensor.contiguous().reshape(-1).view(torch.uint8)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_dtypes_and_strides(tmp_path, dtype):
    whole = make(dtype, (4, 6))
    tensors = {
        "whole": whole,
        "turned": whole.t(),
        "part": whole[1:, ::2],
        "scalar": whole[0, 0],
        "empty": whole[:0],
        "wide": whole[:, :1].expand(4, 3),
    }
    tenon.save_safetensors(tmp_path / "a", tensors)
    found = safetensors.torch.load_file(tmp_path / "a.safetensors")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert (
            found[name].dtype == dtype
            and found[name].shape == tensor.shape
            and torch.equal(raw(found[name]), raw(tensor))
        ), name


def test_gradients_conjugates_and_parameters(tmp_path):
    weight = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    turned = torch.tensor([1 + 2j, 3 - 1j]).conj()
    tenon.savez(tmp_path / "a.npz", weight=weight, grown=weight * 2, turned=turned, imaginary=turned.imag)
    with np.load(tmp_path / "a.npz") as file:
        assert file["weight"].tolist() == [[0, 1, 2], [3, 4, 5]] and file["grown"].tolist() == [[0, 2, 4], [6, 8, 10]]
        assert file["turned"].tolist() == [1 - 2j, 3 + 1j] and file["imaginary"].tolist() == [-2, 1]
    assert weight.requires_grad


def test_a_state_dict_and_casts(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(32, 4), torch.nn.Linear(4, 2)).to(torch.bfloat16)
    tenon.write(tmp_path / "a.gguf", model.state_dict(), dtype={"*": "f32", "0.weight": "q8_0"})
    with tenon.open(tmp_path / "a.gguf") as f:
        assert {name: info.dtype for name, info in f.tensors.items()} == {
            "0.weight": "q8_0",
            "0.bias": "f32",
            "1.weight": "f32",
            "1.bias": "f32",
        }
        assert np.array_equal(f["1.weight"], model[1].weight.detach().float().numpy())


def test_pairs_of_f4(tmp_path):
    whole = torch.arange(12, dtype=torch.uint8).reshape(3, 4).view(torch.float4_e2m1fn_x2)
    tenon.save_safetensors(tmp_path / "a", {"x": whole})
    tenon.write(tmp_path / "b.safetensors", {"x": whole}, dtype="f32")
    with tenon.open(tmp_path / "a.safetensors") as f, tenon.open(tmp_path / "b.safetensors") as g:
        assert f.tensors["x"].dtype == "f4" and f.tensors["x"].shape == (3, 8)
        assert torch.equal(f.read("x", framework="torch").view(torch.uint8), whole.view(torch.uint8))
        assert np.array_equal(f.read("x", dtype="f32"), g["x"]) and g["x"][1].tolist() == [2, 0, 3, 0, 4, 0, 6, 0]


def test_without_ml_dtypes(tmp_path, monkeypatch):
    """DLPack has the dtype, and the strides."""
    monkeypatch.setattr("tenon._dtypes.numpy_dtype", lambda name: None)
    whole = make(torch.bfloat16, (4, 6))
    tenon.save_safetensors(tmp_path / "a", {"whole": whole, "part": whole.t()[1:, ::2]})
    found = safetensors.torch.load_file(tmp_path / "a.safetensors")
    assert torch.equal(found["whole"], whole) and torch.equal(found["part"], whole.t()[1:, ::2])


def test_a_writer_copies(tmp_path):
    tensors = {"bf16": make(torch.bfloat16, (4, 6)), "f8": make(torch.float8_e4m3fn, (3,)), "f32": torch.ones(3)}
    expected = {name: raw(tensor).clone() for name, tensor in tensors.items()}
    with tenon.writer(tmp_path / "a.safetensors") as w:
        for name, tensor in tensors.items():
            w.add(name, tensor)
            tensor.view(torch.uint8).zero_()
    found = safetensors.torch.load_file(tmp_path / "a.safetensors")
    assert all(torch.equal(raw(found[name]), expected[name]) for name in tensors)


def test_what_is_no_dense_tensor_of_this_machine(tmp_path):
    for tensor in (torch.eye(3).to_sparse(), torch.empty(3, device="meta")):
        with pytest.raises((TypeError, ValueError, RuntimeError, BufferError, NotImplementedError)):
            tenon.save(tmp_path / "a.npy", tensor)
    assert not (tmp_path / "a.npy").exists()


def test_a_plan_gives_memory_back(tmp_path):
    """DLPack lends it to the plan."""
    import gc
    import weakref

    tensor = make(torch.bfloat16, (64,))
    storage = weakref.ref(tensor.untyped_storage())
    tenon.save_safetensors(tmp_path / "a", {"x": tensor})
    del tensor
    gc.collect()
    assert storage() is None
