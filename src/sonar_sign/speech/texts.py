"""The texts that are spoken: anyone's file of texts, or predictions of a system's clips."""

import json
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.column_names import Layout
from sonar_sign.core.errors import UserError
from sonar_sign.core.foreign_tables import read_foreign
from sonar_sign.core.notes import tell
from sonar_sign.core.records import SENTENCE
from sonar_sign.core.text_files import read_text

ID, TEXT = "clip_id", "prediction"
LAYOUT = Layout(
    (TEXT,), (ID,), ID, {ID: (ID, "id"), TEXT: (TEXT, "text", "translation", "sentence")}
)


@dataclass(frozen=True)
class Text:
    """One text that is to be spoken."""

    name: str
    """Name of its files, without a suffix: a clip's id, or the number of its line."""
    text: str
    """What to say."""


def read_texts(path: Path) -> list[Text]:
    """A table or JSON lines with texts and ids, or one sentence per line, as `read_foreign` reads.

    Texts without ids are named by their numbers, from 0001 on; empty lines are left out.

    Raises:
        UserError: the file is malformed, and the line is named; or it has no text.
    """
    table = read_foreign(path, LAYOUT)
    tell(table.notes)
    if ID in table.columns:
        columns = (table.columns[ID], table.columns[TEXT])
        return [Text(name, text) for name, text in zip(*columns, strict=True)]
    texts = table.columns[SENTENCE] if table.is_sentences else table.columns[TEXT]
    texts = [text for text in texts if text.strip()] if table.is_sentences else texts
    if not texts:
        raise UserError(f"{path} has no text to speak; every line is empty.")
    return [Text(f"{number:04d}", text) for number, text in enumerate(texts, start=1)]


def only_samples(texts: list[Text], samples: Path) -> list[Text]:
    """The texts of the clips that `sample` chose, in its order.

    Raises:
        UserError: the file is no list of samples, or names a clip that there is no text of.
    """
    by_name = {one.name: one for one in texts}
    try:
        names = [str(one["clip_id"]) for one in json.loads(read_text(samples, "The samples"))]
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"{samples} is no list of samples as sample writes it.") from error
    missing = next((name for name in names if name not in by_name), None)
    if missing is not None:
        raise UserError(f"{samples} names the clip {missing!r}, which has no text; sample again.")
    return [by_name[name] for name in dict.fromkeys(names)]
