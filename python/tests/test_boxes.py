# SPDX-License-Identifier: MIT
"""Indexes as boxes, against NumPy's own indexing of an array in memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tenon._boxes import find_box

WHOLE = np.arange(4 * 5 * 6).reshape(4, 5, 6)


def read(box, whole):
    """The box that the library reads, and the rest of the index."""
    assert all(step >= 1 for step in box.steps)
    for start, count, step, dim in zip(box.starts, box.counts, box.steps, whole.shape, strict=True):
        assert count == 0 or 0 <= start and start + (count - 1) * step < dim
    cut = tuple(slice(a, a + n * s, s) for a, n, s in zip(box.starts, box.counts, box.steps))
    return whole[cut][box.rest]


@pytest.mark.parametrize(
    "index",
    [
        (),
        0,
        -1,
        3,
        np.int64(2),
        (1, 2),
        (1, 2, 3),
        (-1, -1, -1),
        slice(1, 3),
        slice(None, None, -1),
        slice(3, 0, -2),
        slice(2, 2),
        slice(10, 20),
        slice(-100, 100),
        Ellipsis,
        (Ellipsis, 1),
        (1, Ellipsis),
        (0, Ellipsis, 0),
        (Ellipsis, slice(None, None, 4)),
        None,
        (None, 1, None),
        (Ellipsis, None),
        (slice(None), None, slice(4, None, -3)),
        (1, 2, 3, Ellipsis),
        np.array(2).item(),
    ],
    ids=repr,
)
def test_same_as_numpy(index):
    expected = WHOLE[index]
    found = read(find_box(index, WHOLE.shape), WHOLE)
    assert np.shape(found) == np.shape(expected)
    assert np.array_equal(found, expected)
    assert isinstance(found, np.ndarray) == isinstance(expected, np.ndarray)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_index(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=7))
    whole = np.arange(int(np.prod(shape))).reshape(shape)
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True))
    found = read(find_box(index, shape), whole)
    assert np.array_equal(found, whole[index]) and np.shape(found) == np.shape(whole[index])


@pytest.mark.parametrize(
    "index",
    [4, -5, (0, 5), (0, 0, 6), (0, 0, 0, 0), (Ellipsis, Ellipsis), slice(0, 1, 0), (0, 0, 0, slice(None))],
    ids=repr,
)
def test_errors_are_those_of_numpy(index):
    with pytest.raises((IndexError, ValueError)) as expected:
        WHOLE[index]
    with pytest.raises(expected.type) as found:
        find_box(index, WHOLE.shape)
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize(
    "index",
    [[0, 1], np.array([1]), (0, [1, 2]), True, np.True_, np.ones(4, bool), (slice(None), (1, 2)), "name", 1.5],
    ids=repr,
)
def test_lists_and_masks_are_no_boxes(index):
    assert find_box(index, WHOLE.shape) is None


def test_counts():
    assert find_box((slice(None, None, -1), Ellipsis), (4, 5)).counts == (4, 5)
    assert find_box((slice(1, None),), (4, 5)).counts == (3, 5)
    assert find_box((), ()).counts == ()


def test_large_shapes_cost_nothing():
    box = find_box((slice(None, 2), -1), (1 << 40, 1 << 20))
    assert (box.starts, box.counts, box.steps) == ((0, (1 << 20) - 1), (2, 1), (1, 1))
