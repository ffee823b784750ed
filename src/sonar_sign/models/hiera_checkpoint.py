"""Read and write SignHiera in the layout of the public file, `{"model_state": tensors}`.

Apart from `checkpoint`, which offers the same and needs seconds more to import transformers.
"""

from pathlib import Path
from typing import Any

import torch

from sonar_sign.models.model_content import verify_content
from sonar_sign.models.model_files import assign, empty_model, read_tensors, write
from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig

HIERA_ENTRY = "model_state"

# Features do not use these, and public files may lack them.
HIERA_MAY_LACK = ("norm.weight", "norm.bias", "head.projection.weight", "head.projection.bias")
# Parts of the masked autoencoder that the public SignHiera was pretrained with.
HIERA_MAY_ADD = ("decoder", "multi_scale_fusion", "encoder_norm", "mask_token")


def load_sign_hiera(
    path: Path, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
) -> SignHiera:
    """Load a SignHiera, in evaluation mode.

    On a CPU the weights stay in the file until they are used (memory-mapped, private: changing
    them leaves the file alone). `dtype` None keeps the file's. A file without the final norm and
    the head gets a norm of weight 1 and bias 0 and a head of zeros, which no feature depends on.

    Raises:
        UserError: the file is missing, broken, holds other objects than tensors and plain values,
            its keys or shapes are not the model's, or its content is not what was written.
    """
    file = read_tensors(path, HIERA_ENTRY, "SignHiera")
    public = SignHieraConfig.base_128x224()
    model = empty_model(path, file, HIERA_ENTRY, SignHiera, SignHieraConfig, public)
    state = {k: v for k, v in file[HIERA_ENTRY].items() if not k.startswith(HIERA_MAY_ADD)}
    for key, expected in model.state_dict().items():
        if key in HIERA_MAY_LACK and key not in state:
            fill = 1.0 if key == "norm.weight" else 0.0
            dtype = next((tensor.dtype for tensor in state.values()), None)
            state[key] = torch.full(expected.shape, fill, dtype=dtype)
    assign(path, "SignHiera", model, state)
    verify_content(path, file)
    return model.to(device=device, dtype=dtype).eval()


def save_sign_hiera(path: Path, model: SignHiera, metadata: dict[str, Any] | None = None) -> None:
    """Write a SignHiera atomically.

    Raises:
        ValueError: `metadata` holds something else than str, int, float, bool, None, lists,
            tuples and dictionaries of them.
    """
    write(path, HIERA_ENTRY, model, metadata)
