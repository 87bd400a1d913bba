# SPDX-License-Identifier: MIT
"""Threads that use one file at once, also while it is closed."""

import threading

import numpy as np
import pytest
import tenon

THREADS = 8
ARRAYS = {f"t{i}": np.full((50, 40), i, "f4") for i in range(40)}


def together(work, *arguments):
    """Runs work (number, …) on threads that start at once; raises the first failure."""
    failures = []
    gate = threading.Barrier(THREADS)

    def run(number):
        gate.wait()
        try:
            work(number, *arguments)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@pytest.fixture(params=["x.safetensors", "x.gguf", "x.npz", "deflated.npz", "x.pt"])
def path(request, tmp_path):
    path = tmp_path / request.param
    tenon.write(path, ARRAYS, options={"npz.compression": "deflate"} if "deflated" in request.param else None)
    return path


def test_one_file(path):
    with tenon.open(path) as file:

        def work(number):
            for _ in range(3):
                for name in list(file)[number::2]:
                    expected = ARRAYS[name]
                    assert np.array_equal(file[name], expected)
                    assert np.array_equal(file.read(name, (slice(3, 9), slice(None, None, 2))), expected[3:9, ::2])
                assert np.array_equal(file.read(name, copy=True), expected)
                assert len(file.metadata) >= 0 and len(file.tensors) == len(ARRAYS)

        together(work)


def test_close_meanwhile(path):
    """Each call gives the right array, or says that the file is closed. Arrays that were given stay."""
    for _ in range(5):
        file = tenon.open(path)
        views = []

        def work(number, file=file, views=views):
            try:
                for i in range(200):
                    name = f"t{(i * 7 + number) % 40}"
                    views.append((name, np.asarray(file[name])))
                    if number == 0 and i == 20:
                        file.close()
            except ValueError as error:
                assert "closed" in str(error)

        together(work)
        for name, view in views:
            assert np.array_equal(view, ARRAYS[name])


def test_loads_and_saves(path, tmp_path):
    def work(number):
        loaded = tenon.load(path)
        target = tmp_path / f"{number}{path.suffix}"
        tenon.write(target, loaded)
        assert all(np.array_equal(array, ARRAYS[name]) for name, array in tenon.load(target).items())

    together(work)


def test_one_target(tmp_path):
    """Saves of one file wait for each other; the file is whole at each moment."""
    target = tmp_path / "x.npz"
    tenon.savez(target, a=np.full(1000, 0))

    def work(number):
        for _ in range(5):
            tenon.savez(target, a=np.full(1000, number))
            (value,) = set(tenon.load(target)["a"].tolist())
            assert 0 <= value < THREADS

    together(work)
    assert [file.name for file in tmp_path.iterdir()] == ["x.npz"]
