# SPDX-License-Identifier: MIT
"""The examples of tenon.safetensors.torch run."""

import doctest

import tenon.safetensors.torch


def test_examples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(tenon.safetensors.torch)
    assert result.attempted > 10 and result.failed == 0
