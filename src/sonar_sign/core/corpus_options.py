"""Options of a corpus: what its type cannot know of the files that somebody has.

In a config they stand beside `type` and `root`; on the command line, mappings are `KEY=VALUE`.
docs/corpora.md says which type reads which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Annotated, Any

from sonar_sign.core.bounds import SECONDS, SEEDS, between, matching
from sonar_sign.core.errors import UserError
from sonar_sign.core.languages import FLORES

CORPUS_TYPES = (
    "table", "how2sign", "openasl", "youtube_asl", "phoenix14t", "csl_daily", "ssvp", "demo",
)  # fmt: skip
SPLITS = ("train", "val", "test")
ALL = "all"
"""In `files`: one table with the rows of all splits."""
PAIR = matching("[^=]+=.+", "KEY=VALUE")


@dataclass(frozen=True)
class CorpusOptions:
    """How the files of a corpus are read."""

    columns: Annotated[
        list[str], "COLUMN=NAME: what a table calls one of its columns; repeat.", PAIR
    ] = field(default_factory=list)
    files: Annotated[
        list[str], "SPLIT=FILE: where the rows of a split are, or of all; repeat.", PAIR
    ] = field(default_factory=list)
    split_shares: Annotated[
        list[str], "SPLIT=SHARE: splits made by source video; the rest is train; repeat.", PAIR
    ] = field(default_factory=list)
    split_seed: Annotated[int, "Seed of splits that are made here.", SEEDS] = 1
    caption_language: Annotated[
        str, "Language of the captions; empty: that of the config.", FLORES
    ] = ""
    join_gap_s: Annotated[
        float, "Longest pause between cues of a sentence, in seconds.", SECONDS
    ] = 2.0
    max_sentence_s: Annotated[float, "Longest sentence made of cues, in seconds.", SECONDS] = 60.0
    max_sentence_characters: Annotated[
        int, "Most characters of a sentence made of cues.", between(1, 2000)
    ] = 300

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> "CorpusOptions":
        """The options of a corpus as a config describes it; keys that are none are left alone."""
        known = {one.name: described.get(one.name) for one in fields(cls)}
        given = {name: value for name, value in known.items() if value is not None}
        return cls(**{name: _as_pairs(value) for name, value in given.items()})

    @classmethod
    def unset(cls) -> dict[str, Any]:
        """Keys of a config that, laid over another one, leave every option at its default."""
        default = cls()
        values = {one.name: getattr(default, one.name) for one in fields(cls)}
        unset = {name: None if value == [] else value for name, value in values.items()}
        del unset["caption_language"]  # every type of corpus has a use for it
        return unset

    def changed(self) -> dict[str, Any]:
        """Those that are not as they are by default."""
        default = CorpusOptions()
        return {
            one.name: getattr(self, one.name)
            for one in fields(self)
            if getattr(self, one.name) != getattr(default, one.name)
        }


def _as_pairs(value: Any) -> Any:
    if isinstance(value, Mapping):
        return [f"{key}={one}" for key, one in value.items()]
    return value


def pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    """A mapping of `KEY=VALUE`.

    Raises:
        UserError: a key stands there twice.
    """
    found: dict[str, str] = {}
    for pair in given:
        key, _, value = pair.partition("=")
        if key in found:
            raise UserError(f"{option} names {key!r} twice; leave one of them out.")
        found[key] = value
    return found
