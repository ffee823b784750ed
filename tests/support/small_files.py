"""Small real files for tests: videos that say which frame is which, corpora, shards.

Nothing here imports PyTorch, so that tests of modules without it start at once; `tiny_models` does.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import av
import numpy as np
import pandas as pd
from frames import write_table

from sonar_sign.clips.clip_shards import ClipInfo, write_clips
from sonar_sign.core.video import encode_clip
from sonar_sign.features.feature_shards import write_features
from sonar_sign.features.targets import write_targets

REPOSITORY = Path(__file__).parents[2]
REAL_DATA = REPOSITORY.parent / "shared/data"
NO_REAL_DATA = f"{REAL_DATA} is missing: real How2Sign files are not part of the repository"

EMBEDDING_DIM = 32  # as wide as the fixture `tiny_sonar`
FEATURE_DIM = 64  # of `tiny_models.HIERA`
HOW2SIGN = (
    "VIDEO_ID",
    "VIDEO_NAME",
    "SENTENCE_ID",
    "SENTENCE_NAME",
    "START_REALIGNED",
    "END_REALIGNED",
    "SENTENCE",
)


def numbered(number: int, height: int = 32, width: int = 32) -> np.ndarray:
    """A frame whose two halves give its number, 0 to 255, and survive lossy coding."""
    frame = np.empty((height, width, 3), np.uint8)
    frame[:, : width // 2] = 15 * (number % 16) + 8
    frame[:, width // 2 :] = 15 * (number // 16) + 8
    return frame


def number_of(frame: np.ndarray) -> int:
    """The number that `numbered` wrote."""
    height, width = frame.shape[:2]
    rows = slice(height // 4, 3 * height // 4)
    low, high = (frame[rows, int(x * width) : int((x + 0.2) * width)].mean() for x in (0.15, 0.65))
    return round((low - 8) / 15) + 16 * round((high - 8) / 15)


def write_video(
    path: Path,
    frames: int | Iterable[np.ndarray],
    fps: int = 24,
    times: Sequence[int] | None = None,
    keyframes: int = 250,
    rotation: int | None = None,
    pix_fmt: str = "yuv420p",
    **options: str,
) -> Path:
    """A video, H.264 with B-frames (VP8 as `.webm`); a number of frames means numbered ones.

    `times` are the frames' times in units of `1 / fps`, by default 0, 1, 2 ...; every
    `keyframes`-th frame is a keyframe; `rotation` is what the container asks for, in degrees
    counterclockwise.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = [numbered(n) for n in range(frames)] if isinstance(frames, int) else list(frames)
    with av.open(str(path), "w", options=options) as container:
        codec = "libvpx" if path.suffix == ".webm" else "libx264"
        settings = {"crf": "12", "threads": "1"} | ({"b": "2M"} if codec == "libvpx" else {})
        stream = container.add_stream(codec, rate=fps, options=settings)
        if rotation is not None:
            stream.set_display_rotation(rotation)
        stream.codec_context.gop_size = keyframes
        stream.height, stream.width = frames[0].shape[:2] if frames else (32, 32)
        stream.pix_fmt = pix_fmt
        container.start_encoding()
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts = times[number] if times else number
            container.mux(stream.encode(picture))
        if frames:
            container.mux(stream.encode())
    return path


def write_audio(path: Path) -> Path:
    """An mp4 with sound and no picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(
            np.zeros((1, 8000), np.float32), format="fltp", layout="mono"
        )
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    return path


def truncate(path: Path, share: float) -> Path:
    """Keep only the first part of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    return path


def row(clip_id: str, video: str = "vid-5-rgb_front", start="0.0", end="1.0", text="Hello.") -> str:
    """A tab-separated row of a How2Sign annotation file."""
    return "\t".join([video[:3], video, f"{video[:3]}_0", clip_id, str(start), str(end), text])


def write_annotations(root: Path, rows: Sequence[str], split: str = "train") -> Path:
    """A How2Sign annotation file, tab-separated, one given line a row."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / f"how2sign_realigned_{split}.csv"
    path.write_text("\n".join(["\t".join(HOW2SIGN), *rows]) + "\n", encoding="utf-8")
    return path


def write_clip_shard(path: Path, lengths: Mapping[str, int], size: int = 32) -> Path:
    """A clip shard of numbered clips, 24 frames a second, `lengths` frames by clip id.

    The i-th clip's frames are numbered from 25 i on.
    """
    write_clips(
        path,
        (
            (
                clip_id,
                encode_clip(
                    [numbered((25 * i + n) % 256, size, size) for n in range(n_frames)], 24.0, 18
                ),
                ClipInfo((0, 0, size, size), "video", 1, 1, 24.0, n_frames, size, size),
            )
            for i, (clip_id, n_frames) in enumerate(lengths.items())
        ),
    )
    return path


def write_manifest(path: Path, clip_ids: Sequence[str], texts: Sequence[str] | None = None) -> Path:
    """As much of a manifest as the steps after `crop` read."""
    texts = texts or [f"Caption of {clip_id}." for clip_id in clip_ids]
    write_table(path, pd.DataFrame({"clip_id": clip_ids, "text": texts}, dtype="str"))
    return path


def write_random_features(
    path: Path, clip_ids: Sequence[str], seed: int = 0, dim: int = FEATURE_DIM, sha: str = "s"
) -> dict[str, np.ndarray]:
    """A feature shard of clips that differ, three to nine features each; returns what it holds."""
    rng = np.random.default_rng(seed)
    clips = {
        clip_id: (rng.normal(size=dim) + 0.1 * rng.normal(size=(rng.integers(3, 10), dim)))
        for clip_id in clip_ids
    }
    write_features(path, clips, dim, sha)
    return clips


def write_random_targets(
    path: Path, clip_ids: Sequence[str], seed: int = 1, dim: int = EMBEDDING_DIM
) -> np.ndarray:
    """Random embeddings of SONAR's magnitude; returns them, `(n_clips, dim)`."""
    embeddings = 0.01 * np.random.default_rng(seed).normal(size=(len(clip_ids), dim))
    write_targets(path, clip_ids, embeddings)
    return embeddings
