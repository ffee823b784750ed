"""From a video to translations in one process, without the workflow."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from sonar_sign.clips.signer_box import FaceSearch
from sonar_sign.core.devices import autocast, choose_device, timer_on
from sonar_sign.core.geometry import Box, crop_resize
from sonar_sign.core.options import CropOptions, PredictOptions, TranslateOptions
from sonar_sign.core.timing import Timer
from sonar_sign.core.video import VideoError, probe, read_frames
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


@dataclass(frozen=True)
class Translation:
    """The translation of a video, or of a part of it, into one or several languages."""

    video: Path
    start_s: float
    """Start of the part in the video, seconds."""
    end_s: float
    hypotheses: "dict[str, list[Hypothesis]]"
    """By language, best first."""
    box_from: str
    """`video`, or `fallback`: no face was found and the middle of the frame was used."""
    timings_ms: dict[str, float] = field(default_factory=dict)
    """By stage; the search for the face counts for the first part of a video."""


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
        autocast(chosen, options.precision)  # raises now, not after the models are loaded
        sonar = open_sonar(models, languages, chosen)
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
            VideoError: the video cannot be read.
        """
        timer = timer_on(self.device)
        video = probe(path)
        signer = FaceSearch(CropOptions().frames_probed).box(path, video)
        timer.lap("face")
        for start, end in _parts(video.n_frames, video.fps, self.options.window_s):
            frames = self._frames(path, start, end, signer.box)
            timer.lap("decode_and_crop")
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
            )
            timer = timer_on(self.device)

    def _frames(self, path: Path, start: int, end: int, box: Box) -> np.ndarray:
        """The cropped frames of a part, `(n, size, size, 3)` uint8."""
        size = self.sign_hiera.config.input_size[1]
        frames = [
            crop_resize(frame[None], box, size)[0] for _, frame in read_frames(path, start, end)
        ]
        if not frames:
            raise VideoError("no_frames", "no frame can be decoded")
        return np.stack(frames)

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
        options = self.options
        (found,) = clip_features(self.sign_hiera, [clip], options.batch_units, options.precision)
        timer.lap("sign_hiera")
        with autocast(self.device, options.precision):
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


def _parts(n_frames: int, fps: float, window_s: float) -> list[tuple[int, int]]:
    """First and last frame (exclusive) of each part; the last part may be shorter."""
    length = max(1, round(window_s * fps)) if window_s > 0 else n_frames
    return [(start, min(start + length, n_frames)) for start in range(0, n_frames, length)]
