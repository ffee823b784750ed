"""Feature shards that are wrong in one way: of the array, of the index, or of the two together."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def edit_index(path: Path, keep_metadata: bool = True, **columns) -> None:
    """Replace columns of the index; None removes one. Metadata stay, as in most programs."""
    index = path.with_suffix(".parquet")
    table = pq.read_table(index)
    for name, values in columns.items():
        if name in table.column_names:
            table = table.drop_columns([name])
        if values is not None:
            table = table.append_column(name, values if isinstance(values, pa.Array) else [values])
    order = [name for name in ("clip_id", "offset", "length") if name in table.column_names]
    table = table.select(order + [name for name in table.column_names if name not in order])
    pq.write_table(table if keep_metadata else table.replace_schema_metadata(None), index)


def without_hash(path: Path) -> None:
    """Make of a shard one of before content was hashed."""
    index = path.with_suffix(".parquet")
    table = pq.read_table(index)
    kept = {k: v for k, v in table.schema.metadata.items() if k != b"content_xxh3_128"}
    pq.write_table(table.replace_schema_metadata(kept), index)


def array_bytes(array: np.ndarray) -> bytes:
    """A `.npy` file of any array."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def edit_header(path: Path, old: str, new: str) -> None:
    """Change the header of a `.npy` and leave its length."""
    content = path.read_bytes()
    assert old.encode() in content[:128]
    edge = new.ljust(len(old)).encode()
    path.write_bytes(content[:128].replace(old.encode(), edge) + content[128:])
