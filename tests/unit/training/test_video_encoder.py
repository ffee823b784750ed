"""Stage 1: which parts of SignHiera learn, and that they do."""

import os
import signal
from dataclasses import fields, replace

import pandas as pd
import pytest
import torch
from small_files import write_clip_shard, write_manifest, write_random_targets
from tiny_models import (
    ENCODER,
    HIERA,
    loss_by_epoch,
    supervision_files_of,
    tiny_encoder,
    tiny_hiera,
)

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.errors import PreemptedError, UserError
from sonar_sign.core.options import AugmentOptions, FreezeOptions, LossOptions, TrainOptions
from sonar_sign.features.clip_windows import load_windows, to_input
from sonar_sign.models.checkpoint import (
    load_sign_hiera,
    read_metadata,
    save_sign_encoder,
    save_sign_hiera,
)
from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig
from sonar_sign.training import video_encoder
from sonar_sign.training.batches import Part
from sonar_sign.training.data import WindowClips
from sonar_sign.training.supervision import Supervision
from sonar_sign.training.task import Destination, run_training
from sonar_sign.training.video_augment import augment
from sonar_sign.training.video_encoder import (
    VideoEncoderTraining,
    VideoInputs,
    VideoToEmbedding,
    freeze_first_blocks,
)

torch.set_num_threads(1)

LENGTHS = {"a": 24, "b": 3, "c": 40, "d": 16, "e": 30, "f": 12}
OPTIONS = TrainOptions(
    epochs=8, learning_rate=1e-2, batch_size=3, warmup=0.1, select="cosine", eval_every=2
)


AS_THEY_ARE = AugmentOptions(**{field.name: 0.0 for field in fields(AugmentOptions)})


def trainable(model):
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize(
    ("share", "first"), [(0.8, 19), (0.0, 0), (0.5, 12), (0.99, 23), (1 / 24, 1)]
)
def test_the_public_models_first_blocks_are_frozen(share, first):
    with torch.device("meta"):
        model = SignHiera(SignHieraConfig.base_128x224())
    freeze_first_blocks(model, share)
    found = trainable(model)
    blocks = {name for name in found if name.startswith("blocks.")}
    assert {int(name.split(".")[1]) for name in blocks} == set(range(first, 24))
    every = {name for name, _ in model.named_parameters()}
    assert blocks == {n for n in every if n.startswith("blocks.") and int(n.split(".")[1]) >= first}
    before_blocks = {n for n in every if n.startswith(("patch_embed.", "pos_embed"))}
    assert found - blocks == (before_blocks if share == 0 else set())


@pytest.mark.parametrize(
    ("share", "words"), [(1.0, "leaves nothing"), (-0.1, "not a share"), (1.2, "not a share")]
)
def test_impossible_shares(share, words):
    with pytest.raises(UserError, match=words):
        freeze_first_blocks(tiny_hiera(), share)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("video_encoder")
    shard = write_clip_shard(folder / "0.tar", LENGTHS)
    write_random_targets(folder / "t.npy", list(LENGTHS))
    write_manifest(folder / "m.tsv", list(LENGTHS))
    save_sign_hiera(folder / "hiera.pth", tiny_hiera())
    encoder = tiny_encoder()
    # A frozen encoder that gives the same for every clip would leave nothing to learn.
    torch.nn.init.normal_(encoder.projection_out.weight, std=2e-3)
    save_sign_encoder(folder / "encoder.pth", encoder)
    supervision_files = supervision_files_of(folder / "t.npy", folder / "m.tsv")
    return VideoInputs(
        [shard], [shard], supervision_files, folder / "hiera.pth", folder / "encoder.pth"
    )


def run(inputs, out, options=OPTIONS, augmentation=AS_THEY_ARE, freeze=0.8, device="cpu"):
    task = VideoEncoderTraining(inputs, options, LossOptions(), augmentation, FreezeOptions(freeze))
    run_training(task, Destination(out / "best.pt", out / "training"), device=device)
    return pd.read_csv(out / "curves.csv")


def test_on_a_cpu_the_batch_that_is_chosen_has_one_clip(inputs, tmp_path, capsys):
    """And what is learnt is what those batches, given as such, teach."""
    options = replace(OPTIONS, epochs=1, eval_every=1, effective_batch=3, batch_budget=64)
    run(inputs, tmp_path / "auto", replace(options, batch_size=0))
    run(inputs, tmp_path / "given", replace(options, batch_size=1, gradient_accumulation_steps=3))
    assert "batch_size auto: 1 clips, 3 batches per step" in capsys.readouterr().out
    models = [load_sign_hiera(tmp_path / name / "best.pt") for name in ("auto", "given")]
    states = [model.state_dict() for model in models]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@torch.inference_mode()
