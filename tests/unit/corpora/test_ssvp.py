"""SSVP-SLT's layout: manifests and nested folders of clips."""

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
    "text, words",
    [
        ("a\t1\n", "Line 1 .*train.tsv has 2 fields"),
        (HEADER + "a\t1\tx\ty\n", "Line 2 .*has 4 fields"),
        ("../a\t1\tx\n", "line 1 of .*path separator"),
        ("\t1\tx\n", "line 1 of .*not a file name"),
    ],
)
def test_malformed_rows_are_named(root, text, words):
    with pytest.raises(UserError, match=words):
        annotations(root, text)


def test_a_missing_manifest(root):
    with pytest.raises(UserError, match="train manifest not found"):
        open_corpus("ssvp", root).annotations("train")
