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
from sonar_sign.models.model_config import read_config
from sonar_sign.models.model_content import require_finite, verify_content
from sonar_sign.models.model_files import assign, empty_model, read_tensors, write

ENTRY = "landmark_model"
_WHAT = "landmark model"
# Fields of a T5's config that a `LandmarkConfig` has too.
_FROM_T5 = (
    *("vocab_size", "d_model", "d_ff", "d_kv", "num_heads", "num_layers", "num_decoder_layers"),
    *("feed_forward_proj", "tie_word_embeddings", "layer_norm_epsilon"),
    *("relative_attention_num_buckets", "relative_attention_max_distance"),
)
# SONAR's, of 256,000 pieces, has 4.9 MB.
MAX_TOKENIZER_BYTES = 64 << 20


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
    model = empty_model(path, file, ENTRY, LandmarkTranslator, LandmarkConfig, None)
    assign(path, _WHAT, model, file[ENTRY])
    model.t5.tie_weights()
    stored = file.get("tokenizer")
    if not isinstance(stored, torch.Tensor) or stored.dtype != torch.uint8 or stored.dim() != 1:
        raise UserError(f"{path} holds no tokenizer; train it again.")
    if len(stored) > MAX_TOKENIZER_BYTES:
        raise UserError(f"{path}: its tokenizer has {len(stored)} bytes, more than any has.")
    tokenizer = Tokenizer(stored.numpy().tobytes(), f"The tokenizer in {path}")
    if len(tokenizer) > model.config.vocab_size:
        raise UserError(
            f"{path}: its tokenizer has {len(tokenizer)} pieces and its model "
            f"{model.config.vocab_size}; they do not belong together."
        )
    verify_content(path, file)
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
        UserError: a file is missing, damaged or does not fit.
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
        of_t5 = {name: getattr(t5, name) for name in _FROM_T5}
        of_front = {name: getattr(options, name) for name in ("front", "stride", "kernel")}
        given = {"feature_dim": feature_dim, "dropout_rate": options.dropout, **of_t5, **of_front}
        config = read_config(LandmarkConfig, given, len(state))
    except (ValueError, TypeError, AttributeError, OSError, SafetensorError) as error:
        raise UserError(f"{folder} holds no T5 that can be read ({error}).") from error
    require_finite(weights, state)
    with torch.device("meta"):  # its shapes, before there is memory for them
        _load_t5(LandmarkTranslator(config), state, weights, config_file)
    model = LandmarkTranslator(config)
    _load_t5(model, state, weights, config_file)
    return model, tokenizer


def _load_t5(
    model: LandmarkTranslator, state: dict[str, torch.Tensor], weights: Path, config_file: Path
) -> None:
    try:
        result = model.t5.load_state_dict(
            state, strict=False, assign=model.t5.shared.weight.is_meta
        )
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
