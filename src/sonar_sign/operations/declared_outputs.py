"""Every output that a config declares, with what it is made of, in the order of the data.

The walk starts at what a whole run makes and goes back through the inputs, so that every training,
system, seed, split and language of the config is there, and nothing that it has no use for.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.corpora import TYPES
from sonar_sign.operations.config import Config
from sonar_sign.operations.workflow_files import Inputs, WorkflowFiles

# Files that one job writes beside the one that stands for them.
BESIDE = {
    "manifest": (".dropped.tsv", ".clamped.tsv"),
    "features": (".parquet", ".timings.json"),
    "landmarks": (".parquet", ".timings.json", ".counts.json"),
    "clips": (".timings.json",),
    "targets": (".parquet",),
    "predictions": (".json", ".timings.json"),
    "comparison": (".timings.json", ".tex", ".csv", ".bib"),
    "metrics": (".npz",),
    "summary": (),
}


@dataclass(frozen=True)
class Output:
    """A file, or a folder, that a job makes."""

    path: Path
    kind: str
    """What kind of file it is: a key of `output_checks.CHECKS`."""
    inputs: Mapping[str, tuple[Path, ...]]
    """What it is made of, by the names of the workflow's inputs."""
    values: Mapping[str, str]
    """What its path names: corpus, split, shard, label, language, ..."""

    @property
    def files(self) -> list[Path]:
        """All files of the same job that belong to it."""
        ends = BESIDE.get(self.kind, ())
        return [self.path, *[self.path.with_suffix(end) for end in ends]]

    def input(self, name: str) -> Path | None:
        """The one file of an input, where it has it."""
        found = self.inputs.get(name, ())
        return found[0] if found else None


def declared_outputs(config: Config) -> list[Output]:
    """Every output of a config, inputs before what is made of them."""
    files = WorkflowFiles(config)
    found: dict[Path, Output | None] = {}

    def add(path: Path) -> None:
        # A long chain of trainings is still a short one for Python's stack.
        if path in found:
            return
        found[path] = None
        output = _output(files, path)
        if output is None:
            return
        for inputs in output.inputs.values():
            for one in inputs:
                add(one)
        found[path] = found.pop(path) or output  # after its inputs

    for path in _wanted(files):
        add(Path(path))
    return [output for output in found.values() if output is not None]


def _wanted(files: WorkflowFiles) -> Iterator[str]:
    """What a whole run makes that no other output is made of."""
    from sonar_sign.report.plot import FILES  # imports what draws

    finals = files.final_outputs()
    yield from finals
    yield from files.curves()
    # Further outputs of the jobs that make these.
    for path in finals:
        if path.endswith("/report/metrics.svg"):
            yield from (str(Path(path).with_name(name)) for name in FILES)
        elif path.endswith("/summary.json"):
            yield str(Path(path).with_name("durations.svg"))


def _output(files: WorkflowFiles, path: Path) -> Output | None:
    """The output of a path; None where no rule makes it, as of annotations and videos."""
    for pattern, kind, inputs_of in _MAKERS:
        match = pattern.fullmatch(str(path))
        if match:
            values = {name: one for name, one in match.groupdict().items() if one}
            return Output(path, kind, _as_paths(inputs_of(files, values)), values)
    return _model(files, path) or _drawn(files, path)


def _drawn(files: WorkflowFiles, path: Path) -> Output | None:
    """The annotations of a corpus that a rule draws."""
    for name, corpus in files.experiment.corpora.items():
        match = _ANNOTATIONS.fullmatch(path.name)
        if match and TYPES[corpus["type"]].drawn and path.parent == Path(corpus["root"]):
            values = {key: one for key, one in match.groupdict().items() if one}
            return Output(path, "annotations", {}, {"corpus": name, **values})
    return None


def _model(files: WorkflowFiles, path: Path) -> Output | None:
    """A model file that the config names; the demo's are made of its news corpus."""
    models = {key: one for key, one in files.values["models"].items() if isinstance(one, str)}
    for role, model in models.items():
        if role == "sonar" and path in (Path(model), *map(Path, files.sonar())):
            kind = "sonar" if path == Path(model) else "sonar_file"
            return Output(path, kind, {}, {"role": role})
        if path == Path(model):
            return Output(path, "checkpoint", _as_paths(_pretraining(files, role)), {"role": role})
    return None


