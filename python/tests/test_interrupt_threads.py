# SPDX-License-Identifier: MIT
"""Ctrl-C concerns the main thread: what other threads save goes on, and what they read stays right."""

import subprocess
import sys
import textwrap

BEGIN = """
    import os, signal, sys, threading
    import numpy as np
    import tenon

    array = np.random.default_rng(0).integers(0, 4, 24 << 20, "u1")
    fast = {"npz.compression": "deflate"}
    slow = {"npz.compression": "deflate", "npz.level": 6}  # takes seconds

    def interrupt(done, total, sent=[]):
        if done > 0 and not sent:
            sent.append(done)
            os.kill(os.getpid(), signal.SIGINT)
"""


def run(program, folder):
    source = textwrap.dedent(BEGIN) + textwrap.dedent(program)
    result = subprocess.run([sys.executable, "-c", source], cwd=folder, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


def test_another_thread_saves(tmp_path):
    """The signal, which comes in the middle of the save, ends the wait of the main thread, and not the save."""
    program = """
        saved = threading.Event()  # an interrupted join takes the thread for ended, in CPython 3.11

        def save():
            tenon.write("x.npz", {"a": array}, options=fast, progress=interrupt)
            saved.set()

        threading.Thread(target=save).start()
        try:
            saved.wait()
        except KeyboardInterrupt:
            print("interrupted")
        saved.wait()
        print(np.array_equal(tenon.load("x.npz")["a"], array))
    """
    assert run(program, tmp_path) == ["interrupted", "True"]


def test_the_main_thread_saves(tmp_path):
    """The save ends and leaves the old file; threads that read meanwhile go on."""
    program = """
        tenon.write("x.npz", {"a": array[:1000]})
        stop, wrong = threading.Event(), []

        def read():
            with tenon.open("x.npz") as file:
                while not stop.is_set():
                    if not np.array_equal(file.read("a", copy=True), array[:1000]):
                        wrong.append(1)

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            tenon.write("x.npz", {"a": array}, options=slow, progress=interrupt)
            print("saved")
        except KeyboardInterrupt:
            print("interrupted")
        stop.set()
        for thread in threads:
            thread.join()
        print(not wrong, len(tenon.load("x.npz")["a"]), os.listdir("."))
    """
    assert run(program, tmp_path) == ["interrupted", "True", "1000", "['x.npz']"]
