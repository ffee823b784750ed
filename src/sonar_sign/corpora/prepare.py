"""`prepare`: turns annotations and videos into a manifest and a list of dropped clips."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.corpus_options import CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.ids import folded
from sonar_sign.core.notes import tell
from sonar_sign.core.options import PrepareOptions
from sonar_sign.core.tables import write_rows
from sonar_sign.core.text_files import REPLACEMENT
from sonar_sign.core.video import VideoError, VideoInfo
from sonar_sign.core.wording import first_few
from sonar_sign.corpora import Annotation, open_corpus
from sonar_sign.corpora.captions import normalise
from sonar_sign.corpora.dropped import MAX_CAPTION_CHARACTERS, Dropped
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
# Only in manifests of corpora that say so of a row: the caption's language where it is not the
# corpus's, and where the signer is (`x0 y0 x1 y1`, shares of width and height).
FURTHER_COLUMNS = ("language", "box")
DROPPED_COLUMNS = ("clip_id", "reason", "detail")
CLAMPED_COLUMNS = ("clip_id", "start_s", "end_s", "video_s")
_BREAKS = str.maketrans("\t\n\r", "   ")


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
    reading: CorpusOptions = CorpusOptions(),  # noqa: B008
    probes: Path | None = None,
    workers: int = 1,
) -> None:
    """Write `manifests/{split}.tsv`, `.dropped.tsv` and `.clamped.tsv`.

    Every row of the annotations is either in the manifest or among the dropped clips. Clips whose
    times exceed their video are in the manifest, cut to the video, and also in the clamped list.

    Args:
        reading: how the corpus's files are read.
        probes: cache of what is known about the video files, see `sonar_sign.corpora.probing`.
        workers: number of videos probed in parallel.

    Raises:
        UserError: the corpus is missing, its annotations are no table in UTF-8, or no clip can be
            used.
    """
    annotations = open_corpus(corpus_type, root, reading).annotations(split)
    rates = {
        a.source: a.frame_rate or options.frame_rate for a in annotations if a.source is not None
    }
    videos = probe_all(root, rates, workers, probes, rates)
    rows, drops, outside, further = [], [], [], []
    gone: set[str] = set()
    seen: dict[str, Annotation] = {}
    for annotation in annotations:
        video = videos.get(annotation.source)
        times = _repeated(annotation, seen) or _usable(annotation, video, options)
        if isinstance(times, Dropped):
            drops.append((annotation.clip_id, times.reason, _on_one_line(times.detail)))
            if times.reason == "missing_file":
                gone.add(annotation.expected)
            continue
        rows.append(_row(annotation, video, times))
        language = annotation.language or reading.caption_language
        further.append((language, _written_box(annotation.box)))
        if times.clamped:
            published = (annotation.start_s, annotation.end_s, f"{video.duration_s:.4f}")
            outside.append((annotation.clip_id, *published))
    assert len(rows) + len(drops) == len(annotations)
    if not rows:
        raise UserError(f"No clip of split {split!r} in {root} can be used ({_why(drops)}).")
    tell(_lost_characters(rows) + _missing_videos(gone, len(videos)))
    # The manifest is written last: if it exists, the other lists exist too.
    write_rows(clamped, CLAMPED_COLUMNS, outside)
    write_rows(dropped, DROPPED_COLUMNS, drops)
    write_rows(manifest, *_with_further(rows, further))


def _with_further(
    rows: list[tuple], further: list[tuple[str, str]]
) -> tuple[tuple[str, ...], Iterable[tuple]]:
    """Columns and rows, with those of `FURTHER_COLUMNS` in which a row says something."""
    used = [at for at in range(len(FURTHER_COLUMNS)) if any(values[at] for values in further)]
    if not used:
        return COLUMNS, rows
    columns = (*COLUMNS, *(FURTHER_COLUMNS[at] for at in used))
    both = zip(rows, further, strict=True)
    return columns, ((*row, *(values[at] for at in used)) for row, values in both)


def _written_box(box: tuple[float, float, float, float] | None) -> str:
    return "" if box is None else " ".join(f"{edge:.6f}" for edge in box)


def _missing_videos(gone: set[str], n_there: int) -> list[str]:
    if not gone:
        return []
    names = first_few(sorted(gone), 3)
    return [
        f"{len(gone)} of {len(gone) + n_there} videos are missing, and their sentences are dropped "
        f"({names})."
    ]


def _why(drops: Sequence[tuple[str, str, str]]) -> str:
    """All reasons, and the first row."""
    if not drops:
        return "no annotations"
    reasons = ", ".join(sorted({reason for _, reason, _ in drops}))
    return f"{reasons}; the first row: {drops[0][2]}"


def _lost_characters(rows: Sequence[tuple]) -> list[str]:
    """A note on captions whose published text was decoded wrongly before it came here."""
    lost = [row[0] for row in rows if REPLACEMENT in row[-1]]
    if not lost:
        return []
    return [
        "U+FFFD, which stands for characters that were lost in decoding, is kept in captions "
        f"({len(lost)}: {first_few(lost, 3)})."
    ]


def _repeated(annotation: Annotation, seen: dict[str, Annotation]) -> Dropped | None:
    """Whether an earlier row has the clip id, or one that a file system may take for the same."""
    if not annotation.clip_id:
        return None
    earlier = seen.setdefault(folded(annotation.clip_id), annotation)
    if earlier is annotation:
        return None
    if earlier.clip_id == annotation.clip_id:
        return Dropped("duplicate_id", f"row {annotation.row}")
    return Dropped("similar_id", f"row {annotation.row}, like {earlier.clip_id!r}")


def _on_one_line(detail: str) -> str:
    """The detail without line breaks, and without what is no character in a library's message."""
    return " ".join(detail.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").split())


def _usable(
    annotation: Annotation, video: Probed | None, options: PrepareOptions
) -> Times | Dropped:
    """The times of the sentence, or why it cannot be used."""
    if annotation.problem is not None:
        return Dropped(
            annotation.problem.reason, f"row {annotation.row}: {annotation.problem.detail}"
        )
    if video is None:
        return Dropped("missing_file", f"searched {annotation.expected}")
    if isinstance(video, VideoError):
        return Dropped(video.reason, f"{annotation.source}: {video.detail}")
    if not normalise(annotation.text):
        return Dropped("empty_caption", f"row {annotation.row}")
    if len(annotation.text) > MAX_CAPTION_CHARACTERS:
        return Dropped("long_caption", f"row {annotation.row}: {len(annotation.text)} characters")
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
        annotation.text if annotation.text.isprintable() else annotation.text.translate(_BREAKS),
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
