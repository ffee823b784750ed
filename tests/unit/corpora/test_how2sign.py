"""How2Sign's annotation files, as published and as they should not be."""

import pandas as pd
import pytest
from small_files import (
    HOW2SIGN,
    NO_REAL_DATA,
    REAL_DATA,
    row,
    write_annotations,
)

from sonar_sign.core.errors import UserError
from sonar_sign.corpora import open_corpus
from sonar_sign.corpora.how2sign import How2Sign

VIDEO = "abc-5-rgb_front"
CAPTIONS = [
    ('"with ""Lips and More""."', 'with "Lips and More".'),
    ('"Stop, or go"', "Stop, or go"),
    ('He said "no', 'He said "no'),
    ('"Hello, he said', '"Hello, he said'),
    ('"Stop" he said.', '"Stop" he said.'),
    ('6" long', '6" long'),
    ("It's 5 o'clock", "It's 5 o'clock"),
    ("", ""),
    ("next\x85line\u2028and\x0cpage", "next\x85line\u2028and\x0cpage"),
]


def corpus_of(root, line, header=HOW2SIGN, separator="\t", **encoding):
    root.mkdir(exist_ok=True)
    text = separator.join(header) + "\n" + line + "\n"
    path = root / "how2sign_realigned_train.csv"
    path.write_text(text, **({"encoding": "utf-8"} | encoding))
    return How2Sign(root)


def line_of(separator, clip_id="c1", video=VIDEO, start="0.5", end="2", text="Hello."):
    return separator.join(["abc", video, "abc_0", clip_id, start, end, text])


@pytest.mark.parametrize("separator", ["\t", ","])
@pytest.mark.parametrize(("written", "read"), CAPTIONS)
def test_captions_survive_either_separator(tmp_path, separator, written, read):
    corpus = corpus_of(tmp_path, line_of(separator, text=written), separator=separator)
    (annotation,) = corpus.annotations("train")
    assert annotation.text == read
    assert (annotation.clip_id, annotation.start_s, annotation.end_s) == ("c1", 0.5, 2.0)
    assert (annotation.row, annotation.signer) == (2, "5")


def test_an_unquoted_comma_in_the_last_column_is_text(tmp_path):
    corpus = corpus_of(tmp_path, line_of(",", text="Well, no, yes"), separator=",")
    assert corpus.annotations("train")[0].text == "Well, no, yes"


@pytest.mark.parametrize(
    "encoding", [{"newline": "\r\n"}, {"encoding": "utf-8-sig"}, {"encoding": "utf-16"}]
)
def test_windows_files(tmp_path, encoding):
    (annotation,) = corpus_of(tmp_path, line_of("\t", text="perché"), **encoding).annotations(
        "train"
    )
    assert annotation.text == "perché"


def test_rows_are_numbered_as_lines(tmp_path):
    write_annotations(tmp_path, [row("c1"), "", row("c2")])
    assert [a.row for a in How2Sign(tmp_path).annotations("train")] == [2, 4]


@pytest.mark.parametrize("column", ["SENTENCE_NAME", "VIDEO_NAME"])
@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a\x01b", "a" * 300, "", ".."])
def test_a_row_with_a_bad_name_has_a_problem(tmp_path, column, name):
    good = row("good")
    bad = row(name) if column == "SENTENCE_NAME" else row("c1", video=name)
    write_annotations(tmp_path, [good, bad])
    first, second = How2Sign(tmp_path).annotations("train")
    assert first.problem is None
    assert second.problem.reason == "bad_name" and "The name" in second.problem.detail
    assert (second.row, second.clip_id, second.source) == (3, "", None)
    assert len(second.problem.detail) < 400


TIMES = ["soon", "1:30", "nan", "inf", "-inf", "0_0.1", "1e3", "1,5", "٣", "0x1", "1 2", "--1"]


@pytest.mark.parametrize("time", TIMES)
def test_a_time_that_is_none_is_a_problem_of_its_row(tmp_path, time):
    write_annotations(tmp_path, [row("good"), row("bad", end=time)])
    (tmp_path / "raw_videos").mkdir()
    (tmp_path / "raw_videos/vid-5-rgb_front.mp4").touch()
    good, bad = How2Sign(tmp_path).annotations("train")
    assert good.problem is None and good.end_s == 1
    assert bad.problem.reason == "bad_times" and repr(time) in bad.problem.detail
    assert bad.end_s is None


@pytest.mark.parametrize("time", ["1e-05", "7", "7.", ".5", "+1.5", "0001.5"])
def test_a_time_as_tables_have_it(tmp_path, time):
    write_annotations(tmp_path, [row("c1", end=time)])
    (tmp_path / "raw_videos").mkdir()
    (tmp_path / "raw_videos/vid-5-rgb_front.mp4").touch()
    assert How2Sign(tmp_path).annotations("train")[0].end_s == float(time)


