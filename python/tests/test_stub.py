# SPDX-License-Identifier: MIT
"""The stub of the extension has the same names as the extension."""

import ast
import pathlib

import pytest
import tenon
from tenon import _core

STUB = ast.parse(pathlib.Path(tenon.__file__).with_name("_core.pyi").read_text())
# Each object has these; the stub says how they are called where that matters.
COMMON = set(dir(object)) | {"__doc__", "__name__", "__package__", "__loader__", "__spec__", "__file__", "__module__"}


def stubbed(body):
    """Functions, classes and variables that a stub says exist at run time. Assignments are aliases of types."""
    names = {node.name: node for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    names.update({node.target.id: node for node in body if isinstance(node, ast.AnnAssign)})
    return names


FUNCTIONS = [node.name for node in STUB.body if isinstance(node, ast.FunctionDef)]
CLASSES = [node.name for node in STUB.body if isinstance(node, ast.ClassDef)]


def test_module():
    assert set(dir(_core)) - COMMON == set(stubbed(STUB.body))


@pytest.mark.parametrize("name", CLASSES)
def test_class(name):
    node = stubbed(STUB.body)[name]
    thing = getattr(_core, name)
    assert isinstance(thing, type)
    assert set(dir(thing)) - COMMON == set(stubbed(node.body)) - COMMON


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name):
    assert callable(getattr(_core, name))
