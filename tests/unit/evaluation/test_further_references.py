"""Further references on the command line: as files, as columns, by the config's key."""

import json

import pandas as pd
import pytest
from comparison_files import IDS, REFERENCES, comparison_folder, corrupted, run, table
from frames import write_table
from in_process import told
from sacrebleu_command import sacrebleu_command

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json
from sonar_sign.core.options import MetricOptions
from sonar_sign.evaluation.evaluate import evaluate
from sonar_sign.evaluation.system_scores import read_system_scores, verify_metrics
from sonar_sign.translation.prediction_files import read_clips

TEXTS = corrupted(REFERENCES, 0.4, seed=3)
SECOND, THIRD = (corrupted(REFERENCES, 0.5, seed=seed) for seed in (5, 6))


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


def captions(folder, name, **columns):
    write_table(folder / name, pd.DataFrame({"clip_id": IDS, **columns}))
    return folder / name


def test_files_and_columns_are_sacrebleus_references(folder):
    expected = sacrebleu_command(folder, TEXTS, [REFERENCES, SECOND, THIRD])["BLEU"]
    path = table(folder, "A", TEXTS)
    columns = captions(folder, "c.tsv", text=REFERENCES, text_2=SECOND, text_3=THIRD)
    files = [captions(folder, f"{n}.tsv", text=some) for n, some in enumerate((SECOND, THIRD))]
    by_column = run(folder, path, reference=columns)
    by_file = run(folder, path, reference=folder / "test.tsv", further_references=files)
    for comparison in (by_column, by_file):
        cell = comparison["systems"]["A"]["bleu_4"]
        assert cell["value"] == pytest.approx(expected["score"], abs=1e-6)
        assert comparison["signature"] == expected["signature"]
    assert "c.tsv: 2 further references, from its columns." in by_column["inputs"]
    assert "1.tsv: further references (1) of 40 clips." in by_file["inputs"]


def test_on_the_command_line_a_sentence_per_line(folder):
    for name, texts in (("A", TEXTS), ("r1", REFERENCES), ("r2", SECOND)):
        (folder / f"{name}.txt").write_text("".join(f"{text}\n" for text in texts))
    said = told(
        "compare", folder / "A.txt", "--reference", folder / "r1.txt", "--reference",
        folder / "r2.txt", "--output", folder / "o",
    )  # fmt: skip
    assert "BLEU" in said
    found = json.loads((folder / "o/comparison.json").read_text())
    expected = sacrebleu_command(folder, TEXTS, [REFERENCES, SECOND])["BLEU"]["score"]
    assert found["systems"]["A"]["bleu_4"]["value"] == pytest.approx(expected, abs=1e-6)
    (folder / "r2.txt").write_text("one line\n")
    with pytest.raises(UserError, match="has 1 lines for 40 clips"):
        run(folder, folder / "A.txt", reference=folder / "r1.txt",
            further_references=[folder / "r2.txt"])  # fmt: skip


def test_evaluate_keeps_them_beside_the_metrics(folder):
    columns = captions(folder, "more.tsv", text=SECOND, text_2=["", *THIRD[1:]])
    info = {"system": "A", "checkpoint_sha256": "0" * 64, "seed": 1, "language": "eng_Latn",
            "device": "cpu", "n_clips": 40}  # fmt: skip
    write_json(folder / "info.json", info)
    inputs = table(folder, "A", TEXTS), folder / "test.tsv"
    output = folder / "metrics/A.json"
    options = MetricOptions(further_references=columns)
    record = evaluate(*inputs, folder / "info.json", output, options=options)
    assert "nrefs:var" in record["signature"]
    clips = read_system_scores(output).clips
    assert clips.further_references == (SECOND, ["", *THIRD[1:]])
    verify_metrics(output, read_clips(*inputs))
    assert run(folder, output)["systems"]["A"]["bleu_4"]["value"] == pytest.approx(record["bleu_4"])
    # Predictions in another language have other captions.
    write_json(folder / "info.json", info | {"language": "ita_Latn"})
    italian = captions(folder, "ita.tsv", text=THIRD)
    second = folder / "metrics/A.ita_Latn.json"
    record = evaluate(*inputs, folder / "info.json", second, references=italian, options=options)
    assert "nrefs:1|" in record["signature"]
    assert set(run(folder, output, second)["systems"]) == {"A", "A.ita_Latn"}


def test_a_file_of_other_clips_is_refused(folder):
    write_table(folder / "x.tsv", pd.DataFrame({"clip_id": ["z"], "text": ["a"]}))
    path = table(folder, "A", TEXTS)
    with pytest.raises(UserError, match="further references of none of the clips; its ids begin"):
        run(folder, path, reference=folder / "test.tsv", further_references=[folder / "x.tsv"])
    write_table(folder / "x.tsv", pd.DataFrame({"clip_id": ["z", "c01"], "text": ["a", "b"]}))
    found = run(folder, path, reference=folder / "test.tsv", further_references=[folder / "x.tsv"])
    assert "of 1 clips; 1 rows of other clips are ignored." in found["inputs"][-1]
