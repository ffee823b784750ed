"""CSL-Daily's labels, list of splits and folders of pictures, as published and otherwise."""

import os
import pickle

import pytest
from frame_corpora import csl_label, write_csl, write_pictures
from small_files import write_video

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns
from sonar_sign.corpora import open_corpus
from sonar_sign.corpora.prepare import prepare

NAME, TEXT = "S000007_P0003_T00", "他是谁？"
LABELS = "sentence_label/csl2020ct_v2.pkl"


@pytest.mark.parametrize("as_table", [False, True])
def test_a_sentence_as_published(tmp_path, as_table):
    write_csl(
        tmp_path, {"train": [("S000001_P0000_T00", "你 好", 0)], "val": [(NAME, TEXT, 10)]},
        as_table=as_table,
    )  # fmt: skip
    corpus = open_corpus("csl_daily", tmp_path)
    (found,) = corpus.annotations("val")
    assert (found.clip_id, found.text, found.signer, found.row) == (NAME, TEXT, "3", 3)
    assert found.source == f"sentence/frames_512x512/{NAME}" and found.frame_rate == 30
    assert corpus.has("train") and corpus.has("val") and not corpus.has("test")
    assert corpus.further_files("val") == [tmp_path / "sentence_label/split_1.txt"]
    with pytest.raises(UserError, match=r"split_1\.txt has no clips of split 'test'"):
        corpus.annotations("test")


def test_the_times_are_those_of_30_frames_per_second(tmp_path):
    write_csl(tmp_path, {"test": [(NAME, TEXT, 45)]})
    tables = [tmp_path / f"out/test{kind}.tsv" for kind in ("", ".dropped", ".clamped")]
    prepare("csl_daily", tmp_path, "test", *tables)
    columns = ("end_s", "n_frames", "fps", "text")
    table = read_columns(tables[0], columns)
    assert [table[name][0] for name in columns] == ["1.5000", "45", "30.000000", TEXT]


def test_videos_that_others_made_of_the_frames_are_used_where_frames_are_missing(tmp_path):
    write_csl(tmp_path, {"test": [(NAME, TEXT, 0)]})
    (tmp_path / "sentence/frames_512x512" / NAME).rmdir()
    (tmp_path / "sentence-crop").mkdir()
    write_video(tmp_path / f"sentence-crop/{NAME}.mp4", 10)
    (found,) = open_corpus("csl_daily", tmp_path).annotations("test")
    assert found.source == f"sentence-crop/{NAME}.mp4"


@pytest.mark.parametrize("folder", ["label", "."])
def test_labels_in_other_folders_and_frames_in_others(tmp_path, folder):
    write_csl(tmp_path, {"test": [(NAME, TEXT, 0)]})
    if folder != ".":
        (tmp_path / "sentence_label").rename(tmp_path / folder)
    else:
        for path in (tmp_path / "sentence_label").iterdir():
            path.rename(tmp_path / path.name)
    frames = "sentence_frames-512x512/frames_512x512"
    (tmp_path / "sentence").rename(tmp_path / "old")
    write_pictures(tmp_path / frames / NAME, 3)
    (found,) = open_corpus("csl_daily", tmp_path).annotations("test")
    assert found.source == f"{frames}/{NAME}" and found.text == TEXT


def test_every_row_of_the_list_is_a_clip_or_has_a_reason(tmp_path):
    write_csl(tmp_path, {"test": [(NAME, TEXT, 10), ("S2", "好", 10), ("S3", "", 10)]})
    listed = tmp_path / "sentence_label/split_1.txt"
    rows = ["S000005_P0004_T00|test", "../../x|test", "one field", "S9|train", "S2|test"]
    listed.write_text(listed.read_text() + "\n".join(rows) + "\n")
    tables = [tmp_path / f"out/test{kind}.tsv" for kind in ("", ".dropped", ".clamped")]
    prepare("csl_daily", tmp_path, "test", *tables)
    assert read_columns(tables[0], ("clip_id",))["clip_id"] == [NAME, "S2"]
    reasons = read_columns(tables[1], ("clip_id", "reason"), key=None)["reason"]
    assert sorted(reasons) == [
        "bad_name", "duplicate_id", "empty_caption", "empty_caption", "malformed_row",
    ]  # fmt: skip
    assert "the labels have no 'S000005_P0004_T00'" in tables[1].read_text()


class Runs:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a pickle",
        pickle.dumps({"info": [csl_label(NAME, TEXT)]})[:-20],
        pickle.dumps({}),
        pickle.dumps([1, 2]),
        pickle.dumps({"info": {"name": NAME}}),
        pickle.dumps({"info": [{"name": 3, "label_char": ["a"]}]}),
        pickle.dumps({"info": [{"name": NAME}]}),
        pickle.dumps({"info": [{"name": NAME, "label_char": [1]}]}),
        pickle.dumps({"info": [{"name": NAME, "label_char": ["a"] * 10_001}]}),
    ],
)
def test_labels_that_are_damaged_are_one_sentence(tmp_path, content):
    write_csl(tmp_path, {"test": [(NAME, TEXT, 1)]})
    (tmp_path / LABELS).write_bytes(content)
    with pytest.raises(UserError, match="download it again") as error:
        open_corpus("csl_daily", tmp_path).annotations("test")
    assert str(error.value).count("\n") == 0


def test_labels_run_nothing(tmp_path):
    write_csl(tmp_path, {"test": [(NAME, TEXT, 1)]})
    mark = tmp_path / "mark"
    content = {"info": [{**csl_label(NAME, TEXT), "signer": Runs(f"touch {mark}")}]}
    (tmp_path / LABELS).write_bytes(pickle.dumps(content))
    with pytest.raises(UserError, match="something else than plain data"):
        open_corpus("csl_daily", tmp_path).annotations("test")
    assert not mark.exists()


@pytest.mark.parametrize("missing", [LABELS, "sentence_label/split_1.txt"])
def test_a_missing_file_is_one_sentence(tmp_path, missing):
    write_csl(tmp_path, {"test": [(NAME, TEXT, 1)]})
    (tmp_path / missing).unlink()
    corpus = open_corpus("csl_daily", tmp_path)
    assert not corpus.has("test")
    with pytest.raises(UserError, match="does not exist; put the file there"):
        corpus.annotations("test")


def test_captions_in_another_language(tmp_path):
    write_csl(tmp_path, {"test": [(NAME, TEXT, 1)]})
    path = tmp_path / "sentence_label/captions.eng_Latn.tsv"
    path.write_text(f"name\ttext\n{NAME}\tWho is he?\n")
    assert open_corpus("csl_daily", tmp_path).captions("test", "eng_Latn") == {NAME: "Who is he?"}
