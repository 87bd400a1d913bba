# SPDX-License-Identifier: MIT
"""save, savez, savez_compressed, save_safetensors, save_gguf and write: the libraries of the formats read the files."""

import io
import os
import pathlib

import gguf
import ml_dtypes
import mlx.core as mx
import numpy as np
import pytest
import safetensors.numpy
import tenon

SHAPES = [(), (1,), (23,), (0,), (3, 0, 2), (4, 6, 3, 1, 2), (64, 33)]
DTYPES = ["bool", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]


def numbers(shape, dtype):
    """Different items, also negative ones where the dtype has them."""
    count = int(np.prod(shape))
    plain = np.arange(count) % 100 - (0 if np.dtype(dtype).kind in "bu" else 50)
    return plain.astype(dtype).reshape(shape)


def bytes_of_numpy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


# ---- .npy ----


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_npy_is_byte_for_byte_that_of_numpy(tmp_path, shape, dtype):
    array = numbers(shape, dtype)
    tenon.save(tmp_path / "a.npy", array)
    assert (tmp_path / "a.npy").read_bytes() == bytes_of_numpy(array)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12).reshape(3, 4).T,
        np.arange(24.0).reshape(2, 3, 4)[:, ::2, ::-1],
        np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1),
        np.broadcast_to(np.arange(3), (4, 3)),
        np.arange(6.0).reshape(2, 3)[::-1],
        np.zeros(5, [("a", "i4"), ("b", "i1")])["a"],  # strides of 5 bytes are no whole items
        np.arange(3, dtype=">i4"),
        np.arange(6, dtype=">c16").reshape(2, 3).T,
        np.frombuffer(b"0123456789abcdefg", np.uint8)[1:].view("f4"),  # not aligned
        np.array(["a", "bcd", ""]),
        np.array([b"a", b"bc"])[::-1],
        np.array(["2020-01-01", "NaT"], "M8[s]"),
        np.arange(3).astype("m8[25us]"),
        np.array([(1, (2.5, 3))], [("a", "i4"), ("b", "f8", (2,))]),
        np.zeros(2, np.dtype([("a", "i1"), ("b", ">i4")], align=True)),
        np.zeros(2, [(("title", "name"), "u1")]),
        np.ones((2, 2), np.longdouble),
        np.zeros(2, "V5"),
    ],
    ids=lambda array: f"{array.dtype.str}{array.shape}",
)
def test_npy_of_any_strides_and_dtypes_is_that_of_numpy(tmp_path, array):
    tenon.save(tmp_path / "a.npy", array)
    assert (tmp_path / "a.npy").read_bytes() == bytes_of_numpy(array)


@pytest.mark.parametrize(
    "function, extension",
    [(tenon.save, ".npy"), (tenon.savez, ".npz"), (tenon.savez_compressed, ".npz")],
)
@pytest.mark.parametrize("kind", [str, pathlib.Path, os.fsencode])
def test_the_extension_is_appended_unless_it_is_there(tmp_path, function, extension, kind):
    for name in ("x", "y" + extension, "z.bin"):
        function(kind(str(tmp_path / name)), np.arange(3))
    assert sorted(os.listdir(tmp_path)) == ["x" + extension, "y" + extension, "z.bin" + extension]
    assert np.array_equal(
        np.load(tmp_path / ("x" + extension)) if extension == ".npy" else np.load(tmp_path / "x.npz")["arr_0"],
        [0, 1, 2],
    )


@pytest.mark.parametrize("save, extension", [(tenon.save_safetensors, ".safetensors"), (tenon.save_gguf, ".gguf")])
def test_the_extension_is_appended_to_files_of_named_arrays(tmp_path, save, extension):
    save(tmp_path / "x", {"a": np.zeros(3, np.float32)})
    save(str(tmp_path / "y") + extension, {"a": np.zeros(3, np.float32)})
    assert sorted(os.listdir(tmp_path)) == ["x" + extension, "y" + extension]


# ---- .npz ----


@pytest.mark.parametrize("function", [tenon.savez, tenon.savez_compressed])
def test_npz_has_the_names_of_numpy(tmp_path, function):
    function(tmp_path / "a.npz", np.arange(3), np.ones((2, 2)), w=np.zeros(4, "f4"), **{"a/b": np.array(True)})
    with np.load(tmp_path / "a.npz") as file:
        assert file.files == ["w", "a/b", "arr_0", "arr_1"]
        assert np.array_equal(file["arr_0"], np.arange(3))
        assert file["w"].dtype == np.float32
        assert file["a/b"].shape == ()


