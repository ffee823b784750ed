"""The settings of the synthetic demo: its corpora and its stand-ins for the public models.

They are written like those of `options`.
"""

from dataclasses import dataclass
from typing import Annotated

from sonar_sign.core.settings import POSITIVE, at_least


@dataclass(frozen=True)
class DemoOptions:
    """How the synthetic corpora are drawn."""

    seed: Annotated[int, "Seed of the corpora and of the stand-ins.", at_least(0)] = 7
    clips_per_video: Annotated[int, "Sentences per source video.", at_least(1)] = 8
    pretraining_corpus: Annotated[
        str, "Corpus of the config on which the stand-ins are pretrained."
    ] = "demo_news"


@dataclass(frozen=True)
class StandInOptions:
    """Sizes of the demo's stand-ins for SignHiera and the sign encoder."""

    n_frames: Annotated[int, "Sampled frames in a window.", at_least(1)] = 32
    size: Annotated[int, "Width and height of a clip, in pixels.", at_least(1)] = 64
    embed_dim: Annotated[
        int, "Width of SignHiera's first stage; features are 8 times it.", at_least(1)
    ] = 32
    encoder_dim: Annotated[int, "Width of the sign encoder.", at_least(1)] = 128
    encoder_layers: Annotated[int, "Layers of its encoder, and of its decoder.", at_least(1)] = 2


@dataclass(frozen=True)
class SignHieraPretrainOptions:
    """How the demo's SignHiera is pretrained."""

    epochs: Annotated[int, "Passes over the windows of the news corpus.", at_least(1)] = 12
    batch_windows: Annotated[int, "Windows per step.", at_least(1)] = 16
    learning_rate: Annotated[float, "Peak of the schedule.", POSITIVE] = 1e-3
    weight_decay: Annotated[float, "AdamW's.", at_least(0)] = 0.05


@dataclass(frozen=True)
class SonarPretrainOptions:
    """How the demo's SONAR is pretrained."""

    n_pairs: Annotated[int, "Training sentences, each in both languages.", at_least(1)] = 3000
    vocabulary_size: Annotated[int, "Sentencepiece pieces.", at_least(1)] = 400
    width: Annotated[int, "Width of encoder, decoder and embedding.", at_least(1)] = 64
    n_layers: Annotated[int, "Encoder layers, and as many decoder layers.", at_least(1)] = 2
    n_heads: Annotated[int, "Attention heads.", at_least(1)] = 4
    ffn_width: Annotated[int, "Width of the feed-forward layers.", at_least(1)] = 256
    n_steps: Annotated[int, "Training steps.", at_least(1)] = 700
    batch_size: Annotated[int, "Sentence pairs per step, each translated twice.", at_least(1)] = 32
    learning_rate: Annotated[float, "Peak of the one-cycle schedule.", POSITIVE] = 3e-3
    noise: Annotated[
        float, "Noise on the embeddings in training, in their own units.", at_least(0)
    ] = 0.25
    alignment: Annotated[
        float, "Weight of the distance between two languages' embeddings.", at_least(0)
    ] = 1.0
