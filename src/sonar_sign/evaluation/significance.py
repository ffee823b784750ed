"""Which systems of a comparison differ from the first one of their language."""

from typing import Any

SIGNIFICANT = 0.05


def p_values(comparison: dict[str, Any], base: str | None = None) -> dict[tuple[str, str], float]:
    """By metric and system, the larger p of both tests against a base.

    Args:
        base: a system; without it, the first of each language.
    """
    if base is not None:
        return _against(comparison, base)
    firsts: dict[str, str] = {}
    for name, about in comparison["about"].items():
        firsts.setdefault(about["language"], name)
    found: dict[tuple[str, str], float] = {}
    for row in comparison["significance"]:
        first, second = row["systems"]
        if first in firsts.values():
            key = row["metric"], second
            found[key] = max(found.get(key, 0.0), row["p"])
    return found


def _against(comparison: dict[str, Any], base: str) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for row in comparison["significance"]:
        if base in row["systems"]:
            (other,) = [name for name in row["systems"] if name != base]
            key = row["metric"], other
            found[key] = max(found.get(key, 0.0), row["p"])
    return found


def different_from_first(comparison: dict[str, Any]) -> dict[str, set[str]]:
    """By metric, the systems that both tests find different from the first of their language."""
    found: dict[str, set[str]] = {}
    for (metric, name), p in p_values(comparison).items():
        if p < SIGNIFICANT:
            found.setdefault(metric, set()).add(name)
    return found
