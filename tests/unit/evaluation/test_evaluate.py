"""`evaluate`: what the metrics file says, and which inputs are refused."""

import json

import jsonschema
import pandas
import pytest
import sacrebleu
import yaml
from frames import write_table
from in_process import told
from small_files import REPOSITORY

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_table
from sonar_sign.evaluation.evaluate import evaluate
from sonar_sign.metrics.registry import METRICS, metrics_schema
from sonar_sign.translation.prediction_files import read_clips
from sonar_sign.translation.predictions import write_predictions

SCHEMA = metrics_schema(
    yaml.safe_load((REPOSITORY / "workflow/schemas/metrics.schema.yaml").read_text())
)

IDS = ["v1_0", "v1_1", "v2_0"]
TEXTS = ['He said "keep it simple".', "Now add the salt.", "La città è bella, no?"]
PREDICTED = ['He said "keep it".', "", "La citta è bella, no?"]


@pytest.fixture(autouse=True)
def no_wordnet(monkeypatch):
    import nltk.data

    monkeypatch.setattr(nltk.data, "path", [])
    monkeypatch.delenv("NLTK_DATA", raising=False)


@pytest.fixture
def run(tmp_path):
    """A run's files; the test may overwrite one before it calls `evaluate_run`."""
    table(tmp_path / "manifest.tsv", clip_id=IDS, source=["v1", "v1", "v2"], text=TEXTS)
    table(tmp_path / "predictions.tsv", clip_id=IDS[::-1], prediction=PREDICTED[::-1])
    write_info(tmp_path)
    return tmp_path


def table(path, **columns):
    write_table(path, pandas.DataFrame(columns, dtype="str"))


def write_info(folder, **changes):
    info = {
        "system": "finetuned",
        "checkpoint_sha256": "0123456789abcdef" * 4,
        "seed": 7,
        "language": "eng_Latn",
        "device": "cpu",
        "n_clips": 3,
    }
    info.update(changes)
    (folder / "run.json").write_text(json.dumps(info))


def evaluate_run(folder, **options):
    return evaluate(
        folder / "predictions.tsv",
        folder / "manifest.tsv",
        folder / "run.json",
        folder / "metrics" / "finetuned.json",
        **options,
    )


def test_the_metrics_file_matches_its_schema_and_its_inputs(run):
    written = evaluate_run(run)
    metrics = json.loads((run / "metrics" / "finetuned.json").read_text(encoding="utf-8"))
    assert metrics == written
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(metrics, SCHEMA)
    content = {name for name, metric in METRICS.items() if metric.table}
    # Of names, numbers and negations there are metrics where a text has some.
    of_english = (content | {"bleu_reduced"}) & set(metrics)
    assert {"content_f1", "hallucinated", "bleu_reduced"} <= of_english
    assert set(SCHEMA["required"]) | of_english == set(metrics)
    optional = content | {"cosine", "decoder_score", "meteor_15", "bleurt"}
    assert set(SCHEMA["properties"]) == set(metrics) | optional

    bleu = sacrebleu.corpus_bleu(PREDICTED, [TEXTS]).score  # in the manifest's order
    assert metrics["bleu_4"] == pytest.approx(bleu)
    assert metrics["n_clips"] == 3
    assert metrics["n_empty"] == 1
    assert metrics["n_empty_references"] == 0
    assert metrics["meteor_variant"] == "nltk-exact-stem"
    assert (metrics["system"], metrics["seed"], metrics["device"]) == ("finetuned", 7, "cpu")
    assert metrics["checkpoint_sha256"] == "0123456789abcdef" * 4
    assert metrics["versions"]["sacrebleu"] == sacrebleu.__version__


@pytest.mark.parametrize(
    "broken", [{"bleu_4": 101}, {"cider": -1}, {"n_clips": 0}, {"meteor_variant": "x"}, {"new": 1}]
)
def test_the_schema_refuses_what_cannot_be(run, broken):
    metrics = evaluate_run(run) | broken
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(metrics, SCHEMA)


