"""`compare`: systems side by side, and systems that must not stand side by side."""

import json
import os

import pytest

from sonar_sign.compare import COLUMNS, compare, print_table
from sonar_sign.errors import UserError

METRICS = {
    "system": "finetuned",
    "language": "eng_Latn",
    "bleu_1": 80.04,
    "bleu_2": 70.0,
    "bleu_3": 60.0,
    "bleu_4": 50.06,
    "chrf": 66.6,
    "rouge_l": 77.7,
    "meteor": 88.8,
    "cider": 432.1,
    "inference_ms_per_clip": 12.34,
    "n_clips": 90,
    "n_empty": 0,
    "n_empty_references": 0,
    "signature": "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0",
    "chrf_signature": "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0",
    "rouge_tokenizer": "rouge-score",
    "meteor_variant": "nltk-exact-stem",
    "cider_tokenizer": "13a",
    "seed": 1,
    "checkpoint_sha256": "0" * 64,
    "clips_sha256": "1" * 64,
    "references_sha256": "2" * 64,
    "device": "cpu",
    "timings_ms": {},
    "versions": {"sacrebleu": "2.6.0"},
}
ITALIAN = {
    "language": "ita_Latn",
    "references_sha256": "3" * 64,
    "rouge_tokenizer": "unicode-words",
}


@pytest.fixture
def written(tmp_path):
    def write(name, **changes):
        path = tmp_path / "metrics" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(METRICS | changes))
        return path

    return write


def run(tmp_path, *paths):
    return compare(paths, tmp_path / "comparison.json", tmp_path / "comparison.md")


def test_systems_and_language_variants_stand_side_by_side(tmp_path, written):
    paths = [
        written("zero_shot", bleu_4=5),
        written("finetuned"),
        written("finetuned.ita_Latn", **ITALIAN),
    ]
    comparison = run(tmp_path, *paths)
    assert json.loads((tmp_path / "comparison.json").read_text()) == comparison
    assert list(comparison["systems"]) == ["zero_shot", "finetuned", "finetuned.ita_Latn"]
    assert comparison["systems"]["finetuned"]["bleu_4"] == {"value": 50.06}
    assert set(comparison["systems"]["finetuned"]) == {column.key for column in COLUMNS}
    assert comparison["n_clips"] == 90
    assert comparison["about"]["finetuned.ita_Latn"]["language"] == "ita_Latn"
    assert comparison["about"]["zero_shot"]["file"] == os.path.join("metrics", "zero_shot.json")


def test_the_markdown_is_one_row_a_system_with_notes(tmp_path, written):
    run(tmp_path, written("a|b", n_empty=3), written("finetuned.ita_Latn", **ITALIAN))
    lines = (tmp_path / "comparison.md").read_text().splitlines()
    assert lines[0] == (
        "| system | BLEU-1 | BLEU-2 | BLEU-3 | BLEU-4 | chrF | ROUGE-L | METEOR | CIDEr "
        "| ms a clip |"
    )
    numbers = "80.0 | 70.0 | 60.0 | 50.1 | 66.6 | 77.7 | 88.8 | 432.1 | 12.3 |"
    assert lines[2] == f"| a\\|b | {numbers}"
    assert lines[3] == f"| finetuned.ita_Latn | {numbers}"
    notes = "\n".join(lines[4:])
    assert "nltk without WordNet" in notes and "(nltk-exact-stem)" in notes
    assert METRICS["signature"] in notes and "90 clips" in notes
    assert "rouge-score (a|b)" in notes and "unicode-words (finetuned.ita_Latn)" in notes
    assert "a|b: 3 empty predictions" in notes


def test_each_meteor_variant_is_noted_with_its_systems(tmp_path, written):
    run(tmp_path, written("a"), written("b", meteor_variant="nltk-wordnet"))
    notes = (tmp_path / "comparison.md").read_text()
    assert "(nltk-exact-stem) (a)" in notes and "(nltk-wordnet) (b)" in notes


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"n_clips": 89}, "number of clips differ, 90 and 89"),
        ({"signature": "nrefs:1|case:lc"}, "BLEU signature differ"),
        ({"clips_sha256": "f" * 64}, "clip list"),
        ({"chrf_signature": "nw:2"}, "chrF signature"),
        ({"cider_tokenizer": "ptb"}, "CIDEr tokenisation"),
        ({"references_sha256": "f" * 64}, "references"),
        ({"rouge_tokenizer": "unicode-words"}, "ROUGE-L tokenisation"),
    ],
)
def test_systems_measured_differently_are_refused(tmp_path, written, changes, named):
    with pytest.raises(UserError, match=named) as error:
        run(tmp_path, written("a"), written("b", **changes))
    assert "a.json" in str(error.value) and "b.json" in str(error.value)
    assert not (tmp_path / "comparison.json").exists()
    assert not (tmp_path / "comparison.md").exists()


def test_two_systems_of_another_language_need_the_same_references(tmp_path, written):
    paths = [written("a"), written("b", **ITALIAN)]
    paths.append(written("c", **(ITALIAN | {"references_sha256": "4" * 64})))
    with pytest.raises(UserError, match=r"b\.json and .*c\.json .* references"):
        run(tmp_path, *paths)


def test_files_that_are_no_metrics_are_refused(tmp_path, written):
    with pytest.raises(UserError, match="No metrics files"):
        run(tmp_path)
    with pytest.raises(UserError, match="missing"):
        run(tmp_path, tmp_path / "missing.json")
    (tmp_path / "part.json").write_text('{"bleu_1": 3}')
    with pytest.raises(UserError, match="lacks bleu_2, bleu_3"):
        run(tmp_path, tmp_path / "part.json")
    with pytest.raises(UserError, match="bleu_4 is not a number"):
        run(tmp_path, written("words", bleu_4="high"))


def test_two_systems_of_one_name_are_refused(tmp_path, written):
    path = written("a")
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.json").write_text(path.read_text())
    with pytest.raises(UserError, match="both be called 'a'"):
        run(tmp_path, path, other / "a.json")


def test_the_terminal_table_has_every_number_and_every_file(tmp_path, written, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    run(tmp_path, written("zero_shot"), written("finetuned.ita_Latn", **ITALIAN))
    print_table(tmp_path / "comparison.json")
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if "50.1" in line]
    assert len(rows) == 2
    for number in ("80.0", "70.0", "60.0", "50.1", "66.6", "77.7", "88.8", "432.1", "12.3"):
        assert all(number in row for row in rows)
    assert rows[1].startswith("finetuned.ita_Latn")
    assert "90 clips" in out and "nltk-exact-stem" in out
    for name in ("comparison.json", "comparison.md", "zero_shot.json", "finetuned.ita_Latn.json"):
        assert name in out
    assert max(map(len, rows)) <= 80


def test_a_file_that_compare_did_not_write_is_refused(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(UserError, match="not written by compare"):
        print_table(tmp_path / "x.json")
