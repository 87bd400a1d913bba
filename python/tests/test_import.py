# SPDX-License-Identifier: MIT
"""The package as a module."""

import tenon._core


def test_version():
    assert tenon._core.VERSION == "0.1.0"