def test_a_missing_time_is_none(tmp_path):
    write_annotations(tmp_path, [row("c1", start=" ", end="")])
    (annotation,) = How2Sign(tmp_path).annotations("train")
    assert annotation.start_s is None and annotation.end_s is None


def test_rows_of_other_lengths_have_a_problem(tmp_path):
    write_annotations(tmp_path, [row("good"), "only\tthree\tfields", row("more") + "\tx"])
    good, few, many = How2Sign(tmp_path).annotations("train")
    assert good.problem is None
    assert (few.row, few.problem.reason) == (3, "malformed_row")
    assert few.problem.detail == "3 fields instead of 7"
    assert many.problem.detail == "8 fields instead of 7"


def test_an_unquoted_comma_cuts_no_caption(tmp_path):
    header = ("SENTENCE", *HOW2SIGN[:-1])
    lines = ["Hello, you,a,v,s,c1,1,2", '"Well, no",a,v,s,c2,1,2', "Yes,a,v,s,c3,1,2"]
    corpus = corpus_of(tmp_path, "\n".join(lines), header=header, separator=",")
    found = corpus.annotations("train")
    assert [(a.clip_id, a.text) for a in found] == [("", ""), ("c2", "Well, no"), ("c3", "Yes")]
    assert found[0].problem.reason == "malformed_row"


@pytest.mark.parametrize("separator", ["\t", ","])
def test_a_quoted_caption_of_several_lines_is_one_row(tmp_path, separator):
    texts = ['"One\ntwo, ""three""\n\nfour"', "Next.", '"Open', "Last."]
    lines = [line_of(separator, f"c{n}", text=text) for n, text in enumerate(texts)]
    found = corpus_of(tmp_path, "\n".join(lines), separator=separator).annotations("train")
    expected = ['One\ntwo, "three"\n\nfour', "Next.", '"Open', "Last."]
    assert [a.text for a in found] == expected
    assert [a.row for a in found] == [2, 6, 7, 8]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("perché".encode("latin-1"), "not UTF-8 at byte .*, line 2; .*iconv"),
        (b"a\0b", "line 2 holds a NUL"),
        (b"a\rb", "line 2 holds a carriage return"),
    ],
)
def test_an_encoding_that_is_no_utf8_is_refused_with_its_line(tmp_path, content, words):
    path = write_annotations(tmp_path, [])
    path.write_bytes(path.read_bytes() + line_of("\t", text="").encode() + content + b"\n")
    with pytest.raises(UserError, match=words):
        How2Sign(tmp_path).annotations("train")


def test_a_column_named_twice_is_refused(tmp_path):
    with pytest.raises(UserError, match="'SENTENCE' more than once"):
        corpus_of(tmp_path, "", header=(*HOW2SIGN, "SENTENCE")).annotations("train")


OPTIONAL = ("VIDEO_ID", "SENTENCE_ID")


@pytest.mark.parametrize("missing", [name for name in HOW2SIGN if name not in OPTIONAL])
def test_a_missing_column_is_named(tmp_path, missing):
    header = [name for name in HOW2SIGN if name != missing]
    with pytest.raises(UserError, match=f"lacks the column {missing}"):
        corpus_of(tmp_path, "", header=header).annotations("train")


@pytest.mark.parametrize("missing", [("VIDEO_ID",), ("SENTENCE_ID",), OPTIONAL])
def test_columns_that_tools_for_other_corpora_leave_out(tmp_path, missing):
    fields = dict(zip(HOW2SIGN, row("c1", start="1", end="2").split("\t"), strict=True))
    header = [name for name in HOW2SIGN if name not in missing]
    line = "\t".join(fields[name] for name in header)
    (annotation,) = corpus_of(tmp_path, line, header=header).annotations("train")
    assert (annotation.clip_id, annotation.start_s, annotation.end_s) == ("c1", 1.0, 2.0)
    assert (annotation.signer, annotation.text) == ("5", "Hello.")


def test_an_empty_file_lacks_columns(tmp_path):
    (tmp_path / "how2sign_realigned_train.csv").write_text("")
    with pytest.raises(UserError, match="lacks the column VIDEO_NAME"):
        How2Sign(tmp_path).annotations("train")


def test_further_columns_and_another_order_are_fine(tmp_path):
    header = ("SPLIT", *HOW2SIGN[::-1])
    fields = ["train", *row("c1", start="1", end="2", text='Say "hi".').split("\t")[::-1]]
    (annotation,) = corpus_of(tmp_path, "\t".join(fields), header=header).annotations("train")
    assert (annotation.clip_id, annotation.end_s, annotation.text) == ("c1", 2.0, 'Say "hi".')


