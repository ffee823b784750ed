"""SONAR's sign encoder with a second input: the landmark model's encoding of the same clip.

The encoder of a landmark model reads the landmarks; its states are brought to the features' times
and projected to what the sign encoder makes of features before its first layer. Side by side, the
two are mixed there by a gate a channel, `tanh(30 gate)` (as in Flamingo, Alayrac et al. 2022,
arXiv:2204.14198): at 0 features alone are read, at 1 landmarks alone. A gate starts closed, at 0:
then embeddings are those of the plain sign encoder, to the last bit.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sonar_sign.core.errors import UserError
from sonar_sign.models.checkpoint import ENCODER_ENTRY, load_sign_encoder
from sonar_sign.models.landmark_translator import LandmarkTranslator
from sonar_sign.models.model_files import assign, read_metadata, read_tensors, tensors_of, write
from sonar_sign.models.sign_context import Context
from sonar_sign.models.sign_encoder import SignEncoder, real_positions

ENTRY = "fusion"
# AdamW moves a number by about the learning rate, whatever it does; gates have far to go.
GATE_SPEED = 30.0


@dataclass(frozen=True, eq=False)
class EncoderInputs:
    """One batch of clips at the sign encoder's two inputs."""

    seen: Tensor
    """`(batch, n_features, d_model)`, the projected features."""
    landmarks: Tensor
    """`(batch, n_features, d_model)`, the projected states of landmarks at the features' times."""
    has_landmarks: Tensor
    """`(batch, 1, 1)` bool."""
    real: Tensor
    """`(batch, n_features)` bool, True at a clip's features."""


class Fusion(nn.Module):
    """What a fused encoder has besides its two component models."""

    def __init__(self, landmark_dim: int, d_model: int):
        super().__init__()
        self.norm = nn.LayerNorm(landmark_dim)
        self.projection = nn.Linear(landmark_dim, d_model, bias=False)
        self.gate = nn.Parameter(torch.zeros(d_model))

    def project(self, states: Tensor) -> Tensor:
        """`(batch, n_features, landmark_dim)` to `(batch, n_features, d_model)`."""
        return self.projection(self.norm(states))

    def mix(self, seen: Tensor, landmarks: Tensor) -> Tensor:
        """Two `(batch, n_features, d_model)` to one."""
        gate = torch.tanh(GATE_SPEED * self.gate).to(seen.dtype)
        return torch.lerp(seen, landmarks.to(seen.dtype), gate)


class FusedEncoder(nn.Module):
    """Features and landmarks of clips to SONAR embeddings.

    Args:
        sign_encoder: of the public layout.
        landmark_model: only its encoder is used; its parameters are frozen.
        drop_features: in training, the share of clips whose features are hidden, so that what
            landmarks say is learnt even where features would do for the training clips.
    """

    def __init__(
        self,
        sign_encoder: SignEncoder,
        landmark_model: LandmarkTranslator,
        drop_features: float = 0.0,
    ):
        super().__init__()
        self.drop_features = drop_features
        self.sign_encoder = sign_encoder
        self.landmark_model = landmark_model.requires_grad_(False)
        self.fusion = Fusion(landmark_model.config.d_model, sign_encoder.config.d_model)

    def train(self, mode: bool = True) -> "FusedEncoder":
        super().train(mode)
        self.landmark_model.eval()  # it stays as it is, so nothing is dropped in it
        return self

    def forward(
        self,
        features: Tensor,
        lengths: Tensor,
        rows: Tensor,
        row_lengths: Tensor,
        context: Context | None = None,
    ) -> Tensor:
        """Embed clips; arguments as for `encoder_inputs` and `embed`.

        Returns:
            `(batch, embedding_dim)`.
        """
        return self.embed(self.encoder_inputs(features, lengths, rows, row_lengths), context)

    def encoder_inputs(
        self, features: Tensor, lengths: Tensor, rows: Tensor, row_lengths: Tensor
    ) -> EncoderInputs:
        """Bring the encodings of both component models to one shape.

        Args:
            features: `(batch, n_features, feature_dim)`, see `SignEncoder.forward`.
            lengths: `(batch,)`.
            rows: `(batch, n_rows, landmark_dim)`, shorter clips filled up with anything finite.
            row_lengths: `(batch,)`; 0 where a clip has no landmarks: its features alone are read.
        """
        real = real_positions(features, lengths)
        with torch.no_grad():
            found = self.landmark_model.encode(rows, row_lengths.clamp_min(1))
            n_steps = self.landmark_model.front.n_steps(row_lengths)
            states = resampled(found.states, n_steps, lengths, features.shape[1])
        return EncoderInputs(
            self.sign_encoder.encoder.feature_projection(features),
            self.fusion.project(states),
            (row_lengths > 0)[:, None, None],
            real,
        )

    def embed(self, inputs: EncoderInputs, context: Context | None = None) -> Tensor:
        """`(batch, embedding_dim)`; in training, some clips' features are hidden.

        Args:
            context: features of the sentences before, for a sign encoder that reads them.
        """
        seen, has_landmarks = inputs.seen, inputs.has_landmarks
        shown = seen
        if self.training and self.drop_features:
            hidden = torch.rand(len(seen), 1, 1, device=seen.device) < self.drop_features
            shown = seen.masked_fill(hidden & has_landmarks, 0.0)
        mixed = torch.where(has_landmarks, self.fusion.mix(shown, inputs.landmarks), seen)
        return self.sign_encoder.embed_projected(mixed, inputs.real, context)


