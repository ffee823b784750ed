"""Anyone's tables and texts as columns: recognised by content and suffix, or refused.

TSV and CSV with a header line, JSON, JSON lines, Parquet, or one sentence per line. Every value is
the text that stands in the file: ids keep their zeros, and `NA`, `nan` and `null` are words.
"""

from pathlib import Path

from sonar_sign.core.column_names import Layout
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file
from sonar_sign.core.foreign_texts import ForeignTable, checked
from sonar_sign.core.parquet import read_parquet
from sonar_sign.core.quoting import Quoting, QuotingError, Rows, split_rows
from sonar_sign.core.records import SENTENCE, read_json
from sonar_sign.core.text_files import read_text

DELIMITED = (".tsv", ".tab", ".csv")
PARQUET = (".parquet", ".pq")
# Texts of these are no list of sentences.
OTHER_FORMATS = frozenset(
    ".srt .vtt .ass .xml .html .htm .yaml .yml .md .rst .py .tex .ini .toml".split()  # noqa: SIM905
)
_PARQUET_START = b"PAR1"


def read_foreign(path: Path, layout: Layout) -> ForeignTable:
    """Read a file of anyone's.

    Line breaks and tabs within a text become spaces, and this is noted.

    Raises:
        UserError: the file is missing, empty, of an unknown format or not of the format that its
            name says; its encoding is wrong; a row has another number of fields than the header;
            a column is missing or named twice; a key is empty, occurs twice or nearly so; a value
            is no text or is too long. The line is named.
    """
    path = require_file(path, "The file")
    with path.open("rb") as file:
        is_parquet = file.read(len(_PARQUET_START)) == _PARQUET_START
    if is_parquet:
        columns = read_parquet(path, layout)
        n_rows = len(next(iter(columns.values())))
        found = ForeignTable(path, columns, [*range(1, n_rows + 1)])
    elif path.suffix.lower() in PARQUET:
        raise UserError(f"{path} is named as Parquet but is none; give it the suffix that it has.")
    else:
        found = _read_text_table(path, layout)
    return checked(found, layout.key)


def _read_text_table(path: Path, layout: Layout) -> ForeignTable:
    text, suffix = read_text(path), path.suffix.lower()
    if not text:
        raise UserError(f"{path} is empty, so there is nothing to read.")
    as_json = read_json(path, text, layout)
    if as_json is not None:
        return ForeignTable(path, *as_json)
    header = text.partition("\n")[0]
    fields = [name.strip('"') for name in header.split(_delimiter(header))]
    if suffix in DELIMITED or layout.can_be(fields):
        return _delimited(path, text, layout)
    if suffix in OTHER_FORMATS:
        raise UserError(
            f"{path}: {suffix} is no format of texts that is read; give TSV, CSV, JSON, JSON "
            "lines, Parquet, or text with one sentence per line (.txt)."
        )
    return _sentences(path, text, layout)


def _delimiter(header: str) -> str:
    return "\t" if "\t" in header or "," not in header else ","


def _delimited(path: Path, text: str, layout: Layout) -> ForeignTable:
    header_line = text.partition("\n")[0]
    delimiter = _delimiter(header_line)
    if delimiter not in header_line and ";" in header_line:
        raise UserError(f"{path} is separated by semicolons; save it with tabs or commas.")
    split = _split(path, text.rstrip("\n"), delimiter, layout.quoting)
    header, *rows = split.rows
    names = layout.find(path, header.fields)
    for row in rows:
        if len(row.fields) != len(header.fields):
            raise UserError(
                f"{path}, line {row.line}: {len(row.fields)} fields where the header has "
                f"{len(header.fields)}; {_how_to_separate(delimiter)}."
            )
    places = {column: header.fields.index(name) for column, name in names.items()}
    columns = {column: [row.fields[place] for row in rows] for column, place in places.items()}
    return ForeignTable(path, columns, [row.line for row in rows], _notes(path, split, delimiter))


def _sentences(path: Path, text: str, layout: Layout) -> ForeignTable:
    if "\t" in text:
        line = text.count("\n", 0, text.index("\t")) + 1
        columns = ", ".join(layout.names_of(column)[0] for column in layout.needed)
        raise UserError(
            f"{path}, line {line} holds a tab, so it is not one sentence per line; a table needs a "
            f"header that names {columns}."
        )
    split = _split(path, text.removesuffix("\n"), "\t", layout.quoting, has_header=False)
    columns = {SENTENCE: [row.fields[0] for row in split.rows]}
    return ForeignTable(path, columns, [row.line for row in split.rows], _notes(path, split, "\t"))


def _split(
    path: Path, text: str, delimiter: str, quoting: Quoting, *, has_header: bool = True
) -> Rows:
    try:
        return split_rows(text, delimiter, quoting, has_header=has_header)
    except QuotingError as error:
        raise UserError(
            f"{path}, line {error.args[0]}: a quoted field does not end with its quote; double the "
            "quotes within it, or set --quoting none where quotes are text."
        ) from error


def _notes(path: Path, split: Rows, delimiter: str) -> tuple[str, ...]:
    if split.quoted and delimiter == "\t":
        n = sum(sum(row.quoted) for row in split.rows)
        return (
            f"{path.name}: quotes around fields ({n}) were taken off, because the whole file is "
            "quoted as the csv module quotes; --quoting none keeps them.",
        )
    if split.n_in_quotes:
        return (
            f"{path.name}: quotes around whole texts ({split.n_in_quotes}) count as text; "
            "--quoting csv takes them off.",
        )
    return ()


def _how_to_separate(delimiter: str) -> str:
    if delimiter == "\t":
        return "fields are separated by one tab and hold no tab or line break"
    return "put a field that holds a comma in double quotes, or save the table with tabs"
