"""Landmarks to text: a small front end and a T5 of transformers (Raffel et al. 2020,
arXiv:1910.10683) that reads its steps instead of words.

The layout is that of the pose-to-text systems of Uthus et al. 2023 (arXiv:2306.15162).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sonar_sign.models.landmark_tokenizer import END, PAD

# Decoding ends here at the latest; How2Sign's longest caption has fewer pieces.
MOST_PIECES = 128


@dataclass(frozen=True)
class LandmarkConfig:
    """Shape of a `LandmarkTranslator`."""

    feature_dim: int
    """Columns of a row of landmarks."""
    vocab_size: int
    d_model: int
    d_ff: int
    d_kv: int
    """Width of one attention head."""
    num_heads: int
    num_layers: int
    num_decoder_layers: int
    dropout_rate: float = 0.0
    front: Literal["conv", "linear"] = "conv"
    stride: int = 2
    """Rows that make a step."""
    kernel: int = 5
    """Rows that a convolution sees."""
    feed_forward_proj: str = "gated-gelu"
    tie_word_embeddings: bool = True
    relative_attention_num_buckets: int = 32
    relative_attention_max_distance: int = 128
    layer_norm_epsilon: float = 1e-6


@dataclass(frozen=True, eq=False)
class Encoded:
    """What the encoder makes of clips."""

    states: Tensor
    """`(batch, n_steps, d_model)`; what lies beyond a clip's steps means nothing."""
    mask: Tensor
    """`(batch, n_steps)` bool, True at a clip's steps."""


@dataclass(frozen=True, eq=False)
class Translations:
    """What decoding gives."""

    pieces: Tensor
    """`(batch, n_pieces)`, without the start; filled up with 0 after the end."""
    encoded: Encoded


