"""A comparison for a paper: `comparison.tex` (booktabs), `comparison.csv` and `comparison.bib`."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sonar_sign.core.files import write_text
from sonar_sign.evaluation.comparison_notes import notes
from sonar_sign.evaluation.comparison_table import HEADLINE_COLUMNS, Column
from sonar_sign.evaluation.published import sources
from sonar_sign.evaluation.significance import different_from_first, p_values
from sonar_sign.metrics.registry import METRICS

FILES = ("comparison.tex", "comparison.csv", "comparison.bib")
CSV_COLUMNS = (
    *("group", "system", "language", "n_clips", "metric", "value", "low", "high"),
    *("deviation", "n_seeds", "p", "made_by"),
)
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "\u201c": "``",
    "\u201d": "''",
    "\u2019": "'",
    # After the end of a row it would begin a length.
    "[": "{[}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
}
# Beyond it, a letter needs a font that a plain LaTeX lacks.
_LAST_LATIN = 0x17F


def write_paper(comparison: Mapping[str, Any], folder: Path) -> None:
    """Write `FILES` into a folder."""
    for name, text in (
        ("comparison.tex", to_latex(comparison)),
        ("comparison.csv", to_csv(comparison)),
        ("comparison.bib", to_bibtex(comparison)),
    ):
        write_text(Path(folder) / name, text)


def to_latex(comparison: Mapping[str, Any]) -> str:
    """A table for `booktabs`: systems with their intervals, floors, and what others report.

    `*` marks what differs from the first system of its language; the notes of the comparison,
    with the signatures of the metrics, stand below the table.
    """
    columns = _columns(comparison)
    body = [r"\toprule", _row(["system", *(column.title for column in columns)]), r"\midrule"]
    body += _of_systems(comparison, columns)
    for title, rows in (
        ("floors", _of_floors(comparison, columns)),
        ("reported by others, not measured here", _of_published(comparison, columns)),
    ):
        if rows:
            head = f"\\multicolumn{{{1 + len(columns)}}}{{l}}{{\\emph{{{escape(title)}}}}} \\\\"
            body += [r"\midrule", head, *rows]
    body.append(r"\bottomrule")
    below = [rf"{_note(note)}\par" for note in notes(dict(comparison))]
    return "\n".join(
        [
            r"% \usepackage{booktabs} in the preamble; comparison.bib has the works cited.",
            r"\begin{table}",
            r"\centering",
            rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
            *body,
            r"\end{tabular}",
            r"\par\medskip\begin{minipage}{\linewidth}\footnotesize\raggedright",
            *below,
            r"\end{minipage}",
            r"\end{table}",
            "",
        ]
    )


def _columns(comparison: Mapping[str, Any]) -> list[Column]:
    """The headline metrics that are known, and BLEURT, which is compared across papers too."""
    scores = [*comparison["systems"].values(), *comparison["published"]]
    bleurt = Column("bleurt", METRICS["bleurt"].title)
    return [c for c in (*HEADLINE_COLUMNS, bleurt) if any(c.key in one for one in scores)]


def _of_systems(comparison: Mapping[str, Any], columns: Sequence[Column]) -> Iterator[str]:
    different = different_from_first(dict(comparison))
    for name, scores in comparison["systems"].items():
        values, intervals = [], []
        for column in columns:
            cell = scores.get(column.key, {})
            mark = "$^{*}$" if name in different.get(column.key, ()) else ""
            values.append(_number(cell, column, mark))
            intervals.append(_interval(cell, column))
        yield _row([escape(name), *values], raw=True)
        if any(intervals):
            yield _row(["", *intervals], raw=True)


def _number(cell: Mapping[str, Any], column: Column, mark: str = "") -> str:
    if cell.get("value") is None:
        return ""
    text = f"{cell['value']:.{column.decimals}f}"
    if "deviation" in cell:
        text += rf" $\pm$ {cell['deviation']:.{column.decimals}f}"
    return text + mark


def _interval(cell: Mapping[str, Any], column: Column) -> str:
    if "low" not in cell:
        return ""
    low, high = (f"{cell[end]:.{column.decimals}f}" for end in ("low", "high"))
    return rf"{{\scriptsize {low}--{high}}}"


def _of_floors(comparison: Mapping[str, Any], columns: Sequence[Column]) -> list[str]:
    return [
        _row([escape(name.replace("_", " ")), *(_number(s.get(c.key, {}), c) for c in columns)],
             raw=True)
        for name, s in comparison["floors"].items()
    ]  # fmt: skip


def _of_published(comparison: Mapping[str, Any], columns: Sequence[Column]) -> list[str]:
    rows = []
    for row in comparison["published"]:
        cited = rf"~\cite{{{_key(row['source'])}}}" if "source" in row else ""
        cells = [f"{row[c.key]:.{c.decimals}f}" if c.key in row else "" for c in columns]
        rows.append(_row([escape(row["system"]) + cited, *cells], raw=True))
    return rows


def _row(cells: Sequence[str], *, raw: bool = False) -> str:
    return " & ".join(cells if raw else map(escape, cells)) + r" \\"


def escape(text: str) -> str:
    """A text for LaTeX; a character that its standard fonts lack becomes `[U+4E2D]`."""
    found = []
    for char in text:
        if char in _SPECIAL:
            found.append(_SPECIAL[char])
        elif ord(char) < 0x20 or 0x7F <= ord(char) < 0xA1 or ord(char) > _LAST_LATIN:
            found.append(f"{{[}}U+{ord(char):04X}]")
        else:
            found.append(char)
    return "".join(found)


def _note(text: str) -> str:
    """A note for LaTeX; what stands between backticks is typewriter text."""
    parts = [_breakable(escape(part)) for part in text.split("`")]
    if len(parts) % 2 == 0:
        return "'".join(parts)
    return "".join(rf"\texttt{{{part}}}" if n % 2 else part for n, part in enumerate(parts))


def _breakable(text: str) -> str:
    """Signatures and hashes are long; a line may end within them."""
    text = re.sub(r"(\\textbar\{\})", r"\1\\allowbreak{}", text)
    return re.sub(r"([0-9a-f]{16})(?=[0-9a-f])", r"\1\\allowbreak{}", text)


def to_csv(comparison: Mapping[str, Any]) -> str:
    """A row per system, floor or published result, and metric; empty where it is not known."""
    output = io.StringIO()
    table = csv.DictWriter(output, CSV_COLUMNS, lineterminator="\n", restval="")
    table.writeheader()
    table.writerows(_csv_rows(comparison))
    return output.getvalue()


def _csv_rows(comparison: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    p = p_values(dict(comparison))
    n_clips = comparison["n_clips"]
    for name, scores in comparison["systems"].items():
        about = comparison["about"][name]
        for metric in (one for one in METRICS if one in scores):
            cell = scores[metric]
            yield {
                "group": "system",
                "system": name,
                "language": about["language"],
                "n_clips": n_clips,
                "metric": metric,
                **{key: cell[key] for key in ("value", "low", "high", "deviation") if key in cell},
                "n_seeds": len(about["runs"]),
                "p": p.get((metric, name), ""),
                "made_by": _made_by(comparison, about, metric),
            }
    for name, scores in comparison["floors"].items():
        for metric, cell in scores.items():
            row = {"group": "floor", "system": name, "n_clips": n_clips, "metric": metric}
            yield {**row, "value": cell["value"]}
    for row in comparison["published"]:
        for metric in (one for one in METRICS if one in row):
            made_by = f"{row['read_in']} ({row['date']})"
            found = {"group": "published", "system": row["system"], "metric": metric}
            yield {**found, "value": row[metric], "made_by": made_by}


def _made_by(comparison: Mapping[str, Any], about: Mapping[str, Any], metric: str) -> str:
    provenance = METRICS[metric].provenance
    if provenance is None:
        return ""
    if not provenance.key:
        return about["further_metrics"].get(metric, "")
    return comparison.get(provenance.key) or about.get(provenance.key, "")


def to_bibtex(comparison: Mapping[str, Any]) -> str:
    """An entry for every paper that the published rows come from."""
    known = sources()
    wanted = dict.fromkeys(row["source"] for row in comparison["published"] if "source" in row)
    return "\n".join(_entry(name, known[name]) for name in wanted)


def _key(source: str) -> str:
    return f"{source}:{sources()[source]['arxiv']}"


def _entry(name: str, source: Mapping[str, str]) -> str:
    number = source["arxiv"]
    fields = {
        "title": source.get("title", f"arXiv {number}"),
        "author": source.get("author"),
        "year": f"20{number[:2]}",
        "eprint": number,
        "archivePrefix": "arXiv",
        "url": f"https://arxiv.org/abs/{number}",
    }
    lines = [f"  {field} = {{{value}}}," for field, value in fields.items() if value]
    return "\n".join([f"@misc{{{_key(name)},", *lines, "}", ""])
