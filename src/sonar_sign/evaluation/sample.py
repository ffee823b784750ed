"""`sample`: a few clips to read, with reference and translation side by side."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json
from sonar_sign.core.notes import tell
from sonar_sign.core.options import SampleOptions
from sonar_sign.core.table_options import TableOptions
from sonar_sign.translation.prediction_files import read_clips

# Each is a quarter of the n clips (rounded down); the rest are random, below four clips all.
CHOSEN = ("best", "median", "worst")


def sample(
    predictions: Path,
    manifest: Path,
    output: Path,
    options: SampleOptions,
    *,
    references: Path | None = None,
    language: str = "eng_Latn",
    tables: TableOptions = TableOptions(),  # noqa: B008 (frozen)
) -> list[dict[str, Any]]:
    """Choose n clips (all, where there are fewer) and write `samples/{system}.json`.

    The file is a list of objects with `clip_id`, `video_id` (the source video),
    `ground_truth`, `predicted`, `bleu_4` (of the sentence, a percentage, sacreBLEU's effective
    order) and `kind`: `best`, `median`, `worst` or `random`. Random clips depend on the seed and
    the clip list alone, so that systems can be read side by side, except where one of them is
    already among the others.

    Args:
        language: FLORES code of predictions and references; says what a word is.

    Raises:
        UserError: n is below 1, or the tables cannot be joined (see `read_clips`).
    """
    from sonar_sign.metrics.bleu import sentence_bleu
    from sonar_sign.metrics.registry import DECIMALS

    if options.n < 1:
        raise UserError(f"Samples of {options.n} clips were asked for; ask for at least 1.")
    clips = read_clips(predictions, manifest, references, tables)
    tell(clips.notes)
    pairs = zip(clips.predictions, clips.references, strict=True)
    scores = [sentence_bleu(prediction, reference, language) for prediction, reference in pairs]
    samples = [
        {
            "clip_id": clips.clip_ids[row],
            "video_id": clips.sources[row],
            "ground_truth": clips.references[row],
            "predicted": clips.predictions[row],
            "bleu_4": round(scores[row], DECIMALS),
            "kind": kind,
        }
        for kind, row in choose(clips.clip_ids, scores, options)
    ]
    write_json(output, samples)
    return samples


def choose(
    clip_ids: Sequence[str], scores: Sequence[float], options: SampleOptions
) -> list[tuple[str, int]]:
    """Choose up to n different rows; returns (kind, row), kinds together, best first."""
    shuffled = sorted(range(len(clip_ids)), key=lambda row: clip_ids[row])
    random.Random(options.seed).shuffle(shuffled)
    # Among equal scores (often many zeros) the shuffled order decides: sorted() is stable.
    ranked = sorted(shuffled, key=lambda row: -scores[row])
    quarter = min(options.n, len(ranked)) // (len(CHOSEN) + 1)
    middle = (len(ranked) - quarter) // 2
    rows = {
        "best": ranked[:quarter],
        "median": ranked[middle : middle + quarter],
        "worst": ranked[::-1][:quarter],
    }
    chosen = [(kind, row) for kind in CHOSEN for row in rows[kind]]
    taken = {row for _, row in chosen}
    rest = [row for row in shuffled if row not in taken]
    return chosen + [("random", row) for row in rest[: max(0, options.n - len(chosen))]]
