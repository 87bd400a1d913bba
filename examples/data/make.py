#!/usr/bin/env python3
"""make.py FOLDER: writes the example files again, with NumPy, the safetensors library and gguf-py. See ORIGIN.md."""

import pathlib
import sys

import gguf
import ml_dtypes
import numpy as np
import safetensors.numpy


def arrays():
    random = np.random.default_rng(20260821)
    # The weights of a small layer.
    weights = random.normal(0, 0.08, (128, 64)).astype("<f4")
    yield "weights", weights
    # A text as tokens: few are common, many are rare.
    yield "tokens", np.minimum(random.zipf(1.3, 1500), 50256).astype("<i8")
    # Covariances of the layer's outputs, in the order in which LAPACK returns them.
    yield "covariance", np.asfortranarray(np.cov(weights.astype("<f8"), rowvar=False))
    # A grid of heights in metres, big-endian, as elevation models are exchanged.
    y, x = np.mgrid[0:90, 0:120]
    heights = 900 + 700 * np.sin(x / 19) * np.cos(y / 23) + 40 * np.sin(x / 3 + y / 5)
    yield "elevation", heights.round().astype(">i2")
    # Where it is above 1,000 m.
    yield "mask", heights > 1000
    # A table: a date, a text, numbers.
    table = np.zeros(48, [("time", "<M8[s]"), ("station", "<U8"), ("temperature", "<f4"), ("wind", "<f4", (2,))])
    table["time"] = np.datetime64("2026-03-01T00:00:00") + np.arange(48) * np.timedelta64(30, "m")
    table["station"] = np.array(["Säntis", "Arosa", "Chur"])[np.arange(48) % 3]
    table["temperature"] = random.normal(2, 4, 48).round(1)
    table["wind"] = random.normal(0, 3, (48, 2)).round(1)
    yield "observations", table
    # One number.
    yield "learning-rate", np.array(3e-4)


for name, array in arrays():
    np.save(pathlib.Path(sys.argv[1]) / f"{name}.npy", array)

# An archive: a small network, Fortran order and half precision among its arrays.
random = np.random.default_rng(20261124)
np.savez_compressed(
    pathlib.Path(sys.argv[1]) / "network.npz",
    **{
        "layer.0/weight": random.normal(0, 0.1, (64, 32)).astype("<f4"),
        "layer.0/bias": np.zeros(64, "<f4"),
        "layer.1/weight": np.asfortranarray(random.normal(0, 0.1, (10, 64)).astype("<f4")),
        "layer.1/bias": np.zeros(10, "<f2"),
        "classes": np.array([f"digit {i}" for i in range(10)]),
    })

# A small model: several dtypes, and one pair of metadata, as more would be written in an order of chance.
safetensors.numpy.save_file(
    {
        "embed.weight": random.normal(0, 0.1, (100, 16)).astype("<f4"),
        "layers.0.attn.weight": random.normal(0, 0.1, (16, 16)).astype(ml_dtypes.bfloat16),
        "layers.0.mlp.weight": random.normal(0, 0.1, (64, 16)).astype(ml_dtypes.bfloat16),
        "layers.0.norm.weight": np.ones(16, "<f4"),
        "position_ids": np.arange(32, dtype="<i8"),
    },
    pathlib.Path(sys.argv[1]) / "model.safetensors",
    metadata={"format": "np"})

# A small language model as llama.cpp has them: typed metadata, a vocabulary, and weights in blocks beside plain ones.
words = ["<unk>", "<s>", "</s>", *"▁the ▁of ▁and ▁a ▁to ▁in er ing ▁water ▁Säge ▁木".split(), *map(chr, range(97, 123))]
writer = gguf.GGUFWriter(pathlib.Path(sys.argv[1]) / "model.gguf", "llama")
writer.add_name("small")
writer.add_context_length(128)
writer.add_embedding_length(64)
writer.add_block_count(1)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_tokenizer_model("llama")
writer.add_token_list(words)
writer.add_token_scores([float(-i) for i in range(len(words))])
writer.add_token_types([2, 3, 3] + [1] * (len(words) - 3))
writer.add_add_bos_token(True)
for name, shape, kind in (("token_embd.weight", (40, 64), "Q8_0"), ("blk.0.attn_norm.weight", (64,), "F32"),
                          ("blk.0.attn_q.weight", (64, 64), "Q4_0"), ("blk.0.ffn_up.weight", (128, 64), "Q4_0"),
                          ("output_norm.weight", (64,), "F32"), ("output.weight", (40, 64), "F16")):
    array = np.ones(shape, "<f4") if len(shape) == 1 else random.normal(0, 0.1, shape).astype("<f4")
    kind = gguf.GGMLQuantizationType[kind]
    writer.add_tensor(name, gguf.quants.quantize(array, kind), raw_dtype=kind)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
