"""Averaged weights: as computed by hand, kept instead of the last, and the same after a stop."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_files import write_random_features, write_random_targets
from torch import Tensor, nn

from sonar_sign.core.contradictions import refuse_contradictions
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import LossOptions, TrainOptions
from sonar_sign.training.data import Batch, FeatureClips
from sonar_sign.training.losses import Losses
from sonar_sign.training.module import EmbeddingModule
from sonar_sign.training.seeding import seed_everything
from sonar_sign.training.supervision import Supervision, TargetFiles
from sonar_sign.training.trainer import fit
from sonar_sign.training.training_folder import TrainingRun
from sonar_sign.training.validation import Validation

torch.set_num_threads(1)

IDS = [f"c{i}" for i in range(8)]
STEPS_AN_EPOCH = 4
# Validated once, at the end.
OPTIONS = TrainOptions(
    epochs=4, learning_rate=1e-2, batch_size=2, select="cosine", eval_every=9, save_every=1
)
EMA, EPOCHS = replace(OPTIONS, ema=0.8), replace(OPTIONS, average=3)


class Mean(nn.Module):
    """A clip's mean feature through a linear layer, of which a part is frozen."""

    def __init__(self, cut_at: int | None):
        super().__init__()
        self.linear = nn.Linear(6, 4)
        self.linear.bias.requires_grad_(False)
        self.cut_at = cut_at
        self.weights: list[Tensor] = []
        """Before each training step."""

    def forward(self, batch: Batch) -> Tensor:
        if self.training:
            if len(self.weights) == self.cut_at:
                raise ConnectionAbortedError("killed")
            self.weights.append(self.linear.weight.detach().clone())
        return self.linear(batch.features.sum(dim=1) / batch.lengths[:, None])


@pytest.fixture
def run(tmp_path: Path) -> Callable:
    """Train; returns the weights before each step and after the last, and the kept weight."""
    write_random_features(tmp_path / "f.npy", IDS, dim=6)
    write_random_targets(tmp_path / "t.npy", IDS, dim=4)
    clips = FeatureClips(
        [tmp_path / "f.npy"], Supervision([TargetFiles("eng_Latn", [tmp_path / "t.npy"])])
    )

    def run_in(name: str, options: TrainOptions, cut_at: int | None = None):
        seed_everything(0)
        embed = Mean(cut_at)
        losses = Losses(LossOptions(), clips.supervision.variance(clips.clip_ids), 4)
        module = EmbeddingModule(embed, options, losses, Validation({}, None))

        def save(to: Path, extra: dict) -> None:
            torch.save({"weight": embed.linear.weight, "scores": extra["scores"]}, to / "best.pt")

        folder = tmp_path / name
        where = TrainingRun(
            folder / "training", folder / "best.pt", torch.device("cpu"), save, {"same": 1}
        )
        fit(module, clips, clips, options, where, 3)
        kept = torch.load(folder / "best.pt", weights_only=True)["weight"].detach()
        return [*embed.weights, embed.linear.weight.detach()], kept

    return run_in


def test_a_moving_average_is_as_by_hand(run):
    weights, kept = run("a", EMA)
    assert len(weights) == 1 + 4 * STEPS_AN_EPOCH
    average = weights[0]
    for step, weight in enumerate(weights[1:]):
        decay = min(0.8, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * weight
    assert torch.allclose(kept, average, atol=1e-7)
    assert not torch.allclose(kept, weights[-1], atol=1e-4)


def test_an_average_of_epochs_is_as_by_hand(run, tmp_path):
    weights, kept = run("a", EPOCHS)
    ends = weights[STEPS_AN_EPOCH::STEPS_AN_EPOCH]
    assert len(ends) == 4
    assert torch.allclose(kept, torch.stack(ends[-3:]).mean(dim=0), atol=1e-7)
    assert not torch.allclose(kept, weights[-1], atol=1e-4)
    assert not (tmp_path / "a/training").exists()
    # There are fewer epochs than could be averaged.
    weights, kept = run("b", replace(EPOCHS, average=100))
    assert torch.allclose(kept, torch.stack(weights[STEPS_AN_EPOCH::STEPS_AN_EPOCH]).mean(dim=0))


@pytest.mark.parametrize("options", [EMA, EPOCHS], ids=["ema", "average"])
def test_training_goes_on_with_its_own_weights(run, options):
    # Validated after every epoch, of which the trained weights must know nothing.
    plain, _ = run("plain", OPTIONS)
    averaged, _ = run("averaged", replace(options, eval_every=1))
    assert all(torch.equal(*pair) for pair in zip(plain, averaged, strict=True))


@pytest.mark.long
@pytest.mark.parametrize("options, accumulate", [(EMA, 2), (EPOCHS, 1)], ids=["ema", "average"])
def test_an_interrupted_run_ends_as_an_undisturbed_one(run, tmp_path, options, accumulate):
    options = replace(
        options, epochs=3, eval_every=1, gradient_accumulation_steps=accumulate, batch_size=1
    )
    run("whole", options)
    for cut_at in (13, 7):
        with pytest.raises(ConnectionAbortedError):
            run("cut", options, cut_at=cut_at)
    run("cut", options)
    first, second = ((tmp_path / name / "best.pt").read_bytes() for name in ("whole", "cut"))
    assert first == second
    curves = [(tmp_path / name / "curves.csv").read_bytes() for name in ("whole", "cut")]
    assert curves[0] == curves[1]


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"ema": 0.9, "average": 3}, "ema 0.9 and average 3 both"),
        ({"strategy": "fsdp", "ema": 0.9, "average": 1}, "strategy fsdp"),
        ({"strategy": "fsdp", "ema": 0.0, "average": 2}, "strategy fsdp"),
    ],
)
def test_what_cannot_be_together(settings, words):
    with pytest.raises(UserError, match=words):
        refuse_contradictions(settings)
