# SPDX-License-Identifier: MIT
"""Processes that read what another one opened: as the workers of a data loader do, forked or spawned."""

import multiprocessing
import os
import pickle
import threading

import numpy as np
import pytest
import tenon

ARRAYS = {f"t{i}": np.full((100, 120), i, "f4") for i in range(40)}
FORMATS = ["x.safetensors", "x.gguf", "x.npz", "deflated.npz", "x.pt"]


@pytest.fixture(params=FORMATS)
def path(request, tmp_path):
    path = tmp_path / request.param
    tenon.write(path, ARRAYS, options={"npz.compression": "deflate"} if "deflated" in request.param else None)
    return path


def in_child(work):
    """Runs work () in a forked process. It has a minute: a child that waits for a thread that it has not hangs."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            import faulthandler

            faulthandler.dump_traceback_later(60, exit=True)
            work()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def wait_for(child):
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def check_all(file):
    for name, expected in ARRAYS.items():
        assert np.array_equal(file[name], expected)
        assert np.array_equal(file.read(name, (slice(3, 9),), copy=True), expected[3:9])
    assert all(np.array_equal(array, ARRAYS[name]) for name, array in file.read_many(copy=True).items())


def test_one_open_file(path):
    """Four children and their parent read one File at once, after the threads of the library have begun."""
    with tenon.open(path) as file:
        view = file["t7"]
        check_all(file)
        children = [in_child(lambda: check_all(file)) for _ in range(4)]
        check_all(file)
        for child in children:
            wait_for(child)
        wait_for(in_child(lambda: np.testing.assert_array_equal(view, ARRAYS["t7"])))
        wait_for(in_child(file.close))
        check_all(file)


def test_child_opens_and_saves(path, tmp_path):
    tenon.load(path)

    def work():
        loaded = tenon.load(path)
        options = {"npz.compression": "deflate"} if path.suffix == ".npz" else None
        tenon.write(tmp_path / f"again{path.suffix}", loaded, options=options)

    wait_for(in_child(work))
    with tenon.open(tmp_path / f"again{path.suffix}") as file:
        check_all(file)


def test_fork_while_threads_read(path):
    """A child that is forked in the middle of the reads of other threads does not inherit their locks."""
    with tenon.open(path) as file:
        stop = threading.Event()

        def work():
            while not stop.is_set():
                file.read_many(copy=True)

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(3):
                wait_for(in_child(lambda: check_all(file)))
        finally:
            stop.set()
            for thread in threads:
                thread.join()


class Dataset:
    """As that of a data loader: it opens a file once, and is sent to the workers."""

    def __init__(self, path):
        self.file = tenon.open(path)

    def __getitem__(self, index):
        return float(np.asarray(self.file[f"t{index}"])[5, 6])


_dataset = None


def _keep(dataset):
    global _dataset
    _dataset = dataset


def _item(index):
    return _dataset[index]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers(method, tmp_path):
    path = tmp_path / "x.safetensors"
    tenon.write(path, ARRAYS)
    dataset = Dataset(path)
    assert dataset[3] == 3.0
    with multiprocessing.get_context(method).Pool(4, _keep, (dataset,)) as pool:
        assert pool.map(_item, range(40)) == [float(i) for i in range(40)]
    assert dataset[4] == 4.0


def test_pickle(path, monkeypatch):
    with tenon.open(path) as file:
        data = pickle.dumps(file)
        monkeypatch.chdir("/")
        with pickle.loads(data) as other:
            check_all(other)
