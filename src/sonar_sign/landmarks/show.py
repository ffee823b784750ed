"""`landmarks show`: draws the landmarks of a signer on the video or on an empty image."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, safe_name
from sonar_sign.core.options import LandmarkOptions
from sonar_sign.core.tables import read_table
from sonar_sign.core.video import VideoError, encode_clip, probe, read_frames
from sonar_sign.corpora.shard import COLUMNS
from sonar_sign.landmarks.layouts import BODY, FACE, LEFT_HAND, POINTS, RIGHT_HAND
from sonar_sign.landmarks.recording import choose_signer
from sonar_sign.landmarks.representation import seen_and_filled
from sonar_sign.landmarks.sources import Read, UnusableError, frame_range, open_source

FORMATS = ("mp4", "png")
QUALITY = 20
SHEET_COLUMNS, SHEET_ROWS, TILE_WIDTH = 4, 3, 320
BACKGROUND = 24
# Space around the points in an empty image of unknown size, in pixels.
MARGIN = 20

_FINGERS = [(0, 1, 2, 3, 4), (0, 5, 6, 7, 8), (0, 9, 10, 11, 12), (0, 13, 14, 15, 16)]
_FINGERS.append((0, 17, 18, 19, 20))
_CHAINS = (
    ("left_hip", "left_shoulder", "right_shoulder", "right_hip", "left_hip"),
    ("left_shoulder", "left_elbow", "left_hand_wrist"),
    ("right_shoulder", "right_elbow", "right_hand_wrist"),
)
_FACE_CHAINS = (
    ("cheek_right", "jaw_right", "chin", "jaw_left", "cheek_left"),
    ("right_brow_outer", "right_brow", "right_brow_inner"),
    ("left_brow_inner", "left_brow", "left_brow_outer"),
    ("right_eye_outer", "right_upper_lid", "right_eye_inner"),
    ("left_eye_inner", "left_upper_lid", "left_eye_outer"),
    ("nose_right", "nose_tip", "nose_left"),
    ("mouth_right", "upper_lip_far_right", "upper_lip_right", "upper_lip", "upper_lip_far_left",
     "mouth_left", "lower_lip", "lower_lip_right", "mouth_right"),
)  # fmt: skip
# RGB; the two hands differ in hue and in lightness.
_COLOURS = {
    "body": (240, 240, 240),
    "left": (255, 60, 200),
    "right": (60, 170, 255),
    "face": (150, 220, 150),
}
_INTERPOLATED = (255, 80, 80)


def show(
    clips: Sequence[str],
    table: Path,
    root: Path,
    split: str,
    output: Path,
    options: LandmarkOptions,
    *,
    format: str = "mp4",
    picture: bool = True,
) -> list[Path]:
    """Draw clips of a manifest or shard to `{output}/{clip_id}.mp4` or `.png`.

    Drawn are the points that `extract_landmarks` uses: of the chosen person, those with at least
    `min_confidence`, and interpolated ones as small red rings.

    Args:
        format: `mp4`: all frames; `png`: a contact sheet of twelve frames, row by row.
        picture: draw on the frames of the video if it can be read.

    Returns:
        The files written.

    Raises:
        UserError: a clip is not in the table or has no keypoints, or the format is unknown.
    """
    if format not in FORMATS:
        raise UserError(f"Format {format!r} is not one of {', '.join(FORMATS)}.")
    rows = {row.clip_id: row for row in read_table(table, COLUMNS).itertuples()}
    unknown = [clip for clip in clips if clip not in rows]
    if unknown:
        raise UserError(f"Clip {unknown[0]} is not in {table}; see its column clip_id.")
    read = open_source(root, split, options.source)
    written = []
    for clip in clips:
        path = Path(output) / f"{safe_name(clip)}.{format}"
        drawing = _drawing(rows[clip], read, Path(root), options, picture)
        is_video = format == "mp4"
        content = encode_clip(drawing, drawing.fps, QUALITY) if is_video else _sheet(drawing)
        with atomic_write(path) as temporary:
            temporary.write_bytes(content)
        written.append(path)
    return written


@dataclass(frozen=True)
class _Drawing:
    """The frames of a clip with its points, drawn one by one during iteration."""

    xy: np.ndarray
    """`(n_frames, 85, 2)` in pixels."""
    present: np.ndarray
    """`(n_frames, 85)`, which points are drawn."""
    seen: np.ndarray
    """`(n_frames, 85)`, which of them are not interpolated."""
    fps: float
    """Frames per second."""
    size: tuple[int, int]
    """Height and width, both even, as H.264 requires."""
    pictures: Iterable[tuple[int, np.ndarray]]
    """(index, frame) in ascending order; some frames may be missing."""

    def __len__(self) -> int:
        return len(self.xy)

    def __iter__(self) -> Iterator[np.ndarray]:
        height, width = self.size
        pictures = iter(self.pictures)
        place, picture = next(pictures, (len(self), None))
        for number in range(len(self)):
            while place < number:
                place, picture = next(pictures, (len(self), None))
            canvas = np.full((height, width, 3), BACKGROUND, np.uint8)
            if place == number:
                canvas = picture[:height, :width].copy()
            draw(canvas, self.xy[number], self.present[number], self.seen[number])
            yield canvas


def _drawing(row: Any, read: Read, root: Path, options: LandmarkOptions, picture: bool) -> _Drawing:
    try:
        recording = read(row)
    except UnusableError as error:
        raise UserError(f"Clip {row.clip_id} has no landmarks to show ({error.reason}).") from error
    signing = choose_signer(recording).signing
    if not len(signing):
        raise UserError(f"Clip {row.clip_id} has no landmarks to show (no_frames).")
    xy, present, seen = seen_and_filled(signing, recording.fps, options)
    size, pictures = _canvas_size(xy[present]), ()
    if picture:
        size, pictures = _pictures(root / row.source, row, size)
    height, width = size
    return _Drawing(
        xy, present, seen, recording.fps, (height - height % 2, width - width % 2), pictures
    )


def _pictures(
    video: Path, row: Any, size: tuple[int, int]
) -> tuple[tuple[int, int], Iterable[tuple[int, np.ndarray]]]:
    """Size and frames of the video, or `size` and no frames if it cannot be read."""
    try:
        info = probe(video)
    except VideoError:
        return size, ()
    start, end = frame_range(row)

    def frames() -> Iterator[tuple[int, np.ndarray]]:
        # The readable part of a truncated video is shown.
        with suppress(VideoError):
            for number, frame in read_frames(video, start, end):
                yield number - start, frame

    return (info.height, info.width), frames()


def _canvas_size(points: np.ndarray) -> tuple[int, int]:
    """Height and width of an image that contains all points."""
    if not len(points):
        return 2 * MARGIN, 2 * MARGIN
    width, height = np.clip(points.max(axis=0).astype(int) + MARGIN, 2 * MARGIN, 4096)
    return int(height), int(width)


def draw(canvas: np.ndarray, xy: np.ndarray, present: np.ndarray, seen: np.ndarray) -> None:
    """Draw the 85 points on an image.

    Args:
        canvas: `(height, width, 3)` uint8 RGB, changed in place.
        xy: `(85, 2)` in pixels.
        there: `(85,)`, which points are drawn.
        seen: `(85,)`, which of them were seen; the others are interpolated.
    """
    thick = max(1, round(max(canvas.shape[:2]) / 400))
    limit = 4 * max(canvas.shape[:2])
    places = [tuple(int(round(float(v))) for v in np.clip(point, -limit, limit)) for point in xy]
    for part, chain in LINES:
        for first, last in zip(chain, chain[1:], strict=False):
            if present[first] and present[last]:
                cv2.line(canvas, places[first], places[last], _COLOURS[part], thick, cv2.LINE_AA)
    for point in np.flatnonzero(present):
        if seen[point]:
            cv2.circle(canvas, places[point], thick, _COLOURS[PARTS[point]], -1, cv2.LINE_AA)
        else:
            cv2.circle(canvas, places[point], 2 * thick, _INTERPOLATED, 1, cv2.LINE_AA)


def _lines() -> list[tuple[str, tuple[int, ...]]]:
    """(part, indices of points) for every line that is drawn."""
    number = {name: place for place, name in enumerate(POINTS)}
    lines = [("body", tuple(number[name] for name in chain)) for chain in _CHAINS]
    for part, hand in (("left", LEFT_HAND), ("right", RIGHT_HAND)):
        lines += [(part, tuple(hand.start + point for point in finger)) for finger in _FINGERS]
    lines += [("face", tuple(number[f"face_{name}"] for name in chain)) for chain in _FACE_CHAINS]
    return lines


LINES = _lines()
_OF_PART = {"body": BODY, "left": LEFT_HAND, "right": RIGHT_HAND, "face": FACE}
PARTS = [part for part, points in _OF_PART.items() for _ in range(points.stop - points.start)]


def _sheet(drawing: _Drawing) -> bytes:
    """Twelve frames, evenly spaced over the clip, as one PNG."""
    numbers = np.linspace(0, len(drawing) - 1, SHEET_COLUMNS * SHEET_ROWS).round().astype(int)
    height, width = drawing.size
    size = (TILE_WIDTH, max(1, round(TILE_WIDTH * height / width)))
    wanted = set(numbers.tolist())
    small = {
        number: cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        for number, frame in enumerate(drawing)
        if number in wanted
    }
    tiles = [small[number] for number in numbers.tolist()]
    rows = [np.hstack(tiles[n : n + SHEET_COLUMNS]) for n in range(0, len(tiles), SHEET_COLUMNS)]
    _, content = cv2.imencode(".png", cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))
    return content.tobytes()
