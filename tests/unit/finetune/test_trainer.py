"""Running a stage: what is kept, and a cut run that goes on as if it had not been cut."""

import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_files import write_random_features, write_random_targets
from torch import Tensor, nn

from sonar_sign.errors import UserError
from sonar_sign.finetune.data import Batch, FeatureClips, loader, target_variance
from sonar_sign.finetune.module import EmbeddingModule
from sonar_sign.finetune.seeding import seed_everything
from sonar_sign.finetune.trainer import fit
from sonar_sign.finetune.validation import Validation
from sonar_sign.options import LossOptions, TrainOptions

torch.set_num_threads(1)

IDS = [f"c{i}" for i in range(8)]
OPTIONS = TrainOptions(epochs=5, learning_rate=1e-2, batch_size=2, select="cosine")


class Mean(nn.Module):
    """A clip's mean feature through a linear layer; `cut_at` kills the run at that step."""

    def __init__(self, cut_at: int | None = None):
        super().__init__()
        self.linear = nn.Linear(6, 4)
        self.cut_at, self.seen = cut_at, []

    def forward(self, batch: Batch) -> Tensor:
        if self.training:
            if len(self.seen) == self.cut_at:
                raise ConnectionAbortedError("killed")
            self.seen.append(batch.clip_ids)
        return self.linear(batch.features.sum(dim=1) / batch.lengths[:, None])


@pytest.fixture
def clips(tmp_path: Path) -> FeatureClips:
    write_random_features(tmp_path / "f.npy", IDS, dim=6)
    write_random_targets(tmp_path / "t.npy", IDS, dim=4)
    return FeatureClips([tmp_path / "f.npy"], tmp_path / "t.npy")


def run(
    clips: FeatureClips, folder: Path, options: TrainOptions = OPTIONS, cut_at: int | None = None
) -> tuple[Mean, list[float]]:
    """Train; returns the model as it is at the end and the scores that were written as best."""
    seed_everything(0)
    embed, scores = Mean(cut_at), []
    module = EmbeddingModule(
        embed, options, LossOptions(), target_variance(clips), Validation({}, None)
    )

    def save(path: Path, extra: dict) -> None:
        scores.append(extra["scores"]["cosine"])
        torch.save({"linear": embed.linear.state_dict(), **extra}, path)

    fit(
        module,
        loader(clips, options, 3, shuffle=True),
        loader(clips, options, 3, shuffle=False),
        options,
        torch.device("cpu"),
        folder / "training",
        folder / "best.pt",
        save,
        {"options": vars(options)},
    )
    return embed, scores


@pytest.mark.parametrize("eval_every", [1, 2])
def test_a_cut_run(clips, tmp_path, eval_every):
    options = replace(OPTIONS, eval_every=eval_every)
    whole, _ = run(clips, tmp_path / "whole", options)
    with pytest.raises(ConnectionAbortedError):
        run(clips, tmp_path / "cut", options, cut_at=14)
    print(sorted(p.name for p in (tmp_path / "cut/training").iterdir()))
    again, _ = run(clips, tmp_path / "cut", options)
    print(len(whole.seen), len(again.seen))
    for a, b in zip(whole.seen, ([None] * len(whole.seen) + again.seen)[-len(whole.seen) :]):
        print(a, b)
    print((whole.linear.weight - again.linear.weight).abs().max())
    print(pd.read_csv(tmp_path / "whole/curves.csv").to_string())
    print(pd.read_csv(tmp_path / "cut/curves.csv").to_string())
    assert 0
