"""How much memory a job of each rule needs at its peak, from the rates.

The public models have been measured on a CPU (`rates.yaml` says by what). For what has not, bytes
are counted: a parameter that is trained takes a weight, a gradient and AdamW's two numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sonar_sign.operations.declarations import Training
from sonar_sign.operations.experiment import Experiment
from sonar_sign.operations.training_cost import (
    DECODER_PARAMETERS,
    ENCODER_PARAMETERS,
    GB,
    PARAMETER_BYTES,
)

PREFIX = "memory_gb_"
OTHERS = "others"
# Rules that are not counted among the others.
MEASURED_RULES = (
    *("prepare", "crop", "extract", "extract_landmarks", "embed_text"),
    *("train", "train_joint", "train_decoder", "predict", "predict_landmarks"),
    *("evaluate", "compare"),
)
TRAINED_COPIES = 4
# What scheduling adds to a measured peak.
MARGIN = 1.1


@dataclass(frozen=True)
class MemoryNeeds:
    """The memory of the jobs of one config."""

    experiment: Experiment
    rate: Mapping[str, float]
    """By name, see `rates.yaml`."""
    gpus: bool = False
    """Whether jobs that can use a GPU do; the memory is that of the machine, not of the card."""

    def gb(self, rule: str, training: str | None = None) -> float:
        """The peak of one job of a rule, in GB of 10^9 bytes.

        Args:
            training: the name of the training, for rules that train.
        """
        if "demo" in self.experiment.values:
            return self.rate[f"{PREFIX}demo"]
        needed = self._train(training) if training in self.experiment.trainings else None
        if needed is None:
            needed = self._of_rule(rule)
        on_gpu = rule.startswith("train") or rule in ("extract", "embed_text", "predict")
        return needed + (self.rate[f"{PREFIX}cuda"] if self.gpus and on_gpu else 0.0)

    def _of_rule(self, rule: str) -> float:
        if rule.startswith("train"):
            # The largest, where nothing says which training it is.
            names = self.experiment.used_trainings
            return max((self._train(name) for name in names), default=self.rate[PREFIX + OTHERS])
        values = self.experiment.values
        if rule == "extract":
            return self._by_precision(rule, values["extract"]["precision"])
        if rule in ("predict", "embed_text"):
            # Targets may have settings of their own.
            own = values.get("targets", {}) if rule == "embed_text" else {}
            return self._by_precision(rule, own.get("precision", values["decoding"]["precision"]))
        return self.rate.get(f"{PREFIX}{rule}", self.rate[PREFIX + OTHERS])

    def _by_precision(self, rule: str, precision: str) -> float:
        """The rate of a precision, where there is one; that of fp32 where nothing smaller is."""
        return self.rate.get(f"{PREFIX}{rule}_{precision}", self.rate[f"{PREFIX}{rule}_fp32"])

    def _train(self, name: str) -> float:
        training = self.experiment.trainings[name]
        return self._model(training) + self._decoder(training)

    def _model(self, training: Training) -> float:
        kind = training.kind.name
        if kind == "joint":
            # As stage 1, and a sign encoder that is not frozen.
            trained = (TRAINED_COPIES - 1) * PARAMETER_BYTES * ENCODER_PARAMETERS / GB
            return self.rate[f"{PREFIX}train_video_encoder"] + trained
        if kind == "fused":
            return self.rate[f"{PREFIX}train_sign_encoder"]
        return self.rate[f"{PREFIX}train_{kind}"]

    def _decoder(self, training: Training) -> float:
        if training.groups.get("decoder", {}).get("train_decoder") != "full":
            return 0.0
        return (TRAINED_COPIES - 1) * PARAMETER_BYTES * DECODER_PARAMETERS / GB


def too_large(needs: Mapping[str, float], machine_gb: float) -> list[str]:
    """A sentence for every step that needs more than the machine has, the largest first.

    Args:
        needs: GB by step.
    """
    return [
        f"{step} needs {needed:.0f} GB of memory, this machine has {machine_gb:.0f}."
        for step, needed in sorted(needs.items(), key=lambda item: -item[1])
        if needed > machine_gb
    ]
