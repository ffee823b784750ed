"""Styles guessed from words, by a tiny classifier in a folder."""

import json

import pytest
from in_process import refusal, told

from sonar_sign.core.errors import UserError
from sonar_sign.speech.text_feelings import TextModel

pytestmark = pytest.mark.long

LABELS = ["anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"]


def write_model(folder, favourite="joy", labels=LABELS, **config):
    """A random classifier whose bias makes one label certain."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "you"]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=len(words),
            intermediate_size=16,
            id2label=dict(enumerate(labels)),
            label2id={label: n for n, label in enumerate(labels)},
            **sizes,
            **config,
        )
    )
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([4.0 * (one == favourite) for one in labels]))
    model.save_pretrained(folder)
    return folder


def test_a_certain_guess_is_the_style_and_is_written_down(tmp_path):
    folder = write_model(tmp_path / "emotions")
    told(
        *["speak", "Hello you.", "--output", tmp_path / "out", "--engine", "espeak"],
        *["--text-model", folder],
    )
    feeling = json.loads((tmp_path / "out/0001.json").read_text())["feeling"]
    assert (feeling["style"], feeling["source"]) == ("happy", "words")
    assert feeling["source_in_words"] == "guessed from the words"
    assert feeling["words"]["scores"]["happy"] > 0.85 and feeling["words"]["threshold"] == 0.6
    assert feeling["words"]["model"]["name"] == "emotions"
    assert len(feeling["words"]["model"]["sha256"]) == 64


def test_an_uncertain_guess_another_language_and_a_given_style_are_not_the_models(tmp_path):
    folder = write_model(tmp_path / "emotions")
    words = ("speak", "Hello.", "--engine", "espeak", "--text-model", folder, "--output")
    for name, further, source in (
        ("uncertain", ("--threshold", "0.99"), "neutral"),
        ("italian", ("--language", "ita_Latn"), "neutral"),
        ("given", ("--style", "sad"), "given"),
    ):
        told(*words, tmp_path / name, *further)
        feeling = json.loads((tmp_path / name / "0001.json").read_text())["feeling"]
        assert feeling["source"] == source and feeling["style"] == (
            "sad" if further[1] == "sad" else "neutral"
        )
        assert ("words" in feeling) == (name == "uncertain")


def test_labels_that_do_not_exclude_each_other_have_scores_of_their_own(tmp_path):
    folder = write_model(
        tmp_path / "many",
        favourite="anger",
        labels=["anger", "annoyance", "joy", "neutral"],
        problem_type="multi_label_classification",
    )
    (guess,) = TextModel.load(folder).guess(["hello"], 0.6)
    assert guess.style == "angry" and guess.scores["angry"] == pytest.approx(0.982, abs=0.001)
    assert guess.scores["happy"] == pytest.approx(0.5) and guess.scores["sad"] == 0


def test_a_folder_that_is_no_classifier_of_feelings_is_refused(tmp_path):
    words = ("speak", "Hello.", "--output", tmp_path / "out", "--text-model")
    plain = write_model(tmp_path / "plain", labels=["LABEL_0", "LABEL_1"])
    assert "name of a feeling" in refusal(*words, plain)
    damaged = write_model(tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"no weights")
    assert "cannot be opened" in refusal(*words, damaged)
    pickled = write_model(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    assert "is no folder with" in refusal(*words, pickled)
    code = write_model(tmp_path / "code")
    config = json.loads((code / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}
    (code / "config.json").write_text(json.dumps(config))
    (code / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(UserError, match="cannot be opened"):
        TextModel.load(code)
    assert not (tmp_path / "ran").exists()
