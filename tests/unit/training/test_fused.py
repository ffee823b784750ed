"""Training the fused encoder, and translating with it."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from landmark_fusion import LANDMARK_DIM, tiny_landmark_model
from small_files import write_manifest, write_random_features, write_random_targets
from tiny_models import loss_by_epoch, supervision_files_of, tiny_encoder, tiny_hiera

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of, write_json
from sonar_sign.core.options import (
    LandmarkAugmentOptions,
    LossOptions,
    PredictOptions,
    TrainOptions,
)
from sonar_sign.core.tables import read_table
from sonar_sign.features.feature_shards import write_features
from sonar_sign.models.checkpoint import load_sign_encoder, save_sign_encoder, save_sign_hiera
from sonar_sign.models.fused_encoder import load_fused_encoder
from sonar_sign.models.landmark_checkpoint import save_landmark_model
from sonar_sign.models.landmark_tokenizer import train_tokenizer
from sonar_sign.models.model_files import read_metadata
from sonar_sign.training.fused import FusedInputs, FusedTraining
from sonar_sign.training.task import Destination, run_training
from sonar_sign.translation.inputs import FeatureFiles, SonarModels
from sonar_sign.translation.predict import PredictionRun, predict
from sonar_sign.translation.run_timings import read_timings

torch.set_num_threads(1)

IDS = [f"c{n}" for n in range(12)]
OPTIONS = TrainOptions(epochs=12, learning_rate=3e-3, batch_size=4, select="cosine", eval_every=4)
STILL = LandmarkAugmentOptions(0, 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Features that are the same for all clips, so that only landmarks tell them apart."""
    folder = tmp_path_factory.mktemp("fused")
    save_sign_hiera(folder / "hiera.pth", tiny_hiera())
    sha = sha256_of(folder / "hiera.pth")
    features = write_random_features(folder / "f.npy", IDS[:1], sha=sha)[IDS[0]]
    write_features(folder / "f.npy", dict.fromkeys(IDS, features), features.shape[1], sha)
    rng = np.random.default_rng(0)
    rows = {clip_id: np.repeat(rng.normal(size=(1, LANDMARK_DIM)), 9, axis=0) for clip_id in IDS}
    rows[IDS[-1]] = np.empty((0, LANDMARK_DIM))
    write_features(folder / "l.npy", rows, LANDMARK_DIM, "l")
    write_random_targets(folder / "t.npy", IDS)
    write_manifest(folder / "m.tsv", IDS)
    save_sign_encoder(folder / "start.pth", tiny_encoder())
    tokenizer = train_tokenizer(["abcdefg"], 12)
    save_landmark_model(folder / "landmarks.pt", tiny_landmark_model(), tokenizer)
    return folder


def inputs_of(folder, **changes):
    features, landmarks = [folder / "f.npy"], [folder / "l.npy"]
    supervision_files = supervision_files_of(folder / "t.npy", folder / "m.tsv")
    inputs = FusedInputs(
        features, features, supervision_files, folder / "start.pth", train_landmarks=landmarks,
        val_landmarks=landmarks, landmark_model=folder / "landmarks.pt",
    )  # fmt: skip
    return replace(inputs, **changes)


def run(folder, out, options=OPTIONS, **changes):
    task = FusedTraining(inputs_of(folder, **changes), options, LossOptions(), STILL)
    run_training(task, Destination(out / "best.pt", out / "training"), device="cpu")
    return pd.read_csv(out / "curves.csv")


def test_what_only_landmarks_say_is_learnt(folder, tmp_path):
    curves = run(folder, tmp_path, replace(OPTIONS, epochs=60, learning_rate=1e-2))
    losses = loss_by_epoch(curves)
    # Without landmarks no more than the targets' mean can be learnt, whose loss is about 2.
    assert losses[-1] < 0.6 * losses[0]
    assert curves["val/cosine"].max() > 0.6
    metadata = read_metadata(tmp_path / "best.pt")
    assert metadata["kind"] == "fused"
    used = metadata["started_from"]["landmark_model"]["sha256"]
    assert used == sha256_of(folder / "landmarks.pt")
    fused = load_fused_encoder(tmp_path / "best.pt", tiny_landmark_model())
    assert (fused.fusion.gate != 0).any()
    # The landmark model is not in the file, and the sign encoder in it is the public kind.
    assert "landmark_model" not in torch.load(tmp_path / "best.pt", weights_only=True)
    load_sign_encoder(tmp_path / "best.pt")


