# SPDX-License-Identifier: MIT
"""SIGINT, as Ctrl-C sends it, stops long calls. The target stays whole, and nothing is left beside it."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import tenon

# A program that works on a terabyte, of which memory and the disk have next to nothing: no machine ends it before the
# signal comes. It prints what came of the work.
PROGRAM = """
import os, signal, sys, threading, time
import numpy as np
import tenon

wide = np.broadcast_to(np.float32(0), (64, 1 << 32))

def many():
    return {f"a{i}": wide[i] for i in range(64)}

def interrupt_soon(seconds=0.1):
    def send():
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=send, daemon=True).start()

def run(work):
    try:
        work()
    except KeyboardInterrupt as stop:
        print("interrupted", type(stop) is KeyboardInterrupt)
    else:
        print("done")
"""


def run_program(tmp_path, text):
    source = textwrap.dedent(text)
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM + source], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split("\n")[:-1]


@pytest.fixture
def target(tmp_path):
    """A file that a save would replace."""
    folder = tmp_path / "target"
    folder.mkdir()
    tenon.savez(folder / "a.npz", x=np.arange(3))
    return folder / "a.npz"


def make_sparse(path, tensors, items):
    """A .safetensors file of float32 that takes no room on the disk."""
    sizes = [
        {"dtype": "F32", "shape": [items], "data_offsets": [4 * items * i, 4 * items * (i + 1)]} for i in range(tensors)
    ]
    header = json.dumps({f"x{i}": size for i, size in enumerate(sizes)}).encode()
    with open(path, "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + 4 * items * tensors)


def check_whole(target):
    assert os.listdir(target.parent) == ["a.npz"]
    with np.load(target) as file:
        assert file.files == ["x"] and file["x"].tolist() == [0, 1, 2]


def test_a_save(tmp_path, target):
    lines = run_program(tmp_path, "interrupt_soon(); run(lambda: tenon.savez_compressed('target/a.npz', **many()))")
    assert lines == ["interrupted True"]
    check_whole(target)


def test_a_save_of_one_array(tmp_path, target):
    lines = run_program(
        tmp_path,
        """
        interrupt_soon()
        run(lambda: tenon.write('target/a.npz', {'x': wide[0]}, options={'compression': 'deflate'}))
        """,
    )
    assert lines == ["interrupted True"]
    check_whole(target)


def test_a_save_that_shows_progress(tmp_path, target):
    """The signal is sent by the callable: it comes in the middle of the work, however fast that is."""
    lines = run_program(
        tmp_path,
        """
        main = threading.get_ident()
        def show(done, total):
            print(threading.get_ident() == main, done < total == 1 << 40)
            os.kill(os.getpid(), signal.SIGINT)
        run(lambda: tenon.write('target/a.npz', many(), options={'compression': 'deflate'}, progress=show))
        """,
    )
    assert lines == ["True True", "interrupted True"]
    check_whole(target)


def test_a_save_to_an_object(tmp_path):
    lines = run_program(
        tmp_path,
        """
        class Slow:
            def write(self, data):
                time.sleep(0.02)
                return len(data)
        interrupt_soon()
        run(lambda: tenon.write(Slow(), {"x": wide}, format="safetensors"))
        """,
    )
    assert lines == ["interrupted True"]


def test_a_writer(tmp_path, target):
    lines = run_program(
        tmp_path,
        """
        def work():
            with tenon.writer('target/a.npz', options={'compression': 'deflate'}) as w:
                arrays = [(name, array, 0, None, 0) for name, array in many().items()]
                w._writer.plan().add_arrays(arrays)  # without a copy
                interrupt_soon()
        run(work)
        """,
    )
    assert lines == ["interrupted True"]
    check_whole(target)


def test_a_tensor_that_is_added_to_a_writer(tmp_path, target):
    lines = run_program(
        tmp_path,
        """
        def work():
            with tenon.writer('target/a.npz') as w:
                interrupt_soon(0.03)
                w.add('x', np.zeros(1 << 29, np.float32))
        run(work)
        """,
    )
    assert lines == ["interrupted True"]
    check_whole(target)


def test_a_load(tmp_path):
    make_sparse(tmp_path / "a.safetensors", 1, 1 << 29)
    lines = run_program(tmp_path, "interrupt_soon(0.03); run(lambda: tenon.load('a.safetensors'))")
    assert lines == ["interrupted True"]


def test_a_conversion(tmp_path, target):
    make_sparse(tmp_path / "a.safetensors", 64, 1 << 28)
    lines = run_program(
        tmp_path,
        """
        interrupt_soon()
        run(lambda: tenon.convert('a.safetensors', 'target/a.npz', options={'compression': 'deflate'}))
        """,
    )
    assert lines == ["interrupted True"]
    check_whole(target)


def test_a_check(tmp_path):
    make_sparse(tmp_path / "a.safetensors", 64, 1 << 28)
    lines = run_program(tmp_path, "interrupt_soon(); run(lambda: tenon.verify('a.safetensors'))")
    assert lines == ["interrupted True"]


def test_a_read_of_one_tensor(tmp_path):
    make_sparse(tmp_path / "a.safetensors", 1, 1 << 29)
    lines = run_program(
        tmp_path, "f = tenon.open('a.safetensors'); interrupt_soon(0.03); run(lambda: f.read('x0', copy=True))"
    )
    assert lines == ["interrupted True"]


def test_handlers_run_while_a_save_goes_on(tmp_path, target):
    lines = run_program(
        tmp_path,
        """
        handled = []
        def handle(number, frame):
            handled.append(number)
            print("handled")
            if len(handled) == 3:
                raise KeyboardInterrupt
            interrupt_soon()
        signal.signal(signal.SIGINT, handle)
        interrupt_soon()
        run(lambda: tenon.savez_compressed('target/a.npz', **many()))
        """,
    )
    assert lines == ["handled", "handled", "handled", "interrupted True"]
    check_whole(target)


def test_what_a_handler_raises_is_raised(tmp_path, target):
    lines = run_program(
        tmp_path,
        """
        class Enough(Exception):
            pass
        def handle(number, frame):
            raise Enough
        signal.signal(signal.SIGUSR1, handle)
        threading.Thread(target=lambda: (time.sleep(0.1), os.kill(os.getpid(), signal.SIGUSR1)), daemon=True).start()
        try:
            tenon.savez_compressed('target/a.npz', **many())
        except Enough:
            print("enough")
        """,
    )
    assert lines == ["enough"]
    check_whole(target)


def test_a_save_on_another_thread_goes_on(tmp_path):
    """Python's main thread alone gets the signal."""
    lines = run_program(
        tmp_path,
        """
        little = {f"a{i}": wide[i, :1 << 22] for i in range(16)}
        thread = threading.Thread(target=lambda: run(lambda: tenon.savez_compressed('b.npz', **little)))
        thread.start()
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        except KeyboardInterrupt:
            print("main")
        thread.join()
        """,
    )
    assert sorted(lines) == ["done", "main"]
    with tenon.open(tmp_path / "b.npz") as file:
        assert file.tensors["a15"].shape == (1 << 22,)


