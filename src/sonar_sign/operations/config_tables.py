"""The tables of `config/README.md`, written from the options."""

from collections.abc import Iterable, Iterator
from typing import Any

from sonar_sign.core.cluster_options import JobOptions
from sonar_sign.core.options import TrainOptions
from sonar_sign.core.settings import Setting, defaults_of, settings_of
from sonar_sign.operations.config_schema import (
    DEMO_SECTIONS,
    SECTIONS,
    defaults_in,
    settings_in,
)
from sonar_sign.training.kinds import KINDS, Role


def config_tables() -> str:
    """Every option of a config with its default and bounds, as Markdown."""
    parts = [
        (f"`{section.key}`" if section.key else "Keys that stand by themselves", section.options)
        for section in SECTIONS
    ]
    texts = [f"### {title}\n\n{_table(options)}" for title, options in parts]
    jobs = _table([JobOptions()])
    keys = "`cluster.rules.RULE`, `cluster.trainings.NAME`; `cluster.others` for all other rules"
    texts.append(f"### {keys}\n\n{jobs}")
    texts += ["### Settings of every training", _training_table(), *_kind_texts(), *_group_texts()]
    texts += [f"### `{section.key}`\n\n{_table(section.options)}" for section in DEMO_SECTIONS]
    return "\n\n".join(texts) + "\n"


def _training_table() -> str:
    """The settings that all kinds share, with the defaults of each."""
    defaults = {name: defaults_of(kind.options[0]) for name, kind in KINDS.items()}
    head = f"| key | {' | '.join(f'`{name}`' for name in KINDS)} | values | meaning |"
    lines = [head, "|---" * (len(KINDS) + 3) + "|"]
    for name, setting in settings_of(TrainOptions).items():
        values = " | ".join(f"`{_yaml(of_kind[name])}`" for of_kind in defaults.values())
        lines.append(f"| `{name}` | {values} | {_values(setting)} | {setting.help} |")
    return "\n".join(lines)


def _kind_texts() -> Iterator[str]:
    for kind in KINDS.values():
        lines = [f"### Trainings of kind `{kind.name}`: {kind.title}", ""]
        lines += [f"Reads {' and '.join(kind.reads)}.", ""]
        lines += [f"- `{name}`: {_role_text(role)}" for name, role in kind.roles.items()]
        lines += [f"- `{name}`: the settings below" for name in kind.groups]
        if len(kind.options) > 1:
            lines += ["", _table(kind.options[1:])]
        yield "\n".join(lines)


def _group_texts() -> Iterator[str]:
    """Settings under a key of their own, once for all kinds that have the same ones."""
    seen: dict[tuple[str, Any], list[str]] = {}
    for kind in KINDS.values():
        for group, options in kind.groups.items():
            seen.setdefault((group, options), []).append(f"`{kind.name}`")
    for (group, options), kinds in seen.items():
        yield f"### `{group}` of {', '.join(kinds)}\n\n{_table([options])}"


def _role_text(role: Role) -> str:
    kinds = " or ".join(f"`{kind}`" for kind in role.kinds)
    default = f"; default `{role.default}`" if role.default else ""
    needed = "" if role.default or not role.needed else "; needed"
    frozen = ", which stays as it is" if role.frozen else ""
    public = "`pretrained`, or " if role.default else ""
    return f"{public}a training of kind {kinds}{frozen}{default}{needed}"


def _table(options: Iterable[Any]) -> str:
    options = list(options)
    defaults = defaults_in(options)
    rows = [
        f"| `{name}` | `{_yaml(defaults[name])}` | {_values(setting)} | {setting.help} |"
        for name, setting in settings_in(options).items()
    ]
    return "\n".join(["| key | default | values | meaning |", "|---|---|---|---|", *rows])


def _values(setting: Setting) -> str:
    choices = [_yaml(value) for value in setting.schema().get("enum", ())]
    if choices:
        # YAML's false stands for an unquoted `no`.
        return ", ".join(one for one in choices if not (one == "false" and "no" in choices))
    kinds = {"boolean": "true, false", "string": "text", "number": "number", "integer": "number"}
    named = setting.schema().get("type", "integer")
    return setting.bounds.words() or kinds[named if isinstance(named, str) else named[0]]


def _yaml(value: Any) -> str:
    if value == "":
        return '""'
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