def misalignment(inputs: EncoderInputs) -> Tensor:
    """How far what landmarks say is from what features say, a scalar; 0 without any landmarks.

    It is their squared difference over the features' variance: 1 is what their mean would score.
    Only landmarks are pulled.
    """
    compared = (inputs.real & inputs.has_landmarks[..., 0]).float()[..., None]
    seen = inputs.seen.detach().float()

    def mean(values: Tensor) -> Tensor:
        # Masked, not indexed: a GPU need not wait to know how many there are.
        return (values * compared).sum() / (compared.sum() * values.shape[-1]).clamp_min(1)

    variance = mean((seen - mean(seen)).square())
    return mean((inputs.landmarks.float() - seen).square()) / variance.clamp_min(1e-12)


def resampled(states: Tensor, n_steps: Tensor, lengths: Tensor, n_features: int) -> Tensor:
    """States of landmarks at the times of features.

    Both cover the whole clip evenly, whatever their rates: the `i`-th of `n` is at the share
    `(i + 1/2) / n` of it. A feature gets the mixture of the two states around its time.

    Args:
        states: `(batch, n, dim)`.
        n_steps: `(batch,)`, how many of a clip are real; 0 counts as 1.
        lengths: `(batch,)` features of each clip.
        n_features: of the longest.

    Returns:
        `(batch, n_features, dim)`; beyond a clip's features they mean nothing.
    """
    last = (n_steps.clamp_min(1) - 1)[:, None].to(torch.float32)
    shares = (torch.arange(n_features, device=states.device) + 0.5) / lengths[:, None]
    places = (shares * (last + 1) - 0.5).clamp_min(0).minimum(last)
    first = places.floor().long()
    second = torch.minimum(first + 1, last.long())
    weight = (places - first)[..., None].to(states.dtype)
    size = (-1, -1, states.shape[2])
    before = states.gather(1, first[..., None].expand(size))
    after = states.gather(1, second[..., None].expand(size))
    return torch.lerp(before, after, weight)


def save_fused_encoder(path: Path, model: FusedEncoder, metadata: dict[str, Any]) -> None:
    """Write a sign encoder in the public layout, which other loaders of it read, and `fusion`."""
    write(path, ENCODER_ENTRY, model.sign_encoder, metadata, {ENTRY: model.fusion.state_dict()})


def load_fused_encoder(
    path: Path, landmark_model: LandmarkTranslator, device: str | torch.device = "cpu"
) -> FusedEncoder:
    """Load a fused encoder, in evaluation mode; a plain sign encoder gets closed gates.

    Args:
        landmark_model: the one that it was trained with.

    Raises:
        UserError: as `load_sign_encoder`, or keys or shapes of the fusion differ.
    """
    model = FusedEncoder(load_sign_encoder(path), landmark_model)
    file = read_tensors(path, ENCODER_ENTRY, "sign encoder")
    if ENTRY in file:
        assign(path, "fusion", model.fusion, tensors_of(path, file, ENTRY))
    return model.to(device).eval()


def require_landmark_model(path: Path, landmarks_sha256: str, landmark_model: Path) -> None:
    """Check that a fused encoder was trained with this landmark model.

    Raises:
        UserError: it was not, or is no fused encoder.
    """
    metadata = read_metadata(path)
    if metadata.get("kind") != "fused":
        raise UserError(f"{path} is no fused encoder; train_fused writes one.")
    try:
        trained_with = metadata["started_from"]["landmark_model"]["sha256"]
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{path} does not say which landmark model it was trained with; train it again."
        ) from error
    if trained_with != landmarks_sha256:
        raise UserError(
            f"{path} was trained with another landmark model than {landmark_model}; train it again."
        )
