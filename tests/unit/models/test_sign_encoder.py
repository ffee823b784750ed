"""The sign encoder against the reference's numbers and the public file's layout."""

import re

import pytest
import torch
from golden_weights import arrays, assert_close, inputs, layout, tiny_encoder

from sonar_sign.models.sign_encoder import SignEncoder, SignEncoderConfig

torch.set_num_threads(1)

FEATURES = inputs(3, 150, 24)


@pytest.fixture(scope="module", params=["s002", "s020"])
def golden(request):
    return tiny_encoder(request.param), arrays(f"tiny_sonar_signt5_{request.param}.npz")


@torch.inference_mode()
def test_embeddings(golden):
    model, expected = golden
    assert_close(model(FEATURES), expected["sentence_embeddings_nomask"])
    assert_close(model(FEATURES, expected["seq_lens"]), expected["sentence_embeddings_masked"])
    assert_close(model(FEATURES[:, :7]), expected["sentence_embeddings_len7"])


@torch.inference_mode()
def test_encoder_outputs(golden):
    model, expected = golden
    assert_close(model.encode(FEATURES[:, :7]), expected["encoded_seqs_len7"])
    last = model.encode(FEATURES)[0, -5:]
    assert_close(last, expected["encoded_seqs_nomask_item0_last"])


@torch.inference_mode()
def test_what_lies_beyond_a_length_does_not_count():
    model = tiny_encoder()
    spoilt = FEATURES.clone()
    spoilt[1, 25:] = 1000
    alone = model(FEATURES[1:2, :25])
    assert_close(model(spoilt, torch.tensor([150, 25, 1]))[1:2], alone)


def test_layout_of_the_public_file():
    meta, shapes = layout("sonar_signt5_large.keys.json")
    config = SignEncoderConfig.t5_v1_1_large()
    fields = set(meta["config"]) & set(SignEncoderConfig.__dataclass_fields__)
    assert len(fields) == 12
    assert {k: getattr(config, k) for k in fields} == {k: meta["config"][k] for k in fields}
    with torch.device("meta"):
        model = SignEncoder(config)
    assert [(k, tuple(v.shape)) for k, v in model.state_dict().items()] == list(shapes.items())
    assert sum(p.numel() for p in model.parameters()) == meta["n_params_unique"]


def test_gradients_reach_every_weight_and_checkpointing_changes_none():
    model = tiny_encoder("s002").train()
    lengths = torch.tensor([9, 4, 1])

    def gradients():
        model.zero_grad()
        model(FEATURES[:, :9], lengths).square().sum().backward()
        return {name: p.grad.clone() for name, p in model.named_parameters()}

    plain = gradients()
    # The one decoder step attends to itself alone, so what it compares does not matter.
    alone = {name for name, gradient in plain.items() if not gradient.any()}
    assert all(re.search(r"^decoder.*SelfAttention\.(q|k|rel)", name) for name in alone)
    model.enable_gradient_checkpointing()
    for name, gradient in gradients().items():
        assert_close(gradient, plain[name])


def test_wrong_shapes_and_lengths_are_named():
    model = tiny_encoder("s002")
    with pytest.raises(ValueError, match="width 23, the model needs 24"):
        model(FEATURES[:, :, :23])
    with pytest.raises(ValueError, match=r"\(3, 0, 24\)"):
        model(FEATURES[:, :0])
    with pytest.raises(ValueError, match=r"\[150, 0, 3\]"):
        model(FEATURES, torch.tensor([150, 0, 3]))
    with pytest.raises(ValueError, match=r"\[151, 1, 3\]"):
        model(FEATURES, torch.tensor([151, 1, 3]))
    with pytest.raises(ValueError, match="the batch is 3"):
        model(FEATURES, torch.tensor([150, 1]))
