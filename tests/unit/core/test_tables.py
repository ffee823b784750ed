"""The tab-separated tables: what goes in comes out, and what is wrong is named."""

import pandas
import pytest
from frames import write_table

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_table, require_same_ids


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


def test_differing_ids_are_named_five_at_most_each_way():
    with pytest.raises(UserError) as error:
        require_same_ids([f"a{i}" for i in range(7)], "left.tsv", ["b0", "b1"], "right.tsv")
    message = str(error.value)
    assert "7 only in left.tsv (a0, a1, a2, a3, a4 and 2 more)" in message
    assert "2 only in right.tsv (b0, b1)" in message


def test_the_same_ids_in_another_order_are_the_same():
    require_same_ids(["a", "b"], "left", ["b", "a"], "right")
