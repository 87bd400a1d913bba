# SPDX-License-Identifier: MIT
"""tenon.verify and tenon.hash, whose digests are those of the command."""

import hashlib
import os
import struct
import subprocess

import gguf
import numpy as np
import pytest
import safetensors.numpy
import tenon

TENON = os.environ["TENON"]
DTYPES = "bool u1 u2 u4 u8 i1 i2 i4 i8 f2 f4 f8 c8 c16".split()


def by_the_command(path, *arguments):
    """name: digest, as `tenon hash` prints it."""
    done = subprocess.run([TENON, "hash", *arguments, path], capture_output=True, check=True)
    lines = done.stdout.decode("utf-8", "surrogateescape").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def test_by_hand(tmp_path):
    array = np.arange(6, dtype="<i4").reshape(2, 3)
    np.save(tmp_path / "a.npy", array)
    expected = "sha256:" + hashlib.sha256(b"i32\0" + struct.pack("<3Q", 2, 2, 3) + array.tobytes()).hexdigest()
    assert tenon.hash(tmp_path / "a.npy") == {"a": expected}
    with tenon.open(tmp_path / "a.npy") as f:
        assert f.hash() == {"a": expected} and tenon.hash(f) == {"a": expected}


def test_every_numpy_dtype(tmp_path):
    arrays = {dtype: np.arange(12).astype(dtype).reshape(3, 4) for dtype in DTYPES}
    arrays |= {
        "scalar": np.array(3.5),
        "empty": np.zeros((0, 5)),
        "big": arrays["f4"].astype(">f4"),
        "turned": np.asfortranarray(arrays["i8"]),
    }
    opaque = {
        "record": np.zeros(2, [("a", "<i4"), ("b", "<U3")]),
        "text": np.array(["ab", "c"]),
        "date": np.array(["2020-02-02"], "M8[D]"),
        "bytes": np.array([b"xy"]),
        "void": np.frombuffer(b"abcd", "V4"),
    }
    np.savez(tmp_path / "a.npz", **arrays, **opaque)
    np.savez_compressed(tmp_path / "z.npz", **arrays, **opaque)
    safetensors.numpy.save_file(
        {
            name: np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))
            for name, array in arrays.items()
            if array.dtype != np.complex128 and name != "scalar"
        },
        tmp_path / "a.safetensors",
    )
    expected = by_the_command(tmp_path / "a.npz")
    assert (
        set(expected) == set(arrays) | set(opaque)
        and expected["big"] == expected["f4"]
        and expected["turned"] == expected["i8"]
    )
    for file in ("a.npz", "z.npz", "a.safetensors"):
        found = tenon.hash(tmp_path / file)
        assert found == by_the_command(tmp_path / file) and list(found) == sorted(found) and len(found) >= 16
        assert {name: expected[name] for name in found} == found


