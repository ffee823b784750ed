"""`ablation_table`: a comparison's rows as an ablation, written into a Markdown file."""

from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, require_file
from sonar_sign.core.wording import nearest
from sonar_sign.evaluation.comparison_table import read_comparison, with_deviation
from sonar_sign.evaluation.markdown_tables import Table, markdown_table
from sonar_sign.evaluation.parts import NEEDS_CONTEXT, NEEDS_EARLIER
from sonar_sign.evaluation.settings import KIND, as_text
from sonar_sign.evaluation.significance import p_values

BEGIN, END = "<!-- table -->", "<!-- /table -->"
METRIC = "bleu_4"


def write_ablation_table(comparison: Path, output: Path, base: str | None = None) -> None:
    """Replace what stands between `<!-- table -->` and `<!-- /table -->` in a Markdown file.

    A row per system in the base's language, the base first: the settings in which it differs from
    the base, BLEU-4 (mean and standard deviation over seeds), each seed's BLEU-4, and the larger p
    of both tests against the base. Where the comparison knows which sentences need a sentence
    before, BLEU-4 of these with its interval, and p, are the last two columns.

    Args:
        base: a system of the comparison, by default its first.

    Raises:
        UserError: the comparison was not written by `compare` or has no such system, or the file
            does not have the two marks, once each and in this order.
    """
    record = read_comparison(comparison)
    base = base or next(iter(record["systems"]))
    if base not in record["systems"]:
        raise UserError(f"{comparison} has no system {base}; {nearest(base, record['systems'])}.")
    text = require_file(output, "The page with the table").read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in after or END in before + after:
        raise UserError(f"{output} needs one line {BEGIN} and, below it, one line {END}.")
    lines = markdown_table(ablation_table(record, base))
    with atomic_write(output) as temporary:
        written = "\n".join([before + BEGIN, "", *lines, "", END + after])
        temporary.write_text(written, encoding="utf-8")


def ablation_table(comparison: dict[str, Any], base: str) -> Table:
    """The rows of a comparison as an ablation of one of its systems."""
    settings, about = comparison["settings"]["systems"], comparison["about"]
    names = [
        base,
        *[
            name
            for name in comparison["systems"]
            if name != base and about[name]["language"] == about[base]["language"]
        ],
    ]
    p_of = p_values(comparison, base)
    context = comparison["breakdowns"].get(NEEDS_CONTEXT, {}).get(NEEDS_EARLIER)
    rows = []
    for name in names:
        scores = comparison["systems"][name]
        cell = scores[METRIC]
        seeds = cell.get("by_seed", {"": cell["value"]})
        p = p_of.get((METRIC, name))
        rows.append(
            [
                name,
                _changes(settings[name], settings[base], comparison["settings"]["differing"]),
                with_deviation(cell),
                ", ".join(f"{value:.1f}" for value in seeds.values()),
                "" if p is None else f"{p:.3f}",
                *_in_context(context, name, base),
            ]
        )
    header = ["system", "changed settings", "BLEU-4", "each seed", f"p against {base}"]
    if context:
        header += [f"BLEU-4 of {context['n']} in context", f"p against {base}"]
    # Every column but the first two holds numbers.
    return Table("", header, rows, len(header) - 2, 2)


def _in_context(context: dict[str, Any] | None, name: str, base: str) -> list[str]:
    """BLEU-4 with its interval where a sentence before is needed, and the larger p."""
    if not context:
        return []
    interval = context["intervals"][name]
    text = f"{context['systems'][name]:.1f}"
    if "low" in interval:
        text += f" ({interval['low']:.1f} to {interval['high']:.1f})"
    pair = {name, base}
    found = [row["p"] for row in context["significance"] if {*row["systems"]} == pair]
    return [text, f"{max(found):.3f}" if found else ""]


def _changes(settings: dict[str, Any], first: dict[str, Any], keys: list[str]) -> str:
    """`decoding.beam_size 1` and so on: what differs from the first row, with its value here."""
    changes = []
    for key in keys:
        if key not in settings or (key in first and settings[key] == first[key]):
            continue
        component, _, last = key.rpartition(".")
        if last == KIND and settings[key] is None:
            changes.append(f"no trained {component}")
        elif key in first or last == KIND:
            changes.append(f"{key} {as_text(settings[key])}")
    return "; ".join(changes)
