# SPDX-License-Identifier: MIT
"""The results of f[name], f.read and f.read_many: views, boxes, casts, lazy arrays, arrays of the program."""

import gc
import io
import os
import pickle
import weakref

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
import tenon
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

DTYPES = "bool u1 u2 u4 u8 i1 i2 i4 i8 f2 f4 f8 c8 c16".split()
SHAPES = [(), (1,), (23,), (3, 4, 5), (0,), (4, 0, 2), (4, 6, 3, 1, 2)]
WHOLE = np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
KINDS = ["mapped", "deflate", "big", "fortran", "fortran big"]


def make(dtype, shape):
    return (np.arange(int(np.prod(shape))) % 7 - (0 if dtype[0] in "bu" else 3)).astype(dtype).reshape(shape)


def save(folder, kind, array=WHOLE):
    """A file with the tensor x, stored in one of the ways of KINDS."""
    path = folder / "x.npy"
    if kind == "deflate":
        np.savez_compressed(folder / "x.npz", x=array)
        return folder / "x.npz"
    array = np.asfortranarray(array).reshape(array.shape) if "fortran" in kind else array
    np.save(path, array.astype(array.dtype.newbyteorder(">")) if "big" in kind else array)
    return path


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_all_dtypes(tmp_path, kind, shape):
    for dtype in DTYPES:
        array = make(dtype, shape)
        with tenon.open(save(tmp_path, kind, array)) as f:
            for found in (
                f["x"],
                f.read("x"),
                f.read("x", copy=True),
                f.read("x", Ellipsis),
                f.read_many()["x"],
                f.read_many(copy=True)["x"],
            ):
                assert found.dtype == array.dtype and found.shape == shape and found.dtype.isnative
                assert np.array_equal(found, array)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        (1, 2),
        (1, 2, 3),
        slice(1, 3),
        slice(None, None, -1),
        (slice(None), slice(None, None, 2)),
        (Ellipsis, slice(4, None, -2)),
        (slice(3, 0, -2), 1),
        (None, 1, Ellipsis),
        (slice(2, 2),),
        (),
        [0, 2],
        np.array([True, False, True, False]),
        (slice(1, 3), [4, 0]),
        WHOLE > 50,
        (np.int64(1), np.uint8(2)),
        (slice(-100, 100), -1),
        (0, 0, 0, Ellipsis),
    ],
    ids=lambda index: str(index)[:30],
)
def test_indexes(tmp_path, kind, index):
    expected = WHOLE[index]
    with tenon.open(save(tmp_path, kind)) as f:
        for found in (f["x"][index], f.read("x", index), f.tensors["x"][index], f.read("x", index, copy=True)):
            assert type(found) is type(expected) and found.dtype == expected.dtype and np.array_equal(found, expected)
        cast = f.read("x", index, dtype="f64")
        assert cast.dtype == np.float64 and np.array_equal(cast, expected)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_box(tmp_path_factory, data):
    array = data.draw(hnp.arrays(np.int16, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6)))
    index = data.draw(hnp.basic_indices(array.shape, allow_newaxis=True))
    for kind in ("deflate", "fortran big"):
        with tenon.open(save(tmp_path_factory.mktemp("box"), kind, array)) as f:
            assert np.array_equal(f["x"][index], array[index])


@pytest.mark.parametrize("kind", ["mapped", "deflate"])
@pytest.mark.parametrize(
    "index", [4, -5, (0, 5), (0, 0, 6), (0, 0, 0, 0), (Ellipsis, Ellipsis), "name", 1.5, [9]], ids=str
)
def test_errors_of_indexes(tmp_path, kind, index):
    with pytest.raises((IndexError, ValueError)) as expected:
        WHOLE[index]
    with tenon.open(save(tmp_path, kind)) as f:
        for take in (lambda: f["x"][index], lambda: f.read("x", index)):
            with pytest.raises(expected.type) as found:
                take()
            assert str(found.value) == str(expected.value)


# ---- views -----------------------------------------------------------------------------------------------


def test_views_are_read_only(tmp_path):
    path = save(tmp_path, "mapped")
    with tenon.open(path) as f:
        for view in (f["x"], f.read("x"), f.read("x", slice(1, 2)), f.read_many()["x"]):
            assert not view.flags.writeable and view.base is not None
            with pytest.raises(ValueError):
                view[0] = 1
        own = f.read("x", copy=True)
        own[:] = 0
        own = f.read("x", (1, 2), copy=True)
        own[:] = 0
        assert np.array_equal(f["x"], WHOLE)


def test_fortran_is_mapped(tmp_path):
    with tenon.open(save(tmp_path, "fortran")) as f:
        assert isinstance(f["x"], np.ndarray) and f["x"].flags.f_contiguous and not f["x"].flags.c_contiguous


