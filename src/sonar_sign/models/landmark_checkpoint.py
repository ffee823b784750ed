"""Files of landmark models: tensors, config and tokenizer in one; read strictly, no code is run.

`{"landmark_model": tensors, "config": ..., "tokenizer": bytes as uint8, "extra": ...}`.
"""

from pathlib import Path
from typing import Any

import torch

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import LandmarkModelOptions
from sonar_sign.core.wording import first_few
from sonar_sign.models.landmark_tokenizer import Tokenizer, read_tokenizer
from sonar_sign.models.landmark_translator import LandmarkConfig, LandmarkTranslator
from sonar_sign.models.model_files import assign, empty_model, read_tensors, write

ENTRY = "landmark_model"
_WHAT = "landmark model"


def save_landmark_model(
    path: Path,
    model: LandmarkTranslator,
    tokenizer: Tokenizer,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Write a model atomically; raises as `save_sign_hiera`."""
    stored = torch.frombuffer(bytearray(tokenizer.model), dtype=torch.uint8)
    write(path, ENTRY, model, metadata, {"tokenizer": stored})


def load_landmark_model(
    path: Path, device: str | torch.device = "cpu"
) -> tuple[LandmarkTranslator, Tokenizer]:
    """Load a model, in evaluation mode.

    Raises:
        UserError: the file is missing, damaged, holds Python objects, is another model's, or its
            keys or shapes are not those of its own config.
    """
    file = read_tensors(path, ENTRY, _WHAT)
    if not isinstance(file.get("config"), dict):
        raise UserError(f"{path} does not say what shape its landmark model has; train it again.")
    model = empty_model(path, file, LandmarkTranslator, LandmarkConfig, None)
    assign(path, _WHAT, model, file[ENTRY])
    model.t5.tie_weights()
    stored = file.get("tokenizer")
    if not isinstance(stored, torch.Tensor) or stored.dtype != torch.uint8:
        raise UserError(f"{path} holds no tokenizer; train it again.")
    tokenizer = Tokenizer(stored.numpy().tobytes(), f"The tokenizer in {path}")
    if len(tokenizer) > model.config.vocab_size:
        raise UserError(
            f"{path}: its tokenizer has {len(tokenizer)} pieces and its model "
            f"{model.config.vocab_size}; they do not belong together."
        )
    return model.to(device).eval(), tokenizer


def new_landmark_model(
    options: LandmarkModelOptions, feature_dim: int, tokenizer: Tokenizer
) -> LandmarkTranslator:
    """A model from scratch.

    Raises:
        UserError: sizes that do not fit each other.
    """
    _require_front(options)
    if options.d_model % options.num_heads:
        raise UserError(
            f"d_model {options.d_model} cannot be shared by {options.num_heads} heads; make it a "
            "multiple of num_heads."
        )
    return LandmarkTranslator(
        LandmarkConfig(
            feature_dim=feature_dim,
            vocab_size=len(tokenizer),
            d_model=options.d_model,
            d_ff=options.d_ff,
            d_kv=options.d_model // options.num_heads,
            num_heads=options.num_heads,
            num_layers=options.num_layers,
            num_decoder_layers=options.num_decoder_layers,
            dropout_rate=options.dropout,
            front=options.front,
            stride=options.stride,
            kernel=options.kernel,
        )
    )


def from_t5_folder(
    options: LandmarkModelOptions, feature_dim: int
) -> tuple[LandmarkTranslator, Tokenizer]:
    """A pretrained T5 with a new front end, and its tokenizer.

    Args:
        options: `t5_folder` holds `config.json`, `model.safetensors` and `spiece.model`; sizes
            are the folder's.

    Raises:
        UserError: a file is missing or does not fit.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from transformers import T5Config

    from sonar_sign.core.files import require_file

    _require_front(options)
    folder = Path(options.t5_folder)
    tokenizer = read_tokenizer(folder / "spiece.model")
    config_file = require_file(folder / "config.json", "The T5's config")
    weights = require_file(folder / "model.safetensors", "The T5's weights")
    try:
        t5 = T5Config.from_json_file(config_file)
        state = load_file(weights)
    except (ValueError, OSError, SafetensorError) as error:
        raise UserError(f"{folder} holds no T5 that can be read ({error}).") from error
    model = LandmarkTranslator(
        LandmarkConfig(
            feature_dim=feature_dim,
            vocab_size=t5.vocab_size,
            d_model=t5.d_model,
            d_ff=t5.d_ff,
            d_kv=t5.d_kv,
            num_heads=t5.num_heads,
            num_layers=t5.num_layers,
            num_decoder_layers=t5.num_decoder_layers,
            dropout_rate=options.dropout,
            front=options.front,
            stride=options.stride,
            kernel=options.kernel,
            feed_forward_proj=t5.feed_forward_proj,
            tie_word_embeddings=t5.tie_word_embeddings,
            relative_attention_num_buckets=t5.relative_attention_num_buckets,
            relative_attention_max_distance=t5.relative_attention_max_distance,
            layer_norm_epsilon=t5.layer_norm_epsilon,
        )
    )
    _load_t5(model, state, weights, config_file)
    return model, tokenizer


def _load_t5(
    model: LandmarkTranslator, state: dict[str, torch.Tensor], weights: Path, config_file: Path
) -> None:
    try:
        result = model.t5.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise UserError(f"{weights} does not fit {config_file}: {error}.") from error
    # One word embedding has several names, of which a file holds one.
    tied = {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}
    if model.config.tie_word_embeddings:
        tied |= {"lm_head.weight"}
    wrong = sorted((set(result.missing_keys) - tied) | set(result.unexpected_keys))
    if wrong:
        raise UserError(f"{weights} does not fit {config_file}: {first_few(wrong)}.")
    model.t5.tie_weights()


def _require_front(options: LandmarkModelOptions) -> None:
    if options.stride < 1 or options.kernel % 2 == 0:
        raise UserError(
            f"stride {options.stride} must be at least 1 and kernel {options.kernel} odd."
        )
