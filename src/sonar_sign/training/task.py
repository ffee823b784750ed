"""The common part of all kinds of training: `run_training` runs a task that says what differs."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch

from sonar_sign.core.devices import choose_device, is_main_process
from sonar_sign.core.options import LossOptions, TrainOptions
from sonar_sign.training.data import ClipSet
from sonar_sign.training.losses import Losses
from sonar_sign.training.mix import CorpusClips, corpora_of
from sonar_sign.training.module import TrainingModule
from sonar_sign.training.provenance import describe_corpora, describe_parents, versions
from sonar_sign.training.seeding import seed_everything
from sonar_sign.training.supervision_files import (
    OpenSonar,
    SupervisionFiles,
    make_losses,
    make_validation,
)
from sonar_sign.training.trainer import fit
from sonar_sign.training.training_folder import TrainingRun, describe
from sonar_sign.training.validation import Validation


@dataclass(frozen=True)
class Destination:
    """Where a training writes, and its name."""

    output: Path
    """The best checkpoint; beside it go `curves.csv`, `timings.csv` and whatever else is made."""
    training_dir: Path
    """What an interrupted run resumes from; emptied at the end."""
    training: str = ""
    """The training's name in the config; empty: its kind."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A training that is ready to begin."""

    module: TrainingModule
    train: ClipSet
    validation: ClipSet
    corpora: Sequence[CorpusClips]
    save: Callable[[Path, dict[str, Any]], None]
    """Writes `best.pt` and what belongs to it into a folder, with the given metadata."""
    encoder_sha256: str | None = None
    """Hash of the video encoder that made the features; None where none are read."""
    further_metadata: dict[str, Any] = field(default_factory=dict)


class Inputs(Protocol):
    """Files that a training reads."""

    def files(self) -> list[Path]:
        """All but SONAR's; a training starts over where one has changed."""

    def models(self) -> dict[str, Path]:
        """The checkpoints among them by role, see `provenance.describe_parents`."""


class TrainingTask(ABC):
    """One kind of training: its input files, its settings, its model."""

    kind: ClassVar[str]
    """A name of `kinds.KINDS`."""
    inputs: Inputs
    options: TrainOptions
    language: str
    """FLORES code of the captions' language."""

    def files(self) -> list[Path]:
        """All input files but SONAR's, and files that settings name."""
        return self.inputs.files()

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """All settings by their keys in the config, see `provenance.effective_settings`."""

    @abstractmethod
    def prepare(self, device: torch.device) -> Prepared:
        """Read data and models, check that they fit each other, and build the module.

        The order of random draws is part of the result, so a change of it changes every training.

        Raises:
            UserError: a file cannot be used, or a setting makes no sense.
        """


class EmbeddingTask(TrainingTask):
    """A kind that is trained towards SONAR's embeddings of the captions."""

    losses: LossOptions

    @property
    def supervision_files(self) -> SupervisionFiles:
        """Targets and captions."""
        return self.inputs.supervision_files

    @property
    def language(self) -> str:
        return self.supervision_files.languages()[0]

    def corpora(self, train: ClipSet) -> list[CorpusClips]:
        """Which training clips are of which corpus."""
        files = self.supervision_files
        return corpora_of(files.corpora, files.captions_by_corpus(), train.clip_ids)

    def losses_and_validation(
        self, train: ClipSet, open_sonar: OpenSonar
    ) -> tuple[Losses, Validation]:
        """What the module is trained for, and how it is validated."""
        files = self.supervision_files
        losses = make_losses(self.losses, files, train, open_sonar)
        return losses, make_validation(files, self.options.select, open_sonar)


def run_training(
    task: TrainingTask, destination: Destination, *, seed: int = 0, device: str = "auto"
) -> None:
    """Train, and write the best checkpoint, `curves.csv`, `timings.csv` and TensorBoard's files.

    Raises:
        UserError: an input or a setting cannot be used, the folder is in use, or training
            diverges or runs out of memory.
        PreemptedError: a signal ended training; the same call resumes it.
    """
    chosen = choose_device(device, task.options.devices)
    seed_everything(seed)
    prepared = task.prepare(chosen)
    corpora = describe_corpora(prepared.corpora)
    metadata: dict[str, Any] = {
        "training": destination.training or task.kind,
        "kind": task.kind,
        "seed": seed,
        "settings": task.settings(),
        "corpora": corpora,
        "language": task.language,
        **prepared.further_metadata,
    }
    fingerprint = {**metadata, "inputs": describe(task.files())}
    if is_main_process():  # the one that writes checkpoints; large files take seconds to hash
        metadata["versions"] = versions()
        metadata["started_from"] = describe_parents(task.inputs.models(), prepared.encoder_sha256)
    run = TrainingRun(
        destination.training_dir,
        destination.output,
        chosen,
        prepared.save,
        fingerprint,
        metadata,
        prepared.corpora,
    )
    fit(prepared.module, prepared.train, prepared.validation, task.options, run, seed)
