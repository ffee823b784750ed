"""SignHiera against the reference's numbers and the public file's layout."""

from dataclasses import replace

import pytest
import torch
from golden_weights import META, arrays, assert_close, inputs, layout, tiny_hiera

from sonar_sign.models.hiera_blocks import attend
from sonar_sign.models.mapped import convert_linear_layers
from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig

torch.set_num_threads(1)

FRAMES = inputs(6, 3, 32, 64, 64)

# The model of the demo: coarser patches, one mask unit a step of time.
DEMO = SignHieraConfig(
    input_size=(32, 64, 64),
    embed_dim=32,
    num_classes=3,
    stages=(1, 1, 2, 1),
    patch_kernel=(3, 15, 15),
    patch_stride=(2, 8, 8),
    patch_padding=(1, 7, 7),
)


@pytest.fixture(scope="module", params=["s002", "s020"])
def golden(request):
    return tiny_hiera(request.param), arrays(f"tiny_signhiera_{request.param}.npz")


@torch.inference_mode()
def test_features_of_a_full_window(golden):
    model, expected = golden
    (found,) = model.features(FRAMES[:1])
    assert_close(found, expected["features_nopad"])


@torch.inference_mode()
def test_features_of_padded_windows_in_one_call(golden):
    model, expected = golden
    found = model.features(FRAMES, expected["padding"])
    assert [len(window) for window in found] == expected["kept_units_per_item"].tolist()
    assert_close(torch.cat(found), expected["features_padded_concat"])


@torch.inference_mode()
def test_windows_of_one_length_in_any_order():
    model = tiny_hiera()
    alone = [model.features(FRAMES[i : i + 1], [p])[0] for i, p in ((3, 7), (0, 20), (5, 7))]
    together = model.features(FRAMES[[3, 0, 5]], torch.tensor([7, 20, 7]))
    for one, other in zip(alone, together, strict=True):
        assert_close(one, other)


@torch.inference_mode()
def test_padded_frames_are_never_read():
    model = tiny_hiera()
    spoilt = FRAMES[4:5].clone()
    spoilt[:, :, 12:] = torch.nan
    assert torch.equal(model.features(spoilt, [20])[0], model.features(FRAMES[4:5], [20])[0])


@torch.inference_mode()
def test_output_of_every_stage(golden):
    model, expected = golden
    for stage, found in enumerate(model.intermediates(FRAMES[:1])):
        assert list(found.shape) == META["stage_shapes"][str(stage)]
        assert_close(found.mean(dim=(2, 3)), expected[f"stage{stage}_spatial_mean"])
        if stage in (1, 2):
            assert_close(found[0, 0], expected[f"stage{stage}_full_t0"])


@torch.inference_mode()
def test_classifier(golden):
    model, expected = golden
    try:
        assert_close(model.train()(FRAMES[:1]), expected["head_logits_nopad"])
    finally:
        model.eval()
    assert_close(model(FRAMES[:1]), expected["head_softmax_nopad"])
    both = model(FRAMES[[4, 0]], [20, 0])
    assert_close(both[:1], expected["head_softmax_pad20_item4"])
    assert_close(both[1:], expected["head_softmax_nopad"])


def test_layout_of_the_public_file():
    meta, shapes = layout("signhiera_base_128x224.keys.json")
    config = SignHieraConfig.base_128x224()
    assert config == SignHieraConfig(**meta["constructor"])
    with torch.device("meta"):
        model = SignHiera(config)
    assert [(k, tuple(v.shape)) for k, v in model.state_dict().items()] == list(shapes.items())
    assert sum(p.numel() for p in model.parameters()) == meta["n_params"]
    assert list(config.stage_ends) == meta["stage_ends"]
    assert list(config.tokens_shape) == meta["tokens_spatial_shape"]
    assert list(config.mask_units_shape) == meta["mask_spatial_shape"]
    assert (config.num_frames, config.num_units, config.feature_dim) == (128, 64, 768)
    pooled = [i for i, block in enumerate(model.blocks) if block.attn.pool > 1]
    assert pooled == meta["q_pool_blocks"]


def test_gradients_reach_what_features_use_and_checkpointing_changes_none():
    torch.manual_seed(0)
    model = SignHiera(DEMO)
    frames, padding = torch.randn(3, 3, 32, 64, 64), [0, 13, 13]

    def gradients():
        model.zero_grad()
        torch.cat(model.features(frames, padding)).square().sum().backward()
        return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}

    plain = gradients()
    unused = {name for name, _ in model.named_parameters()} - set(plain)
    assert unused == {"norm.weight", "norm.bias", "head.projection.weight", "head.projection.bias"}
    assert all(gradient.abs().sum() > 0 for gradient in plain.values())
    model.gradient_checkpointing = True
    again = gradients()
    for name, gradient in plain.items():
        assert_close(again[name], gradient)


def in_bf16(model: SignHiera) -> SignHiera:
    convert_linear_layers(model, torch.bfloat16, lambda tensor: None)
    return model


@pytest.mark.parametrize("size", ["s002", "s020"])
@torch.inference_mode()
def test_features_in_bf16_point_where_those_in_float32_do(size):
    padding = [9, 0, 20, 5, 0, 13]
    exact = torch.cat(tiny_hiera(size).features(FRAMES, padding)).double()
    model = in_bf16(tiny_hiera(size))
    with torch.autocast("cpu", torch.bfloat16):
        found = torch.cat(model.features(FRAMES, padding)).double()
    assert not torch.equal(found, exact)
    assert torch.cosine_similarity(found, exact, dim=-1).min() > 0.9999


@torch.inference_mode()
def test_in_bf16_a_window_does_not_depend_on_those_beside_it():
    model = in_bf16(tiny_hiera())
    with torch.autocast("cpu", torch.bfloat16):
        together = model.features(FRAMES[:3], [0, 7, 0])
        alone = [model.features(FRAMES[i : i + 1], [p])[0] for i, p in enumerate((0, 7, 0))]
    for one, other in zip(together, alone, strict=True):
        assert_close(one.float(), other.float(), tolerance=0.01)


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("n_queries, n_keys", [(1, 1), (16, 64), (300, 301)])
@torch.inference_mode()
def test_attention_in_bf16(long, n_queries, n_keys):
    torch.manual_seed(0)
    q, k, v = (
        torch.randn(3, length, 2, 24, dtype=torch.bfloat16)
        for length in (n_queries, n_keys, n_keys)
    )
    found = attend(q, k, v, long=long).float()
    assert_close(found, attend(q.float(), k.float(), v.float()), tolerance=0.02)


def test_wrong_frames_and_paddings_are_named():
    model = SignHiera(DEMO)
    with pytest.raises(ValueError, match=r"\(2, 3, 32, 64, 32\).*\(n_windows, 3, 32, 64, 64\)"):
        model.features(torch.zeros(2, 3, 32, 64, 32))
    with pytest.raises(ValueError, match=r"32 is not in 0..31"):
        model.features(torch.zeros(1, 3, 32, 64, 64), [32])
    with pytest.raises(ValueError, match="1 paddings for 2 windows"):
        model.features(torch.zeros(2, 3, 32, 64, 64), [0])


@pytest.mark.parametrize(
    "change",
    [
        {"sep_pos_embed": False},
        {"q_stride": (2, 2, 2)},
        {"mask_unit_attn": (True, True)},
        {"input_size": (32, 72, 64)},
        {"mask_unit_size": (1, 4, 4)},
        {"patch_padding": (0, 7, 7)},
    ],
)
def test_impossible_configs_are_refused(change):
    with pytest.raises(ValueError):
        replace(DEMO, **change)
