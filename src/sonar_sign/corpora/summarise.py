"""`summarise`: statistics and a plot of what `prepare` found in all splits of a corpus."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.figures import figure
from sonar_sign.core.files import write_json
from sonar_sign.core.tables import read_table
from sonar_sign.corpora import TYPES
from sonar_sign.corpora.dropped import REASONS
from sonar_sign.corpora.manifests import read_manifest
from sonar_sign.corpora.prepare import CLAMPED_COLUMNS, COLUMNS, DROPPED_COLUMNS
from sonar_sign.corpora.sentences import count_sentences

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True)
class SplitFiles:
    """The files that `prepare` wrote for one split."""

    manifest: Path
    dropped: Path
    clamped: Path
    sentences: Path | None = None
    """What is hard about each sentence; of synthetic corpora only."""

    @classmethod
    def of(cls, manifest: Path, sentences: Path | None = None) -> "SplitFiles":
        """The files of a split by the path of its manifest."""
        return cls(
            manifest,
            manifest.with_suffix(".dropped.tsv"),
            manifest.with_suffix(".clamped.tsv"),
            sentences,
        )


def summarise(
    corpus: str, corpus_type: str, splits: Mapping[str, SplitFiles], output: Path, plot: Path
) -> dict[str, Any]:
    """Write `manifests/summary.json` and the plot of durations; returns the summary.

    Raises:
        UserError: the corpus type is unknown, or a table is missing or malformed.
    """
    if corpus_type not in TYPES:
        raise UserError(f"Corpus type {corpus_type!r} is not one of: {', '.join(TYPES)}.")
    official = TYPES[corpus_type].official_counts
    manifests = {split: _manifest(files.manifest) for split, files in splits.items()}
    summary = {
        "corpus": corpus,
        "type": corpus_type,
        "splits": {
            split: _split(manifests[split], files, official.get(split, {}))
            for split, files in splits.items()
        },
        "captions_in_two_splits": {
            f"{first}, {second}": _shared(manifests[first], manifests[second])
            for first, second in combinations(manifests, 2)
        },
    }
    _plot(manifests, plot)
    write_json(output, summary)
    return summary


def _manifest(path: Path) -> "pd.DataFrame":
    import pandas as pd

    table = read_manifest(path, COLUMNS)
    if not table["clip_id"]:
        raise UserError(f"{path} has no clips, so there is nothing to count; prepare again.")
    return pd.DataFrame(table, dtype="str")


def _split(manifest: "pd.DataFrame", files: SplitFiles, official: dict[str, int]) -> dict[str, Any]:
    dropped = read_table(files.dropped, DROPPED_COLUMNS, key=None)
    reasons = Counter(dropped["reason"])
    unknown = sorted(reasons.keys() - REASONS.keys())
    if unknown:
        raise UserError(f"{files.dropped} has the unknown reason {unknown[0]!r}; prepare again.")
    durations = _durations(manifest)
    captions = manifest["text"].value_counts()
    repeated = captions[captions > 1]
    return {
        "annotations": len(manifest) + len(dropped),
        "annotations_official": official,
        "clips": len(manifest),
        "dropped": {reason: reasons[reason] for reason in REASONS if reasons[reason]},
        "clamped": len(read_table(files.clamped, CLAMPED_COLUMNS)),
        "videos": manifest["source"].nunique(),
        "hours": round(durations.sum() / 3600, 3),
        "duration_s": {
            "mean": round(float(durations.mean()), 3),
            **{
                f"p{100 * share:g}": round(float(np.quantile(durations, share)), 3)
                for share in QUANTILES
            },
        },
        "clips_of_signers": {
            signer: int(n) for signer, n in manifest["signer"].value_counts().items()
        },
        "captions": {
            "distinct": len(captions),
            "occur_more_than_once": len(repeated),
            "clips_with_those": int(repeated.sum()),
        },
        **_sentences(manifest, files.sentences),
    }


def _sentences(manifest: "pd.DataFrame", table: Path | None) -> dict[str, dict[str, int]]:
    """How many clips have what is hard about a synthetic corpus."""
    if table is None:
        return {}
    return {"clips_with": count_sentences(table, set(manifest["clip_id"]))}


def _durations(manifest: "pd.DataFrame") -> np.ndarray:
    """`(n_clips,)` seconds."""
    return (manifest["end_s"].astype(float) - manifest["start_s"].astype(float)).to_numpy()


def _shared(first: "pd.DataFrame", second: "pd.DataFrame") -> dict[str, int]:
    """Number of captions that occur in both splits, and of clips with them in each split."""
    both = set(first["text"]) & set(second["text"])
    return {
        "captions": len(both),
        "clips_of_first": int(first["text"].isin(both).sum()),
        "clips_of_second": int(second["text"].isin(both).sum()),
    }


def _plot(manifests: "Mapping[str, pd.DataFrame]", path: Path) -> None:
    """Histogram of durations, as percentages of each split's clips."""
    durations = {split: _durations(manifest) for split, manifest in manifests.items()}
    longest = max(float(np.quantile(seconds, 0.995)) for seconds in durations.values())
    bins = np.linspace(0, max(longest, 1.0), 50)
    with figure(path) as (_, (axes,)):
        for split, seconds in durations.items():
            # The longest clips are counted in the last bin.
            shares = np.full(len(seconds), 100 / len(seconds))
            label = f"{split}: {len(seconds):,} clips, median {np.median(seconds):.1f} s"
            axes.hist(
                np.minimum(seconds, bins[-1]),
                bins,
                weights=shares,
                histtype="step",
                linewidth=1.6,
                label=label,
            )
        axes.set(xlabel="duration of a clip, seconds", ylabel="clips, %", xlim=(0, bins[-1]))
        axes.legend(frameon=False)


def as_text(summary: dict[str, Any]) -> str:
    """The summary as text for the terminal."""
    lines = []
    for split, found in summary["splits"].items():
        lines.append(
            f"{split}: {found['clips']} clips of {found['annotations']} annotated sentences, "
            f"{found['hours']} hours, {found['videos']} videos, "
            f"{len(found['clips_of_signers'])} signers, "
            f"median {found['duration_s']['p50']} s"
        )
        if found["annotations_official"]:
            counts = ", ".join(f"{n} {who}" for who, n in found["annotations_official"].items())
            lines.append(f"  official counts: {counts}")
        for reason, n in found["dropped"].items():
            lines.append(f"  dropped {n}: {REASONS[reason]}")
        if found["clamped"]:
            lines.append(f"  {found['clamped']} exceed their video and are cut at its end")
        captions = found["captions"]
        lines.append(
            f"  {captions['occur_more_than_once']} captions occur more than once, in "
            f"{captions['clips_with_those']} clips"
        )
        if "clips_with" in found:
            counts = ", ".join(f"{column} {n}" for column, n in found["clips_with"].items())
            lines.append(f"  clips with: {counts}")
    for pair, shared in summary["captions_in_two_splits"].items():
        lines.append(f"{pair}: {shared['captions']} captions in both")
    return "\n".join(lines)
