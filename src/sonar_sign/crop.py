"""`crop`: cut a shard's sentences out of their videos, around the signer, one mp4 each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from sonar_sign.clips import ClipInfo, write_clips
from sonar_sign.errors import UserError
from sonar_sign.face_memory import FaceMemory
from sonar_sign.faces import SignerFace, find_faces, find_signer, is_there, shows
from sonar_sign.geometry import Box, center_box, crop_box, crop_resize, square_box
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

# Frames between the two that are compared to see what moves: a hand has left its place by then.
MOVEMENT_FRAMES = 3


def crop(
    shard: Path,
    root: Path,
    output: Path,
    options: CropOptions,
    *,
    faces: Path | None = None,
    cropped: bool = False,
) -> None:
    """Write the clip shard `clips/{split}/{shard}.tar` of one shard of the manifest.

    The signer's face is looked for once a source video, on a few frames spread over it, and all
    of its sentences are cut around it; so a clip does not depend on the shard that it is in. A
    sentence that begins with faces none of which is that one gets a box of its own.

    Args:
        shard: table with the columns of `sonar_sign.shard.COLUMNS`.
        root: the corpus folder that `source` is relative to.
        faces: folder that remembers the faces of videos that have sentences in several shards.
        cropped: the videos show the signer cut out already; the whole picture is taken.

    Raises:
        UserError: the shard is malformed or a video cannot be decoded.
    """
    videos = list(read_table(shard, COLUMNS).groupby("source", sort=True))
    progress = track(videos, "Cropping videos", len(videos))
    write_clips(output, _crop_all(progress, Path(root), options, FaceMemory(faces), cropped))


def _crop_all(
    videos: Iterable[tuple[str, pd.DataFrame]],
    root: Path,
    options: CropOptions,
    memory: FaceMemory,
    cropped: bool,
) -> Iterator[tuple[str, bytes, ClipInfo]]:
    for source, rows in videos:
        path = root / source
        try:
            video = probe(path)
            if cropped:
                signer = _whole_picture(video)
            elif len(rows) == 1 and int(rows["n_frames"].iloc[0]) == video.n_frames:
                signer = find_box(path, video, options.frames_probed)
            else:
                find = partial(find_video_face, path, video, options.frames_probed)
                signer = _around(memory.recall(path, options.frames_probed, find), video)
            for row in rows.itertuples():
                yield row.clip_id, *_crop_clip(path, row, signer, options)
        except VideoError as error:
            raise UserError(
                f"{path} cannot be decoded ({error.detail}); download it again, or delete it so "
                "that `prepare` drops its clips."
            ) from error


def _crop_clip(
    path: Path, row, signer: "SignerBox", options: CropOptions
) -> tuple[bytes, ClipInfo]:
    """One sentence; its frames go from the decoder to the encoder without being kept."""
    fps = float(row.fps)
    start = round(float(row.start_s) * fps)
    end = start + int(row.n_frames)
    frames = (frame for _, frame in read_frames(path, start, end))
    first = next(frames, None)
    if first is None:
        raise VideoError("unreadable", f"no frame from {row.start_s} s on can be decoded")
    signer = _own_box(path, first, start, end, signer, options.frames_probed)
    n_frames = 0

    def cut() -> Iterator[np.ndarray]:
        nonlocal n_frames
        for frame in chain([first], frames):
            n_frames += 1
            yield crop_resize(frame[None], signer.box, options.size)[0]

    content = encode_clip(cut(), fps, options.quality)
    info = ClipInfo(
        box=tuple(int(edge) for edge in square_box(signer.box)),
        box_from=signer.box_from,
        faces_found=signer.face.found,
        frames_probed=signer.face.probed,
        fps=fps,
        n_frames=n_frames,
        width=options.size,
        height=options.size,
    )
    return content, info


@dataclass(frozen=True)
class SignerBox:
    """What is cut out of a video."""

    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in source pixels, before it is made square; may reach outside the frame."""
    box_from: str
    """`video`; `clip`: around the face in this sentence, which is not the video's; `fallback`: no
    face was found and the middle of the frame is taken; `whole`: the corpus is cropped already."""
    face: SignerFace


def find_box(path: Path, video: VideoInfo, frames_probed: int) -> SignerBox:
    """Where the signer is in a video: around the face found on frames spread over it.

    Raises:
        VideoError: the video cannot be decoded.
    """
    return _around(find_video_face(path, video, frames_probed), video)


def find_video_face(path: Path, video: VideoInfo, frames_probed: int) -> SignerFace:
    """The signer's face on frames spread over a video.

    Raises:
        VideoError: the video cannot be decoded.
    """
    # The very first and last frames are often title cards or fades: stay inside.
    spread = np.linspace(0, video.n_frames, frames_probed + 2)[1:-1]
    return _find_face(path, np.unique(spread.astype(int)))


def _around(face: SignerFace, video: VideoInfo) -> SignerBox:
    if face.box is None:
        return SignerBox(center_box(video.width, video.height), "fallback", face)
    return SignerBox(crop_box(tuple(face.box)), "video", face)


def _own_box(
    path: Path, first: np.ndarray, start: int, end: int, signer: SignerBox, frames_probed: int
) -> SignerBox:
    """The sentence's box: the video's, unless the first frame shows other faces only."""
    if signer.box_from == "whole":
        return signer
    if signer.face.box is not None and is_there(first, signer.face.box):
        return signer
    faces = find_faces(first)
    if len(faces) == 0 or (signer.face.box is not None and shows(faces, signer.face.box)):
        return signer
    spread = np.linspace(start, end - 1, frames_probed)
    face = _find_face(path, np.unique(spread.astype(int)))
    return signer if face.box is None else SignerBox(crop_box(tuple(face.box)), "clip", face)


def _find_face(path: Path, numbers: np.ndarray) -> SignerFace:
    def movement(face: Box) -> float:
        """The sum of what changes in a few frames around a face."""
        x1, y1, x2, y2 = (max(0, int(edge)) for edge in crop_box(face))
        total = 0.0
        for number in numbers[::2]:
            pair = [
                frame[y1:y2, x1:x2].astype(np.int16)
                for frame in read_frames_at(path, (number, number + MOVEMENT_FRAMES))
            ]
            if len(pair) == 2:
                total += float(np.abs(pair[1] - pair[0]).sum())
        return total

    return find_signer(read_frames_at(path, numbers), movement)


def _whole_picture(video: VideoInfo) -> SignerBox:
    return SignerBox((0, 0, video.width, video.height), "whole", SignerFace(None, 0, 0))
