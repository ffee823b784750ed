"""The attention of the landmark translator for a few clips: stored, and drawn for the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sonar_sign.core.arrays import BROKEN_ARRAY
from sonar_sign.core.errors import UserError
from sonar_sign.core.figures import figure
from sonar_sign.core.files import atomic_write, require_file


@dataclass(frozen=True, eq=False)
class Attention:
    """How much each piece of a clip's translation attends to each time step of its landmarks."""

    clip_id: str
    pieces: list[str]
    """The translation in sentencepiece's pieces."""
    weights: np.ndarray
    """`(n_pieces, n_steps)` float32, rows sum to 1."""
    step_s: float
    """Seconds from one step to the next."""


def write_attention(path: Path, attentions: Sequence[Attention]) -> None:
    """Write the attention of clips as `.npz`.

    The arrays of the i-th clip are `clip_id.i`, `pieces.i`, `weights.i` and `step_s.i`.
    """
    arrays: dict[str, np.ndarray] = {"n_clips": np.array(len(attentions))}
    for number, one in enumerate(sorted(attentions, key=lambda one: one.clip_id)):
        arrays[f"clip_id.{number}"] = np.array(one.clip_id)
        arrays[f"pieces.{number}"] = np.array(one.pieces)
        arrays[f"weights.{number}"] = one.weights.astype(np.float32)
        arrays[f"step_s.{number}"] = np.array(one.step_s)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def read_attention(path: Path) -> list[Attention]:
    """Read what `write_attention` wrote.

    Raises:
        UserError: the file is missing or malformed.
    """
    require_file(path, "The attention of predictions")
    try:
        with np.load(path, allow_pickle=False) as file:
            return [
                Attention(
                    str(file[f"clip_id.{number}"]),
                    [str(piece) for piece in file[f"pieces.{number}"]],
                    file[f"weights.{number}"],
                    float(file[f"step_s.{number}"]),
                )
                for number in range(int(file["n_clips"]))
            ]
    except BROKEN_ARRAY as error:
        raise UserError(f"{path} was not written by predict_landmarks; predict again.") from error


def draw_attention(path: Path, output: Path) -> None:
    """Draw attention as SVG: one picture per clip, pieces from top to bottom, seconds to the right.

    Raises:
        UserError: the file is missing or malformed.
    """
    attentions = read_attention(path)
    n_pieces = sum(len(one.pieces) for one in attentions)
    rows = max(1, len(attentions))
    with figure(output, rows=rows, size=(7, max(2.0, 0.9 * rows + 0.2 * n_pieces))) as (_, axes):
        if not attentions:
            axes[0].text(0.5, 0.5, "No clip has a translation.", ha="center")
            axes[0].set_axis_off()
        for plot, attention in zip(axes, attentions, strict=False):
            n, n_steps = attention.weights.shape
            edges = np.arange(n_steps + 1) * attention.step_s
            plot.pcolormesh(edges, np.arange(n + 1), attention.weights, cmap="Blues", vmin=0)
            pieces = [piece.replace("▁", " ").strip() for piece in attention.pieces]
            plot.set_yticks(np.arange(n) + 0.5, pieces)
            plot.invert_yaxis()
            plot.set_title(attention.clip_id, loc="left", fontsize="small")
        axes[-1].set_xlabel("seconds")