def test_components_and_decoding_are_copied_unchanged(run):
    assert evaluate_run(run)["components"] is None
    components = {
        "video_encoder": {"training": "stage1", "settings": {"freeze": 0.2}},
        "sign_encoder": None,
    }
    write_info(run, components=components, decoding={"beam_size": 5})
    metrics = evaluate_run(run)
    assert metrics["components"] == components
    assert metrics["decoding"] == {"beam_size": 5}
    jsonschema.validate(metrics, SCHEMA)


def test_scoring_twice_writes_the_same_bytes(run):
    evaluate_run(run)
    first = (run / "metrics" / "finetuned.json").read_bytes()
    evaluate_run(run)
    assert (run / "metrics" / "finetuned.json").read_bytes() == first


def test_perfect_predictions_are_100_and_1000(run):
    table(run / "predictions.tsv", clip_id=IDS, prediction=TEXTS)
    metrics = evaluate_run(run)
    assert [metrics[f"bleu_{n}"] for n in (1, 2, 3, 4)] == [100.0] * 4
    assert metrics["chrf"] == metrics["rouge_l"] == 100.0
    assert metrics["cider"] == 1000.0


def test_an_empty_reference_is_counted(run):
    table(run / "manifest.tsv", clip_id=IDS, source=["v"] * 3, text=["", *TEXTS[1:]])
    assert evaluate_run(run)["n_empty_references"] == 1


def test_another_language_is_scored_on_its_own_references(run):
    write_info(run, language="ita_Latn")
    italian = ["Disse di restare semplici.", "Ora il sale.", "La città è bella, no?"]
    table(run / "italian.tsv", clip_id=IDS, text=italian)
    metrics = evaluate_run(run, references=run / "italian.tsv")
    assert metrics["bleu_4"] == pytest.approx(sacrebleu.corpus_bleu(PREDICTED, [italian]).score)
    assert (metrics["language"], metrics["rouge_tokenizer"]) == ("ita_Latn", "unicode-words")
    jsonschema.validate(metrics, SCHEMA)


def test_captions_in_several_languages_are_not_scored_together(run):
    columns = {"clip_id": IDS, "source": ["v1", "v1", "v2"], "text": TEXTS}
    table(run / "manifest.tsv", **columns, language=["", "ita_Latn", "eng_Latn"])
    with pytest.raises(UserError, match="has captions in ita_Latn, .* are in eng_Latn; evaluate"):
        evaluate_run(run)
    table(run / "manifest.tsv", **columns, language=["", "", "eng_Latn"])
    assert evaluate_run(run)["language"] == "eng_Latn"


def test_another_language_is_not_scored_on_the_manifests_captions(run):
    write_info(run, language="ita_Latn")
    with pytest.raises(UserError, match="in ita_Latn .* eng_Latn; give references"):
        evaluate_run(run)
    assert evaluate_run(run, caption_language="ita_Latn")["language"] == "ita_Latn"


def test_references_of_other_clips_are_refused(run):
    table(run / "italian.tsv", clip_id=IDS[:2], text=["a", "b"])
    with pytest.raises(UserError, match="1 only in .*predictions.tsv .v2_0"):
        evaluate_run(run, references=run / "italian.tsv")


def test_missing_and_foreign_clips_are_named_and_nothing_is_written(run):
    table(run / "predictions.tsv", clip_id=["v1_0", "x1", "x2"], prediction=["a", "b", "c"])
    with pytest.raises(UserError) as error:
        evaluate_run(run)
    assert "2 only in" in str(error.value) and "(x1, x2)" in str(error.value)
    assert "(v1_1, v2_0)" in str(error.value)
    assert not (run / "metrics").exists()


def test_a_clip_predicted_twice_is_refused(run):
    table(run / "predictions.tsv", clip_id=[*IDS, "v1_0"], prediction=["a"] * 4)
    with pytest.raises(UserError, match="'v1_0' twice, in lines 2 and 5"):
        evaluate_run(run)


def test_wrong_columns_are_refused(run):
    table(run / "predictions.tsv", clip_id=IDS, text=PREDICTED)
    with pytest.raises(UserError, match="lacks the column prediction"):
        evaluate_run(run)


