"""SignHiera and the sign encoder trained together."""

import os
import signal
from dataclasses import fields, replace

import pandas as pd
import pytest
import torch
from small_files import write_clip_shard, write_manifest, write_random_targets
from tiny_models import loss_by_epoch, supervision_files_of, tiny_encoder, tiny_hiera

from sonar_sign.core.errors import PreemptedError, UserError
from sonar_sign.core.options import (
    AugmentOptions,
    FreezeOptions,
    JointOptions,
    LossOptions,
    TrainOptions,
)
from sonar_sign.models.checkpoint import (
    load_sign_encoder,
    load_sign_hiera,
    read_metadata,
    save_sign_encoder,
    save_sign_hiera,
)
from sonar_sign.training import video_encoder
from sonar_sign.training.joint import JointTraining
from sonar_sign.training.task import Destination, run_training
from sonar_sign.training.video_augment import augment
from sonar_sign.training.video_encoder import VideoEncoderTraining, VideoInputs

torch.set_num_threads(1)

LENGTHS = {"a": 24, "b": 3, "c": 40, "d": 16, "e": 30, "f": 12}
OPTIONS = TrainOptions(
    epochs=6, learning_rate=3e-3, batch_size=3, warmup=0.1, select="cosine", eval_every=2
)
AS_THEY_ARE = AugmentOptions(**{field.name: 0.0 for field in fields(AugmentOptions)})


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("joint")
    shard = write_clip_shard(folder / "0.tar", LENGTHS)
    write_random_targets(folder / "t.npy", list(LENGTHS))
    write_manifest(folder / "m.tsv", list(LENGTHS))
    save_sign_hiera(folder / "hiera.pth", tiny_hiera())
    save_sign_encoder(folder / "encoder.pth", tiny_encoder())
    supervision_files = supervision_files_of(folder / "t.npy", folder / "m.tsv")
    return VideoInputs(
        [shard], [shard], supervision_files, folder / "hiera.pth", folder / "encoder.pth"
    )


def run(inputs, out, options=OPTIONS, rate=0.0, cls=JointTraining, freeze=0.5, **settings):
    joint = {"joint": JointOptions(rate)} if cls is JointTraining else {}
    task = cls(
        inputs, options, LossOptions(), AS_THEY_ARE, FreezeOptions(freeze), **joint, **settings
    )
    run_training(task, Destination(out / "best.pt", out / "training", "both"), device="cpu")
    return pd.read_csv(out / "curves.csv")


def changed(load, before, after):
    before, after = load(before).state_dict(), load(after).state_dict()
    return {name for name, value in after.items() if not value.equal(before[name])}


def test_both_models_learn_and_can_be_used(inputs, tmp_path):
    curves = run(inputs, tmp_path)
    losses = loss_by_epoch(curves)
    assert losses[-1] < 0.8 * losses[0]
    of_hiera = changed(load_sign_hiera, inputs.sign_hiera, tmp_path / "best.pt")
    assert of_hiera and all(name.startswith(("blocks.2.", "blocks.3.")) for name in of_hiera)
    encoder = tmp_path / "sign_encoder.pt"
    of_encoder = changed(load_sign_encoder, inputs.sign_encoder, encoder)
    assert "projection_out.weight" in of_encoder
    assert any(name.startswith("encoder.block.0.") for name in of_encoder)
    metadata = read_metadata(tmp_path / "best.pt")
    assert metadata == read_metadata(encoder)
    assert (metadata["training"], metadata["kind"]) == ("both", "joint")
    assert metadata["settings"]["sign_encoder_learning_rate"] == 0
    assert set(metadata["started_from"]) == {"video_encoder", "sign_encoder"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best.pt", "curves.csv", "sign_encoder.pt", "tensorboard", "timings.csv",
    ]  # fmt: skip


def test_the_sign_encoder_may_have_its_own_learning_rate(inputs, tmp_path):
    def moved(rate):
        """How far one step moves the two models; AdamW's first step is the learning rate."""
        out = tmp_path / str(rate)
        one = replace(OPTIONS, epochs=1, batch_size=6, weight_decay=0.0)
        run(inputs, out, one, rate)
        found = []
        for load, start, path in (
            (load_sign_hiera, inputs.sign_hiera, out / "best.pt"),
            (load_sign_encoder, inputs.sign_encoder, out / "sign_encoder.pt"),
        ):
            before, after = load(start).state_dict(), load(path).state_dict()
            found.append(max((after[name] - before[name]).abs().max() for name in before).item())
        return found

    assert moved(0.0) == pytest.approx([3e-3, 3e-3], rel=0.05)
    assert moved(1e-3) == pytest.approx([3e-3, 1e-3], rel=0.05)
    # Given as what it would be, it is the same training.
    assert moved(3e-3) == moved(0.0)


def test_a_training_continues_from_both_of_its_results(inputs, tmp_path):
    first, second, stage1 = (tmp_path / name for name in ("first", "second", "stage1"))
    one = replace(OPTIONS, epochs=1)
    run(inputs, first, one)
    started = replace(inputs, sign_hiera=first / "best.pt", sign_encoder=first / "sign_encoder.pt")
    run(started, second, one)
    parents = read_metadata(second / "best.pt")["started_from"]
    for role in ("video_encoder", "sign_encoder"):
        assert parents[role]["metadata"] == read_metadata(first / "best.pt")
    # So does stage 1, whose sign encoder is frozen.
    run(started, stage1, one, cls=VideoEncoderTraining)
    parents = read_metadata(stage1 / "best.pt")["started_from"]
    assert parents["sign_encoder"]["metadata"]["kind"] == "joint"
    assert not (stage1 / "sign_encoder.pt").exists()


def test_an_interrupted_training_ends_as_an_undisturbed_one(inputs, tmp_path, monkeypatch):
    options = replace(OPTIONS, epochs=3, batch_size=2, save_every=0)
    run(inputs, tmp_path / "whole", options, 1e-3)
    calls = 0

    def augment_and_end(*arguments):
        nonlocal calls
        calls += 1
        if calls == 5:  # the second of the second epoch's three steps
            os.kill(os.getpid(), signal.SIGTERM)
        return augment(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(video_encoder, "augment", augment_and_end)
        with pytest.raises(PreemptedError, match="after step 5"):
            run(inputs, tmp_path / "again", options, 1e-3)
    run(inputs, tmp_path / "again", options, 1e-3)
    for name in ("best.pt", "sign_encoder.pt"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_mistakes_are_named(inputs, tmp_path):
    with pytest.raises(UserError, match="leaves nothing"):
        run(inputs, tmp_path / "out", freeze=1.0)
    wide = tmp_path / "wide.npy"
    write_random_targets(wide, list(LENGTHS), dim=33)
    manifest = inputs.supervision_files.validation.captions[0]
    files = supervision_files_of(wide, manifest)
    with pytest.raises(UserError, match="targets are 33 wide and the sign encoder's are 32"):
        run(replace(inputs, supervision_files=files), tmp_path / "out")
    assert not (tmp_path / "out").exists()
