"""SSVP-SLT's layout: manifests and nested folders of clips."""

import csv
import io

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.corpora import open_corpus

HEADER = "video_name\tduration\tcaption\n"


@pytest.fixture
def root(tmp_path):
    for place in ("videos/00436/0043626-2023.1.4.gif", "videos/abcde/abcdef.mp4", "videos/x.mp4"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    (tmp_path / "manifests").mkdir()
    return tmp_path


def annotations(root, text):
    (root / "manifests/train.tsv").write_text(text, encoding="utf-8")
    return open_corpus("ssvp", root).annotations("train")


@pytest.mark.parametrize("header", ["", HEADER])
def test_clips_are_found_in_their_nested_folders(root, header):
    rows = "0043626-2023.1.4\t7.2\tA “major” concern.\nabcdef.mp4\t1\tB\nx\t2\tC\nnone\t3\tD\n"
    found = annotations(root, header + rows)
    assert [(a.clip_id, a.source, a.text) for a in found] == [
        ("0043626-2023_1_4", "videos/00436/0043626-2023.1.4.gif", "A “major” concern."),
        ("abcdef", "videos/abcde/abcdef.mp4", "B"),
        ("x", "videos/x.mp4", "C"),
        ("none", None, "D"),
    ]
    assert all(a.whole_video and a.start_s is None for a in found)
    assert [a.row for a in found] == [n + bool(header) for n in (1, 2, 3, 4)]
    assert found[3].expected == "videos/none/none.mp4"


def test_captions_in_another_language(root):
    (root / "manifests/train.ita_Latn.tsv").write_text("abcdef.mp4\t1\tCiao.\n")
    assert open_corpus("ssvp", root).captions("train", "ita_Latn") == {"abcdef": "Ciao."}


def test_it_is_cropped_already():
    assert open_corpus("ssvp", "/").cropped and not open_corpus("how2sign", "/").cropped


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a\t1", "malformed_row"),
        ("a\t1\tx\ty", "malformed_row"),
        ("../a\t1\tx", "bad_name"),
        ("\t1\tx", "bad_name"),
        (".mp4\t1\tx", "bad_name"),
    ],
)
@pytest.mark.parametrize("header", ["", HEADER])
def test_a_malformed_row_has_a_problem(root, header, line, reason):
    good, bad = annotations(root, f"{header}abcdef.mp4\t1\tB\n{line}\n")
    assert good.problem is None
    assert (bad.row, bad.problem.reason) == (2 + bool(header), reason)


def test_quotes_of_a_writer_are_no_part_of_captions(root):
    rows = [["abcdef.mp4", "1", 'Say "no".'], ["x", "2", "C, D"]]
    text = io.StringIO()
    csv.writer(text, delimiter="\t").writerows([HEADER.split(), *rows])
    assert [a.text for a in annotations(root, text.getvalue())] == ['Say "no".', "C, D"]
    plain = "\n".join("\t".join(row) for row in rows)
    assert [a.text for a in annotations(root, plain)] == ['Say "no".', "C, D"]


def test_another_encoding_is_refused(root):
    (root / "manifests/train.tsv").write_bytes(f"{HEADER}x\t1\té\n".encode("latin-1"))
    with pytest.raises(UserError, match="not UTF-8 .*line 2"):
        open_corpus("ssvp", root).annotations("train")


def test_a_missing_manifest(root):
    with pytest.raises(UserError, match="train manifest not found"):
        open_corpus("ssvp", root).annotations("train")
