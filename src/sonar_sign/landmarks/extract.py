"""`extract_landmarks`: the keypoints of one shard's clips, as rows that a model reads."""

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

    A clip without usable landmarks has no rows; the counts say which and why.

    Args:
        shard: table with the columns of `sonar_sign.corpora.shard.COLUMNS`.
        root: the corpus folder that the keypoints, and `source`, lie in.
        output: the `.npy`; the `.parquet` goes beside it.
        timings: JSON, for every clip the milliseconds of `landmarks`, from file to rows.
        counts: JSON, what was there and what was missing, see `counts.Counts`.

    Raises:
        UserError: the shard is malformed, there are no keypoints of this kind at all, or what
            finds them is not installed.
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
            represented = represent(signer.signing, recording.fps, options)
            tally.add(row.clip_id, recording, signer, represented)
            clips[row.clip_id] = represented.rows
        times[row.clip_id] = {"landmarks": timer.lap("landmarks")}
    # The features come last: where they are, the other files are too.
    write_json(timings, times)
    write_json(counts, tally.as_json())
    write_features(output, clips, width(options), hash_of(options))
