"""What a config may hold: its sections, their JSON schema and their tables, made from the options.

`workflow/schemas/config.schema.yaml` and the tables of `config/README.md` are written from here by
`scripts/write_config_reference.py`; a test says whether they are up to date.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sonar_sign.core.bounds import MAX_SEED, whole
from sonar_sign.core.cluster_options import ClusterOptions, JobOptions
from sonar_sign.core.corpus_options import ALL, SPLITS, CorpusOptions
from sonar_sign.core.demo_options import (
    PLAIN,
    DemoOptions,
    SignHieraPretrainOptions,
    SonarPretrainOptions,
    StandInOptions,
)
from sonar_sign.core.options import (
    AugmentOptions,
    CropOptions,
    EvaluateOptions,
    ExtractOptions,
    GalleryOptions,
    LandmarkOptions,
    MetricOptions,
    PredictOptions,
    PrepareOptions,
    RunOptions,
    SampleOptions,
    TrainOptions,
)
from sonar_sign.core.settings import Setting, defaults_of, settings_of
from sonar_sign.core.speech_options import (
    EngineOptions,
    FeelingOptions,
    SpokenOptions,
    StyleOptions,
)
from sonar_sign.core.target_options import TargetOptions
from sonar_sign.corpora import TYPES
from sonar_sign.models.registry import registry
from sonar_sign.training.kinds import KINDS

NAME = whole("[A-Za-z0-9_-]+")
SYSTEM_NAME = whole("[a-z0-9_]+")
LANGUAGE = {
    "type": "string",
    "format": "flores_code",
    "pattern": whole("[a-z]{3}_[A-Z][a-z]{3}"),
}


@dataclass(frozen=True)
class Section:
    """A part of the config whose keys are the fields of options."""

    key: str
    """Dotted; empty: keys that stand by themselves."""
    options: tuple[Any, ...]
    """Instances; their values are the defaults."""


SECTIONS = (
    Section("", (RunOptions(),)),
    Section("prepare", (PrepareOptions(),)),
    Section("crop", (CropOptions(),)),
    Section("extract", (ExtractOptions(),)),
    Section("targets", (TargetOptions(),)),
    Section("landmarks", (LandmarkOptions(),)),
    Section("decoding", (PredictOptions(),)),
    Section("evaluate", (EvaluateOptions(), MetricOptions())),
    Section("sample", (SampleOptions(),)),
    Section("gallery", (GalleryOptions(),)),
    Section("speech", (SpokenOptions(), StyleOptions(), EngineOptions())),
    Section("feelings", (FeelingOptions(),)),
    Section("cluster", (ClusterOptions(),)),
)
# Only in a config with a `demo`: how the synthetic corpora and the stand-in models are made.
DEMO_SECTIONS = (
    Section("demo", (DemoOptions(),)),
    Section("demo.difficulty", (PLAIN,)),
    Section("demo.stand_in", (StandInOptions(),)),
    Section("demo.sonar", (SonarPretrainOptions(),)),
    Section("demo.augment", (AugmentOptions(),)),
    Section("demo.sign_hiera", (SignHieraPretrainOptions(),)),
    Section("demo.sign_encoder", (TrainOptions(),)),
)


def settings_in(options: Iterable[Any]) -> dict[str, Setting]:
    """The settings of several instances of options, by name."""
    return {name: one for group in options for name, one in settings_of(type(group)).items()}


def defaults_in(options: Iterable[Any]) -> dict[str, Any]:
    """Their values, as a config writes them."""
    return {name: value for group in options for name, value in defaults_of(group).items()}


def config_schema() -> dict[str, Any]:
    """The JSON schema of a config; only `corpus` must be there."""
    keys: dict[str, Any] = {}
    for section in (*SECTIONS, *DEMO_SECTIONS):
        properties = {name: one.schema() for name, one in settings_in(section.options).items()}
        target = keys
        for part in section.key.split(".") if section.key else ():
            target = target.setdefault(part, _closed({}))["properties"]
        target |= properties
    keys["cluster"]["properties"] |= _cluster_schema()
    keys["speech"]["properties"] |= _speech_schema()
    keys["demo"]["properties"] |= {
        domain: _closed({split: _count() for split in SPLITS}) for domain in ("news", "howto")
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The config of a run; config/README.md explains every key",
        **_closed({**_structure(), **keys}),
        "required": ["corpus"],
    }


def training_schema() -> dict[str, Any]:
    """A training of any kind; what belongs to which kind is checked by `experiment`."""
    properties: dict[str, Any] = {
        "kind": {"enum": list(KINDS)},
        "like": {"type": "string"},
        "features": {"type": "string"},
        "data": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
        },
        "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "target_languages": _languages(0),
    }
    for kind in KINDS.values():
        properties |= {role: {"type": ["string", "null"]} for role in kind.roles}
        properties |= {name: one.schema() for name, one in settings_in(kind.options).items()}
        for group, options in kind.groups.items():
            fields = {name: one.schema() for name, one in settings_in([options]).items()}
            known = properties.setdefault(group, _closed({}))["properties"]
            # Two kinds may have settings of one name with other bounds: the wider table says so.
            known |= {name: schema for name, schema in fields.items() if name not in known}
    return {**_closed(properties), "type": ["object", "null"]}


def _structure() -> dict[str, Any]:
    """The keys that are no options: what the run is about."""
    corpus = {
        "type": {"enum": list(TYPES)},
        "root": {"type": "string", "minLength": 1},
        "shards": _closed({split: _count() for split in SPLITS}),
        **_corpus_options(),
    }
    decoding = {name: one.schema() for name, one in settings_in([PredictOptions()]).items()}
    system = {
        "training": {"type": "string"},
        "like": {"type": "string"},
        "features": {"type": "string"},
        "decoding": _closed(decoding),
    }
    text = {"type": "string", "minLength": 1}
    return {
        "comparison": {"type": ["string", "null"], "pattern": SYSTEM_NAME},
        "corpus": {
            **_closed({"name": {"type": "string", "pattern": NAME}, **corpus}),
            "required": ["name", "type", "root"],
        },
        "further_corpora": _named(NAME, {**_closed(corpus), "required": ["type", "root"]}),
        "languages": _closed({"captions": LANGUAGE, "outputs": _languages(1)}),
        "models": _closed(
            {
                **dict.fromkeys(("sign_hiera", "sign_encoder", "sonar"), text),
                "fetch_from": _closed(dict.fromkeys(registry(), text)),
            }
        ),
        "seeds": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "items": {"type": "integer", "minimum": 0, "maximum": MAX_SEED},
        },
        "trainings": _named(SYSTEM_NAME, training_schema()),
        "systems": {
            **_named(SYSTEM_NAME, {**_closed(system), "type": ["object", "null", "boolean"]}),
            "minProperties": 1,
        },
    }


def _corpus_options() -> dict[str, Any]:
    """The keys of a corpus that are `CorpusOptions`; its lists of `KEY=VALUE` are mappings."""
    value = {"type": "string", "minLength": 1, "maxLength": 200}
    share = {"type": "number", "minimum": 0, "maximum": 1}
    single = settings_in([CorpusOptions()])
    mappings = {
        "columns": {"type": "object", "additionalProperties": value},
        "files": _closed(dict.fromkeys((*SPLITS, ALL), value)),
        "split_shares": _closed(dict.fromkeys(SPLITS, share)),
    }
    return {
        # Null takes away what an extended config has.
        **{name: {**one, "type": ["object", "null"]} for name, one in mappings.items()},
        **{name: one.schema() for name, one in single.items() if not one.is_list},
        "caption_language": LANGUAGE,
    }


def _cluster_schema() -> dict[str, Any]:
    job = {name: one.schema() for name, one in settings_in([JobOptions()]).items()}
    return {
        "others": _closed({name: job[name] for name in ("mem_mb", "runtime")}),
        "rules": {"type": "object", "additionalProperties": _closed(job)},
        "trainings": {"type": "object", "additionalProperties": _closed(job)},
    }


def _speech_schema() -> dict[str, Any]:
    engine = {name: one.schema() for name, one in settings_in([EngineOptions()]).items()}
    return {
        "systems": {
            "type": "array",
            "uniqueItems": True,
            "items": {"type": "string", "pattern": SYSTEM_NAME},
        },
        "languages": _languages(0),
        "engines": {
            "type": "object",
            "propertyNames": LANGUAGE,
            "additionalProperties": _closed(engine),
        },
    }


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": dict(properties)}


def _named(pattern: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": pattern},
        "additionalProperties": dict(schema),
    }


def _count() -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": 100_000}


def _languages(at_least: int) -> dict[str, Any]:
    return {"type": "array", "minItems": at_least, "uniqueItems": True, "items": LANGUAGE}
