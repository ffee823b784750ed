"""What a config declares, with its seeds: the runs that the workflow makes.

With several `seeds`, every training has one run per seed; the run of the config's own `seed` has
the training's name, another one `{name}.seed{N}`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.operations.declarations import Training, read_trainings
from sonar_sign.operations.system_declarations import System, read_systems
from sonar_sign.training.kinds import PRETRAINED

SEED_SUFFIX = re.compile(r"^(?P<name>[a-z0-9_]+?)(?:\.seed(?P<seed>\d+))?$")


@dataclass(frozen=True)
class Run:
    """A training or a system with one of the seeds."""

    name: str
    seed: int
    label: str
    """The name of its files: the name alone for the config's own seed."""


@dataclass(frozen=True)
class Experiment:
    """Everything that a config declares."""

    values: Mapping[str, Any]
    trainings: Mapping[str, Training]
    systems: Mapping[str, System]

    @classmethod
    def of(cls, values: Mapping[str, Any], known_systems: Mapping[str, Any]) -> "Experiment":
        """Resolve the trainings and systems of a config whose schema has been checked.

        Raises:
            UserError: a name is unknown, references go in a circle, a setting does not belong to
                a training's kind, or a seed stands there twice.
        """
        _check_seeds(values["seeds"])
        trainings = read_trainings(values)
        systems = read_systems(values, known_systems, trainings)
        experiment = cls(values, trainings, systems)
        experiment._check_context()
        return experiment

    @property
    def corpora(self) -> dict[str, Mapping[str, Any]]:
        """All corpora by name, the one that is evaluated first."""
        corpus = self.values["corpus"]
        return {corpus["name"]: corpus, **self.values["further_corpora"]}

    @cached_property
    def used_trainings(self) -> list[str]:
        """The trainings that the systems need, in an order in which they can be made."""
        order: list[str] = []

        def add(names: Iterable[str]) -> None:
            for name in names:
                if name not in order:
                    add(self.trainings[name].references())
                    order.append(name)

        for system in self.systems.values():
            add(system.references())
        return order

    def needed_splits(self) -> set[str]:
        """The splits of the evaluated corpus that the systems need."""
        return {self.values["evaluate"]["split"]} | (
            {"train", "val"} if self.used_trainings else set()
        )

    def runs_of_training(self, name: str) -> list[Run]:
        """One per seed."""
        return [self._run(name, seed) for seed in self.values["seeds"]]

    def runs_of_system(self, name: str) -> list[Run]:
        """One per seed; a system without any training has one only."""
        if not self.systems[name].references():
            return [Run(name, self.values["seed"], name)]
        return [self._run(name, seed) for seed in self.values["seeds"]]

    def system_runs(self) -> list[Run]:
        """Those of all systems, in their order."""
        return [run for name in self.systems for run in self.runs_of_system(name)]

    def _run(self, name: str, seed: int) -> Run:
        suffix = "" if seed == self.values["seed"] else f".seed{seed}"
        return Run(name, seed, f"{name}{suffix}")

    def run(self, label: str) -> Run:
        """A run by the name of its files.

        Raises:
            UserError: the seed is not one of the config's.
        """
        found = SEED_SUFFIX.match(label)
        seed = int(found["seed"]) if found["seed"] else self.values["seed"]
        if seed not in {*self.values["seeds"], self.values["seed"]}:
            raise UserError(
                f"{label}: the config's seeds are {', '.join(map(str, self.values['seeds']))}."
            )
        return Run(found["name"], seed, label)

    def training(self, label: str) -> Training:
        """The training of a run, by the name of the run's files."""
        return self.trainings[self.run(label).name]

    def label_of(self, reference: str, seed: int) -> str:
        """The name of a reference's files: `pretrained`, or the run of a training."""
        return PRETRAINED if reference == PRETRAINED else self._run(reference, seed).label

    def sentences_before(self, sign_encoder: str) -> int:
        """How many sentences before a clip the sign encoder of a training reads.

        Args:
            sign_encoder: `pretrained`, which reads none, or a training.
        """
        while sign_encoder != PRETRAINED:
            training = self.trainings[sign_encoder]
            if "context" in training.settings:
                return training.settings["context"]
            # It goes on with the sign encoder that it starts from.
            role = "sign_encoder" if "sign_encoder" in training.starts else "start"
            sign_encoder = training.starts[role] or PRETRAINED
        return 0

    def _check_context(self) -> None:
        for name, training in self.trainings.items():
            own, start = training.settings.get("context"), training.starts.get("start")
            if own is not None and start and own < (n := self.sentences_before(start)):
                raise UserError(
                    f"In the config: trainings.{name}.context is {own}, and {start}, which it "
                    f"starts from, reads {n} sentences before a clip; give it context: {n}."
                )

    def effective_trainings(self) -> dict[str, Any]:
        return {name: one.as_values() for name, one in self.trainings.items()}

    def like_chain(self, name: str) -> list[str]:
        """The trainings that a training is like, the nearest first."""
        chain: list[str] = []
        while like := (self.values["trainings"].get(name) or {}).get("like"):
            chain.append(like)
            name = like
        return chain

    def same_trainings(self) -> list[tuple[str, str]]:
        """Pairs of needed trainings that differ in nothing but their names."""
        names = self.used_trainings
        return [
            (first, second)
            for place, first in enumerate(names)
            for second in names[place + 1 :]
            if self.trainings[first].as_values() == self.trainings[second].as_values()
        ]


def _check_seeds(seeds: list[int]) -> None:
    twice = [seed for seed in seeds if seeds.count(seed) > 1]
    if twice:
        raise UserError(f"In the config: seeds names {twice[0]} twice.")
