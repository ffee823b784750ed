"""Systems that embed clips, with a sign encoder or a fused encoder, and decode with SONAR."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from sonar_sign.core.devices import PRECISIONS, autocast, timer_on
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file
from sonar_sign.core.options import PredictOptions
from sonar_sign.core.padding import padded
from sonar_sign.features.feature_shards import FeatureShard, by_length, open_features
from sonar_sign.features.targets import read_targets
from sonar_sign.models.checkpoint import load_sign_encoder, load_sign_hiera
from sonar_sign.models.mapped import convert_linear_layers, releaser
from sonar_sign.models.model_files import origin_sha256
from sonar_sign.models.sign_encoder import SignEncoder
from sonar_sign.translation.inputs import FeatureFiles, SonarModels
from sonar_sign.translation.system import (
    BatchTranslations,
    SystemDescription,
    components_of,
    require_width,
)

if TYPE_CHECKING:
    from sonar_sign.models.fused_encoder import FusedEncoder
    from sonar_sign.models.sonar_text import SonarText


@dataclass(frozen=True, eq=False)
class SonarSystem:
    """A `System` of an encoder of signs and SONAR's text decoder; translates into any language."""

    models: SonarModels
    hashes: dict[str, str]
    """SHA-256 of each model file, by the run info's key."""
    encoder: "SignEncoder | FusedEncoder"
    sonar: "SonarText"
    languages: Sequence[str]
    options: PredictOptions
    device: torch.device
    clips: Mapping[str, FeatureShard]
    landmarks: Mapping[str, FeatureShard] | None = None
    """For a fused encoder, the landmark shard of each clip id."""
    targets: Mapping[str, np.ndarray] | None = None
    """The target of each clip id, `(embedding_dim,)`."""

    @classmethod
    def load(
        cls,
        models: SonarModels,
        files: FeatureFiles,
        languages: Iterable[str],
        options: PredictOptions,
        device: torch.device,
    ) -> "SonarSystem":
        """Load the models and open the clips of a split.

        Raises:
            UserError: a file cannot be used, files do not belong together, a language is unknown,
                or no clip has features.
        """
        hashes = _hashes_of(models)
        clips = _open_clips(files, models.sign_hiera, hashes["sign_hiera_sha256"])
        encoder, landmarks = _open_encoder(models, files, clips, device)
        languages = list(languages)
        sonar = open_sonar(models, languages, device, options.precision)
        dtype = PRECISIONS[sonar.decoder_precision]
        if dtype is not None:
            convert_linear_layers(encoder, dtype, releaser(models.sign_encoder))
        targets = None if files.targets is None else _targets_of(clips, files.targets)
        return cls(
            models, hashes, encoder, sonar, languages, options, device, clips, landmarks, targets
        )

    @property
    def precision(self) -> str:
        """Of encoder and decoder."""
        return self.sonar.decoder_precision

    def warm_up(self, clip_ids: Sequence[str]) -> None:
        self.translate(clip_ids)

    def translate(self, clip_ids: Sequence[str]) -> BatchTranslations:
        timer = timer_on(self.device)
        embeddings = self.embed(clip_ids)
        encoder_ms = timer.lap("sign_encoder")
        decode = partial(
            self.sonar.decode,
            embeddings,
            beam_size=self.options.beam_size,
            batch_size=self.options.batch_size,
        )
        texts, milliseconds = {}, {}
        for language in self.languages:
            texts[language] = decode(language)
            decoder_ms = timer.lap("sonar_decoder")
            milliseconds[language] = {"sign_encoder": encoder_ms, "sonar_decoder": decoder_ms}
        return BatchTranslations(texts, milliseconds, self._cosines(embeddings, clip_ids))

    def embed(self, clip_ids: Sequence[str]) -> torch.Tensor:
        """Embed a batch of clips: `(n_clips, embedding_dim)` float32."""
        shards = [self.clips] if self.landmarks is None else [self.clips, self.landmarks]
        inputs = [[of[clip_id][clip_id] for clip_id in clip_ids] for of in shards]
        return embed_clips(self.encoder, inputs, self.device, self.precision)

    def _cosines(self, embeddings: torch.Tensor, clip_ids: Sequence[str]) -> list[float] | None:
        if self.targets is None:
            return None
        targets = torch.from_numpy(np.stack([self.targets[clip_id] for clip_id in clip_ids]))
        return torch.nn.functional.cosine_similarity(embeddings.cpu(), targets).tolist()

    def describe(self) -> SystemDescription:
        models = self.models
        files = [models.sign_hiera, models.sign_encoder]
        files += [models.sonar_decoder or self.sonar.decoder_file]
        files += [models.landmark_model] if models.landmark_model else []
        components = components_of(models.sign_hiera, models.sign_encoder, models.landmark_model)
        started_from = (components["video_encoder"] or {}).get("started_from") or {}
        encoder_of_stage1 = (started_from.get("sign_encoder") or {}).get("sha256")
        # A video encoder that was trained with this very sign encoder was trained after it.
        is_newer = encoder_of_stage1 == self.hashes["sign_encoder_sha256"]
        return SystemDescription(
            checkpoint_sha256=self.hashes[
                "sign_hiera_sha256" if is_newer else "sign_encoder_sha256"
            ],
            hashes=self.hashes,
            components=components,
            models={
                "sign_hiera": load_sign_hiera(models.sign_hiera),  # memory-mapped, to be counted
                "sign_encoder": self.encoder,
                "sonar_decoder": self.sonar.decoder,
            },
            files=files,
        )


