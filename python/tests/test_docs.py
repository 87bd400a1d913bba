# SPDX-License-Identifier: MIT
"""The examples of all docstrings run, each in a temporary folder, with `tenon` and `np` imported."""

import doctest
import importlib
import inspect
import pathlib
import pkgutil

import numpy as np
import pytest
import tenon

DOCUMENTS = pathlib.Path(__file__).resolve().parents[2] / "docs"
FLAGS = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
# Public names: __all__, or all names without an underscore
PUBLIC = ["tenon", "tenon.numpy", "tenon.safetensors"]
PUBLIC += [f"tenon.safetensors.{framework}" for framework in ("numpy", "mlx", "torch", "flax")]
# Their examples are run by frameworks/test_*_examples.py.
ELSEWHERE = ["tenon.safetensors.torch", "tenon.safetensors.flax"]


def modules():
    names = [module.name for module in pkgutil.walk_packages(tenon.__path__, "tenon.")]
    return ["tenon"] + sorted(name for name in names if name not in ("tenon.__main__", "tenon._core"))


def examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in modules():
        if name in ELSEWHERE:
            continue
        for test in finder.find(importlib.import_module(name), globs={}):
            if test.examples:
                yield pytest.param(test, id=test.name)


def documents():
    return [path for path in sorted(DOCUMENTS.glob("*.md")) if ">>> " in path.read_text(encoding="utf-8")]


def public_objects():
    for name in PUBLIC:
        if name not in modules():
            continue
        module = importlib.import_module(name)
        for attribute in getattr(module, "__all__", [a for a in dir(module) if not a.startswith("_")]):
            thing = getattr(module, attribute)
            if callable(thing) and not (inspect.isclass(thing) and issubclass(thing, BaseException)):
                yield pytest.param(thing, id=f"{name}.{attribute}")


@pytest.mark.parametrize("test", list(examples()))
def test_example(test, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    test.globs.update(tenon=tenon, np=np)
    output = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=output.append)
    assert result.failed == 0, "".join(output)


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_document(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    globs = {"tenon": tenon, "np": np}
    result = doctest.testfile(str(path), module_relative=False, globs=globs, optionflags=FLAGS, encoding="utf-8")
    assert result.failed == 0


@pytest.mark.parametrize("thing", list(public_objects()))
def test_has_an_example(thing):
    """Each public function has one; of a class, the class or one of its methods."""
    documents = [thing.__doc__]
    if inspect.isclass(thing):
        documents += [inspect.getdoc(member) for _, member in inspect.getmembers(thing)]
    assert any(">>> " in (document or "") for document in documents)


def test_all_modules_are_found():
    folder = pathlib.Path(tenon.__file__).parent
    files = {path.relative_to(folder).with_suffix("") for path in (*folder.glob("*.py"), *folder.glob("*/*.py"))}
    names = {".".join(("tenon", *path.parts)).removesuffix(".__init__") for path in files} - {"tenon.__main__"}
    assert set(modules()) == names
