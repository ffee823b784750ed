"""Small models with random weights for tests, and what training them takes."""

from pathlib import Path

import pandas as pd
import torch
from small_files import EMBEDDING_DIM, FEATURE_DIM

from sonar_sign.models.sign_encoder import SignEncoder, SignEncoderConfig
from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig
from sonar_sign.training.supervision import TargetFiles
from sonar_sign.training.supervision_files import SupervisionFiles

HIERA = SignHieraConfig(
    input_size=(8, 32, 32), embed_dim=8, stages=(1, 1, 1, 1), num_classes=4, q_pool=3
)
ENCODER = SignEncoderConfig(
    feature_dim=FEATURE_DIM,
    embedding_dim=EMBEDDING_DIM,
    vocab_size=8,
    d_model=32,
    d_kv=16,
    d_ff=64,
    num_layers=1,
    num_decoder_layers=1,
    num_heads=2,
)
assert HIERA.feature_dim == FEATURE_DIM


def tiny_hiera(seed: int = 0) -> SignHiera:
    """A SignHiera of 8 frames of 32 pixels with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SignHiera(HIERA).eval()


def tiny_encoder(config: SignEncoderConfig = ENCODER, seed: int = 0) -> SignEncoder:
    """A sign encoder for `tiny_hiera`'s features with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SignEncoder(config).eval()


def supervision_files_of(
    targets: Path, manifest: Path, sonar: Path = Path("no/sonar")
) -> SupervisionFiles:
    """BatchTargets in English, for training and validation alike."""
    files = TargetFiles("eng_Latn", [targets], [manifest])
    return SupervisionFiles([files], files, sonar)


def loss_by_epoch(curves: pd.DataFrame, column: str = "train/loss") -> list[float]:
    """The mean of a loss over the steps of each epoch."""
    return curves.groupby("epoch")[column].mean().dropna().tolist()
