"""The front matter of a model card: what Hugging Face's pages and searches read."""

from collections.abc import Iterator
from typing import Any

import yaml

from sonar_sign.core.languages import LANGUAGES
from sonar_sign.evaluation.resampling import Interval
from sonar_sign.export.facts import LanguageScores, SystemFacts
from sonar_sign.export.licences import licences_of

SIGN_LANGUAGES = {"how2sign": "ase", "ssvp": "ase"}
# Two letters where a language has them, as Hugging Face wants (ISO 639-1), by ISO 639-3.
_SHORT = dict(
    pair.split(":")
    for pair in """
    eng:en ita:it deu:de fra:fr spa:es por:pt nld:nl pol:pl rus:ru ces:cs ell:el tur:tr ukr:uk
    jpn:ja kor:ko zho:zh arb:ar heb:he hin:hi fin:fi swe:sv dan:da hun:hu ron:ro bul:bg hrv:hr
    slk:sk slv:sl est:et lvs:lv lit:lt cat:ca eus:eu glg:gl gle:ga cym:cy
""".split()  # noqa: SIM905
)
# How Hugging Face calls metrics, where it knows them.
_TYPES = {
    "bleu_1": "bleu", "bleu_2": "bleu", "bleu_3": "bleu", "bleu_4": "bleu", "chrf": "chrf",
    "chrf_pp": "chrf", "rouge_l": "rouge", "meteor": "meteor",
}  # fmt: skip
_LABELS = {
    "bleu_1": "BLEU-1", "bleu_2": "BLEU-2", "bleu_3": "BLEU-3", "bleu_4": "BLEU-4", "chrf": "chrF",
    "chrf_pp": "chrF++", "rouge_l": "ROUGE-L", "meteor": "METEOR", "cider": "CIDEr",
    "bleu_reduced": "reduced BLEU", "exact_match": "exact match", "length_ratio": "length ratio",
    "cosine": "cosine with SONAR's embedding",
}  # fmt: skip
# Where a metrics file has the signature of a metric.
_SIGNATURES = {"bleu": "signature", "chrf": "chrf_signature"}


def label_of(metric: str) -> str:
    """A metric's name for people."""
    return _LABELS.get(metric, metric)


def front_matter(facts: SystemFacts, names_sonar: bool) -> str:
    """The YAML that Hugging Face reads, between its marks.

    Args:
        names_sonar: whether the folder only names SONAR's public text models.
    """
    languages = dict.fromkeys(_short(code) for code in facts.definition.languages)
    signed = dict.fromkeys(
        SIGN_LANGUAGES[kind] for kind in facts.corpus_types.values() if kind in SIGN_LANGUAGES
    )
    tags = ["sign-language-translation", "sonar-sign"]
    tags += ["sonar"] if facts.definition.kind == "sonar" else []
    tags += ["landmarks"] if facts.definition.reads_landmarks else []
    tags += ["synthetic"] if facts.definition.trained_on_drawings else []
    values: dict[str, Any] = {
        "license": licences_of(facts, names_sonar).name,
        "language": [*languages, *signed],
        "library_name": "sonar-sign",
        "pipeline_tag": "video-text-to-text",
        "tags": tags,
        "model-index": [{"name": facts.definition.name, "results": _results(facts)}],
    }
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{text}---"


def _short(code: str) -> str:
    language = code.partition("_")[0] if code in LANGUAGES else code
    return _SHORT.get(language, language)


def _results(facts: SystemFacts) -> list[dict[str, Any]]:
    return [
        {
            "task": {"type": "translation", "name": "sign language translation"},
            "dataset": {
                "type": facts.corpus_types[facts.corpus],
                "name": facts.corpus,
                "split": facts.split,
                "config": f"into {scores.language}, {scores.n_clips} clips",
            },
            "metrics": [*_metrics(scores)],
        }
        for scores in facts.scores
    ]


def _metrics(scores: LanguageScores) -> Iterator[dict[str, Any]]:
    for one in scores.metrics:
        kind = _TYPES.get(one.name, one.name)
        entry: dict[str, Any] = {
            "type": kind,
            "name": label_of(one.name),
            "value": round(one.value, 4),
        }
        args: dict[str, Any] = {}
        if isinstance(one.interval, Interval):
            low, high = round(one.interval.low, 4), round(one.interval.high, 4)
            args["confidence_interval_95"] = [low, high]
        key = "chrf_pp_signature" if one.name == "chrf_pp" else _SIGNATURES.get(kind)
        if key in scores.signatures:
            args["signature"] = scores.signatures[key]
        yield entry | ({"args": args} if args else {})
