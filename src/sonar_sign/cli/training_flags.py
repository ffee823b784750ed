"""Flags that the training commands share, in groups."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sonar_sign.cli.features import Device, Language, Seed, Threads
from sonar_sign.cli.paths import CACHE, OUTPUT
from sonar_sign.core.errors import UserError
from sonar_sign.core.languages import FLORES
from sonar_sign.core.options import Compat
from sonar_sign.core.settings import INPUT_FILE

if TYPE_CHECKING:
    from sonar_sign.training.mix import CorpusWeight
    from sonar_sign.training.supervision_files import SupervisionFiles

TrainTargets = Annotated[
    list[Path], "Targets of the training clips; repeat for more corpora.", INPUT_FILE
]
TrainManifest = Annotated[
    list[Path], "Manifest of the training split; repeat for more corpora.", INPUT_FILE
]
ValTargets = Annotated[Path, "Targets of the validation clips.", INPUT_FILE]
ValManifest = Annotated[Path, "Manifest of the validation split, for its captions.", INPUT_FILE]
Output = Annotated[Path, "Best checkpoint to write, in the public layout.", OUTPUT]
TrainingDir = Annotated[
    Path, "Folder that an interrupted run resumes from; emptied at the end.", CACHE
]
Corpus = Annotated[
    list[str],
    "NAME=WEIGHT of each corpus, in the order of manifests; 1: each clip once per epoch; "
    "NAME=WEIGHT:SHARE: of a fixed share of its clips.",
]
SignHiera = Annotated[Path, "SignHiera to start from.", INPUT_FILE]
SignEncoder = Annotated[Path, "Sign encoder to start from.", INPUT_FILE]


@dataclass(frozen=True)
class RunFlags:
    """Where a training runs and what it writes."""

    output: Output
    training_dir: TrainingDir
    training: Annotated[str, "Name of the training in the config; empty: its kind."] = ""
    seed: Seed = 0
    device: Device = "auto"
    threads: Threads = 0


@dataclass(frozen=True)
class ClipFlags:
    """Clip shards."""

    train_clips: Annotated[list[Path], "Clip shard for training; repeat for all.", INPUT_FILE]
    val_clips: Annotated[list[Path], "Clip shard for validation; repeat for all.", INPUT_FILE]
    compat: Annotated[Compat, "How windows are sampled."] = "ssvp_slt"


@dataclass(frozen=True)
class FeatureFlags:
    """Feature shards."""

    train_features: Annotated[list[Path], "Feature shard for training; repeat for all.", INPUT_FILE]
    val_features: Annotated[list[Path], "Feature shard for validation; repeat for all.", INPUT_FILE]
    sign_hiera: Annotated[
        Path | None, "SignHiera that made the features, to be named in the checkpoint.", INPUT_FILE
    ] = None


@dataclass(frozen=True)
class LandmarkFlags:
    """Landmark shards."""

    train_landmarks: Annotated[
        list[Path], "Landmark shard for training; repeat for all.", INPUT_FILE
    ]
    val_landmarks: Annotated[
        list[Path], "Landmark shard for validation; repeat for all.", INPUT_FILE
    ]


@dataclass(frozen=True)
class CaptionFlags:
    """Captions of the clips, for a training that needs no targets."""

    train_manifest: TrainManifest
    val_manifest: ValManifest
    corpus: Corpus = field(default_factory=list)
    further_captions: Annotated[
        list[Path], "Further captions to train the tokenizer on.", INPUT_FILE
    ] = field(default_factory=list)
    language: Language = "eng_Latn"


@dataclass(frozen=True)
class SupervisionFlags:
    """Targets and captions of the clips."""

    train_targets: TrainTargets
    train_manifest: TrainManifest
    val_targets: ValTargets
    val_manifest: ValManifest
    # Not every training opens it, so it need not be there.
    sonar: Annotated[Path, "Folder with SONAR's text encoder, decoder and tokenizer."]
    corpus: Corpus = field(default_factory=list)
    extra_language: Annotated[
        list[str], "Further language of training captions; repeat for more.", FLORES
    ] = field(default_factory=list)
    extra_targets: Annotated[
        list[Path], "Targets of the further languages, in their order; repeat.", INPUT_FILE
    ] = field(default_factory=list)
    extra_captions: Annotated[
        list[Path], "Captions of the further languages, in their order; repeat.", INPUT_FILE
    ] = field(default_factory=list)
    language: Language = "eng_Latn"

    def files(self) -> "SupervisionFiles":
        """Files by language, the captions' language first."""
        from sonar_sign.training.supervision import TargetFiles
        from sonar_sign.training.supervision_files import SupervisionFiles

        extra = (self.extra_language, self.extra_targets, self.extra_captions)
        if len({len(flags) for flags in extra}) > 1:
            raise UserError(
                "Every --extra-language needs one --extra-targets and --extra-captions."
            )
        further = [
            TargetFiles(code, [targets], [captions])
            for code, targets, captions in zip(*extra, strict=True)
        ]
        first = TargetFiles(self.language, self.train_targets, self.train_manifest)
        validation = TargetFiles(self.language, [self.val_targets], [self.val_manifest])
        corpora = weights_of(self.corpus)
        return SupervisionFiles([first, *further], validation, self.sonar, corpora)


def weights_of(corpus: list[str]) -> "list[CorpusWeight]":
    """The corpora's weights from `NAME=WEIGHT`."""
    from sonar_sign.training.mix import CorpusWeight

    return [CorpusWeight.parse(text) for text in corpus]
