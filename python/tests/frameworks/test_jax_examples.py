# SPDX-License-Identifier: MIT
"""The examples of tenon.safetensors.flax run."""

import doctest

import tenon.safetensors.flax


def test_examples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(tenon.safetensors.flax)
    assert result.attempted > 10 and result.failed == 0
