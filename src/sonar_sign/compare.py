"""`compare`: several systems' metrics side by side, refused where they are not comparable."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonar_sign.errors import UserError
from sonar_sign.evaluate import read_record
from sonar_sign.files import whole_or_absent, write_json


@dataclass(frozen=True)
class Column:
    """One metric's column in a table."""

    key: str  # in the metrics file
    title: str
    decimals: int = 1


COLUMNS = (
    Column("bleu_1", "BLEU-1"),
    Column("bleu_2", "BLEU-2"),
    Column("bleu_3", "BLEU-3"),
    Column("bleu_4", "BLEU-4"),
    Column("chrf", "chrF"),
    Column("rouge_l", "ROUGE-L"),
    Column("meteor", "METEOR"),
    Column("cider", "CIDEr"),
    Column("inference_ms_per_clip", "ms a clip"),
)

# What must be equal, and what to call it when it is not.
SHARED = {
    "n_clips": "number of clips",
    "clips_sha256": "clip list (clips_sha256)",
    "signature": "BLEU signature",
    "chrf_signature": "chrF signature",
    "cider_tokenizer": "CIDEr tokenisation",
}
# What must be equal among systems of one language.
SHARED_IN_LANGUAGE = {
    "references_sha256": "references (references_sha256)",
    "rouge_tokenizer": "ROUGE-L tokenisation",
}
# What tells the systems apart and stands beside their metrics.
ABOUT = (
    "system",
    "language",
    "meteor_variant",
    "rouge_tokenizer",
    "references_sha256",
    "n_empty",
    "n_empty_references",
    "seed",
    "checkpoint_sha256",
    "device",
    "versions",
)


def compare(metrics: Sequence[Path], output: Path, markdown: Path) -> dict[str, Any]:
    """Write `comparison.json` and `comparison.md`; returns what the JSON holds.

    A system is named after its metrics file, so `finetuned.ita_Latn.json` is the language
    variant `finetuned.ita_Latn`; the order given is the order of the rows. The JSON holds
    `systems.NAME.METRIC.value`, `about.NAME` (language, METEOR variant, checkpoint, ...; `file`
    is relative to the JSON's folder), and what all systems share at the top.

    Raises:
        UserError: no file, two of one name, a malformed one, or systems that differ in clips,
            signature or tokenisation, or within one language in their references.
    """
    if not metrics:
        raise UserError("No metrics files to compare; name at least one metrics/{system}.json.")
    records: dict[str, dict[str, Any]] = {}
    files: dict[str, Path] = {}
    for path in map(Path, metrics):
        if path.stem in files:
            raise UserError(
                f"{files[path.stem]} and {path} would both be called {path.stem!r}; rename one."
            )
        records[path.stem], files[path.stem] = _read_metrics(path), path
    _require_comparable(records, files)
    first = next(iter(records.values()))
    folder = Path(output).resolve().parent
    comparison = {
        **{key: first[key] for key in SHARED},
        "systems": {
            name: {column.key: {"value": record[column.key]} for column in COLUMNS}
            for name, record in records.items()
        },
        "about": {
            name: {
                **{key: record[key] for key in ABOUT},
                "file": os.path.relpath(files[name].resolve(), folder),
            }
            for name, record in records.items()
        },
    }
    text = to_markdown(comparison)
    write_json(output, comparison)
    with whole_or_absent(markdown) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return comparison


def _read_metrics(path: Path) -> dict[str, Any]:
    record = read_record(path, "A metrics file")
    needed = (*(column.key for column in COLUMNS), *SHARED, *ABOUT)
    missing = [key for key in needed if key not in record]
    if missing:
        raise UserError(f"{path} lacks {', '.join(missing)}; evaluate again to write it anew.")
    for column in COLUMNS:
        if isinstance(record[column.key], bool) or not isinstance(record[column.key], int | float):
            raise UserError(f"{path}: {column.key} is not a number; evaluate again.")
    return record


