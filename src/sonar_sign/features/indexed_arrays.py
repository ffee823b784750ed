"""An array of rows (`.npy`) and an index that says whose they are (`.parquet`).

The index carries, as metadata, a hash of both files' content, so that a damaged file and two that
do not belong together are noticed before anything is computed from them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sonar_sign.core.arrays import BROKEN_ARRAY
from sonar_sign.core.content_hash import ContentHash, verify_once
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import MAX_NAME_BYTES, atomic_write, require_file

_HASH = "content_xxh3_128"
# More clips than any corpus has; a file that declares more would only fill the memory.
MAX_CLIPS = 10_000_000
MAX_INDEX_BYTES = 4 << 30
_BROKEN = (*BROKEN_ARRAY, pa.ArrowException)


@dataclass(frozen=True)
class IndexedArrayFormat:
    """What a pair of files holds."""

    what: str
    """In error messages, such as `Feature shard`."""
    again: str
    """What makes the files anew, such as `extract again`."""
    dtype: type
    schema: pa.Schema
    """Columns of the index; the first one is `clip_id`."""

    def error(self, path: Path, reason: str) -> UserError:
        """A UserError that says what is wrong with a pair of files and what to do."""
        return UserError(
            f"{self.what} {path} cannot be used: {reason}; delete it and its .parquet and "
            f"{self.again}."
        )

    def changed(self, path: Path) -> UserError:
        """A UserError for content whose hash is not the stored one."""
        return self.error(
            path, "its content is not what was written, or its index is another file's"
        )


@dataclass(frozen=True, eq=False)
class IndexedArray:
    """The content of a pair of files."""

    rows: np.ndarray
    """`(n, dim)`, memory-mapped."""
    columns: dict[str, list[str] | np.ndarray]
    """By name: texts, or int64 numbers `(n_clips,)`."""
    metadata: dict[str, str]
    """What the writer said about the content."""
    files: tuple[Path, Path]
    """The array and its index."""
    stored_hash: str | None
    """None for files of before hashes were stored."""

    def verify_hash(self, explain: Callable[[], UserError]) -> None:
        """Compare the hash of the content with the stored one, once per process.

        Args:
            explain: called where they differ; what it returns is raised.
        """

        def verify() -> None:
            if _content_hash(self.rows, self.columns, self.metadata) != self.stored_hash:
                raise explain()

        verify_once(self.files, verify)


def write_indexed_array(
    path: Path, rows: np.ndarray, index: pa.Table, metadata: Mapping[str, str]
) -> None:
    """Write `(n, dim)` rows to `path` and their index beside it."""
    columns = {name: _column(index[name]) for name in index.column_names}
    found = _content_hash(rows, columns, metadata)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.save(file, rows, allow_pickle=False)
    with atomic_write(path.with_suffix(".parquet")) as temporary:
        pq.write_table(index.replace_schema_metadata({**metadata, _HASH: found}), temporary)


def read_indexed_array(path: Path, form: IndexedArrayFormat) -> IndexedArray:
    """Open a pair of files.

    Checked are header and length of the array, names and types of the columns, ids that are
    unique, and no missing values. The caller checks what it knows of the content, and the hash.

    Raises:
        UserError: a file is missing or malformed.
    """
    index_path = require_file(path.with_suffix(".parquet"), f"The index of {path}")
    require_file(path, form.what)
    try:
        rows = _open_rows(path, np.dtype(form.dtype))
        columns, metadata = _read_index(index_path, form.schema)
    except _BROKEN as error:
        raise form.error(path, _first_line(error)) from error
    return IndexedArray(rows, columns, metadata, (path, index_path), metadata.pop(_HASH, None))


def _content_hash(
    rows: np.ndarray, columns: Mapping[str, list[str] | np.ndarray], metadata: Mapping[str, str]
) -> str:
    found = ContentHash()
    found.add_array("rows", rows)
    for name, values in columns.items():
        if isinstance(values, np.ndarray):
            found.add_array(name, values)
        else:
            found.add_texts(name, values)
    for name in sorted(metadata):
        found.add_texts(name, [metadata[name]])
    return found.hexdigest()


def _open_rows(path: Path, dtype: np.dtype) -> np.ndarray:
    with path.open("rb") as file:
        shape, fortran_order, found = _header(file)
        start = file.tell()
    if found != dtype:
        raise ValueError(f"its numbers are {found} and not {dtype}")
    is_list = len(shape) == 2 and all(type(n) is int for n in shape) and min(shape) >= 0
    if fortran_order or not is_list or shape[1] == 0:
        raise ValueError(f"an array of shape {shape} is no list of vectors")
    size, expected = path.stat().st_size, start + shape[0] * shape[1] * dtype.itemsize
    if size != expected:
        raise ValueError(f"it has {size} bytes where its header announces {expected}")
    return np.lib.format.open_memmap(path, mode="r")


def _header(file: BinaryIO) -> tuple[tuple, bool, np.dtype]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f"version {version} of NumPy's format is not read here")


def _read_index(
    path: Path, schema: pa.Schema
) -> tuple[dict[str, list[str] | np.ndarray], dict[str, str]]:
    # pq.read_table would take folders called `a=b` for columns.
    with pq.ParquetFile(path) as file:
        described = file.metadata
        n_bytes = sum(
            described.row_group(i).total_byte_size for i in range(described.num_row_groups)
        )
        if described.num_rows > MAX_CLIPS or n_bytes > MAX_INDEX_BYTES:
            raise ValueError(f"its index announces {described.num_rows} clips, {n_bytes} bytes")
        if not file.schema_arrow.equals(schema):
            found = ", ".join(f"{field.name} {field.type}" for field in file.schema_arrow)
            expected = ", ".join(f"{field.name} {field.type}" for field in schema)
            raise ValueError(f"its index has the columns {found[:200]} and not {expected}")
        table = file.read()
    for name in table.column_names:
        if table[name].null_count:
            raise ValueError(f"its index has no {name} in {table[name].null_count} rows")
    columns = {name: _column(table[name]) for name in table.column_names}
    _require_ids(columns["clip_id"])
    metadata = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
    metadata.pop("ARROW:schema", None)
    return columns, metadata


def _column(column: pa.ChunkedArray) -> list[str] | np.ndarray:
    if pa.types.is_string(column.type):
        return column.to_pylist()
    return column.to_numpy()


def _require_ids(clip_ids: list[str]) -> None:
    seen: set[str] = set()
    for clip_id in clip_ids:
        if not 0 < len(clip_id.encode()) <= MAX_NAME_BYTES:
            raise ValueError(f"its index holds {clip_id[:40]!r}, which is no clip's id")
        if clip_id in seen:
            raise ValueError(f"its index names clip {clip_id} twice")
        seen.add(clip_id)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
