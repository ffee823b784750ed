"""`estimate`: core hours, GPU hours, disk and time of a run of a config, from nothing.

Models are taken to have the sizes of the public ones. Every training and system of the config is
counted once per seed, crops and features once for all that share them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sonar_sign.core.options import LandmarkOptions, PredictOptions
from sonar_sign.operations.declarations import Training
from sonar_sign.operations.experiment import Experiment
from sonar_sign.operations.memory import MemoryNeeds
from sonar_sign.operations.rates import Rates, values_of
from sonar_sign.operations.system_declarations import System
from sonar_sign.operations.training_cost import GB, LandmarkSettings, disk_gb, gpu_hours, models_gb
from sonar_sign.operations.workload import HOUR_S, Workload, total, workload_of
from sonar_sign.training.kinds import PRETRAINED

FEATURE_BYTES = 768 * 2
LANDMARK_BYTES = 4
EMBEDDING_BYTES = 1024 * 4

# A corpus and a split.
Part = tuple[str, str]


@dataclass(frozen=True)
class Step:
    """What one step of the workflow needs, all of its runs together."""

    name: str
    """The rule, and what it is for: `train stage2`."""
    runs: int = 1
    """How often it is done: once per seed."""
    core_hours: float = 0.0
    gpu_hours: float = 0.0
    disk_gb: float = 0.0
    memory_gb: float = 0.0
    """The peak of one job."""
    shared: bool = True
    """Whether several GPUs divide its work without loss, as shards do; training loses some."""


@dataclass(frozen=True)
class Estimate:
    """All steps, and what they were estimated with."""

    steps: Sequence[Step]
    loads: Mapping[str, Workload]
    rates: Rates
    notes: Sequence[str] = ()
    """Sentences about what is not counted."""

    @property
    def disk_gb(self) -> float:
        return sum(step.disk_gb for step in self.steps)

    @property
    def memory_gb(self) -> dict[str, float]:
        """The peak of one job, by step."""
        return {step.name: step.memory_gb for step in self.steps}

    def wall_hours(self, gpus: int, cores: int) -> float:
        """Time of the steps one after the other: on all cores what needs no GPU."""
        efficiency = self.rates["efficiency_of_several_gpus"]["value"]
        trained_by = 1 + (gpus - 1) * efficiency
        return sum(
            step.core_hours / cores + step.gpu_hours / (gpus if step.shared else trained_by)
            for step in self.steps
        )


def estimate(experiment: Experiment, rates: Rates, results: Path = Path("results")) -> Estimate:
    """Estimate what a run from nothing needs.

    Args:
        experiment: the config's trainings and systems.
        rates: see `read_rates`.
        results: the folder in which the workflow writes; manifests there give the durations,
            without them the corpus's official numbers.

    Raises:
        UserError: there is neither a manifest nor an official number of sentences of a split.
    """
    rate = values_of(rates)
    if "demo" in experiment.values:
        return _of_demo(rates, rate)
    needed = Needed(experiment)
    loads = {
        part: workload_of(part[0], experiment.corpora[part[0]]["type"], part[1], results, rate)
        for part in needed.parts
    }
    counted = _Counter(experiment, needed, loads, rate)
    return Estimate(
        counted.steps(),
        {f"{corpus}, {split}": load for (corpus, split), load in loads.items()},
        {name: one for name, one in rates.items() if "demo" not in name},
        _notes(experiment),
    )


def _of_demo(rates: Rates, rate: Mapping[str, float]) -> Estimate:
    """What was measured: the demo's models are too small for the formulas of the public ones."""
    step = Step(
        "make demo",
        core_hours=rate["demo_core_hours"],
        disk_gb=rate["demo_disk_gb"],
        memory_gb=rate["memory_gb_demo"],
    )
    note = "Measured with config/config.yaml; further trainings, systems and seeds take more."
    return Estimate([step], {}, {name: rates[name] for name in rates if "demo" in name}, [note])


def _notes(experiment: Experiment) -> list[str]:
    names = [
        name for name in experiment.used_trainings if _trains_through_decoder(experiment, name)
    ]
    if not names:
        return []
    return [f"Not counted: SONAR's decoder in training {', '.join(names)}."]


class Needed:
    """Which clips, features and landmarks the trainings and systems of a config read."""

    def __init__(self, experiment: Experiment):
        self.clips: list[Part] = []
        self.landmarks: list[Part] = []
        self.targets: list[Part] = []
        """Captions that are embedded; those in further languages are not counted."""
        self.features: dict[str, list[Part]] = {}
        """By video encoder: `pretrained` or a training."""
        corpus = experiment.values["corpus"]["name"]
        evaluated = (corpus, experiment.values["evaluate"]["split"])
        for name in experiment.used_trainings:
            training = experiment.trainings[name]
            parts = [*((one, "train") for one in training.data), (corpus, "val")]
            self._add(training.kind.reads, training.features, parts)
            if training.kind.learns_embeddings:
                _extend(self.targets, parts)
        for system in experiment.systems.values():
            reads = (["features"] if system.video_encoder else []) + (
                ["landmarks"] if system.landmark_model else []
            )
            self._add(reads, system.video_encoder, [evaluated])
            if system.sign_encoder is not None:
                _extend(self.targets, [evaluated])

    def _add(self, reads: Iterable[str], encoder: str | None, parts: list[Part]) -> None:
        if "features" in reads and encoder is not None:
            _extend(self.features.setdefault(encoder, []), parts)
        if "features" in reads or "clips" in reads:
            _extend(self.clips, parts)
        if "landmarks" in reads:
            _extend(self.landmarks, parts)

    @property
    def parts(self) -> list[Part]:
        """Everything that is read in some form."""
        found: list[Part] = []
        _extend(found, [*self.clips, *self.landmarks])
        return found