def _require_comparable(records: dict[str, dict[str, Any]], files: dict[str, Path]) -> None:
    first_of_language: dict[str, str] = {}
    first = next(iter(records))
    for name, record in records.items():
        peer = first_of_language.setdefault(record["language"], name)
        for other, shared in ((first, SHARED), (peer, SHARED_IN_LANGUAGE)):
            for key, title in shared.items():
                if record[key] != records[other][key]:
                    raise UserError(
                        f"{files[other]} and {files[name]} cannot be compared: their {title} "
                        f"differ, {records[other][key]} and {record[key]}; evaluate both on the "
                        "same clips with the same versions."
                    )


def to_markdown(comparison: dict[str, Any]) -> str:
    """The comparison as a Markdown table, one row a system, and notes on how it was measured."""
    titles = ["system", *(column.title for column in COLUMNS)]
    lines = [
        _row(titles),
        _row(["---", *["---:"] * len(COLUMNS)]),
        *(_row([name, *cells]) for name, cells in _cells(comparison)),
        "",
        *(f"- {note}" for note in notes(comparison)),
    ]
    return "\n".join(lines) + "\n"


def notes(comparison: dict[str, Any]) -> list[str]:
    """What a reader must know before quoting a number of the table."""
    from sonar_sign.metrics.meteor import VARIANTS

    about = comparison["about"]

    def grouped(key: str) -> list[tuple[str, str]]:
        """(value, which systems it holds for; empty where for all)"""
        names: dict[str, list[str]] = {}
        for name, system in about.items():
            names.setdefault(system[key], []).append(name)
        return [
            (value, "" if len(names) == 1 else f" ({', '.join(systems)})")
            for value, systems in names.items()
        ]

    return [
        f"{comparison['n_clips']} clips; percentages, but CIDEr, which is 100 times CIDEr-D "
        "(1000 is perfect).",
        f"BLEU: sacreBLEU, BLEU-n with max_ngram_order=n, `{comparison['signature']}`.",
        f"chrF: sacreBLEU, `{comparison['chrf_signature']}`.",
        *(
            f"ROUGE-L: F-measure, no stemmer, tokens {tokens}{systems}."
            for tokens, systems in grouped("rouge_tokenizer")
        ),
        *(
            f"METEOR: {VARIANTS.get(variant, variant)} ({variant}){systems}."
            for variant, systems in grouped("meteor_variant")
        ),
        f"CIDEr: pycocoevalcap's scorer; tokens {comparison['cider_tokenizer']}.",
        *(f"Milliseconds a clip: on {device}{systems}." for device, systems in grouped("device")),
        *(
            f"{name}: {system['n_empty']} empty predictions, scored as they are."
            for name, system in about.items()
            if system["n_empty"]
        ),
    ]


def print_table(comparison: Path) -> None:
    """Print a `comparison.json` as a table for the terminal, and where the files are.

    Raises:
        UserError: the file is missing or was not written by `compare`.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    path = Path(comparison)
    record = read_record(path, "The comparison")
    if not {"systems", "about", *SHARED} <= record.keys():
        raise UserError(f"{path} was not written by compare; run compare again.")
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("system", no_wrap=True)
    for column in COLUMNS:
        # Titles break where they can, so that the table fits 80 columns.
        title = column.title.replace("-", "\n").replace(" a ", " a\n")
        table.add_column(Text(title), justify="right", no_wrap=True)
    for name, cells in _cells(record):
        table.add_row(Text(name), *cells)
    # Where there is too little room, a wrapped row is ugly, but a number cut off would mislead.
    needed = Console(width=1000).measure(table).maximum
    console = Console(width=max(Console().width, needed))
    console.print(table)
    meteor = [note for note in notes(record) if note.startswith("METEOR")]
    for line in ("", f"{record['n_clips']} clips. {' '.join(meteor)}", "", *_files(path, record)):
        console.print(Text(line), soft_wrap=True)


def _files(path: Path, record: dict[str, Any]) -> list[str]:
    places = [("comparison", path)]
    if path.with_suffix(".md").is_file():
        places.append(("as text", path.with_suffix(".md")))
    places += [(name, path.parent / about["file"]) for name, about in record["about"].items()]
    width = max(len(name) for name, _ in places)
    return [f"{name:<{width}}  {os.path.normpath(place)}" for name, place in places]


def _cells(comparison: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [
        (name, [f"{metrics[column.key]['value']:.{column.decimals}f}" for column in COLUMNS])
        for name, metrics in comparison["systems"].items()
    ]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
