"""Stage 2 with the sentences before a clip: what only they say is learnt, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from small_files import EMBEDDING_DIM, FEATURE_DIM
from tiny_models import supervision_files_of, tiny_encoder

from sonar_sign.core.errors import UserError
from sonar_sign.core.feature_options import ContextOptions, FeatureAugmentOptions
from sonar_sign.core.options import DecoderOptions, LossOptions, TrainOptions
from sonar_sign.core.tables import write_rows
from sonar_sign.features.feature_shards import write_features
from sonar_sign.features.sentence_order import SentencesBefore
from sonar_sign.features.targets import read_targets, write_targets
from sonar_sign.models.checkpoint import load_sign_encoder, read_metadata, save_sign_encoder
from sonar_sign.training.batches import Part
from sonar_sign.training.data import FeatureClips
from sonar_sign.training.sign_encoder import FeatureInputs, SignEncoderTraining
from sonar_sign.training.supervision import Supervision
from sonar_sign.training.task import Destination, run_training

torch.set_num_threads(1)

N_VIDEOS = 8
FIRST, SECOND = [[f"v{n}.{k}" for n in range(N_VIDEOS)] for k in (0, 1)]
OPTIONS = TrainOptions(
    epochs=30, learning_rate=3e-3, batch_size=16, select="cosine", eval_every=30, patience=99
)
HEADER = ("clip_id", "source", "start_s", "end_s", "text")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Videos of two sentences. The second is signed alike in all; its caption is in the first."""
    folder = tmp_path_factory.mktemp("context")
    rng = np.random.default_rng(0)
    names, alike = rng.normal(size=(2, 1, FEATURE_DIM)), rng.normal(size=(1, FEATURE_DIM))
    clips = {clip: np.repeat(names[n % 2], 4, axis=0) for n, clip in enumerate(FIRST)}
    clips |= {clip: np.repeat(alike, 5, axis=0) for clip in SECOND}
    write_features(folder / "f.npy", clips, FEATURE_DIM, "s")
    said = rng.normal(0, 0.1, (3, EMBEDDING_DIM))
    targets = [said[2]] * N_VIDEOS + [said[n % 2] for n in range(N_VIDEOS)]
    captions = [f"Caption of {clip}." for clip in clips]
    write_targets(folder / "t.npy", list(clips), np.array(targets), captions)
    rows = [
        (c, f"{c[:2]}.mp4", 3 * int(c[-1]), 3 * int(c[-1]) + 2, f"Caption of {c}.") for c in clips
    ]
    write_rows(folder / "m.tsv", HEADER, rows)
    alone = [(clip, f"{clip}.mp4", 0, 2, text) for clip, *_, text in rows]
    write_rows(folder / "alone.tsv", HEADER, alone)
    save_sign_encoder(folder / "start.pth", tiny_encoder())
    return folder


def run(folder, out, n, options=OPTIONS, manifest="m.tsv", start="start.pth", **augment):
    shards = [folder / "f.npy"]
    files = supervision_files_of(folder / "t.npy", folder / manifest)
    task = SignEncoderTraining(
        FeatureInputs(shards, shards, files, folder / start),
        options,
        LossOptions(cosine=0),
        DecoderOptions(),
        ContextOptions(n),
        FeatureAugmentOptions(**augment),
    )
    run_training(task, Destination(out / "best.pt", out / "training"), seed=0, device="cpu")
    return pd.read_csv(out / "curves.csv")


def test_what_only_the_sentence_before_says_is_learnt(folder, tmp_path):
    curves = run(folder, tmp_path, 1)
    # Half of the clips have one of two captions that the clip itself does not tell apart: what
    # reads nothing else cannot do better than the mean of the two.
    targets = read_targets(folder / "t.npy")
    mean = (targets[SECOND[0]] + targets[SECOND[1]]) / 2
    variance = Supervision(supervision_files_of(folder / "t.npy", folder / "m.tsv").train).variance(
        FIRST + SECOND
    )
    alone = 0.5 * np.square(targets[SECOND[0]] - mean).mean() / variance
    assert curves["val/loss_mse"].dropna().iloc[-1] < alone / 3
    model = load_sign_encoder(tmp_path / "best.pt")
    assert model.config.context == 1
    settings = read_metadata(tmp_path / "best.pt")["settings"]
    assert (settings["context"], settings["augment.mask"]) == (1, 0.0)


def test_a_later_training_reads_as_many_or_more(folder, tmp_path):
    still = replace(OPTIONS, epochs=1, eval_every=1, learning_rate=1e-12)
    run(folder, tmp_path / "1", 1, still)
    (folder / "one.pth").write_bytes((tmp_path / "1/best.pt").read_bytes())
    run(folder, tmp_path / "2", 2, still, start="one.pth")
    assert load_sign_encoder(tmp_path / "2/best.pt").config.context == 2
    with pytest.raises(UserError, match=r"one\.pth reads 1 sentences before .* give context 1"):
        run(folder, tmp_path / "0", 0, still, start="one.pth")


def test_a_corpus_of_single_sentences_has_none_before(folder, tmp_path):
    with pytest.raises(UserError, match=r"context 1 needs videos .*alone\.tsv no clip follows"):
        run(folder, tmp_path, 1, manifest="alone.tsv")


def test_a_batch_in_context(folder):
    before = SentencesBefore.read([[folder / "m.tsv"]], 2)
    files = supervision_files_of(folder / "t.npy", folder / "m.tsv")
    clips = FeatureClips([folder / "f.npy"], Supervision(files.train), before)
    # What a budget counts includes the sentences before.
    assert clips.lengths == [4 if clip in FIRST else 9 for clip in clips.clip_ids]
    numbers = [clips.clip_ids.index(clip) for clip in (SECOND[3], FIRST[5])]
    batch = clips[Part(numbers, 1.0)].to(torch.device("cpu"))
    assert batch.context.distances.tolist() == [[1] * 4, [0] * 4]
    first = clips.shards[FIRST[3]][FIRST[3]].astype(np.float32)
    assert np.array_equal(batch.context.features[0].numpy(), first)
    plain = FeatureClips([folder / "f.npy"], Supervision(files.train))
    assert plain[Part(numbers, 1.0)].context is None
