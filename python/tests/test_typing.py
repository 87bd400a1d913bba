# SPDX-License-Identifier: MIT
"""The annotations: mypy and pyright agree with the package, and with a program that uses it."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import tenon

PACKAGE = pathlib.Path(tenon.__file__).parent
SAMPLE = pathlib.Path(__file__).with_name("typing_sample.py")
# Frameworks that are optional, and packages that have no annotations.
OPTIONAL = ["fsspec", "jax", "ml_dtypes", "mlx", "safetensors", "torch", "tqdm", "ipykernel", "IPython"]


@pytest.fixture
def project(tmp_path):
    """A folder with the sources of the package and a program: installed packages are checked less."""
    for file in (*PACKAGE.glob("*"), *PACKAGE.glob("*/*")):
        if file.suffix in (".py", ".pyi") or file.name == "py.typed":
            copy = tmp_path / file.relative_to(PACKAGE.parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
    shutil.copy(SAMPLE, tmp_path / "program.py")
    return tmp_path


def run_mypy(project):
    sections = "".join(f"[mypy-{name}.*]\nignore_missing_imports = True\n" for name in OPTIONAL)
    (project / "mypy.ini").write_text("[mypy]\nstrict = True\nwarn_unused_ignores = False\n" + sections)
    command = [sys.executable, "-m", "mypy", "--cache-dir", project / "cache", "tenon", "program.py", "wrong.py"]
    result = subprocess.run(command, cwd=project, capture_output=True, text=True)
    *faults, summary = result.stdout.splitlines()
    return [fault for fault in faults if ": error: " in fault], int(re.search(r"checked (\d+) source", summary)[1])


def run_pyright(project):
    configuration = {
        "include": ["tenon", "program.py", "wrong.py"],
        "typeCheckingMode": "standard",
        "pythonVersion": "3.10",
        "reportMissingImports": "none",
        "reportMissingModuleSource": "none",
    }
    (project / "pyrightconfig.json").write_text(json.dumps(configuration))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--project", project, "--pythonpath", sys.executable]
    quiet = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}  # it would ask the network for a later version
    found = json.loads(subprocess.run(command, cwd=project, capture_output=True, text=True, env=quiet).stdout)
    faults = [
        f"{os.path.relpath(fault['file'], project)}:{fault['range']['start']['line'] + 1}: {fault['message']}"
        for fault in found["generalDiagnostics"]
        if fault["severity"] == "error"
    ]
    return faults, found["summary"]["filesAnalyzed"]


def test_marker():
    assert (PACKAGE / "py.typed").is_file()


@pytest.mark.parametrize("run", [run_mypy, run_pyright])
def test_annotations(run, project):
    """The one fault is that of wrong.py: the checker looks at all files, and finds faults."""
    (project / "wrong.py").write_text("import tenon\n\ntenon.no_such_function()\n")
    files = {file.with_suffix("") for file in project.rglob("*.py*") if file.suffix in (".py", ".pyi")}
    faults, count = run(project)
    assert len(faults) == 1 and "no_such_function" in faults[0], "\n".join(faults)
    assert count >= len(files) > 5