def _pretraining(files: WorkflowFiles, role: str) -> Inputs:
    if "demo" not in files.values:
        return {}
    corpus = files.values["demo"]["pretraining_corpus"]
    pattern, inputs = "features/pretrained/{split}/{shard}.npy", {}
    if role == "sign_hiera":
        pattern = "clips/{split}/{shard}.tar"
    else:
        inputs = {
            f"{split}_targets": f"results/{corpus}/targets/{split}.npy"
            for split in ("train", "val")
        }
    for split in ("train", "val"):
        inputs[f"{split}_shards"] = files.shards(pattern, corpus, split)
    return inputs


def _as_paths(inputs: Inputs) -> dict[str, tuple[Path, ...]]:
    return {
        name: tuple(Path(path) for path in ([found] if isinstance(found, str) else found))
        for name, found in inputs.items()
    }


# What each kind of file is made of.

Values = Mapping[str, str]


def _of_corpus(find: Callable[..., str | list[str]], *values: str) -> str | list[str]:
    """Files whose names are known by looking at a corpus; none where it is not there.

    That it is not there has a finding of its own.
    """
    try:
        return find(*values)
    except UserError:
        return []


def _manifest(files: WorkflowFiles, of: Values) -> Inputs:
    return {"annotations": _of_corpus(files.annotations, of["corpus"], of["split"])}


def _summary(files: WorkflowFiles, of: Values) -> Inputs:
    return {
        "manifests": _of_corpus(files.manifests, of["corpus"], "{split}.tsv"),
        "sentences": _of_corpus(files.sentence_tables, of["corpus"]),
    }


def _captions(files: WorkflowFiles, of: Values) -> Inputs:
    return {
        "manifest": f"results/{of['corpus']}/manifests/{of['split']}.tsv",
        "annotations": _of_corpus(files.annotations, of["corpus"], of["split"], of["language"]),
    }


def _shard(files: WorkflowFiles, of: Values) -> Inputs:
    return {"manifest": f"results/{of['corpus']}/manifests/{of['split']}.tsv"}


def _from_shard(files: WorkflowFiles, of: Values) -> Inputs:
    return {"shard": f"results/{of['corpus']}/shards/{of['split']}/{of['shard']}.tsv"}


def _features(files: WorkflowFiles, of: Values) -> Inputs:
    return {
        "clips": f"results/{of['corpus']}/clips/{of['split']}/{of['shard']}.tar",
        "checkpoint": files.encoder_checkpoint(of["label"]),
    }


def _targets(files: WorkflowFiles, of: Values) -> Inputs:
    name = f"{of['split']}.{of['language']}" if "language" in of else of["split"]
    folder = "captions" if "language" in of else "manifests"
    captions = f"results/{of['corpus']}/{folder}/{name}.tsv"
    return {"captions": captions, "sonar": files.sonar()}


def _training(files: WorkflowFiles, of: Values) -> Inputs:
    return files.training_inputs(of["label"])


def _of_training(files: WorkflowFiles, of: Values) -> Inputs:
    """What a training writes beside its best checkpoint."""
    return {"checkpoint": f"results/{of['corpus']}/checkpoints/{of['label']}/best.pt"}


def _predictions(files: WorkflowFiles, of: Values) -> Inputs:
    inputs = files.prediction_inputs(of["label"], of["corpus"], of["split"])
    scored = f"{of['label']}.{of['language']}" if "language" in of else of["label"]
    scores = files.score_inputs(of["corpus"], scored)
    return {
        **inputs,
        **{name: scores[name] for name in ("manifest", "references") if name in scores},
    }


def _attention(files: WorkflowFiles, of: Values) -> Inputs:
    return {"predictions": f"results/{of['corpus']}/predictions/{of['label']}/{of['split']}.tsv"}


def _metrics(files: WorkflowFiles, of: Values) -> Inputs:
    return files.score_inputs(of["corpus"], of["scored"])


