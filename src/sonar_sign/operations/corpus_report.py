"""`corpus check`: what a config's corpora hold as they are understood, before anything is computed.

Annotations are read and files are looked for; of the videos, the first one only is opened.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import first_few
from sonar_sign.corpora import TYPES, Annotation, Corpus, open_declared
from sonar_sign.corpora.dropped import REASONS
from sonar_sign.operations.config import Config
from sonar_sign.operations.config_corpora import needed_annotations

if TYPE_CHECKING:
    from sonar_sign.clips.signer_box import SignerBox

ROWS_SHOWN = 10
LONGEST_FIELD = 60


@dataclass(frozen=True)
class CorpusReport:
    """What was found of one corpus."""

    name: str
    lines: list[str]
    problems: list[str]
    """What must be mended before a run; one sentence each."""
    corpus: Corpus | None = None
    first: Annotation | None = None
    """The first row whose video is there."""


def check_corpus(config: Config, name: str) -> CorpusReport:
    """Look at one corpus of a config.

    Raises:
        UserError: its folder is missing, or an option or a file cannot be used.
    """
    described = config.experiment.corpora[name]
    lines = [f"{name}: type {described['type']} in {described['root']}"]
    if TYPES[described["type"]].drawn and not Path(described["root"]).is_dir():
        return CorpusReport(name, [*lines, "  drawn by the workflow when it runs"], [])
    corpus = open_declared(described)
    problems: list[str] = []
    first: Annotation | None = None
    for split in described["shards"]:
        needed = (split, None) in needed_annotations(config, name)
        try:
            path = corpus.annotation_file(split)
            annotations = corpus.annotations(split)
        except UserError as error:
            what = "the same" if str(error) in problems else str(error)
            lines.append(f"  {split}: {what if needed else 'none, and none needed'}")
            problems += [str(error)] * needed
            continue
        lines += [f"  {split}: {path}", *_counts(annotations)]
        there = [one for one in annotations if one.source and not one.problem]
        if needed and not there:
            problems.append(
                f"no row of {split} of {name} has a video that is there; see above, and correct "
                "the paths or corpus.root."
            )
        if first is None and there:
            first = there[0]
            lines += ["", *_as_understood(annotations), ""]
    for split, language in needed_annotations(config, name):
        problems += _language_problem(corpus, split, language)
    return CorpusReport(name, lines, list(dict.fromkeys(problems)), corpus, first)


def _language_problem(corpus: Corpus, split: str, language: str | None) -> list[str]:
    if language is None:
        return []
    try:
        corpus.annotation_file(split, language)
    except UserError as error:
        return [str(error)]
    return []


def _counts(annotations: Sequence[Annotation]) -> Iterator[str]:
    usable = [one for one in annotations if one.problem is None]
    videos = {one.source or one.expected for one in usable}
    missing = sorted({one.expected for one in usable if one.source is None})
    yield f"    {len(annotations)} rows, {len(usable)} of them readable, of {len(videos)} videos"
    if missing:
        yield f"    missing videos: {len(missing)} ({first_few(missing, 3)})"
    problems = Counter(one.problem.reason for one in annotations if one.problem)
    for reason, n in problems.most_common():
        example = next(o for o in annotations if o.problem and o.problem.reason == reason)
        yield f"    {reason}: {n} rows ({REASONS[reason]})"
        yield f"      the first: row {example.row}: {_short(example.problem.detail, 150)}"
    empty = sum(not one.text.strip() for one in usable)
    if empty:
        yield f"    without a caption: {empty} rows"
    languages = Counter(one.language for one in usable if one.language)
    if languages:
        counts = first_few([f"{code} {n}" for code, n in languages.most_common()])
        yield f"    languages of their own: {counts}"


def _as_understood(annotations: Sequence[Annotation]) -> Iterator[str]:
    """The first rows in columns."""
    header = ("clip", "video", "start_s", "end_s", "signer", "text")
    rows = [header, *(_fields(one) for one in annotations[:ROWS_SHOWN])]
    widths = [max(len(row[at]) for row in rows) for at in range(len(header))]
    yield f"  The first {len(rows) - 1} rows as they are understood:"
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"    {'  '.join(cells)}".rstrip()


def _fields(one: Annotation) -> tuple[str, ...]:
    if one.problem:
        return (_short(one.clip_id or f"row {one.row}"), f"({one.problem.reason})", *[""] * 4)
    times = ("whole", "video") if one.whole_video else (_seconds(one.start_s), _seconds(one.end_s))
    video = one.source or f"missing: {one.expected}"
    return (_short(one.clip_id), _short(video), *times, _short(one.signer), _short(one.text))


def _seconds(time: float | None) -> str:
    return "none" if time is None else f"{time:.3f}"


def _short(text: str, longest: int = LONGEST_FIELD) -> str:
    plain = "".join(char if char.isprintable() else " " for char in text)
    return plain if len(plain) <= longest else f"{plain[: longest - 3]}..."


def draw_first(report: CorpusReport, crop: Mapping[str, object], output: Path) -> list[str]:
    """Draw the box that would be cut out of the first sentence's video; returns what it shows.

    Args:
        crop: the config's section.

    Raises:
        UserError: the video cannot be read.
    """
    import cv2

    from sonar_sign.core.files import atomic_write
    from sonar_sign.core.geometry import square_box
    from sonar_sign.core.video import VideoError, probe, read_frames
    from sonar_sign.core.video_pictures import RATE

    path = report.corpus.root / report.first.source
    try:
        video = probe(path, report.first.frame_rate or RATE)
        signer = _signer(report, path, video, crop)
        start = round(max(report.first.start_s or 0.0, 0.0) * video.fps)
        _, frame = next(read_frames(path, min(start, video.n_frames - 1), None, video))
    except (VideoError, StopIteration) as error:
        detail = getattr(error, "detail", "no frame can be read")
        raise UserError(f"{path} cannot be decoded ({detail}); download it again.") from error
    picture = frame[:, :, ::-1].copy()
    width = max(2, video.height // 180)
    corners = [int(edge) for edge in square_box(signer.box)]
    cv2.rectangle(picture, tuple(corners[:2]), tuple(corners[2:]), (0, 0, 255), width)
    if signer.face.box is not None:
        face = [int(edge) for edge in signer.face.box]
        cv2.rectangle(picture, tuple(face[:2]), tuple(face[2:]), (0, 255, 0), width)
    _, png = cv2.imencode(".png", picture)
    with atomic_write(output) as temporary:
        temporary.write_bytes(png.tobytes())
    size = (
        f"{video.width}x{video.height}, {video.fps:g} frames per second, {video.duration_s:.1f} s"
    )
    return [
        f"  The first video, {report.first.source} ({size}): {_BOXES[signer.box_from]}.",
        f"  {output} shows it, with what would be cut out in red and the face in green.",
    ]


_BOXES = {
    "video": "the signer's face was found",
    "fallback": "no face was found, so the middle of the picture would be cut out",
    "whole": "its corpus is cropped already, so the whole picture is used",
    "given": "the corpus says where the signer is",
}


def _signer(report: CorpusReport, path: Path, video, crop: Mapping[str, object]) -> "SignerBox":
    from sonar_sign.clips.signer_box import given_box, open_face_search, whole_frame

    if report.corpus.cropped:
        return whole_frame(video)
    if report.first.box is not None:
        return given_box(report.first.box, video)
    # The CNN's model is fetched by the workflow, and may not be there yet.
    return open_face_search("hog", int(crop["frames_probed"]), None).box(path, video)


def next_command(config_files: Sequence[Path], name: str) -> str:
    """What makes the manifests, and counts what they hold."""
    files = "".join(f" {file}" for file in config_files)
    flag = f" --configfile{files}" if config_files else ""
    return f".venv/bin/snakemake results/{name}/manifests/summary.json --cores 4{flag}"
