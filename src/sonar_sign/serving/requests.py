"""What a client asks for: the fields of the form of `POST /api/translate`, checked."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sonar_sign.core.bounds import MAX_WINDOW_S, MIN_WINDOW_S
from sonar_sign.core.errors import UserError
from sonar_sign.core.languages import LANGUAGES, language_meant
from sonar_sign.core.wording import nearest

MAX_LANGUAGES, MAX_SYSTEMS, MAX_N_BEST = 8, 3, 10
# One sentence rarely lasts longer; of longer videos the windows are about `LONG_WINDOW_S` long.
ONE_SENTENCE_S, LONG_WINDOW_S = 12.0, 6.0
MIN_PART_S, MAX_START_S = 0.2, 7200.0
STYLES = ("neutral", "happy", "sad", "angry", "fearful", "auto")


@dataclass(frozen=True)
class JobRequest:
    """What is made of a video."""

    languages: tuple[str, ...]
    """FLORES codes."""
    systems: tuple[str, ...]
    """Names; each of them translates the video."""
    n_best: int = 5
    """Texts per language and part, best first."""
    window_s: float | None = None
    """Length of the parts, seconds; 0: the video is one; None: by its length."""
    start_s: float = 0.0
    """Where the part that is translated begins, seconds; `end_s`: where it ends, None: at the end
    of the video."""
    end_s: float | None = None
    speak: bool = False
    """Whether the best texts are spoken, where a voice knows the language."""
    style: str = "neutral"
    """`auto`: guessed from the words."""
    intensity: float = 1.0
    """Of the style, 0 to 1."""
    dub: bool = False
    """Whether a video with the speech as its sound is made."""
    crop: bool = True
    """Whether a picture of the face and a video of what the model saw are made."""

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> "JobRequest":
        """The request that `as_record` wrote."""
        lists = {name: tuple(record[name]) for name in ("languages", "systems")}
        return cls(**{**record, **lists})

    def as_record(self) -> dict[str, Any]:
        return asdict(self)

    def window_for(self, seconds: float) -> float:
        """The length of the parts of a video of so many seconds; 0: it is one."""
        if self.window_s is not None:
            return self.window_s
        return 0.0 if seconds <= ONE_SENTENCE_S else LONG_WINDOW_S

    def spans_in(self, seconds: float) -> list[tuple[float, float]] | None:
        """The parts of a video of so many seconds, where only a part of it was asked for.

        Raises:
            UserError: the video ends before the part begins.
        """
        if not self.start_s and self.end_s is None:
            return None
        end = seconds if self.end_s is None else min(self.end_s, seconds)
        if end - self.start_s < MIN_PART_S:
            raise UserError(
                f"The video lasts {seconds:.2f} s; start_s {self.start_s:g} leaves nothing of it."
            )
        window = self.window_for(end - self.start_s)
        n_parts = max(1, round((end - self.start_s) / window)) if window else 1
        edges = [self.start_s + (end - self.start_s) * n / n_parts for n in range(n_parts + 1)]
        return list(zip(edges, edges[1:], strict=False))


def read_request(form: dict[str, list[str]], systems: dict[str, dict[str, Any]]) -> JobRequest:
    """The request in a form's fields.

    Args:
        form: the values of each field.
        systems: by name, what is known of each; the first one is the default.

    Raises:
        UserError: a field is unknown or has an impossible value.
    """
    for name in form:
        if name not in _FIELDS:
            raise UserError(f"There is no field {name[:40]!r}; {nearest(name, _FIELDS)}.")
    chosen = tuple(dict.fromkeys(form.get("system", []))) or tuple(systems)[:1]
    _at_most(chosen, MAX_SYSTEMS, "systems")
    for one in chosen:
        if one not in systems:
            raise UserError(f"There is no system {one[:40]!r}; {nearest(one, systems)}.")
    languages = tuple(dict.fromkeys(form.get("language", [])))
    languages = languages or (systems[chosen[0]]["caption_language"],)
    _at_most(languages, MAX_LANGUAGES, "languages")
    for language in languages:
        _check_language(language, chosen, systems)
    start_s = _number(form, "start_s", 0, 0, MAX_START_S)
    end_s = _number(form, "end_s", 0, 0, MAX_START_S) if "end_s" in form else None
    if end_s is not None and end_s - start_s < MIN_PART_S:
        raise UserError(f"end_s {end_s:g} must be at least {MIN_PART_S:g} s after start_s.")
    return JobRequest(
        languages,
        chosen,
        n_best=int(_number(form, "n_best", 5, 1, MAX_N_BEST)),
        window_s=_window(form),
        start_s=start_s,
        end_s=end_s,
        speak=_flag(form, "speak", False),
        style=_choice(form, "style", STYLES),
        intensity=_number(form, "intensity", 1, 0, 1),
        dub=_flag(form, "dub", False),
        crop=_flag(form, "crop", True),
    )


_FIELDS = (
    "language", "system", "n_best", "window_s", "start_s", "end_s", "speak", "style",
    "intensity", "dub", "crop", "example",
)  # fmt: skip


def _at_most(values: Sequence[str], most: int, what: str) -> None:
    if len(values) > most:
        raise UserError(f"{len(values)} {what} are too many; give at most {most}.")


def _check_language(
    language: str, chosen: Sequence[str], systems: dict[str, dict[str, Any]]
) -> None:
    if language not in LANGUAGES:
        raise UserError(f"Language {language[:20]!r}: {language_meant(language[:20])}.")
    for one in chosen:
        known = systems[one]["languages"]
        if language not in known:
            raise UserError(
                f"The system {one} does not translate into {language}; it knows {len(known)} "
                f"languages, such as {known[0]}."
            )


def _only(form: dict[str, list[str]], name: str) -> str | None:
    values = form.get(name, [])
    if len(values) > 1:
        raise UserError(f"Give {name} once, not {len(values)} times.")
    return values[0] if values else None


def _number(
    form: dict[str, list[str]], name: str, default: float, least: float, most: float
) -> float:
    text = _only(form, name)
    if text is None:
        return default
    try:
        value = float(text)
        if not least <= value <= most or (name == "n_best" and value != int(value)):
            raise ValueError
    except ValueError:
        raise UserError(f"{name} {text[:20]!r}: it must be {least:g} to {most:g}.") from None
    return value


def _window(form: dict[str, list[str]]) -> float | None:
    if _only(form, "window_s") in (None, "auto"):
        return None
    seconds = _number(form, "window_s", 0, 0, MAX_WINDOW_S)
    if 0 < seconds < MIN_WINDOW_S:
        raise UserError(
            f"window_s {seconds:g}: it must be 0, auto, or {MIN_WINDOW_S:g} to {MAX_WINDOW_S:g}."
        )
    return seconds


def _flag(form: dict[str, list[str]], name: str, default: bool) -> bool:
    text = _only(form, name)
    if text is None:
        return default
    known = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}
    if text.lower() not in known:
        raise UserError(f"{name} {text[:20]!r}: it must be true or false.")
    return known[text.lower()]


def _choice(form: dict[str, list[str]], name: str, choices: Sequence[str]) -> str:
    text = _only(form, name)
    if text is None:
        return choices[0]
    if text not in choices:
        raise UserError(f"{name} {text[:20]!r}: {nearest(text, choices)}.")
    return text
