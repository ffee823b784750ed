"""A landmark model for tests of the fused encoder."""

import torch

from sonar_sign.models.landmark_translator import LandmarkConfig, LandmarkTranslator

LANDMARK_DIM = 20


def tiny_landmark_model(seed: int = 0, d_model: int = 32) -> LandmarkTranslator:
    """One with random weights, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LandmarkTranslator(
            LandmarkConfig(
                feature_dim=LANDMARK_DIM,
                vocab_size=16,
                d_model=d_model,
                d_ff=32,
                d_kv=16,
                num_heads=2,
                num_layers=1,
                num_decoder_layers=1,
            )
        ).eval()
