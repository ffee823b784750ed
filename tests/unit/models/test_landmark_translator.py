"""The landmark model itself, and its files."""

import json
import re
from dataclasses import replace

import pytest
import torch
from landmark_shards import CAPTIONS, SHAPE
from tiny_models import tiny_encoder

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import LandmarkModelOptions
from sonar_sign.models.checkpoint import save_sign_encoder
from sonar_sign.models.landmark_checkpoint import (
    from_t5_folder,
    load_landmark_model,
    new_landmark_model,
    save_landmark_model,
)
from sonar_sign.models.landmark_tokenizer import train_tokenizer
from sonar_sign.models.model_files import read_metadata

torch.set_num_threads(1)

DIM = 20


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(CAPTIONS.values(), 60)


def tiny_model(tokenizer, seed=0, **changes):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = new_landmark_model(replace(SHAPE, **changes), DIM, tokenizer).eval()
        model.front.fit(torch.randn(DIM), torch.rand(DIM) + 0.5)
    return model


def random_clips(*lengths):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(length, DIM, generator=generator) for length in lengths]


@pytest.mark.parametrize("changes", [{}, {"front": "linear", "stride": 3}, {"stride": 1}])
def test_a_clips_company_changes_nothing(tokenizer, changes):
    model, clips = tiny_model(tokenizer, **changes), random_clips(5, 8, 13)
    rows = torch.nn.utils.rnn.pad_sequence(clips, batch_first=True, padding_value=7.0)
    lengths = torch.tensor([len(clip) for clip in clips])
    together = model.encode(rows, lengths)
    found = model.translate(rows, lengths, beam_size=3).pieces
    for number, clip in enumerate(clips):
        alone = model.encode(clip[None], torch.tensor([len(clip)]))
        assert alone.mask.all()
        n_steps = alone.states.shape[1]
        assert n_steps == -(-len(clip) // model.config.stride) == together.mask[number].sum()
        assert torch.allclose(together.states[number, :n_steps], alone.states[0], atol=1e-5)
        pieces = model.translate(clip[None], torch.tensor([len(clip)]), beam_size=3).pieces[0]
        assert tokenizer.decode(pieces.tolist()) == tokenizer.decode(found[number].tolist())


def test_attention_is_a_share_of_each_step(tokenizer):
    model, clips = tiny_model(tokenizer), random_clips(6, 12)
    rows = torch.nn.utils.rnn.pad_sequence(clips, batch_first=True)
    encoded = model.encode(rows, torch.tensor([6, 12]))
    weights = model.attention(encoded, torch.tensor([[5, 6, 7, 1], [8, 1, 0, 0]]))
    assert weights.shape == (2, 4, 6)
    assert torch.allclose(weights.sum(-1), torch.ones(2, 4), atol=1e-5)
    assert (weights[0, :, 3:] == 0).all() and (weights[1] > 0).all()


def test_the_default_shape_is_for_the_real_job(tokenizer):
    with torch.device("meta"):
        model = new_landmark_model(LandmarkModelOptions(), 413, tokenizer)
    # Its tokenizer has 8,000 pieces instead of these few.
    n = sum(p.numel() for p in model.parameters()) + (8000 - len(tokenizer)) * 512
    assert 40e6 < n < 46e6


def test_a_written_model_says_the_same(tokenizer, tmp_path):
    model = tiny_model(tokenizer)
    save_landmark_model(tmp_path / "m.pt", model, tokenizer, {"kind": "landmark_translator"})
    again, pieces = load_landmark_model(tmp_path / "m.pt")
    assert pieces.model == tokenizer.model and again.config == model.config
    assert read_metadata(tmp_path / "m.pt") == {"kind": "landmark_translator"}
    assert not again.training
    # The word embedding is still one tensor under its names.
    assert again.t5.lm_head.weight.data_ptr() == again.t5.shared.weight.data_ptr()
    clip = random_clips(9)[0][None]
    for one in (model, again):
        one.found = one.translate(clip, torch.tensor([9]), 2).pieces
    assert torch.equal(model.found, again.found)
    save_landmark_model(tmp_path / "n.pt", again, pieces, {"kind": "landmark_translator"})
    assert (tmp_path / "n.pt").read_bytes() == (tmp_path / "m.pt").read_bytes()


def changed(path, change):
    file = torch.load(path, weights_only=True)
    change(file)
    torch.save(file, path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f["landmark_model"].pop("front.rows.bias"), "missing: front.rows.bias"),
        (lambda f: f["landmark_model"].update(x=torch.zeros(1)), "unexpected: x"),
        (lambda f: f["config"].update(d_ff=65), "differing"),
        (lambda f: f["config"].pop("stride") and f["config"].update(strides=2), "config"),
        (lambda f: f.pop("config"), "does not say what shape"),
        (lambda f: f.pop("tokenizer"), "no tokenizer"),
        (lambda f: f.update(tokenizer=torch.zeros(9, dtype=torch.uint8)), "sentencepiece"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(tokenizer, tmp_path, change, words):
    path = tmp_path / "m.pt"
    save_landmark_model(path, tiny_model(tokenizer), tokenizer)
    changed(path, change)
    with pytest.raises(UserError, match=re.escape(words)) as raised:
        load_landmark_model(path)
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)


def test_another_models_file_is_refused(tmp_path):
    save_sign_encoder(tmp_path / "encoder.pth", tiny_encoder())
    with pytest.raises(UserError, match="is not a landmark model checkpoint"):
        load_landmark_model(tmp_path / "encoder.pth")
    with pytest.raises(UserError, match="not found"):
        load_landmark_model(tmp_path / "gone.pt")
    torch.save({"landmark_model": {}, "config": tmp_path}, tmp_path / "object.pt")
    with pytest.raises(UserError, match="could run code"):
        load_landmark_model(tmp_path / "object.pt")


def test_sizes_that_do_not_fit_are_refused(tokenizer):
    for changes, words in (
        ({"num_heads": 3}, "multiple of num_heads"),
        ({"kernel": 4}, "kernel 4 odd"),
    ):
        with pytest.raises(UserError, match=words):
            tiny_model(tokenizer, **changes)


@pytest.fixture
def t5_folder(tokenizer, tmp_path):
    """A T5 as transformers saves one, with more rows than the tokenizer has pieces."""
    from transformers import T5Config, T5ForConditionalGeneration

    shape = T5Config(
        vocab_size=96, d_model=16, d_kv=8, d_ff=24, num_layers=1, num_heads=2,
        feed_forward_proj="relu", decoder_start_token_id=0,
    )  # fmt: skip
    t5 = T5ForConditionalGeneration(shape)
    t5.save_pretrained(tmp_path / "t5")
    (tmp_path / "t5/spiece.model").write_bytes(tokenizer.model)
    return tmp_path / "t5", t5


def test_a_pretrained_t5_is_taken_as_it_is(t5_folder, tmp_path):
    folder, t5 = t5_folder
    model, tokenizer = from_t5_folder(replace(SHAPE, t5_folder=str(folder)), DIM)
    assert model.config.d_model == 16 and model.config.vocab_size == 96
    for name, tensor in t5.state_dict().items():
        assert torch.equal(model.t5.state_dict()[name], tensor), name
    save_landmark_model(tmp_path / "m.pt", model.eval(), tokenizer)
    again, _ = load_landmark_model(tmp_path / "m.pt")
    clip = random_clips(9)[0][None]
    found = [one.translate(clip, torch.tensor([9])).pieces for one in (model, again)]
    assert torch.equal(*found)


def test_a_broken_t5_folder_is_refused(t5_folder):
    folder, _ = t5_folder
    options = replace(SHAPE, t5_folder=str(folder))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"d_ff": 25}))
    with pytest.raises(UserError, match="does not fit"):
        from_t5_folder(options, DIM)
    (folder / "config.json").write_text(json.dumps(config | {"num_layers": 2}))
    with pytest.raises(UserError, match=r"does not fit .*encoder.block.1"):
        from_t5_folder(options, DIM)
    (folder / "model.safetensors").write_bytes(b"none")
    with pytest.raises(UserError, match="no T5 that can be read"):
        from_t5_folder(options, DIM)
    (folder / "spiece.model").unlink()
    with pytest.raises(UserError, match="sentencepiece model not found"):
        from_t5_folder(options, DIM)


