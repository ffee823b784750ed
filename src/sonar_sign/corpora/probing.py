"""Reads the properties of every video file of a corpus, with a cache.

The cache is a table beside the results. A file is probed again when its size or modification
time changes; a folder of pictures when pictures are added, removed or renamed, not when one is
overwritten in place. Deleting the cache only costs time.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.progress import track
from sonar_sign.core.tables import read_columns, write_rows
from sonar_sign.core.video import VideoError, VideoInfo, probe
from sonar_sign.core.video_reading import PICTURES

COLUMNS = (
    "source",
    "size",
    "mtime_ns",
    "n_frames",
    "fps",
    "width",
    "height",
    "codec",
    "origin_s",
    "gaps",
    "in_order",
    "reason",
    "detail",
)

Probed = VideoInfo | VideoError
# Size in bytes and modification time in nanoseconds; equal values mean an unchanged file.
_State = tuple[int, int]


def probe_all(
    root: Path,
    sources: Iterable[str],
    workers: int,
    cache: Path | None = None,
    rates: Mapping[str, float] | None = None,
) -> dict[str, Probed]:
    """Probe every source under `root` once.

    Args:
        workers: number of videos probed in parallel. Reading headers mostly waits for the disk,
            so these are threads.
        cache: table of earlier results; it is also written if probing is interrupted.
        rates: frames per second of those sources that are folders of pictures.
    """
    sources, rates = sorted(set(sources)), rates or {}
    known = _read_cache(cache)
    found: dict[str, tuple[_State, Probed]] = {}

    def probe_once(source: str) -> tuple[_State, Probed]:
        state = _state(Path(root) / source)
        if source in known and known[source][0] == state:
            return known[source]
        try:
            return state, probe(Path(root) / source)
        except VideoError as error:
            return state, error

    try:
        with ThreadPoolExecutor(workers) as pool:
            results = pool.map(probe_once, sources)
            for source, result in zip(
                sources, track(results, "Probing videos", len(sources)), strict=True
            ):
                found[source] = result
    finally:
        _write_cache(cache, {**known, **found})
    return {source: _at_rate(probed, rates.get(source)) for source, (_, probed) in found.items()}


def _at_rate(probed: Probed, folder_fps: float | None) -> Probed:
    """A folder of pictures says no frame rate, so the cache may have it at another one."""
    if folder_fps and isinstance(probed, VideoInfo) and probed.codec == PICTURES:
        return replace(probed, fps=folder_fps)
    return probed


def _state(path: Path) -> _State:
    try:
        status = path.stat()
    except OSError:
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)


def _read_cache(cache: Path | None) -> dict[str, tuple[_State, Probed]]:
    if cache is None or not cache.exists():
        return {}
    known: dict[str, tuple[_State, Probed]] = {}
    # An unreadable cache is treated like a missing one.
    with suppress(UserError, ValueError):
        table = read_columns(cache, COLUMNS, key="source")
        for source, size, mtime_ns, *about, reason, detail in zip(
            *(table[name] for name in COLUMNS), strict=True
        ):
            probed = VideoError(reason, detail) if reason else _video_info(*about)
            known[source] = ((int(size), int(mtime_ns)), probed)
    return known


def _video_info(
    n_frames: str, fps: str, width: str, height: str, codec: str, *times: str
) -> VideoInfo:
    origin_s, gaps, in_order = times
    edges = [tuple(map(int, gap.split("-"))) for gap in gaps.split()]
    return VideoInfo(
        int(n_frames), float(fps), int(width), int(height), codec,
        Fraction(origin_s), tuple((first, last) for first, last in edges), in_order == "True",
    )  # fmt: skip


def _written(video: VideoInfo) -> tuple[object, ...]:
    *values, gaps, in_order = (getattr(video, field.name) for field in fields(video))
    return *values, " ".join(f"{first}-{last}" for first, last in gaps), in_order


def _write_cache(cache: Path | None, found: dict[str, tuple[_State, Probed]]) -> None:
    if cache is None:
        return
    rows = []
    for source, (state, probed) in sorted(found.items()):
        if isinstance(probed, VideoError):
            values = ("",) * 8 + (probed.reason, " ".join(probed.detail.split()))
        else:
            values = (*_written(probed), "", "")
        rows.append((source, *state, *values))
    write_rows(cache, COLUMNS, rows)


def changed_since(root: Path, cache: Path, sources: Iterable[str]) -> set[str]:
    """Sources that have another size or modification time than in the cache, or are missing."""
    known = _read_cache(cache)
    return {
        source
        for source in sources
        if source in known and known[source][0] != _state(Path(root) / source)
    }
