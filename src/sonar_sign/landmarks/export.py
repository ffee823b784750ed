"""`landmarks export`: writes all keypoints of the signer of each clip as a `.pose` file."""

import sys
from pathlib import Path

from sonar_sign.core.files import safe_name
from sonar_sign.core.progress import track
from sonar_sign.core.tables import read_table
from sonar_sign.core.video import VideoError, probe
from sonar_sign.corpora.shard import COLUMNS
from sonar_sign.landmarks.pose_files import pose_format, write_pose
from sonar_sign.landmarks.recording import choose_signer
from sonar_sign.landmarks.sources import UnusableError, open_source


def export(table: Path, root: Path, split: str, source: str, output: Path) -> int:
    """Write `{clip_id}.pose` for every clip of a manifest or shard.

    The files contain all 137 points of OpenPose, or all 553 of MediaPipe, in pixels of the
    source, without depth, of the person that `choose_signer` chooses. A clip without keypoints
    is named on stderr.

    Returns:
        Number of files written.

    Raises:
        UserError: the table is malformed, there are no keypoints at all, or a package is missing.
    """
    rows = read_table(table, COLUMNS)
    pose_format()  # fail early if the package is missing
    read = open_source(root, split, source)
    written = 0
    for row in track(rows.itertuples(), "Writing .pose files", len(rows)):
        try:
            recording = read(row)
        except UnusableError as error:
            print(f"{row.clip_id}: {error.reason}, not written", file=sys.stderr)
            continue
        path = Path(output) / f"{safe_name(row.clip_id)}.pose"
        points = choose_signer(recording).points
        write_pose(path, points, recording.layout, recording.fps, _size(Path(root) / row.source))
        written += 1
    return written


def _size(video: Path) -> tuple[int, int] | None:
    try:
        info = probe(video)
    except VideoError:
        return None
    return info.width, info.height
