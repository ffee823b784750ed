"""`crop`: cut the clips of a shard out of their videos, around the signer, one mp4 each."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache, partial
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
    given_box,
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
from sonar_sign.core.video import VideoError, VideoInfo, encode_clip, probe, read_frames
from sonar_sign.core.wording import first_few
from sonar_sign.corpora.manifests import read_box
from sonar_sign.corpora.shard import BOX, COLUMNS

# The manifest has a frame rate with six decimals.
SAME_RATE = 1e-4


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
        shard: table with the columns of `sonar_sign.corpora.shard.COLUMNS`, and perhaps `box`:
            where the signer is in a clip, which spares the search.
        root: the corpus folder that `source` is relative to.
        timings: JSON to write, for every clip the milliseconds of `face` (the search in its whole
            video and the check of the clip's first frame) and `crop` (decoding, cutting, encoding).
        faces: folder that caches the faces of videos that have clips in several shards.
        face_model: the model file of the CNN detector, see `clips.faces.open_cnn_detector`.
        cropped: the corpus's videos are cropped to the signer already; the whole frame is kept.

    Raises:
        UserError: the shard is malformed, a video cannot be decoded, or it does not fit the times
            in the manifest.
    """
    search = open_face_search(options.detector, options.frames_probed, face_model)
    videos = list(read_table(shard, COLUMNS).groupby("source", sort=True))
    progress = track(videos, "Cropping videos", len(videos))
    find = _whole_frame if cropped else partial(_signer_of_video, search, FaceCache(faces))
    times: dict[str, dict[str, float]] = {}
    cropped_clips = _crop_all(progress, Path(root), options, search, find, times)
    write_clips(output, _report_boxes(cropped_clips))
    write_json(timings, times)


def _crop_all(
    videos: Iterable[tuple[str, pd.DataFrame]],
    root: Path,
    options: CropOptions,
    search: FaceSearch,
    signer_of: Callable[[Path, VideoInfo, pd.DataFrame], tuple[SignerBox, float]],
    times: dict[str, dict[str, float]],
) -> Iterator[tuple[str, bytes | None, ClipInfo]]:
    damaged: list[str] = []
    for source, rows in videos:
        path = root / source
        clip_id = rows["clip_id"].iloc[0]
        try:
            video = probe(path, float(rows["fps"].iloc[0]))
            of_video = cache(partial(signer_of, path, video, rows))
            for row in rows.itertuples():
                clip_id = row.clip_id
                span = _span(path, video, row)
                given = _given_box(row, video)
                # A video whose clips all have their boxes is not searched.
                signer, face_ms = (given, 0.0) if given else of_video()
                clip = crop_clip(path, video, span, signer, options, search)
                content, info, times[clip_id] = clip
                times[clip_id]["face"] += face_ms
                yield clip_id, content, info
        except VideoError as error:
            damaged.append(f"{path} cannot be decoded for clip {clip_id} ({error.detail})")
    # Only now, so that one run names all of them.
    if damaged:
        raise UserError(
            f"{'; '.join(damaged)}; download {'it' if len(damaged) == 1 else 'them'} again, or "
            "delete the file so that `prepare` drops its clips."
        )


def _span(path: Path, video: VideoInfo, row) -> tuple[int, int]:
    """The clip's frames in the video, the last one exclusive, as the manifest has them.

    Raises:
        UserError: the video has another frame rate than the manifest says, or ends before.
    """
    fps, n_frames = float(row.fps), int(row.n_frames)
    start = round(float(row.start_s) * fps)
    problem = None
    if abs(fps - video.fps) > SAME_RATE * video.fps:
        problem = f"{fps:g} frames per second, and the video has {video.fps:g}"
    elif start + n_frames > video.n_frames + 1:  # times are written with four decimals
        problem = (
            f"{n_frames} frames from {float(row.start_s):.2f} s on, and the video ends at "
            f"{video.duration_s:.2f} s"
        )
    if problem:
        raise UserError(
            f"Clip {row.clip_id} does not fit {path}: the manifest says {problem}. The video has "
            "changed: delete the manifest, and `prepare` makes it again."
        )
    return start, start + n_frames


