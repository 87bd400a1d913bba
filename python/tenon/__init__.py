# SPDX-License-Identifier: MIT
"""Reads and writes arrays in .npy, .npz, .safetensors, .gguf, .pt and the formats of further plugins."""
