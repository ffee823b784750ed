"""SONAR's sign encoder: from the SignHiera features of a clip to one SONAR sentence embedding.

It is T5 v1.1 (Raffel et al. 2020, arXiv:1910.10683; gated GELU) over projected features instead
of word embeddings; the sentence embedding is the output of one decoder step from the start token,
projected to SONAR's space (Duquenne et al. 2023, arXiv:2308.11466, attention pooling).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from sonar_sign.models.sign_context import Context, ContextReader, States, stack_context


@dataclass(frozen=True)
class SignEncoderConfig:
    """Shape of a sign encoder; the defaults are those of the public model."""

    feature_dim: int = 768
    """Width of a SignHiera feature."""
    embedding_dim: int = 1024
    """Width of a SONAR embedding."""
    vocab_size: int = 32128
    """Rows of the word embedding; only the start token's row is used."""
    d_model: int = 1024
    """Width of the model."""
    d_kv: int = 64
    """Width of one attention head."""
    d_ff: int = 2816
    num_layers: int = 24
    num_decoder_layers: int = 24
    num_heads: int = 16
    relative_attention_num_buckets: int = 32
    relative_attention_max_distance: int = 128
    dropout_rate: float = 0.0
    layer_norm_epsilon: float = 1e-6
    context: int = 0
    """Sentences before a clip that are read too; the public model reads none."""

    @classmethod
    def t5_v1_1_large(cls) -> "SignEncoderConfig":
        """The public model `dm_70h_ub_sonar_encoder`: 752,088,064 parameters."""
        return cls()


class FeatureProjection(nn.Module):
    """A linear layer with a learnt factor for each output, without normalisation."""

    def __init__(self, feature_dim: int, d_model: int):
        super().__init__()
        self.feature_proj_scale = nn.Parameter(torch.ones(d_model))
        self.feature_proj = nn.Linear(feature_dim, d_model)

    def forward(self, features: Tensor) -> Tensor:
        """(batch, n_features, feature_dim) -> (batch, n_features, d_model)."""
        return self.feature_proj(features) * self.feature_proj_scale


