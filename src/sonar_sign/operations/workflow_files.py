"""Which files the workflow's jobs read and write, as the config's experiment says.

Input names are the names of the commands' flags, so that a rule can hand its inputs on without
knowing them: `--train-features` is given every file of the input `train_features`.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sonar_sign.corpora import TYPES
from sonar_sign.models.registry import registry
from sonar_sign.operations.experiment import Run
from sonar_sign.operations.speech_files import SpeechFiles
from sonar_sign.operations.workflow_flags import flags
from sonar_sign.training.kinds import PRETRAINED, VIDEO_ENCODERS

PUBLIC_MODELS = "resources/models"
PUBLIC_SONAR = f"{PUBLIC_MODELS}/sonar"
SONAR_NAMES = ("sonar_text_encoder", "sonar_text_decoder", "sonar_tokenizer")
# A regular expression that matches nothing, for rules that this config has no use for.
NOTHING = "(?!)"

Inputs = dict[str, str | list[str]]


class WorkflowFiles(SpeechFiles):
    """The files of one config's workflow, relative to the folder in which Snakemake runs."""

    def training_captions(self) -> list[str]:
        """Manifests whose captions floors are made of; none where training itself is scored."""
        trained_on = {
            corpus for one in self.experiment.used_trainings for corpus in self._data(one)
        }
        corpora = [corpus for corpus in self.experiment.corpora if corpus in trained_on]
        corpora = corpora or [self.name]
        if self.evaluated == "train" or "train" not in self.splits(self.name):
            return []
        return [f"results/{corpus}/manifests/train.tsv" for corpus in corpora]

    @property
    def shows_videos(self) -> bool:
        """Whether pages play clips: people have to be asked, so somebody has to say so."""
        wanted = self.values["gallery"]["videos"]
        return wanted is True or (
            wanted == "auto" and TYPES[self.values["corpus"]["type"]].may_be_shown
        )

    # Models

    def checkpoint(self, role: str, reference: str, seed: int) -> str:
        """The file of a role (`video_encoder`, `sign_encoder`, `landmark_model`).

        Args:
            reference: `pretrained` or the name of a training.
        """
        if reference == PRETRAINED:
            model = "sign_hiera" if role == "video_encoder" else "sign_encoder"
            return self.values["models"][model]
        kind = self.experiment.trainings[reference].kind.name
        file = "sign_encoder.pt" if kind == "joint" and role == "sign_encoder" else "best.pt"
        label = self.experiment.label_of(reference, seed)
        return f"{self.results}/checkpoints/{label}/{file}"

    def encoder_checkpoint(self, encoder: str) -> str:
        """The SignHiera that makes the features of a folder under `features/`."""
        if encoder == PRETRAINED:
            return self.values["models"]["sign_hiera"]
        run = self.experiment.run(encoder)
        return self.checkpoint("video_encoder", run.name, run.seed)

    def sonar(self) -> list[str]:
        """SONAR's folder where a rule or somebody else makes it whole, else its public files."""
        folder = self.values["models"]["sonar"]
        if folder == PUBLIC_SONAR:
            return [f"{folder}/{registry()[name].file}" for name in SONAR_NAMES]
        return [folder]

    def model_source(self, name: str) -> str:
        """The flag for a mirror's address or a local file that the config names."""
        source = self.values["models"]["fetch_from"].get(name)
        return f"--source {shlex.quote(source)}" if source else ""

    # Trainings

    def _data(self, training: str) -> Mapping[str, float]:
        return self.experiment.trainings[training].data

    def training_pattern(self, *, joint: bool = False, decoder: bool = False) -> str:
        """A regular expression for the labels of trainings that write the same kinds of files."""
        names = [
            name
            for name, one in self.experiment.trainings.items()
            if (one.kind.name == "joint") == joint and one.trains_decoder == decoder
        ]
        return _labels(names)

    def encoder_pattern(self) -> str:
        """A regular expression for the folders under `features/`."""
        trainings = self.experiment.trainings.items()
        names = [name for name, one in trainings if one.kind.name in VIDEO_ENCODERS]
        return f"{PRETRAINED}|{_labels(names)}"

    def training_inputs(self, label: str) -> Inputs:
        """What a training reads, by the flags of its command; `sonar` is no flag."""
        run = self.experiment.run(label)
        training = self.experiment.trainings[run.name]
        inputs: Inputs = {}
        for what in training.kind.reads:
            pattern = self._shard_pattern(what, training.features, run.seed)
            inputs[f"train_{what}"] = [
                path for corpus in training.data for path in self.shards(pattern, corpus, "train")
            ]
            inputs[f"val_{what}"] = self.shards(pattern, self.name, "val")
        inputs["train_manifest"] = [f"results/{c}/manifests/train.tsv" for c in training.data]
        inputs["val_manifest"] = f"{self.results}/manifests/val.tsv"
        if training.kind.learns_embeddings:
            inputs |= self._target_inputs(training.data, training.target_languages)
        else:
            inputs["further_captions"] = self._captions_of_later(run.name)
        if "features" in training.kind.reads:
            # Named in the checkpoint; the features themselves say which checkpoint made them.
            inputs["sign_hiera"] = self.checkpoint("video_encoder", training.features, run.seed)
        for role, wanted in training.kind.roles.items():
            reference = training.starts[role]
            if reference is not None:
                kind = wanted.kinds[0]
                of_role = "landmark_model" if kind == "landmark_translator" else kind
                path = self.checkpoint(of_role, reference, run.seed)
                inputs[wanted.flag.replace("-", "_")] = path
        return inputs

    def _shard_pattern(self, what: str, features: str | None, seed: int) -> str:
        if what == "features":
            assert features is not None
            return f"features/{self.experiment.label_of(features, seed)}/{{split}}/{{shard}}.npy"
        return {
            "clips": "clips/{split}/{shard}.tar",
            "landmarks": "landmarks/{split}/{shard}.npy",
        }[what]

    def _target_inputs(self, data: Iterable[str], languages: Sequence[str]) -> Inputs:
        return {
            "train_targets": [f"results/{corpus}/targets/train.npy" for corpus in data],
            "val_targets": f"{self.results}/targets/val.npy",
            "extra_targets": [f"{self.results}/targets/train.{code}.npy" for code in languages],
            "extra_captions": [f"{self.results}/captions/train.{code}.tsv" for code in languages],
            "sonar": self.sonar(),
        }

    def _captions_of_later(self, name: str) -> list[str]:
        """Captions of trainings that start from this one: its tokenizer has to know them."""
        own = self._data(name)
        later = [
            corpus
            for one in self.experiment.trainings.values()
            if one.starts.get("start") == name
            for corpus in one.data
            if corpus not in own
        ]
        return [f"results/{corpus}/manifests/train.tsv" for corpus in dict.fromkeys(later)]

    def training_flags(self, label: str) -> str:
        """The flags of a training that name no file."""
        run = self.experiment.run(label)
        training = self.experiment.trainings[run.name]
        parts = [f"--training {run.name}", f"--seed {run.seed}", f"--language {self.captions}"]
        share = f":{training.share:g}" if training.share < 1 else ""
        parts += [f"--corpus {name}={weight:g}{share}" for name, weight in training.data.items()]
        parts += [f"--extra-language {code}" for code in training.target_languages]
        if "clips" in training.kind.reads:
            parts.append(flags({"compat": self.values["extract"]["compat"]}))
        parts.append(flags(training.settings))
        parts += [flags(values) for values in training.groups.values()]
        return " ".join(part for part in parts if part)

    def training_sonar(self, label: str) -> str:
        """The flag for SONAR's folder, for kinds that learn its embeddings."""
        learns = self.experiment.training(label).kind.learns_embeddings
        return f"--sonar {shlex.quote(self.values['models']['sonar'])}" if learns else ""

    def training_threads(self, label: str) -> int:
        """One for the model, and one for each process that reads data."""
        return 1 + self.experiment.training(label).settings["num_workers"]

    # Systems

    def system_pattern(self, *, landmarks_only: bool) -> str:
        """A regular expression for the labels of systems with, or without, SONAR."""
        systems = self.experiment.systems.items()
        return _labels([n for n, one in systems if one.reads_landmarks_only == landmarks_only])

    def prediction_inputs(self, system: str, corpus: str, split: str) -> Inputs:
        """What `predict` or `predict_landmarks` reads, by its flags; `sonar` is no flag."""
        run = self.experiment.run(system)
        parts = self.experiment.systems[run.name]
        inputs: Inputs = {}
        timings: list[str] = []
        if parts.video_encoder is not None:
            features = self._shard_pattern("features", parts.video_encoder, run.seed)
            inputs["features"] = self.shards(features, corpus, split)
            timings += self.shards("clips/{split}/{shard}.timings.json", corpus, split)
            timings += [f"{Path(path).with_suffix('')}.timings.json" for path in inputs["features"]]
            inputs["sign_hiera"] = self.checkpoint("video_encoder", parts.video_encoder, run.seed)
        if parts.sign_encoder is not None:
            inputs["sign_encoder"] = self.checkpoint("sign_encoder", parts.sign_encoder, run.seed)
            inputs["targets"] = f"results/{corpus}/targets/{split}.npy"
            inputs["sonar"] = self.sonar()
            inputs |= self._trained_decoder(parts.sign_encoder, run.seed)
            if self.experiment.sentences_before(parts.sign_encoder):
                # Without captions: a changed one does not change what comes before it.
                inputs["order"] = self.shards("shards/{split}/{shard}.tsv", corpus, split)
        if parts.landmark_model is not None:
            inputs["landmarks"] = self.shards("landmarks/{split}/{shard}.npy", corpus, split)
            timings += self.shards("landmarks/{split}/{shard}.timings.json", corpus, split)
            flag = "model" if parts.reads_landmarks_only else "landmark_model"
            inputs[flag] = self.checkpoint("landmark_model", parts.landmark_model, run.seed)
        inputs["timings"] = timings
        return inputs

    def _trained_decoder(self, sign_encoder: str, seed: int) -> Inputs:
        trainings = self.experiment.trainings
        if sign_encoder == PRETRAINED or not trainings[sign_encoder].trains_decoder:
            return {}
        label = self.experiment.label_of(sign_encoder, seed)
        return {"sonar_decoder": f"{self.results}/checkpoints/{label}/sonar_decoder.pt"}

    def prediction_flags(self, label: str) -> str:
        """The flags of a system that name no file."""
        run = self.experiment.run(label)
        decoding = self.experiment.systems[run.name].decoding
        return f"--system {run.name} --seed {run.seed} {flags(decoding)}"

    def scores(self, suffix: str) -> list[str]:
        """A file of every run of every system, in every language that it speaks."""
        labels = [(run, self.experiment.systems[run.name]) for run in self.experiment.system_runs()]
        first = [run.label for run, _ in labels]
        others = [
            f"{run.label}.{language}"
            for language in self.other_languages
            for run, system in labels
            if language in system.languages
        ]
        return [f"{self.results}/metrics/{label}.{suffix}" for label in [*first, *others]]

    def timings(self) -> list[str]:
        """What was measured in every run that is compared."""
        scored = [Path(path).stem for path in self.scores("json")]
        return [
            self.score_inputs(self.name, one)["predictions"].removesuffix(".tsv") + ".timings.json"
            for one in scored
        ]

    def score_inputs(self, corpus: str, scored: str) -> Inputs:
        """What `evaluate` reads for `metrics/{scored}.json`, whose name may end in a language."""
        label, language = self._split_language(scored)
        self.experiment.run(label)  # refuses unknown seeds
        end = f".{language}" if language else ""
        folder = f"results/{corpus}/predictions/{label}/{self.evaluated}{end}"
        inputs: Inputs = {
            "predictions": f"{folder}.tsv",
            "run_info": f"{folder}.json",
            "manifest": f"results/{corpus}/manifests/{self.evaluated}.tsv",
        }
        if language:
            inputs["references"] = f"results/{corpus}/captions/{self.evaluated}{end}.tsv"
        elif further := self.values["evaluate"]["further_references"]:
            inputs["further_references"] = further
        return inputs

    def _split_language(self, scored: str) -> tuple[str, str | None]:
        for language in self.other_languages:
            if scored.endswith(f".{language}"):
                return scored.removesuffix(f".{language}"), language
        return scored, None

    # What people look at

    def main_runs(self) -> list[Run]:
        """One run of each system: that of the config's own seed, else the first."""
        return [self.experiment.runs_of_system(name)[0] for name in self.experiment.systems]

    def shown_predictions(self) -> list[str]:
        """The predictions that the gallery shows side by side."""
        return [
            f"{self.results}/predictions/{run.label}/{self.evaluated}.tsv"
            for run in self.main_runs()
        ]

    def curves(self) -> list[str]:
        """The curves of all runs of the trainings that the systems need."""
        return [
            f"{self.results}/checkpoints/{run.label}/curves.csv"
            for name in self.experiment.used_trainings
            for run in self.experiment.runs_of_training(name)
        ]

    def samples(self) -> list[str]:
        return [f"{self.results}/samples/{run.label}.json" for run in self.main_runs()]

    def final_outputs(self) -> list[str]:
        """Everything that a whole run makes."""
        attention = [
            f"{self.compared}/report/attention.{run.label}.svg"
            for run in self.main_runs()
            if self.experiment.systems[run.name].reads_landmarks_only
        ]
        names = ["comparison.json", "comparison.md", "report/metrics.svg", "report/index.html"]
        shown = [f"{self.compared}/{name}" for name in names]
        summary = f"{self.results}/manifests/summary.json"
        spoken = self.spoken()
        if spoken:
            shown.append(f"{self.compared}/report/speech.html")
        return [*shown, summary, *self.samples(), *attention, *spoken]

    def systems_record(self) -> dict[str, Any]:
        """What `translate --system` needs to know, for `results/{corpus}/systems.json`."""
        return {"systems": {run.label: self._record_of(run) for run in self.main_runs()}}

    def _record_of(self, run: Run) -> dict[str, Any]:
        system = self.experiment.systems[run.name]
        record: dict[str, Any] = {
            "kind": "landmarks" if system.reads_landmarks_only else "sonar",
            "sign_hiera": None,
            "sign_encoder": None,
            "sonar": self.values["models"]["sonar"],
            "sonar_decoder": None,
            "landmark_model": None,
            "decoding": dict(system.decoding),
            "languages": list(system.languages),
            "caption_language": self.captions,
        }
        for key, role, reference in (
            ("sign_hiera", "video_encoder", system.video_encoder),
            ("sign_encoder", "sign_encoder", system.sign_encoder),
            ("landmark_model", "landmark_model", system.landmark_model),
        ):
            if reference is not None:
                record[key] = self.checkpoint(role, reference, run.seed)
        if system.sign_encoder is not None:
            record |= self._trained_decoder(system.sign_encoder, run.seed)
        return record


def _labels(names: Sequence[str]) -> str:
    return rf"({'|'.join(names)})(\.seed\d+)?" if names else NOTHING
