"""Results that others report, `published.yaml`."""

from importlib import resources
from typing import Any


def published(corpus_type: str, split: str) -> list[dict[str, Any]]:
    """Rows of the literature for a corpus and split; none for any other."""
    known = _read()
    if (corpus_type, split) != (known["corpus"], known["split"]):
        return []
    return [{"reported_by_others": True, **row} for row in known["rows"]]


def sources() -> dict[str, dict[str, str]]:
    """The papers that rows name as their `source`: `arxiv`, and `title` and `author` if known."""
    return _read()["sources"]


def _read() -> dict[str, Any]:
    import yaml

    text = resources.files(__package__).joinpath("published.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)
