# SPDX-License-Identifier: MIT
"""Objects that read for the library: whose exception is raised."""

import io

import numpy as np
import pytest

from tenon import _context, _errors, _streams


class Breaks(io.BytesIO):
    fault = None

    def readinto(self, to):
        if self.fault is not None:
            raise self.fault
        return super().readinto(to)


def npz(**arrays):
    memory = io.BytesIO()
    np.savez(memory, **arrays)
    return memory.getvalue()


def test_a_file_object_raises_its_own_exception():
    file = Breaks(npz(a=np.arange(5), b=np.ones(3, np.float16)))
    made = _streams.open_input(file)
    assert isinstance(made.source, _streams.Reader)
    core = _context.context().open(made.source, format="npz", one_thread=made.one_thread)
    assert core.names() == ["a", "b"] and core.dtypes() == [9, 10]  # TENON_I64, TENON_F16
    file.fault = ConnectionError("the line is dead")
    for _ in range(2):
        with pytest.raises(ConnectionError) as caught:
            core.array(0)
        assert caught.value is file.fault and not isinstance(caught.value, _errors.TenonError)
    file.fault = None
    assert core.array(0).tolist() == [0, 1, 2, 3, 4]
