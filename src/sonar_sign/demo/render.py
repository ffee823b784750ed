"""Renders one source video of the demo corpus: the mp4 file and its keypoints."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from sonar_sign.core.demo_options import PLAIN, DifficultyOptions
from sonar_sign.core.files import atomic_write
from sonar_sign.demo.articulation import Delivery
from sonar_sign.demo.body import keypoints, pose
from sonar_sign.demo.detector import detected
from sonar_sign.demo.domains import LEFT_HANDED_SIGNER, set_up
from sonar_sign.demo.grammar import Sentence
from sonar_sign.demo.motion import FPS, SpanS, other_handed, perform
from sonar_sign.demo.openpose import write_keypoints
from sonar_sign.demo.signer import Signer

CODEC_OPTIONS = {
    "preset": "ultrafast",
    "crf": "22",
    "threads": "1",
    "x264-params": f"keyint={FPS}:min-keyint={FPS}:scenecut=0:open-gop=0",
}


@dataclass(frozen=True)
class VideoPlan:
    """Everything that is needed to render one source video."""

    name: str
    """VIDEO_NAME in the annotations."""
    domain: str
    signer: int
    sentences: tuple[Sentence, ...]
    seed: tuple[int, ...]
    difficulty: DifficultyOptions = PLAIN
    emphasis: tuple[float, ...] = ()
    """Strength for each sentence, 0 to 1; empty: none is emphasised."""

    def sentence_name(self, k: int) -> str:
        """SENTENCE_NAME of the `k`-th sentence in the annotations."""
        suffix = f"-{self.signer}-rgb_front"
        return f"{self.name.removesuffix(suffix)}_{k}{suffix}"


@dataclass(frozen=True)
class RenderedVideo:
    """The times of sentences and signs in a rendered video."""

    sentences: tuple[tuple[float, float], ...]
    """Start and end in seconds."""
    signs: tuple[tuple[SpanS, ...], ...]
    """The signs of each sentence."""
    n_frames: int


def render(plan: VideoPlan, root: Path) -> RenderedVideo:
    """Write `raw_videos/{name}.mp4` and `openpose/{name}/` under `root`, each atomically."""
    # Videos are rendered by one process per core, so threads inside OpenCV would only compete.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return _render(plan, root)
    finally:
        cv2.setNumThreads(threads)


def _render(plan: VideoPlan, root: Path) -> RenderedVideo:
    rng = np.random.default_rng(plan.seed)
    # What difficulties draw is drawn apart, so that switching one on changes nothing else.
    own_rng = np.random.default_rng((*plan.seed, 1))
    difficulty = plan.difficulty
    shot = set_up(plan.domain, plan.signer, rng, difficulty.movement_spread)
    performance = perform(plan.sentences, shot.manner, rng, deliveries_of(plan, own_rng))
    if difficulty.left_handed and plan.signer == LEFT_HANDED_SIGNER:
        performance = other_handed(performance)
    signer = Signer(shot.look, shot.frame, shot.background, rng)
    poses = pose(performance, shot.frame, shot.look.arm_length)
    points = keypoints(poses, signer.head, shot.frame, rng)
    if difficulty.keypoints == "detected":
        points = detected(*points, shot.frame.shoulder_px, own_rng)

    folder = root / "openpose" / plan.name
    unfinished = folder.with_name(f".{plan.name}")
    for old in (folder, unfinished):
        shutil.rmtree(old, ignore_errors=True)
    unfinished.mkdir(parents=True)
    write_keypoints(unfinished, plan.name, *points)
    unfinished.rename(folder)

    n_frames = len(poses.arms)
    with atomic_write(root / "raw_videos" / f"{plan.name}.mp4") as temporary:
        _encode(temporary, signer.frames(poses, difficulty.exposure), shot.frame.size_px)
    return RenderedVideo(performance.sentences, performance.signs, n_frames)


def deliveries_of(plan: VideoPlan, rng: np.random.Generator) -> list[Delivery]:
    """How each sentence is signed: at its own rate, with its emphasis."""
    difficulty = plan.difficulty
    rates = difficulty.rate * np.exp(
        difficulty.rate_spread * rng.standard_normal(len(plan.sentences))
    )
    strengths = plan.emphasis or (0.0,) * len(plan.sentences)
    return [
        Delivery(float(rate), strength, difficulty.coarticulation)
        for rate, strength in zip(rates, strengths, strict=True)
    ]


def _encode(path: Path, images: Iterable[np.ndarray], size_px: int) -> None:
    """Encode (size, size, 3) uint8 RGB images as H.264, one closed group of pictures per second."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options=CODEC_OPTIONS)
        stream.width = stream.height = size_px
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        for image in images:
            container.mux(stream.encode(_yuv(image)))
        container.mux(stream.encode(None))


def _yuv(image: np.ndarray) -> av.VideoFrame:
    """A frame in BT.601 limited range, which decoders assume for a file that does not say.

    OpenCV converts many times faster than `VideoFrame.reformat`.
    """
    height, width = image.shape[:2]
    values = cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420).reshape(-1)
    frame = av.VideoFrame(width, height, "yuv420p")
    first = 0
    for plane in frame.planes:
        size = plane.height * plane.width
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        rows[: plane.height, : plane.width] = values[first : first + size].reshape(
            plane.height, plane.width
        )
        first += size
    return frame
