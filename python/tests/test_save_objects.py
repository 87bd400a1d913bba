# SPDX-License-Identifier: MIT
"""Saves to file objects and descriptors."""

import io
import os

import mlx.core as mx
import numpy as np
import pytest
import tenon


def bytes_of_numpy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_file_objects_are_written_from_where_they_are(tmp_path):
    file = io.BytesIO()
    file.write(b"head")
    tenon.save(file, np.arange(3))
    assert file.getvalue() == b"head" + bytes_of_numpy(np.arange(3))
    with open(tmp_path / "x.bin", "wb") as real:
        real.write(b"head")
        tenon.save(real, np.arange(3))
        real.write(b"tail")
    assert (tmp_path / "x.bin").read_bytes() == b"head" + bytes_of_numpy(np.arange(3)) + b"tail"


@pytest.mark.parametrize("save", [tenon.savez, tenon.savez_compressed])
def test_archives_go_to_file_objects(save):
    file = io.BytesIO()
    save(file, w=np.eye(2))
    file.seek(0)
    assert np.array_equal(np.load(file)["w"], np.eye(2))


def test_safetensors_and_gguf_go_to_file_objects(tmp_path):
    for save, name in ((tenon.save_safetensors, "a.safetensors"), (tenon.save_gguf, "a.gguf")):
        file = io.BytesIO()
        save(file, {"w": np.ones((2, 3), np.float32)})
        (tmp_path / name).write_bytes(file.getvalue())
        assert np.array_equal(np.array(mx.load(str(tmp_path / name))["w"]), np.ones((2, 3)))


def test_write_to_a_file_object_needs_a_format():
    with pytest.raises(ValueError, match="format"):
        tenon.write(io.BytesIO(), {"x": np.ones(3)})
    file = io.BytesIO()
    tenon.write(file, {"x": np.ones(3)}, format="npz")
    file.seek(0)
    assert np.load(file)["x"].tolist() == [1, 1, 1]


class Unseekable(io.RawIOBase):
    """Takes at most 7 bytes at once."""

    def __init__(self):
        self.taken = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.taken += bytes(data[:7])
        return min(len(data), 7)


def test_unseekable_objects_get_formats_that_stream():
    file = Unseekable()
    tenon.save(file, np.arange(30))
    assert bytes(file.taken) == bytes_of_numpy(np.arange(30))


def test_what_write_raises_reaches_the_caller():
    class Full(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            raise failure

    failure = OSError(28, "nothing fits any more")
    with pytest.raises(OSError) as caught:
        tenon.save(Full(), np.arange(30))
    assert caught.value is failure


def test_descriptors_are_written_and_stay_open(tmp_path):
    descriptor = os.open(tmp_path / "a", os.O_WRONLY | os.O_CREAT)
    try:
        tenon.save(descriptor, np.arange(3))
        os.write(descriptor, b"tail")
    finally:
        os.close(descriptor)
    assert (tmp_path / "a").read_bytes() == bytes_of_numpy(np.arange(3)) + b"tail"
