"""Checks a model file of any kind as a whole, without computing anything with it."""

from pathlib import Path

import torch

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file, sha256_of
from sonar_sign.models.checkpoint import ENCODER_ENTRY, load_sign_encoder, load_sign_hiera
from sonar_sign.models.fused_encoder import ENTRY as FUSION_ENTRY
from sonar_sign.models.hiera_checkpoint import HIERA_ENTRY
from sonar_sign.models.landmark_checkpoint import ENTRY as LANDMARK_ENTRY
from sonar_sign.models.landmark_checkpoint import load_landmark_model
from sonar_sign.models.model_content import require_finite, verify_content
from sonar_sign.models.model_files import open_file, read_metadata, tensors_of

# fairseq2's entry of a SONAR text model.
SONAR_ENTRY = "model"
_LOADERS = {
    HIERA_ENTRY: load_sign_hiera,
    ENCODER_ENTRY: load_sign_encoder,
    LANDMARK_ENTRY: load_landmark_model,
}


def verify_checkpoint(path: Path, sha256: str | None = None) -> str:
    """Check a SignHiera, sign encoder, fused encoder, landmark model or SONAR text model.

    That is: layout, keys and shapes, finite weights, and the content by its hash or, in public
    files, by the archive's checksums. 3 GB take about a second; with `sha256` three.

    Args:
        sha256: what the file must have, such as the one in the registry of public files.

    Returns:
        The entry that says which kind it is, such as `student`.

    Raises:
        UserError: the file cannot be used.
    """
    path = require_file(path, "The checkpoint")
    if sha256 is not None and (found := sha256_of(path)) != sha256:
        raise UserError(f"{path} has the SHA-256 {found} instead of {sha256}; fetch it again.")
    file = open_file(path, "The checkpoint")
    read_metadata(path)
    for entry, load in _LOADERS.items():
        if entry in file:
            load(path)
            if FUSION_ENTRY in file:
                require_finite(path, tensors_of(path, file, FUSION_ENTRY))
            return entry
    if SONAR_ENTRY not in file:
        known = ", ".join((*_LOADERS, SONAR_ENTRY))
        raise UserError(f"{path} is no checkpoint of a known model: it has none of {known}.")
    verify_content(path, file)
    weights = {k: v for k, v in file[SONAR_ENTRY].items() if isinstance(v, torch.Tensor)}
    require_finite(path, weights)
    return SONAR_ENTRY
