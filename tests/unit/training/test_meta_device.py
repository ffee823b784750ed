"""Models, losses and training steps on PyTorch's `meta` device, which stands for a GPU.

What lies on another device is an error there as it would be on a GPU, and so is asking for a
tensor's value, for which a GPU would have to be waited for.
"""

import pytest
import torch
from landmark_fusion import LANDMARK_DIM, tiny_landmark_model
from meta_device import META, only_one_device, trained_once
from tiny_models import ENCODER, HIERA

from sonar_sign.core.options import AugmentOptions, LossOptions, TrainOptions
from sonar_sign.features.clip_windows import to_input
from sonar_sign.models.fused_encoder import FusedEncoder
from sonar_sign.models.sign_encoder import SignEncoder
from sonar_sign.models.sign_hiera import SignHiera
from sonar_sign.models.vocabulary_loss import vocabulary_losses
from sonar_sign.training.data import Batch
from sonar_sign.training.fused import FusedModule
from sonar_sign.training.joint import JointModule
from sonar_sign.training.landmark_translator import LandmarkModule
from sonar_sign.training.losses import Losses
from sonar_sign.training.module import EmbeddingModule
from sonar_sign.training.sign_encoder import FeaturesToEmbedding
from sonar_sign.training.supervision import BatchTargets
from sonar_sign.training.video_encoder import VideoToEmbedding, freeze_first_blocks

N = 3
WIDTH = ENCODER.embedding_dim
LANGUAGES = ("eng_Latn", "ita_Latn")
ALL_AUGMENTATIONS = AugmentOptions(colour=0.1, texture=0.1, shift=0.1, scale=0.1)


class Words:
    """A decoder of one layer: embeddings and captions to losses, as SONAR's `word_losses`."""

    def __init__(self):
        self.project = torch.nn.Linear(WIDTH, 11)

    def __call__(self, embeddings, captions, language):
        assert len(embeddings) == len(captions)
        targets = torch.zeros(len(captions), 4, dtype=torch.int64, device=embeddings.device)
        hidden = embeddings[:, None].expand(-1, 4, -1)
        return vocabulary_losses(hidden, self.project, targets, 11).mean(dim=1)


class Pieces:
    """A tokenizer of captions: a piece per letter."""

    def encode(self, text):
        return [3 + ord(letter) % 5 for letter in text] + [1]


def on_meta(build):
    with META:
        return build()


def batch(**inputs) -> Batch:
    """Three clips of a data loader, moved as Lightning moves them."""
    targets = BatchTargets(
        torch.randn(N, 2, WIDTH),
        torch.tensor([[True, True], [True, False], [True, True]]),
        {language: ["a", "bc", "d"] for language in LANGUAGES},
    )
    return Batch(["x", "y", "z"], targets, **inputs).to(META)


def features() -> dict:
    return {"features": torch.randn(N, 9, ENCODER.feature_dim), "lengths": torch.tensor([9, 4, 7])}


def windows() -> dict:
    size = HIERA.input_size
    return {
        "frames": torch.zeros(4, size[0], *size[1:], 3, dtype=torch.uint8),
        "padding_frames": torch.tensor([0, 3, 0, 6]),
        "n_windows": [1, 2, 1],
    }


def losses(**weights: float) -> Losses:
    options = LossOptions(**{"mse": 1, "cosine": 1, **weights})
    return on_meta(
        lambda: Losses(options, 0.5, WIDTH, Words() if "decoder_ce" in weights else None)
    )


def stage1():
    hiera = SignHiera(HIERA)
    freeze_first_blocks(hiera, 0.5)
    encoder = SignEncoder(ENCODER).requires_grad_(False)
    return VideoToEmbedding(hiera, encoder, ALL_AUGMENTATIONS)


def joint():
    return VideoToEmbedding(SignHiera(HIERA), SignEncoder(ENCODER), ALL_AUGMENTATIONS)


def fused():
    return FusedEncoder(SignEncoder(ENCODER), tiny_landmark_model(), drop_features=0.5)


def landmarks() -> dict:
    rows = torch.randn(N, 12, LANDMARK_DIM)
    return {"landmarks": rows, "landmark_lengths": torch.tensor([12, 0, 5])}


TRAININGS = {
    "video_encoder": lambda loss: (
        EmbeddingModule(on_meta(stage1), TrainOptions(), loss, None), batch(**windows())
    ),
    "joint": lambda loss: (
        JointModule(1e-4, on_meta(joint), TrainOptions(), loss, None), batch(**windows())
    ),
    "sign_encoder": lambda loss: (
        EmbeddingModule(
            FeaturesToEmbedding(on_meta(lambda: SignEncoder(ENCODER))), TrainOptions(), loss, None
        ),
        batch(**features()),
    ),
    "fused": lambda loss: (
        FusedModule(on_meta(fused), 0.5, TrainOptions(), loss, None),
        batch(**features(), **landmarks()),
    ),
}  # fmt: skip
LOSSES = {"words": {"decoder_ce": 0.5}, "contrast": {"infonce": 0.5}, "distance": {}}


@pytest.mark.parametrize("weights", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("kind", TRAININGS)
def test_a_step_of_a_training_on_embeddings(kind, weights):
    module, of_clips = TRAININGS[kind](losses(**weights))
    module.train()
    with only_one_device():
        by_name, loss = module.losses_of(of_clips)
        assert {"mse", "cosine", *weights} <= set(by_name)
        assert loss.device == META and loss.shape == ()
        module.remember(of_clips)
        trained_once(module, loss)


def test_a_step_of_a_landmark_training():
    model = on_meta(tiny_landmark_model).train()
    module = LandmarkModule(model, Pieces(), TrainOptions(), 0.1, "eng_Latn").to(META)
    rows = {"features": torch.randn(N, 12, LANDMARK_DIM), "lengths": torch.tensor([12, 3, 5])}
    with only_one_device():
        _, loss = module.losses_of(batch(**rows))
        trained_once(module, loss)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_features_and_embeddings(dtype):
    hiera, encoder = on_meta(lambda: SignHiera(HIERA).eval()), on_meta(lambda: SignEncoder(ENCODER))
    of_clips = batch(**windows())
    with only_one_device():
        parts = hiera.to(dtype).features(
            to_input(of_clips.frames).to(dtype), of_clips.padding_frames
        )
        assert [len(part) for part in parts] == [4, 3, 4, 1]
        found = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)
        lengths = torch.tensor([len(part) for part in parts], device=META)
        assert encoder.to(dtype).eval()(found, lengths).shape == (4, WIDTH)


def test_a_tensor_that_was_left_behind_is_refused():
    with only_one_device(), pytest.raises((AssertionError, RuntimeError)):
        torch.ones(2, device=META) + torch.ones(2)
