"""`sample`: which clips are chosen, and what the file has for each."""

import json

import pandas
import pytest
import sacrebleu
from frames import write_table

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import SampleOptions
from sonar_sign.evaluation.sample import choose, sample

# Prediction i has the first i + 1 of ten words right.
WORDS = ["the", "cat", "sat", "on", "the", "mat", "with", "a", "hat", "on"]
IDS = [f"clip{i}" for i in range(10)]
PREDICTED = [" ".join(WORDS[: i + 1] + ["x"] * (9 - i)) for i in range(10)]


@pytest.fixture
def tables(tmp_path):
    references = [" ".join(WORDS)] * 10
    sources = [f"video{i % 3}" for i in range(10)]
    manifest = pandas.DataFrame({"clip_id": IDS, "source": sources, "text": references})
    write_table(tmp_path / "manifest.tsv", manifest)
    predictions = pandas.DataFrame({"clip_id": IDS, "prediction": PREDICTED})
    write_table(tmp_path / "predictions.tsv", predictions)
    return tmp_path


def run(folder, references=None, **options):
    return sample(
        folder / "predictions.tsv",
        folder / "manifest.tsv",
        folder / "samples" / "finetuned.json",
        SampleOptions(**{"n": 8, "seed": 1} | options),
        references=references,
    )


def test_the_file_holds_what_was_chosen(tables):
    samples = run(tables)
    assert json.loads((tables / "samples" / "finetuned.json").read_text()) == samples
    assert [entry["kind"] for entry in samples] == (
        ["best"] * 2 + ["median"] * 2 + ["worst"] * 2 + ["random"] * 2
    )
    by_kind = {kind: [] for kind in ("best", "median", "worst", "random")}
    for entry in samples:
        by_kind[entry["kind"]].append(entry["clip_id"])
        row = IDS.index(entry["clip_id"])
        assert entry["video_id"] == f"video{row % 3}"
        assert entry["ground_truth"] == " ".join(WORDS)
        assert entry["predicted"] == PREDICTED[row]
        expected = sacrebleu.sentence_bleu(PREDICTED[row], [" ".join(WORDS)]).score
        assert entry["bleu_4"] == pytest.approx(expected)
    assert by_kind["best"] == ["clip9", "clip8"]
    assert by_kind["worst"] == ["clip0", "clip1"]
    assert sorted(by_kind["median"]) == ["clip4", "clip5"]
    assert len({entry["clip_id"] for entry in samples}) == 8


def test_the_same_seed_chooses_the_same_clips_and_another_seed_others():
    ids = [f"clip{i}" for i in range(100)]
    scores = [0.0] * 100
    once = choose(ids, scores, SampleOptions(12, 1))
    assert choose(ids, scores, SampleOptions(12, 1)) == once
    assert choose(ids, scores, SampleOptions(12, 2)) != once


def test_random_clips_do_not_depend_on_the_system():
    ids = [f"clip{i}" for i in range(1000)]
    # Three random clips and no others, then many: the first of them are the same.
    few = choose(ids, [0.0] * 1000, SampleOptions(3, 1))
    rising = choose(ids, list(range(1000)), SampleOptions(20, 1))
    falling = choose(ids, list(range(1000, 0, -1)), SampleOptions(20, 1))
    random_rows = [{row for kind, row in rows if kind == "random"} for rows in (rising, falling)]
    assert len(random_rows[0] & random_rows[1]) >= 4
    assert {kind for kind, _ in few} == {"random"}


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 9, 10, 11, 500])
@pytest.mark.parametrize("n_clips", [1, 2, 3, 4, 10])
def test_n_clips_are_chosen_once_each_or_all(n, n_clips):
    chosen = choose(IDS[:n_clips], [1.0] * n_clips, SampleOptions(n, 0))
    rows = [row for _, row in chosen]
    assert len(rows) == len(set(rows)) == min(n, n_clips)


def test_references_of_another_language_are_the_ground_truth(tables):
    italian = pandas.DataFrame({"clip_id": IDS, "text": [f"è {i}" for i in range(10)]})
    write_table(tables / "italian.tsv", italian)
    samples = run(tables, references=tables / "italian.tsv")
    assert {entry["ground_truth"][:2] for entry in samples} == {"è "}


def test_fewer_than_one_is_refused(tables):
    with pytest.raises(UserError, match="at least 1"):
        run(tables, n=0)
