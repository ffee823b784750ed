"""Known answers of models: what they are, and whether given models give them."""

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import nearest
from sonar_sign.operations.verification import Check

if TYPE_CHECKING:
    from sonar_sign.models.sonar_text import SonarText


@dataclass(frozen=True)
class EmbeddingAnswer:
    """The first numbers of SONAR's embedding of a text."""

    text: str
    language: str
    begins: list[float]
    tolerance: float
    """Largest difference of each number."""
    source: str

    def check(self, sonar: "SonarText") -> Check:
        found = sonar.embed([self.text], self.language)[0, : len(self.begins)].tolist()
        worst = max(abs(a - b) for a, b in zip(found, self.begins, strict=True))
        numbers = ", ".join(f"{number:.6f}" for number in found)
        if worst <= self.tolerance:
            return Check.good(f"the embedding of {self.text!r} begins {numbers}")
        expected = ", ".join(f"{number:.6f}" for number in self.begins)
        return Check.wrong(
            f"the embedding of {self.text!r} begins {numbers} instead of {expected} ({self.source})"
        )


@dataclass(frozen=True)
class DecodingAnswer:
    """How the text ends that SONAR makes of its own embedding of a text."""

    text: str
    language: str
    ends: str
    source: str

    def check(self, sonar: "SonarText") -> Check:
        (found,) = sonar.decode(sonar.embed([self.text], self.language), self.language)
        said = f"the embedding of {self.text!r} is decoded to {found!r}"
        if found.endswith(self.ends):
            return Check.good(said)
        return Check.wrong(f"{said}, which should end in {self.ends!r} ({self.source})")


@dataclass(frozen=True)
class ClipAnswer:
    """The translation of a clip."""

    file: str
    """What the name of the clip's file begins with."""
    language: str
    translation: str
    alike: float
    """The least share of words that agree, in their order."""
    source: str

    def find(self, folder: Path | None) -> Path | None:
        """The clip in a folder; None: it is not there."""
        if folder is None or not folder.is_dir():
            return None
        names = re.escape(self.file) + r"(\.[A-Za-z0-9]+)?"
        return next((p for p in sorted(folder.rglob("*")) if re.fullmatch(names, p.name)), None)

    def compare(self, found: str) -> Check:
        """Compare with the translation that the models gave."""
        ours, theirs = (text.lower().split() for text in (found, self.translation))
        share = difflib.SequenceMatcher(None, ours, theirs, autojunk=False).ratio()
        said = f"clip {self.file} is translated as {found!r}"
        if share == 1:
            return Check.good(said)
        if share >= self.alike:
            return Check.good(f"{said}, nearly the documented {self.translation!r}")
        return Check.wrong(f"{said} instead of {self.translation!r} ({self.source})")


@dataclass(frozen=True)
class KnownAnswers:
    """The questions that models are asked."""

    embeddings: list[EmbeddingAnswer]
    decodings: list[DecodingAnswer]
    clips: list[ClipAnswer]


_KINDS = {"embeddings": EmbeddingAnswer, "decodings": DecodingAnswer, "clips": ClipAnswer}


def read_answers(path: Path | None = None) -> KnownAnswers:
    """The answers of the public models, or those of a file of the same form.

    Raises:
        UserError: the file cannot be read, or is not of that form.
    """
    try:
        if path is None:
            packaged = resources.files(__package__).joinpath("known_answers.yaml")
            text = packaged.read_text(encoding="utf-8")
        else:
            text = Path(path).read_text(encoding="utf-8")
        found = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path} cannot be read as known answers ({reason}).") from error
    if not isinstance(found, dict):
        raise UserError(f"{path} holds no known answers; give {', '.join(_KINDS)}.")
    for key in found:
        if key not in _KINDS:
            raise UserError(f"{path}: {key} is not known; {nearest(str(key), _KINDS)}.")
    return KnownAnswers(**{kind: list(_of_kind(found, kind, path)) for kind in _KINDS})


def _of_kind(found: Mapping[str, Any], kind: str, path: Path | None) -> Iterator[Any]:
    known = {field.name: field.type for field in fields(_KINDS[kind])}
    entries = found.get(kind) or []
    for entry in entries if isinstance(entries, list) else [entries]:
        if not isinstance(entry, dict) or set(entry) != set(known):
            raise UserError(f"{path}: an answer of {kind} must have {', '.join(known)}.")
        for name, value in entry.items():
            if not _fits(known[name], value):
                raise UserError(f"{path}: {name} of an answer of {kind} cannot be {value!r}.")
        yield _KINDS[kind](**entry)


def _fits(kind: Any, value: Any) -> bool:
    if kind is str:
        return isinstance(value, str) and value != ""
    values = value if kind == list[float] else [value]
    if not isinstance(values, list) or not values:
        return False
    numbers = all(isinstance(n, int | float) and not isinstance(n, bool) for n in values)
    return numbers and all(map(math.isfinite, values)) and (kind == list[float] or value > 0)
