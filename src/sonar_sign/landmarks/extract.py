"""`extract_landmarks`: turns the keypoints of one shard's clips into rows for a model."""

from pathlib import Path

import numpy as np

from sonar_sign.core.files import write_json
from sonar_sign.core.options import LandmarkOptions
from sonar_sign.core.progress import track
from sonar_sign.core.tables import read_table
from sonar_sign.core.timing import Timer
from sonar_sign.corpora.shard import COLUMNS
from sonar_sign.features.feature_shards import write_features
from sonar_sign.landmarks.counts import Counts
from sonar_sign.landmarks.recording import choose_signer
from sonar_sign.landmarks.representation import hash_of, represent, width
from sonar_sign.landmarks.sources import UnusableError, open_source


def extract_landmarks(
    shard: Path,
    root: Path,
    split: str,
    output: Path,
    timings: Path,
    counts: Path,
    options: LandmarkOptions,
) -> None:
    """Write `landmarks/{split}/{shard}.npy`, its index, timings and counts.

    A clip without usable landmarks has no rows; `counts` lists these clips with the reason.

    Args:
        shard: table with the columns of `sonar_sign.corpora.shard.COLUMNS`.
        root: folder of the corpus, with the keypoints and the videos.
        output: the `.npy` file; the `.parquet` index is written beside it.
        timings: JSON file; milliseconds per clip for reading and conversion (`landmarks`).
        counts: JSON file; see `counts.Counts`.

    Raises:
        UserError: the shard is malformed, the corpus has no keypoints of this source, or a
            package that the source needs is not installed.
    """
    table = read_table(shard, COLUMNS)
    clips: dict[str, np.ndarray] = {}
    times: dict[str, dict[str, float]] = {}
    tally = Counts(options.source)
    read = open_source(root, split, options.source) if len(table) else None
    for row in track(table.itertuples(), "Reading landmarks", len(table)):
        timer = Timer()
        clips[row.clip_id] = np.empty((0, width(options)), np.float32)
        try:
            recording = read(row)
        except UnusableError as error:
            tally.add_unusable(row.clip_id, error.reason)
        else:
            signer = choose_signer(recording)
            represented = represent(
                signer.signing, recording.fps, options, has_shoulders=recording.has_shoulders
            )
            tally.add(row.clip_id, recording, signer, represented)
            clips[row.clip_id] = represented.rows
        times[row.clip_id] = {"landmarks": timer.lap("landmarks")}
    # The rows are written last: if they exist, the other files exist too.
    write_json(timings, times)
    write_json(counts, tally.as_json())
    write_features(output, clips, width(options), hash_of(options))
