"""SignHiera's last blocks and the sign encoder trained together, from clips."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch

from sonar_sign.core.options import JointOptions
from sonar_sign.models.checkpoint import load_sign_encoder, save_sign_encoder, save_sign_hiera
from sonar_sign.models.sign_encoder import SignEncoder
from sonar_sign.training.module import EmbeddingModule, parameter_groups
from sonar_sign.training.provenance import effective_settings
from sonar_sign.training.video_encoder import VideoEncoderTraining, VideoToEmbedding


class JointModule(EmbeddingModule):
    """Trains both models; the sign encoder may have a learning rate of its own.

    Args:
        sign_encoder_learning_rate: its peak; 0: that of the options.
        common: as for `EmbeddingModule`.
    """

    def __init__(self, sign_encoder_learning_rate: float, *common: Any):
        super().__init__(*common)
        self.sign_encoder_learning_rate = sign_encoder_learning_rate

    def optimizer_groups(self) -> list[dict]:
        if not self.sign_encoder_learning_rate:
            return super().optimizer_groups()
        prefix = "embed.sign_encoder."
        of_encoder, others = [], []
        for name, parameter in self.named_parameters():
            (of_encoder if name.startswith(prefix) else others).append((name, parameter))
        decay, rate = self.options.weight_decay, self.sign_encoder_learning_rate
        # SignHiera's come first: the curves show the learning rate of the first group.
        encoder_groups = [group | {"lr": rate} for group in parameter_groups(of_encoder, decay)]
        return [*parameter_groups(others, decay), *encoder_groups]


@dataclass(frozen=True)
class JointTraining(VideoEncoderTraining):
    """Writes `best.pt`, a SignHiera, and `sign_encoder.pt`, both in the public layout."""

    kind: ClassVar[str] = "joint"
    joint: JointOptions = JointOptions()

    def settings(self) -> dict[str, Any]:
        return super().settings() | effective_settings(self.joint)

    def open_sign_encoder(self, device: torch.device) -> SignEncoder:
        return load_sign_encoder(self.inputs.sign_encoder).train()

    def module(self, embed: VideoToEmbedding, *losses_and_validation: Any) -> EmbeddingModule:
        rate = self.joint.sign_encoder_learning_rate
        return JointModule(rate, embed, self.options, *losses_and_validation)

    def saver(self, embed: VideoToEmbedding) -> Callable[[Path, dict[str, Any]], None]:
        def save(folder: Path, metadata: dict[str, Any]) -> None:
            save_sign_hiera(folder / "best.pt", embed.sign_hiera, metadata)
            save_sign_encoder(folder / "sign_encoder.pt", embed.sign_encoder, metadata)

        return save
