"""From a video to translations in one process, without the workflow."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from sonar_sign.clips.motion import shows_signing
from sonar_sign.clips.signer_box import FaceSearch
from sonar_sign.core.bounds import MAX_WINDOW_S, MIN_WINDOW_S
from sonar_sign.core.devices import (
    autocast,
    choose_device,
    choose_precision,
    n_parameters,
    timer_on,
)
from sonar_sign.core.geometry import Box, crop_resize
from sonar_sign.core.options import CropOptions, PredictOptions, TranslateOptions
from sonar_sign.core.timing import Timer
from sonar_sign.core.video import VideoError, VideoInfo, probe, read_frames
from sonar_sign.core.wording import duration
from sonar_sign.features.clip_features import clip_features
from sonar_sign.features.clip_windows import cut_windows
from sonar_sign.models.checkpoint import load_sign_encoder, load_sign_hiera
from sonar_sign.models.sign_encoder import SignEncoder
from sonar_sign.models.sign_hiera import SignHiera
from sonar_sign.translation.inputs import SonarModels
from sonar_sign.translation.sonar_system import open_sonar

if TYPE_CHECKING:
    from sonar_sign.models.sonar_text import Hypothesis, SonarText

# Where neither a system nor a person says otherwise: as the workflow decodes.
DEFAULT_BEAM_SIZE = PredictOptions().beam_size

# Signs take longer.
MIN_VIDEO_S = 0.2


@dataclass(frozen=True)
class Translation:
    """The translation of a video, or of a part of it, into one or several languages."""

    video: Path
    start_s: float
    """Start of the part in the video, seconds."""
    end_s: float
    hypotheses: "dict[str, list[Hypothesis]]"
    """By language, best first; empty lists where nothing is signed."""
    box_from: str
    """`video`, or `fallback`: no face was found and the middle of the frame was used."""
    timings_ms: dict[str, float] = field(default_factory=dict)
    """By stage; the search for the face counts for the first part of a video."""
    signed: bool = True
    """Whether anything moves; a black or motionless part is not translated."""


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
        self.sign_hiera_precision = choose_precision(
            options.precision, self.device, n_parameters(sign_hiera)
        )

    @classmethod
    def load(
        cls,
        models: SonarModels,
        languages: Iterable[str],
        options: TranslateOptions = TranslateOptions(),  # noqa: B008 (frozen)
        device: str = "auto",
    ) -> "Translator":
        """Load the models.

        Args:
            languages: FLORES codes that it will translate into.

        Raises:
            UserError: a file is missing or not what it should be, a language is unknown, or the
                device does not exist.
        """
        chosen = choose_device(device)
        choose_precision(options.precision, chosen, 0)  # raises now, not after models are loaded
        sonar = open_sonar(models, languages, chosen, options.precision)
        _ = sonar.decoder  # loaded now: an unreadable file must not be reported for every video
        return cls(
            load_sign_hiera(models.sign_hiera, device=chosen),
            load_sign_encoder(models.sign_encoder, device=chosen),
            sonar,
            options,
        )

    def translate(self, path: Path, languages: Sequence[str]) -> Iterator[Translation]:
        """Translate a video, as one clip or in parts of `window_s` seconds.

        Raises:
            VideoError: the video cannot be read, is a single picture, or is too long for one part.
        """
        timer = timer_on(self.device)
        video = probe(path, self.options.frame_rate)
        parts = _parts(video, self.options.window_s)
        signer = FaceSearch(CropOptions().frames_probed).box(path, video)
        timer.lap("face")
        for start, end in parts:
            frames = self._frames(path, video, start, end, signer.box)
            timer.lap("decode_and_crop")
            signed = video.shows_something(start, end) and shows_signing(frames, video.fps)
            hypotheses: dict[str, list[Hypothesis]] = {language: [] for language in languages}
            if signed:
                embedding = self._embed(frames, video.fps, timer)
                hypotheses = self._decode(embedding, languages)
                timer.lap("sonar_decoder")
            yield Translation(
                path,
                start / video.fps,
                end / video.fps,
                hypotheses,
                signer.box_from,
                dict(timer.milliseconds),
                signed,
            )
            timer = timer_on(self.device)

    def _frames(self, path: Path, video: VideoInfo, start: int, end: int, box: Box) -> np.ndarray:
        """The cropped frames of a part, `(n, size, size, 3)` uint8."""
        size = self.sign_hiera.config.input_size[1]
        frames = np.empty((end - start, size, size, 3), np.uint8)
        n_read = 0
        for number, frame in read_frames(path, start, end, video):
            n_read = number - start + 1
            frames[number - start] = crop_resize(frame[None], box, size)[0]
        if n_read == 0:
            raise VideoError("no_frames", "no frame can be decoded")
        return frames[:n_read]

    @torch.inference_mode()
    def _embed(self, frames: np.ndarray, fps: float, timer: Timer) -> torch.Tensor:
        """The SONAR embedding of a part, `(1, embedding_dim)` float32."""
        clip = cut_windows(
            "",
            len(frames),
            fps,
            self.sign_hiera.config,
            self.options.compat,
            lambda numbers: frames[numbers],
        )
        batch_units = self.options.batch_units
        (found,) = clip_features(self.sign_hiera, [clip], batch_units, self.sign_hiera_precision)
        timer.lap("sign_hiera")
        with autocast(self.device, self.sonar.decoder_precision):
            embedding = self.sign_encoder(found.features[None]).float()
        timer.lap("sign_encoder")
        return embedding

    def _decode(
        self, embedding: torch.Tensor, languages: Sequence[str]
    ) -> "dict[str, list[Hypothesis]]":
        n_best, beam_size = self.options.n_best, self.options.beam_size or DEFAULT_BEAM_SIZE
        return {
            language: self.sonar.decode_n_best(
                embedding, language, n_best=n_best, beam_size=beam_size
            )[0]
            for language in languages
        }


def _parts(video: VideoInfo, window_s: float) -> list[tuple[int, int]]:
    """First and last frame (exclusive) of each part; what is left at the end joins the last part.

    Raises:
        VideoError: the video is no more than a picture, or too long for one part.
    """
    n_frames, fps = video.n_frames, video.fps
    if n_frames == 1:
        raise VideoError("no_frames", "it is a still picture: one frame")
    if video.duration_s < MIN_VIDEO_S:
        raise VideoError("no_frames", f"it lasts {video.duration_s:.2f} s, too short for a sign")
    if not window_s:
        if video.duration_s > MAX_WINDOW_S:
            raise VideoError(
                "unreadable",
                f"it lasts {duration(video.duration_s)}, and at most {MAX_WINDOW_S:g} s are one "
                "sentence; cut it into windows with --window-s, such as 10",
            )
        return [(0, n_frames)]
    starts = [round(k * window_s * fps) for k in range(math.ceil(n_frames / (window_s * fps)))]
    starts = [start for start in starts if start < n_frames]
    if len(starts) > 1 and n_frames - starts[-1] < MIN_WINDOW_S * fps:
        starts.pop()
    return list(zip(starts, [*starts[1:], n_frames], strict=True))
