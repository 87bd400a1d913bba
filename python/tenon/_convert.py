# SPDX-License-Identifier: MIT
"""tenon.convert: files from one format to another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tenon import _context, _core
from tenon._inputs import Casts
from tenon._metadata import put_all
from tenon._save import flags_of, report_of, save_options, save_plan
from tenon._settings import Options

if TYPE_CHECKING:
    from tenon._progress import Progress
    from tenon._report import Report

Rename = Mapping[str, str] | Callable[[str], str]

# TENON_PACKED_AFFINE
_AFFINE = 1
# The tensors that one call of the extension describes
_BATCH = 1024


class _Choice:
    """The choice of names by globs; globs that begin with '!' exclude names."""

    def __init__(self, only: str | Iterable[str] | None) -> None:
        globs = (only,) if isinstance(only, str) else tuple(only or ())
        self._wanted = [glob for glob in globs if not glob.startswith("!")]
        self._left = [glob[1:] for glob in globs if glob.startswith("!")]
        self._unused = set(self._wanted)
        self.all = not globs

    def has(self, name: str) -> bool:
        if any(_core.match(glob, name) for glob in self._left):
            return False
        found = [glob for glob in self._wanted if _core.match(glob, name)]
        self._unused.difference_update(found)
        return bool(found) or not self._wanted

    def check_used(self) -> None:
        if self._unused:
            raise KeyError(f"no tensor matches {sorted(self._unused)[0]!r}")


class _Renaming:
    """New names, by a Mapping from old names or by a callable."""

    def __init__(self, rename: Rename | None) -> None:
        self._names = dict(rename) if isinstance(rename, Mapping) else None
        self._call = rename if callable(rename) else None
        self._unused = set(self._names or ())

    def of(self, name: str) -> str | None:
        """The new name; None: the name does not change."""
        if self._call is not None:
            return self._call(name)
        self._unused.discard(name)
        return self._names.get(name) if self._names else None

    def check_used(self) -> None:
        if self._unused:
            raise KeyError(f"there is no tensor {sorted(self._unused)[0]!r} to be renamed")


class _Conversion:
    """The plan of a conversion."""

    def __init__(self, only: str | Iterable[str] | None, rename: Rename | None, dtype: Any) -> None:
        self._choice = _Choice(only)
        self._renaming = _Renaming(rename)
        self._simple = self._choice.all and rename is None and dtype is None
        self._casts = Casts(_context.context(), dtype) if dtype is not None else None
        self.plan = _context.context().plan()

    def add(self, file: _core.File) -> None:
        """Adds the chosen tensors of a file."""
        if self._simple:
            self.plan.add_file(file)
            return
        for first in range(0, len(file), _BATCH):
            for info in file.infos(first, min(_BATCH, len(file) - first)):
                self._add_tensor(file, info)
        if self._choice.all:
            self.plan.add_losses(file)
        self.plan.add_metadata_from(file)

    def _add_tensor(self, file: _core.File, info: _core.Info) -> None:
        index, name, _, dtype, shape, *_ = info
        if not self._choice.has(name):
            return
        to = 0
        if self._casts is not None and not info[12]:
            packed = file.packed(index)
            if packed is not None and self._is_used_up(file, packed, index):
                return
            to = self._cast(packed, name, dtype, shape or ())
        self.plan.add_from(file, index, self._renaming.of(name), to)

    def _cast(self, packed: dict[str, Any] | None, name: str, dtype: str, shape: tuple[int, ...]) -> int:
        """The dtype to store a tensor as; 0: its own. Packed weights are cast as the numbers that they encode."""
        assert self._casts is not None
        if packed is None:
            return self._casts.choose(name, dtype, shape)
        if packed["kind"] != _AFFINE:
            return 0
        return self._casts.choose(name, "f32", (*shape[:-1], packed["columns"]))

    def _is_used_up(self, file: _core.File, packed: dict[str, Any], index: int) -> bool:
        """Whether the tensor has the scales or biases of weights that are cast, which replace them."""
        if packed["weight"] == index or packed["kind"] != _AFFINE:
            return False
        _, name, _, dtype, shape, *_ = file.info(packed["weight"])
        return self._choice.has(name) and self._cast(packed, name, dtype, shape or ()) != 0

    def check_used(self) -> None:
        """KeyError: a name or glob of the arguments matches no tensor."""
        self._choice.check_used()
        self._renaming.check_used()
        if self._casts is not None:
            self._casts.check_used()


def _sources(src: Any) -> list[Any]:
    return list(src) if isinstance(src, (list, tuple)) else [src]


def _file_of(source: Any, stack: ExitStack) -> _core.File:
    """The _core.File of a File, or of a source that stays open until the conversion ends."""
    from tenon._file import File, open

    file = source if isinstance(source, File) else stack.enter_context(open(source))
    core: _core.File = file._core
    return core


def convert(
    src: Any,
    dst: Any,
    *,
    only: str | Iterable[str] | None = None,
    rename: Rename | None = None,
    dtype: Any = None,
    metadata: Mapping[str, Any] | None = None,
    format: str | None = None,
    options: Options | None = None,
    append: bool = False,
    new: bool = False,
    carry: bool = False,
    strict: bool = False,
    skip_unreadable: bool = False,
    durable: bool | None = None,
    threads: int | None = None,
    memory: int | None = None,
    progress: Progress = None,
) -> Report:
    """Write the tensors and metadata of files to another file, in bounded memory.

    Parameters
    ----------
    src : File, the source of `tenon.open`, or a list of these
        The tensors of all of them are written to one file.
    dst : str, os.PathLike, int or file object
        The target, as the path of `tenon.write`. It may be `src`.
    only : str or iterable of str, optional
        A name or a glob, or several, of the tensors to write; "!GLOB" excludes tensors.
    rename : Mapping or callable, optional
        New names by the old ones, or a function from an old name to a new one.
    dtype : dtype or Mapping, optional
        As of `tenon.write`, by the names in `src`.
    metadata : Mapping, optional
        Entries that are added to the metadata of `src`, or replace them.
    format, options, append, new, carry, strict, skip_unreadable, durable, threads, memory, progress
        As of `tenon.write`.

    Returns
    -------
    Report
        The losses and notes.

    Raises
    ------
    KeyError
        A name or glob matches no tensor.
    TenonError
        The format cannot hold a tensor, or a loss occurs although `strict` is true.

    Examples
    --------
    >>> tenon.savez("a.npz", w=np.ones((2, 32), np.float32), b=np.zeros(2, np.float32))
    >>> report = tenon.convert("a.npz", "b.gguf", dtype={"w": "q4_0"}, rename={"w": "blk.0.weight"})
    >>> {name: array.dtype for name, array in tenon.load("b.gguf").items()}
    {'blk.0.weight': 'q4_0', 'b': dtype('float32')}
    """
    with ExitStack() as stack:
        conversion = _Conversion(only, rename, dtype)
        for source in _sources(src):
            conversion.add(_file_of(source, stack))
        conversion.check_used()
        put_all(conversion.plan, metadata)
        flags = flags_of(append=append, new=new, carry=carry, strict=strict, skip_unreadable=skip_unreadable)
        made = save_options(dst, format, options, flags, durable, threads, memory)
        return report_of(save_plan(conversion.plan, dst, made, progress))