@pytest.mark.parametrize(
    "changes",
    [
        {"num_layers": 400_000},
        {"num_layers": "2"},
        {"num_decoder_layers": -1},
        {"d_model": 10**12},
        {"vocab_size": 2**62},
        {"layer_norm_epsilon": 0},
        {"feed_forward_proj": "gated-nothing"},
        {"num_heads": None},
        {"tie_word_embeddings": "no"},
        [],
    ],
    ids=str,
)
def test_a_t5_folders_config_is_bounded(t5_folder, changes):
    folder, _ = t5_folder
    config = json.loads((folder / "config.json").read_text())
    changed = config | changes if isinstance(changes, dict) else changes
    (folder / "config.json").write_text(json.dumps(changed))
    with pytest.raises(UserError, match="no T5 that can be read|does not fit") as caught:
        from_t5_folder(replace(SHAPE, t5_folder=str(folder)), DIM)
    assert "\n" not in str(caught.value)


def test_a_t5_of_nan_is_refused(t5_folder):
    from safetensors.torch import load_file, save_file

    folder, _ = t5_folder
    state = load_file(folder / "model.safetensors")
    state["shared.weight"][0, 0] = torch.nan
    save_file(state, folder / "model.safetensors")
    with pytest.raises(UserError, match=r"shared\.weight holds NaN"):
        from_t5_folder(replace(SHAPE, t5_folder=str(folder)), DIM)
