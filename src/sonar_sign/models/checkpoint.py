"""Read and write model files in the layout of the public ones, strictly and without running code.

The public files are `{"model_state": tensors}` (SignHiera) and `{"student": tensors}` (sign
encoder). Files written here add a `config` entry, the fields of the model's config, and may add
`extra`, metadata that say how the model was made. A file without `config` is assumed to have the
public model's shape.
"""

from pathlib import Path
from typing import Any

import torch

# Here and not in the first SignEncoder: the import takes seconds, loading the model less than one.
import transformers.models.t5.modeling_t5  # noqa: F401

from sonar_sign.core.errors import UserError
from sonar_sign.models.hiera_checkpoint import load_sign_hiera, save_sign_hiera
from sonar_sign.models.model_content import verify_content
from sonar_sign.models.model_files import (
    assign,
    check,
    empty_model,
    read_metadata,
    read_tensors,
    write,
)
from sonar_sign.models.sign_encoder import SignEncoder, SignEncoderConfig

__all__ = [
    "load_sign_encoder",
    "load_sign_hiera",
    "read_metadata",
    "save_sign_encoder",
    "save_sign_hiera",
]

ENCODER_ENTRY = "student"

# One tensor under three names.
ENCODER_TIED = ("shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight")


def load_sign_encoder(
    path: Path, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
) -> SignEncoder:
    """Load a sign encoder, in evaluation mode; the rest is as for `load_sign_hiera`.

    Raises:
        UserError: as `load_sign_hiera`, or the three names of the word embedding differ in value.
    """
    file = read_tensors(path, ENCODER_ENTRY, "sign encoder")
    public = SignEncoderConfig.t5_v1_1_large()
    model = empty_model(path, file, ENCODER_ENTRY, SignEncoder, SignEncoderConfig, public)
    state = file[ENCODER_ENTRY]
    check(path, "sign encoder", model, state)
    first = state[ENCODER_TIED[0]]
    for key in ENCODER_TIED[1:]:
        same_memory = state[key].data_ptr() == first.data_ptr()
        if not same_memory and not torch.equal(state[key].to(first.dtype), first):
            raise UserError(
                f"{path}: {key} and {ENCODER_TIED[0]} differ, but must be one word embedding."
            )
    verify_content(path, file)
    for key in ENCODER_TIED[1:]:
        state[key] = first
    assign(path, "sign encoder", model, state)
    return model.to(device=device, dtype=dtype).eval()


def save_sign_encoder(
    path: Path, model: SignEncoder, metadata: dict[str, Any] | None = None
) -> None:
    """Write a sign encoder atomically; raises as `save_sign_hiera`."""
    write(path, ENCODER_ENTRY, model, metadata)
