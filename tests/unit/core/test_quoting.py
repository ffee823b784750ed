"""Whether a tab file is quoted is seen from the file as a whole."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonar_sign.core.quoting import QuotingError, split_rows

HEADER = ["clip_id", "text"]
TEXT = st.text(st.sampled_from('ab "\t\n,;\u2028é'), max_size=8)
TEXTS = st.lists(TEXT, min_size=1, max_size=6)


def written(texts, delimiter="\t", quoting=csv.QUOTE_MINIMAL):
    file = io.StringIO()
    rows = [HEADER, *([f"c{n}", text] for n, text in enumerate(texts))]
    csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=quoting).writerows(rows)
    return file.getvalue().removesuffix("\n")


def texts_of(text, delimiter="\t", quoting="auto"):
    rows = split_rows(text, delimiter, quoting).rows
    assert rows[0].fields == HEADER
    return [row.fields[1] for row in rows[1:]]


@given(TEXTS)
def test_what_the_csv_module_writes_is_read_again(texts):
    assert texts_of(written(texts), quoting="csv") == texts
    # But for a text whose lines look like rows themselves.
    if not any("\t" in text and "\n" in text for text in texts):
        assert texts_of(written(texts)) == texts
    assert texts_of(written(texts, ","), ",") == texts


@given(TEXTS)
def test_what_is_quoted_everywhere_is_read_again(texts):
    assert texts_of(written(texts, quoting=csv.QUOTE_ALL)) == texts


@given(TEXTS)
def test_plain_texts_are_read_as_they_stand(texts):
    texts = [text.replace("\t", " ").replace("\n", " ") for text in texts]
    plain = "\n".join("\t".join(row) for row in [HEADER, *(["c", text] for text in texts)])
    assert texts_of(plain, quoting="none") == texts
    # But for texts that look as if a writer had doubled their quotes.
    if not any('""' in text for text in texts):
        assert texts_of(plain) == texts


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (['"Stop!"', "Go."], ['"Stop!"', "Go."]),  # somebody speaks
        (['"Stop, now!"', "Go, go."], ['"Stop, now!"', "Go, go."]),
        (['"Stop, now!"', '"Go, go."', "No."], ["Stop, now!", "Go, go.", "No."]),  # Excel
        (['"Say ""no""."', "Go."], ['Say "no".', "Go."]),
        (['"Say ""no""."', 'Say "yes".'], ['"Say ""no""."', 'Say "yes".']),
        (['"Stop', 'Go"'], ['"Stop', 'Go"']),
        (['"a"b', "c"], ['"a"b', "c"]),
        (['""', "c"], ["", "c"]),
        (['"', "c"], ['"', "c"]),
    ],
)
def test_quotes_are_text_unless_the_file_shows_otherwise(texts, expected):
    plain = "\n".join("\t".join(row) for row in [HEADER, *(["c", text] for text in texts)])
    assert texts_of(plain) == expected


def test_lines_are_counted_over_line_breaks():
    found = split_rows('a,b\n"1\n\n2",x\n3,y', ",")
    assert [(row.line, row.n_lines) for row in found.rows] == [(1, 1), (2, 3), (5, 1)]


@pytest.mark.parametrize("text", ['a,b\n1,"x', 'a,b\n1,"x"y', 'a,b\n1,"x" '])
def test_a_malformed_field_of_a_comma_file_is_named(text):
    with pytest.raises(QuotingError) as error:
        split_rows(text, ",")
    assert error.value.args == (2,)
