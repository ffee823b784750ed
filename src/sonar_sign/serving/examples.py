"""Example clips: drawn signers of the demo's test split, cut from their videos when asked for."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.tables import read_columns
from sonar_sign.translation.predictions import read_record

N_EXAMPLES = 10
# x264's constant rate factor; drawings need few bytes.
QUALITY = 20
PICTURE_PIXELS = 160
DRAWN = "demo"
COLUMNS = ("source", "clip_id", "start_s", "end_s", "text")


@dataclass(frozen=True)
class Example:
    """One clip."""

    id: str
    source: Path
    """The video that it is part of."""
    start_s: float
    end_s: float
    text: str
    """Its caption, English."""


class Examples:
    """The examples of some results folders; people's videos are never among them."""

    def __init__(self, results: Sequence[Path]):
        self._all = {one.id: one for folder in results for one in _of(folder)}
        self._cut: dict[tuple[str, str], bytes] = {}

    def list(self) -> list[dict[str, object]]:
        return [
            {"id": one.id, "seconds": round(one.end_s - one.start_s, 2), "text": one.text}
            for one in self._all.values()
        ]

    async def video(self, example_id: str) -> bytes | None:
        """The mp4 of an example; None where there is no such one."""
        return await self._made(example_id, _video)

    async def picture(self, example_id: str) -> bytes | None:
        """A frame of an example as JPEG; None where there is no such one."""
        return await self._made(example_id, _picture)

    async def _made(self, example_id: str, make: Callable[[Example], bytes]) -> bytes | None:
        one = self._all.get(example_id)
        if one is None:
            return None
        key = (one.id, make.__name__)
        if key not in self._cut:
            self._cut[key] = await asyncio.to_thread(make, one)
        return self._cut[key]


def _of(results: Path) -> list[Example]:
    """Test clips of different signers and videos; none where the signers are not drawn."""
    identity, manifest = results / "identity.json", results / "manifests/test.tsv"
    if not identity.is_file() or not manifest.is_file():
        return []
    record = read_record(identity, "What the results are made of")
    if record.get("type") != DRAWN:
        return []
    root = results.resolve().parent.parent / str(record.get("root", ""))
    columns = read_columns(manifest, COLUMNS)
    rows = sorted(zip(*(columns[name] for name in COLUMNS), strict=True))
    step = max(1, len(rows) // N_EXAMPLES)
    found = [
        Example(str(number), root / source, float(start), float(end), text)
        for number, (source, _, start, end, text) in enumerate(rows[::step][:N_EXAMPLES], start=1)
    ]
    return [one for one in found if one.source.is_file()]


def _video(one: Example) -> bytes:
    """The clip as mp4."""
    from sonar_sign.core.video import encode_clip, probe, read_frames

    video = probe(one.source)
    start, end = round(one.start_s * video.fps), round(one.end_s * video.fps)
    frames = (frame for _, frame in read_frames(one.source, start, end, video))
    return encode_clip(frames, video.fps, QUALITY)


def _picture(one: Example) -> bytes:
    """The clip's middle frame as JPEG."""
    import cv2

    from sonar_sign.core.video import probe, read_frames

    video = probe(one.source)
    middle = round((one.start_s + one.end_s) / 2 * video.fps)
    _, frame = next(read_frames(one.source, middle, middle + 1, video))
    small = cv2.resize(frame, (PICTURE_PIXELS, PICTURE_PIXELS))
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
    return jpeg.tobytes()
