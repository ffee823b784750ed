"""`estimate`: core hours, GPU hours, disk and time of a run of a config, from nothing.

Models are taken to have the sizes of the public ones. Every training and system of the config is
counted once per seed, crops and features once for all that share them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import LandmarkOptions, PredictOptions
from sonar_sign.operations.declarations import Training
from sonar_sign.operations.experiment import Experiment
from sonar_sign.operations.rates import Rates, values_of
from sonar_sign.operations.system_declarations import System
from sonar_sign.operations.training_cost import GB, LandmarkSettings, disk_gb, gpu_hours
from sonar_sign.operations.workload import HOUR_S, Workload, total, workload_of
from sonar_sign.training.kinds import PRETRAINED

FEATURE_BYTES = 768 * 2
LANDMARK_BYTES = 4

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
    shared: bool = True
    """Whether several GPUs divide its work without loss, as shards do; training loses some."""


@dataclass(frozen=True)
class Estimate:
    """All steps, and what they were estimated with."""

    steps: Sequence[Step]
    loads: Mapping[str, Workload]
    rates: Rates
    left_out: Sequence[str] = ()
    """Trainings whose decoder loss is not counted."""

    @property
    def disk_gb(self) -> float:
        return sum(step.disk_gb for step in self.steps)

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
        UserError: the models are the demo's stand-ins, or there is neither a manifest nor an
            official number of sentences of a split.
    """
    if "demo" in experiment.values:
        raise UserError(
            "Costs are estimated for the public models, not for the demo's small ones; make demo "
            "needs minutes on two cores and less than 1 GB."
        )
    rate = values_of(rates)
    needed = Needed(experiment)
    loads = {
        part: workload_of(part[0], experiment.corpora[part[0]]["type"], part[1], results, rate)
        for part in needed.parts
    }
    counted = _Counter(experiment, needed, loads, rate)
    return Estimate(
        counted.steps(),
        {f"{corpus}, {split}": load for (corpus, split), load in loads.items()},
        rates,
        [name for name in experiment.used_trainings if _trains_through_decoder(experiment, name)],
    )


class Needed:
    """Which clips, features and landmarks the trainings and systems of a config read."""

    def __init__(self, experiment: Experiment):
        self.clips: list[Part] = []
        self.landmarks: list[Part] = []
        self.features: dict[str, list[Part]] = {}
        """By video encoder: `pretrained` or a training."""
        corpus = experiment.values["corpus"]["name"]
        evaluated = (corpus, experiment.values["evaluate"]["split"])
        for name in experiment.used_trainings:
            training = experiment.trainings[name]
            parts = [*((one, "train") for one in training.data), (corpus, "val")]
            self._add(training.kind.reads, training.features, parts)
        for system in experiment.systems.values():
            reads = (["features"] if system.video_encoder else []) + (
                ["landmarks"] if system.landmark_model else []
            )
            self._add(reads, system.video_encoder, [evaluated])

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

    def steps(self) -> list[Step]:
        found = [Step("fetch_model", disk_gb=self.rate["models_gb"])]
        if self.needed.clips:
            found.append(self._crop())
        if self.needed.landmarks:
            found.append(self._landmarks())
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

    def _crop(self) -> Step:
        hours = self._load(self.needed.clips).hours
        return Step(
            "crop",
            core_hours=hours / self.rate["crop_source_hours_per_core_hour"],
            disk_gb=hours * HOUR_S * self.rate["clip_mb_per_source_s"] / 1e3,
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
            )
        ]

    def _train(self, training: Training) -> Step:
        runs = len(self.experiment.runs_of_training(training.name))
        load = total(
            (self.loads[(corpus, "train")], weight) for corpus, weight in training.data.items()
        )
        landmarks = LandmarkSettings(
            self.experiment.values["landmarks"]["fps"], self._landmark_shape(training)
        )
        return Step(
            f"train {training.name}",
            runs,
            gpu_hours=runs * gpu_hours(training, load, self.rate, landmarks),
            disk_gb=runs * disk_gb(training, landmarks),
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
        return Step(f"predict {system.name}", runs, gpu_hours=runs * seconds / HOUR_S)


def _trains_through_decoder(experiment: Experiment, name: str) -> bool:
    training = experiment.trainings[name]
    return training.trains_decoder or training.groups.get("losses", {}).get("decoder_ce", 0) > 0


def as_text(found: Estimate, gpus: Sequence[int], cores: int) -> str:
    """The estimate for people: steps, time by number of GPUs, and what it was computed with."""
    width = max(22, *(len(_title(step)) + 2 for step in found.steps))
    lines = [f"{'step':{width}}{'core h':>9}{'GPU h':>9}{'disk GB':>9}"]
    for step in found.steps:
        numbers = step.core_hours, step.gpu_hours, step.disk_gb
        cells = "".join(f"{n:9.1f}" if n else f"{'':9}" for n in numbers)
        lines.append(f"{_title(step):{width}}{cells}".rstrip())
    totals = [
        sum(getattr(step, name) for step in found.steps)
        for name in ("core_hours", "gpu_hours", "disk_gb")
    ]
    lines += [f"{'total':{width}}" + "".join(f"{n:9.1f}" for n in totals), ""]
    lines += [
        f"{n} GPU{'s' if n > 1 else ' '} and {cores} cores: {found.wall_hours(n, cores):7.1f} hours"
        for n in gpus
    ]
    if found.left_out:
        lines += ["", f"Not counted: SONAR's decoder in training {', '.join(found.left_out)}."]
    lines += ["", "Durations:"]
    lines += [
        f"  {name}: {load.clips} clips, {load.hours:.1f} hours ({load.source})"
        for name, load in found.loads.items()
    ]
    for title, measured in (("Measured rates:", True), ("ASSUMED, not measured:", False)):
        lines += ["", title]
        lines += [
            f"  {name} {rate['value']:g}: {rate['source']}"
            for name, rate in found.rates.items()
            if rate["measured"] is measured
        ]
    return "\n".join(lines)


def _title(step: Step) -> str:
    return f"{step.name}, {step.runs} seeds" if step.runs > 1 else step.name
