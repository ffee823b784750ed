"""`prepare`: a corpus's annotations and videos become a manifest; what cannot be used is named."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sonar_sign.captions import normalise
from sonar_sign.corpora import Annotation, open_corpus
from sonar_sign.errors import UserError
from sonar_sign.progress import track
from sonar_sign.tables import write_table
from sonar_sign.video import VideoError, VideoInfo, probe

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

# Every reason for which a clip can be dropped.
REASONS = {
    "missing_file": "neither the full video nor the sentence clip is there",
    "unreadable": "the video cannot be opened, or its end is cut off",
    "no_frames": "the video holds no frames",
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
    detail: str


def prepare(
    corpus_type: str,
    root: Path,
    split: str,
    manifest: Path,
    dropped: Path,
    *,
    min_duration_s: float = 0.2,
    workers: int = 1,
) -> None:
    """Write `manifests/{split}.tsv` and `manifests/{split}.dropped.tsv`.

    Args:
        min_duration_s: shorter clips are dropped, in seconds.
        workers: videos probed at the same time.

    Raises:
        UserError: the corpus is missing or malformed, two clip ids differ in case only, or no
            clip can be used.
    """
    annotations = open_corpus(corpus_type, root).annotations(split)
    _refuse_twins(annotations)
    videos = _probe_all(root, annotations, workers)
    rows, drops, seen = [], [], set()
    for annotation in annotations:
        video = videos.get(annotation.source)
        result = (
            Dropped("duplicate_id", f"row {annotation.row}")
            if annotation.clip_id in seen
            else _row(annotation, video, min_duration_s)
        )
        seen.add(annotation.clip_id)
        if isinstance(result, Dropped):
            drops.append((annotation.clip_id, result.reason, result.detail))
        else:
            rows.append(result)
    if not rows:
        reasons = ", ".join(sorted({reason for _, reason, _ in drops})) or "no annotations"
        raise UserError(f"No clip of split {split!r} in {root} can be used ({reasons}).")
    # The manifest is written last: where it is, its list of dropped clips is too.
    write_table(dropped, pd.DataFrame(drops, columns=list(DROPPED_COLUMNS)))
    write_table(manifest, pd.DataFrame(rows, columns=list(COLUMNS)))


def _refuse_twins(annotations: Iterable[Annotation]) -> None:
    """Two names that differ in case only are one file on some file systems."""
    first: dict[str, Annotation] = {}
    for annotation in annotations:
        twin = first.setdefault(annotation.clip_id.casefold(), annotation)
        if twin.clip_id != annotation.clip_id:
            raise UserError(
                f"Clip ids {twin.clip_id!r} (row {twin.row}) and {annotation.clip_id!r} (row "
                f"{annotation.row}) differ in case only; rename one in the annotations."
            )


def _probe_all(
    root: Path, annotations: Iterable[Annotation], workers: int
) -> dict[str, VideoInfo | VideoError]:
    """Probe every video once; reading headers waits for the disk, so threads are enough."""
    sources = sorted({a.source for a in annotations if a.source is not None})

    def probe_one(source: str) -> VideoInfo | VideoError:
        try:
            return probe(Path(root) / source)
        except VideoError as error:
            return error

    with ThreadPoolExecutor(workers) as pool:
        results = track(pool.map(probe_one, sources), "Probing videos", len(sources))
        return dict(zip(sources, results, strict=True))


def _row(
    annotation: Annotation, video: VideoInfo | VideoError | None, min_duration_s: float
) -> tuple | Dropped:
    """The manifest's row of an annotation, or why there is none."""
    if video is None:
        return Dropped("missing_file", f"looked for {annotation.expected}")
    if isinstance(video, VideoError):
        return Dropped(video.reason, f"{annotation.source}: {video.detail}")
    text = normalise(annotation.text)
    if not text:
        return Dropped("empty_caption", f"row {annotation.row}")
    times = _times(annotation, video, min_duration_s)
    if isinstance(times, Dropped):
        return times
    start_s, end_s = times
    n_frames = round(end_s * video.fps) - round(start_s * video.fps)
    return (
        annotation.clip_id,
        annotation.source,
        f"{start_s:.4f}",
        f"{end_s:.4f}",
        n_frames,
        f"{video.fps:.6f}",
        annotation.signer,
        text,
        " ".join(annotation.text.split("\t")),
    )


def _times(
    annotation: Annotation, video: VideoInfo, min_duration_s: float
) -> tuple[float, float] | Dropped:
    """Start and end in seconds, inside the video."""
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
    # How2Sign's times sometimes run past the end; what is there of the sentence is used.
    start_s, end_s = max(0.0, start_s), min(end_s, video.duration_s)
    if end_s - start_s < min_duration_s or round(end_s * video.fps) == round(start_s * video.fps):
        return Dropped("too_short", f"{end_s - start_s:.3f} s")
    return start_s, end_s
