# SPDX-License-Identifier: MIT
# The extension over tenon.h. Only the modules of this package use it; a dtype is a number of tenon/types.h, or of a
# context.
from collections.abc import Callable, Sequence
from typing import Any
import numpy as np

Progress = Callable[[int, int], object] | None
# kind (0 note, 1 loss, 2 bid, 3 verdict, 4 written; + 0x100: flaw), status, chosen, subject, file, message
Entry = tuple[int, int, int, str, str, str]

VERSION: str
# TENON_CONTEXT_* and TENON_OPEN_*
CONTEXT_NO_FILES: int
CONTEXT_NO_ENVIRONMENT: int
CONTEXT_ISOLATE: int
CONTEXT_ISOLATE_THIRD_PARTY: int
OPEN_NO_MAP: int
OPEN_UNALIGNED: int
OPEN_SHARDS: int
OPEN_NO_INDEX: int
OPEN_ALONE: int

# Says which NumPy dtype has the items of a fixed dtype of the library (bf16, f8_* of ml_dtypes), both ways.
def set_dtype(dtype: int, numpy_dtype: np.dtype[Any] | None) -> None: ...
def status_name(status: int) -> str: ...
def match(pattern: str, name: str) -> bool: ...

class Context:
    def __new__(
        cls, settings: Sequence[str] | None = ..., plugin_path: str | None = ..., flags: int = ...
    ) -> Context: ...
    # id, label, extensions, can (TENON_CAN_*), plugin, plugin_version, plugin_file, metadata, max_tensors, options
    def formats(self) -> list[dict[str, Any]]: ...
    def filters(self) -> list[dict[str, Any]]: ...
    # (id, name, kind, block_items, block_bytes) of all dtypes, fixed ones first
    def dtypes(self) -> list[tuple[int, str, int, int, int]]: ...
    def config(self) -> list[dict[str, Any]]: ...
    def report(self) -> list[Entry]: ...
    def castable(self, of: int, to: int) -> bool: ...
    # Packed little-endian items, any two dtypes that are castable: bytes (u8, 1-d, C-contiguous) to bytes.
    def cast(
        self, of: int, data: np.ndarray[Any, Any], to: int, items: int, saturate: bool = ...
    ) -> np.ndarray[Any, Any]: ...
    # source: a path (str or bytes), a descriptor (int), a 1-d u8 array (memory, which File keeps), or a reader: an
    # object with `size` and `read_at(offset: int, to: memoryview) -> None`, which fills all of `to` and is called on
    # the threads of the library (with the interpreter's lock), or on the calling one only if `one_thread` is true. What
    # it raises is raised as it is.
    def open(
        self,
        source: Any,
        *,
        format: str | None = ...,
        settings: Sequence[str] | None = ...,
        name: str | None = ...,
        flags: int = ...,
        offset: int = ...,
        length: int = ...,
        one_thread: bool = ...,
        progress: Progress = ...,
    ) -> File: ...
    def why(self, path: str | bytes, format: str | None = ...) -> list[Entry]: ...
    def plan(self) -> Plan: ...
    def writer(self, path: str | bytes, options: dict[str, Any]) -> Writer: ...

# index, name, dtype, dtype_name, shape (None: unknown), flags, nbytes, storage, source (path), offset, stored, filter,
# unreadable (status), why
Info = tuple[int, str, int, str, tuple[int, ...] | None, int, int, int, str, int, int, str | None, int, str | None]

class File:
    path: str
    format: str
    size: int
    nbytes: int
    unreadable: int
    def __len__(self) -> int: ...
    def names(self) -> list[str]: ...
    # of each tensor; 0 of one whose dtype is not known
    def dtypes(self) -> list[int]: ...
    def info(self, index: int) -> Info: ...
    def infos(self, first: int, count: int) -> list[Info]: ...
    def find(self, name: str) -> int: ...  # -1: there is none
    def find_all(self, pattern: str) -> list[int]: ...  # tenon_find_next
    # An array of a tensor, or of a box of it: start, count, step have a number for each dim, or are None together.
    # dtype 0: as stored. mode: MAP_* below. Items of blocks, and packed items (f4, f6), come as u8 [.., bytes of a
    # row], or [bytes] if a row is no whole number of blocks; opaque items that NumPy does not describe as void; other
    # dtypes have the NumPy dtype of set_dtype, or u8/u16 if none was set. Mapped items keep their byte order, and
    # Fortran order stays in any case.
    def array(
        self,
        index: int,
        start: Sequence[int] | None = ...,
        count: Sequence[int] | None = ...,
        step: Sequence[int] | None = ...,
        dtype: int = ...,
        mode: int = ...,
        progress: Progress = ...,
    ) -> np.ndarray[Any, Any]: ...
    # The same of many whole tensors, by one tenon_load_each for those that are not mapped; None: all that can be read.
    def arrays(
        self, indexes: Sequence[int] | None = ..., dtype: int = ..., mode: int = ..., progress: Progress = ...
    ) -> list[np.ndarray[Any, Any]]: ...
    # Into arrays of the caller, of any strides and byte order. dtype 0: that of each array. A dtype that is given may
    # also have its bits put into unsigned numbers of its size, and its blocks into u8 [.., bytes of a row].
    def read_into(
        self, indexes: Sequence[int], outs: Sequence[np.ndarray[Any, Any]], dtype: int = ..., progress: Progress = ...
    ) -> None: ...
    # All bytes of a tensor in order, as tenon_stream passes them.
    def stream(
        self, index: int, sink: Callable[[memoryview], object], dtype: int = ..., progress: Progress = ...
    ) -> None: ...
    def advise(self, indexes: Sequence[int] | None, advice: int) -> None: ...
    # A capsule "dltensor_versioned". flags: TENON_DLPACK_*
    # `old`: "dltensor", for libraries that know no newer one; what is mapped may then be written, and stays private.
    def dlpack(
        self, index: int, dtype: int = ..., flags: int = ..., progress: Progress = ..., old: bool = ...
    ) -> object: ...
    # bool, int, float, str (bytes if it is no UTF-8), None; a NumPy array of the item type; a list of str (or bytes); a
    # list of lists.
    def metadata(self) -> dict[str, Any]: ...
    # of each key the type, as tenon_plan_set_metadata names it; "null", "array:array"
    def metadata_types(self) -> dict[str, str]: ...
    def report(self) -> list[Entry]: ...
    # Notes with a negative status are faults; nothing is raised for them.
    def verify(self, progress: Progress = ...) -> list[Entry]: ...
    # Of an opaque dtype the family that its text belongs to: "numpy"; None: the dtype of the tensor is another one.
    def family(self, index: int) -> str | None: ...
    def packed(self, index: int) -> dict[str, Any] | None: ...
    # May be called at any time: what shares the pages keeps the file. Later calls raise ValueError.
    def close(self) -> None: ...

