"""Names of SONAR's languages, in English and in themselves, for people who search one."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sonar_sign.core.tables import read_columns

FILE = Path(__file__).parent / "languages.tsv"
RIGHT_TO_LEFT = ("Arab", "Hebr")


@cache
def names() -> dict[str, tuple[str, str, str]]:
    """By FLORES code: the name in English, in the language itself, and the ISO 639-1 code or ""."""
    columns = read_columns(FILE, ("code", "iso_639_1", "name", "own_name"), key="code")
    values = zip(columns["name"], columns["own_name"], columns["iso_639_1"], strict=True)
    return dict(zip(columns["code"], values, strict=True))


def language_records(systems: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every language that one of the systems knows, by its English name.

    Returns:
        `code`, `name`, `own_name`, `iso` (codes of two and three letters), `tag` for `lang`
        attributes, `rtl`, and the names of the `systems` that translate into it.
    """
    records = []
    for code, (name, own_name, two) in names().items():
        knowing = [system for system, facts in systems.items() if code in facts["languages"]]
        if not knowing:
            continue
        language, script = code.split("_")
        records.append(
            {
                "code": code,
                "name": name,
                "own_name": own_name,
                "iso": [two, language] if two else [language],
                "tag": f"{two or language}-{script}",
                "rtl": script in RIGHT_TO_LEFT,
                "systems": knowing,
            }
        )
    return sorted(records, key=lambda one: one["name"])
