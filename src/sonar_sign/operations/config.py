"""The config of a run: read, checked, and completed with every default.

Whatever a config does not say is a default of the real job (`core/options.py`,
`training/kinds.py`, `defaults.yaml`); no other config lends it a value unless it `extends` it.
Every mistake is one sentence, before anything runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from sonar_sign.core.errors import UserError
from sonar_sign.core.settings import Setting, from_text
from sonar_sign.core.wording import nearest
from sonar_sign.corpora import TYPES
from sonar_sign.operations.config_check import check_sections, require_plain, schema_errors
from sonar_sign.operations.config_corpora import check_corpora, require_corpora
from sonar_sign.operations.config_layers import (
    DEFAULT,
    Layer,
    extended,
    laid_over,
    merge,
    read_layers,
)
from sonar_sign.operations.config_names import check_names
from sonar_sign.operations.config_paths import as_recorded, with_normal_paths
from sonar_sign.operations.config_schema import (
    DEMO_SECTIONS,
    SECTIONS,
    config_schema,
    defaults_in,
    settings_in,
)
from sonar_sign.operations.config_speech import check_speech
from sonar_sign.operations.experiment import Experiment
from sonar_sign.training.kinds import KINDS

ENGLISH = "eng_Latn"
DEFAULT_CONFIG = Path("config/config.yaml")
"""The demo: read where no config is given, and by configs that extend it."""


@dataclass(frozen=True)
class Config:
    """A whole config."""

    values: Mapping[str, Any]
    """Every key, defaults included; `trainings` and `systems` as they are declared."""
    origins: Mapping[str, str]
    """By dotted key: the file that says it, `--config`, or `default`."""
    experiment: Experiment
    """The trainings and systems, resolved."""


def load_config(
    paths: Sequence[Path],
    overrides: Mapping[str, Any] | None = None,
    *,
    corpora_must_exist: bool = False,
) -> Config:
    """Read config files; without any, the demo's.

    Raises:
        UserError: naming the file or the key that is wrong, and what it may be.
    """
    config = complete(read_layers(paths or [DEFAULT_CONFIG], overrides))
    if corpora_must_exist:
        require_corpora(config)
    return config


def workflow_config(given: Mapping[str, Any], settings: Any, repository: Path) -> Config:
    """The config of a run of the workflow.

    Args:
        given: Snakemake's `config`: the files laid over each other, and `--config`; or what a
            workflow that uses this one as a module hands on. Empty: the demo.
        settings: Snakemake's `config_settings`: `configfiles`, `config` and `overwrite_config`.
        repository: the folder of this workflow.

    Raises:
        UserError: naming the file or the key that is wrong, and what it may be.
    """
    files = list(settings.configfiles)
    if dict(given) != dict(settings.overwrite_config):
        layers = extended(Layer("the workflow that uses this one", given), repository / "config")
    else:
        files = files or [repository / DEFAULT_CONFIG]
        layers = read_layers(files, settings.config)
    config = complete(layers, recorded_paths=True)
    require_corpora(config)
    return config


def complete(layers: Sequence[Layer], *, recorded_paths: bool = False) -> Config:
    """One checked config of layers, with defaults where none of them says anything.

    Args:
        recorded_paths: paths are those of earlier runs in this folder where they lead to the same
            place.

    Raises:
        UserError: naming the key that is wrong, and what it may be.
    """
    for layer in layers:
        require_plain(layer.values)
    given, origins = merge(layers)
    check_names(given)
    read = _read_values(given)
    _check_schema(read)
    values = with_normal_paths(_with_defaults(read))
    values = as_recorded(values) if recorded_paths else values
    check_sections(values)
    experiment = Experiment.of(values, packaged_defaults()["systems"])
    check_corpora(values, experiment)
    check_speech(values, experiment)
    for key in _leaves(values):
        origins.setdefault(key, DEFAULT)
    return Config(values, origins, experiment)


def packaged_defaults() -> dict[str, Any]:
    """`defaults.yaml`."""
    text = resources.files(__package__).joinpath("defaults.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def as_yaml(config: Config, *, with_origins: bool = False) -> str:
    """The effective values, trainings with all their settings; each with where it is from."""
    values = {**config.values, "trainings": config.experiment.effective_trainings()}
    text = yaml.safe_dump(values, sort_keys=False, width=100, allow_unicode=True)
    if not with_origins:
        return text
    flat = _leaves(values)
    width = max(len(key) for key in flat) + 2
    rows = [
        f"{key:{width}}{yaml.safe_dump(value, default_flow_style=True).splitlines()[0]:24} "
        f"{_origin_of(key, config)}"
        for key, value in flat.items()
    ]
    return "\n".join(rows) + "\n"


def _origin_of(key: str, config: Config) -> str:
    """Where a value is from; settings of a training may be those of the one that it is like."""
    if key in config.origins:
        return config.origins[key]
    if key.startswith("trainings."):
        _, name, rest = key.split(".", 2)
        for ancestor in config.experiment.like_chain(name):
            origin = config.origins.get(f"trainings.{ancestor}.{rest}")
            if origin:
                return f"{origin}, through like: {ancestor}"
    return DEFAULT


def _leaves(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        where = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            flat |= _leaves(value, f"{where}.")
        else:
            flat[where] = value
    return flat


def _read_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the types of their settings: numbers that were given as text become numbers."""
    values = dict(_numbers(given, config_schema()))
    for section in (*SECTIONS, *DEMO_SECTIONS):
        settings = settings_in(section.options)
        *parents, last = section.key.split(".") if section.key else [""]
        holder = values
        for part in parents:
            holder = holder.get(part, {})
        if not section.key:
            values |= _read(values, settings)
        elif isinstance(holder, Mapping) and isinstance(holder.get(last), Mapping):
            whole = {**holder[last], **_read(holder[last], settings)}
            if parents:
                values[parents[0]] = {**values[parents[0]], last: whole}
            else:
                values[last] = whole
    trainings = values.get("trainings")
    if isinstance(trainings, Mapping):
        values["trainings"] = {name: _read_training(one) for name, one in trainings.items()}
    return values


