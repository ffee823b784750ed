"""Write what says which keys a config has, from the options: the JSON schema, and the tables.

    .venv/bin/python scripts/write_config_reference.py [FOLDER]

writes `workflow/schemas/config.schema.yaml` and the part of `config/README.md` between its marks,
below this repository or, for a comparison, below FOLDER.
"""

import re
import sys
from pathlib import Path

import yaml

from sonar_sign.core.files import write_text
from sonar_sign.operations.config_schema import config_schema
from sonar_sign.operations.config_tables import config_tables

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = Path("workflow/schemas/config.schema.yaml")
README = Path("config/README.md")
BETWEEN = re.compile(r"(?<=<!-- tables -->\n).*?(?=<!-- /tables -->)", re.DOTALL)
HEAD = "# Written by scripts/write_config_reference.py from the options; do not edit.\n"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    schema = yaml.safe_dump(config_schema(), sort_keys=False, width=100)
    write_text(folder / SCHEMA, HEAD + schema)
    text = (ROOT / README).read_text(encoding="utf-8")
    write_text(folder / README, BETWEEN.sub(lambda _: f"\n{config_tables()}\n", text))


if __name__ == "__main__":
    main()
