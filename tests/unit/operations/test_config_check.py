"""What a schema cannot say about a config, through the command line."""

import re

import pytest
from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.core.errors import UserError
from sonar_sign.operations.config_check import require_plain, schema_errors
from sonar_sign.operations.config_schema import LANGUAGE

CORPUS = "corpus: {name: mine, type: how2sign, root: .}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed: 1e400", "seed: inf is no number to compute with."),
        ("seed: 2.0", "seed: 2.0 is not of type integer."),
        ("seed: 4294967296", "greater than the maximum of 4294967295."),
        ("device: mps", "device: 'mps' is not possible: auto, cpu, cuda or cuda:N."),
        ("device: ' cpu'", "device: ' cpu': take out the white space around it."),
        ('device: "cpu\\x07"', r"device: 'cpu\\x07': take out its control characters."),
        ("evaluate: {nltk_data: ''}", "evaluate.nltk_data: '' should be non-empty."),
        ("languages: {captions: en}", "languages.captions: 'en': .*did you mean eng_Latn."),
        ("languages: {outputs: [eng_Latn, eng_latn]}", "outputs.1: 'eng_latn': .*eng_Latn."),
        ("languages: {outputs: [eng_Latn, eng_Latn]}", "has non-unique elements."),
        ("trainings: {stage2: {target_languages: [xxx_Yyyy]}}", "SONAR knows no such language"),
        ("trainings: {stage2: {target_languages: [eng_Latn]}}", "the captions' own language"),
        ("{device: cpu, extract: {precision: fp16}}", "extract.precision fp16 needs a GPU"),
        (
            "{device: cpu, systems: {x: {training: stage2, decoding: {precision: fp16}}}}",
            "systems.x.decoding.precision fp16 needs a GPU",
        ),
        ("trainings: {stage2: {losses: {mse: 0, cosine: 0}}}", "stage2.losses all have the"),
        ("trainings: {stage2: {decoder: {train_decoder: lora}}}", "needs the loss decoder_ce"),
        ("trainings: {landmarks: {shape: {num_heads: 7}}}", "no multiple of num_heads 7"),
        ("trainings: {landmarks: {shape: {kernel: 4}}}", "landmarks.kernel 4 is even"),
        ("demo: {sonar: {width: 30}}", "demo.sonar.width 30 is no multiple of n_heads 4"),
        (f"seeds: {list(range(200))}", r"seeds: \[0, 1, 2.*\.\.\. is too long\."),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path, text, words):
    path = tmp_path / "c.yaml"
    text = f"{{{CORPUS.strip()}, {text[1:]}" if text.startswith("{") else CORPUS + text
    path.write_text(text)
    done = CliRunner().invoke(app, ["config", "show", "--config", str(path)])
    assert isinstance(done.exception, UserError), done.output
    message = str(done.exception)
    assert message.startswith("In the config: ") and message.endswith(".") and len(message) < 400
    assert re.search(words, message), message


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"trainings": {1: {}}}, "trainings: the key 1 is no text"),
        ({None: 1}, "the whole file: the key None is no text"),
        ({" a": 1}, "the key ' a' in the whole file: take out the white space"),
        ({"a": [{"b": float("nan")}]}, "a.0.b: nan is no number"),
        ({"a": ["x", "y\u2028z"]}, "a.1: 'y.u2028z': take out its control"),
        ({"a": "\ud800"}, "a: '.ud800': take out its control"),
    ],
)
def test_values_that_did_not_come_from_a_file(values, words):
    """Such as those of --config, or of a workflow that uses this one."""
    with pytest.raises(UserError, match=words):
        require_plain(values)


def test_values_that_stand_within_themselves():
    values = {}
    values["a"] = values
    with pytest.raises(UserError, match="is nested more than 30 deep"):
        require_plain(values)


def test_numbers_are_what_flags_take():
    for value in (True, 2.0, float("inf")):
        assert schema_errors({"type": "integer"}, value)
    for value in (True, float("inf"), float("nan")):
        assert schema_errors({"type": "number"}, value)
    assert not schema_errors({"type": "number"}, 2)


def test_every_language_of_sonar_is_one():
    assert not schema_errors(LANGUAGE, "ace_Arab") and not schema_errors(LANGUAGE, "zul_Latn")