def test_a_batch_gives_what_its_clips_give_alone(inputs):
    supervision = Supervision(inputs.supervision_files.train)
    clips = WindowClips(inputs.train_clips, supervision, HIERA, "ssvp_slt")
    hiera, encoder = tiny_hiera(), tiny_encoder()
    together = VideoToEmbedding(hiera, encoder, AugmentOptions()).eval()(
        clips[Part([2, 1, 0], 1.0)]
    )
    assert together.shape == (3, ENCODER.embedding_dim)
    shard = ClipShard(inputs.train_clips[0])
    for row, clip_id in zip(together, "cba", strict=True):
        clip = load_windows(shard, clip_id, HIERA)
        features = torch.cat(hiera.features(to_input(clip.frames), clip.padding_frames.tolist()))
        alone = encoder(features[None])[0]
        assert torch.allclose(row, alone, rtol=1e-4, atol=1e-8)


def test_the_last_blocks_learn_and_nothing_else(inputs, tmp_path):
    encoder_before = inputs.sign_encoder.read_bytes()
    curves = run(inputs, tmp_path, freeze=0.5)
    losses = loss_by_epoch(curves)
    assert losses[-1] < 0.9 * losses[0]
    assert inputs.sign_encoder.read_bytes() == encoder_before

    metadata = read_metadata(tmp_path / "best.pt")
    assert metadata["kind"] == "video_encoder" and metadata["settings"]["freeze"] == 0.5
    assert metadata["scores"]["cosine"] == pytest.approx(curves["val/cosine"].max())
    before = load_sign_hiera(inputs.sign_hiera).state_dict()
    model = load_sign_hiera(tmp_path / "best.pt")
    changed = {name for name, value in model.state_dict().items() if not value.equal(before[name])}
    assert {name.split(".")[1] for name in changed} == {"2", "3"}
    assert all(name.startswith("blocks.") for name in changed)
    frames = torch.zeros(1, 3, *HIERA.input_size)
    with torch.inference_mode():
        assert model.features(frames)[0].shape == (HIERA.num_units, HIERA.feature_dim)


def test_the_whole_model_may_learn(inputs, tmp_path):
    run(inputs, tmp_path, replace(OPTIONS, epochs=1), AugmentOptions(), freeze=0.0)
    before = load_sign_hiera(inputs.sign_hiera).state_dict()
    after = load_sign_hiera(tmp_path / "best.pt").state_dict()
    same = {name for name, value in after.items() if value.equal(before[name])}
    # What features do not depend on.
    assert same == {name for name in after if name.startswith(("norm.", "head."))}


def test_pictures_are_changed_in_training_only(inputs, tmp_path):
    # One batch and no learning: what differs is what training did to the pictures.
    still = replace(OPTIONS, epochs=1, learning_rate=1e-30, batch_size=6)
    losses = {}
    for augmentation in (AS_THEY_ARE, replace(AS_THEY_ARE, colour=0.5)):
        curves = run(inputs, tmp_path / str(augmentation.colour), still, augmentation)
        losses[augmentation] = [curves[f"{phase}/loss_cosine"].max() for phase in ("train", "val")]
    (plain, validation), (changed, other_validation) = losses.values()
    assert plain == pytest.approx(validation, abs=1e-5)
    assert validation == pytest.approx(other_validation, abs=1e-7)
    assert abs(changed - plain) > 1e-4


def test_mistakes_are_named(inputs, tmp_path):
    with pytest.raises(UserError, match="leaves nothing"):
        run(inputs, tmp_path / "out", freeze=1.0)
    with pytest.raises(UserError, match="not a share"):
        run(inputs, tmp_path / "out", freeze=2.0)
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="finds no GPU"):
            run(inputs, tmp_path / "out", device="cuda")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_run_that_is_interrupted_within_an_epoch_resumes_exactly(
    inputs, tmp_path, monkeypatch, num_workers
):
    """The place in the epoch, how clips are shaken in time and how pictures are changed."""
    options = replace(OPTIONS, epochs=3, batch_size=2, num_workers=num_workers, save_every=0)
    run(inputs, tmp_path / "whole", options, AugmentOptions())
    calls = 0

    def augment_and_end(*arguments):
        nonlocal calls
        calls += 1
        if calls == 5:  # the second of the second epoch's three steps
            os.kill(os.getpid(), signal.SIGTERM)
        return augment(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(video_encoder, "augment", augment_and_end)
        with pytest.raises(PreemptedError, match="SIGTERM ended training after step 5"):
            run(inputs, tmp_path / "cut", options, AugmentOptions())
    assert not (tmp_path / "cut/best.pt").exists()
    run(inputs, tmp_path / "cut", options, AugmentOptions())
    whole, cut = ((tmp_path / name / "best.pt").read_bytes() for name in ("whole", "cut"))
    assert whole == cut