def test_copy_on_write(tmp_path):
    path = save(tmp_path, "mapped")
    before = path.read_bytes()
    with tenon.open(path, mode="c") as f:
        first, second = f["x"], f["x"]
        first[:] = -1
        assert np.array_equal(second, WHOLE) and np.array_equal(f["x"], WHOLE)
        part = f.read("x", (slice(None), 1))
        part += 1
    assert (first == -1).all() and np.array_equal(part, WHOLE[:, 1] + 1) and path.read_bytes() == before


@pytest.mark.parametrize("mode", ["r", "c"])
def test_views_outlive_the_file(tmp_path, mode):
    """After the file is closed, replaced and forgotten."""
    path = save(tmp_path, "mapped")
    with tenon.open(path, mode=mode) as f:
        view = f["x"]
        part = view[1:, ::2]
    np.save(tmp_path / "new.npy", np.zeros(3))
    os.replace(tmp_path / "new.npy", path)
    del f
    gc.collect()
    assert np.array_equal(view, WHOLE)
    del view
    gc.collect()
    assert np.array_equal(part, WHOLE[1:, ::2])


def test_file_is_freed(tmp_path):
    f = tenon.open(save(tmp_path, "mapped"))
    gone = weakref.ref(f)
    view = f["x"]
    del f
    gc.collect()
    assert gone() is None and np.array_equal(view, WHOLE)


# ---- lazily ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["deflate", "big"])
def test_lazy(tmp_path, kind):
    with tenon.open(save(tmp_path, kind)) as f:
        lazy = f["x"]
        assert isinstance(lazy, tenon.LazyArray) and not isinstance(lazy, np.ndarray)
        assert (lazy.name, lazy.shape, lazy.dtype, lazy.ndim, lazy.size, lazy.nbytes, lazy.itemsize, len(lazy)) == (
            "x",
            (4, 5, 6),
            np.float32,
            3,
            120,
            480,
            4,
            4,
        )
        assert "not read yet" in repr(lazy)
        assert np.array_equal(lazy[1:3, ::2], WHOLE[1:3, ::2]) and "not read yet" in repr(lazy)
        whole = np.asarray(lazy)
        assert (
            np.array_equal(whole, WHOLE)
            and np.shares_memory(np.asarray(lazy), whole)
            and not whole.flags.writeable
            and repr(lazy) == repr(whole)
        )
        with pytest.raises(ValueError):
            lazy[0] = 1
    assert np.array_equal(lazy[0], WHOLE[0])


def test_lazy_as_an_array(tmp_path):
    with tenon.open(save(tmp_path, "deflate")) as f:

        def take():
            return f["x"]

        assert (
            np.array_equal(take() + 1, WHOLE + 1)
            and np.array_equal(2 * take(), 2 * WHOLE)
            and np.array_equal(-take(), -WHOLE)
        )
        assert np.array_equal(take() > take() - 1, np.ones(WHOLE.shape, bool)) and np.array_equal(
            np.sqrt(take()), np.sqrt(WHOLE)
        )
        assert (
            take().mean() == WHOLE.mean()
            and np.sum(take(), axis=0).tolist() == WHOLE.sum(axis=0).tolist()
            and np.max(take()) == 119
        )
        assert take().T.shape == (6, 5, 4) and take().reshape(-1).tolist() == WHOLE.reshape(-1).tolist()
        assert take().astype(np.int32).dtype == np.int32 and np.asarray(take(), np.float64).dtype == np.float64
        assert np.array_equal(np.from_dlpack(f.read("x", copy=True)), WHOLE) and np.array_equal(
            np.concatenate([take(), take()]), np.concatenate([WHOLE] * 2)
        )
        assert np.array(take()).flags.writeable and np.array(take(), copy=True).flags.writeable
        assert 119 in take() and [row.shape for row in take()] == [(5, 6)] * 4
        assert np.array_equal(pickle.loads(pickle.dumps(take())), WHOLE)
        total = np.zeros_like(WHOLE)
        np.add(total, take(), out=total)
        assert np.array_equal(total, WHOLE)
        with pytest.raises(AttributeError):
            take().nothing  # noqa: B018
        with pytest.raises(ValueError):
            np.array(take(), np.float64, copy=False)


def test_lazy_copy_on_write(tmp_path):
    with tenon.open(save(tmp_path, "deflate"), mode="c") as f:
        lazy = f["x"]
        lazy[0] = -1
        assert (
            (np.asarray(lazy)[0] == -1).all() and np.array_equal(lazy[1:], WHOLE[1:]) and np.array_equal(f["x"], WHOLE)
        )


