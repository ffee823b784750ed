"""The models of a system, loaded: from a cropped clip and landmarks to texts.

`predict` and `translate` compute with the same functions: features as `extract` makes them and
feature shards store them, embeddings and decoding as in `sonar_system` and `landmark_system`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from sonar_sign.core.devices import PRECISIONS, autocast, choose_precision, n_parameters, timer_on
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import TranslateOptions
from sonar_sign.core.padding import padded
from sonar_sign.core.timing import Timer
from sonar_sign.landmarks.representation import hash_of, width
from sonar_sign.models.hypothesis import Hypothesis
from sonar_sign.models.model_files import read_metadata
from sonar_sign.translation.definitions import SystemDefinition
from sonar_sign.translation.inputs import SonarModels
from sonar_sign.translation.video_crops import CroppedClip


@dataclass(frozen=True, eq=False)
class ClipArrays:
    """What a system reads of one clip."""

    features: np.ndarray | None = None
    """`(n_features, dim)` float16."""
    landmarks: np.ndarray | None = None
    """`(n_rows, dim)` float16; no rows where a clip has no usable landmarks."""


@dataclass(frozen=True)
class Wanted:
    """What is decoded."""

    languages: Sequence[str]
    n_best: int = 1
    beam_size: int = 5


class LoadedSystem(Protocol):
    """The models of a system, in memory."""

    device: torch.device
    input_size: int | None
    """Width and height of the frames that it reads, pixels; None: it reads no frames."""

    def check_languages(self, languages: Sequence[str]) -> None:
        """Raises UserError where it does not translate into one of them."""

    def features(self, clip: CroppedClip) -> np.ndarray | None:
        """The features of a clip, `(n, dim)` float16; None for a system that reads none."""

    def embed(self, clip: ClipArrays, earlier: Sequence[ClipArrays] = ()) -> torch.Tensor | None:
        """The embedding of a clip, `(1, embedding_dim)` float32; None where there is none.

        Args:
            earlier: the clips of the same video before this one, in order; an encoder that reads
                context takes them from here.
        """

    def hypotheses(
        self, clip: ClipArrays, embedding: torch.Tensor | None, wanted: Wanted, timer: Timer
    ) -> dict[str, list[Hypothesis]]:
        """The best texts of a clip, by language, best first."""


def load_system(
    definition: SystemDefinition, languages: Iterable[str], options: TranslateOptions, device: str
) -> LoadedSystem:
    """Load the models of a system.

    Args:
        languages: that it will be asked for.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.

    Raises:
        UserError: a file is missing or not what it should be, a language is unknown, or the device
            does not exist.
    """
    from sonar_sign.core.devices import choose_device

    chosen = choose_device(device)
    choose_precision(options.precision, chosen, 0)  # raises now, not after models are loaded
    kind = LoadedSonar if definition.kind == "sonar" else LoadedLandmarks
    return kind(definition, list(languages), options, chosen)


class LoadedSonar:
    """SignHiera, an encoder of signs (or a fused one), and SONAR's decoder."""

    def __init__(
        self,
        definition: SystemDefinition,
        languages: Sequence[str],
        options: TranslateOptions,
        device: torch.device,
    ):
        from sonar_sign.models.hiera_checkpoint import load_sign_hiera
        from sonar_sign.models.mapped import convert_linear_layers, releaser
        from sonar_sign.translation.sonar_system import open_encoder, open_sonar

        files, self.device = definition.files, device
        models = SonarModels(
            files.sign_hiera,
            files.sign_encoder,
            files.sonar,
            files.sonar_decoder,
            files.landmark_model,
        )
        asked = options.precision
        of_text = definition.decoding.precision if asked == "auto" else asked
        of_video = definition.clips.extract.precision if asked == "auto" else asked
        self.sonar = open_sonar(models, languages, device, of_text)
        _ = self.sonar.decoder  # now: an unreadable file must not be reported for every video
        self.precision = self.sonar.decoder_precision
        self.sign_hiera = load_sign_hiera(files.sign_hiera, device=device)
        n = n_parameters(self.sign_hiera)
        self.hiera_precision = choose_precision(of_video, device, n)
        self.encoder = open_encoder(models, device)
        self._require_fit(definition)
        for model, precision, path in (
            (self.sign_hiera, self.hiera_precision, files.sign_hiera),
            (self.encoder, self.precision, files.sign_encoder),
        ):
            dtype = PRECISIONS[precision]
            if dtype is not None:
                convert_linear_layers(model, dtype, releaser(path))
        self.input_size = self.sign_hiera.config.input_size[1]
        self._batch_units = options.batch_units
        as_trained = definition.clips.extract.compat
        self._compat = as_trained if options.compat == "auto" else options.compat

    def _require_fit(self, definition: SystemDefinition) -> None:
        plain = getattr(self.encoder, "sign_encoder", self.encoder)
        made, read = self.sign_hiera.config.feature_dim, plain.config.feature_dim
        if made != read:
            raise UserError(
                f"{definition.files.sign_hiera} makes features {made} wide and "
                f"{definition.files.sign_encoder} reads {read}; they do not belong together."
            )
        if definition.files.landmark_model is not None:
            config = self.encoder.landmark_model.config
            _require_landmarks(definition, config.feature_dim)

    def check_languages(self, languages: Sequence[str]) -> None:
        for language in languages:
            self.sonar.check_language(language)

    def features(self, clip: CroppedClip) -> np.ndarray:
        from sonar_sign.features.clip_features import clip_features
        from sonar_sign.features.clip_windows import cut_windows

        config = self.sign_hiera.config
        windows = cut_windows("", clip.n_frames, clip.fps, config, self._compat, clip.frames)
        with torch.inference_mode():
            (found,) = clip_features(
                self.sign_hiera, [windows], self._batch_units, self.hiera_precision
            )
        return _stored(found.features.cpu().numpy(), "features")

    def embed(self, clip: ClipArrays, earlier: Sequence[ClipArrays] = ()) -> torch.Tensor:
        from sonar_sign.translation.sonar_system import embed_clips

        inputs = [[clip.features]]
        if clip.landmarks is not None:
            inputs.append([clip.landmarks])
        return embed_clips(self.encoder, inputs, self.device, self.precision)

    def hypotheses(
        self, clip: ClipArrays, embedding: torch.Tensor | None, wanted: Wanted, timer: Timer
    ) -> dict[str, list[Hypothesis]]:
        found = {}
        for language in wanted.languages:
            (found[language],) = self.sonar.decode_n_best(
                embedding, language, n_best=wanted.n_best, beam_size=wanted.beam_size
            )
        timer.lap("sonar_decoder")
        return found


