# SPDX-License-Identifier: MIT
"""``python -m tenon`` and the console script ``tenon``: the command of the package, with the plugins of other packages.

The command takes the place of the interpreter, so that signals and the exit status are its own.
"""

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from tenon import _plugins


def command() -> Path:
    """The program; ``SystemExit`` if the package was built without it."""
    path = Path(__file__).parent / "bin" / "tenon"
    if not path.exists():
        sys.exit(f"tenon: there is no {path}: this package was built without the command")
    return path


def environment() -> dict[str, str]:
    """The variables of the program: those of this process, and ``TENON_PLUGIN_PATH`` with the folders of other packages."""
    variables = dict(os.environ)
    folders = [folder for folder in variables.get("TENON_PLUGIN_PATH", "").split(":") if folder] + _plugins.folders()
    if folders:
        variables["TENON_PLUGIN_PATH"] = ":".join(folders)
    return variables


def main() -> NoReturn:
    """Runs the command with the arguments of this process; does not return."""
    path = command()
    variables = environment()
    # Python ignores these signals, and a program inherits that.
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(path, [str(path), *sys.argv[1:]], variables)


if __name__ == "__main__":
    main()