def test_lazy_scalars(tmp_path):
    np.savez_compressed(tmp_path / "s.npz", i=np.array(3), f=np.array(2.5), c=np.array(1j), b=np.array(True))
    with tenon.open(tmp_path / "s.npz") as f:
        assert (
            int(f["i"]) == 3
            and float(f["f"]) == 2.5
            and complex(f["c"]) == 1j
            and bool(f["b"])
            and range(5)[f["i"]] == 3
        )
        assert f["i"][()] == 3 and f["i"].shape == ()


def test_lazy_closed(tmp_path):
    with tenon.open(save(tmp_path, "deflate")) as f:
        lazy = f["x"]
    for use in (np.asarray, lambda x: x[0], lambda x: x.sum()):
        with pytest.raises(ValueError, match="'x' cannot be mapped, and its file was closed before it was read"):
            use(lazy)


# ---- casts, and arrays of the program --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["mapped", "deflate", "fortran big"])
def test_casts(tmp_path, kind):
    with tenon.open(save(tmp_path, kind)) as f:
        for dtype, expected in (
            ("f64", np.float64),
            (np.float16, np.float16),
            ("int32", np.int32),
            (np.dtype("u1"), np.uint8),
            ("bf16", ml_dtypes.bfloat16),
            (ml_dtypes.bfloat16, ml_dtypes.bfloat16),
        ):
            found = f.read("x", dtype=dtype)
            assert found.dtype == expected and np.array_equal(found, WHOLE.astype(expected))
            assert f.read_many(dtype=dtype)["x"].dtype == expected
        assert f.read("x", dtype="f32").dtype == np.float32
        with pytest.raises((KeyError, TypeError, ValueError)):
            f.read("x", dtype="f33")


@pytest.mark.parametrize("kind", KINDS)
def test_out(tmp_path, kind):
    with tenon.open(save(tmp_path, kind)) as f:
        for out in (
            np.empty((4, 5, 6), np.float32),
            np.empty((4, 5, 6), np.float64),
            np.empty((6, 5, 4), np.float32).T,
            np.empty((8, 5, 12), np.int16)[::-2, :, ::2],
            np.empty((4, 5, 6), ">f4"),
            np.empty((4, 5, 6), ml_dtypes.bfloat16),
        ):
            assert f.read("x", out=out) is out and np.array_equal(out.astype(np.float32), WHOLE)
        out = np.empty((4, 3), np.float32)
        assert f.read("x", (slice(None), 1, slice(None, None, 2)), out=out) is out and np.array_equal(
            out, WHOLE[:, 1, ::2]
        )
        outs = {"x": np.empty((4, 5, 6), np.float32)}
        assert f.read_many(out=outs)["x"] is outs["x"] and np.array_equal(outs["x"], WHOLE)


def test_conversions_are_those_of_the_library(tmp_path):
    """Towards zero, and to the nearest number that there is, in every way to get them."""
    array = np.array([2.5, -2.7, 300, -1, np.nan, 1e20], np.float32)
    expected = {np.int32: [2, -2, 300, -1, 0, 2**31 - 1], np.uint8: [2, 0, 255, 0, 0, 255]}
    np.save(tmp_path / "x.npy", array)
    np.save(tmp_path / "big.npy", array.astype(">f4"))
    for name in ("x", "big"):
        with tenon.open(tmp_path / f"{name}.npy") as f:
            for dtype, numbers in expected.items():
                assert f.read(name, dtype=dtype).tolist() == numbers
                assert f.read(name, slice(None), dtype=dtype).tolist() == numbers
                assert f.read_many(dtype=dtype)[name].tolist() == numbers
                for out in (
                    np.zeros(6, dtype),
                    np.zeros(6, np.dtype(dtype).newbyteorder(">")),
                    np.zeros(12, dtype)[::-2],
                ):
                    assert f.read(name, out=out).tolist() == numbers
                    assert f.read_many(out={name: out})[name].tolist() == numbers
                    assert f.read(name, slice(1, 3), out=out[:2]).tolist() == numbers[1:3]


def test_out_is_refused(tmp_path):
    with tenon.open(save(tmp_path, "mapped")) as f:
        frozen = np.empty((4, 5, 6), np.float32)
        frozen.flags.writeable = False
        for out, error in ((np.empty((4, 5, 7), np.float32), ValueError), (frozen, ValueError), ([0.0], TypeError)):
            with pytest.raises(error):
                f.read("x", out=out)
        with pytest.raises(ValueError):
            f.read("x", 0, out=np.empty((6, 5), np.float32))
        with pytest.raises(ValueError):
            f.read_many("x", out={})
        with pytest.raises(KeyError):
            f.read_many(out={"y": np.empty(3)})


