"""Checkpoints: the public layout, read strictly and without running code."""

import os
from dataclasses import asdict

import pytest
import torch
from golden_weights import FRAMES_SHAPE, inputs, layout, tiny_encoder, tiny_hiera

from sonar_sign.core.errors import UserError
from sonar_sign.models.checkpoint import (
    load_sign_encoder,
    load_sign_hiera,
    read_metadata,
    save_sign_encoder,
    save_sign_hiera,
)

torch.set_num_threads(1)


@pytest.fixture
def hiera_file(tmp_path):
    path = tmp_path / "hiera.pth"
    save_sign_hiera(path, tiny_hiera())
    return path


@pytest.fixture
def encoder_file(tmp_path):
    path = tmp_path / "encoder.pth"
    save_sign_encoder(path, tiny_encoder())
    return path


def edit(path, entry, change):
    """Rewrite a file with `change` applied to its tensors, without a hash, as others write it."""
    file = torch.load(path, weights_only=True)
    del file["content_xxh3_128"]
    change(file[entry])
    torch.save(file, path)
    return path


@torch.inference_mode()
def test_sign_hiera_survives(hiera_file):
    frames = inputs(*FRAMES_SHAPE)[:2]
    model, loaded = tiny_hiera(), load_sign_hiera(hiera_file)
    assert loaded.config == model.config
    assert not loaded.training
    for one, other in zip(
        model.features(frames, [0, 9]), loaded.features(frames, [0, 9]), strict=True
    ):
        assert torch.equal(one, other)


@torch.inference_mode()
def test_sign_encoder_survives(encoder_file):
    features = inputs(3, 150, 24)
    model, loaded = tiny_encoder(), load_sign_encoder(encoder_file)
    assert loaded.config == model.config
    assert torch.equal(model(features), loaded(features))


def test_public_layout(hiera_file, encoder_file):
    for path, entry, model in (
        (hiera_file, "model_state", tiny_hiera()),
        (encoder_file, "student", tiny_encoder()),
    ):
        file = torch.load(path, weights_only=True)
        assert set(file) == {entry, "config", "content_xxh3_128"}
        assert list(file[entry]) == list(model.state_dict())
        assert file["config"] == asdict(model.config)


def test_the_word_embedding_stays_one_tensor(tmp_path, encoder_file):
    loaded = load_sign_encoder(encoder_file)
    assert loaded.shared.weight is loaded.encoder.embed_tokens.weight
    assert loaded.shared.weight is loaded.decoder.embed_tokens.weight
    n_bytes = 4 * sum(p.numel() for p in tiny_encoder().parameters())
    again = tmp_path / "again.pth"
    save_sign_encoder(again, loaded)
    embedding_bytes = 4 * loaded.shared.weight.numel()
    # The archive costs some bytes a tensor, but not two more copies of the embedding.
    assert again.stat().st_size < n_bytes + embedding_bytes + 200 * len(loaded.state_dict())
    assert again.read_bytes() == encoder_file.read_bytes()


def test_three_copies_of_the_word_embedding_become_one(encoder_file):
    def separate(state):
        state["decoder.embed_tokens.weight"] = state["shared.weight"].clone()

    loaded = load_sign_encoder(edit(encoder_file, "student", separate))
    assert loaded.shared.weight is loaded.decoder.embed_tokens.weight


def test_differing_word_embeddings_are_refused(encoder_file):
    def differ(state):
        state["decoder.embed_tokens.weight"] = state["shared.weight"] + 1

    with pytest.raises(UserError, match=r"decoder\.embed_tokens\.weight and shared\.weight differ"):
        load_sign_encoder(edit(encoder_file, "student", differ))


def test_training_a_loaded_model_leaves_the_file_alone(hiera_file):
    before = hiera_file.read_bytes()
    model = load_sign_hiera(hiera_file)
    with torch.no_grad():
        model.norm.weight.zero_()
    assert hiera_file.read_bytes() == before


def test_dtype(hiera_file, encoder_file):
    assert load_sign_hiera(hiera_file).pos_embed_spatial.dtype == torch.float32
    loaded = load_sign_encoder(encoder_file, dtype=torch.bfloat16)
    assert {p.dtype for p in loaded.parameters()} == {torch.bfloat16}
    assert loaded.shared.weight is loaded.encoder.embed_tokens.weight


@torch.inference_mode()
def test_what_the_public_file_may_lack_and_add(hiera_file):
    meta, _ = layout("signhiera_base_128x224.keys.json")
    lacking, added = (
        meta["expected_missing_when_loading"],
        meta["expected_extra_prefixes_when_loading"],
    )

    def change(state):
        for key in lacking:
            del state[key]
        for prefix in added:
            state[prefix] = torch.zeros(3)
            state[prefix + ".norm.weight"] = torch.zeros(3)

    loaded = load_sign_hiera(edit(hiera_file, "model_state", change))
    frames = inputs(*FRAMES_SHAPE)[:1]
    assert torch.equal(loaded.features(frames)[0], tiny_hiera().features(frames)[0])
    # A head of zeros: every class is as likely as the next.
    assert torch.equal(loaded(frames), torch.full((1, 5), 0.2))


