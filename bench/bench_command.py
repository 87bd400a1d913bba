# SPDX-License-Identifier: MIT
"""The command tenon: what it takes beside the library."""
import subprocess

import gguf
import measure
import numpy as np
from arrays import expert_names
from safetensors.numpy import save_file


def run(*words):
    return lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def listing(bench):
    """The whole command, its start included, beside opening and getting each tensor in a process that has opened the file before."""
    count = 100000 // bench.scale
    path, zero = bench.path("many.safetensors"), np.zeros(1, "f4")
    save_file({name: zero for name in expert_names(count)}, path)
    opened = bench.list_program(path, 5)
    for words in (("ls",), ("ls", "--json"), ("ls", "-l")):
        bench.compare(f"tenon {' '.join(words)} of {count:,} tensors", run(bench.command, *words, path), opened, "open and list in C",
                      "<= 3" if "-l" not in words else "<= -", 0, bench.rounds(9), readme="--json" in words)


def write_metadata(path, add):
    """Writes a gguf file without tensors; `add` adds entries to the writer."""
    writer = gguf.GGUFWriter(path, "llama")
    add(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def strings(bench):
    """Lists an array of strings: memory must not grow with their number."""
    def written(count):
        tokens = [f"token{i}" for i in range(count)]
        return write_metadata(bench.path(f"{count}.gguf"), lambda writer: writer.add_array("tokenizer.ggml.tokens", tokens))

    count = 1000000 // bench.scale
    many, few = written(count), written(10000)
    for words in (("ls", "--meta"), ("ls", "--json")):
        title = f"tenon {' '.join(words)}, {count:,} strings"
        bench.row(f"most memory of {title}", "10,000 strings", "<= 1.5", [bench.peak(bench.command, *words, many)],
                  [bench.peak(bench.command, *words, few)], "bytes", readme="--meta" in words)
        bench.limited(title, run(bench.command, *words, many), "-", bench.rounds(3))


def entries(bench):
    """Lists entries that are strings."""
    count = 100000 // bench.scale

    def add(writer):
        for i in range(count):
            writer.add_string(f"entry.{i}", f"value {i}")

    path = write_metadata(bench.path("entries.gguf"), add)
    bench.compare(f"tenon ls --meta, {count:,} entries", run(bench.command, "ls", "--meta", path), bench.list_program(path, 5),
                  "open in C", "<= -", 0, bench.rounds(5))


if __name__ == "__main__":
    measure.main({"command.ls": listing, "command.strings": strings, "command.entries": entries})