def _given_box(row, video: VideoInfo) -> SignerBox | None:
    """The box that the corpus has for a clip; None where it has none."""
    box = read_box(getattr(row, BOX, ""))
    return None if box is None else given_box(box, video)


def _whole_frame(path: Path, video: VideoInfo, rows: pd.DataFrame) -> tuple[SignerBox, float]:
    return whole_frame(video), 0.0


def _signer_of_video(
    search: FaceSearch, cache: FaceCache, path: Path, video: VideoInfo, rows: pd.DataFrame
) -> tuple[SignerBox, float]:
    """The box and the milliseconds that the search for it took."""
    if len(rows) == 1 and int(rows["n_frames"].iloc[0]) == video.n_frames:
        cache = FaceCache(None)  # no other shard has clips of it
    find = partial(search.face, path, video, 0, video.n_frames)
    # The size, because a rotated video's faces were searched sideways before.
    searched = [search.name, search.frames_probed, video.width, video.height]
    face, milliseconds = cache.get(path, searched, find)
    return around(face, video), milliseconds


def crop_clip(
    path: Path,
    video: VideoInfo,
    span: tuple[int, int],
    signer: SignerBox,
    options: CropOptions,
    search: FaceSearch,
) -> tuple[bytes | None, ClipInfo, dict[str, float]]:
    """Crop one clip, frame by frame: a long clip needs no more memory than a short one.

    A clip in a gap of the video, without any frame, is dropped.

    Args:
        span: the clip's frames in the video, the last one exclusive.
        signer: the box of the whole video.

    Returns:
        The mp4, None for a dropped clip; what is recorded of it; milliseconds by stage.

    Raises:
        VideoError: the video cannot be decoded.
    """
    timer = Timer()
    frames = (frame for _, frame in read_frames(path, *span, video))
    first = next(frames, None) if video.shows_something(*span) else None
    timer.lap("crop")
    if first is not None:
        signer = search.box_of_clip(path, video, first, span, signer)
    timer.lap("face")
    info = ClipInfo(
        box=tuple(int(edge) for edge in square_box(signer.box)),
        box_from=signer.box_from,
        faces_found=signer.face.found,
        frames_probed=signer.face.probed,
        fps=video.fps,
        n_frames=0,
        width=options.size,
        height=options.size,
    )
    if first is None or (signer.box_from == "fallback" and options.no_face == "drop"):
        return None, replace(info, box_from="dropped"), timer.milliseconds
    n_frames = 0

    def cropped_frames() -> Iterator[np.ndarray]:
        nonlocal n_frames
        for frame in chain([first], frames):
            n_frames += 1
            yield crop_resize(frame[None], signer.box, options.size)[0]

    content = encode_clip(cropped_frames(), video.fps, options.quality)
    timer.lap("crop")
    return content, replace(info, n_frames=n_frames), timer.milliseconds


def _report_boxes(clips: Iterable[tuple[str, bytes | None, ClipInfo]]) -> Iterator:
    """Pass clips on; at the end, say which have the middle of the frame, and which were dropped."""
    by_box: dict[str, list[str]] = {"fallback": [], "dropped": []}
    n_clips = 0
    for clip_id, content, info in clips:
        n_clips += 1
        by_box.get(info.box_from, []).append(clip_id)
        yield clip_id, content, info
    for box_from, what in (
        ("fallback", "show no face that was found; the middle of the frame is used"),
        ("dropped", "are dropped: no face was found, or no frame is shown during the sentence"),
    ):
        if by_box[box_from]:
            found = f"{len(by_box[box_from])} of {n_clips} clips {what}"
            print(f"{found}: {first_few(by_box[box_from])}.", file=sys.stderr)