def _comparison(files: WorkflowFiles, of: Values) -> Inputs:
    return {"metrics": files.scores("json"), "training": _of_corpus(files.training_captions)}


def _of_comparison(files: WorkflowFiles, of: Values) -> Inputs:
    return {"comparison": files.final_outputs()[0]}


def _samples(files: WorkflowFiles, of: Values) -> Inputs:
    return _metrics(files, {**of, "scored": of["label"]})


def _page(files: WorkflowFiles, of: Values) -> Inputs:
    return {"predictions": files.shown_predictions()}


def _speech(files: WorkflowFiles, of: Values) -> Inputs:
    return files.speech_inputs(of["corpus"], of["label"], of["language"])


def _speech_page(files: WorkflowFiles, of: Values) -> Inputs:
    return {"speech": files.spoken()}


def _drawn_attention(files: WorkflowFiles, of: Values) -> Inputs:
    folder = f"{files.results}/predictions/{of['label']}"
    return {"attention": f"{folder}/{files.evaluated}.attention.npz"}


_LABEL = r"(?P<label>[a-z0-9_]+(?:\.seed\d+)?)"
_LANGUAGE = r"(?P<language>[a-z]{3}_[A-Z][a-z]{3})"
_SPLIT = "(?P<split>train|val|test)"
_OF_SHARD = rf"{_SPLIT}/(?P<shard>\d{{4}})"
_ANNOTATIONS = re.compile(rf"how2sign_realigned_{_SPLIT}(?:\.{_LANGUAGE})?\.csv")
# A config may have a comparison and a report of its own.
_COMPARED = r"(?:comparisons/\w+/)?"
_MAKERS: list[tuple[re.Pattern, str, Callable[[WorkflowFiles, Values], Inputs]]] = [
    (re.compile(rf"results/(?P<corpus>[A-Za-z0-9_-]+)/{pattern}"), kind, inputs_of)
    for pattern, kind, inputs_of in (
        (rf"manifests/{_SPLIT}\.tsv", "manifest", _manifest),
        (r"manifests/summary\.json", "summary", _summary),
        (rf"captions/{_SPLIT}\.{_LANGUAGE}\.tsv", "captions", _captions),
        (rf"shards/{_OF_SHARD}\.tsv", "shard", _shard),
        (rf"clips/{_OF_SHARD}\.tar", "clips", _from_shard),
        (rf"features/{_LABEL}/{_OF_SHARD}\.npy", "features", _features),
        (rf"landmarks/{_OF_SHARD}\.npy", "landmarks", _from_shard),
        (rf"targets/{_SPLIT}(?:\.{_LANGUAGE})?\.npy", "targets", _targets),
        (rf"checkpoints/{_LABEL}/best\.pt", "checkpoint", _training),
        (rf"checkpoints/{_LABEL}/\w+\.pt", "checkpoint", _of_training),
        (rf"checkpoints/{_LABEL}/curves\.csv", "curves", _of_training),
        (rf"predictions/{_LABEL}/{_SPLIT}(?:\.{_LANGUAGE})?\.tsv", "predictions", _predictions),
        (rf"predictions/{_LABEL}/{_SPLIT}\.attention\.npz", "attention", _attention),
        (rf"metrics/(?P<scored>{_LABEL}(?:\.{_LANGUAGE})?)\.json", "metrics", _metrics),
        (rf"samples/{_LABEL}\.json", "samples", _samples),
        (r"manifests/durations\.svg", "picture", _summary),
        (rf"{_COMPARED}comparison\.json", "comparison", _comparison),
        (rf"{_COMPARED}comparison\.md", "comparison_text", _of_comparison),
        (rf"{_COMPARED}report/index\.html", "page", _page),
        (rf"speech/{_LABEL}/{_LANGUAGE}", "speech", _speech),
        (rf"{_COMPARED}report/speech\.html", "page", _speech_page),
        (rf"{_COMPARED}report/attention\.{_LABEL}\.svg", "picture", _drawn_attention),
        (rf"{_COMPARED}report/\w+\.svg", "picture", _of_comparison),
        (rf"{_COMPARED}report/\w+\.html", "page", _of_comparison),
    )
]