def test_missing_corpora_are_named(tmp_path):
    with pytest.raises(UserError, match="not one of: table, how2sign"):
        open_corpus("phoenix", tmp_path)
    with pytest.raises(UserError, match="nowhere is not a folder: it does not exist"):
        open_corpus("how2sign", tmp_path / "nowhere")
    with pytest.raises(UserError, match="how2sign_realigned_test.csv does not exist"):
        open_corpus("how2sign", tmp_path).annotations("test")


def test_full_videos_come_before_sentence_clips(tmp_path):
    write_annotations(tmp_path, [row("c1", VIDEO), row("c2", VIDEO), row("c3", "other-1-rgb")])
    (tmp_path / "raw_videos").mkdir()
    for name in ("c1", "c3", VIDEO):
        (tmp_path / f"raw_videos/{name}.mp4").touch()
    first, second, third = How2Sign(tmp_path).annotations("train")
    assert (first.source, first.whole_video) == (f"raw_videos/{VIDEO}.mp4", False)
    assert (second.source, second.whole_video) == (f"raw_videos/{VIDEO}.mp4", False)
    assert (third.source, third.whole_video) == ("raw_videos/c3.mp4", True)


def test_a_missing_video(tmp_path):
    write_annotations(tmp_path, [row("c1", VIDEO)])
    (annotation,) = How2Sign(tmp_path).annotations("train")
    assert annotation.source is None
    assert f"raw_videos/{VIDEO}.mp4" in annotation.expected
    assert "raw_videos/c1.mp4" in annotation.expected


def test_the_layout_of_the_published_download_script(tmp_path):
    published = tmp_path / "sentence_level/val/text/en/raw_text/re_aligned"
    write_annotations(published, [row("c1", VIDEO), row("c2", "other-8-rgb_front")], "val")
    videos = tmp_path / "video_level/val/rgb_front/raw_videos"
    clips = tmp_path / "sentence_level/val/rgb_front/raw_videos"
    for folder, name in ((videos, VIDEO), (clips, "c2")):
        folder.mkdir(parents=True)
        (folder / f"{name}.mp4").touch()
    first, second = How2Sign(tmp_path).annotations("val")
    assert tmp_path / first.source == videos / f"{VIDEO}.mp4"
    assert tmp_path / second.source == clips / "c2.mp4"
    assert (first.whole_video, second.whole_video) == (False, True)
    assert (first.signer, second.signer) == ("5", "8")


def test_captions_in_another_language(tmp_path):
    path = write_annotations(tmp_path, [row("c1"), row("c2")])
    with pytest.raises(UserError, match=r"The ita_Latn captions not found: .*ita_Latn\.csv"):
        How2Sign(tmp_path).captions("train", "ita_Latn")
    italian = [row("c1", text="Ciao."), row("c2", text="Sì, «no»."), row("c1", text="Doppio.")]
    write_annotations(tmp_path / "it", italian).rename(path.with_suffix(".ita_Latn.csv"))
    # As of annotations, the first row of an id counts.
    captions = How2Sign(tmp_path).captions("train", "ita_Latn")
    assert captions == {"c1": "Ciao.", "c2": "Sì, «no»."}


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason=NO_REAL_DATA)
@pytest.mark.parametrize(("split", "n_rows"), [("val", 1741), ("test", 2357)])
def test_the_official_annotations(split, n_rows):
    root = REAL_DATA / "how2sign_annotations"
    found = How2Sign(root).annotations(split)
    # pandas reads these well-formed files independently.
    path = root / f"how2sign_realigned_{split}.csv"
    expected = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert len(found) == n_rows
    assert [a.text for a in found] == expected["SENTENCE"].tolist()
    assert [a.clip_id for a in found] == expected["SENTENCE_NAME"].tolist()
    assert [a.start_s for a in found] == expected["START_REALIGNED"].astype(float).tolist()
    assert [a.end_s for a in found] == expected["END_REALIGNED"].astype(float).tolist()
    assert all(a.signer.isdigit() for a in found)


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason=NO_REAL_DATA)
def test_the_real_clips():
    found = How2Sign(REAL_DATA / "how2sign_sample").annotations("train")
    assert len(found) == 15
    assert all(a.whole_video and a.source == f"raw_videos/{a.clip_id}.mp4" for a in found)
    assert [a.text for a in found if '"' in a.text] == ['with "Lips and More".']
    assert [a.clip_id for a in found if a.end_s is None] == ["_5LwGjy_bY8_3-5-rgb_front"]
