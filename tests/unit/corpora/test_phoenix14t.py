"""PHOENIX-2014T's rows and folders of pictures, as published and as they should not be."""

import pytest
from frame_corpora import (
    PHOENIX,
    phoenix_annotations,
    phoenix_frames,
    write_phoenix,
    write_pictures,
)
from small_files import NO_REAL_DATA, REAL_DATA

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns
from sonar_sign.corpora import open_corpus
from sonar_sign.corpora.prepare import prepare

NAME = "25October_2010_Monday_tagesschau-17"
TEXT = "regen und schnee lassen an den alpen „nach“"


def prepared(root, out, split="val"):
    tables = [out / f"{split}{kind}.tsv" for kind in ("", ".dropped", ".clamped")]
    prepare("phoenix14t", root, split, *tables)
    return read_columns(tables[0], ("clip_id",)), read_columns(
        tables[1], ("clip_id", "reason"), key=None
    )


@pytest.mark.parametrize(
    "archive", ["", "PHOENIX-2014-T", "PHOENIX-2014-T-release-v3/PHOENIX-2014-T"]
)
def test_a_row_as_published(tmp_path, archive):
    write_phoenix(tmp_path / archive, "val", [(NAME, TEXT, 10)])
    corpus = open_corpus("phoenix14t", tmp_path)
    (found,) = corpus.annotations("val")
    assert (found.clip_id, found.text, found.signer, found.row) == (NAME, TEXT, "Signer01", 2)
    assert (tmp_path / found.source).is_dir() and found.source.endswith(f"/dev/{NAME}")
    assert found.whole_video and found.frame_rate == 25
    assert corpus.has("val") and not corpus.has("train")
    with pytest.raises(UserError, match=r"PHOENIX-2014-T\.train\.corpus\.csv does not exist"):
        corpus.annotations("train")


def test_frames_in_a_folder_called_1_are_found_too(tmp_path):
    write_phoenix(tmp_path, "val", [(NAME, TEXT, [])])
    write_pictures(phoenix_frames(tmp_path, "val", NAME) / "1", 10)
    (found,) = open_corpus("phoenix14t", tmp_path).annotations("val")
    assert found.source.endswith(f"{NAME}/1")


def test_every_row_is_a_clip_or_dropped_with_its_reason(tmp_path):
    names = [f"a-{n}" for n in range(4)]
    write_phoenix(tmp_path, "val", [(name, TEXT, 10) for name in names])
    (phoenix_frames(tmp_path, "val", "a-1") / "images0004.png").unlink()
    path = phoenix_annotations(tmp_path, "val")
    rows = ["../x|x|-1|-1|s|G|t", "a|b", "gone|x|-1|-1|s|G|t", "a-0|x|-1|-1|s|G|t"]
    path.write_text(path.read_text() + "\n".join(rows) + "\n")
    clips, dropped = prepared(tmp_path, tmp_path / "out")
    assert clips["clip_id"] == ["a-0", "a-2", "a-3"]
    assert sorted(dropped["reason"]) == [
        "bad_name", "duplicate_id", "malformed_row", "missing_file", "unreadable",
    ]  # fmt: skip


def test_the_times_are_those_of_25_frames_per_second(tmp_path):
    write_phoenix(tmp_path, "val", [(NAME, TEXT, 40)])
    prepared(tmp_path, tmp_path / "out")
    columns = ("start_s", "end_s", "n_frames", "fps", "text", "text_raw")
    table = read_columns(tmp_path / "out/val.tsv", columns)
    assert [table[name][0] for name in columns[:4]] == ["0.0000", "1.6000", "40", "25.000000"]
    assert table["text"] == ['regen und schnee lassen an den alpen "nach"']
    assert table["text_raw"] == [TEXT]


def test_captions_in_another_language(tmp_path):
    write_phoenix(tmp_path, "val", [(NAME, TEXT, 0)])
    path = phoenix_annotations(tmp_path, "val").with_suffix(".eng_Latn.csv")
    path.write_text(f"name|translation\n{NAME}|rain and snow\n")
    corpus = open_corpus("phoenix14t", tmp_path)
    assert corpus.captions("val", "eng_Latn") == {NAME: "rain and snow"}
    with pytest.raises(UserError, match="fra_Latn captions not found"):
        corpus.captions("val", "fra_Latn")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (PHOENIX.replace("|", ","), "lacks the column name"),
        (PHOENIX.replace("translation", "text"), "lacks the column translation"),
        (f"{PHOENIX}|name", "names the column 'name' twice"),
        ("", "lacks the column name"),
    ],
)
def test_a_header_that_is_wrong_is_one_sentence(tmp_path, header, message):
    path = phoenix_annotations(tmp_path, "test")
    path.parent.mkdir(parents=True)
    path.write_text(f"{header}\n")
    with pytest.raises(UserError, match=message):
        open_corpus("phoenix14t", tmp_path).annotations("test")


@pytest.mark.skipif(not (REAL_DATA / "formats").is_dir(), reason=NO_REAL_DATA)
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_real_rows(split):
    corpus = open_corpus("phoenix14t", REAL_DATA / "formats/phoenix14t")
    (found,) = corpus.annotations(split)
    assert found.clip_id == NAME and found.signer == "Signer01" and found.problem is None
    assert found.text.startswith("regen und schnee lassen an den alpen in der nacht nach im norden")
    frames = sorted((corpus.root / found.source).iterdir())
    assert [frame.name for frame in frames] == ["images0001.png", "images0002.png"]