def test_what_does_not_belong_together_is_refused(folder, tmp_path):
    few = {clip_id: np.ones((4, LANDMARK_DIM)) for clip_id in IDS[:5]}
    write_features(tmp_path / "few.npy", few, LANDMARK_DIM, "l")
    with pytest.raises(UserError, match="7 of 12 clips are in no landmark shard"):
        run(folder, tmp_path / "out", train_landmarks=[tmp_path / "few.npy"])
    wide = {clip_id: np.ones((4, LANDMARK_DIM + 1)) for clip_id in IDS}
    write_features(tmp_path / "wide.npy", wide, LANDMARK_DIM + 1, "l")
    shards = [tmp_path / "wide.npy"]
    with pytest.raises(UserError, match=r"landmarks are 21 wide and those of .*landmarks.pt 20"):
        run(folder, tmp_path / "out", train_landmarks=shards, val_landmarks=shards)
    others = {clip_id: np.ones((4, LANDMARK_DIM)) for clip_id in IDS}
    write_features(tmp_path / "others.npy", others, LANDMARK_DIM, "other")
    with pytest.raises(UserError, match="were made by different settings"):
        run(folder, tmp_path / "out", val_landmarks=[tmp_path / "others.npy"])
    with pytest.raises(UserError, match="is not a landmark model"):
        run(folder, tmp_path / "out", landmark_model=folder / "start.pth")
    assert not (tmp_path / "out").exists()


def translate(folder, out, model, sonar, **changes):
    write_json(folder / "f.json", {clip_id: {"sign_hiera": 5.0} for clip_id in IDS})
    write_json(folder / "l.json", {clip_id: {"landmarks": 3.0} for clip_id in IDS})
    values = {"landmarks": [folder / "l.npy"], "landmark_model": folder / "landmarks.pt"} | changes
    timings = [folder / "f.json", folder / "l.json"]
    predict(
        SonarModels(folder / "hiera.pth", model, sonar, landmark_model=values["landmark_model"]),
        FeatureFiles([folder / "f.npy"], timings, values["landmarks"]),
        PredictOptions(beam_size=1, batch_size=5),
        PredictionRun("fused", {"eng_Latn": out / "test.tsv"}, device="cpu"),
    )
    info = json.loads((out / "test.json").read_text())
    return read_table(out / "test.tsv", ("clip_id", "prediction")), info


def test_a_fused_system_translates(folder, tmp_path, tiny_sonar):
    run(folder, tmp_path, replace(OPTIONS, epochs=1))
    model = tmp_path / "best.pt"
    table, info = translate(folder, tmp_path, model, tiny_sonar)
    assert table["clip_id"].tolist() == sorted(IDS)
    assert info["checkpoint_sha256"] == sha256_of(model)
    assert info["landmark_model_sha256"] == sha256_of(folder / "landmarks.pt")
    stages = {"sign_hiera", "landmarks", "sign_encoder", "sonar_decoder"}
    timings = read_timings(tmp_path / "test.timings.json")
    assert set(timings.timings_ms) == stages
    files = ("hiera.pth", "landmarks.pt")
    known = sum((folder / name).stat().st_size for name in files) + model.stat().st_size
    decoder = tiny_sonar / "sonar_text_decoder.pt"
    assert timings.cost["bytes_on_disk"] == known + decoder.stat().st_size

    other = tmp_path / "other.pt"
    save_landmark_model(other, tiny_landmark_model(seed=1), train_tokenizer(["abcdefg"], 12))
    with pytest.raises(UserError, match="trained with another landmark model than .*other.pt"):
        translate(folder, tmp_path, model, tiny_sonar, landmark_model=other)
    with pytest.raises(UserError, match="start.pth is no fused encoder"):
        translate(folder, tmp_path, folder / "start.pth", tiny_sonar)
    few = {clip_id: np.ones((4, LANDMARK_DIM)) for clip_id in IDS[:5]}
    write_features(tmp_path / "few.npy", few, LANDMARK_DIM, "l")
    with pytest.raises(UserError, match="7 of 12 clips are in no landmark shard"):
        translate(folder, tmp_path, model, tiny_sonar, landmarks=[tmp_path / "few.npy"])