MAP_AUTO: int  # 0: mapped, read-only, if the bytes in the file are the result; else read, writable
MAP_ONLY: int  # 1: mapped, or TENON_E_NOT_MAPPABLE
MAP_COPY: int  # 2: read, writable
# 3: mapped copy-on-write if possible, or copied below 64 KiB, in the byte order of the file; else read. Writable
MAP_PRIVATE: int

# TENON_SAVE_*
SAVE_STRICT: int
SAVE_NEW: int
SAVE_DRY_RUN: int
SAVE_EXACT_NAME: int
SAVE_APPEND: int
SAVE_CARRY: int
SAVE_SKIP_UNREADABLE: int
SAVE_SATURATE: int

class Plan:
    # Each is (name or None, array, dtype that the bytes have or 0, shape or None, dtype to store or 0). With a dtype
    # the array holds the raw bytes of blocks or packed items, C-contiguous u8, and `shape` says the items; with 0 it is
    # that of the array (records, strings and dates become opaque dtypes of the family "numpy"). Strides are kept. All
    # or none.
    def add_arrays(
        self, arrays: Sequence[tuple[str | None, np.ndarray[Any, Any], int, Sequence[int] | None, int]]
    ) -> None: ...
    def add_dlpack(self, name: str | None, capsule: object, dtype: int = ...) -> None: ...
    def add_from(self, file: File, index: int, name: str | None = ..., dtype: int = ...) -> None: ...
    def add_file(self, file: File) -> None: ...
    def add_losses(self, file: File) -> None: ...
    def add_metadata_from(self, file: File) -> None: ...
    # type None: bool → bool, int → i64 (u64 beyond), float → f64, str and bytes → string, a NumPy scalar or 0-d array →
    # its type, a 1-d array → array of its type, a list or tuple of str or bytes → array of strings, of ints, floats or
    # both → array of i64 (u64, f64), of bools → array of bool, of NumPy scalars of one type → array of that, of nothing
    # → array of strings, anything nested and arrays of more dims → arrays of arrays; None → null. What has __array__,
    # __dlpack__ or a buffer counts as an array. A list that mixes other things is TypeError, f16, complex and dates are
    # UNSUPPORTED.
    # type: as tenon_plan_set_metadata names it, or "null", "array:array". The value must have it without a change, but
    # for digits that f32 lacks: numbers beyond it are OverflowError, another kind is TypeError. A str as a number, or
    # as an array, is read as tenon_plan_set_metadata reads it.
    def put_metadata(self, key: str, value: Any, type: str | None = ...) -> None: ...
    def remove_metadata(self, key: str) -> None: ...
    def __len__(self) -> int: ...
    def size(self, path: str | bytes | None, options: dict[str, Any]) -> int: ...
    # target: a path, a descriptor (int; tenon_save_fd), or an object with write(memoryview) and, if it can go back,
    # patch(position, memoryview).
    # options: format, settings (sequence of "CODEC.KEY=VALUE"), flags (TENON_SAVE_*), lock, durable, threads, memory;
    # `name` for objects.
    def save(self, target: Any, options: dict[str, Any], progress: Progress = ...) -> list[Entry]: ...
    def save_memory(
        self, options: dict[str, Any], progress: Progress = ...
    ) -> tuple[np.ndarray[Any, Any], list[Entry]]: ...

class Writer:
    def add(
        self, name: str | None, array: np.ndarray[Any, Any], dtype: int, shape: Sequence[int] | None, store: int
    ) -> None: ...
    def begin(self, name: str, dtype: int, shape: Sequence[int], store: int) -> None: ...  # shape[0] -1: not known yet
    def put(self, data: np.ndarray[Any, Any]) -> None: ...
    def end(self) -> None: ...
    def plan(self) -> Plan: ...  # borrowed from the writer
    def finish(self, progress: Progress = ...) -> list[Entry]: ...
    def close(self) -> None: ...
