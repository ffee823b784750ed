"""Tables of a comparison beyond its scores: parts of the clips, whole videos, calibration."""

from collections.abc import Mapping
from typing import Any

from sonar_sign.evaluation.breakdowns import FEW_CLIPS
from sonar_sign.evaluation.calibration import SIGNALS
from sonar_sign.evaluation.markdown_tables import Table
from sonar_sign.metrics.registry import METRICS

# Left to comparison.json: a row per video would fill pages.
MAX_PARTS = 12


def further_tables(comparison: Mapping[str, Any]) -> list[Table]:
    """Those that the comparison has something for."""
    found = [_parts(comparison), _documents(comparison), _calibration(comparison)]
    return [table for table in found if table.rows]


def _parts(comparison: Mapping[str, Any]) -> Table:
    systems = [*comparison["systems"]]
    rows = []
    for by, parts in comparison["breakdowns"].items():
        if len(parts) > MAX_PARTS:
            continue
        unit = "words" if by == "word_frequency" else "clips"
        for name, part in parts.items():
            few = f" (fewer than {FEW_CLIPS})" if part.get("few") else ""
            cells = [_value(part, system) for system in systems]
            rows.append([by.replace("_", " "), name, f"{part['n']} {unit}{few}", *cells])
    title = (
        "BLEU-4 on parts of the clips, with 95 % intervals; word frequency: F1 of such words. A "
        "part of few clips says little:"
    )
    return Table(title, ["parted by", "part", "of", *systems], rows, len(systems), 3)


def _value(part: Mapping[str, Any], system: str) -> str:
    if system not in part["systems"]:
        return ""
    interval = part.get("intervals", {}).get(system, {})
    return with_interval({"value": part["systems"][system]} | interval)


def with_interval(cell: Mapping[str, Any], decimals: int = 1) -> str:
    """`12.3 (11.0 to 13.6)`, or the value alone where there is no interval."""
    text = f"{cell['value']:.{decimals}f}"
    if "low" not in cell:
        return text
    return f"{text} ({cell['low']:.{decimals}f} to {cell['high']:.{decimals}f})"


def _documents(comparison: Mapping[str, Any]) -> Table:
    documents = comparison.get("documents") or {"systems": {}}
    rows = [
        [name, *(with_interval(cell) for cell in cells.values())]
        for name, cells in documents["systems"].items()
    ]
    metrics = next(iter(documents["systems"].values()), {})
    title = (
        f"Whole videos ({documents.get('n')}), the sentences of each as one text; in the order of: "
        f"{documents.get('order')}. Higher than the same metric of sentences, and no substitute:"
    )
    header = ["system", *(METRICS[name].title for name in metrics)]
    return Table(title, header, rows, len(metrics))


def _calibration(comparison: Mapping[str, Any]) -> Table:
    rows = []
    for name, signals in comparison.get("calibration", {}).items():
        for signal, cell in signals.items():
            if "unknown" in cell:
                rows.append([name, SIGNALS[signal], "", cell["unknown"]])
                continue
            value = with_interval({**cell, "value": cell["rank_correlation"]}, 2)
            rows.append([name, SIGNALS[signal], value, f"{cell['n']} clips"])
    title = (
        "Calibration: rank correlation of what a system says of a sentence with the sentence's "
        "chrF; 1: a surer sentence is always the better one, 0: it says nothing:"
    )
    return Table(title, ["system", "signal", "correlation", "of"], rows, 1, 2)
