"""Where the landmark model looks while it writes: kept for a few clips, drawn for the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.figures import figure
from sonar_sign.core.files import atomic_write, require_file


@dataclass(frozen=True, eq=False)
class Attention:
    """How much each piece of a translation looked at each moment."""

    clip_id: str
    pieces: list[str]
    """As sentencepiece writes them."""
    weights: np.ndarray
    """`(n_pieces, n_steps)` float32, rows sum to 1."""
    step_s: float
    """Seconds between two steps."""


def write_attention(path: Path, looks: Sequence[Attention]) -> None:
    """Write attention of clips as `.npz`: for clip `i`, `clip_id.i`, `pieces.i`, `weights.i`,
    `step_s.i`."""
    arrays: dict[str, np.ndarray] = {"n_clips": np.array(len(looks))}
    for number, look in enumerate(sorted(looks, key=lambda look: look.clip_id)):
        arrays[f"clip_id.{number}"] = np.array(look.clip_id)
        arrays[f"pieces.{number}"] = np.array(look.pieces)
        arrays[f"weights.{number}"] = look.weights.astype(np.float32)
        arrays[f"step_s.{number}"] = np.array(look.step_s)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def read_attention(path: Path) -> list[Attention]:
    """What `write_attention` wrote.

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
    except (ValueError, KeyError, OSError, EOFError) as error:
        raise UserError(f"{path} was not written by predict_landmarks; predict again.") from error


def draw_attention(path: Path, output: Path) -> None:
    """Draw what predict_landmarks kept as SVG: a picture a clip, words down, seconds across.

    Raises:
        UserError: the file is missing or malformed.
    """
    looks = read_attention(path)
    n_pieces = sum(len(look.pieces) for look in looks)
    rows = max(1, len(looks))
    with figure(output, rows=rows, size=(7, max(2.0, 0.9 * rows + 0.2 * n_pieces))) as (_, axes):
        if not looks:
            axes[0].text(0.5, 0.5, "No clip has a translation.", ha="center")
            axes[0].set_axis_off()
        for one, look in zip(axes, looks, strict=False):
            n, n_steps = look.weights.shape
            edges = np.arange(n_steps + 1) * look.step_s
            one.pcolormesh(edges, np.arange(n + 1), look.weights, cmap="Blues", vmin=0)
            one.set_yticks(np.arange(n) + 0.5, [p.replace("▁", " ").strip() for p in look.pieces])
            one.invert_yaxis()
            one.set_title(look.clip_id, loc="left", fontsize="small")
        axes[-1].set_xlabel("seconds")
