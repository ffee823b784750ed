"""BLEURT: a model of its shape, made here, against transformers' own pipeline."""

import pytest
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast, pipeline

from sonar_sign.core.errors import UserError
from sonar_sign.metrics.bleurt import corpus_bleurt

PREDICTIONS = ["we take the cup", "cup", "the cup the cup"]
REFERENCES = ["we take a cup", "take it", "the cup"]


def model(folder, n_outputs):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "we", "take", "the", "cup", "a", "it"]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words))
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"))
    tokenizer.save_pretrained(folder)
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(len(words), intermediate_size=32, num_labels=n_outputs, **shape)
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_scores_are_the_models_outputs(tmp_path):
    folder = model(tmp_path / "bleurt", 1)
    found = corpus_bleurt(PREDICTIONS, REFERENCES, folder)
    score = pipeline("text-classification", model=str(folder), function_to_apply="none")
    each = [
        score({"text": reference, "text_pair": prediction})["score"]
        for prediction, reference in zip(PREDICTIONS, REFERENCES, strict=True)
    ]
    assert found.statistics[:, 0].tolist() == pytest.approx(each, abs=1e-5)
    assert found.value == pytest.approx(100 * sum(each) / 3, abs=1e-3)
    assert found.made_by.startswith("sha256 ")


def test_what_is_no_bleurt_is_refused(tmp_path):
    with pytest.raises(UserError, match="BLEURT needs a model in"):
        corpus_bleurt(PREDICTIONS, REFERENCES, tmp_path)
    with pytest.raises(UserError, match="has 2 outputs"):
        corpus_bleurt(PREDICTIONS, REFERENCES, model(tmp_path / "two", 2))
