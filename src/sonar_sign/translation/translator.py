"""A video and models in, translations out: the whole way in one process, without a workflow."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from sonar_sign.clips.signer_box import FaceSearch
from sonar_sign.core.devices import autocast, choose_device
from sonar_sign.core.geometry import crop_resize
from sonar_sign.core.options import CropOptions, TranslateOptions
from sonar_sign.core.video import VideoError, probe, read_frames
from sonar_sign.features.clip_features import clip_features
from sonar_sign.features.clip_windows import cut_windows
from sonar_sign.models.checkpoint import load_sign_encoder, load_sign_hiera
from sonar_sign.models.sign_encoder import SignEncoder
from sonar_sign.models.sign_hiera import SignHiera

if TYPE_CHECKING:
    from sonar_sign.models.sonar_text import Hypothesis, SonarText


@dataclass(frozen=True)
class ModelFiles:
    """Where the three models of a system lie."""

    sign_hiera: Path
    sign_encoder: Path
    sonar: Path


@dataclass(frozen=True)
class Translation:
    """What is signed in a stretch of a video, in one or several languages."""

    video: Path
    start_s: float
    end_s: float
    hypotheses: "dict[str, list[Hypothesis]]"
    """By language, best first."""
    box_from: str
    """`video`, or `fallback`: no face was found and the middle of the frame was read."""
    timings_ms: dict[str, float] = field(default_factory=dict)
    """Milliseconds by stage; reading and finding the face count for the video's first stretch."""


class Translator:
    """The models of one system, loaded once."""

    def __init__(
        self,
        sign_hiera: SignHiera,
        sign_encoder: SignEncoder,
        sonar: "SonarText",
        options: TranslateOptions,
    ):
        self.sign_hiera, self.sign_encoder, self.sonar = sign_hiera, sign_encoder, sonar
        self.options = options
        self.device = next(sign_hiera.parameters()).device

    @classmethod
    def load(cls, files: ModelFiles, options: TranslateOptions, device: str) -> "Translator":
        """Load the models.

        Raises:
            UserError: a file is missing or not what it should be, or the device is not there.
        """
        # Importing fairseq2 costs seconds, so only when it is needed.
        from sonar_sign.models.sonar_text import SonarText

        chosen = choose_device(device)
        autocast(chosen, options.precision)  # says now what it would refuse later
        return cls(
            load_sign_hiera(files.sign_hiera, device=chosen),
            load_sign_encoder(files.sign_encoder, device=chosen),
            SonarText.open(files.sonar, device=chosen),
            options,
        )

    def translate(self, path: Path, languages: Sequence[str]) -> Iterator[Translation]:
        """Translate a video, as one clip or in stretches of `window_s` seconds.

        Raises:
            VideoError: the video cannot be read.
        """
        timings: dict[str, float] = {}
        with _timed(timings, "face"):
            video = probe(path)
            signer = FaceSearch(CropOptions().frames_probed).box(path, video)
        for start, end in _stretches(video.n_frames, video.fps, self.options.window_s):
            with _timed(timings, "decode_and_crop"):
                frames = self._frames(path, start, end, signer.box)
            embedding = self._embed(frames, video.fps, timings)
            with _timed(timings, "sonar_decoder"):
                hypotheses = {
                    language: self.sonar.decode_n_best(
                        embedding,
                        language,
                        n_best=self.options.n_best,
                        beam_size=self.options.beam_size,
                    )[0]
                    for language in languages
                }
            yield Translation(
                path, start / video.fps, end / video.fps, hypotheses, signer.box_from, timings
            )
            timings = {}

    def _frames(self, path: Path, start: int, end: int, box) -> np.ndarray:
        """Cropped frames `(n, size, size, 3)` uint8 of a stretch."""
        size = self.sign_hiera.config.input_size[1]
        frames = [
            crop_resize(frame[None], box, size)[0] for _, frame in read_frames(path, start, end)
        ]
        if not frames:
            raise VideoError("no_frames", "no frame can be decoded")
        return np.stack(frames)

    @torch.inference_mode()
    def _embed(self, frames: np.ndarray, fps: float, timings: dict[str, float]) -> torch.Tensor:
        """The SONAR embedding of a stretch, `(1, embedding_dim)` float32."""
        clip = cut_windows(
            "",
            len(frames),
            fps,
            self.sign_hiera.config,
            self.options.compat,
            lambda numbers: frames[numbers],
        )
        options = self.options
        (found,) = clip_features(self.sign_hiera, [clip], options.batch_units, options.precision)
        timings["sign_hiera"] = found.milliseconds
        with _timed(timings, "sign_encoder"), autocast(self.device, self.options.precision):
            return self.sign_encoder(found.features[None]).float()


def _stretches(n_frames: int, fps: float, window_s: float) -> list[tuple[int, int]]:
    """First and last frame (exclusive) of each stretch; the rest of a video is a shorter one."""
    length = max(1, round(window_s * fps)) if window_s > 0 else n_frames
    return [(start, min(start + length, n_frames)) for start in range(0, n_frames, length)]


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    timings[stage] = timings.get(stage, 0.0) + 1000 * (time.perf_counter() - started)