def _extend(known: list[Part], parts: Iterable[Part]) -> None:
    known += [part for part in parts if part not in known]


@dataclass(frozen=True)
class _Counter:
    """Makes the steps of a run."""

    experiment: Experiment
    needed: Needed
    loads: Mapping[Part, Workload]
    rate: Mapping[str, float]

    @cached_property
    def memory(self) -> MemoryNeeds:
        return MemoryNeeds(self.experiment, self.rate)

    def steps(self) -> list[Step]:
        found = [self._fetch()]
        if self.needed.clips:
            found.append(self._crop())
        if self.needed.landmarks:
            found.append(self._landmarks())
        if self.needed.targets:
            found.append(self._embed_text())
        made: set[str] = set()
        for name in self.experiment.used_trainings:
            training = self.experiment.trainings[name]
            found += self._features_once(training.features, made)
            found.append(self._train(training))
        for system in self.experiment.systems.values():
            found += self._features_once(system.video_encoder, made)
            found.append(self._predict(system))
        return found

    def _load(self, parts: Iterable[Part]) -> Workload:
        return total((self.loads[part], 1.0) for part in parts)

    def _fetch(self) -> Step:
        return Step(
            "fetch_model",
            disk_gb=models_gb(self.experiment),
            memory_gb=self.memory.gb("fetch_model"),
        )

    def _crop(self) -> Step:
        hours = self._load(self.needed.clips).hours
        return Step(
            "crop",
            core_hours=hours / self.rate["crop_source_hours_per_core_hour"],
            disk_gb=hours * HOUR_S * self.rate["clip_mb_per_source_s"] / 1e3,
            memory_gb=self.memory.gb("crop"),
        )

    def _landmarks(self) -> Step:
        # landmarks.representation imports what only its own step should wait for.
        from sonar_sign.landmarks.representation import width

        settings = LandmarkOptions(**self.experiment.values["landmarks"])
        load = self._load(self.needed.landmarks)
        reader = "mediapipe" if settings.source == "mediapipe" else "keypoint"
        rows = load.hours * HOUR_S * settings.fps
        return Step(
            "extract_landmarks",
            core_hours=load.frames / self.rate[f"{reader}_frames_per_cpu_s"] / HOUR_S,
            disk_gb=rows * width(settings) * LANDMARK_BYTES / GB,
            memory_gb=self.memory.gb("extract_landmarks"),
        )

    def _features_once(self, encoder: str | None, made: set[str]) -> list[Step]:
        """The extraction with a video encoder, unless it was listed before."""
        if encoder is None or encoder in made:
            return []
        made.add(encoder)
        runs = 1 if encoder == PRETRAINED else len(self.experiment.runs_of_training(encoder))
        load = self._load(self.needed.features.get(encoder, ()))
        return [
            Step(
                f"extract {encoder}",
                runs,
                gpu_hours=runs * load.tflop / self.rate["gpu_tflop_per_s"] / HOUR_S,
                disk_gb=runs * load.features * FEATURE_BYTES / GB,
                memory_gb=self.memory.gb("extract"),
            )
        ]

    def _train(self, training: Training) -> Step:
        runs = len(self.experiment.runs_of_training(training.name))
        load = total(
            (self.loads[(corpus, "train")], weight * training.share)
            for corpus, weight in training.data.items()
        )
        landmarks = LandmarkSettings(
            self.experiment.values["landmarks"]["fps"], self._landmark_shape(training)
        )
        return Step(
            f"train {training.name}",
            runs,
            gpu_hours=runs * gpu_hours(training, load, self.rate, landmarks),
            disk_gb=runs * disk_gb(training, landmarks),
            memory_gb=self.memory.gb("train", training.name),
            shared=False,
        )

    def _landmark_shape(self, training: Training) -> Mapping:
        """The shape of the landmark translator that a training trains, or reads."""
        model = training.starts.get("landmark_model")
        owner = training if model is None else self.experiment.trainings[model]
        return owner.groups.get("shape", {})

    def _predict(self, system: System) -> Step:
        runs = len(self.experiment.runs_of_system(system.name))
        corpus = self.experiment.values["corpus"]["name"]
        clips = self.loads[(corpus, self.experiment.values["evaluate"]["split"])].clips
        decoder = "landmark" if system.reads_landmarks_only else "decoded"
        seconds = clips * len(system.languages) / self.rate[f"{decoder}_clips_per_gpu_s"]
        seconds *= system.decoding["beam_size"] / PredictOptions().beam_size
        rule = "predict_landmarks" if system.reads_landmarks_only else "predict"
        return Step(
            f"predict {system.name}",
            runs,
            gpu_hours=runs * seconds / HOUR_S,
            memory_gb=self.memory.gb(rule),
        )

    def _embed_text(self) -> Step:
        captions = sum(self.loads[part].clips for part in self.needed.targets)
        return Step(
            "embed_text",
            gpu_hours=captions / self.rate["embedded_captions_per_gpu_s"] / HOUR_S,
            disk_gb=captions * EMBEDDING_BYTES / GB,
            memory_gb=self.memory.gb("embed_text"),
        )


def _trains_through_decoder(experiment: Experiment, name: str) -> bool:
    training = experiment.trainings[name]
    return training.trains_decoder or training.groups.get("losses", {}).get("decoder_ce", 0) > 0
