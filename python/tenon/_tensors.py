# SPDX-License-Identifier: MIT
"""TensorInfo: the description of a tensor, and the mapping from names to them."""

from __future__ import annotations

from collections.abc import Iterator, KeysView, Mapping
from typing import TYPE_CHECKING, Any

from tenon._dtypes import Name
from tenon._reading import find

if TYPE_CHECKING:
    from tenon import _core
    from tenon._file import File

_SHOWN = 30  # names or tensors in the text of a collection
_BATCH = 1024  # tensors that one call of the extension describes

# tenon_tensor_info.flags
_FORTRAN = 1
_BIG_ENDIAN = 2


class TensorInfo:
    """The description of a tensor of an open file. An index reads data: ``info[2:5, ::2]`` is a box of the tensor.

    Examples
    --------
    >>> tenon.save("a.npy", np.zeros((3, 4), np.float32))
    >>> with tenon.open("a.npy") as f:
    ...     info = f.tensors["a"]
    ...     info.dtype, info.shape, info.nbytes, info[1:, 0].shape
    ('f32', (3, 4), 48, (2,))
    """

    __slots__ = ("_file", "_info")

    def __init__(self, file: File, info: _core.Info) -> None:
        self._file = file
        self._info = info

    @property
    def index(self) -> int:
        """The position in the catalog of the file, from 0."""
        return self._info[0]

    @property
    def name(self) -> str:
        """The name."""
        return self._info[1]

    @property
    def dtype(self) -> str:
        """tenon's name of the dtype: "f32", "bf16", "q4_k"; NumPy's text for dtypes that only NumPy has."""
        return Name(self._info[3])

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The number of items in each dim, outermost first; None if it is unknown and the tensor is unreadable."""
        return self._info[4]

    @property
    def ndim(self) -> int:
        """The number of dims."""
        return len(self._info[4] or ())

    @property
    def size(self) -> int:
        """The number of items."""
        count = 1 if self._info[4] is not None else 0
        for dim in self._info[4] or ():
            count *= dim
        return count

    @property
    def nbytes(self) -> int:
        """The bytes of the decoded data."""
        return self._info[6]

    @property
    def file(self) -> str:
        """The path of the file (of a set: the shard) with the data."""
        return self._info[8]

    @property
    def offset(self) -> int:
        """The position in that file of the data, or of the encoded member that contains them."""
        return self._info[9]

    @property
    def stored(self) -> int:
        """The bytes of the stored data; 0 if the format computes them."""
        return self._info[10]

    @property
    def filter(self) -> str | None:
        """The filters that encode the data, or each chunk ("deflate", "shuffle+zstd"); None if they are not encoded."""
        return self._info[11]

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """The shape of the chunks in which the data are stored; None without chunks."""
        return self._info[14]

    @property
    def order(self) -> str:
        """The order of items in the file: "F" if the first index changes fastest, else "C"."""
        return "F" if self._info[5] & _FORTRAN else "C"

    @property
    def byteorder(self) -> str:
        """The byte order in the file, "big" or "little". Arrays have the byte order of the machine."""
        return "big" if self._info[5] & _BIG_ENDIAN else "little"

    @property
    def unreadable(self) -> str | None:
        """The reason if the tensor cannot be read, else None."""
        return self._info[13] or "it cannot be read" if self._info[12] else None

    def __getitem__(self, index: Any) -> Any:
        """Reads a box of the tensor, and no more where the format allows it. Indexes are NumPy's."""
        return self._file.read(self.name, index)

    def __repr__(self) -> str:
        shape = "unknown" if self.shape is None else self.shape
        words = [f"{self.name!r}", f"{self.dtype} {shape}", f"{self.nbytes} bytes at {self.offset} of {self.file!r}"]
        words += [f"filter {self.filter}"] if self.filter else []
        words += [f"chunks {self.chunks}"] if self.chunks else []
        flags = (("Fortran order", _FORTRAN), ("big-endian", _BIG_ENDIAN))
        words += [word for word, flag in flags if self._info[5] & flag]
        words += [f"unreadable: {self.unreadable}"] if self.unreadable else []
        return f"<TensorInfo {', '.join(words)}>"


class Names(KeysView[str]):
    """Names of tensors, which a notebook shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        try:
            names = [repr(name) for name, _ in zip(self, range(_SHOWN + 1), strict=False)]
        except ValueError:  # the file is closed
            return "<names of a closed file>"
        return f"Names([{', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''}])"


class Tensors(Mapping[str, TensorInfo]):
    """``f.tensors``: a Mapping from the names of the tensors, in the order of the file, to TensorInfo."""

    __slots__ = ("_file", "_core")

    def __init__(self, file: File, core: _core.File) -> None:
        self._file = file
        self._core = core

    def __len__(self) -> int:
        return len(self._core)

    def __iter__(self) -> Iterator[str]:
        return iter(self._core.names())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._core.find(name) >= 0

    def __getitem__(self, name: str) -> TensorInfo:
        return TensorInfo(self._file, self._core.info(find(self._core, name)))

    def each(self) -> Iterator[TensorInfo]:
        """Iterates over all tensors, including those with duplicate names."""
        for first in range(0, len(self._core), _BATCH):
            for info in self._core.infos(first, min(_BATCH, len(self._core) - first)):
                yield TensorInfo(self._file, info)

    def keys(self) -> Names:
        """The names."""
        return Names(self)

    def __repr__(self) -> str:
        if self._file.closed:
            return f"<tensors of {self._file!r}>"
        infos = self._core.infos(0, min(_SHOWN, len(self)))
        rows = [(name, dtype, str(shape), f"{nbytes} bytes") for _, name, _, dtype, shape, _, nbytes, *_ in infos]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        more = [f"… {len(self) - _SHOWN} more"] if len(self) > _SHOWN else []
        return "\n  ".join([f"<tensors of {self._file!r}>", *lines, *more])
