"""What one training costs, by its kind: operations of its models, and size of its checkpoints.

Models are taken to have the sizes of the public ones. A training step of a model costs six
operations per parameter and position, and a forward pass alone two (Kaplan et al. 2020, section
2.1: arXiv 2001.08361).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sonar_sign.core.options import LandmarkModelOptions
from sonar_sign.operations.declarations import Training
from sonar_sign.operations.experiment import Experiment
from sonar_sign.operations.workflow_files import PUBLIC_MODELS
from sonar_sign.operations.workload import HOUR_S, Workload

GB = 1e9
# docs/models.md has the numbers of parameters.
HIERA_PARAMETERS, ENCODER_PARAMETERS = 51_097_936, 752_088_064
# SONAR's text models; the decoder's projection is its word embedding.
TEXT_ENCODER_PARAMETERS, DECODER_PARAMETERS = 766_091_264, 866_902_016
PARAMETER_BYTES = 4
# The folder that a training resumes from: every trained weight, and two numbers of AdamW.
RESUME_COPIES = 3
# freeze -> forward passes: only one where all is frozen; rates.yaml has the others.
MEASURED_FREEZE = 0.8


@dataclass(frozen=True)
class LandmarkSettings:
    """What the cost of models of landmarks depends on."""

    rows_per_s: float
    shape: Mapping[str, Any]
    """The settings `shape` of the landmark translator that a training trains or reads."""

    @property
    def whole_shape(self) -> dict[str, Any]:
        """`shape`, with defaults for what it leaves out."""
        return {**asdict(LandmarkModelOptions()), **self.shape}

    @property
    def parameters(self) -> int:
        """Parameters of the translator's layers, without its word embeddings.

        Attention has four square matrices, a decoder layer two attentions, and a feed-forward
        layer two matrices.
        """
        shape = self.whole_shape
        attention = 4 * shape["d_model"] ** 2
        feed_forward = 2 * shape["d_model"] * shape["d_ff"]
        return shape["num_layers"] * (attention + feed_forward) + shape["num_decoder_layers"] * (
            2 * attention + feed_forward
        )

    def steps(self, load: Workload) -> float:
        """Positions that the encoder computes for a workload."""
        return load.hours * HOUR_S * self.rows_per_s / self.whole_shape["stride"]


def models_gb(experiment: Experiment) -> float:
    """The public model files that a config fetches; the demo makes its own."""
    public = {
        "sign_hiera": HIERA_PARAMETERS,
        "sign_encoder": ENCODER_PARAMETERS,
        "sonar": TEXT_ENCODER_PARAMETERS + DECODER_PARAMETERS,
    }
    named = experiment.values["models"]
    fetched = [n for role, n in public.items() if named[role].startswith(PUBLIC_MODELS + "/")]
    return sum(fetched) * PARAMETER_BYTES / GB if "demo" not in experiment.values else 0.0


def gpu_hours(
    training: Training, load: Workload, rate: Mapping[str, float], landmarks: LandmarkSettings
) -> float:
    """GPU hours of all epochs.

    Args:
        load: of one epoch, the corpora's sampling weights included.
        rate: by name, see `rates.yaml`.
    """
    kind = training.kind.name
    epochs = training.settings["epochs"]
    seconds = 0.0
    if "clips" in training.kind.reads:
        passes = _forward_passes(training.settings["freeze"], rate)
        seconds += load.tflop * passes / rate["gpu_tflop_per_s"]
    operations = 0.0
    if kind in ("sign_encoder", "fused", "joint"):
        operations += 6 * ENCODER_PARAMETERS * load.features
    if kind in ("landmark_translator", "fused"):
        # The fused system's landmark model is frozen.
        per_parameter = 6 if kind == "landmark_translator" else 2
        operations += per_parameter * landmarks.parameters * landmarks.steps(load)
    seconds += operations / 1e12 / rate["gpu_tflop_per_s_small"]
    return epochs * seconds / HOUR_S


def disk_gb(training: Training, landmarks: LandmarkSettings) -> float:
    """The checkpoint, and what an interrupted training resumes from."""
    kind = training.kind.name
    parameters = 0
    if "clips" in training.kind.reads:
        parameters += HIERA_PARAMETERS
    if kind in ("sign_encoder", "fused", "joint"):
        parameters += ENCODER_PARAMETERS
    if kind == "landmark_translator":
        shape = landmarks.whole_shape
        parameters += landmarks.parameters + shape["vocabulary_size"] * shape["d_model"]
    return parameters * PARAMETER_BYTES * (1 + RESUME_COPIES) / GB


def _forward_passes(freeze: float, rate: Mapping[str, float]) -> float:
    """How many forward passes of SignHiera a training step costs, by its share of frozen blocks."""
    all_trained = rate["video_training_forward_passes_at_freeze_0"]
    measured = rate["video_training_forward_passes_at_freeze_0.8"]
    if freeze <= MEASURED_FREEZE:
        return all_trained + (measured - all_trained) * freeze / MEASURED_FREEZE
    return measured + (1 - measured) * (freeze - MEASURED_FREEZE) / (1 - MEASURED_FREEZE)
