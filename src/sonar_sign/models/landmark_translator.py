"""The landmark translator: landmarks to text by a small front end and a T5 of transformers.

T5 (Raffel et al. 2020, arXiv:1910.10683) reads the outputs of the front end instead of word
embeddings, as in the pose-to-text systems of Uthus et al. 2023 (arXiv:2306.15162). A *row* is the
input at one time step, a *step* one output of the front end, a *piece* one subword token.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sonar_sign.models.landmark_tokenizer import END, PAD

# Maximum length of a decoded text; How2Sign's longest caption has fewer pieces.
MAX_PIECES = 128


@dataclass(frozen=True)
class LandmarkConfig:
    """Shape of a `LandmarkTranslator`."""

    feature_dim: int
    """Columns of a row of landmarks."""
    vocab_size: int
    """Pieces of the tokenizer."""
    d_model: int
    """Width of the model."""
    d_ff: int
    d_kv: int
    """Width of one attention head."""
    num_heads: int
    num_layers: int
    num_decoder_layers: int
    dropout_rate: float = 0.0
    front: Literal["conv", "linear"] = "conv"
    stride: int = 2
    """Rows per step."""
    kernel: int = 5
    """Kernel size of the convolution, in rows."""
    feed_forward_proj: str = "gated-gelu"
    tie_word_embeddings: bool = True
    relative_attention_num_buckets: int = 32
    relative_attention_max_distance: int = 128
    layer_norm_epsilon: float = 1e-6


@dataclass(frozen=True, eq=False)
class Encoded:
    """Encoder outputs of a batch of clips."""

    states: Tensor
    """`(batch, n_steps, d_model)`; undefined beyond a clip's steps."""
    mask: Tensor
    """`(batch, n_steps)` bool, True at a clip's steps."""


@dataclass(frozen=True, eq=False)
class Translations:
    """Result of decoding a batch of clips."""

    pieces: Tensor
    """`(batch, n_pieces)`, without the start token; padded with 0 after the end."""
    encoded: Encoded
    """Encoder outputs of the same clips."""
    scores: Tensor | None = None
    """`(batch,)`, where they were asked for: see `LandmarkTranslator.hypotheses`."""


class FrontEnd(nn.Module):
    """Turns rows of landmarks into inputs of the encoder, `stride` times fewer."""

    def __init__(self, config: LandmarkConfig):
        super().__init__()
        self.stride, self.is_conv = config.stride, config.front == "conv"
        # Set by `fit` from the training rows, not learnt.
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
        """Set the normalisation: each column is centred, and all have one common scale.

        With a scale for each column, the detector's noise on a chin that hardly moves would be as
        large as the movement of the hands.

        Args:
            mean: `(feature_dim,)` of the training rows.
            deviation: `(feature_dim,)`, their standard deviations.
        """
        self.centre.copy_(mean)
        self.scale.copy_(1 / deviation.square().mean().sqrt().clamp_min(1e-6))

    def forward(self, rows: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the steps of `(batch, n_rows, feature_dim)` rows.

        Args:
            lengths: `(batch,)` number of rows of each clip.

        Returns:
            `(batch, n_steps, d_model)` steps and `(batch, n_steps)` bool mask, True at a clip's
            steps.
        """
        real = torch.arange(rows.shape[1], device=rows.device) < lengths[:, None]
        # Padding is zero in every layer, so the result is independent of the rest of the batch.
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
        """Number of steps of clips with the given numbers of rows."""
        return (lengths + self.stride - 1) // self.stride


class LandmarkTranslator(nn.Module):
    """Translates rows of landmarks to pieces of text."""

    def __init__(self, config: LandmarkConfig):
        super().__init__()
        # Importing transformers takes seconds.
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
            rows: `(batch, n_rows, feature_dim)`, shorter clips padded at the end with any finite
                values.
            lengths: `(batch,)` number of rows of each clip, at least 1.

        Raises:
            ValueError: the rows have another width than the model.
        """
        if rows.shape[-1] != self.config.feature_dim:
            raise ValueError(
                f"rows have {rows.shape[-1]} columns, the model needs {self.config.feature_dim}."
            )
        steps, mask = self.front(rows, lengths)
        states = self.t5.encoder(inputs_embeds=steps, attention_mask=mask.long())
        return Encoded(states.last_hidden_state, mask)

    def loss(self, encoded: Encoded, pieces: Tensor, label_smoothing: float) -> Tensor:
        """Mean cross-entropy in nats per piece, a scalar.

        Args:
            pieces: `(batch, n_pieces)` captions with their end, padded with 0.
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
        """The most probable pieces of each clip, by beam search."""
        from transformers.modeling_outputs import BaseModelOutput

        encoded = self.encode(rows, lengths)
        found = self.t5.generate(
            encoder_outputs=BaseModelOutput(encoded.states),
            attention_mask=encoded.mask.long(),
            num_beams=beam_size,
            do_sample=False,
            max_new_tokens=MAX_PIECES,
        )
        return Translations(found[:, 1:], encoded)

    @torch.no_grad()
    def hypotheses(
        self, rows: Tensor, lengths: Tensor, beam_size: int = 1, n_best: int = 1
    ) -> Translations:
        """The most probable pieces of one clip, best first, by the search of `translate`.

        Args:
            rows: `(1, n_rows, feature_dim)`.
            lengths: `(1,)`.
            beam_size: raised to `n_best` if smaller.

        Returns:
            `n_best` rows of pieces with their scores: the log-probability of the pieces and the
            end, divided by their number.
        """
        from transformers.modeling_outputs import BaseModelOutput

        encoded = self.encode(rows, lengths)
        found = self.t5.generate(
            encoder_outputs=BaseModelOutput(encoded.states),
            attention_mask=encoded.mask.long(),
            num_beams=max(beam_size, n_best),
            num_return_sequences=n_best,
            do_sample=False,
            max_new_tokens=MAX_PIECES,
            output_scores=True,
            return_dict_in_generate=True,
        )
        pieces, scores = found.sequences[:, 1:], found.get("sequences_scores")
        if scores is None:  # a greedy search has none
            chosen = self.t5.compute_transition_scores(
                found.sequences, found.scores, normalize_logits=True
            )
            scores = chosen.mean(dim=1)
        return Translations(pieces, encoded, scores)

    @torch.no_grad()
    def attention(self, encoded: Encoded, pieces: Tensor) -> Tensor:
        """Attention of each piece to each step, `(batch, n_pieces, n_steps)`; sums to 1 over steps.

        It is the decoder's cross-attention, averaged over heads and layers.
        """
        start = torch.zeros_like(pieces[:, :1])
        found = self.t5.decoder(
            input_ids=torch.cat([start, pieces[:, :-1]], dim=1),
            encoder_hidden_states=encoded.states,
            encoder_attention_mask=encoded.mask.long(),
            output_attentions=True,
        )
        return torch.stack(found.cross_attentions).mean(dim=(0, 2))