class SignEncoder(nn.Module):
    """Computes SONAR embeddings of clips; state-dict keys are those of the public checkpoint.

    One that reads the sentences before a clip has those of a `ContextReader` besides.

    `shared`, `encoder` and `decoder` are the parts of a transformers `T5Model`; the word embedding
    is one tensor with three names.
    """

    def __init__(self, config: SignEncoderConfig):
        super().__init__()
        # Importing transformers takes seconds, and `extract` does not need it.
        from transformers import T5Config, T5Model

        self.config = config
        t5 = T5Model(
            T5Config(
                vocab_size=config.vocab_size,
                d_model=config.d_model,
                d_kv=config.d_kv,
                d_ff=config.d_ff,
                num_layers=config.num_layers,
                num_decoder_layers=config.num_decoder_layers,
                num_heads=config.num_heads,
                relative_attention_num_buckets=config.relative_attention_num_buckets,
                relative_attention_max_distance=config.relative_attention_max_distance,
                dropout_rate=config.dropout_rate,
                layer_norm_epsilon=config.layer_norm_epsilon,
                feed_forward_proj="gated-gelu",
                tie_word_embeddings=False,
                use_cache=False,
                pad_token_id=0,
                eos_token_id=1,
                decoder_start_token_id=0,
            )
        )
        self.shared, self.encoder, self.decoder = t5.shared, t5.encoder, t5.decoder
        # Registered between word embedding and blocks, which is the key order of the public file.
        blocks = self.encoder.block
        del self.encoder.block
        self.encoder.feature_projection = FeatureProjection(config.feature_dim, config.d_model)
        self.encoder.block = blocks
        self.encoder.final_layer_norm = self.encoder._modules.pop("final_layer_norm")
        self.projection_out = nn.Linear(config.d_model, config.embedding_dim, bias=False)
        # SONAR embeddings are small numbers; the reference initialises its projection like this.
        nn.init.normal_(self.projection_out.weight, std=1e-4)
        self.context_reader = _reader_of(config)

    def read_sentences_before(self, n_sentences: int) -> None:
        """Let it read so many sentences before a clip; until it is trained, no embedding changes.

        Raises:
            ValueError: it reads more of them already.
        """
        if n_sentences < self.config.context:
            raise ValueError(f"It reads {self.config.context} sentences before, not {n_sentences}.")
        if n_sentences == self.config.context:
            return
        self.config = replace(self.config, context=n_sentences)
        before, self.context_reader = self.context_reader, _reader_of(self.config)
        if before is not None:
            state = before.state_dict()
            marks = self.context_reader.marks.detach().clone()
            marks[: len(state["marks"])] = state["marks"]
            self.context_reader.load_state_dict({**state, "marks": marks})
        self.context_reader.to(self.projection_out.weight)

    def encode(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Encoder outputs, one for each feature: (batch, n_features, d_model).

        Arguments as for `forward`. Outputs beyond a clip's length are undefined.
        """
        return self.encode_projected(*self._projected(features, lengths))

    def _projected(self, features: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Projected features, and where they are real."""
        if features.shape[-1] != self.config.feature_dim:
            raise ValueError(
                f"features have width {features.shape[-1]}, the model needs "
                f"{self.config.feature_dim}."
            )
        real = real_positions(features, lengths)
        return self.encoder.feature_projection(features), real

    def encode_projected(self, projected: Tensor, real: Tensor | None) -> Tensor:
        """Encoder outputs from projected features (outputs of `feature_projection` or similar).

        Args:
            projected: `(batch, n_features, d_model)`.
            real: `(batch, n_features)`, True at a clip's features; None: all are.
        """
        return self.encoder(inputs_embeds=projected, attention_mask=real).last_hidden_state

    def embed_projected(
        self, projected: Tensor, real: Tensor | None, context: Context | None = None
    ) -> Tensor:
        """Embed projected features; arguments as for `encode_projected` and `forward`.

        Raises:
            ValueError: there is a context, and it reads none.
        """
        encoded = self.encode_projected(projected, real)
        if context is not None:
            if self.context_reader is None:
                raise ValueError("This sign encoder reads no sentences before a clip.")
            features = self.encoder.feature_projection(context.features)
            marked = self.context_reader.mark(features, context.distances)
            earlier = States(marked, self.encode_projected(marked, context.encoded_rows))
            clip = States(projected, encoded)
            encoded = self.context_reader(clip, earlier, context.distances)
        return self.pool(encoded, real)

    def embed_after(self, features: Tensor, earlier: Sequence[Tensor] = ()) -> Tensor:
        """Embed one clip that follows others in its video, as when a video is translated live.

        Args:
            features: `(n_features, feature_dim)`.
            earlier: those of the clips before it, the nearest last; any number, of which only as
                many are read as the model was trained to read.

        Returns:
            `(1, embedding_dim)`.
        """
        n_read = self.config.context
        read = list(earlier)[-n_read:] if n_read else []
        if not read:
            return self(features[None])
        context = stack_context([read], self.config.feature_dim)
        return self(features[None], context=context.to(features.device))

    def forward(
        self, features: Tensor, lengths: Tensor | None = None, context: Context | None = None
    ) -> Tensor:
        """Embed clips.

        Args:
            features: (batch, n_features, feature_dim), shorter clips padded at the end with any
                finite values.
            lengths: (batch,) number of features of each clip, 1 to n_features; None: no padding.
            context: the sentences before; None: there are none.

        Returns:
            (batch, embedding_dim) SONAR sentence embeddings.

        Raises:
            ValueError: a shape does not fit the config, or a length does not fit the features.
        """
        return self.embed_projected(*self._projected(features, lengths), context)

    def pool(self, encoded: Tensor, real: Tensor | None) -> Tensor:
        """The sentence embedding of encoder outputs, `(batch, embedding_dim)`.

        Args:
            encoded: `(batch, n_features, d_model)`.
            real: `(batch, n_features)`, True at a clip's features; None: all are.
        """
        start = torch.zeros(len(encoded), 1, dtype=torch.long, device=encoded.device)
        decoded = self.decoder(
            input_ids=start, encoder_hidden_states=encoded, encoder_attention_mask=real
        ).last_hidden_state  # (batch, 1, d_model)
        return self.projection_out(decoded[:, 0])

    def enable_gradient_checkpointing(self) -> None:
        """Recompute the activations inside each T5 block in the backward pass."""
        for stack in (self.encoder, self.decoder):
            stack.gradient_checkpointing_enable({"use_reentrant": False})


def _reader_of(config: SignEncoderConfig) -> ContextReader | None:
    if not config.context:
        return None
    return ContextReader(config.context, config.d_model, config.num_heads, config.d_kv)


def real_positions(features: Tensor, lengths: Tensor | None) -> Tensor | None:
    """(batch, n_features), True before each clip's length; None if `lengths` is None."""
    if features.dim() != 3 or 0 in features.shape:
        raise ValueError(
            f"features have shape {tuple(features.shape)}, not (batch, n_features, feature_dim) "
            "with at least one feature."
        )
    if lengths is None:
        return None
    if tuple(lengths.shape) != features.shape[:1]:
        raise ValueError(
            f"lengths have shape {tuple(lengths.shape)}, the batch is {features.shape[0]} clips."
        )
    n_features = features.shape[1]
    # Not checked on a GPU: reading the values would wait for all queued work.
    if lengths.device.type == "cpu" and not 1 <= lengths.min() <= lengths.max() <= n_features:
        raise ValueError(f"lengths {lengths.tolist()} are not all in 1..{n_features}.")
    positions = torch.arange(n_features, device=features.device)
    return positions < lengths.to(features.device)[:, None]
