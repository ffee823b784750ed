"""Which columns of a table are read, and by what names it has them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.languages import LANGUAGES
from sonar_sign.core.wording import MAX_KNOWN, first_few, nearest

NEEDED = ("path", "text")
OPTIONAL = ("id", "start", "end", "split", "signer", "source", "language", "frame_rate")


def column_names(path: Path, present: Sequence[str], mapped: Mapping[str, str]) -> dict[str, str]:
    """The name in a table of every column that it has of those that are read.

    A column of captions in a further language has the language's code for a name.

    Args:
        path: of the table, for messages.
        present: the names that the table has.
        mapped: names by column, of `corpus.columns`.

    Raises:
        UserError: a column is needed and missing, or is mapped to a name that is not there.
    """
    known = (*NEEDED, *OPTIONAL)
    for column, name in mapped.items():
        if column not in known and column not in LANGUAGES:
            raise UserError(f"corpus.columns: {column!r} is no column; {nearest(column, known)}.")
        if name not in present:
            raise UserError(
                f"{path} has no column {name!r}, which corpus.columns gives for {column}; "
                f"{nearest(name, present)}."
            )
    names = {one: one for one in (*known, *LANGUAGES) if one in present} | dict(mapped)
    missing = [column for column in NEEDED if column not in names]
    if missing:
        example = next((name for name in present if name not in names.values()), "NAME")
        raise UserError(
            f"{path} has no column {missing[0]}, only {first_few(list(present), MAX_KNOWN)}; say "
            f"which it is in corpus.columns, such as {{{missing[0]}: {example}}}."
        )
    return names
