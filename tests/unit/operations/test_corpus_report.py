"""`corpus check` on the command line: what is there, and one sentence for what is not."""

import cv2
import numpy as np
import pytest
import skimage.data
import yaml
from in_process import refusal, told
from small_files import write_video


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A table of 12 clips, of which one is missing, and its config."""
    monkeypatch.chdir(tmp_path)
    portrait = np.full((240, 400, 3), 90, np.uint8)
    portrait[:, 160:] = skimage.data.astronaut()[:240, 100:340]
    video = write_video(tmp_path / "data/0.mp4", [portrait] * 17)
    for number in range(1, 11):
        (tmp_path / f"data/{number}.mp4").symlink_to(video)
    rows = [f"{number}.mp4,Sentence {number}.,test" for number in range(12)]
    (tmp_path / "data/any.csv").write_text("\n".join(["path,text,split", *rows, "x,y", ""]))
    write_config(tmp_path)
    return tmp_path


def write_config(folder, **corpus):
    corpus = {"name": "mine", "type": "table", "root": "data", **corpus}
    (folder / "mine.yaml").write_text(yaml.safe_dump({"corpus": corpus, "systems": ["zero_shot"]}))


CHECK = ("corpus", "check", "--config", "mine.yaml")


def test_what_is_there(folder):
    said = told(*CHECK)
    lines = [line.strip() for line in said.splitlines()]
    assert lines[0] == "mine: type table in data"
    assert {"train: none, and none needed", "val: none, and none needed"} < {*lines}
    assert "test: data/any.csv" in lines
    assert "13 rows, 12 of them readable, of 12 videos" in lines
    assert "missing videos: 1 (11.mp4)" in lines
    assert sum("  Sentence " in line for line in lines) == 10
    assert any("malformed_row: 1 rows" in line for line in lines)
    assert lines[-1] == (
        "Next: .venv/bin/snakemake results/mine/manifests/summary.json --cores 4 "
        "--configfile mine.yaml"
    )
    assert "the signer's face was found" in said
    picture = cv2.imread("corpus_check.png")
    assert picture.shape == (240, 400, 3)
    red = (picture == (0, 0, 255)).all(axis=2)
    green = (picture == (0, 255, 0)).all(axis=2)
    assert red.sum() > 100 and green.sum() > 100


def test_the_picture_goes_where_it_is_told(folder):
    told(*CHECK, "--output", "pictures/first.png")
    assert (folder / "pictures/first.png").is_file()
    assert not (folder / "corpus_check.png").exists()
    assert "is an input" in refusal(*CHECK, "--output", "mine.yaml")


@pytest.mark.parametrize(
    ("corpus", "sentence"),
    [
        ({"root": "nowhere"}, "nowhere is not a folder"),
        ({"type": "how2sign"}, "how2sign_realigned_test.csv does not exist"),
        ({"type": "ssvp"}, "test manifest not found: data/manifests/test.tsv"),
        ({"type": "openasl"}, "openasl-v1.0.tsv does not exist"),
        ({"type": "youtube_asl"}, "list of video ids not found"),
        ({"columns": {"text": "caption"}}, "no column 'caption'"),
        ({"columns": {"txt": "text"}}, "'txt' is no column"),
        ({"files": {"test": "no.csv"}}, "no.csv is missing"),
        ({"split_shares": {"test": 0.2}}, "splits of its own"),
        ({"type": "how2sign", "columns": {"text": "x"}}, "have no use for columns"),
        ({"type": "tabel"}, "'tabel' is not one of"),
        ({"caption_language": "english"}, "corpus.caption_language"),
        ({"caption_language": "deu_Latn", "columns": {"deu_Latn": "x"}}, "no column 'x'"),
        ({"split_shares": {"test": "many"}}, "corpus.split_shares.test"),
        ({"columns": ["text"]}, "corpus.columns"),
    ],
)
def test_what_is_wrong_is_one_sentence(folder, corpus, sentence):
    write_config(folder, **corpus)
    assert sentence in refusal(*CHECK)


def test_a_first_video_that_is_none(folder):
    (folder / "data/0.mp4").unlink()
    (folder / "data/0.mp4").write_text("404")
    assert "data/0.mp4 cannot be decoded" in refusal(*CHECK)


def test_no_video_is_there(folder):
    for path in (folder / "data").glob("*.mp4"):
        path.unlink()
    assert "no row of test of mine has a video that is there" in refusal(*CHECK)


def test_the_demos_corpora_are_drawn_later(tmp_path, monkeypatch):
    from small_files import REPOSITORY

    monkeypatch.chdir(tmp_path)
    said = told("corpus", "check", "--config", REPOSITORY / "config/config.yaml")
    assert said.count("drawn by the workflow when it runs") == 2


def test_one_of_several_corpora(folder):
    values = yaml.safe_load((folder / "mine.yaml").read_text())
    values["further_corpora"] = {"more": {"type": "table", "root": "data"}}
    (folder / "mine.yaml").write_text(yaml.safe_dump(values))
    assert "more: type table" in told(*CHECK)
    assert "more" not in told(*CHECK, "--name", "mine")
    assert "did you mean mine" in refusal(*CHECK, "--name", "mien")
