"""Clip ids: which of them are the same, and which are so alike that somebody would mix them up."""

import unicodedata
from collections.abc import Iterable, Sequence

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import first_few


def folded(name: str) -> str:
    """The name without what some file systems, editors and spreadsheets change.

    That is: case, spaces around it, and whether an accent is a character of its own (NFD).
    """
    if name.isascii():
        return name.strip().lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).strip()


def require_distinct(path: object, column: str, ids: Sequence[str], lines: Sequence[int]) -> None:
    """Check that every row has an id of its own.

    Args:
        path: of the table, for messages.
        column: of the ids.
        lines: where each row stands.

    Raises:
        UserError: an id is empty, occurs twice, or differs from another one only in case, spaces
            around it or Unicode normalisation.
    """
    first: dict[str, int] = {}
    for row, name in enumerate(ids):
        if not name.strip():
            raise UserError(f"{path}, line {lines[row]} has no {column}; give every row one.")
        other = first.setdefault(folded(name), row)
        if other == row:
            continue
        where = f"in lines {lines[other]} and {lines[row]}"
        if ids[other] == name:
            raise UserError(f"{path} has the {column} {name!r} twice, {where}; remove one of them.")
        raise UserError(
            f"{path} has the {column}s {ids[other]!r} and {name!r}, {where}, which differ only in "
            "case, spaces or Unicode normalisation; rename or remove one of them."
        )


def require_same_ids(
    first: Iterable[str], first_name: str, second: Iterable[str], second_name: str
) -> None:
    """Check that two lists name the same clips, in any order.

    Raises:
        UserError: they differ; up to five ids that only one side has are named, each way, and
            whether they differ only in case, spaces or Unicode normalisation.
    """
    first, second = set(first), set(second)
    extra, missing = first - second, second - first
    only = [
        f"{len(ids)} only in {name} ({first_few(sorted(ids))})"
        for ids, name in ((extra, first_name), (missing, second_name))
        if ids
    ]
    if not only:
        return
    alike = {folded(name) for name in extra} & {folded(name) for name in missing}
    why = (
        f" ({len(alike)} of them differ only in case, spaces or Unicode normalisation)"
        if alike
        else ""
    )
    raise UserError(
        f"Different clips: {' and '.join(only)}{why}; make both from the same clip list."
    )
