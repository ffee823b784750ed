"""Whether runs may stand in one comparison: the same clips, references and metrics."""

import re
from collections.abc import Mapping, Sequence

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import first_few
from sonar_sign.evaluation.system_scores import SystemScores
from sonar_sign.metrics.registry import keys_of_tokens, provenance_keys

# Keys of a metrics file that must be equal among all runs, and what they are called.
SHARED = {
    "n_clips": "number of clips",
    "clips_sha256": "clip list (clips_sha256)",
    **provenance_keys("all"),
}
# The same among runs of one language.
SHARED_IN_LANGUAGE = {
    "references_sha256": "references (references_sha256)",
    **provenance_keys("language"),
    **{key: title for key, title in provenance_keys("all").items() if key in keys_of_tokens()},
}
# Of those that a comparison has once, what no language has of its own.
_SHARED_BY_ALL = {key: title for key, title in SHARED.items() if key not in keys_of_tokens()}


def on_same_clips(runs: Mapping[str, SystemScores]) -> dict[str, SystemScores]:
    """The runs with their clips in the first one's order.

    Args:
        runs: by a name for messages.

    Raises:
        UserError: naming two runs and the first few clips that only one of them has, or a clip
            for which they name different source videos.
    """
    names = list(runs)
    first = set(runs[names[0]].clips.clip_ids)
    for name in names[1:]:
        other = set(runs[name].clips.clip_ids)
        if first != other:
            only = [_only(first - other, names[0]), _only(other - first, name)]
            raise UserError(
                f"{names[0]} and {name} are of different clips: "
                f"{' and '.join(part for part in only if part)}; evaluate both on the same clips."
            )
    clips = runs[names[0]].clips
    ordered = {name: run.in_order(clips.clip_ids) for name, run in runs.items()}
    for name, run in ordered.items():
        for clip_id, ours, theirs in zip(
            clips.clip_ids, clips.sources, run.clips.sources, strict=True
        ):
            if ours != theirs:
                raise UserError(
                    f"{names[0]} and {name} name different source videos of clip {clip_id}, {ours} "
                    f"and {theirs}; evaluate both with the same manifest."
                )
    return ordered


def _only(clip_ids: set[str], name: str) -> str:
    return f"only {name} has {first_few(sorted(clip_ids))}" if clip_ids else ""


def _without_number(value: object) -> object:
    """A signature of sacreBLEU without the number of references."""
    return re.sub(r"^nrefs:[^|]*\|", "", value) if isinstance(value, str) else value


def require_comparable(runs: Sequence[SystemScores]) -> None:
    """Check that metrics were computed in the same way, within one language on the same text.

    Raises:
        UserError: two runs differ, with their files and in what they differ.
    """
    first_of_language: dict[str, SystemScores] = {}
    for run in runs:
        peer = first_of_language.setdefault(run.record["language"], run)
        for other, shared in ((runs[0], _SHARED_BY_ALL), (peer, SHARED_IN_LANGUAGE)):
            for key, title in shared.items():
                theirs, ours = other.record[key], run.record[key]
                if other is not peer:
                    # Only one of the languages may have further references.
                    theirs, ours = (_without_number(value) for value in (theirs, ours))
                if theirs != ours:
                    raise UserError(
                        f"{other.file} and {run.file} cannot be compared: their {title} differ, "
                        f"{theirs} and {ours}; evaluate both on the same clips with the same "
                        "versions."
                    )