def _numbers(value: Any, schema: Mapping[str, Any]) -> Any:
    """A value whose texts are numbers or booleans where the schema wants such.

    Snakemake's `--config` gives what is nested, such as `seeds=[1,2]`, as text.
    """
    if isinstance(value, Mapping):
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        others = others if isinstance(others, Mapping) else {}
        return {key: _numbers(part, known.get(key, others)) for key, part in value.items()}
    if isinstance(value, list):
        return [_numbers(part, schema.get("items", {})) for part in value]
    wanted = schema.get("type")
    if isinstance(value, str) and wanted in ("integer", "number", "boolean"):
        return from_text(value)
    return value


def _read_training(training: Any) -> Any:
    if not isinstance(training, Mapping):
        return training
    values = dict(training)
    for kind in KINDS.values():
        values |= _read(values, settings_in(kind.options))
        for group, options in kind.groups.items():
            if isinstance(values.get(group), Mapping):
                values[group] = {**values[group], **_read(values[group], settings_in([options]))}
    return values


def _read(values: Mapping[str, Any], settings: Mapping[str, Setting]) -> dict[str, Any]:
    return {key: settings[key].read(value) for key, value in values.items() if key in settings}


def _with_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        name: value
        for section in SECTIONS
        if not section.key
        for name, value in defaults_in(section.options).items()
    }
    sections = [section for section in SECTIONS if section.key]
    if "demo" in given:
        sections += DEMO_SECTIONS
    for section in sections:
        layer = defaults_in(section.options)
        for part in reversed(section.key.split(".")):
            layer = {part: layer}
        defaults = laid_over(defaults, layer)
    packaged = packaged_defaults()
    known_systems = packaged.pop("systems")
    defaults = laid_over(defaults, packaged)
    corpus = given["corpus"]
    published = corpus.get("caption_language") or TYPES[corpus["type"]].caption_language or ENGLISH
    captions = given.get("languages", {}).get("captions", published)
    defaults |= {
        "comparison": None,
        "languages": {"captions": captions, "outputs": [captions]},
        "further_corpora": {},
        "systems": dict.fromkeys(("zero_shot", "stage1", "finetuned")),
    }
    defaults["models"].setdefault("fetch_from", {})
    if "systems" in given:
        del defaults["systems"]
    values = laid_over(defaults, given)
    values["seeds"] = values.get("seeds") or [values["seed"]]
    shards = defaults["corpus"]["shards"]
    values["further_corpora"] = {
        name: {"shards": shards, **_own_language(corpus, captions), **corpus}
        for name, corpus in values["further_corpora"].items()
    }
    # A system that is named without a word is one of those that are known; false leaves it out.
    values["systems"] = {
        name: known_systems.get(name, {})
        if system is None or system is True
        else laid_over(known_systems.get(name, {}), system)
        for name, system in values["systems"].items()
        if system is not False
    }
    return values


def _own_language(corpus: Mapping[str, Any], captions: str) -> dict[str, str]:
    """A further corpus is published in a language, whatever the one that is scored is in."""
    published = TYPES[corpus["type"]].caption_language
    return {"caption_language": published} if published not in ("", captions) else {}


def _check_schema(values: Mapping[str, Any]) -> None:
    if errors := schema_errors(config_schema(), values):
        raise UserError(f"In the config: {_sentence(errors[0])}")


def _sentence(error: Any) -> str:
    """A schema error in words; for alternatives, the one that came nearest."""
    where = ".".join(str(part) for part in error.absolute_path)
    prefix = f"{where}." if where else ""
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = next(key for key in error.instance if key not in known)
        return f"{prefix}{unknown} is not a known key; {nearest(str(unknown), known)}."
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"{prefix}{missing} is missing; config/README.md says what it is."
    if error.validator == "anyOf":
        choices = [str(one.get("const", one.get("type"))) for one in error.validator_value]
        bounds = [one.message for one in error.context if one.validator == "minimum"]
        if bounds:
            return f"{where}: {bounds[0]}."
        return f"{where}: {error.instance!r} is none of {', '.join(choices)}."
    message = error.message
    if error.validator == "type":
        wanted = error.validator_value
        wanted = " or ".join(wanted) if isinstance(wanted, list) else wanted
        message = f"{error.instance!r} is not of type {wanted}"
    return f"{where or 'the whole file'}: {message}."
