"""Training on landmarks and translating with what it made."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import preloaded
import pytest
import torch
from landmark_shards import (
    CAPTIONS,
    IDS,
    SHA,
    SHAPE,
    STILL,
    TRAINING,
    WIDTH,
    random_rows,
    write_corpus,
    write_shard,
)
from small_files import write_manifest
from tiny_models import loss_by_epoch

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.core.options import PredictOptions
from sonar_sign.core.tables import read_table
from sonar_sign.models.landmark_checkpoint import load_landmark_model
from sonar_sign.models.landmark_tokenizer import END
from sonar_sign.models.model_files import read_metadata
from sonar_sign.training.landmark_translator import LandmarkInputs, LandmarkTraining
from sonar_sign.training.task import Destination, run_training
from sonar_sign.translation.attention import (
    Attention,
    draw_attention,
    read_attention,
    write_attention,
)
from sonar_sign.translation.decoding import expected_chrf
from sonar_sign.translation.inputs import LandmarkFiles
from sonar_sign.translation.predict import PredictionRun, predict_landmarks
from sonar_sign.translation.predictions import read_run_info
from sonar_sign.translation.run_timings import read_timings

torch.set_num_threads(1)

COMMAND = str(Path(sys.executable).with_name("sonar-sign"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("landmarks")
    write_corpus(folder)
    return folder


def inputs_of(folder, **changes):
    shard, manifest = folder / "0.npy", folder / "m.tsv"
    return replace(LandmarkInputs([shard], [shard], [manifest], manifest), **changes)


def run(folder, out, options=TRAINING, shape=SHAPE, augmentation=STILL, seed=1, **changes):
    task = LandmarkTraining(inputs_of(folder, **changes), options, shape, augmentation)
    run_training(task, Destination(out / "best.pt", out / "training"), seed=seed, device="cpu")
    return pd.read_csv(out / "curves.csv")


def translate(folder, out, model, shards=None, language="eng_Latn", seed=5, **decoding):
    shards = shards or [folder / "0.npy"]
    timings = [path.with_suffix(".timings.json") for path in shards]
    predict_landmarks(
        LandmarkFiles(shards, timings, model, rows_per_s=12.0),
        PredictOptions(**{"beam_size": 2, "batch_size": 3, **decoding}),
        PredictionRun("landmarks", {language: out / "test.tsv"}, seed, "cpu"),
        out / "test.attention.npz",
    )
    table = read_table(out / "test.tsv", ("clip_id", "prediction"))
    return dict(table.values.tolist())


@pytest.fixture(scope="module")
def trained(folder):
    run(folder, folder / "out")
    return folder / "out/best.pt"


def test_eight_clips_are_learnt_by_heart(folder, trained, tmp_path):
    curves = pd.read_csv(trained.with_name("curves.csv"))
    losses = loss_by_epoch(curves)
    assert losses[-1] < 0.1 * losses[0]
    metadata = read_metadata(trained)
    assert metadata["kind"] == "landmark_translator" and metadata["scores"][
        "bleu_4"
    ] == pytest.approx(100)
    assert translate(folder, tmp_path, trained) == CAPTIONS


def test_what_made_the_predictions(folder, trained, tmp_path):
    none = write_shard(tmp_path, "none", {"d0": np.empty((0, WIDTH))})
    texts = translate(folder, tmp_path, trained, [folder / "0.npy", none])
    assert texts == CAPTIONS | {"d0": ""}
    info = read_run_info(tmp_path / "test.json")
    assert (info.system, info.language, info.seed, info.n_clips) == ("landmarks", "eng_Latn", 5, 9)
    assert info.checkpoint_sha256 == sha256_of(trained)
    timings = read_timings(tmp_path / "test.timings.json")
    assert set(timings.timings_ms) == {"landmarks", "landmark_model"}
    assert timings.timings_ms["landmarks"]["mean"] == pytest.approx(2)
    assert timings.inference_ms_per_clip > 2
    model, _ = load_landmark_model(trained)
    n = sum(p.numel() for p in model.parameters())
    assert timings.cost["parameters"] == {"landmark_model": n}
    assert timings.cost["bytes_on_disk"] == trained.stat().st_size
    record = json.loads((tmp_path / "test.json").read_text())
    assert (record["n_dropped"], record["landmarks_sha256"]) == (1, SHA)


def test_minimum_bayes_risk_chooses_among_the_beam(folder, trained, tmp_path):
    (tmp_path / "mbr").mkdir()
    found = translate(folder, tmp_path / "mbr", trained, beam_size=4, rerank="mbr")
    model, tokenizer = load_landmark_model(trained)
    rows = {c: torch.from_numpy(r.astype(np.float32))[None] for c, r in random_rows(IDS).items()}
    for clip_id, text in [*found.items()][:3]:
        length = torch.tensor([rows[clip_id].shape[1]])
        beam = model.translate(rows[clip_id], length, 4, n_best=4)
        texts = [tokenizer.decode(pieces) for pieces in beam.pieces.tolist()]
        scores = expected_chrf(texts, beam.log_probabilities.tolist())
        first = beam.pieces[0].tolist()
        caption = torch.tensor([first[: first.index(END) + 1]])
        with torch.no_grad():
            loss = model.loss(model.encode(rows[clip_id], length), caption, 0.0)
        expected = -loss.item() * caption.shape[1]
        assert beam.log_probabilities[0].item() == pytest.approx(expected, rel=1e-3)
        assert text == texts[scores.index(max(scores))]
    looks = read_attention(tmp_path / "mbr/test.attention.npz")
    for look in looks:
        assert "".join(look.pieces).replace("▁", " ").strip() == found[look.clip_id]
    with pytest.raises(UserError, match="rerank sonar needs SONAR"):
        translate(folder, tmp_path, trained, rerank="sonar")


def test_attention_is_kept_of_some_clips_and_drawn(folder, trained, tmp_path):
    texts = translate(folder, tmp_path, trained)
    looks = read_attention(tmp_path / "test.attention.npz")
    assert len(looks) == 6 and [look.clip_id for look in looks] == sorted(
        look.clip_id for look in looks
    )
    rows = random_rows(IDS)
    for look in looks:
        assert "".join(look.pieces).replace("▁", " ").strip() == texts[look.clip_id]
        assert look.weights.shape == (len(look.pieces), -(-len(rows[look.clip_id]) // 2))
        assert np.allclose(look.weights.sum(axis=1), 1, atol=1e-4)
        assert look.step_s == pytest.approx(2 / 12)
    draw_attention(tmp_path / "test.attention.npz", tmp_path / "a.svg")
    picture = (tmp_path / "a.svg").read_text()
    assert all(f">{look.clip_id}<" in picture for look in looks)
    # Another seed shows others.
    (tmp_path / "other").mkdir()
    translate(folder, tmp_path / "other", trained, seed=6)
    others = read_attention(tmp_path / "other/test.attention.npz")
    assert {look.clip_id for look in others} != {look.clip_id for look in looks}
    (tmp_path / "bad.npz").write_text("no archive")
    with pytest.raises(UserError, match=r"bad.npz was not written by predict_landmarks"):
        read_attention(tmp_path / "bad.npz")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.99])
def test_attention_that_was_cut_is_refused(tmp_path, share):
    path = tmp_path / "a.npz"
    write_attention(path, [Attention("a", ["x", "y"], np.ones((2, 9), np.float32), 0.1)])
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(UserError, match=r"a\.npz was not written by predict_landmarks"):
        read_attention(path)


def test_no_clip_can_be_drawn_either(tmp_path):
    write_attention(tmp_path / "none.npz", [])
    draw_attention(tmp_path / "none.npz", tmp_path / "none.svg")
    assert "No clip has a translation." in (tmp_path / "none.svg").read_text()


def test_what_does_not_belong_together_is_not_translated(folder, trained, tmp_path):
    other = write_shard(tmp_path, "other", random_rows(IDS), sha="other")
    with pytest.raises(UserError, match="made with other settings"):
        translate(folder, tmp_path, trained, [other])
    wide = write_shard(tmp_path, "wide", {"c0": np.ones((9, WIDTH + 2))}, dim=WIDTH + 2)
    with pytest.raises(UserError, match=f"{WIDTH + 2} wide, .* {WIDTH} wide"):
        translate(folder, tmp_path, trained, [wide])
    with pytest.raises(UserError, match="into eng_Latn only, not into ita_Latn"):
        translate(folder, tmp_path, trained, language="ita_Latn")
    empty = write_shard(tmp_path, "empty", {"d0": np.empty((0, WIDTH))})
    with pytest.raises(UserError, match="No clip .* usable landmarks"):
        translate(folder, tmp_path, trained, [empty])
    assert not (tmp_path / "test.tsv").exists()


def test_the_seed_decides(folder, tmp_path):
    short = replace(TRAINING, epochs=2)
    augmentation = replace(STILL, noise=0.1, speed=0.1, drop_points=0.1)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(folder, tmp_path / name, short, augmentation=augmentation, seed=seed)
    models = [(tmp_path / name / "best.pt").read_bytes() for name in "abc"]
    assert models[0] == models[1] != models[2]


def test_a_training_can_start_from_another(folder, trained, tmp_path):
    still = replace(TRAINING, epochs=1, learning_rate=1e-9)
    # Other sizes are asked for, but those of the start are kept.
    run(folder, tmp_path, still, replace(SHAPE, d_model=48), start=trained)
    assert read_metadata(tmp_path / "best.pt")["scores"]["bleu_4"] == pytest.approx(100)
    assert load_landmark_model(tmp_path / "best.pt")[0].config.d_model == 32
    narrow = write_shard(tmp_path, "n", {"c0": np.ones((9, 20))}, dim=20)
    with pytest.raises(UserError, match=f"20 wide, .* {WIDTH} wide"):
        run(folder, tmp_path / "x", start=trained, train_landmarks=[narrow], val_landmarks=[narrow])
    with pytest.raises(UserError, match="exclude each other"):
        run(folder, tmp_path / "x", shape=replace(SHAPE, t5_folder="t5"), start=trained)


def test_the_tokenizer_knows_a_later_trainings_captions(folder, tmp_path):
    later = write_manifest(tmp_path / "later.tsv", ["z"], ["Zebras graze lazily."])
    one = replace(TRAINING, epochs=1)
    run(folder, tmp_path, one, further_captions=[later])
    _, tokenizer = load_landmark_model(tmp_path / "best.pt")
    assert tokenizer.decode(tokenizer.encode("Zebras graze lazily.")) == "Zebras graze lazily."
    # Another one can be given instead.
    (tmp_path / "given.model").write_bytes(tokenizer.model)
    shape = replace(SHAPE, tokenizer=str(tmp_path / "given.model"))
    run(folder, tmp_path / "given", one, shape)
    assert load_landmark_model(tmp_path / "given/best.pt")[1].model == tokenizer.model


def test_what_cannot_be_trained_on_is_refused(folder, tmp_path):
    with pytest.raises(UserError, match="'cosine' is not one of bleu_4, chrf"):
        run(folder, tmp_path, replace(TRAINING, select="cosine"))
    few = write_manifest(tmp_path / "few.tsv", IDS[:3])
    with pytest.raises(UserError, match="5 of 8 clips have no caption, c3 for one"):
        run(folder, tmp_path, train_manifests=[few])
    empty = write_shard(tmp_path, "empty", {"c0": np.empty((0, WIDTH))})
    with pytest.raises(UserError, match=r"hold no landmarks: .*\.counts\.json"):
        run(folder, tmp_path, train_landmarks=[empty])
    other = write_shard(tmp_path, "other", random_rows(IDS), sha="other")
    with pytest.raises(UserError, match="different settings"):
        run(folder, tmp_path, val_landmarks=[other])
    with pytest.raises(UserError, match="no.model"):
        run(folder, tmp_path, shape=replace(SHAPE, tokenizer=str(tmp_path / "no.model")))
    assert not (tmp_path / "best.pt").exists()


def command(folder, out):
    values = {
        "train-landmarks": folder / "0.npy", "val-landmarks": folder / "0.npy",
        "train-manifest": folder / "m.tsv", "val-manifest": folder / "m.tsv",
        "output": out / "best.pt", "training-dir": out / "training",
        "epochs": 12, "batch-size": 2, "save-every": 1, "patience": 9, "eval-every": 4,
        "learning-rate": 3e-3, "device": "cpu", "threads": 1, "seed": 4, "d-model": 32,
        "d-ff": 64, "num-heads": 2, "num-layers": 1, "num-decoder-layers": 1,
        "vocabulary-size": 60, "dropout": 0.1,
    }  # fmt: skip
    return [
        COMMAND,
        "train_landmark_translator",
        *[f"--{name}={value}" for name, value in values.items()],
    ]


def finish(folder, out):
    words = [preloaded.commands() / "sonar-sign", *command(folder, out)[1:]]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.long
def test_after_sigkill_the_same_command_ends_as_an_undisturbed_one(folder, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    finish(folder, whole)
    process = subprocess.Popen(
        command(folder, cut), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    last = cut / "training/last.ckpt"
    deadline = time.monotonic() + 120
    saved = set()
    while len(saved) < 3:  # steps; each is saved
        if last.exists():
            saved.add(last.stat().st_mtime_ns)
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL and not (cut / "best.pt").exists()
    finish(folder, cut)
    assert (cut / "best.pt").read_bytes() == (whole / "best.pt").read_bytes()
