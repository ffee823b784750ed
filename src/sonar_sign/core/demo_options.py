"""The settings of the synthetic demo: its corpora and its stand-ins for the public models.

They are written like those of `options`.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from sonar_sign.core.bounds import (
    BATCH,
    HEADS,
    LAYERS,
    LEARNING_RATE,
    SEEDS,
    SHARE,
    WIDTH,
    between,
    matching,
)


@dataclass(frozen=True)
class DemoOptions:
    """How the synthetic corpora are drawn."""

    seed: Annotated[int, "Seed of the corpora and of the stand-ins.", SEEDS] = 7
    folder: Annotated[
        str,
        "Where it is made: resources/FOLDER/howto and news, resources/models/FOLDER.",
        matching("[a-z0-9_]{1,64}", "a-z, 0-9 and _"),
    ] = "demo"
    clips_per_video: Annotated[int, "Sentences per source video.", between(1, 1000)] = 8
    pretraining_corpus: Annotated[
        str, "Corpus of the config on which the stand-ins are pretrained."
    ] = "demo_news"


@dataclass(frozen=True)
class DifficultyOptions:
    """What makes the synthetic corpora hard, each part by itself; the defaults are without any."""

    vocabulary: Annotated[
        Literal["small", "large"], "26 signs, or 118; spelled letters and points not counted."
    ] = "small"
    long_tail: Annotated[
        float, "Exponent of Zipf's law for the frequency of words; 0: all alike.", between(0, 3)
    ] = 0.0
    references: Annotated[
        float, "Share of sentences that point at what a sentence before set up in space.", SHARE
    ] = 0.0
    fingerspelling: Annotated[float, "Share of subjects that are names, spelled.", SHARE] = 0.0
    unseen_names: Annotated[float, "Share of the names in test that are in test only.", SHARE] = 0.0
    unseen_combinations: Annotated[
        float, "Share of test sentences whose verb and object train never has together.", SHARE
    ] = 0.0
    questions: Annotated[
        float, "Share of questions, marked by brows and a tilted head only.", SHARE
    ] = 0.0
    head_negation: Annotated[
        float, "Share of negations that are a shake of the head only.", SHARE
    ] = 0.0
    coarticulation: Annotated[
        float, "How far a sign is drawn to its neighbours, and cut short where it is fast.", SHARE
    ] = 0.0
    rate: Annotated[float, "Speed of signing; 1.2 is 20 % faster.", between(0.5, 3)] = 1.0
    rate_spread: Annotated[
        float, "Deviation of the speed between sentences, as a natural logarithm.", SHARE
    ] = 0.0
    movement_spread: Annotated[
        float, "How much signers differ in size of movement, as a share.", between(0, 0.5)
    ] = 0.0
    left_handed: Annotated[bool, "Whether signer 4 of howto is left-handed."] = False
    exposure: Annotated[
        float, "Share of a frame's time for which the shutter is open: motion blur.", SHARE
    ] = 0.0
    emphasis: Annotated[float, "Share of sentences signed larger and faster.", SHARE] = 0.0
    keypoints: Annotated[
        Literal["clean", "detected"], "As drawn, or with the faults of a detector."
    ] = "clean"


PLAIN = DifficultyOptions()
"""Without any difficulty."""


@dataclass(frozen=True)
class StandInOptions:
    """Sizes of the demo's stand-ins for SignHiera and the sign encoder."""

    n_frames: Annotated[int, "Sampled frames in a window.", between(4, 128, 2)] = 32
    size: Annotated[int, "Width and height of a clip, in pixels.", between(64, 1024, 64)] = 64
    embed_dim: Annotated[
        int, "Width of SignHiera's first stage; features are 8 times it.", WIDTH
    ] = 32
    encoder_dim: Annotated[int, "Width of the sign encoder.", between(4, 16384, 4)] = 128
    encoder_layers: Annotated[int, "Layers of its encoder, and of its decoder.", LAYERS] = 2


@dataclass(frozen=True)
class SignHieraPretrainOptions:
    """How the demo's SignHiera is pretrained."""

    epochs: Annotated[int, "Passes over the windows of the news corpus.", between(1, 100_000)] = 12
    batch_windows: Annotated[int, "Windows per step.", BATCH] = 16
    learning_rate: Annotated[float, "Peak of the schedule.", LEARNING_RATE] = 1e-3
    weight_decay: Annotated[float, "AdamW's.", between(0, 10)] = 0.05


@dataclass(frozen=True)
class SonarPretrainOptions:
    """How the demo's SONAR is pretrained."""

    n_pairs: Annotated[int, "Training sentences, each in both languages.", between(1, 100_000)] = (
        3000
    )
    vocabulary_size: Annotated[int, "Sentencepiece pieces.", between(100, 256_000)] = 400
    width: Annotated[int, "Width of encoder, decoder and embedding.", WIDTH] = 64
    n_layers: Annotated[int, "Encoder layers, and as many decoder layers.", LAYERS] = 2
    n_heads: Annotated[int, "Attention heads.", HEADS] = 4
    ffn_width: Annotated[int, "Width of the feed-forward layers.", between(1, 65536)] = 256
    n_steps: Annotated[int, "Training steps.", between(1, 1_000_000)] = 700
    batch_size: Annotated[int, "Sentence pairs per step, each translated twice.", BATCH] = 32
    learning_rate: Annotated[float, "Peak of the one-cycle schedule.", LEARNING_RATE] = 3e-3
    noise: Annotated[
        float, "Noise on the embeddings in training, in their own units.", between(0, 100)
    ] = 0.25
    alignment: Annotated[
        float, "Weight of the distance between two languages' embeddings.", between(0, 1e6)
    ] = 1.0