def test_small_floats(tmp_path):
    parts = [
        ("bf16", "BF16", 16),
        ("f8_e4m3", "F8_E4M3", 8),
        ("f8_e5m2", "F8_E5M2", 8),
        ("f8_e8m0", "F8_E8M0", 8),
        ("f6_e2m3", "F6_E2M3", 6),
        ("f6_e3m2", "F6_E3M2", 6),
        ("f4", "F4", 4),
    ]
    header, data = [], b""
    for name, dtype, bits in parts:
        raw = bytes(range(3, 3 + 24 * bits // 8))
        header.append(
            f'"{name}":{{"dtype":"{dtype}","shape":[8,3],"data_offsets":[{len(data)},{len(data) + len(raw)}]}}'
        )
        data += raw
    text = ("{" + ",".join(header) + "}").encode()
    (tmp_path / "m.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    found = tenon.hash(tmp_path / "m.safetensors")
    assert found == by_the_command(tmp_path / "m.safetensors") and len(set(found.values())) == len(parts)


def test_quantised(tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "q.gguf", "test")
    for kind in ("Q4_0", "Q8_0"):
        raw = gguf.quants.quantize(
            np.linspace(-1, 1, 128, dtype=np.float32).reshape(2, 64), gguf.GGMLQuantizationType[kind]
        )
        writer.add_tensor(f"{kind}.weight", raw, raw_dtype=gguf.GGMLQuantizationType[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = tenon.hash(tmp_path / "q.gguf")
    assert found == by_the_command(tmp_path / "q.gguf") and set(found) == {"Q4_0.weight", "Q8_0.weight"}


@pytest.mark.skipif(not os.environ.get("TENON_SHARED"), reason="the vectors are not beside the tree")
def test_vectors():
    path = os.path.join(os.environ["TENON_SHARED"], "data", "gguf", "quants.gguf")
    found = tenon.hash(path)
    assert found == by_the_command(path) and len(found) > 20


def test_names(tmp_path):
    np.savez(tmp_path / "a.npz", x1=np.ones(1), x2=np.ones(2), y=np.ones(3))
    everything = by_the_command(tmp_path / "a.npz")
    for names, arguments in (
        ("x*", ("--only", "x*")),
        (["y", "x1"], ("--only", "y", "--only", "x1")),
        ("y", ("--only", "y")),
    ):
        assert tenon.hash(tmp_path / "a.npz", names) == by_the_command(tmp_path / "a.npz", *arguments)
    assert tenon.hash(tmp_path / "a.npz", ["!x*"]) == {"y": everything["y"]}
    with pytest.raises(KeyError):
        tenon.hash(tmp_path / "a.npz", "z*")


def test_order_is_that_of_bytes(tmp_path):
    """Names of non-ASCII characters come sorted as the command sorts them."""
    names = ["z", "é", "a", "Z", "\U0001f600", "\uff01"]
    safetensors.numpy.save_file({name: np.ones(1) for name in names}, tmp_path / "m.safetensors")
    assert list(tenon.hash(tmp_path / "m.safetensors")) == ["Z", "a", "z", "é", "\uff01", "\U0001f600"]


def test_progress(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.ones(10), b=np.ones(20))
    calls = []
    tenon.hash(tmp_path / "a.npz", progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (240, 240) and all(done <= total == 240 for done, total in calls)

    def stop(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        tenon.hash(tmp_path / "a.npz", progress=stop)


# ---- verify ----------------------------------------------------------------------------------------------


def test_whole(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.arange(1000))
    report = tenon.verify(tmp_path / "a.npz")
    assert report.ok and report.faults == []
    with tenon.open(tmp_path / "a.npz") as f:
        assert f.verify().ok and tenon.verify(f).ok and f["a"][5] == 5
    assert tenon.verify(bytearray((tmp_path / "a.npz").read_bytes())).ok


def test_damaged(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.arange(1000), b=np.arange(1000))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[2000] ^= 1  # in the data of a
    (tmp_path / "a.npz").write_bytes(data)
    report = tenon.verify(tmp_path / "a.npz")
    assert not report.ok and len(report.faults) == 1
    fault = report.faults[0]
    assert (
        fault.status == "TENON_E_CHECKSUM"
        and "a.npz" in fault.file
        and "a" in f"{fault.subject} {fault.message}"
        and str(fault)
    )
    assert subprocess.run([TENON, "verify", tmp_path / "a.npz"], capture_output=True, check=False).returncode != 0


def test_not_to_be_opened(tmp_path):
    """Faults with which a file cannot be opened are in the report, those of the system raise."""
    np.save(tmp_path / "a.npy", np.arange(1000))
    data = (tmp_path / "a.npy").read_bytes()
    for wrong in (data[:100], data[:20], b"", data[:6] + b"\xff" + data[7:]):
        (tmp_path / "a.npy").write_bytes(wrong)
        report = tenon.verify(tmp_path / "a.npy")
        assert not report.ok and report.faults[0].status.startswith("TENON_E_") and report.faults[0].message
    with pytest.raises(FileNotFoundError):
        tenon.verify(tmp_path / "none.npy")
    with pytest.raises(ValueError):
        tenon.verify(tmp_path / "a.npy", mode="w")
