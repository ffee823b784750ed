"""Corpora that are sampled with weights: how often clips occur, and that a run can resume."""

import os
import signal
from collections import Counter

import numpy as np
import pytest
import torch
from small_files import write_manifest, write_random_features, write_random_targets
from tiny_models import tiny_encoder

from sonar_sign.core.errors import PreemptedError, UserError
from sonar_sign.core.options import LossOptions, TrainOptions
from sonar_sign.models.checkpoint import read_metadata, save_sign_encoder
from sonar_sign.training.batches import StepBatches
from sonar_sign.training.mix import CorpusWeight, corpora_of, sample_epoch
from sonar_sign.training.sign_encoder import (
    FeatureInputs,
    FeaturesToEmbedding,
    SignEncoderTraining,
)
from sonar_sign.training.supervision import TargetFiles
from sonar_sign.training.supervision_files import SupervisionFiles
from sonar_sign.training.task import Destination, run_training

torch.set_num_threads(1)

N_DEMO, N_NEWS = 41, 60
IDS = [f"d{n:02d}" for n in range(N_DEMO)] + [f"n{n:02d}" for n in range(N_NEWS)]
LENGTHS = np.random.default_rng(0).integers(1, 300, len(IDS)).tolist()


def mix(demo=1.0, news=1.0):
    captions = [{c: "x" for c in IDS if c.startswith(first)} for first in "dn"]
    return corpora_of([CorpusWeight("demo", demo), CorpusWeight("news", news)], captions, IDS)


def counts(epoch, seed=1, **weights):
    """How often each clip of the two corpora occurs in an epoch."""
    drawn = Counter(sample_epoch(mix(**weights), len(IDS), seed, epoch).tolist())
    return [drawn[n] for n in range(N_DEMO)], [drawn[n] for n in range(N_DEMO, len(IDS))]


@pytest.mark.parametrize("epoch", [0, 1, 7])
def test_how_often_clips_occur_in_an_epoch(epoch):
    assert counts(epoch) == ([1] * N_DEMO, [1] * N_NEWS)
    demo, news = counts(epoch, demo=2, news=0.5)
    assert demo == [2] * N_DEMO
    assert sorted(news) == [0] * 30 + [1] * 30
    demo, news = counts(epoch, demo=0.1, news=1.5)
    assert sorted(demo) == [0] * 37 + [1] * 4
    assert sorted(news) == [1] * 30 + [2] * 30
    # A corpus is never left out.
    assert sum(counts(epoch, demo=1e-6)[0]) == 1


def test_the_seed_and_the_epoch_decide_which_half():
    assert counts(3, news=0.5) == counts(3, news=0.5)
    halves = [tuple(counts(epoch, news=0.5)[1]) for epoch in range(6)]
    assert len(set(halves)) == 6
    assert counts(3, news=0.5) != counts(3, seed=2, news=0.5)
    # Two epochs read every clip once, and the next two divide the corpus in another way.
    for first in (0, 2, 4):
        assert np.sum(halves[first : first + 2], axis=0).tolist() == [1] * N_NEWS
    # Three times 18 of 60 clips do not overlap; then there are not enough left.
    thirds = [np.array(counts(epoch, news=0.3)[1]) for epoch in range(9)]
    assert all((thirds[n] + thirds[n + 1] + thirds[n + 2]).max() == 1 for n in (0, 3, 6))


def epochs_of(batches, n=4):
    found = []
    for epoch in range(n):
        batches.set_epoch(epoch)
        found.append(list(batches))
    return found


@pytest.mark.parametrize("budget", [0, 900])
def test_weights_of_one_change_nothing(budget):
    plain = StepBatches(LENGTHS, 8, 1, shuffle=True, budget=budget)
    mixed = StepBatches(LENGTHS, 8, 1, shuffle=True, budget=budget, corpora=mix(), epochs=4)
    assert epochs_of(plain) == epochs_of(mixed)


def batches_of(budget, n_processes=1, process=0, accumulate=1):
    batches = StepBatches(
        LENGTHS, 4, 1, shuffle=True, budget=budget, corpora=mix(news=0.5, demo=2), epochs=4,
        accumulate=accumulate,
    )  # fmt: skip
    batches.set_processes(n_processes, process)
    return batches


