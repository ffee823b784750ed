"""Under which licences the parts of a system are; what nobody here can know is said to be so."""

from collections.abc import Mapping
from dataclasses import dataclass

from sonar_sign.export.facts import SystemFacts
from sonar_sign.translation.declared_systems import DRAWN

NON_COMMERCIAL = "cc-by-nc-4.0"
OWNERS = "as its owners say"
# By corpus type.
_CORPORA = {
    DRAWN: "drawn by this program; the face is NASA's portrait of Eileen Collins, public domain",
    "how2sign": "CC BY-NC 4.0",
    "ssvp": f"{OWNERS} (DailyMoth-70h: CC BY-NC 4.0)",
}
PUBLIC_ASL = (
    "SONAR's public ASL checkpoint, which has no licence of its own; its data are CC BY-NC 4.0, so "
    "treat it the same"
)


@dataclass(frozen=True)
class Licences:
    """The licences of a system."""

    name: str
    """Of the whole, as Hugging Face has it."""
    parts: Mapping[str, str]
    """By part, for people."""


def licences_of(facts: SystemFacts, names_sonar: bool) -> Licences:
    """The licences of a system's parts, and the strictest of them.

    Args:
        names_sonar: whether it uses SONAR's public text models.
    """
    parts = {"code of sonar-sign, which reads the folder": "MIT"}
    drawn_only = facts.drawn_only
    of_others = False
    for role, metadata in facts.components.items():
        if metadata is None:
            parts[role] = PUBLIC_ASL
            of_others = True
        elif drawn_only:
            parts[role] = "trained from nothing on drawn videos: MIT, as the code"
        else:
            parts[role] = "that of the corpora that it was trained on, and of what it started from"
    for name, kind in facts.corpus_types.items():
        parts[f"corpus {name} ({kind})"] = _CORPORA.get(kind, OWNERS)
    if facts.definition.kind == "sonar":
        parts["SONAR's text models"] = (
            "public files, named by their hash and not in this folder: as SONAR's LICENSE says"
            if names_sonar
            else "trained from nothing by the demo: MIT, as the code"
            if drawn_only
            else "a copy of the run's own: as whoever made them says"
        )
    known = set(facts.corpus_types.values()) <= set(_CORPORA)
    if drawn_only and not of_others and not names_sonar:
        return Licences("mit", parts)
    return Licences(NON_COMMERCIAL if known or of_others else "other", parts)