def test_missing_unexpected_and_differing_keys_are_listed(hiera_file):
    def change(state):
        del state["blocks.0.norm1.bias"]
        state["blocks.0.norm9.bias"] = torch.zeros(1)
        state["pos_embed_spatial"] = torch.zeros(1, 2, 3)
        state["norm.bias"] = torch.zeros(128, dtype=torch.int64)

    with pytest.raises(UserError) as caught:
        load_sign_hiera(edit(hiera_file, "model_state", change))
    message = str(caught.value)
    assert str(hiera_file) in message and "SignHiera" in message
    assert "missing: blocks.0.norm1.bias;" in message
    assert "unexpected: blocks.0.norm9.bias;" in message
    assert "pos_embed_spatial is (1, 2, 3) where the model has (1, 256, 16)" in message
    assert "norm.bias is (128,) of torch.int64" in message


def test_at_most_ten_keys_are_listed(hiera_file):
    def change(state):
        for key in [key for key in state if key.startswith("blocks.0.")]:
            del state[key]

    with pytest.raises(UserError, match="and 2 more"):
        load_sign_hiera(edit(hiera_file, "model_state", change))


def test_without_a_config_the_public_shape_is_assumed(encoder_file):
    file = torch.load(encoder_file, weights_only=True)
    del file["config"]
    torch.save(file, encoder_file)
    with pytest.raises(UserError, match=r"\(128, 32\) where the model has \(32128, 1024\)"):
        load_sign_encoder(encoder_file)


def test_a_file_of_the_other_model(hiera_file, encoder_file):
    with pytest.raises(UserError, match="no dictionary 'student', but 'model_state', 'config'"):
        load_sign_encoder(hiera_file)
    with pytest.raises(UserError, match="not a SignHiera checkpoint"):
        load_sign_hiera(encoder_file)


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.999])
def test_a_truncated_file(hiera_file, keep):
    whole = hiera_file.read_bytes()
    hiera_file.write_bytes(whole[: int(keep * len(whole))])
    with pytest.raises(UserError, match="cut off|not a PyTorch checkpoint") as caught:
        load_sign_hiera(hiera_file)
    assert str(hiera_file) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"<!DOCTYPE html><html>", bytes(1000)])
def test_a_file_that_is_no_checkpoint(tmp_path, content):
    path = tmp_path / "page.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a PyTorch checkpoint"):
        load_sign_encoder(path)


class Payload:
    """Unpickled, it would make a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("new_format", [True, False])
def test_a_pickled_object_is_refused_and_not_run(tmp_path, new_format):
    path, folder = tmp_path / "evil.pth", tmp_path / "made"
    torch.save(
        {"model_state": {}, "cfg": Payload(folder)},
        path,
        _use_new_zipfile_serialization=new_format,
    )
    with pytest.raises(UserError, match=r"Python object \(posix.mkdir\)"):
        load_sign_hiera(path)
    assert not folder.exists()


def test_a_missing_file_or_a_folder(tmp_path):
    for path in (tmp_path / "none.pth", tmp_path):
        with pytest.raises(UserError, match="missing or not a file"):
            load_sign_hiera(path)


@pytest.mark.parametrize("value", [[1, 2], {"model_state": [1]}, {"model_state": {"a": "b"}}])
def test_other_contents(tmp_path, value):
    path = tmp_path / "other.pth"
    torch.save(value, path)
    with pytest.raises(UserError, match="other.pth"):
        load_sign_hiera(path)


@pytest.mark.parametrize(
    "config", [{"stages": [1]}, {"colour": "red"}, {"embed_dim": "x"}, {"input_size": None}, [1], 7]
)
def test_a_bad_config_is_refused(hiera_file, config):
    file = torch.load(hiera_file, weights_only=True)
    torch.save({**file, "config": config}, hiera_file)
    with pytest.raises(UserError, match="'config'"):
        load_sign_hiera(hiera_file)


def test_files_from_before_torch_1_6(hiera_file):
    file = torch.load(hiera_file, weights_only=True)
    torch.save(file, hiera_file, _use_new_zipfile_serialization=False)
    assert load_sign_hiera(hiera_file).config == tiny_hiera().config


def test_metadata(tmp_path, hiera_file):
    path = tmp_path / "best.pt"
    metadata = {"step": 3, "loss": 0.5, "names": ["a", None], "nested": {"ok": True}}
    save_sign_hiera(path, tiny_hiera(), metadata)
    assert read_metadata(path) == metadata
    assert read_metadata(hiera_file) == {}
    load_sign_hiera(path)


@pytest.mark.parametrize("value", [torch.zeros(1), torch.zeros(1).numpy()[0], object(), {1.5: 2}])
def test_metadata_that_could_not_be_read_back_leaves_no_file(tmp_path, value):
    path = tmp_path / "best.pt"
    with pytest.raises(ValueError, match=r"metadata\['x'\]"):
        save_sign_hiera(path, tiny_hiera(), {"x": value})
    assert list(tmp_path.iterdir()) == []