@pytest.mark.parametrize("budget", [0, 600])
@pytest.mark.parametrize("n_processes, accumulate", [(1, 1), (2, 1), (2, 3)])
def test_steps_of_a_mixed_epoch(budget, n_processes, accumulate):
    """As many steps in every epoch, and together the processes read the epoch's clips."""
    processes = [batches_of(budget, n_processes, n, accumulate) for n in range(n_processes)]
    by_process = [epochs_of(batches) for batches in processes]
    n_parts = {len(parts) for epochs in by_process for parts in epochs}
    assert n_parts == {len(processes[0])}
    for epoch, of_epoch in enumerate(zip(*by_process, strict=True)):
        read = [n for parts in of_epoch for part in parts if part.weight for n in part.numbers]
        assert sorted(read) == sample_epoch(mix(news=0.5, demo=2), len(IDS), 1, epoch).tolist()
        if budget:
            totals = np.array(
                [[sum(LENGTHS[n] for n in part.numbers) for part in p] for p in of_epoch]
            )
            # Processes, steps, parts of a step: the budget holds in the mean over a step.
            by_step = totals.reshape(n_processes, -1, accumulate)
            assert by_step.mean(axis=(0, 2)).max() <= budget


def test_resuming_within_a_mixed_epoch():
    batches = batches_of(600)
    batches.set_epoch(2)
    whole = list(batches)
    batches.start = 5
    assert list(batches) == whole[5:]


@pytest.mark.parametrize("text", ["demo", "demo=", "=1", "demo=0", "demo=-1", "demo=nan", "a=x"])
def test_what_is_no_weight(text):
    with pytest.raises(UserError, match=f"--corpus {text}: write NAME=WEIGHT"):
        CorpusWeight.parse(text)
    assert CorpusWeight.parse("a=b=0.5") == CorpusWeight("a=b", 0.5)


def test_corpora_that_do_not_fit_are_refused():
    one, two = CorpusWeight("one"), CorpusWeight("two")
    with pytest.raises(UserError, match="2 times --corpus for 1 training"):
        corpora_of([one, two], [{"a": "x"}], ["a"])
    with pytest.raises(UserError, match="names one twice"):
        corpora_of([one, one], [{"a": "x"}, {"b": "x"}], ["a", "b"])
    with pytest.raises(UserError, match="Clip a is in two corpora"):
        corpora_of([one, two], [{"a": "x"}, {"a": "x"}], ["a"])


