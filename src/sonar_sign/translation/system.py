"""The protocol of a system: something that turns clips into texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import PredictOptions
from sonar_sign.features.feature_shards import FeatureShard
from sonar_sign.models.model_files import read_metadata


@dataclass(frozen=True)
class BatchTranslations:
    """The translations of a batch of clips."""

    texts: dict[str, list[str]]
    """By language, in the order of the clips."""
    milliseconds: dict[str, dict[str, float]]
    """Time of the whole batch, by language and stage. A stage that all languages share, such as
    the encoder's, is under each of them."""
    cosines: list[float] | None = None
    """Cosine of each clip's embedding and target, where targets were given."""


@dataclass(frozen=True)
class SystemDescription:
    """What the run info says about a system's models."""

    checkpoint_sha256: str
    """Of the checkpoint that was trained last."""
    hashes: dict[str, str]
    """SHA-256 of each file, by the run info's key, such as `sign_encoder_sha256`."""
    components: dict[str, dict[str, Any] | None]
    """Metadata of the checkpoints by role, see `components_of`."""
    models: dict[str, nn.Module]
    """Models that take part in inference, by name; their parameters are counted."""
    files: list[Path]
    """Their files, whose sizes are summed."""


class System(Protocol):
    """Models that are loaded and know the clips of a split."""

    options: PredictOptions
    device: torch.device
    clips: Mapping[str, FeatureShard]
    """The shard of each clip id: what is translated."""

    @property
    def precision(self) -> str:
        """`fp32`, `bf16` or `fp16`: what the options' precision means for these models."""

    def warm_up(self, clip_ids: Sequence[str]) -> None:
        """Translate clips and forget the result.

        What is imported, loaded and set up in the first call is not counted as inference.
        """

    def translate(self, clip_ids: Sequence[str]) -> BatchTranslations:
        """Translate a batch of clips that have features."""

    def describe(self) -> SystemDescription:
        """What the run info says about the models."""


def components_of(
    video_encoder: Path | None = None,
    sign_encoder: Path | None = None,
    landmark_model: Path | None = None,
) -> dict[str, dict[str, Any] | None]:
    """What training wrote into each checkpoint about itself.

    Returns:
        The metadata by role; None for a role that the system has not, and for a checkpoint that
        has no metadata, such as a public one.
    """
    paths = {
        "video_encoder": video_encoder,
        "sign_encoder": sign_encoder,
        "landmark_model": landmark_model,
    }
    return {role: (read_metadata(path) or None) if path else None for role, path in paths.items()}


def require_width(
    what: str, clips: Mapping[str, FeatureShard], path: Path, model_width: int
) -> None:
    """Check that a model takes vectors of the width that the shards have.

    Args:
        what: `features` or `landmarks`.
        path: the model's checkpoint.

    Raises:
        UserError: it does not.
    """
    width = next(iter(clips.values())).dim
    if width != model_width:
        raise UserError(f"The {what} are {width} wide, but {path} takes {what} {model_width} wide.")
