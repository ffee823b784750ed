"""Every metric of this folder, found by looking through its modules."""

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import sonar_sign.metrics
from sonar_sign.metrics.base import Metric, MetricContext, MetricStatistics

# e^(log 100) is 100.00000000000004: ten decimals remove such noise and nothing else.
DECIMALS = 10
# The key of a metrics file for the provenance of metrics that have no key of their own.
FURTHER = "further_metrics"


def _discover() -> dict[str, Metric]:
    """Metrics by name, in the order of tables.

    Raises:
        ValueError: two metrics have the same name.
    """
    found: dict[str, Metric] = {}
    for module in pkgutil.iter_modules(sonar_sign.metrics.__path__, "sonar_sign.metrics."):
        if module.name == __name__:
            continue
        for metric in vars(import_module(module.name)).values():
            if not isinstance(metric, Metric):
                continue
            if found.setdefault(metric.name, metric) is not metric:
                raise ValueError(f"two metrics are called {metric.name}; rename one")
    return {m.name: m for m in sorted(found.values(), key=lambda m: (m.position, m.name))}


METRICS = _discover()


def compute_metrics(
    predictions: Sequence[str],
    references: Sequence[str],
    context: MetricContext = MetricContext(),  # noqa: B008 (frozen)
) -> dict[str, MetricStatistics]:
    """Every metric that applies, by name, in the order of tables.

    Percentages, but `cider`, which is 100 times pycocoevalcap's value (0 to 1000), and the length
    ratio, a factor. A prediction or a reference without words counts as it is: as a zero, never
    left out.

    Args:
        references: one per prediction, in the same order; further ones are in the context.

    Raises:
        UserError: what an option names does not exist or cannot be used.
    """
    found = {
        name: metric.compute(predictions, references, context)
        for name, metric in METRICS.items()
        if metric.applies(context)
    }
    return {name: statistics for name, statistics in found.items() if statistics is not None}


def provenance_of(computed: dict[str, MetricStatistics]) -> dict[str, Any]:
    """How the computed metrics were made, as a metrics file has it.

    Metrics without a key of their own stand in `further_metrics`, by name.
    """
    own, further = {}, {}
    for name, statistics in computed.items():
        provenance = METRICS[name].provenance
        if provenance is None:
            continue
        if provenance.key:
            own[provenance.key] = statistics.made_by
        else:
            further[name] = statistics.made_by
    return {**own, FURTHER: further}


def provenance_keys(equal_among: str) -> dict[str, str]:
    """Keys of provenance in a metrics file that must be equal among such systems, and titles."""
    found = {
        m.provenance.key: m.provenance.title
        for m in METRICS.values()
        if m.provenance and m.provenance.key and m.provenance.equal_among == equal_among
    }
    return found | ({FURTHER: "further metrics"} if equal_among == "language" else {})


def keys_of_tokens() -> set[str]:
    """Keys of provenance that say what a word is, which differs between languages."""
    return {
        m.provenance.key for m in METRICS.values() if m.provenance and m.provenance.names_tokens
    }


def packages_of(names: Sequence[str]) -> list[str]:
    """Python packages whose version can change one of these metrics, each once."""
    return list(dict.fromkeys(package for name in names for package in METRICS[name].packages))


def metrics_schema(static: dict[str, Any]) -> dict[str, Any]:
    """The whole JSON schema of a metrics file.

    Args:
        static: what `workflow/schemas/metrics.schema.yaml` holds: all but the metrics.

    Returns:
        A schema that also has every metric with its bounds, and allows no other key.
    """
    with_key = [m.provenance for m in METRICS.values() if m.provenance and m.provenance.key]
    return static | {
        "properties": {
            **static["properties"],
            **{name: metric.schema for name, metric in METRICS.items()},
            **{p.key: p.schema or {"type": "string", "minLength": 1} for p in with_key},
        },
        "required": [
            *static["required"],
            *(name for name, metric in METRICS.items() if metric.applies(MetricContext("und"))),
            *(p.key for p in with_key),
        ],
        "additionalProperties": False,
    }
