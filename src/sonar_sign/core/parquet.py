"""Parquet files as columns of text; the only reader of tables that needs a package."""

from collections.abc import Mapping
from pathlib import Path

from sonar_sign.core.column_names import Layout
from sonar_sign.core.errors import UserError
from sonar_sign.core.records import Columns, as_text, number_as_text


def read_parquet(path: Path, layout: Layout) -> Columns:
    """Columns of a Parquet file that hold text or whole numbers.

    Raises:
        UserError: it cannot be read, lacks a column, or a column holds anything else or nulls.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UserError(f"{path}: Parquet needs the package pyarrow; save it as TSV.") from error
    try:
        with pq.ParquetFile(path) as file:
            names: Mapping[str, str] = layout.find(path, file.schema_arrow.names)
            table = file.read(columns=[*names.values()])
            found = {column: table[name].to_pylist() for column, name in names.items()}
    except (pa.ArrowException, OSError, ValueError) as error:
        problem = " ".join(str(error).split())
        raise UserError(f"{path} cannot be read as Parquet ({problem}); write it again.") from error
    return {
        column: [
            (number_as_text if column in layout.numbers else as_text)(path, row, column, value)
            for row, value in enumerate(values, start=1)
        ]
        for column, values in found.items()
    }
