"""CSL-Daily's labels: captions and signers by the name of the clip, of the pickle or the table.

The pickle is `{"info": [{"name", "label_char", "signer", ...}, ...], ...}`; `label_char` is a list
of characters. The table has the columns `name` and `char`, with spaces between the characters.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.plain_pickles import PickleError, load_plain
from sonar_sign.corpora.bar_table import read_bar_table

# "S000196_P0003_T00": sentence, signer, repetition.
_SIGNER = re.compile(r"_P([0-9]+)_")
# No sentence has more; what does is damaged.
MAX_PIECES = 10_000

Labels = dict[str, tuple[str, str]]
"""Caption and signer by name."""


def read_labels(path: Path) -> Labels:
    """Read the labels; of a name that occurs twice, the first one counts.

    Raises:
        UserError: the file is missing, is no such pickle or table, or holds more than plain data.
    """
    rows = _of_pickle(path) if path.suffix == ".pkl" else _of_table(path)
    labels: Labels = {}
    for name, caption, signer in rows:
        labels.setdefault(name, (caption, signer))
    return labels


def _of_pickle(path: Path) -> Iterator[tuple[str, str, str]]:
    try:
        content = load_plain(path)
    except PickleError as error:
        raise UserError(f"{path} is not read: {error}; download it again.") from error
    rows = content.get("info") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{path} holds no list of labels under 'info'; download it again.")
    for number, row in enumerate(rows, 1):
        name = row.get("name")
        caption = _joined(row.get("label_char", row.get("label_word")))
        if not isinstance(name, str) or caption is None:
            raise UserError(
                f"{path}, label {number} lacks a name or its characters (label_char); download it "
                "again."
            )
        signer = row.get("signer")
        yield name, caption, str(signer) if type(signer) in (int, str) else _signer_of(name)


def _joined(pieces: Any) -> str | None:
    if isinstance(pieces, str):
        return "".join(pieces.split())
    if not isinstance(pieces, list | tuple) or len(pieces) > MAX_PIECES:
        return None
    if not all(isinstance(piece, str) and len(piece) < 100 for piece in pieces):
        return None
    return "".join(pieces)


def _of_table(path: Path) -> Iterator[tuple[str, str, str]]:
    for row in read_bar_table(path, ("name", "char"), "CSL-Daily's labels"):
        if not row.problem:
            name = row.fields["name"]
            yield name, "".join(row.fields["char"].split()), _signer_of(name)


def _signer_of(name: str) -> str:
    found = _SIGNER.search(name)
    return str(int(found[1])) if found else ""
