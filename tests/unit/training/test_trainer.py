"""Running a training: what is kept, and that an interrupted run resumes exactly."""

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from small_files import write_random_features, write_random_targets
from tiny_models import loss_by_epoch
from torch import Tensor, nn

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import LossOptions, TrainOptions
from sonar_sign.training.data import Batch, FeatureClips
from sonar_sign.training.losses import Losses
from sonar_sign.training.module import EmbeddingModule
from sonar_sign.training.seeding import seed_everything
from sonar_sign.training.supervision import Supervision, TargetFiles
from sonar_sign.training.trainer import fit
from sonar_sign.training.training_folder import TrainingRun, describe
from sonar_sign.training.validation import Validation

torch.set_num_threads(1)

IDS = [f"c{i}" for i in range(8)]
OPTIONS = TrainOptions(epochs=5, learning_rate=1e-2, batch_size=2, select="cosine")
STEPS_AN_EPOCH = 4


class Mean(nn.Module):
    """A clip's mean feature through a linear layer; the run dies at training step `cut_at`."""

    def __init__(self, cut_at: int | None):
        super().__init__()
        self.linear = nn.Linear(6, 4)
        self.dropout = nn.Dropout(0.1)
        self.cut_at = cut_at
        self.seen: list[list[str]] = []
        self.drawn: list[float] = []

    def forward(self, batch: Batch) -> Tensor:
        if self.training:
            if len(self.seen) == self.cut_at:
                raise ConnectionAbortedError("killed")
            self.seen.append(batch.clip_ids)
            self.drawn.append(torch.rand(()).item())
        return self.linear(self.dropout(batch.features.sum(dim=1) / batch.lengths[:, None]))


@pytest.fixture
def clips(tmp_path: Path) -> FeatureClips:
    write_random_features(tmp_path / "f.npy", IDS, dim=6)
    write_random_targets(tmp_path / "t.npy", IDS, dim=4)
    supervision = Supervision([TargetFiles("eng_Latn", [tmp_path / "t.npy"])])
    return FeatureClips([tmp_path / "f.npy"], supervision)


@pytest.fixture
def run(clips: FeatureClips, tmp_path: Path) -> Callable:
    """Train; returns the model as it is at the end and the scores that were written as best."""

    def run_in(
        folder: str,
        options: TrainOptions = OPTIONS,
        cut_at: int | None = None,
    ) -> tuple[Mean, list[float]]:
        seed_everything(0)
        embed, scores = Mean(cut_at), []
        losses = Losses(LossOptions(), clips.supervision.variance(clips.clip_ids), 4)
        module = EmbeddingModule(embed, options, losses, Validation({}, None))

        def save(to: Path, extra: dict) -> None:
            scores.append(extra["scores"]["cosine"])
            torch.save({"linear": embed.linear.state_dict(), "extra": extra}, to / "best.pt")

        where = TrainingRun(
            tmp_path / folder / "training",
            tmp_path / folder / "best.pt",
            torch.device("cpu"),
            save,
            {"options": asdict(options), "inputs": describe([tmp_path / "t.npy"])},
        )
        fit(module, clips, clips, options, where, 3)
        return embed, scores

    return run_in


def assert_same_curves(*folders: Path) -> None:
    """To the byte; how fast and how large it was stands in a file of its own."""
    first, *others = [(folder / "curves.csv").read_bytes() for folder in folders]
    assert all(other == first for other in others)
    columns = pd.read_csv(folders[0] / "timings.csv").columns.tolist()
    assert columns == ["epoch", "step", "train/clips_per_second", "train/memory_gb"]


def curve(path: Path, column: str) -> list[float]:
    return pd.read_csv(path)[column].dropna().tolist()


@pytest.mark.parametrize("eval_every", [1, 2])
def test_an_interrupted_run_ends_as_an_undisturbed_one(run, tmp_path, eval_every):
    options = replace(OPTIONS, eval_every=eval_every)
    whole, _ = run("whole", options)
    assert len(whole.seen) == 5 * STEPS_AN_EPOCH
    # Killed twice, each time in the middle of an epoch.
    for cut_at in (2 * STEPS_AN_EPOCH + 1, STEPS_AN_EPOCH + 2):
        with pytest.raises(ConnectionAbortedError):
            run("cut", options, cut_at=cut_at)
        assert not (tmp_path / "cut/best.pt").exists()
        state = torch.load(tmp_path / "cut/training/last.ckpt", weights_only=True)
        assert "optimizer_states" in state
    again, _ = run("cut", options)
    # Two and one epochs were whole: the others are done again, with the same batches.
    assert again.seen == whole.seen[3 * STEPS_AN_EPOCH :]
    assert again.drawn == whole.drawn[3 * STEPS_AN_EPOCH :]
    assert torch.equal(again.linear.weight, whole.linear.weight)
    best = [torch.load(tmp_path / name / "best.pt", weights_only=True) for name in ("whole", "cut")]
    assert best[0]["extra"] == best[1]["extra"]
    assert torch.equal(best[0]["linear"]["weight"], best[1]["linear"]["weight"])
    assert_same_curves(tmp_path / "whole", tmp_path / "cut")