def test_savez_refuses_a_name_that_an_array_without_one_has(tmp_path):
    with pytest.raises(ValueError, match="arr_0"):
        tenon.savez(tmp_path / "a.npz", np.arange(3), arr_0=np.arange(2))
    assert not os.listdir(tmp_path)


def test_savez_compressed_is_no_larger_than_that_of_numpy(tmp_path):
    values = np.random.default_rng(0).normal(0, 0.02, 1 << 18).astype(np.float32)
    arrays = {
        "weights": values,
        "rounded": values.astype(ml_dtypes.bfloat16).astype(np.float32),
        "ids": np.arange(1 << 16) % 3000,
    }
    tenon.savez_compressed(tmp_path / "a.npz", **arrays)
    np.savez_compressed(tmp_path / "b.npz", **arrays)
    with np.load(tmp_path / "a.npz") as file:
        assert all(np.array_equal(file[name], array) for name, array in arrays.items())
    ours, theirs = ((tmp_path / name).stat().st_size for name in ("a.npz", "b.npz"))
    assert ours < theirs * 1.02


def test_many_arrays_are_saved_by_one_call(tmp_path):
    arrays = {f"layers.{i}.weight": np.full(3, i, np.float32) for i in range(3000)}
    tenon.save_safetensors(tmp_path / "a", arrays)
    safetensors.numpy.save_file(arrays, tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


# ---- .safetensors ----


def test_safetensors_is_byte_for_byte_that_of_its_library(tmp_path):
    names = ("bool", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8")
    arrays = {dtype: numbers((5, 3), dtype) for dtype in names} | {
        "bf16": np.ones((2, 2), ml_dtypes.bfloat16),
        "empty": np.zeros((0, 2), "f4"),
    }
    tenon.save_safetensors(tmp_path / "a", arrays, {"key": "a value", "ä": ""})
    safetensors.numpy.save_file(arrays, tmp_path / "b.safetensors", {"key": "a value", "ä": ""})
    ours, theirs = ((tmp_path / name).read_bytes() for name in ("a.safetensors", "b.safetensors"))
    if ours != theirs:  # its library has no order of metadata keys
        assert len(ours) == len(theirs)
        with safetensors.safe_open(tmp_path / "a.safetensors", "np") as file:
            assert file.metadata() == {"key": "a value", "ä": ""}


@pytest.mark.parametrize("metadata", [{"k": 1}, {1: "v"}, {"k": b"v"}, {"k": None}])
def test_safetensors_metadata_are_strings(tmp_path, metadata):
    with pytest.raises(ValueError, match="string"):
        tenon.save_safetensors(tmp_path / "a", {"x": np.zeros(1)}, metadata)
    assert not os.listdir(tmp_path)


def test_safetensors_metadata_are_a_mapping(tmp_path):
    with pytest.raises(TypeError, match="dict"):
        tenon.save_safetensors(tmp_path / "a", {"x": np.zeros(1)}, ["k", "v"])
    tenon.save_safetensors(tmp_path / "a", {"x": np.zeros(1)}, {})
    assert os.listdir(tmp_path) == ["a.safetensors"]


@pytest.mark.parametrize("save", [tenon.save_safetensors, tenon.save_gguf])
def test_arrays_are_a_mapping(tmp_path, save):
    with pytest.raises(TypeError, match="dict"):
        save(tmp_path / "a", [np.zeros(1)])
    with pytest.raises(TypeError, match="str"):
        save(tmp_path / "a", {1: np.zeros(1, "f4")})
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    "dtype, expected",
    [
        (ml_dtypes.bfloat16, "803f00c0"),
        (ml_dtypes.float8_e4m3fn, "38c0"),
        (ml_dtypes.float8_e5m2, "3cc0"),
        (ml_dtypes.float8_e8m0fnu, "7f80"),
    ],
)
def test_small_floats_keep_their_bytes(tmp_path, dtype, expected):
    values = [1, 2] if dtype is ml_dtypes.float8_e8m0fnu else [1, -2]
    tenon.save_safetensors(tmp_path / "a", {"x": np.array(values, dtype)})
    data = (tmp_path / "a.safetensors").read_bytes()
    assert data[8 + int.from_bytes(data[:8], "little") :].hex() == expected


def test_big_endian_small_floats_are_swapped(tmp_path):
    array = np.array([1, -2], ml_dtypes.bfloat16)
    tenon.save_safetensors(
        tmp_path / "a", {"x": array.astype(array.dtype.newbyteorder(">")), "y": np.arange(3, dtype=">u4")}
    )
    found = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    assert np.array_equal(found["x"], array) and np.array_equal(found["y"], [0, 1, 2])


def test_packed_floats_are_packed_with_the_first_item_in_the_low_bits(tmp_path):
    # e2m1: 1 → 2, 2 → 4, 3 → 5, -0.5 → 9. e2m3: 1 → 8, 2 → 16, 3 → 20, -0.125 → 33.
    # e3m2: 1 → 12, 2 → 16, 3 → 18, -0.0625 → 33
    arrays = {
        "f4": np.array([1, 2, 3, -0.5]).astype(ml_dtypes.float4_e2m1fn),
        "f6_e2m3": np.array([1, 2, 3, -0.125]).astype(ml_dtypes.float6_e2m3fn),
        "f6_e3m2": np.array([1, 2, 3, -0.0625]).astype(ml_dtypes.float6_e3m2fn),
    }
    codes = {"f4": (2, 4, 5, 9), "f6_e2m3": (8, 16, 20, 33), "f6_e3m2": (12, 16, 18, 33)}
    for name, array in arrays.items():
        tenon.save_safetensors(tmp_path / name, {"x": array})
        data = (tmp_path / f"{name}.safetensors").read_bytes()
        bits = 4 if name == "f4" else 6
        whole = sum(code << bits * i for i, code in enumerate(codes[name]))
        assert data[8 + int.from_bytes(data[:8], "little") :] == whole.to_bytes(bits // 2, "little")


# ---- .gguf ----


def test_gguf_is_read_by_its_library(tmp_path):
    array = numbers((4, 32), "f4")
    tenon.save_gguf(tmp_path / "a", {"w": array, "t": array.T}, {"name": "x", "words": ["a", "b"]})
    reader = gguf.GGUFReader(tmp_path / "a.gguf")
    found = {tensor.name: tensor.data for tensor in reader.tensors}
    assert np.array_equal(found["w"], array) and np.array_equal(found["t"], array.T)
    assert reader.fields["name"].contents() == "x" and reader.fields["words"].contents() == ["a", "b"]


# ---- write ----


def test_write_casts_by_names_globs_and_dtypes(tmp_path):
    arrays = {
        "a.weight": numbers((4, 32), "f4"),
        "b.weight": numbers((4, 32), "f4"),
        "a.bias": numbers((3,), "f4"),
        "n": np.arange(3),
    }
    tenon.write(tmp_path / "a.gguf", arrays, dtype={"*": "f16", "*.weight": "q8_0", "b.weight": np.float32, "n": "i32"})
    types = {tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(tmp_path / "a.gguf").tensors}
    assert types == {"a.weight": "Q8_0", "b.weight": "F32", "a.bias": "F16", "n": "I32"}


def test_write_casts_floats_alone_unless_a_rule_names_others(tmp_path):
    arrays = {"x": np.ones(3), "n": np.arange(3), "row": np.ones(32, "f4"), "blocks": np.ones((2, 32), "f4")}
    tenon.write(tmp_path / "a.safetensors", arrays, dtype="bf16")
    found = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    assert [found[name].dtype.name for name in arrays] == ["bfloat16", "int64", "bfloat16", "bfloat16"]
    tenon.write(tmp_path / "a.gguf", {name: arrays[name] for name in ("row", "blocks")}, dtype="q4_0")
    types = {tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(tmp_path / "a.gguf").tensors}
    assert types == {"row": "F32", "blocks": "Q4_0"}


def test_write_casts_what_other_libraries_have(tmp_path):
    quantised = tenon.QuantizedArray.quantize(numbers((2, 32), "f4") / 50, "q8_0")
    arrays = {
        "q": quantised,
        "mlx": mx.array([1.0, 2.5]).astype(mx.bfloat16),
        "f4": np.array([[1, 2]]).astype(ml_dtypes.float4_e2m1fn),
        "n": 1.5,
    }
    tenon.write(tmp_path / "a.npz", arrays, dtype="f16")
    with np.load(tmp_path / "a.npz") as file:
        assert all(file[name].dtype == np.float16 for name in arrays)
        assert np.array_equal(file["q"], quantised.dequantize("f16"))
        assert file["mlx"].tolist() == [1, 2.5] and file["f4"].tolist() == [[1, 2]] and file["n"] == 1.5


def test_write_counts_what_a_cast_loses(tmp_path):
    report = tenon.write(tmp_path / "a.npz", {"x": np.array([1.0, 1e30])}, dtype="f16")
    assert [entry.subject for entry in report.losses] == ["x"]
    with pytest.raises(tenon.TenonError) as caught:
        tenon.write(tmp_path / "b.npz", {"x": np.array([1.0, 1e30])}, dtype="f16", strict=True)
    assert caught.value.status == "TENON_E_LOSS" and isinstance(caught.value, ValueError)
    assert [entry.subject for entry in caught.value.report.losses] == ["x"]
    assert os.listdir(tmp_path) == ["a.npz"]


def test_write_refuses_a_rule_that_fits_nothing_and_unknown_dtypes(tmp_path):
    with pytest.raises(KeyError, match="nothing"):
        tenon.write(tmp_path / "a.npz", {"x": np.ones(3)}, dtype={"nothing": "f16"})
    with pytest.raises(KeyError, match="f99"):
        tenon.write(tmp_path / "a.npz", {"x": np.ones(3)}, dtype="f99")
    assert not os.listdir(tmp_path)


def test_write_appends_and_refuses_to_replace(tmp_path):
    path = tmp_path / "a.npz"
    tenon.write(path, {"x": np.zeros(3), "y": np.ones(3)})
    tenon.write(path, {"y": np.full(2, 2.0), "z": np.full(2, 3.0)}, append=True)
    with np.load(path) as file:
        assert {name: file[name].tolist() for name in file} == {"x": [0, 0, 0], "y": [2, 2], "z": [3, 3]}
    with pytest.raises(FileExistsError):
        tenon.write(path, {"x": np.zeros(3)}, new=True)


def test_write_takes_one_array_for_formats_of_one(tmp_path):
    tenon.write(tmp_path / "a.npy", np.arange(3))
    assert np.load(tmp_path / "a.npy").tolist() == [0, 1, 2]


def test_options_have_the_name_of_their_format_or_not(tmp_path):
    array = np.zeros(10000)
    for options in ({"npz.compression": "deflate"}, {"compression": "deflate"}):
        tenon.write(tmp_path / "a.npz", {"x": array}, options=options)
        assert (tmp_path / "a.npz").stat().st_size < 1000
    tenon.save_safetensors(tmp_path / "a", {"x": array}, options={"slack": 4096})
    with pytest.raises(ValueError):
        tenon.write(tmp_path / "a.npz", {"x": array}, options={"compression": "nothing"})
    with pytest.raises(ValueError, match="compression"):
        tenon.write(tmp_path / "a.unknown", {"x": array}, options={"compression": "deflate"})


def test_an_overwritten_file_is_whole_or_the_old_one(tmp_path):
    path = tmp_path / "a.npz"
    tenon.savez(path, x=np.arange(3))
    before = path.read_bytes()
    with pytest.raises(TypeError):
        tenon.savez(path, x=np.arange(4), y=None)
    with pytest.raises(ValueError):
        tenon.savez(path, x=np.arange(4), y=np.array([None]))
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["a.npz"]


def test_a_missing_folder_is_python_s_own_failure(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        tenon.save(tmp_path / "none" / "a.npy", np.arange(3))
    assert isinstance(caught.value, tenon.TenonError)


# ---- tensors of open files ----


def test_tensors_of_files_go_from_file_to_file(tmp_path):
    arrays = {
        "x": np.arange(100.0).reshape(4, 25),
        "b": np.ones(3, ml_dtypes.bfloat16),
        "f4": np.ones((2, 4), ml_dtypes.float4_e2m1fn),
    }
    tenon.save_safetensors(tmp_path / "a", arrays)
    tenon.savez_compressed(
        tmp_path / "a.npz", deflated=np.arange(50), text=np.array(["a", "bc"]), record=np.zeros(2, [("a", "i4")])
    )
    with tenon.open(tmp_path / "a.safetensors") as f, tenon.open(tmp_path / "a.npz") as g:
        tenon.write(tmp_path / "b.safetensors", {**f, "deflated": g["deflated"], "renamed": f.tensors["b"]})
        tenon.write(tmp_path / "b.npz", dict(g))
        tenon.save(tmp_path / "one.npy", g["deflated"])
    with tenon.open(tmp_path / "b.safetensors") as f:
        assert {name: info.dtype for name, info in f.tensors.items()} == {
            "x": "f64",
            "deflated": "i64",
            "b": "bf16",
            "renamed": "bf16",
            "f4": "f4",
        }
        assert all(np.asarray(f[name]).tobytes() == array.tobytes() for name, array in arrays.items())
    with np.load(tmp_path / "b.npz") as file:
        assert file["text"].tolist() == ["a", "bc"] and file["record"].dtype.names == ("a",)
    assert np.load(tmp_path / "one.npy").tolist() == list(range(50))


@pytest.mark.parametrize("choice, dtype", [("float32", "f32"), ("bits", "u16")])
def test_small_floats_of_a_file_are_saved_as_the_program_has_them(tmp_path, choice, dtype):
    tenon.save_safetensors(tmp_path / "a", {"b": np.ones(3, ml_dtypes.bfloat16)})
    with tenon.open(tmp_path / "a.safetensors", small_floats=choice) as f:
        tenon.write(tmp_path / "b.safetensors", {"b": f["b"]})
    with tenon.open(tmp_path / "b.safetensors") as f:
        assert f.tensors["b"].dtype == dtype
        assert f["b"].tolist() == ([1, 1, 1] if dtype == "f32" else [0x3F80] * 3)


# ---- URLs ----


def test_urls_are_written_through_fsspec(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    tenon.save("memory://saves/a", np.arange(3))
    assert files.cat("/saves/a.npy") == bytes_of_numpy(np.arange(3))
    tenon.write("memory://saves/b.npz", {"x": np.arange(3)}, options={"compression": "deflate"})
    assert np.load(io.BytesIO(files.cat("/saves/b.npz")))["x"].tolist() == [0, 1, 2]
    with pytest.raises(FileExistsError):
        tenon.write("memory://saves/b.npz", {"x": np.zeros(3)}, new=True)
    with pytest.raises(ValueError):
        tenon.write("memory://saves/c.gguf", {"x": np.zeros(3, "c8")})
    assert files.find("/saves") == ["/saves/a.npy", "/saves/b.npz"]
    tenon.save(f"file://{tmp_path}/d", np.arange(3))
    assert (tmp_path / "d.npy").exists()
    with pytest.raises(ValueError, match="path"):
        tenon.writer("memory://saves/e.npz")


# ---- how it works ----


def test_memory_and_threads_are_those_of_the_call(tmp_path):
    array = np.arange(1 << 20)
    tenon.write(
        tmp_path / "a.npz", {"x": array}, options={"compression": "deflate"}, threads=1, memory=1 << 20, durable=True
    )
    assert np.array_equal(np.load(tmp_path / "a.npz")["x"], array)
    for wrong in ({"memory": 1}, {"threads": 1 << 40}, {"memory": -1}, {"threads": "2"}):
        with pytest.raises((ValueError, OverflowError, TypeError)):
            tenon.write(tmp_path / "b.npz", {"x": array}, **wrong)
    assert os.listdir(tmp_path) == ["a.npz"]


# ---- progress ----


def test_a_callable_gets_bytes(tmp_path):
    calls = []
    tenon.write(tmp_path / "a.npz", {"x": np.zeros(1 << 22)}, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (1 << 25, 1 << 25)
    assert all(done <= total for done, total in calls)


def test_what_a_callable_raises_stops_the_save(tmp_path):
    def stop(done, total):
        raise failure

    failure = RuntimeError("enough")
    path = tmp_path / "a.npz"
    tenon.savez(path, x=np.arange(3))
    before = path.read_bytes()
    with pytest.raises(RuntimeError) as caught:
        tenon.write(
            path, {"x": np.broadcast_to(np.float32(0), 1 << 28)}, options={"compression": "deflate"}, progress=stop
        )
    assert caught.value is failure
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["a.npz"]
