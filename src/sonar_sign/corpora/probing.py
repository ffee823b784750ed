"""What every video file of a corpus holds, looked at once and remembered.

The memory is a table beside the results: a file is probed again when its size or its time of
change differs. It saves time only; deleting it loses nothing.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.progress import track
from sonar_sign.core.tables import read_columns, write_rows
from sonar_sign.core.video import VideoError, VideoInfo, probe

COLUMNS = (
    "source",
    "size",
    "mtime_ns",
    "n_frames",
    "fps",
    "width",
    "height",
    "codec",
    "reason",
    "detail",
)

Probed = VideoInfo | VideoError
# Size in bytes and time of change in nanoseconds: what tells that a file is the same.
_State = tuple[int, int]


def probe_all(
    root: Path, sources: Iterable[str], workers: int, memory: Path | None = None
) -> dict[str, Probed]:
    """Probe every source under `root` once.

    Args:
        workers: videos probed at the same time. Reading headers waits for the disk, so these
            are threads.
        memory: table of what was found earlier; read, and written even if this is cut short.
    """
    sources = sorted(set(sources))
    known = _recall(memory)
    found: dict[str, tuple[_State, Probed]] = {}

    def look(source: str) -> tuple[_State, Probed]:
        state = _state(Path(root) / source)
        if source in known and known[source][0] == state:
            return known[source]
        try:
            return state, probe(Path(root) / source)
        except VideoError as error:
            return state, error

    try:
        with ThreadPoolExecutor(workers) as pool:
            results = pool.map(look, sources)
            for source, result in zip(
                sources, track(results, "Probing videos", len(sources)), strict=True
            ):
                found[source] = result
    finally:
        _remember(memory, {**known, **found})
    return {source: probed for source, (_, probed) in found.items()}


def _state(path: Path) -> _State:
    try:
        status = path.stat()
    except OSError:
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)


def _recall(memory: Path | None) -> dict[str, tuple[_State, Probed]]:
    if memory is None or not memory.exists():
        return {}
    known: dict[str, tuple[_State, Probed]] = {}
    # A table that cannot be read is as good as none.
    with suppress(UserError, ValueError):
        table = read_columns(memory, COLUMNS, key="source")
        for source, size, mtime_ns, *about, reason, detail in zip(
            *(table[name] for name in COLUMNS), strict=True
        ):
            probed = VideoError(reason, detail) if reason else _video_info(*about)
            known[source] = ((int(size), int(mtime_ns)), probed)
    return known


def _video_info(n_frames: str, fps: str, width: str, height: str, codec: str) -> VideoInfo:
    return VideoInfo(int(n_frames), float(fps), int(width), int(height), codec)


def _remember(memory: Path | None, found: dict[str, tuple[_State, Probed]]) -> None:
    if memory is None:
        return
    rows = []
    for source, (state, probed) in sorted(found.items()):
        if isinstance(probed, VideoError):
            values = ("", "", "", "", "", probed.reason, " ".join(probed.detail.split()))
        else:
            values = (*astuple(probed), "", "")
        rows.append((source, *state, *values))
    write_rows(memory, COLUMNS, rows)