def test_read_many(tmp_path):
    arrays = {f"blk.{i}.{part}": np.full(3, i, np.float32) for i in range(12) for part in ("weight", "bias")}
    safetensors.numpy.save_file(arrays, tmp_path / "m.safetensors")
    with tenon.open(tmp_path / "m.safetensors") as f:
        everything = list(f)
        assert list(f.read_many()) == everything
        assert list(f.read_many("blk.3.*")) == [name for name in everything if name.startswith("blk.3.")]
        assert list(f.read_many(["blk.7.bias", "blk.1?.weight"])) == ["blk.7.bias"] + [
            n for n in everything if n in ("blk.10.weight", "blk.11.weight")
        ]
        assert list(f.read_many(["!*.bias"])) == [name for name in everything if not name.endswith(".bias")]
        assert list(f.read_many(["blk.1.*", "!*.bias"])) == ["blk.1.weight"]
        assert f.read_many([]) == {}
        for name, array in f.read_many("*weight", copy=True).items():
            assert np.array_equal(array, arrays[name]) and array.flags.writeable
        with pytest.raises(KeyError):
            f.read_many(["blk.3.*", "none"])


def test_progress(tmp_path):
    calls = []
    with tenon.open(save(tmp_path, "deflate")) as f:
        f.read_many(progress=lambda done, total: calls.append((done, total)))
        f.read("x", progress=False)
        with pytest.raises(TypeError):
            f.read("x", progress=3)
    assert all(done <= total for done, total in calls)


class Plain:
    """A file object that has no descriptor."""

    def __init__(self, path):
        self.file = io.BytesIO(path.read_bytes())

    def read(self, size=-1):
        return self.file.read(size)

    def seek(self, offset, whence=0):
        return self.file.seek(offset, whence)

    def tell(self):
        return self.file.tell()


def test_nothing_can_be_mapped(tmp_path):
    """Of a file object everything is read, and boxes alone."""
    small = np.arange(16).astype(ml_dtypes.bfloat16).reshape(4, 4)
    q = tenon.QuantizedArray.quantize(np.arange(256).reshape(4, 64) / 256, "q8_0")
    tenon.write(tmp_path / "m.gguf", {"x": WHOLE, "b": small, "q": q})
    whole = q.dequantize()
    for mode in ("r", "c"):
        with tenon.open(Plain(tmp_path / "m.gguf"), mode=mode) as f:
            assert (
                isinstance(f["x"], tenon.LazyArray)
                and isinstance(f["b"], tenon.LazyArray)
                and f["b"].dtype == small.dtype
            )
            assert np.array_equal(f["x"], WHOLE) and np.array_equal(f["x"][1, ::-2], WHOLE[1, ::-2])
            assert np.array_equal(f["b"][::2, 1], small[::2, 1]) and np.array_equal(f.read_many()["b"], small)
            assert f["q"] == q and f.read("q", slice(1, None, 2)) == q[1::2] and f.tensors["q"][2] == q[2]
            assert np.array_equal(f.read("q", (slice(1, 3), slice(5, 40, 7)), dtype="f32"), whole[1:3, 5:40:7])
            with pytest.raises(IndexError):
                f.read("q", (0, slice(0, 32)))


class Counting(Plain):
    """Counts the bytes that are read."""

    count = 0

    def read(self, size=-1):
        data = super().read(size)
        self.count += len(data)
        return data


@pytest.mark.parametrize("how", [{}, {"mode": "c"}, {"framework": "mlx"}], ids=str)
def test_a_box_is_read_alone(tmp_path, how):
    np.save(tmp_path / "x.npy", np.arange(1 << 20, dtype=np.int32).reshape(1024, 1024))
    source = Counting(tmp_path / "x.npy")
    with tenon.open(source, **how) as f:
        source.count = 0
        name = next(iter(f))
        assert f.read(name, (slice(100, 102), slice(None, 5)))[1].tolist() == list(range(101 << 10, (101 << 10) + 5))
        assert f.tensors[name][7].tolist() == list(range(7 << 10, 8 << 10))
        assert source.count < 256 << 10


def test_parts_can_be_written(tmp_path):
    """In mode "c" and with copy=True, small ones and large ones, quantised ones, too."""
    array = np.arange(1 << 16, dtype=np.float32).reshape(256, 256)
    q = tenon.QuantizedArray.quantize(array / 65536, "q8_0")
    tenon.write(tmp_path / "m.gguf", {"x": array, "q": q})
    for how, given in (({"mode": "c"}, {}), ({}, {"copy": True})):
        with tenon.open(tmp_path / "m.gguf", **how) as f:
            for index in (3, slice(1, None), slice(None, None, -1), ([1, 2],)):
                part = f.read("x", index, **given)
                assert np.array_equal(part, array[index]) and part.flags.writeable
                part[:] = -1
                assert np.array_equal(f.read("x", index), array[index])
            for index in (slice(1, 3), slice(None, None, 2)):
                part = f.read("q", index, **given)
                assert part == q[index] and part.data.flags.writeable
                part.data[:] = 0
                assert f["q"] == q
