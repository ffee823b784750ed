"""The port of BLEURT-20: a tiny checkpoint of its layout, against its formulas written out."""

import json

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from sonar_sign.core.errors import UserError
from sonar_sign.metrics.bleurt import corpus_bleurt

PREDICTIONS = ["we take the cup", "cup", "the cup the cup", ""]
REFERENCES = ["we take a cup", "take it", "the cup", "a cup"]
WIDTH, NARROW, HEADS, LAYERS, VOCABULARY, LONGEST = 12, 8, 2, 2, 40, 48
CONFIG = {
    "architectures": ["BleurtForSequenceClassification"], "model_type": "bleurt",
    "vocab_size": VOCABULARY, "embedding_size": NARROW, "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "intermediate_size": 16,
    "hidden_act": "gelu", "max_position_embeddings": LONGEST, "type_vocab_size": 2,
    "layer_norm_eps": 1e-12, "pad_token_id": 0, "hidden_dropout_prob": 0.1,
}  # fmt: skip


def weights():
    """Random tensors under the names of the port."""
    torch.manual_seed(0)
    shapes = {
        "embeddings.word_embeddings.weight": (VOCABULARY, NARROW),
        "embeddings.position_embeddings.weight": (LONGEST, NARROW),
        "embeddings.token_type_embeddings.weight": (2, NARROW),
        **norm("embeddings", NARROW),
        **linear("encoder.embedding_projection", NARROW, WIDTH),
        **linear("pooler.dense", WIDTH, WIDTH),
    }
    for n in range(LAYERS):
        layer = f"encoder.layer.{n}"
        for part in ("query", "key", "value"):
            shapes |= linear(f"{layer}.attention.self.{part}", WIDTH, WIDTH)
        shapes |= linear(f"{layer}.attention.output.dense", WIDTH, WIDTH)
        shapes |= norm(f"{layer}.attention.output", WIDTH)
        shapes |= linear(f"{layer}.intermediate.dense", WIDTH, 16)
        shapes |= linear(f"{layer}.output.dense", 16, WIDTH) | norm(f"{layer}.output", WIDTH)
    found = {f"bleurt.{name}": torch.randn(shape) for name, shape in shapes.items()}
    found |= {name: torch.randn(shape) for name, shape in linear("classifier", WIDTH, 1).items()}
    return found | {"bleurt.embeddings.position_ids": torch.arange(LONGEST)[None]}


def linear(name, narrow, wide):
    return {f"{name}.weight": (wide, narrow), f"{name}.bias": (wide,)}


def norm(name, width):
    return {f"{name}.LayerNorm.weight": (width,), f"{name}.LayerNorm.bias": (width,)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import sentencepiece

    folder = tmp_path_factory.mktemp("bleurt")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(PREDICTIONS * 3 + REFERENCES * 3), minloglevel=2,
        model_prefix=str(folder / "spm"), vocab_size=VOCABULARY, hard_vocab_limit=False,
        pad_id=0, pad_piece="[PAD]", unk_id=1, unk_piece="[UNK]", bos_id=2, bos_piece="[CLS]",
        eos_id=3, eos_piece="[SEP]", user_defined_symbols=["[MASK]"], model_type="char",
    )  # fmt: skip
    (folder / "config.json").write_text(json.dumps(CONFIG))
    save_file(weights(), folder / "model.safetensors")
    return folder


def by_hand(tokens, types):
    """The score of one pair: BERT's layers over projected embeddings, and a linear layer."""
    held = {name.removeprefix("bleurt."): value for name, value in weights().items()}

    def dense(name, x):
        return x @ held[f"{name}.weight"].T + held[f"{name}.bias"]

    def normed(name, x):
        at = f"{name}.LayerNorm"
        return functional.layer_norm(
            x, x.shape[-1:], held[f"{at}.weight"], held[f"{at}.bias"], 1e-12
        )

    embedded = held["embeddings.word_embeddings.weight"][tokens]
    embedded = embedded + held["embeddings.token_type_embeddings.weight"][types]
    embedded = embedded + held["embeddings.position_embeddings.weight"][: len(tokens)]
    x = dense("encoder.embedding_projection", normed("embeddings", embedded))
    for n in range(LAYERS):
        layer = f"encoder.layer.{n}"
        q, k, v = (
            dense(f"{layer}.attention.self.{part}", x).reshape(len(x), HEADS, -1).transpose(0, 1)
            for part in ("query", "key", "value")
        )
        weighted = (q @ k.transpose(1, 2) / (WIDTH / HEADS) ** 0.5).softmax(-1) @ v
        attended = weighted.transpose(0, 1).reshape(len(x), WIDTH)
        x = normed(
            f"{layer}.attention.output", x + dense(f"{layer}.attention.output.dense", attended)
        )
        inner = functional.gelu(dense(f"{layer}.intermediate.dense", x))
        x = normed(f"{layer}.output", x + dense(f"{layer}.output.dense", inner))
    return float(dense("classifier", torch.tanh(dense("pooler.dense", x[0])))[0])


def expected(reference, prediction, folder):
    import sentencepiece

    spm = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spm.model"))
    first, second = spm.encode(reference), spm.encode(prediction)
    tokens = [2, *first, 3, *second, 3]
    return by_hand(tokens, [0] * (len(first) + 2) + [1] * (len(second) + 1))


def test_scores_are_those_of_the_formulas(folder):
    found = corpus_bleurt(PREDICTIONS, REFERENCES, folder)
    pairs = zip(REFERENCES, PREDICTIONS, strict=True)
    each = [expected(reference, prediction, folder) for reference, prediction in pairs]
    assert found.statistics[:, 0].tolist() == pytest.approx(each, abs=1e-5)
    assert found.made_by.endswith("(2 layers of 12)")


def test_of_several_references_the_best_counts(folder):
    sets = [[reference, "the cup"] for reference in REFERENCES]
    each = [max(expected(one, p, folder) for one in some)
            for p, some in zip(PREDICTIONS, sets, strict=True)]  # fmt: skip
    found = corpus_bleurt(PREDICTIONS, sets, folder)
    assert found.statistics[:, 0].tolist() == pytest.approx(each, abs=1e-5)


def test_a_pickle_of_weights_is_read_and_nothing_else(folder, tmp_path):
    for name in ("config.json", "spm.model"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    torch.save(weights(), tmp_path / "pytorch_model.bin")
    known = corpus_bleurt(PREDICTIONS, REFERENCES, folder).value
    assert corpus_bleurt(PREDICTIONS, REFERENCES, tmp_path).value == pytest.approx(known)
    lacking = weights()
    lacking.pop("classifier.bias")
    torch.save(lacking, tmp_path / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"lacks classifier\.bias"):
        corpus_bleurt(PREDICTIONS, REFERENCES, tmp_path)
