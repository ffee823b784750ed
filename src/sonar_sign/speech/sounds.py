"""Sound as float32 samples at one rate: read, and made faster, by FFmpeg's filters."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import av
import numpy as np
from av.filter import Graph

RATE = 24_000


def read_wav(path: Path) -> np.ndarray:
    """Mono sound at `RATE`, float32 `(n,)`."""
    with av.open(str(path)) as container:
        return _samples(container.decode(audio=0), [])


def faster(sound: np.ndarray, rate: float) -> np.ndarray:
    """The sound in `1 / rate` of its time, with the same pitch; float32 `(n,)`."""
    if rate == 1:
        return sound
    return _samples([frame_of(sound)], [("atempo", f"{rate:.6f}")])


def frame_of(sound: np.ndarray, first: int = 0) -> av.AudioFrame:
    """Samples `(n,)` as a frame that begins at sample `first`."""
    frame = av.AudioFrame.from_ndarray(sound[None], format="flt", layout="mono")
    frame.sample_rate, frame.pts = RATE, first
    return frame


def _samples(frames: Iterable[av.AudioFrame], filters: Sequence[tuple[str, str]]) -> np.ndarray:
    """Frames through filters, as mono float32 at `RATE`."""
    graph, parts = None, []

    def drain() -> None:
        while True:
            try:
                parts.append(graph.pull().to_ndarray().reshape(-1))
            except (BlockingIOError, EOFError):
                return

    for frame in frames:
        if graph is None:
            graph = Graph()
            nodes = [
                graph.add_abuffer(
                    sample_rate=frame.sample_rate, format=frame.format, layout=frame.layout
                ),
                *(graph.add(name, value) for name, value in filters),
                graph.add("aresample", str(RATE)),
                graph.add("aformat", "sample_fmts=flt:channel_layouts=mono"),
                graph.add("abuffersink"),
            ]
            graph.link_nodes(*nodes).configure()
        graph.push(frame)
        drain()
    if graph is None:
        return np.zeros(0, np.float32)
    graph.push(None)
    drain()
    return np.concatenate([*parts, np.zeros(0, np.float32)]).astype(np.float32)
