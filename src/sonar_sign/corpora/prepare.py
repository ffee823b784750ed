"""`prepare`: turns annotations and videos into a manifest and a list of dropped clips."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import PrepareOptions
from sonar_sign.core.tables import write_rows
from sonar_sign.core.video import VideoError, VideoInfo
from sonar_sign.corpora import Annotation, open_corpus
from sonar_sign.corpora.captions import normalise
from sonar_sign.corpora.probing import Probed, probe_all

COLUMNS = (
    "clip_id",
    "source",
    "start_s",
    "end_s",
    "n_frames",
    "fps",
    "signer",
    "text",
    "text_raw",
)
DROPPED_COLUMNS = ("clip_id", "reason", "detail")
CLAMPED_COLUMNS = ("clip_id", "start_s", "end_s", "video_s")

# All reasons for dropping a clip.
REASONS = {
    "missing_file": "neither the full video nor the sentence clip exists",
    "unreadable": "the video cannot be opened, or is truncated",
    "no_frames": "the video has no frames, or shows none during the sentence",
    "no_times": "a sentence of a full video has no start or no end",
    "ends_before_start": "the sentence ends before it starts",
    "starts_after_end": "the sentence starts after the video's end",
    "too_short": "the sentence is shorter than prepare.min_duration_s",
    "empty_caption": "the caption is empty",
    "duplicate_id": "an earlier row has the same clip id",
}


@dataclass(frozen=True)
class Dropped:
    """Why a clip cannot be used."""

    reason: str
    """A key of `REASONS`."""
    detail: str
    """More about this clip, on one line."""


@dataclass(frozen=True)
class Times:
    """Start and end of a sentence in its video, in seconds."""

    start_s: float
    end_s: float
    clamped: bool
    """The annotated times exceed the video and were cut to it."""


def prepare(
    corpus_type: str,
    root: Path,
    split: str,
    manifest: Path,
    dropped: Path,
    clamped: Path,
    options: PrepareOptions = PrepareOptions(),  # noqa: B008 (frozen)
    *,
    probes: Path | None = None,
    workers: int = 1,
) -> None:
    """Write `manifests/{split}.tsv`, `.dropped.tsv` and `.clamped.tsv`.

    Every annotated sentence is either in the manifest or among the dropped clips. Clips whose
    times exceed their video are in the manifest, cut to the video, and also in the clamped list.

    Args:
        probes: cache of what is known about the video files, see `sonar_sign.corpora.probing`.
        workers: number of videos probed in parallel.

    Raises:
        UserError: the corpus is missing or malformed, two clip ids differ only in case, or no
            clip can be used.
    """
    annotations = open_corpus(corpus_type, root).annotations(split)
    _check_case(annotations)
    sources = (a.source for a in annotations if a.source is not None)
    videos = probe_all(root, sources, workers, probes)
    rows, drops, outside, seen = [], [], [], set()
    for annotation in annotations:
        video = videos.get(annotation.source)
        if annotation.clip_id in seen:
            times = Dropped("duplicate_id", f"row {annotation.row}")
        else:
            times = _usable(annotation, video, options)
        seen.add(annotation.clip_id)
        if isinstance(times, Dropped):
            drops.append((annotation.clip_id, times.reason, times.detail))
            continue
        rows.append(_row(annotation, video, times))
        if times.clamped:
            published = (annotation.start_s, annotation.end_s, f"{video.duration_s:.4f}")
            outside.append((annotation.clip_id, *published))
    assert len(rows) + len(drops) == len(annotations)
    if not rows:
        reasons = ", ".join(sorted({reason for _, reason, _ in drops})) or "no annotations"
        raise UserError(f"No clip of split {split!r} in {root} can be used ({reasons}).")
    # The manifest is written last: if it exists, the other lists exist too.
    write_rows(clamped, CLAMPED_COLUMNS, outside)
    write_rows(dropped, DROPPED_COLUMNS, drops)
    write_rows(manifest, COLUMNS, rows)


def _check_case(annotations: Iterable[Annotation]) -> None:
    """Refuse clip ids that differ only in case: some file systems treat them as one name."""
    first: dict[str, Annotation] = {}
    for annotation in annotations:
        same = first.setdefault(annotation.clip_id.casefold(), annotation)
        if same.clip_id != annotation.clip_id:
            raise UserError(
                f"Clip ids {same.clip_id!r} (row {same.row}) and {annotation.clip_id!r} (row "
                f"{annotation.row}) differ only in case; rename one in the annotations."
            )


def _usable(
    annotation: Annotation, video: Probed | None, options: PrepareOptions
) -> Times | Dropped:
    """The times of the sentence, or why it cannot be used."""
    if video is None:
        return Dropped("missing_file", f"searched {annotation.expected}")
    if isinstance(video, VideoError):
        return Dropped(video.reason, f"{annotation.source}: {video.detail}")
    if not normalise(annotation.text):
        return Dropped("empty_caption", f"row {annotation.row}")
    return _times(annotation, video, options)


def _row(annotation: Annotation, video: VideoInfo, times: Times) -> tuple:
    """One row of the manifest."""
    n_frames = round(times.end_s * video.fps) - round(times.start_s * video.fps)
    return (
        annotation.clip_id,
        annotation.source,
        f"{times.start_s:.4f}",
        f"{times.end_s:.4f}",
        n_frames,
        f"{video.fps:.6f}",
        annotation.signer,
        normalise(annotation.text),
        " ".join(annotation.text.split("\t")),
    )


def _times(annotation: Annotation, video: VideoInfo, options: PrepareOptions) -> Times | Dropped:
    """Start and end within the video, or why the clip is dropped."""
    if annotation.whole_video:
        start_s, end_s = 0.0, video.duration_s
    elif annotation.start_s is None or annotation.end_s is None:
        return Dropped("no_times", f"row {annotation.row}")
    else:
        start_s, end_s = annotation.start_s, annotation.end_s
    if end_s <= start_s:
        return Dropped("ends_before_start", f"{start_s} to {end_s} s")
    if start_s >= video.duration_s:
        return Dropped("starts_after_end", f"{start_s} s in a video of {video.duration_s:.2f} s")
    # Some of How2Sign's times exceed the video; the part inside the video is used.
    inside = max(0.0, start_s), min(end_s, video.duration_s)
    clamped = inside != (start_s, end_s)
    start_s, end_s = inside
    no_frame = round(end_s * video.fps) == round(start_s * video.fps)
    if end_s - start_s < options.min_duration_s or no_frame:
        return Dropped("too_short", f"{end_s - start_s:.3f} s")
    if not video.shows_something(round(start_s * video.fps), round(end_s * video.fps)):
        return Dropped("no_frames", f"no frame between {start_s:.2f} and {end_s:.2f} s")
    return Times(start_s, end_s, clamped)
