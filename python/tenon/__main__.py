# SPDX-License-Identifier: MIT
"""``python -m tenon`` and the console script ``tenon``: the command, with the plugins of other packages.

The command replaces the process of the interpreter, so that signals and the exit status are those of the command.
"""

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from tenon import _plugins


def command() -> Path:
    """The path of the command. SystemExit: the package was built without it."""
    path = Path(__file__).parent / "bin" / "tenon"
    if not path.exists():
        sys.exit(f"tenon: there is no {path}: this package was built without the command")
    return path


def environment() -> dict[str, str]:
    """The environment of this process, with the plugin folders of other packages in ``TENON_PLUGIN_PATH``."""
    variables = dict(os.environ)
    folders = [folder for folder in variables.get("TENON_PLUGIN_PATH", "").split(":") if folder] + _plugins.folders()
    if folders:
        variables["TENON_PLUGIN_PATH"] = ":".join(folders)
    return variables


def main() -> NoReturn:
    """Replaces this process by the command, with the same arguments."""
    path = command()
    variables = environment()
    # Python ignores these signals, and a new program inherits that.
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(path, [str(path), *sys.argv[1:]], variables)


if __name__ == "__main__":
    main()