def open_sonar(
    models: SonarModels, languages: Iterable[str], device: torch.device, precision: str
) -> "SonarText":
    """Open SONAR's text models for decoding, with the fine-tuned decoder if there is one.

    Raises:
        UserError: the folder or the decoder cannot be read, or a language is unknown.
    """
    # Importing fairseq2 takes seconds, so it is done only where it is needed.
    from sonar_sign.models.sonar_text import SonarText

    sonar = SonarText.open(
        models.sonar, device, precision, decoder=models.sonar_decoder, only_decodes=True
    )
    for language in languages:
        sonar.check_language(language)
    return sonar


def _hashes_of(models: SonarModels) -> dict[str, str]:
    names = {
        "sign_hiera": "The SignHiera checkpoint",
        "sign_encoder": "The sign encoder",
        "sonar_decoder": "The fine-tuned decoder",
        "landmark_model": "The landmark model",
    }
    return {
        f"{key}_sha256": origin_sha256(require_file(getattr(models, key), name))
        for key, name in names.items()
        if getattr(models, key) is not None
    }


def _open_clips(
    files: FeatureFiles, sign_hiera: Path, sign_hiera_sha256: str
) -> dict[str, FeatureShard]:
    clips = open_features(files.features)
    if not clips:
        raise UserError("The feature shards given to predict hold no clips.")
    shard = next(iter(clips.values()))
    if shard.encoder_sha256 != sign_hiera_sha256:
        raise UserError(
            f"{shard.path} was made by another SignHiera than {sign_hiera}; extract again."
        )
    if not by_length(clips)[0]:
        raise UserError(
            "All clips of the split were dropped by crop, see `box_from` in its shards."
        )
    return clips


def _open_encoder(
    models: SonarModels,
    files: FeatureFiles,
    clips: Mapping[str, FeatureShard],
    device: torch.device,
) -> tuple["SignEncoder | FusedEncoder", dict[str, FeatureShard] | None]:
    """The encoder and, for a fused one, the landmark shard of each clip id."""
    path, encoder = models.sign_encoder, open_encoder(models, device)
    if models.landmark_model is None:
        require_width("features", clips, path, encoder.config.feature_dim)
        return encoder, None
    landmarks = open_features(files.landmarks)
    missing = sorted(clips.keys() - landmarks.keys())
    if missing:
        raise UserError(
            f"{len(missing)} of {len(clips)} clips are in no landmark shard, for example "
            f"{missing[0]}; extract landmarks again."
        )
    landmark_width = encoder.landmark_model.config.feature_dim
    require_width("features", clips, path, encoder.sign_encoder.config.feature_dim)
    require_width("landmarks", landmarks, models.landmark_model, landmark_width)
    return encoder, landmarks


def open_encoder(models: SonarModels, device: torch.device) -> "SignEncoder | FusedEncoder":
    """The encoder of signs: a fused one where the system has a landmark model.

    Raises:
        UserError: a file cannot be used, or the two do not belong together.
    """
    if models.landmark_model is None:
        return load_sign_encoder(models.sign_encoder, device=device)
    return _load_fused(models.sign_encoder, models.landmark_model, device)


@torch.inference_mode()
def embed_clips(
    encoder: "SignEncoder | FusedEncoder",
    inputs: Sequence[Sequence[np.ndarray]],
    device: torch.device,
    precision: str,
) -> torch.Tensor:
    """Embed a batch of clips: `(n_clips, embedding_dim)` float32.

    Args:
        inputs: the features of each clip, `(n_features, dim)`; for a fused encoder also the
            landmarks of each, `(n_rows, dim)`.
    """
    tensors = [tensor.to(device) for clips in inputs for tensor in padded(clips)]
    with autocast(device, precision):
        return encoder(*tensors).float()


def _load_fused(path: Path, landmark_model: Path, device: torch.device) -> "FusedEncoder":
    from sonar_sign.models.fused_encoder import load_fused_encoder, require_landmark_model
    from sonar_sign.models.landmark_checkpoint import load_landmark_model

    require_landmark_model(path, origin_sha256(landmark_model), landmark_model)
    return load_fused_encoder(path, load_landmark_model(landmark_model)[0], device)


def _targets_of(clips: Mapping[str, FeatureShard], path: Path) -> dict[str, np.ndarray]:
    targets = read_targets(path)
    missing = [clip_id for clip_id in by_length(clips)[0] if clip_id not in targets]
    if missing:
        raise UserError(f"{path} has no target of clip {missing[0]}; embed the captions again.")
    return targets