def test_tables_that_others_wrote_score_the_same(run):
    ours = evaluate_run(run)
    for name in ("predictions", "manifest"):
        frame = read_table(run / f"{name}.tsv", ("clip_id",))
        frame.to_csv(run / f"{name}.csv", index=False)
        frame.to_csv(run / f"{name}.tsv", sep="\t", index=False)
    assert '"He said ""keep it""."' in (run / "predictions.tsv").read_text()
    files = [run / f"{name}.csv" for name in ("predictions", "manifest")]
    told("evaluate", "--predictions", files[0], "--manifest", files[1], "--run-info",
         run / "run.json", "--output", run / "by_csv.json")  # fmt: skip
    quoted = told("evaluate", "--predictions", run / "predictions.tsv", "--manifest",
                  run / "manifest.tsv", "--run-info", run / "run.json", "--output",
                  run / "by_tsv.json")  # fmt: skip
    assert "note: predictions.tsv: quotes around fields (1) were taken off" in quoted
    for name in ("by_csv", "by_tsv"):
        assert json.loads((run / f"{name}.json").read_text()) == ours


@pytest.mark.parametrize(
    ("old", "new"),
    [("salt", "sugar"), ("v2_0\t", "v2_0\tNo. "), ("\n", "\r\n"), ("simple", "simple ")],
)
def test_a_table_that_was_changed_after_its_run_is_not_scored(run, old, new):
    predicted = dict(zip(IDS, TEXTS, strict=True))
    info = json.loads((run / "run.json").read_text())
    write_predictions(run / "predictions.tsv", predicted, [], info)
    (run / "predictions.json").rename(run / "run.json")
    assert evaluate_run(run)["bleu_4"] == 100.0

    (run / "predictions.tsv").write_text((run / "predictions.tsv").read_text().replace(old, new))
    with pytest.raises(UserError, match=r"predictions.tsv was changed after it was predicted"):
        evaluate_run(run)


@pytest.mark.parametrize("text", ["", " ", "\u00a0"])
def test_references_without_a_word_are_refused(run, text):
    table(run / "manifest.tsv", clip_id=IDS, source=["v"] * 3, text=[text] * 3)
    with pytest.raises(UserError, match="All 3 references of .*manifest.tsv are empty"):
        evaluate_run(run)


def test_no_clips_are_refused(run):
    table(run / "manifest.tsv", clip_id=[], source=[], text=[])
    table(run / "predictions.tsv", clip_id=[], prediction=[])
    with pytest.raises(UserError, match="no clips"):
        evaluate_run(run)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"n_clips": 4}, "counts 4 clips"),
        ({"checkpoint_sha256": "abc"}, "'checkpoint_sha256' cannot be 'abc'"),
        ({"checkpoint_sha256": None}, "'checkpoint_sha256' cannot be None"),
        ({"seed": float("nan")}, "NaN is not JSON"),
        ({"seed": -1}, "'seed'"),
        ({"seed": True}, "'seed'"),
        ({"language": ""}, "'language'"),
        ({"components": [1]}, "'components' cannot be"),
        ({"decoding": "beam"}, "'decoding' cannot be"),
    ],
)
def test_an_implausible_run_info_is_refused(run, changes, named):
    write_info(run, **changes)
    with pytest.raises(UserError, match=named):
        evaluate_run(run)


@pytest.mark.parametrize(
    ("text", "named"), [("{", "not JSON"), ("[]", "no.* JSON object"), ("{}", "has no 'system'")]
)
def test_a_malformed_run_info_is_refused(run, text, named):
    (run / "run.json").write_text(text)
    with pytest.raises(UserError, match=named):
        evaluate_run(run)


@pytest.mark.parametrize("name", ["predictions.tsv", "manifest.tsv", "run.json"])
def test_a_missing_file_is_named(run, name):
    (run / name).unlink()
    with pytest.raises(UserError, match=name):
        evaluate_run(run)


def test_clips_keep_their_source_and_the_manifests_order(run):
    clips = read_clips(run / "predictions.tsv", run / "manifest.tsv")
    assert clips.clip_ids == IDS
    assert clips.sources == ["v1", "v1", "v2"]
    assert clips.predictions == PREDICTED
