"""`crop`: cut the clips of a shard out of their videos, around the signer, one mp4 each."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from sonar_sign.clips.clip_shards import ClipInfo, write_clips
from sonar_sign.clips.face_cache import FaceCache
from sonar_sign.clips.signer_box import (
    FaceSearch,
    SignerBox,
    around,
    open_face_search,
    whole_frame,
)
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json
from sonar_sign.core.geometry import crop_resize, square_box
from sonar_sign.core.options import CropOptions
from sonar_sign.core.progress import track
from sonar_sign.core.tables import read_table
from sonar_sign.core.timing import Timer
from sonar_sign.core.video import VideoError, encode_clip, probe, read_frames
from sonar_sign.corpora.shard import COLUMNS


def crop(
    shard: Path,
    root: Path,
    output: Path,
    timings: Path,
    options: CropOptions,
    *,
    faces: Path | None = None,
    face_model: Path | None = None,
    cropped: bool = False,
) -> None:
    """Write the clip shard `clips/{split}/{shard}.tar` of one shard of the manifest.

    The signer's face is searched once per source video, on a few frames spread over it, and all
    of the video's clips are cut with the same box; so a clip does not depend on its shard. The
    exception is a clip whose first frame shows faces, but not that one (another person signs, or
    the camera moved): it gets its own box, around the face found in the clip itself.

    Args:
        shard: table with the columns of `sonar_sign.corpora.shard.COLUMNS`.
        root: the corpus folder that `source` is relative to.
        timings: JSON to write, for every clip the milliseconds of `face` (the search in its whole
            video and the check of the clip's first frame) and `crop` (decoding, cutting, encoding).
        faces: folder that caches the faces of videos that have clips in several shards.
        face_model: the model file of the CNN detector, see `clips.faces.open_cnn_detector`.
        cropped: the corpus's videos are cropped to the signer already; the whole frame is kept.

    Raises:
        UserError: the shard is malformed or a video cannot be decoded.
    """
    search = open_face_search(options.detector, options.frames_probed, face_model)
    videos = list(read_table(shard, COLUMNS).groupby("source", sort=True))
    progress = track(videos, "Cropping videos", len(videos))
    find = _whole_frame if cropped else partial(_signer_of_video, search, FaceCache(faces))
    times: dict[str, dict[str, float]] = {}
    cropped_clips = _crop_all(progress, Path(root), options, search, find, times)
    write_clips(output, cropped_clips)
    write_json(timings, times)


def _crop_all(
    videos: Iterable[tuple[str, pd.DataFrame]],
    root: Path,
    options: CropOptions,
    search: FaceSearch,
    signer_of: Callable[[Path, pd.DataFrame], tuple[SignerBox, float]],
    times: dict[str, dict[str, float]],
) -> Iterator[tuple[str, bytes | None, ClipInfo]]:
    for source, rows in videos:
        path = root / source
        try:
            signer, face_ms = signer_of(path, rows)
            for row in rows.itertuples():
                content, info, times[row.clip_id] = _crop_clip(path, row, signer, options, search)
                times[row.clip_id]["face"] += face_ms
                yield row.clip_id, content, info
        except VideoError as error:
            raise UserError(
                f"{path} cannot be decoded ({error.detail}); download it again, or delete it so "
                "that `prepare` drops its clips."
            ) from error


def _whole_frame(path: Path, rows: pd.DataFrame) -> tuple[SignerBox, float]:
    return whole_frame(probe(path)), 0.0


def _signer_of_video(
    search: FaceSearch, cache: FaceCache, path: Path, rows: pd.DataFrame
) -> tuple[SignerBox, float]:
    """The box and the milliseconds that the search for it took."""
    video = probe(path)
    if len(rows) == 1 and int(rows["n_frames"].iloc[0]) == video.n_frames:
        cache = FaceCache(None)  # no other shard has clips of it
    find = partial(search.face, path, 0, video.n_frames)
    face, milliseconds = cache.get(path, [search.name, search.frames_probed], find)
    return around(face, video), milliseconds


def _crop_clip(
    path: Path, row, signer: SignerBox, options: CropOptions, search: FaceSearch
) -> tuple[bytes | None, ClipInfo, dict[str, float]]:
    """Crop one clip, frame by frame: a long clip needs no more memory than a short one."""
    timer = Timer()
    fps = float(row.fps)
    start = round(float(row.start_s) * fps)
    end = start + int(row.n_frames)
    frames = (frame for _, frame in read_frames(path, start, end))
    first = next(frames, None)
    if first is None:
        raise VideoError("unreadable", f"no frame from {row.start_s} s on can be decoded")
    timer.lap("crop")
    signer = search.box_of_clip(path, first, start, end, signer)
    timer.lap("face")
    info = ClipInfo(
        box=tuple(int(edge) for edge in square_box(signer.box)),
        box_from=signer.box_from,
        faces_found=signer.face.found,
        frames_probed=signer.face.probed,
        fps=fps,
        n_frames=0,
        width=options.size,
        height=options.size,
    )
    if signer.box_from == "fallback" and options.no_face == "drop":
        return None, replace(info, box_from="dropped"), timer.milliseconds
    n_frames = 0

    def cropped_frames() -> Iterator[np.ndarray]:
        nonlocal n_frames
        for frame in chain([first], frames):
            n_frames += 1
            yield crop_resize(frame[None], signer.box, options.size)[0]

    content = encode_clip(cropped_frames(), fps, options.quality)
    timer.lap("crop")
    return content, replace(info, n_frames=n_frames), timer.milliseconds
