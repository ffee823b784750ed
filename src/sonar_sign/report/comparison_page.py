"""The comparison as a page: what `comparison.md` has, for a browser."""

from html import escape
from pathlib import Path
from typing import Any

from sonar_sign.core.files import atomic_write
from sonar_sign.evaluation.comparison_notes import notes
from sonar_sign.evaluation.comparison_table import tables


def write_page(record: dict[str, Any], path: Path) -> None:
    """Write a comparison's tables and notes as one HTML page, without any script."""
    parts = []
    for table in tables(record):
        rows = [f"<tr><th>{'<th>'.join(map(escape, table.header))}</tr>"]
        rows += [f"<tr><td>{'<td>'.join(map(escape, row))}</tr>" for row in table.rows]
        caption = f"<caption>{escape(table.title.replace('**', ''))}</caption>"
        parts.append(f"<table>{caption}{''.join(rows)}</table>")
    parts += [f"<p>{escape(note)}</p>" for note in notes(record)]
    with atomic_write(path) as temporary:
        temporary.write_text(_PAGE.format(body="\n".join(parts)), encoding="utf-8")


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Comparison</title>
<style>
body {{ font: 14px/1.5 system-ui, sans-serif; margin: 2em; color-scheme: light dark }}
table {{ border-collapse: collapse; margin-bottom: 1.5em }}
caption {{ text-align: left }}
td, th {{ padding: .2em .8em .2em 0; text-align: right; font-variant-numeric: tabular-nums }}
td:first-child, th:first-child {{ text-align: left }}
th {{ border-bottom: 1px solid }}
</style></head><body>
{body}
</body></html>
"""
