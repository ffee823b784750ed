"""Anyone's prediction files given to `compare`."""

import csv
import json

import numpy as np
import pandas as pd
import pytest
import sacrebleu
from comparison_files import (
    IDS,
    REFERENCES,
    comparison_folder,
    corrupted,
    metrics,
    run,
    table,
)
from frames import write_table
from in_process import refusal, told

from sonar_sign.core.errors import UserError

TEXTS = corrupted(REFERENCES, 0.2)


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


def command(folder, *files, reference="test.tsv", flags=()):
    return ["compare", *files, "--reference", folder / reference, "--output", folder / "o", *flags]


def compared(folder, *files, **given):
    said = told(*command(folder, *files, **given))
    return json.loads((folder / "o/comparison.json").read_text()), said


def test_one_sentence_per_line(folder):
    # A byte order mark is no part of the first word.
    (folder / "ref.txt").write_text("\n".join(REFERENCES) + "\n", encoding="utf-8-sig")
    (folder / "A.txt").write_text("\n".join(TEXTS) + "\n")
    comparison = run(folder, folder / "A.txt", reference=folder / "ref.txt")
    as_table = run(folder, table(folder, "A", TEXTS), reference=folder / "test.tsv")
    for name, cell in as_table["systems"]["A"].items():
        assert comparison["systems"]["A"][name]["value"] == cell["value"]
    assert comparison["intervals"]["n_videos"] == 40
    (folder / "B.txt").write_text("one line\n")
    with pytest.raises(UserError, match=r"B.txt has 1 lines and .*ref.txt 40"):
        run(folder, folder / "B.txt", reference=folder / "ref.txt")
    with pytest.raises(UserError, match="both be tables"):
        run(folder, folder / "A.txt", reference=folder / "test.tsv")


def test_every_form_of_the_same_texts_has_the_same_score(folder):
    texts = ['He said "no".', *TEXTS[1:]]
    frame = pd.DataFrame({"clip_id": IDS, "prediction": texts})
    frame.to_csv(folder / "pandas.tsv", sep="\t", index=False)
    frame.to_csv(folder / "commas.csv", index=False, quoting=csv.QUOTE_ALL)
    frame.to_json(folder / "lines.jsonl", orient="records", lines=True)
    files = (f"N={folder / 'lines.jsonl'}", folder / "pandas.tsv", folder / "commas.csv")
    comparison, said = compared(folder, *files)
    assert list(comparison["systems"]) == ["N", "pandas", "commas"]
    expected = sacrebleu.corpus_bleu(texts, [REFERENCES]).score
    for scores in comparison["systems"].values():
        assert scores["bleu_4"]["value"] == expected
    (note,) = comparison["inputs"]
    assert note.startswith("pandas.tsv: quotes around fields (1) were taken off")
    assert note in said and note in (folder / "o/comparison.md").read_text()


def test_compare_prints_its_table_unless_it_is_to_be_quiet(folder):
    path = table(folder, "A", TEXTS)
    _, said = compared(folder, path)
    assert "floor: random caption" in said and "40 clips" in said and "comparison.json" in said
    assert "no training captions were given (--training)" in said
    _, said = compared(folder, path, flags=["--training", folder / "train.tsv"])
    assert "Floors, from training captions." in said
    assert compared(folder, path, flags=["--quiet"])[1] == ""


def test_what_floors_are_is_said(folder):
    path = table(folder, "A", TEXTS)
    compared(folder, path, flags=["--quiet"])
    text = (folder / "o/comparison.md").read_text()
    assert "a random reference of these clips for every clip" in text
    assert "a random training caption" not in text
    (folder / "train.txt").write_text("\n".join(TEXTS) + "\n")
    compared(folder, path, flags=["--quiet", "--training", folder / "train.txt"])
    assert "a random training caption for every clip" in (folder / "o/comparison.md").read_text()


def test_files_of_one_name_get_names(folder):
    for name in ("a", "b"):
        (folder / name).mkdir()
        table(folder / name, "test", TEXTS)
    paths = folder / "a/test.tsv", folder / "b/test.tsv"
    assert "name its system differently (NAME=FILE)" in refusal(*command(folder, *paths))
    named = [f"first={paths[0]}", f"second.seed2={paths[1]}"]
    comparison, _ = compared(folder, *named)
    assert list(comparison["systems"]) == ["first", "second"]
    assert comparison["about"]["second"]["seed"] == 2
    # The clips that differ are told by these names too.
    write_table(paths[1], pd.DataFrame({"clip_id": IDS[1:], "prediction": TEXTS[1:]}))
    assert "Different clips: 1 only in" in refusal(*command(folder, *named))
    renamed = metrics(folder, "good", TEXTS)
    comparison, _ = compared(folder, f"other={renamed}", renamed)
    assert list(comparison["systems"]) == ["other", "good"]


