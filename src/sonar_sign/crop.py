"""`crop`: cut a shard's sentences out of their videos, around the signer, one mp4 each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sonar_sign.clips import ClipInfo, write_clips
from sonar_sign.errors import UserError
from sonar_sign.faces import SignerFace, find_signer
from sonar_sign.geometry import center_box, crop_box, crop_resize, square_box
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
    signer = find_box(path, probe(path), options.frames_probed)
    for row in rows.itertuples():
        start = round(float(row.start_s) * float(row.fps))
        n_frames = int(row.n_frames)
        frames = [
            crop_resize(frame[None], signer.box, options.size)[0]
            for _, frame in read_frames(path, start, start + n_frames)
        ]
        if not frames:
            raise VideoError("unreadable", f"no frame from {row.start_s} s on can be decoded")
        info = ClipInfo(
            box=tuple(int(edge) for edge in square_box(signer.box)),
            box_from=signer.box_from,
            faces_found=signer.face.found,
            frames_probed=signer.face.probed,
            fps=float(row.fps),
            n_frames=len(frames),
            width=options.size,
            height=options.size,
        )
        yield row.clip_id, encode_clip(frames, info.fps, options.quality), info


@dataclass(frozen=True)
class SignerBox:
    """What is cut out of a video."""

    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in source pixels, before it is made square; may reach outside the frame."""
    box_from: str
    """`video`, or `fallback`: no face was found and the middle of the frame is taken."""
    face: SignerFace


def find_box(path: Path, video: VideoInfo, frames_probed: int) -> SignerBox:
    """Where the signer is in a video: around the face found on frames spread over it.

    Raises:
        VideoError: the video cannot be decoded.
    """
    # The very first and last frames are often title cards or fades: stay inside.
    spread = np.linspace(0, video.n_frames, frames_probed + 2)[1:-1]
    numbers = np.unique(spread.astype(int))
    face = find_signer(read_frames_at(path, numbers))
    if face.box is None:
        return SignerBox(center_box(video.width, video.height), "fallback", face)
    return SignerBox(crop_box(tuple(face.box)), "video", face)
