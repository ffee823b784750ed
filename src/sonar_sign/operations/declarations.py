"""Trainings as a config declares them, read and checked.

A training (or system) may be `like` another one: it then has that one's settings, but for what it
says itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sonar_sign.core.contradictions import refuse_contradictions
from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import nearest
from sonar_sign.operations.config_check import schema_errors
from sonar_sign.operations.config_layers import laid_over
from sonar_sign.operations.config_schema import defaults_in, settings_in
from sonar_sign.training.kinds import KINDS, PRETRAINED, VIDEO_ENCODERS, Kind, Role


@dataclass(frozen=True)
class Training:
    """One training of the config."""

    name: str
    kind: Kind
    starts: Mapping[str, str | None]
    """By role (`start`, `sign_encoder`, `landmark_model`): `pretrained`, a training, or None."""
    features: str | None
    """The video encoder whose features are read: `pretrained` or a training; None for none."""
    data: Mapping[str, float]
    """Corpora that it is trained on, with the weights by which their clips are sampled."""
    share: float
    """Share of their clips that it is trained on, the same ones in every epoch and seed."""
    target_languages: tuple[str, ...]
    """Further languages whose captions are targets too."""
    settings: Mapping[str, Any]
    """Every setting of its kind by name."""
    groups: Mapping[str, Mapping[str, Any]]
    """Those that stand under a key of their own, such as `losses`."""

    def references(self) -> list[str]:
        """The trainings that must be there first."""
        found = [*self.starts.values(), self.features]
        return [name for name in found if name not in (None, PRETRAINED)]

    @property
    def trains_decoder(self) -> bool:
        return self.groups.get("decoder", {}).get("train_decoder", "none") != "none"

    def as_values(self) -> dict[str, Any]:
        """Its effective values, as a config would write them."""
        head: dict[str, Any] = {"kind": self.kind.name, **self.starts}
        if "features" in self.kind.reads:
            head["features"] = self.features
        head["data"] = dict(self.data)
        if self.share < 1:
            head["share"] = self.share
        if self.kind.learns_embeddings:
            head["target_languages"] = list(self.target_languages)
        return {**head, **self.settings, **{k: dict(v) for k, v in self.groups.items()}}


def read_trainings(values: Mapping[str, Any]) -> dict[str, Training]:
    """The trainings of a config whose schema has been checked.

    Raises:
        UserError: a name is unknown, references go in a circle, or a setting does not belong to a
            training's kind.
    """
    declared = {name: one or {} for name, one in values["trainings"].items()}
    if PRETRAINED in declared:
        raise UserError(
            f"In the config: trainings.{PRETRAINED} stands for the public models; give the "
            "training another name."
        )
    flat = {name: resolved_declaration(name, declared, "trainings") for name in declared}
    kinds = {name: _kind_of(name, one) for name, one in flat.items()}
    trainings = {name: _training(name, one, kinds, values) for name, one in flat.items()}
    _refuse_circles(trainings)
    return {name: _with_features(one, trainings) for name, one in trainings.items()}


def resolved_declaration(name: str, declared: Mapping[str, Any], section: str) -> dict[str, Any]:
    """A declaration with everything that it takes over from what it is like.

    Args:
        section: `trainings` or `systems`, for messages.

    Raises:
        UserError: what it is like is not declared, or they go in a circle.
    """
    chain, values = [name], [declared.get(name) or {}]
    while "like" in values[-1]:
        like = values[-1]["like"]
        if like in chain:
            raise UserError(
                f"In the config: {section}.{name}.like goes in a circle: "
                f"{' -> '.join([*chain, like])}."
            )
        if like not in declared:
            raise UserError(
                f"In the config: {section}.{chain[-1]}.like names {like}, which is not declared; "
                f"{nearest(like, declared)}."
            )
        chain.append(like)
        values.append(declared[like] or {})
    resolved: dict[str, Any] = {}
    for one in reversed(values):
        resolved = laid_over(resolved, {key: v for key, v in one.items() if key != "like"})
    return resolved


def _kind_of(name: str, values: Mapping[str, Any]) -> Kind:
    if "kind" not in values:
        raise UserError(
            f"In the config: trainings.{name} has no kind; give kind: one of {', '.join(KINDS)}, "
            "or like: another training."
        )
    return KINDS[values["kind"]]


def _training(
    name: str,
    values: Mapping[str, Any],
    kinds: Mapping[str, Kind],
    config: Mapping[str, Any],
) -> Training:
    kind = kinds[name]
    where = f"In the config: trainings.{name}"
    _check_settings(where, kind, values)
    starts = {
        role: _reference(where, role, values.get(role, wanted.default), wanted, kinds)
        for role, wanted in kind.roles.items()
    }
    data = values.get("data") or {config["corpus"]["name"]: 1.0}
    known = [config["corpus"]["name"], *config["further_corpora"]]
    for corpus in data:
        if corpus not in known:
            raise UserError(
                f"{where}.data names the corpus {corpus}, which is not declared; "
                f"{nearest(corpus, known)}."
            )
    own = {key: value for key, value in values.items() if key in settings_in(kind.options)}
    settings = {**defaults_in(kind.options), **own}
    groups = {
        group: {**defaults_in([options]), **(values.get(group) or {})}
        for group, options in kind.groups.items()
    }
    together = {key: value for group in groups.values() for key, value in group.items()}
    together |= {**settings, "start": starts.get("start"), "device": config["device"]}
    refuse_contradictions(together, f"{where}.")
    _check_target_languages(where, values, config)
    return Training(
        name=name,
        kind=kind,
        starts=starts,
        features=feature_reference(where, values.get("features"), kind, kinds),
        data={corpus: float(weight) for corpus, weight in data.items()},
        share=float(values.get("share", 1)),
        target_languages=tuple(values.get("target_languages", ())),
        settings=settings,
        groups=groups,
    )


def _check_target_languages(
    where: str, values: Mapping[str, Any], config: Mapping[str, Any]
) -> None:
    captions = config["languages"]["captions"]
    if captions in values.get("target_languages", ()):
        raise UserError(
            f"{where}.target_languages names {captions}, the captions' own language; leave it out."
        )


def _check_settings(where: str, kind: Kind, values: Mapping[str, Any]) -> None:
    """Refuse what is not of the kind, and values that its settings cannot have."""
    allowed = {"kind", "data", "share", *kind.roles, *kind.groups, *settings_in(kind.options)}
    allowed |= {"target_languages"} if kind.learns_embeddings else set()
    allowed |= {"features"} if "features" in kind.reads else set()
    for key in values:
        if key not in allowed:
            raise UserError(
                f"{where}.{key} is not a setting of the kind {kind.name}; "
                f"{nearest(key, sorted(allowed))}."
            )
    _check_values(where, settings_in(kind.options), values)
    for group, options in kind.groups.items():
        given = values.get(group) or {}
        settings = settings_in([options])
        for key in given:
            if key not in settings:
                raise UserError(
                    f"{where}.{group}.{key} is not a setting of the kind {kind.name}; "
                    f"{nearest(key, settings)}."
                )
        _check_values(f"{where}.{group}", settings, given)


def _check_values(where: str, settings: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    for key, setting in settings.items():
        if key in values:
            for error in schema_errors(setting.schema(), values[key]):
                raise UserError(f"{where}.{key}: {error.message}.")


def _reference(
    where: str, role: str, name: str | None, wanted: Role, kinds: Mapping[str, Kind]
) -> str | None:
    if name is None:
        if wanted.needed:
            raise UserError(
                f"{where}.{role} is missing; name a training of kind {' or '.join(wanted.kinds)}."
            )
        return None
    if name == PRETRAINED and wanted.default == PRETRAINED:
        return name
    fitting = [one for one, kind in kinds.items() if kind.name in wanted.kinds]
    if name not in fitting:
        raise UserError(
            f"{where}.{role} names {name}, which is not a training of kind "
            f"{' or '.join(wanted.kinds)}; {nearest(name, fitting)}."
        )
    return name


def feature_reference(
    where: str, name: str | None, kind: Kind, kinds: Mapping[str, Kind]
) -> str | None:
    """The video encoder whose features a training or system names.

    Raises:
        UserError: it is not a training that writes one.
    """
    if "features" not in kind.reads or name is None or name == PRETRAINED:
        return name
    fitting = [one for one, other in kinds.items() if other.name in VIDEO_ENCODERS]
    if name not in fitting:
        raise UserError(
            f"{where}.features names {name}, which is not a training of kind "
            f"{' or '.join(VIDEO_ENCODERS)}; {nearest(name, [PRETRAINED, *fitting])}."
        )
    return name


def _with_features(training: Training, trainings: Mapping[str, Training]) -> Training:
    """Features that are not named are those that the sign encoder to start from has read."""
    if "features" not in training.kind.reads or training.features is not None:
        return training
    seen = [training.name]
    start = training.starts.get("start")
    while start not in (None, PRETRAINED) and start not in seen:
        seen.append(start)
        first = trainings[start]
        if first.kind.name in VIDEO_ENCODERS:
            return replace(training, features=start)
        if first.features is not None:
            return replace(training, features=first.features)
        start = first.starts.get("start")
    return replace(training, features=PRETRAINED)


def _refuse_circles(trainings: Mapping[str, Training]) -> None:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            raise UserError(
                f"In the config: trainings.{name} starts from itself: {circle}; let one of them "
                "start elsewhere."
            )
        if name not in done:
            for reference in trainings[name].references():
                visit(reference, (*path, name))
            done.add(name)

    for name in trainings:
        visit(name, ())
