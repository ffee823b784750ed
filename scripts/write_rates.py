"""Write the hours and gigabytes into the documentation, from `rates.yaml`.

    .venv/bin/python scripts/write_rates.py [FOLDER]

writes what stands between `<!-- rates: NAME -->` and `<!-- /rates -->` on the pages of `docs/`,
below this repository or, for a comparison, below FOLDER.
"""

import sys
from pathlib import Path

from sonar_sign.core.files import write_text
from sonar_sign.operations.rates_text import MARKED, RatesText

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    rates = RatesText(ROOT / "config/how2sign.yaml")
    for path in sorted((ROOT / "docs").glob("*.md")):
        page = path.read_text(encoding="utf-8")
        if MARKED.search(page):
            comma = path.name.endswith(".it.md")
            write_text(folder / "docs" / path.name, rates.written(page, comma=comma))


if __name__ == "__main__":
    main()