def test_the_wait_for_another_save(tmp_path):
    """A save that adds to a file holds its lock from the beginning to the end, which this one does not see."""
    tenon.savez(tmp_path / "a.npz", x=np.arange(3))
    add = """
def tell(done, total):
    print('held', flush=True)
tenon.write('a.npz', many(), append=True, options={'compression': 'deflate'}, progress=tell)
"""
    (tmp_path / "holder.py").write_text(PROGRAM + add)
    lines = run_program(
        tmp_path,
        """
        import subprocess, sys
        process = subprocess.Popen([sys.executable, "holder.py"], stdout=subprocess.PIPE)
        print(process.stdout.readline().decode().strip())
        interrupt_soon()
        run(lambda: tenon.savez("a.npz", z=np.zeros(1)))
        process.kill()
        process.wait()
        run(lambda: tenon.savez("a.npz", z=np.zeros(1)))
        print(np.load("a.npz").files)
        """,
    )
    assert lines == ["held", "interrupted True", "done", "['z']"]


def test_after_an_interrupt_all_works(tmp_path):
    lines = run_program(
        tmp_path,
        """
        interrupt_soon()
        run(lambda: tenon.savez_compressed('a.npz', **many()))
        run(lambda: tenon.savez_compressed('a.npz', x=np.arange(1 << 20)))
        print(int(tenon.load('a.npz')['x'][-1]))
        """,
    )
    assert lines == ["interrupted True", "done", str((1 << 20) - 1)]