class FrontEnd(nn.Module):
    """Rows of landmarks to steps of the encoder, `stride` times fewer."""

    def __init__(self, config: LandmarkConfig):
        super().__init__()
        self.stride, self.is_conv = config.stride, config.front == "conv"
        # Fitted to the training rows, not learnt; see `fit`.
        self.register_buffer("centre", torch.zeros(config.feature_dim))
        self.register_buffer("scale", torch.ones(()))
        self.rows = nn.Linear(config.feature_dim, config.d_model)
        if self.is_conv:
            padding = config.kernel // 2
            self.steps = nn.Conv1d(
                config.d_model, config.d_model, config.kernel, config.stride, padding
            )
        else:
            self.steps = nn.Linear(config.stride * config.d_model, config.d_model)
        self.norm = nn.LayerNorm(config.d_model)

    def fit(self, mean: Tensor, deviation: Tensor) -> None:
        """Centre every column, and scale all alike.

        Columns of their own deviation would be as loud as each other: the detector's noise about
        a chin that hardly moves, and the hands.

        Args:
            mean: `(feature_dim,)` of the training rows.
            deviation: `(feature_dim,)`, their standard deviations.
        """
        self.centre.copy_(mean)
        self.scale.copy_(1 / deviation.square().mean().sqrt().clamp_min(1e-6))

    def forward(self, rows: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, n_rows, feature_dim)` and each clip's rows to steps and which are real.

        Returns:
            `(batch, n_steps, d_model)` and `(batch, n_steps)` bool.
        """
        real = torch.arange(rows.shape[1], device=rows.device) < lengths[:, None]
        # Padding is zeros for every layer, so a clip's company changes nothing.
        found = F.gelu(self.rows((rows - self.centre) * self.scale)) * real[..., None]
        n_steps = -(-rows.shape[1] // self.stride)
        if self.is_conv:
            found = self.steps(found.transpose(1, 2)).transpose(1, 2)[:, :n_steps]
        else:
            found = F.pad(found, (0, 0, 0, n_steps * self.stride - rows.shape[1]))
            found = self.steps(found.reshape(len(rows), n_steps, -1))
        mask = torch.arange(n_steps, device=rows.device) < self.n_steps(lengths)[:, None]
        return self.norm(F.gelu(found)), mask

    def n_steps(self, lengths: Tensor) -> Tensor:
        """Steps of clips of so many rows."""
        return (lengths + self.stride - 1) // self.stride


class LandmarkTranslator(nn.Module):
    """Rows of landmarks to pieces of text."""

    def __init__(self, config: LandmarkConfig):
        super().__init__()
        # Importing transformers costs seconds.
        from transformers import T5Config, T5ForConditionalGeneration

        self.config = config
        self.front = FrontEnd(config)
        self.t5 = T5ForConditionalGeneration(
            T5Config(
                vocab_size=config.vocab_size,
                d_model=config.d_model,
                d_ff=config.d_ff,
                d_kv=config.d_kv,
                num_heads=config.num_heads,
                num_layers=config.num_layers,
                num_decoder_layers=config.num_decoder_layers,
                dropout_rate=config.dropout_rate,
                feed_forward_proj=config.feed_forward_proj,
                tie_word_embeddings=config.tie_word_embeddings,
                relative_attention_num_buckets=config.relative_attention_num_buckets,
                relative_attention_max_distance=config.relative_attention_max_distance,
                layer_norm_epsilon=config.layer_norm_epsilon,
                pad_token_id=PAD,
                eos_token_id=END,
                decoder_start_token_id=PAD,
            )
        )

    def encode(self, rows: Tensor, lengths: Tensor) -> Encoded:
        """Encode clips.

        Args:
            rows: `(batch, n_rows, feature_dim)`, shorter clips filled up at the end with anything
                finite.
            lengths: `(batch,)` rows of each clip, at least 1.
        """
        if rows.shape[-1] != self.config.feature_dim:
            raise ValueError(
                f"rows are {rows.shape[-1]} wide, the model's are {self.config.feature_dim}."
            )
        steps, mask = self.front(rows, lengths)
        states = self.t5.encoder(inputs_embeds=steps, attention_mask=mask.long())
        return Encoded(states.last_hidden_state, mask)

    def loss(self, encoded: Encoded, pieces: Tensor, label_smoothing: float) -> Tensor:
        """Cross-entropy in nats a piece, a scalar.

        Args:
            pieces: `(batch, n_pieces)` captions with their end, filled up with 0.
        """
        labels = pieces.masked_fill(pieces == PAD, -100)
        logits = self.t5(
            encoder_outputs=(encoded.states,), attention_mask=encoded.mask.long(), labels=labels
        ).logits
        return F.cross_entropy(
            logits.flatten(0, 1).float(), labels.flatten(), label_smoothing=label_smoothing
        )

    @torch.no_grad()
    def translate(self, rows: Tensor, lengths: Tensor, beam_size: int = 1) -> Translations:
        """The best pieces of each clip, by beam search."""
        from transformers.modeling_outputs import BaseModelOutput

        encoded = self.encode(rows, lengths)
        found = self.t5.generate(
            encoder_outputs=BaseModelOutput(encoded.states),
            attention_mask=encoded.mask.long(),
            num_beams=beam_size,
            do_sample=False,
            max_new_tokens=MOST_PIECES,
        )
        return Translations(found[:, 1:], encoded)

    @torch.no_grad()
    def attention(self, encoded: Encoded, pieces: Tensor) -> Tensor:
        """How much each piece looks at each step, `(batch, n_pieces, n_steps)`, rows sum to 1.

        It is the mean over the heads and layers of the decoder's attention to the encoder.
        """
        start = torch.zeros_like(pieces[:, :1])
        found = self.t5.decoder(
            input_ids=torch.cat([start, pieces[:, :-1]], dim=1),
            encoder_hidden_states=encoded.states,
            encoder_attention_mask=encoded.mask.long(),
            output_attentions=True,
        )
        return torch.stack(found.cross_attentions).mean(dim=(0, 2))
