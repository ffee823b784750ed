"""Names in a config: those of corpora, trainings and systems become folders and words of flags."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sonar_sign.core.errors import UserError

# Folders of results/ that are no corpus's.
RESERVED_CORPORA = ("logs", "benchmarks")
LONGEST = 64
CORPUS = re.compile("[A-Za-z0-9_][A-Za-z0-9_-]*")
LOWERCASE = re.compile("[a-z0-9_]+")
# The sections whose keys are names, with what a name may be.
SECTIONS = {
    "further_corpora": (CORPUS, "letters, digits, _ and -"),
    "trainings": (LOWERCASE, "lower-case letters, digits and _"),
    "systems": (LOWERCASE, "lower-case letters, digits and _"),
}


def check_names(values: Mapping[str, Any]) -> None:
    """Check every name that a config declares, before anything else is read of it.

    Raises:
        UserError: naming the key, the name, and what it may be.
    """
    for where, name, (pattern, allowed) in _names(values):
        shown = f"In the config: {where}: the name {name[:40]!r}"
        if re.search(r"\.seed\d*$", name):
            raise UserError(
                f"{shown} ends like the files of one seed; give it no .seed, and list `seeds`."
            )
        if not pattern.fullmatch(name):
            raise UserError(f"{shown} is not possible; use {allowed}, and no - in front.")
        if len(name) > LONGEST:
            raise UserError(f"{shown}... is longer than {LONGEST} characters; shorten it.")
        if pattern is CORPUS and name.lower() in RESERVED_CORPORA:
            raise UserError(f"{shown} is that of a folder of the workflow's own; choose another.")
    _refuse_same(_corpora(values))


def _names(values: Mapping[str, Any]) -> Iterator[tuple[str, Any, tuple[re.Pattern, str]]]:
    corpus = values.get("corpus")
    # A name that is no text is a mistake of the value, which the schema words.
    if isinstance(corpus, Mapping) and isinstance(corpus.get("name"), str):
        yield "corpus.name", corpus["name"], SECTIONS["further_corpora"]
    if isinstance(values.get("comparison"), str):
        yield "comparison", values["comparison"], SECTIONS["systems"]
    for section, allowed in SECTIONS.items():
        declared = values.get(section)
        if isinstance(declared, Mapping):
            yield from ((section, name, allowed) for name in declared)


def _corpora(values: Mapping[str, Any]) -> list[str]:
    further = values.get("further_corpora")
    names = list(further) if isinstance(further, Mapping) else []
    corpus = values.get("corpus")
    name = corpus.get("name") if isinstance(corpus, Mapping) else None
    return [name, *names] if isinstance(name, str) else names


def _refuse_same(corpora: Iterable[str]) -> None:
    """Two corpora with one folder, which some file systems make of `Demo` and `demo`."""
    seen: dict[str, str] = {}
    for name in corpora:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise UserError(
                f"In the config: the corpora {other} and {name} differ in capital letters only, "
                "which some file systems do not tell apart; rename one of them."
            )
