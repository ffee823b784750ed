"""`systems`: what a config declares, which of its files exist, and what is still to be made.

A file counts as made if it exists and nothing that it needs is missing. Whether an existing file
is out of date, `snakemake -n` says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.operations.config import Config
from sonar_sign.operations.estimate import Estimate, estimate
from sonar_sign.operations.experiment import Experiment, Run
from sonar_sign.operations.rates import read_rates
from sonar_sign.operations.workflow_files import WorkflowFiles

MAX_LISTED = 30


@dataclass(frozen=True)
class Item:
    """A training or a system of the config."""

    name: str
    inputs: Mapping[str, Any]
    """What it reads and starts from, by the config's keys."""
    files: Mapping[str, bool]
    """Its files, relative to the folder in which Snakemake runs, and whether they exist."""
    to_make: Sequence[str]
    """Those that a run would make, because they or something that they need is missing."""
    gpu_hours: float | None
    """All seeds together; None where no estimate is possible."""


@dataclass(frozen=True)
class Listing:
    """Everything that a config declares."""

    trainings: Sequence[Item]
    """Those that a system needs, in the order in which they are made."""
    systems: Sequence[Item]
    unused: Sequence[str]
    """Trainings that no system needs: they are not made."""
    gpu_hours: float | None
    """Of everything, extraction of features included."""
    note: str = ""
    """Why there is no estimate."""

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class _Lister:
    files: WorkflowFiles
    results: Path
    costs: Mapping[str, float]
    complete: dict[str, bool] = field(default_factory=dict)
    """By label of a training's run: whether its checkpoint and all that it needs exist."""

    @property
    def experiment(self) -> Experiment:
        return self.files.experiment

    def training(self, name: str) -> Item:
        training = self.experiment.trainings[name]
        runs = self.experiment.runs_of_training(name)
        paths = {run: f"{self.files.results}/checkpoints/{run.label}/best.pt" for run in runs}
        files = {run: {path: None} for run, path in paths.items()}
        needs = training.references()
        declared = self.experiment.values["trainings"].get(name) or {}
        # What a training changes in the one that it is like is what a reader looks for.
        inputs = {**(declared if "like" in declared else {}), **training_inputs(training)}
        item = self._item(name, inputs, files, needs, f"train {name}")
        for run, path in paths.items():
            self.complete[run.label] = path not in item.to_make
        return item

    def system(self, name: str) -> Item:
        system = self.experiment.systems[name]
        runs = self.experiment.runs_of_system(name)
        files = {run: self._scored(run.label, system.languages) for run in runs}
        usual = self.experiment.values["decoding"]
        decoding = {k: v for k, v in system.decoding.items() if v != usual[k]}
        inputs = {
            "training": system.training,
            "features": system.video_encoder,
            "landmark_model": system.landmark_model,
            **({"decoding": decoding} if decoding else {}),
        }
        return self._item(name, _given(inputs), files, system.references(), f"predict {name}")

    def _scored(self, label: str, languages: Sequence[str]) -> dict[str, str | None]:
        """Predictions and metrics in all languages, each with the file that it is made of."""
        found: dict[str, str | None] = {}
        for language in languages:
            scored = label if language == self.files.captions else f"{label}.{language}"
            predictions = str(self.files.score_inputs(self.files.name, scored)["predictions"])
            found |= {
                predictions: None,
                f"{self.files.results}/metrics/{scored}.json": predictions,
            }
        return found

    def _item(
        self,
        name: str,
        inputs: Mapping[str, Any],
        files: Mapping[Run, Mapping[str, str | None]],
        needs: Sequence[str],
        step: str,
    ) -> Item:
        exists: dict[str, bool] = {}
        to_make: list[str] = []
        for run, sources in files.items():
            labels = [self.experiment.label_of(need, run.seed) for need in needs]
            has_all = all(self.complete[label] for label in labels)
            for path, source in sources.items():
                exists[path] = (self.results / Path(path).relative_to("results")).is_file()
                if not (has_all and exists[path]) or source in to_make:
                    to_make.append(path)
        return Item(name, inputs, exists, to_make, self.costs.get(step))


def training_inputs(training: Any) -> dict[str, Any]:
    """What a training reads and starts from, by the config's keys."""
    inputs = {
        "kind": training.kind.name,
        **training.starts,
        "features": training.features,
        "data": dict(training.data),
        "share": training.share if training.share < 1 else None,
        "target_languages": list(training.target_languages) or None,
    }
    return _given(inputs)


def _given(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if value is not None}


def list_systems(config: Config, results: Path = Path("results")) -> Listing:
    """List the trainings and systems of a config; nothing needs to be built.

    Args:
        config: the whole config.
        results: the folder in which the workflow writes.
    """
    experiment = config.experiment
    found, note = _estimate(experiment, results)
    costs = {step.name: step.gpu_hours for step in found.steps} if found else {}
    lister = _Lister(WorkflowFiles(config), Path(results), costs)
    trainings = [lister.training(name) for name in experiment.used_trainings]
    return Listing(
        trainings,
        [lister.system(name) for name in experiment.systems],
        [name for name in experiment.trainings if name not in experiment.used_trainings],
        sum(costs.values()) if found else None,
        note,
    )


def _estimate(experiment: Experiment, results: Path) -> tuple[Estimate | None, str]:
    if "demo" in experiment.values:
        return None, "the demo's own models are trained on a CPU, in minutes."
    try:
        return estimate(experiment, read_rates(), results), ""
    except UserError as error:
        return None, str(error)


def as_text(listing: Listing) -> str:
    """Two tables: trainings and systems, with what is made, what would be, and GPU hours."""
    lines = [*_table("training", listing.trainings), "", *_table("system", listing.systems)]
    if listing.unused:
        lines += ["", f"Not needed by any system: {', '.join(listing.unused)}."]
    to_make = [path for item in (*listing.trainings, *listing.systems) for path in item.to_make]
    lines += ["", f"To make: {len(to_make)} files." if to_make else "Nothing is missing."]
    lines += [f"  {path}" for path in to_make[:MAX_LISTED]]
    if len(to_make) > MAX_LISTED:
        lines.append(f"  and {len(to_make) - MAX_LISTED} more; --json lists all")
    if listing.gpu_hours is not None:
        lines += ["", f"From nothing, with crops and features: {listing.gpu_hours:.1f} GPU hours."]
    if listing.note:
        lines += ["", f"No estimate: {listing.note}"]
    return "\n".join(lines)


def _table(title: str, items: Sequence[Item]) -> list[str]:
    rows = [(title, "made", "GPU h", "inputs")]
    for item in items:
        made = len(item.files) - len(item.to_make)
        hours = "" if item.gpu_hours is None else f"{item.gpu_hours:.1f}"
        rows.append((item.name, f"{made} of {len(item.files)}", hours, _words(item.inputs)))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        f"{name:{widths[0]}}  {made:{widths[1]}}  {hours:>{widths[2]}}  {inputs}".rstrip()
        for name, made, hours, inputs in rows
    ]


def _words(inputs: Mapping[str, Any]) -> str:
    """`kind: sign_encoder, start: pretrained, data: how2sign 1`; nested values without braces."""
    return ", ".join(f"{key}: {_value(value)}" for key, value in inputs.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return " + ".join(f"{key} {_value(one)}" for key, one in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