def test_a_run_that_was_interrupted_after_its_last_epoch(run, tmp_path):
    (tmp_path / "a/curves.csv").mkdir(parents=True)
    with pytest.raises(UserError, match="curves.csv"):
        run("a")
    (tmp_path / "a/curves.csv").rmdir()
    again, _ = run("a")
    assert again.seen == []
    run("b")
    assert (tmp_path / "a/best.pt").read_bytes() == (tmp_path / "b/best.pt").read_bytes()
    assert_same_curves(tmp_path / "a", tmp_path / "b")


def test_nothing_is_left_to_resume_from_when_a_run_has_finished(run, tmp_path):
    run("a")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["best.pt", "curves.csv", "tensorboard", "timings.csv"]


def test_a_strangers_files_are_left_alone(run, tmp_path):
    notes = tmp_path / "a/training/notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    run("a", replace(OPTIONS, epochs=1))
    assert list(notes.parent.iterdir()) == [notes]


def test_other_settings_or_inputs_start_over(run, tmp_path):
    with pytest.raises(ConnectionAbortedError):
        run("a", cut_at=3 * STEPS_AN_EPOCH)
    options = replace(OPTIONS, learning_rate=1e-3)
    changed, _ = run("a", options)
    fresh, _ = run("b", options)
    assert len(changed.seen) == 5 * STEPS_AN_EPOCH
    assert torch.equal(changed.linear.weight, fresh.linear.weight)

    with pytest.raises(ConnectionAbortedError):
        run("c", cut_at=3 * STEPS_AN_EPOCH)
    write_random_targets(tmp_path / "t.npy", IDS, seed=9, dim=4)
    assert len(run("c")[0].seen) == 5 * STEPS_AN_EPOCH


def test_every_epoch_has_an_order_of_its_own(run):
    embed, _ = run("a")
    seen = embed.seen
    epochs = [seen[i : i + STEPS_AN_EPOCH] for i in range(0, len(seen), STEPS_AN_EPOCH)]
    assert all(sorted(sum(epoch, [])) == IDS for epoch in epochs)
    assert len({str(epoch) for epoch in epochs}) == 5
    # What is drawn at random differs from step to step too.
    assert len(set(embed.drawn)) == len(seen)


def test_the_best_is_kept(run, tmp_path):
    # A learning rate this high makes some epochs worse than those before.
    options = replace(OPTIONS, epochs=12, learning_rate=3.0, patience=20)
    _, scores = run("a", options)
    of_epochs = curve(tmp_path / "a/curves.csv", "val/cosine")
    assert len(of_epochs) == 12 > len(scores)
    assert scores == sorted(set(scores))
    best = torch.load(tmp_path / "a/best.pt", weights_only=True)["extra"]
    assert best["scores"]["cosine"] == pytest.approx(max(of_epochs))
    number = of_epochs.index(max(of_epochs))
    assert (best["epoch"], best["step"]) == (number, STEPS_AN_EPOCH * (number + 1))


def test_training_stops_when_it_gains_nothing(run):
    still = replace(OPTIONS, epochs=20, learning_rate=1e-30, patience=2)
    assert len(run("a", still)[0].seen) == 3 * STEPS_AN_EPOCH


def test_the_curves(run, tmp_path):
    run("a", replace(OPTIONS, epochs=4, eval_every=2, warmup=0.25))
    losses = loss_by_epoch(pd.read_csv(tmp_path / "a/curves.csv"))
    assert len(losses) == 4 and losses[-1] < losses[0]
    assert len(curve(tmp_path / "a/curves.csv", "train/loss")) == 4 * STEPS_AN_EPOCH
    rates = curve(tmp_path / "a/curves.csv", "train/learning_rate")
    assert max(rates) == pytest.approx(1e-2) and rates[-1] < 1e-3
    for column in ("train/clips_per_second", "train/memory_gb"):
        assert min(curve(tmp_path / "a/timings.csv", column)) > 0
    for column in ("val/cosine", "val/loss_mse", "val/loss_cosine"):
        assert len(curve(tmp_path / "a/curves.csv", column)) == 2
    assert min(curve(tmp_path / "a/curves.csv", "train/gradient_norm")) > 0


@pytest.mark.parametrize("epochs, eval_every, validated", [(2, 10, 1), (5, 2, 3), (4, 2, 2)])
def test_the_last_epoch_is_always_validated(run, tmp_path, epochs, eval_every, validated):
    run("a", replace(OPTIONS, epochs=epochs, eval_every=eval_every))
    assert len(curve(tmp_path / "a/curves.csv", "val/cosine")) == validated


def test_divergence_is_an_error_and_gives_no_checkpoint(run, tmp_path):
    with pytest.raises(
        UserError,
        match=r"a loss of (nan|inf) after \d+ steps, with the clips c\d, .*Lower the learning rate",
    ):
        run("a", replace(OPTIONS, learning_rate=1e30))
    assert not (tmp_path / "a/best.pt").exists()
    state = torch.load(tmp_path / "a/training/diverged.ckpt", weights_only=True)
    assert "embed.linear.weight" in state["state_dict"]


def test_a_precision_that_cannot_be(run, tmp_path):
    with pytest.raises(UserError, match="[Pp]recision"):
        run("a", replace(OPTIONS, mixed_precision="fp16"))
    assert not (tmp_path / "a").exists()


def test_bf16(run):
    fine, coarse = (
        run(p, replace(OPTIONS, mixed_precision=p))[0].linear.weight for p in ("no", "bf16")
    )
    difference = (fine - coarse).abs().max().item()
    assert 0 < difference < 0.1 and math.isfinite(difference)