class LoadedLandmarks:
    """A landmark translator, into the language of its captions."""

    input_size = None

    def __init__(
        self,
        definition: SystemDefinition,
        languages: Sequence[str],
        options: TranslateOptions,
        device: torch.device,
    ):
        from sonar_sign.models.landmark_checkpoint import load_landmark_model

        self.device, self._name = device, definition.name
        path = definition.files.landmark_model
        self.language = read_metadata(path).get("language", definition.language)
        self.check_languages(languages)
        self.model, self.tokenizer = load_landmark_model(path, device)
        _require_landmarks(definition, self.model.config.feature_dim)
        asked = options.precision
        precision = definition.decoding.precision if asked == "auto" else asked
        self.precision = choose_precision(precision, device, n_parameters(self.model))

    def check_languages(self, languages: Sequence[str]) -> None:
        for language in languages:
            if language != self.language:
                raise UserError(
                    f"The system {self._name} translates into {self.language} only, not into "
                    f"{language}: it was trained on these captions, without SONAR."
                )

    def features(self, clip: CroppedClip) -> None:
        return None

    def embed(self, clip: ClipArrays, earlier: Sequence[ClipArrays] = ()) -> None:
        return None

    @torch.inference_mode()
    def hypotheses(
        self, clip: ClipArrays, embedding: torch.Tensor | None, wanted: Wanted, timer: Timer
    ) -> dict[str, list[Hypothesis]]:
        rows, lengths = (tensor.to(self.device) for tensor in padded([clip.landmarks]))
        with autocast(self.device, self.precision):
            found = self.model.hypotheses(rows, lengths, wanted.beam_size, wanted.n_best)
        texts = [self.tokenizer.decode(pieces) for pieces in found.pieces.tolist()]
        timer.lap("landmark_model")
        scored = zip(texts, found.scores.tolist(), strict=True)
        best = [Hypothesis(text, score) for text, score in scored]
        return {language: best for language in wanted.languages}


def _require_landmarks(definition: SystemDefinition, model_width: int) -> None:
    """The representation is that of training."""
    options, path = definition.clips.landmarks, definition.files.landmark_model
    trained_on = read_metadata(path).get("landmarks_sha256")
    if width(options) != model_width or trained_on not in (None, hash_of(options)):
        raise UserError(
            f"{path} was trained on landmarks of other settings than the system {definition.name} "
            "has; run the workflow again, or export the system again."
        )


def stored_landmarks(rows: np.ndarray) -> np.ndarray:
    """Rows as a landmark shard has them."""
    return _stored(rows, "landmarks")


def _stored(values: np.ndarray, what: str) -> np.ndarray:
    """Values as a shard has them: what models were trained on.

    Raises:
        UserError: one is not finite.
    """
    with np.errstate(over="ignore"):
        stored = values.astype(np.float16)
    if not np.isfinite(stored).all():
        raise UserError(f"The {what} of this video are no numbers; use precision fp32.")
    return stored


def timer_of(system: LoadedSystem) -> Timer:
    """A timer of work on the system's device."""
    return timer_on(system.device)
