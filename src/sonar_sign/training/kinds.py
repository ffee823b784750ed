"""The kinds of training: what each reads, starts from and can be set to.

The config's `trainings` are checked against this table, the workflow's rule `train` takes its
inputs from it, and the command of a kind is `sonar-sign train_{kind}`. Nothing heavy is imported
here. The values are the defaults of the real job: the public models on a corpus such as How2Sign.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sonar_sign.core.feature_options import ContextOptions, FeatureAugmentOptions
from sonar_sign.core.options import (
    AugmentOptions,
    DecoderOptions,
    FreezeOptions,
    FusionOptions,
    JointOptions,
    LandmarkAugmentOptions,
    LandmarkModelOptions,
    LossOptions,
    TrainOptions,
)

PRETRAINED = "pretrained"
"""What a role refers to where it is the public checkpoint that the config's `models` name."""

VIDEO_ENCODERS = ("video_encoder", "joint")
SIGN_ENCODERS = ("sign_encoder", "joint")


@dataclass(frozen=True)
class Role:
    """A checkpoint that a training reads."""

    kinds: tuple[str, ...]
    """The kinds of training that write such a checkpoint."""
    flag: str
    """Flag of the training's command."""
    default: str | None
    """`pretrained`; None where there is no default."""
    needed: bool = True
    frozen: bool = False
    """Whether the training reads it without training it further."""


@dataclass(frozen=True)
class Kind:
    """One kind of training."""

    name: str
    title: str
    """What it does, in a few words."""
    reads: tuple[str, ...]
    """Of `clips`, `features`, `landmarks`: the shards that it is trained on."""
    roles: Mapping[str, Role]
    """The keys `start`, `sign_encoder`, `landmark_model` of the config, by name."""
    options: tuple[Any, ...]
    """Instances of options whose fields are keys of the training."""
    groups: Mapping[str, Any] = field(default_factory=dict)
    """Instances of options that stand under a key of their own, such as `losses`."""
    learns_embeddings: bool = True
    """Whether it is trained towards SONAR's embeddings of the captions."""


def _train(**settings: Any) -> TrainOptions:
    common = {"batch_size": 0, "mixed_precision": "bf16", "num_workers": 4}
    return TrainOptions(**{**common, **settings})


_WINDOWS = {"effective_batch": 16, "batch_budget": 64, "gradient_checkpointing": True}
_EMBEDDING = {"losses": LossOptions()}

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "video_encoder",
            "stage 1: SignHiera's last blocks, through a frozen sign encoder",
            reads=("clips",),
            roles={
                "start": Role(VIDEO_ENCODERS, "sign-hiera", PRETRAINED),
                "sign_encoder": Role(SIGN_ENCODERS, "sign-encoder", PRETRAINED, frozen=True),
            },
            options=(_train(epochs=15, learning_rate=1e-5, **_WINDOWS), FreezeOptions()),
            groups={**_EMBEDDING, "augment": AugmentOptions()},
        ),
        Kind(
            "sign_encoder",
            "stage 2: the sign encoder, on features",
            reads=("features",),
            roles={"start": Role(SIGN_ENCODERS, "sign-encoder", PRETRAINED)},
            options=(_train(epochs=20, learning_rate=1e-4), ContextOptions()),
            groups={**_EMBEDDING, "decoder": DecoderOptions(), "augment": FeatureAugmentOptions()},
        ),
        Kind(
            "joint",
            "SignHiera's last blocks and the sign encoder together",
            reads=("clips",),
            roles={
                "start": Role(VIDEO_ENCODERS, "sign-hiera", PRETRAINED),
                "sign_encoder": Role(SIGN_ENCODERS, "sign-encoder", PRETRAINED),
            },
            options=(
                _train(epochs=15, learning_rate=1e-5, **_WINDOWS),
                FreezeOptions(),
                JointOptions(),
            ),
            groups={**_EMBEDDING, "augment": AugmentOptions()},
        ),
        Kind(
            "landmark_translator",
            "a T5 from landmarks to text",
            reads=("landmarks",),
            roles={"start": Role(("landmark_translator",), "start", None, needed=False)},
            options=(
                _train(epochs=100, learning_rate=3e-4, batch_size=64, eval_every=2, patience=10),
            ),
            groups={"shape": LandmarkModelOptions(), "augment": LandmarkAugmentOptions()},
            learns_embeddings=False,
        ),
        Kind(
            "fused",
            "a sign encoder that reads landmarks beside its features",
            reads=("features", "landmarks"),
            roles={
                "start": Role((*SIGN_ENCODERS, "fused"), "sign-encoder", PRETRAINED),
                "landmark_model": Role(
                    ("landmark_translator",), "landmark-model", None, frozen=True
                ),
            },
            options=(
                _train(epochs=20, learning_rate=1e-4),
                FusionOptions(drop_features=0.5),
            ),
            groups={**_EMBEDDING, "augment": LandmarkAugmentOptions()},
        ),
    )
}
