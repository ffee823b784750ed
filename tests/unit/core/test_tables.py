"""The tab-separated tables: what goes in comes out, and what is wrong is named."""

import pandas
import pytest
from frames import write_table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns, read_table, write_rows


def write(path, text):
    path.write_bytes(text.encode("utf-8"))
    return path


def test_text_survives_unchanged(tmp_path):
    texts = [
        'He said "no',
        "NA",
        "",
        " due spazi ",
        "perché 🤟 \u2028 \x0c #x",
        "1.0",
        "null",
        "a|b",
    ]
    frame = pandas.DataFrame({"clip_id": [f"c{i}" for i in range(len(texts))], "text": texts})
    write_table(tmp_path / "t.tsv", frame)
    again = read_table(tmp_path / "t.tsv", ("clip_id", "text"))
    assert again["text"].tolist() == texts
    assert all(type(value) is str for column in again for value in again[column])


def test_further_columns_and_order_are_kept(tmp_path):
    path = write(tmp_path / "t.tsv", "b\tclip_id\ta\n1\tz\t2\n3\ty\t4\n")
    frame = read_table(path, ("clip_id",))
    assert frame.columns.tolist() == ["b", "clip_id", "a"]
    assert frame["clip_id"].tolist() == ["z", "y"]


def test_a_header_alone_is_an_empty_table(tmp_path):
    frame = read_table(write(tmp_path / "t.tsv", "clip_id\ttext\n"), ("clip_id", "text"))
    assert len(frame) == 0 and frame.columns.tolist() == ["clip_id", "text"]
    write_table(tmp_path / "again.tsv", frame)
    assert (tmp_path / "again.tsv").read_text() == "clip_id\ttext\n"


def test_windows_line_ends_and_byte_order_mark_are_accepted(tmp_path):
    path = write(tmp_path / "t.tsv", "\ufeffclip_id\ttext\r\na\tb\r\n")
    assert read_table(path, ("clip_id", "text")).to_dict("list") == {
        "clip_id": ["a"],
        "text": ["b"],
    }


def test_numbers_are_written_exactly(tmp_path):
    write_table(tmp_path / "t.tsv", pandas.DataFrame({"start_s": [0.1], "n": [7]}))
    assert (tmp_path / "t.tsv").read_text() == "start_s\tn\n0.1\t7\n"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("clip_id\tprediction\na\tb\n", ["lacks the column text", "clip_id, prediction"]),
        ("clip_id\ttext\na\tb\nc\td\na\te\n", ["'a' twice", "lines 2 and 4"]),
        ("clip_id\ttext\na\tb\n\tc\n", ["line 3 has no clip_id"]),
        ("clip_id\ttext\na\tb\tc\n", ["line 2: 3 fields where the header has 2"]),
        ("clip_id\ttext\na\tb\n\nc\td\n", ["line 3: 1 fields"]),
        ("clip_id\ttext\ttext\n", ["'text' more than once"]),
        ("clip_id\ttext\na\tb\rc\n", ["line 2 holds a carriage return"]),
        ("", ["is empty"]),
    ],
)
def test_a_malformed_table_is_refused(tmp_path, content, named):
    path = write(tmp_path / "t.tsv", content)
    with pytest.raises(UserError) as error:
        read_table(path, ("clip_id", "text"))
    for words in (str(path), *named):
        assert words in str(error.value)


def test_other_bytes_than_utf8_are_refused(tmp_path):
    (tmp_path / "t.tsv").write_bytes("clip_id\ttext\na\tè\n".encode("latin-1"))
    with pytest.raises(UserError, match="not UTF-8 at byte 15"):
        read_table(tmp_path / "t.tsv", ("clip_id", "text"))


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(UserError, match="nowhere.tsv"):
        read_table(tmp_path / "nowhere.tsv", ("clip_id",))


def test_a_table_may_be_read_without_a_key(tmp_path):
    path = write(tmp_path / "dropped.tsv", "clip_id\treason\na\tx\na\ty\n")
    assert len(read_table(path, ("clip_id", "reason"), key=None)) == 2


@pytest.mark.parametrize(("char", "word"), [("\t", "tab"), ("\n", "line feed"), ("\r", "return")])
def test_a_field_that_would_break_the_table_is_not_written(tmp_path, char, word):
    frame = pandas.DataFrame({"clip_id": ["a", "b"], "text": ["fine", f"x{char}y"]})
    with pytest.raises(UserError, match=f"row 1 of column 'text' holds a .*{word}"):
        write_table(tmp_path / "t.tsv", frame)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_value_is_not_written(tmp_path):
    with pytest.raises(UserError, match="row 1 of column 'text' has no value"):
        write_table(tmp_path / "t.tsv", pandas.DataFrame({"text": ["a", None]}))
    assert list(tmp_path.iterdir()) == []


ANYTHING = st.text(
    st.one_of(
        st.characters(exclude_categories=()),  # halves of surrogate pairs too
        st.sampled_from('\t\n\r\0"\\ \x85\u2028\u2029\x0b\x0c\ufeff\ufffd\u200f🤟,'),
    ),
    max_size=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.integers(1, 3).flatmap(
        lambda n: st.lists(st.lists(ANYTHING, min_size=n, max_size=n), min_size=1, max_size=4)
    )
)
def test_what_is_written_reads_back_or_is_not_written(tmp_path, rows):
    path = tmp_path / "t.tsv"
    path.unlink(missing_ok=True)
    columns = ["a", "b", "c"][: len(rows[0])]
    texts = [text for row in rows for text in row]
    unwritable = any(set("\t\n\r\0") & set(text) for text in texts)
    halves = any("\ud800" <= char <= "\udfff" for text in texts for char in text)
    marked = any("\t".join(row).startswith("\ufeff") for row in rows)
    try:
        write_rows(path, columns, rows)
    except UserError:
        assert unwritable or halves or marked
        assert not path.exists()
        return
    found = read_columns(path, columns, key=None)
    assert [list(row) for row in zip(*found.values(), strict=True)] == rows


@pytest.mark.parametrize(
    ("columns", "row", "words"),
    [
        (("a", "b"), ("x", "\0"), "row 0 of column 'b' holds a NUL"),
        (("a", "b"), ("x", "\ud83e"), "half a surrogate pair"),
        (("a", "b"), ("\ufeffx", ""), "line 2 would begin with U\\+FEFF"),
        (("a", "a"), ("x", "y"), "two columns have the same name"),
        (("a", "b\tc"), ("x", "y"), "the header holds a tab"),
        (("a", "b"), ("x", float("nan")), "has no value"),
    ],
)
def test_what_would_not_read_back_is_named(tmp_path, columns, row, words):
    with pytest.raises(UserError, match=words):
        write_rows(tmp_path / "t.tsv", columns, [row])
    assert list(tmp_path.iterdir()) == []
