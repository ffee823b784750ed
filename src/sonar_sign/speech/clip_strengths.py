"""How strongly each clip of a split is signed, from its landmark shards."""

from pathlib import Path

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file
from sonar_sign.core.tables import read_columns
from sonar_sign.features.feature_shards import open_features
from sonar_sign.landmarks.layouts import POINTS
from sonar_sign.speech.hand_strength import Movement, Strength, movement, strengths

ID, SIGNER = "clip_id", "signer"


def strengths_of(
    shards: list[Path], manifest: Path | None, rows_per_s: float
) -> dict[str, Strength]:
    """How strongly each clip of landmark shards is signed, compared with its signer's others.

    Args:
        manifest: table with `clip_id` and `signer`; without it all clips share an average.
        rows_per_s: landmark rows per second, `landmarks.fps` of the config.

    Raises:
        UserError: a file is missing or malformed.
    """
    signers: dict[str, str] = {}
    if manifest is not None:
        columns = read_columns(require_file(manifest, "The manifest"), (ID, SIGNER))
        signers = dict(zip(columns[ID], columns[SIGNER], strict=True))
    found: dict[str, Movement | None] = {}
    for clip_id, shard in open_features(shards).items():
        if shard.dim < 2 * len(POINTS):
            raise UserError(f"{shard.path} holds no landmarks; give the shards of landmarks/.")
        found[clip_id] = movement(np.asarray(shard[clip_id]), rows_per_s)
    return strengths(found, signers)
