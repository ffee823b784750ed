"""`crop`: cut a shard's sentences out of their videos, around the signer, one mp4 each."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from sonar_sign.clips import ClipInfo, write_clips
from sonar_sign.errors import UserError
from sonar_sign.faces import FaceDetector, SignerFace, find_signer
from sonar_sign.geometry import center_box, crop_box, crop_resize
from sonar_sign.options import CropOptions
from sonar_sign.progress import track
from sonar_sign.shard import COLUMNS
from sonar_sign.tables import read_table
from sonar_sign.video import (
    VideoError,
    VideoInfo,
    encode_clip,
    probe,
    read_frames,
    read_frames_at,
)


def crop(shard: Path, root: Path, output: Path, options: CropOptions) -> None:
    """Write the clip shard `clips/{split}/{shard}.tar` of one shard of the manifest.

    One source video is read once for all of its sentences; the signer does not move between
    them, so they share one box, which depends on the video alone and not on the shard.

    Args:
        shard: table with the columns of `sonar_sign.shard.COLUMNS`.
        root: the corpus folder that `source` is relative to.

    Raises:
        UserError: the shard is malformed or a video cannot be decoded.
    """
    videos = list(read_table(shard, COLUMNS).groupby("source", sort=True))
    write_clips(output, _crop_all(track(videos, "Cropping videos", len(videos)), root, options))


def _crop_all(
    videos: Iterable[tuple[str, pd.DataFrame]], root: Path, options: CropOptions
) -> Iterator[tuple[str, bytes, ClipInfo]]:
    for source, rows in videos:
        try:
            yield from _crop_video(Path(root) / source, rows, options)
        except VideoError as error:
            raise UserError(
                f"{Path(root) / source} cannot be decoded ({error.detail}); download it again, "
                "or delete it so that `prepare` drops its clips."
            ) from error


def _crop_video(
    path: Path, rows: pd.DataFrame, options: CropOptions
) -> Iterator[tuple[str, bytes, ClipInfo]]:
    """The clips of one source video."""
    video = probe(path)
    face = _find_face(path, video, options)
    if face.box is None:
        box, box_from = center_box(video.width, video.height), "fallback"
    else:
        box, box_from = crop_box(face.box), "video"
    for row in rows.itertuples():
        start = round(float(row.start_s) * float(row.fps))
        n_frames = int(row.n_frames)
        frames = [
            crop_resize(frame[None], box, options.size)[0]
            for _, frame in read_frames(path, start, start + n_frames)
        ]
        if not frames:
            raise VideoError("unreadable", f"no frame from {row.start_s} s on can be decoded")
        info = ClipInfo(
            box=tuple(int(edge) for edge in box),
            box_from=box_from,
            faces_found=face.found,
            frames_probed=face.probed,
            fps=float(row.fps),
            n_frames=len(frames),
            width=options.size,
            height=options.size,
        )
        yield row.clip_id, encode_clip(frames, info.fps, options.quality), info


def _find_face(path: Path, video: VideoInfo, options: CropOptions) -> SignerFace:
    # The very first and last frames are often title cards or fades: stay inside.
    spread = np.linspace(0, video.n_frames, options.frames_probed + 2)[1:-1]
    numbers = np.unique(spread.astype(int))
    return find_signer(read_frames_at(path, numbers), FaceDetector())
