"""Counts of what is hard about a synthetic corpus's sentences."""

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import write_rows
from sonar_sign.corpora.drawn import SENTENCE_COLUMNS
from sonar_sign.corpora.sentences import count_sentences

ROWS = [
    ("a", "1", "", "0", "0", "1", "0", "0.00"),
    ("b", "1", "ANNA", "1", "1", "0", "0", "0.73"),
    ("c", "1", "BOB", "0", "0", "0", "1", "0.60"),
]


@pytest.fixture
def table(tmp_path):
    write_rows(tmp_path / "sentences_test.tsv", SENTENCE_COLUMNS, ROWS)
    return tmp_path / "sentences_test.tsv"


def test_clips_of_the_manifest_are_counted(table):
    assert count_sentences(table, {"a", "b"}) == {
        "needs_context": 2,
        "spelled": 1,
        "unseen_name": 1,
        "unseen_combination": 1,
        "question": 1,
        "head_negation": 0,
        "emphasis": 1,
    }


def test_a_table_without_its_columns_is_refused(table):
    table.write_text("SENTENCE_NAME\tspelled\na\tBOB\n")
    with pytest.raises(UserError, match="needs_context"):
        count_sentences(table, {"a"})
