"""`compare`: systems side by side, and systems that must not stand side by side."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sacrebleu
import yaml
from comparison_files import (
    IDS,
    REFERENCES,
    comparison_folder,
    corrupted,
    metrics,
    run,
    sentences,
    table,
)
from frames import write_table
from jsonschema import Draft202012Validator
from small_files import REPOSITORY

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json
from sonar_sign.evaluation.compare import CompareOptions, compare
from sonar_sign.evaluation.comparison_table import COLUMNS, better_than_first, print_table
from sonar_sign.evaluation.evaluate import evaluate


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


def test_systems_and_language_variants_stand_side_by_side(folder):
    italian = folder / "ita.tsv"
    write_table(italian, pd.DataFrame({"clip_id": IDS, "text": sentences(3)}))
    paths = [
        metrics(folder, "zero_shot", corrupted(REFERENCES, 0.6)),
        metrics(folder, "finetuned", corrupted(REFERENCES, 0.1)),
        metrics(folder, "finetuned.ita_Latn", sentences(3), "ita_Latn", italian),
    ]
    comparison = run(folder, *paths)
    assert json.loads((folder / "out/comparison.json").read_text()) == comparison
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/comparison.schema.yaml").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(comparison)
    assert set(schema["required"]) == set(schema["properties"]) == set(comparison)
    assert list(comparison["systems"]) == ["zero_shot", "finetuned", "finetuned.ita_Latn"]
    for path in paths:
        record = json.loads(path.read_text())
        for name, cell in comparison["systems"][path.stem].items():
            assert cell["value"] == pytest.approx(record[name])
            if "low" in cell:
                assert cell["low"] <= cell["value"] + 1e-9 and cell["high"] >= cell["value"] - 1e-9
    assert "bleu_reduced" not in comparison["systems"]["finetuned.ita_Latn"]
    assert comparison["n_clips"] == 40 and comparison["intervals"]["n_videos"] == 8
    assert comparison["about"]["finetuned.ita_Latn"]["language"] == "ita_Latn"
    place = os.path.join("..", "metrics", "zero_shot.json")
    assert comparison["about"]["zero_shot"]["file"] == place
    # Languages are not tested against each other.
    pairs = {tuple(row["systems"]) for row in comparison["significance"]}
    assert pairs == {("zero_shot", "finetuned")}
    assert "finetuned" in better_than_first(comparison)["bleu_4"]


def test_anyones_prediction_files(folder):
    paths = [table(folder, name, corrupted(REFERENCES, s)) for name, s in (("A", 0.1), ("B", 0.5))]
    reference = folder / "test.tsv"
    comparison = run(folder, *paths, reference=reference)
    told = subprocess.run(
        [Path(sys.executable).with_name("sonar-sign"), "compare", *paths, "--reference", reference,
         "--output", folder / "cli"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    by_command = json.loads((folder / "cli/comparison.json").read_text())
    assert by_command["systems"] == comparison["systems"]
    assert list(comparison["systems"]) == ["A", "B"]
    predictions = pd.read_csv(paths[1], sep="\t")["prediction"].tolist()
    expected = sacrebleu.corpus_bleu(predictions, [REFERENCES]).score
    assert comparison["systems"]["B"]["bleu_4"]["value"] == expected
    tests = [r for r in comparison["significance"] if r["metric"] == "bleu_4"]
    assert {r["test"] for r in tests} == {"paired_bootstrap", "approximate_randomisation"}
    assert all(r["systems"] == ["A", "B"] and r["p"] < 0.05 for r in tests)
    assert comparison["floors_from"] == "the references of all clips"
    assert comparison["seen_in_training"] is None


def test_one_sentence_a_line(folder):
    (folder / "ref.txt").write_text("\n".join(REFERENCES) + "\n")
    (folder / "A.txt").write_text("\n".join(corrupted(REFERENCES, 0.2)) + "\n")
    comparison = run(folder, folder / "A.txt", reference=folder / "ref.txt")
    as_table = run(
        folder, table(folder, "A", corrupted(REFERENCES, 0.2)), reference=folder / "test.tsv"
    )
    for name, cell in as_table["systems"]["A"].items():
        assert comparison["systems"]["A"][name]["value"] == cell["value"]
    assert comparison["intervals"]["n_videos"] == 40
    (folder / "B.txt").write_text("one line\n")
    with pytest.raises(UserError, match="B.txt has 1 lines and .*ref.txt 40"):
        run(folder, folder / "B.txt", reference=folder / "ref.txt")
    with pytest.raises(UserError, match="both be tables"):
        run(folder, folder / "A.txt", reference=folder / "test.tsv")


def test_floors_and_captions_that_training_has(folder):
    path = table(folder, "A", corrupted(REFERENCES, 0.3))
    options = {"reference": folder / "test.tsv", "training": [folder / "train.tsv"]}
    comparison = run(folder, path, **options)
    assert comparison["floors_from"] == "training captions"
    seen = {REFERENCES[n] for n in range(4)}
    n_seen = sum(text in seen for text in REFERENCES)
    assert comparison["seen_in_training"] == {"n": n_seen, "share": n_seen / 40}
    floors = comparison["floors"]
    assert set(floors) == {"random_caption", "constant_caption", "nearest_length"}
    assert 0 < floors["constant_caption"]["bleu_4"]["value"] < 20
    # Without them: the same sentences scored alone.
    unseen = [n for n in range(40) if REFERENCES[n] not in seen]
    predictions = pd.read_csv(path, sep="\t")["prediction"]
    expected = sacrebleu.corpus_bleu(
        [predictions[n] for n in unseen], [[REFERENCES[n] for n in unseen]]
    )
    assert comparison["systems"]["A"]["bleu_4"]["unseen"] == pytest.approx(expected.score)


def test_breakdowns(folder):
    path = table(folder, "A", corrupted(REFERENCES, 0.3))
    options = {"manifest": folder / "test.tsv", "training": [folder / "train.tsv"]}
    found = run(folder, path, reference=folder / "test.tsv", **options)["breakdowns"]
    assert set(found) == {"reference_length", "source", "duration", "signer", "word_frequency"}
    for by in ("reference_length", "source", "duration", "signer"):
        assert sum(group["n"] for group in found[by].values()) == 40
    rows = [n for n in range(40) if n % 3 == 1]
    predictions = pd.read_csv(path, sep="\t")["prediction"]
    expected = sacrebleu.corpus_bleu(
        [predictions[n] for n in rows], [[REFERENCES[n] for n in rows]]
    )
    assert found["signer"]["1"]["systems"]["A"] == pytest.approx(expected.score)
    assert [group["n"] for group in found["duration"].values()] == [2, 2, 4, 8, 24]
    assert all(0 <= g["systems"]["A"] <= 100 for g in found["word_frequency"].values())


def test_published_rows_are_of_how2signs_test_split_only(folder):
    path = metrics(folder, "a", REFERENCES)
    rows = run(folder, path, corpus_type="how2sign", split="test")["published"]
    by_name = {row["system"]: row for row in rows}
    assert by_name["SSVP-SLT"]["bleu_4"] == 15.5 and by_name["SSVP-SLT"]["reported_by_others"]
    assert "Reported by others" in (folder / "out/comparison.md").read_text()
    assert max(row["bleu_4"] for row in rows) < 20
    for changes in ({"corpus_type": "ssvp"}, {"corpus_type": "how2sign", "split": "val"}, {}):
        assert run(folder, path, **changes)["published"] == []
    assert "Reported" not in (folder / "out/comparison.md").read_text()


def test_the_markdown_has_numbers_marks_intervals_and_notes(folder):
    paths = [
        metrics(folder, "a|b", corrupted(REFERENCES, 0.6)),
        metrics(folder, "good", corrupted(REFERENCES, 0.1)[:37] + [""] * 3),
    ]
    comparison = run(folder, *paths, training=[folder / "train.tsv"])
    lines = (folder / "out/comparison.md").read_text().splitlines()
    assert lines[0].startswith("| system | BLEU-1 | BLEU-2 | BLEU-3 | BLEU-4 | chrF | ROUGE-L |")
    assert lines[2].startswith("| a\\|b | ") and "*" not in lines[2]
    bleu = comparison["systems"]["good"]["bleu_4"]
    assert f"| {bleu['value']:.1f}* |" in lines[3]
    notes = "\n".join(lines)
    assert f"{bleu['low']:.1f} to {bleu['high']:.1f}" in notes
    assert "floor: constant caption" in notes and "12.3" in lines[3]
    assert "nltk without WordNet" in notes and "40 clips" in notes and "8 source videos" in notes
    assert "good: 3 empty predictions" in notes
    assert "stand in training word for word; BLEU-4 without them: a|b" in notes


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"signature": "nrefs:1|case:lc"}, "BLEU signature differ"),
        ({"chrf_signature": "nw:2"}, "chrF signature"),
        ({"cider_tokenizer": "ptb"}, "CIDEr tokenisation"),
        ({"references_sha256": "f" * 64}, "references"),
        ({"rouge_tokenizer": "unicode-words"}, "ROUGE-L tokenisation"),
    ],
)
def test_systems_measured_differently_are_refused(folder, changes, named):
    paths = metrics(folder, "a", REFERENCES), metrics(folder, "b", REFERENCES, **changes)
    with pytest.raises(UserError, match=named) as error:
        run(folder, *paths)
    assert "a.json" in str(error.value) and "b.json" in str(error.value)
    assert not (folder / "out").exists()


def test_systems_of_other_clips_are_refused_by_name(folder):
    path = table(folder, "A", REFERENCES)
    write_table(folder / "few.tsv", pd.read_csv(folder / "test.tsv", sep="\t", dtype=str)[:-1])
    few = table(folder, "B", REFERENCES[:-1], IDS[:-1])
    with pytest.raises(UserError, match=r"only in .*test.tsv \(c39\)"):
        run(folder, path, few, reference=folder / "test.tsv")
    manifest = (folder / "test.tsv").read_bytes()
    first = metrics(folder, "a", REFERENCES)
    renamed = pd.read_csv(folder / "test.tsv", sep="\t", dtype=str)
    renamed.loc[3, "clip_id"] = "zz"
    write_table(folder / "test.tsv", renamed)
    ids = ["zz" if clip_id == "c03" else clip_id for clip_id in IDS]
    output = folder / "metrics/b.json"
    evaluate(
        table(folder, "p.b", REFERENCES, ids), folder / "test.tsv", folder / "info.json", output
    )
    (folder / "test.tsv").write_bytes(manifest)
    with pytest.raises(UserError, match="only a has c03 and only b has zz"):
        run(folder, first, output)


def test_the_order_of_a_systems_clips_does_not_matter(folder):
    good = metrics(folder, "good", corrupted(REFERENCES, 0.2))
    bad = metrics(folder, "bad", corrupted(REFERENCES, 0.5, seed=2))
    options = CompareOptions(manifest=folder / "test.tsv", training=[folder / "train.tsv"])
    in_order = compare([good, bad], folder / "in_order", options)
    # The same clips and captions, and the same predictions, in another order.
    order = np.random.default_rng(3).permutation(40)
    manifest = pd.read_csv(folder / "test.tsv", sep="\t", dtype=str)
    write_table(folder / "test.tsv", manifest.iloc[order])
    metrics(folder, "bad", corrupted(REFERENCES, 0.5, seed=2))
    shuffled = compare([good, bad], folder / "shuffled", options)
    for name in ("systems", "significance", "breakdowns"):
        assert flat(shuffled[name]) == pytest.approx(flat(in_order[name]))


def flat(nested):
    return pd.json_normalize(nested).select_dtypes("number").to_numpy().ravel().tolist()


def test_systems_that_name_other_source_videos_are_refused(folder):
    good = metrics(folder, "good", REFERENCES)
    manifest = pd.read_csv(folder / "test.tsv", sep="\t", dtype=str)
    write_table(folder / "test.tsv", manifest.assign(source="one_video"))
    other = metrics(folder, "other", REFERENCES)
    with pytest.raises(UserError, match="source videos of clip c00, video0 and one_video"):
        compare([good, other], folder)


def test_training_captions_are_of_the_systems_in_their_language(folder):
    italian = folder / "italian.tsv"
    texts = [f"ita {text}" for text in REFERENCES]
    write_table(italian, pd.DataFrame({"clip_id": IDS, "text": texts}))
    first = metrics(folder, "sys.ita_Latn", texts, "ita_Latn", italian)
    second = metrics(folder, "sys", REFERENCES)
    options = CompareOptions(training=[folder / "train.tsv"])
    comparison = compare([first, second], folder, options)
    assert comparison["seen_in_training"]["n"] == 4
    by_frequency = comparison["breakdowns"]["word_frequency"]
    assert by_frequency
    assert all(set(group["systems"]) == {"sys"} for group in by_frequency.values())
    alone = compare([first], folder, options)
    assert alone["seen_in_training"] is None and alone["floors"] == {}


def test_files_that_are_no_metrics_are_refused(folder):
    path = metrics(folder, "a", REFERENCES)
    (folder / "metrics/a.npz").rename(folder / "gone.npz")
    with pytest.raises(UserError, match=r"statistics .*a\.npz is missing"):
        run(folder, path)
    (folder / "metrics/a.npz").write_text("no")
    with pytest.raises(UserError, match=r"a\.npz cannot be read"):
        run(folder, path)
    write_json(path, {"system": "a"})
    (folder / "gone.npz").rename(folder / "metrics/a.npz")
    with pytest.raises(UserError, match=r"a\.json lacks n_clips"):
        run(folder, path)
    with pytest.raises(UserError, match="No files to compare"):
        run(folder)
    with pytest.raises(UserError, match="give the captions with --reference"):
        run(folder, table(folder, "A", REFERENCES))


def test_two_systems_of_one_name_are_refused(folder):
    path = metrics(folder, "a", REFERENCES)
    with pytest.raises(UserError, match="would both be called 'a'"):
        run(folder, path, path)


def test_the_terminal_table_has_every_number_and_every_file(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    path = metrics(folder, "finetuned", corrupted(REFERENCES, 0.2))
    comparison = run(folder, path)
    capsys.readouterr()
    print_table(folder / "out/comparison.json")
    told = capsys.readouterr().out
    for column in COLUMNS:
        value = comparison["systems"]["finetuned"][column.key]["value"]
        assert f"{value:.1f}" in told
    assert "floor: random caption" in told
    assert str(path) in told.replace("\n", "") and "comparison.md" in told


def test_a_file_that_compare_did_not_write_is_refused(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(UserError, match="was not written by compare"):
        print_table(tmp_path / "x.json")