@pytest.mark.parametrize("name", ["=", "=x.tsv", "A="])
def test_a_name_without_a_file_is_refused(folder, name):
    assert "NAME=FILE" in refusal(*command(folder, name))


def test_a_path_may_hold_an_equals_sign(folder):
    comparison, _ = compared(folder, table(folder, "lr=0.1", TEXTS))
    assert list(comparison["systems"]) == ["lr=0.1"]


def test_captions_without_source_videos_say_so(folder):
    write_table(folder / "ref.tsv", pd.DataFrame({"clip_id": IDS, "text": REFERENCES}))
    comparison, _ = compared(folder, table(folder, "A", TEXTS), reference="ref.tsv")
    assert comparison["intervals"]["n_videos"] == 40
    assert "ref.tsv has no column source" in comparison["inputs"][0]


def with_sources(folder, sources):
    frame = pd.DataFrame({"clip_id": IDS, "source": sources, "text": REFERENCES})
    write_table(folder / "ref.tsv", frame)
    return "ref.tsv"


def test_one_video_has_no_interval(folder):
    files = table(folder, "A", TEXTS), table(folder, "B", corrupted(REFERENCES, 0.9))
    comparison, said = compared(folder, *files, reference=with_sources(folder, "v"))
    for scores in comparison["systems"].values():
        for name, cell in scores.items():
            assert cell["no_interval"] == "one video", name
    assert comparison["intervals"]["note"] == "no interval: one video"
    assert all(row["p"] == 1 for row in comparison["significance"])
    assert "No interval: one video." in said
    assert "no interval: one video" in (folder / "o/comparison.md").read_text()
    assert "No interval: one video." in told("show", folder / "o/comparison.json")
    told("plot", "--comparison", folder / "o/comparison.json", "--output", folder / "plots")
    assert "no interval: one video" in (folder / "plots/metrics.svg").read_text()
    assert "no interval: one video" in (folder / "plots/comparison.html").read_text()


def test_two_videos_say_how_weak_they_are(folder):
    reference = with_sources(folder, ["a"] * 20 + ["b"] * 20)
    comparison, said = compared(folder, table(folder, "A", TEXTS), reference=reference)
    cell = comparison["systems"]["A"]["bleu_4"]
    assert cell["low"] < cell["high"]
    assert "Only 2 videos: samples of so few are alike" in said


@pytest.mark.parametrize("texts", [[""] * 40, REFERENCES, [" "] * 40])
def test_identical_and_empty_systems_are_not_told_apart(folder, texts):
    files = table(folder, "A", texts), table(folder, "B", texts)
    comparison, _ = compared(folder, *files)
    assert all(row["p"] == 1 and row["difference"] == 0 for row in comparison["significance"])
    for scores in comparison["systems"].values():
        assert all(np.isfinite(cell["value"]) for cell in scores.values() if cell["value"])
        assert all(cell["low"] < cell["high"] for cell in scores.values() if "low" in cell)
        assert "no_interval" in scores["bleu_4"]


def test_a_metric_that_is_no_number_is_refused(folder):
    paths = metrics(folder, "a", TEXTS), metrics(folder, "b", TEXTS)
    with np.load(paths[0].with_suffix(".npz")) as arrays:
        changed = {name: array.copy() for name, array in arrays.items()}
    changed["metric.meteor"][3] = np.nan
    np.savez(paths[0].with_suffix(".npz"), **changed)
    message = refusal("compare", *paths, "--output", folder / "o")
    assert "a.npz cannot be read (its statistics of meteor hold NaN" in message


def test_one_clip_is_scored_without_an_interval(folder):
    write_table(folder / "ref.tsv", pd.DataFrame({"clip_id": ["a"], "text": ["We go home."]}))
    comparison, _ = compared(folder, table(folder, "A", ["We go."], ["a"]), reference="ref.tsv")
    assert comparison["n_clips"] == 1
    assert comparison["systems"]["A"]["bleu_4"]["no_interval"] == "one video"


@pytest.mark.parametrize("name", ["", "A="])
def test_an_output_that_is_a_prediction_file_is_refused(folder, name):
    path = table(folder, "comparison", TEXTS).rename(folder / "comparison.md")
    text = path.read_text()
    command = ("compare", f"{name}{path}", "--reference", folder / "test.tsv", "--output", folder)
    refusal(*command)
    assert path.read_text() == text
