"""Training curves, and their spread over seeds."""

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.report.curves import draw_curves, over_runs


def write_curves(path, loss, cosine, step=10):
    """Curves of a training with a validation in the middle of its losses and at their end."""
    steps = [step * (n + 1) for n in range(len(loss))]
    validated = [steps[len(steps) // 2], steps[-1]]
    pd.DataFrame(
        {
            "step": [*steps, *validated],
            "train/loss": [*loss, None, None],
            "val/cosine": [None] * len(loss) + cosine,
        }
    ).to_csv(path, index=False)
    return path


def draw(folder, names):
    """The picture of curves whose losses are numbered, as text."""
    curves = {
        name: write_curves(
            folder / f"{name}.csv", [2.0 + n, 1.0 + n, 0.5 + n], [0.2, 0.4 + 0.1 * n]
        )
        for n, name in enumerate(names)
    }
    draw_curves(curves, folder / "curves.svg")
    return (folder / "curves.svg").read_text()


def bands(svg):
    return len(re.findall(r'id="FillBetweenPolyCollection_\d+"', svg))


def test_seeds_of_one_training_are_drawn_together(tmp_path):
    svg = draw(tmp_path, ["stage1", "stage2", "stage2.seed2", "stage2.seed3"])
    texts = " ".join(t for t in ElementTree.fromstring(svg).itertext() if t.strip())
    assert "stage2, 3 seeds: mean, lowest and highest" in texts and "seed2" not in texts
    assert texts.count("training loss") == 2  # a row of its own for stage1
    assert bands(svg) == 2  # of stage2's loss and of its cosine


def test_a_single_seed_has_no_band(tmp_path):
    assert bands(draw(tmp_path, ["stage1", "stage2.seed2"])) == 0


def test_mean_and_spread_at_each_step():
    steps, mean, lowest, highest = over_runs([([1, 2, 3], [1.0, 2.0, 3.0]), ([2, 1], [4.0, 3.0])])
    assert steps.tolist() == [1, 2, 3]
    assert np.allclose(mean, [2, 3, 3])
    assert lowest.tolist() == [1, 2, 3] and highest.tolist() == [3, 4, 3]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"training curves .*none\.csv is missing"):
        draw_curves({"stage1": tmp_path / "none.csv"}, tmp_path / "curves.svg")
