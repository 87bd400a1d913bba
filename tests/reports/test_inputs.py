# SPDX-License-Identifier: MIT
"""Every input, whatever it is, ends in order: no crash, no hang, a status that the manual names, and words if it is not 0."""

import inputs

# 59: 8 GB of holes, which verify reads. 11, 58 and 19 are large, and have tests of their own.
LARGE = ("59_huge.gguf",)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in LARGE)


def check_all(bench, folder):
    for path in files(folder):
        for command in (["ls"], ["ls", "--json", "-v"], ["ls", "--meta"], ["verify"], ["why"]):
            status, _, error = bench.run(*command, path)
            bench.check(status in (0, 1, 2), path.name, *command, "exits", status, error)
            bench.check(status == 0 or str(path.parent) in error or command[0] in ("why", "verify"), path.name, *command, "exits", status, error)


def test_numpy_and_safetensors(bench):
    check_all(bench, inputs.folder("numpy_safetensors"))


def test_gguf_and_mlx(bench):
    check_all(bench, inputs.folder("gguf_mlx"))
