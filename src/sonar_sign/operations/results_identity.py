"""Whose results a folder holds: `results/{corpus}/identity.json`, written by every run.

Snakemake notices a changed setting by its records of the files that it made. A folder that was
copied or renamed has none, and would keep its results under a new label. Then the file says what
they were made of, and a config that says something else is refused.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_folder, write_json
from sonar_sign.operations.config import Config
from sonar_sign.operations.experiment import SEED_SUFFIX
from sonar_sign.operations.snakemake_records import unrecorded

FILE_NAME = "identity.json"
RESULTS = Path("results")
KEYS = ("type", "root", "settings", "trainings", "systems")
# They change no result, or name files of their own.
NO_IDENTITY = {
    "cluster", "comparison", "corpus", "device", "further_corpora", "gallery", "sample", "seeds",
    "speech", "feelings", "systems", "trainings",
}  # fmt: skip
# By section of the config, the folders of results that it changes; all of them for others.
CHANGES = {
    "models": ("features", "targets", "checkpoints", "predictions", "metrics"),
    "crop": ("clips", "features", "checkpoints", "predictions", "metrics"),
    "extract": ("features", "checkpoints", "predictions", "metrics"),
    "landmarks": ("landmarks", "checkpoints", "predictions", "metrics"),
    "seed": ("features", "checkpoints", "predictions", "metrics"),
    "languages": ("predictions", "metrics"),
    "decoding": ("predictions", "metrics"),
    "evaluate": ("metrics",),
}
# By folder of results, the section whose keys are the names of the folders in it.
NAMED_AFTER = {
    "features": "trainings",
    "checkpoints": "trainings",
    "predictions": "systems",
    "metrics": "systems",
}


@dataclass(frozen=True)
class Identity:
    """What the results of a corpus are made of."""

    corpus: str
    """Name of the corpus and of its folder."""
    values: Mapping[str, Any]
    """`type` and `root` of the corpus, `settings`, and `trainings` and `systems` by name."""

    @classmethod
    def of(cls, config: Config, corpus: str) -> "Identity":
        """What a run of a config makes in the folder of one of its corpora."""
        declared = config.experiment.corpora[corpus]
        settings = {key: one for key, one in config.values.items() if key not in NO_IDENTITY}
        settings["models"] = {
            name: path for name, path in settings["models"].items() if name != "fetch_from"
        }
        settings["extract"] = {
            name: one
            for name, one in settings["extract"].items()
            if name not in ("batch_units", "num_workers")
        }
        systems = {
            name: {
                "training": one.training,
                "video_encoder": one.video_encoder,
                "decoding": dict(one.decoding),
            }
            for name, one in config.experiment.systems.items()
        }
        values = {
            "type": declared["type"],
            "root": declared["root"],
            "settings": settings,
            "trainings": config.experiment.effective_trainings(),
            "systems": systems,
        }
        # As it is once it is read from its file.
        return cls(corpus, json.loads(json.dumps(values)))

    @classmethod
    def read(cls, folder: Path) -> "Identity | None":
        """That of a folder; None where it has none.

        Raises:
            UserError: the file is damaged.
        """
        path = folder / FILE_NAME
        if not path.is_file():  # a pipe would be waited for
            return None
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            values = {key: found[key] for key in KEYS}
            return cls(found["corpus"], values)
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            raise UserError(
                f"{path}, which says what the results beside it were made of, is damaged; delete "
                "this file alone: the next run writes it anew, if the results were made here."
            ) from error

    def differences(self, other: "Identity", files: Sequence[Path]) -> Iterator[str]:
        """Words for what another identity has differently, as far as it concerns files."""
        if not _same_place(self.values["root"], other.values["root"]):
            yield f"corpus.root {self.values['root']}, not {other.values['root']}"
        if self.values["type"] != other.values["type"]:
            yield f"corpus.type {self.values['type']}, not {other.values['type']}"
        kinds = {path.parts[2] for path in files}
        for section, before in self.values["settings"].items():
            now = other.values["settings"].get(section, before)
            if kinds & set(CHANGES.get(section, kinds)):
                yield from _differences(before, now, f"{section}.")
        for section, name in _names_of(files):
            before, now = (one.values[section].get(name) for one in (self, other))
            if now is not None and before is None:
                yield f"no {section}.{name}"
            elif now is not None:
                yield from _differences(before, now, f"{section}.{name}.")


def check_identities(config: Config, *, has_records: bool = True) -> None:
    """Refuse folders of results that are somebody else's.

    Args:
        has_records: whether Snakemake keeps its records in `.snakemake`, where they can be seen.

    Raises:
        UserError: a folder was made for a corpus of another name; or Snakemake has no record of
            files in it, and they were made of something else than the config says, or of what
            nobody knows.
    """
    if os.path.lexists(RESULTS):
        require_folder(RESULTS, "The folder of results")
    for corpus in config.experiment.corpora:
        folder = RESULTS / corpus
        if not os.path.lexists(folder):
            continue
        require_folder(folder, "The results")
        found = Identity.read(folder)
        files = unrecorded(folder) if has_records else []
        name = found.corpus if found else _name_in_config(folder)
        if name not in (None, corpus):
            raise UserError(
                f"{folder} holds the results of the corpus {name}; move or delete the folder, or "
                f"give the corpus {corpus} another name."
            )
        if files and found is None:
            raise UserError(
                f"{files[0]} was not made by a run in this folder, and no {FILE_NAME} beside it "
                f"says what it was made of; move or delete {folder}."
            )
        if files and found is not None:
            difference = next(found.differences(Identity.of(config, corpus), files), None)
            if difference is not None:
                raise UserError(
                    f"{files[0]} was not made by a run in this folder but, as {folder / FILE_NAME} "
                    f"says, with {difference}; move or delete {folder}, or take the change back."
                )


def write_identities(config: Config) -> None:
    """Write down what a run makes the results of its corpora of.

    Trainings and systems of other configs that share a folder stay in its file.
    """
    for corpus in config.experiment.corpora:
        folder = RESULTS / corpus
        if not folder.is_dir() and corpus not in _used(config):
            continue
        now = Identity.of(config, corpus)
        values = dict(now.values)
        before = Identity.read(folder)
        for section in ("trainings", "systems"):
            if before is not None:
                values[section] = {**before.values[section], **values[section]}
        write_json(folder / FILE_NAME, {"corpus": corpus, **values})


def _used(config: Config) -> set[str]:
    """The corpora that a run has files of."""
    experiment = config.experiment
    trained_on = {
        corpus for name in experiment.used_trainings for corpus in experiment.trainings[name].data
    }
    pretrained_on = config.values.get("demo", {}).get("pretraining_corpus")
    return {config.values["corpus"]["name"], pretrained_on, *trained_on}


def _name_in_config(folder: Path) -> str | None:
    """The corpus of a folder without an identity, by the config that a run leaves there."""
    path = folder / "config.yaml"
    if not path.is_file():
        return None
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        return str(values["corpus"]["name"])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None


def _names_of(files: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """The trainings and systems whose files these are, each once."""
    seen = {}
    for path in files:
        _, _, kind, label = path.parts[:4]
        match = SEED_SUFFIX.match(label.split(".")[0] if kind == "metrics" else label)
        if kind in NAMED_AFTER and match:
            seen[NAMED_AFTER[kind], match["name"]] = None
    yield from seen


def _differences(before: Any, now: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in before:
            if key in now:
                yield from _differences(before[key], now[key], f"{prefix}{key}.")
    elif before != now:
        yield f"{prefix.rstrip('.')} {_shown(before)}, not {_shown(now)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _same_place(first: str, second: str) -> bool:
    if first == second:
        return True
    try:
        return os.path.samefile(first, second)
    except OSError:
        return False