def test_the_hash_is_of_the_captions_that_are_trained_on():
    def hash_of(captions, clip_ids=("a", "b")):
        (clips,) = corpora_of([], [captions], list(clip_ids))
        return clips.captions_sha256

    first = hash_of({"a": "x", "b": "y"})
    assert first == hash_of({"b": "y", "a": "x", "dropped": "z"})
    assert first != hash_of({"a": "x", "b": "z"}) and first != hash_of({"a": "x", "b": "y"}, "a")
    assert hash_of({"a": None, "b": None}) is None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two corpora of six clips."""
    folder = tmp_path_factory.mktemp("mix")
    for first in "dn":
        ids = [f"{first}{n}" for n in range(6)]
        write_random_features(folder / f"{first}.npy", ids, ord(first))
        write_random_targets(folder / f"{first}.targets.npy", ids, ord(first))
        write_manifest(folder / f"{first}.tsv", ids)
    save_sign_encoder(folder / "start.pth", tiny_encoder())
    return folder


def train(folder, out, *weights):
    options = TrainOptions(
        epochs=4, batch_size=2, select="cosine", save_every=1, patience=9, learning_rate=1e-3
    )
    train_files = TargetFiles(
        "eng_Latn",
        [folder / f"{first}.targets.npy" for first in "dn"],
        [folder / f"{first}.tsv" for first in "dn"],
    )
    validation = TargetFiles("eng_Latn", [folder / "d.targets.npy"], [folder / "d.tsv"])
    corpora = [CorpusWeight(name, weight) for name, weight in weights]
    files = SupervisionFiles([train_files], validation, folder / "none", corpora)
    inputs = FeatureInputs(
        [folder / "d.npy", folder / "n.npy"], [folder / "d.npy"], files, folder / "start.pth"
    )
    task = SignEncoderTraining(inputs, options, LossOptions())
    run_training(task, Destination(out / "best.pt", out / "training"), device="cpu")


def test_an_interrupted_training_on_a_mix_ends_as_an_undisturbed_one(folder, tmp_path, monkeypatch):
    weights = (("demo", 2.0), ("news", 0.5))
    seen = []
    forward = FeaturesToEmbedding.forward

    def spy(self, batch):
        if self.training:
            seen.append(batch.clip_ids)
            if len(seen) == end_at:
                os.kill(os.getpid(), signal.SIGTERM)
        return forward(self, batch)

    monkeypatch.setattr(FeaturesToEmbedding, "forward", spy)
    end_at = 0
    train(folder, tmp_path / "whole", *weights)
    undisturbed = seen.copy()
    assert len(undisturbed) == 4 * 8  # 2 * 6 and 3 clips, two per step
    seen.clear()
    end_at = 11  # the third step of the second epoch
    with pytest.raises(PreemptedError):
        train(folder, tmp_path / "again", *weights)
    end_at = 0
    train(folder, tmp_path / "again", *weights)
    assert seen == undisturbed
    whole, again = ((tmp_path / name / "best.pt").read_bytes() for name in ("whole", "again"))
    assert whole == again
    corpora = read_metadata(tmp_path / "whole/best.pt")["corpora"]
    assert {name: (one["clips"], one["weight"]) for name, one in corpora.items()} == {
        "demo": (6, 2.0),
        "news": (6, 0.5),
    }


def test_other_weights_start_over(folder, tmp_path, monkeypatch):
    models = []
    for news in (1.0, 0.5):
        train(folder, tmp_path / str(news), ("demo", 1.0), ("news", news))
        models.append((tmp_path / str(news) / "best.pt").read_bytes())
    assert models[0] != models[1]
    forward = FeaturesToEmbedding.forward

    def end(self, batch):
        os.kill(os.getpid(), signal.SIGTERM)
        return forward(self, batch)

    with monkeypatch.context() as patched:
        patched.setattr(FeaturesToEmbedding, "forward", end)
        with pytest.raises(PreemptedError):
            train(folder, tmp_path / "out", ("demo", 1.0), ("news", 1.0))
    train(folder, tmp_path / "out", ("demo", 1.0), ("news", 0.5))
    assert (tmp_path / "out/best.pt").read_bytes() == models[1]


def test_a_share_is_a_fixed_part_and_a_part_of_larger_ones():
    captions = [{clip_id: "x" for clip_id in IDS}]
    found = [
        corpora_of([CorpusWeight("all", share=share)], captions, IDS) for share in (0.2, 0.5, 1)
    ]
    parts = [set(sample_epoch(one, len(IDS), seed=1, epoch=0).tolist()) for one in found]
    assert parts[0] < parts[1] < parts[2] == set(range(len(IDS)))
    assert 8 < len(parts[0]) < 33 and 35 < len(parts[1]) < 66
    for seed, epoch in ((1, 5), (7, 0)):
        assert set(sample_epoch(found[0], len(IDS), seed, epoch).tolist()) == parts[0]
    # However small, one clip is left.
    least = corpora_of([CorpusWeight("all", share=1e-9)], captions, IDS)
    assert len(sample_epoch(least, len(IDS), 1, 0)) == 1


@pytest.mark.parametrize("text", ["a=1:0", "a=1:1.5", "a=1:nan", "a=1:x", "a=1:0.5:0.5", "a=:0.5"])
def test_a_share_that_is_none_is_refused(text):
    with pytest.raises(UserError, match="--corpus"):
        CorpusWeight.parse(text)


def test_a_share_beside_a_weight():
    assert CorpusWeight.parse("a=0.5:0.25") == CorpusWeight("a", 0.5, 0.25)
    assert CorpusWeight.parse("a=b=2") == CorpusWeight("a=b", 2, 1)
