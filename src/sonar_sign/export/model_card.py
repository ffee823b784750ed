"""The model card of an exported system, `README.md` in Hugging Face's form, filled from the run."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from sonar_sign import __version__
from sonar_sign.evaluation.resampling import Interval
from sonar_sign.export.card_metadata import front_matter, label_of
from sonar_sign.export.facts import SystemFacts
from sonar_sign.export.licences import licences_of
from sonar_sign.translation.system_folders import PublicPart

_MB = 1e6


def model_card(facts: SystemFacts, sizes: Mapping[str, int], public: Sequence[PublicPart]) -> str:
    """The card as Markdown with a YAML front matter.

    Args:
        sizes: bytes of each file of the folder, by name.
        public: public files that the folder only names.
    """
    parts = [
        front_matter(facts, bool(public)),
        _head(facts),
        _usage(facts),
        _scores(facts),
        _training(facts),
        _limits(facts),
        _licences(facts, bool(public)),
        _files(facts, sizes, public),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _head(facts: SystemFacts) -> str:
    definition = facts.definition
    how = {
        ("sonar", False): "A video encoder (SignHiera) and a sign encoder turn a sentence's video "
        "into a SONAR embedding, which SONAR's text decoder turns into text.",
        ("sonar", True): "A video encoder (SignHiera) and landmarks of the same video are fused "
        "into a SONAR embedding, which SONAR's text decoder turns into text.",
    }.get(
        (definition.kind, definition.reads_landmarks),
        "A T5 translates landmarks of hands, body and face; no picture is read.",
    )
    warning = (
        "\n\n**Trained on drawn signers.** What it says of a real video means nothing: it shows "
        "how the program works."
        if definition.trained_on_drawings
        else ""
    )
    return f"# {definition.name}: sign language to text\n\n{how}{warning}"


def _usage(facts: SystemFacts) -> str:
    name = facts.definition.name
    keypoints = ", keypoints='KEYPOINTS'" if facts.definition.reads_landmarks else ""
    return f"""## Use

With sonar-sign installed:

    sonar-sign translate VIDEO.mp4 --system {name}

```python
import sonar_sign

translator = sonar_sign.load("{name}")
for part in translator.translate("VIDEO.mp4"{keypoints}):
    print(part.start_s, part.end_s, part.texts)
```

`{name}` is this folder, wherever it lies; nothing is downloaded. Its files are checked against
`system.json`, and hold no code and no pickle."""


def _scores(facts: SystemFacts) -> str:
    if not facts.scores:
        return "## Scores\n\nThe run has not scored this system."
    lines = [
        "## Scores",
        "",
        f"On the {facts.split} split of the corpus {facts.corpus}. Intervals are 95 %, by "
        f"bootstrap over {facts.scores[0].n_videos} source videos "
        f"({facts.scores[0].samples} samples, seed {facts.scores[0].seed}).",
    ]
    if facts.scores[0].note:
        lines += ["", f"Note: {facts.scores[0].note}."]
    for scores in facts.scores:
        lines += ["", f"Into {scores.language}, {scores.n_clips} clips:", ""]
        lines += ["| metric | value | 95 % interval |", "|---|---|---|"]
        for one in scores.metrics:
            interval = (
                f"{one.interval.low:.2f} to {one.interval.high:.2f}"
                if isinstance(one.interval, Interval)
                else one.interval
            )
            lines.append(f"| {label_of(one.name)} | {one.value:.2f} | {interval} |")
        signatures = {
            **scores.signatures,
            **{f"version of {k}": v for k, v in scores.versions.items()},
        }
        lines += ["", *(f"- {key}: `{value}`" for key, value in signatures.items())]
    return "\n".join(lines)


def _training(facts: SystemFacts) -> str:
    lines = ["## Training", "", f"Seed of the run: {facts.seed}."]
    if facts.counts:
        lines += ["", f"Corpus {facts.corpus} ({facts.corpus_types[facts.corpus]}):", ""]
        lines += ["| split | clips | videos | hours |", "|---|---|---|---|"]
        for split, one in facts.counts.items():
            row = [one.get(key, "") for key in ("clips", "videos", "hours")]
            lines.append(f"| {split} | {' | '.join(map(str, row))} |")
    for role, metadata in facts.components.items():
        lines += ["", f"### {role}", "", f"Checkpoint: `{facts.checkpoints[role]}` (SHA-256)."]
        if metadata is None:
            lines += ["", "It does not say how it was made, as public checkpoints do not."]
            continue
        text = yaml.safe_dump(
            _without_parents(metadata), sort_keys=False, allow_unicode=True, width=100
        )
        lines += ["", "```yaml", text.rstrip().replace("```", "'''"), "```"]
    return "\n".join(lines)


def _without_parents(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of a checkpoint; of what it started from, only name and hash."""
    found = dict(metadata)
    parents = found.get("started_from")
    if isinstance(parents, Mapping):
        found["started_from"] = {
            role: {
                "sha256": one.get("sha256"),
                "training": (one.get("metadata") or {}).get("training"),
            }
            for role, one in parents.items()
            if isinstance(one, Mapping)
        }
    return found


def _limits(facts: SystemFacts) -> str:
    uses = [
        "For research on sign language translation, and to learn how such systems work.",
        "Not for medical, legal, emergency or any other use where a wrong sentence harms somebody.",
        "Videos of signers are biometric data: ask them before you translate or publish any.",
    ]
    limits = [
        f"It knows the domain of its corpora ({', '.join(facts.corpus_types)}) and their signers; "
        "others are translated worse.",
        "It makes a fluent sentence of anything that moves, signed or not, and does not say when "
        "it is wrong; scores are comparable within one language only.",
        "It takes one sentence at a time; longer videos are cut where the hands rest, which is not "
        "always between sentences.",
    ]
    if facts.definition.kind == "sonar":
        limits.append(
            "Languages other than that of its captions are reached through SONAR's embedding and "
            "were not trained."
        )
    if facts.half:
        limits.append(
            "Its weights are stored as bf16; the scores are those of the weights before that."
        )
    listed = [f"- {one}" for one in uses], [f"- {one}" for one in limits]
    return "\n".join(["## Intended use", "", *listed[0], "", "## Limits", "", *listed[1]])


def _licences(facts: SystemFacts, names_sonar: bool) -> str:
    rows = licences_of(facts, names_sonar).parts.items()
    lines = ["## Licences of the parts", "", "| part | licence |", "|---|---|"]
    return "\n".join([*lines, *(f"| {part} | {licence} |" for part, licence in rows)])


def _files(facts: SystemFacts, sizes: Mapping[str, int], public: Sequence[PublicPart]) -> str:
    stored = "bf16" if facts.half else "as trained"
    lines = [
        "## Files",
        "",
        f"{sum(sizes.values()) / _MB:.1f} MB in all, weights {stored}; `system.json` has the "
        f"SHA-256 of each. Written by sonar-sign {__version__}.",
        "",
        "| file | MB |",
        "|---|---|",
        *(f"| `{name}` | {size / _MB:.2f} |" for name, size in sorted(sizes.items())),
    ]
    if public:
        lines += ["", "SONAR's public files, which are not in this folder:", ""]
        lines += ["| file | MB | SHA-256 |", "|---|---|---|"]
        lines += [f"| `{one.file}` | {one.size / _MB:.0f} | `{one.sha256}` |" for one in public]
    return "\n".join(lines)
