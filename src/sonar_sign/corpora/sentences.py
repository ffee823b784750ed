"""Counts what is hard about the sentences of a synthetic corpus, for `summarise`."""

from collections.abc import Collection
from pathlib import Path

from sonar_sign.core.tables import read_columns
from sonar_sign.corpora.drawn import KEY, SENTENCE_COLUMNS

# What a field holds where the sentence has nothing of it.
ABSENT = ("", "0", "0.00")


def count_sentences(path: Path, clip_ids: Collection[str]) -> dict[str, int]:
    """By column of `sentences_{split}.tsv`, the number of clips that have it.

    Args:
        clip_ids: clips of the split's manifest; other sentences are not counted.

    Raises:
        UserError: the table is missing or malformed.
    """
    table = read_columns(path, SENTENCE_COLUMNS, key=KEY)
    kept = [sentence in clip_ids for sentence in table[KEY]]
    return {
        column: sum(
            value not in ABSENT for value, of in zip(table[column], kept, strict=True) if of
        )
        for column in SENTENCE_COLUMNS
        if column != KEY
    }
