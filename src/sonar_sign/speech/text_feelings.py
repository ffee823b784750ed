"""Styles guessed from words, by a text classifier of emotions that the user has put in a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.core.wording import first_few
from sonar_sign.speech.styles import STYLES

BATCH = 32
MAX_TOKENS = 512
NEUTRAL = "neutral"
# What public classifiers call the styles; any other label counts as neutral.
LABELS = {
    "happy": "happy happiness joy joyful amusement excitement delight gioia felice",
    "sad": "sad sadness grief sorrow disappointment remorse tristezza triste",
    "angry": "angry anger annoyance rage rabbia",
    "fearful": "fearful fear scared nervousness anxiety paura",
}
STYLE_OF = {label: style for style, labels in LABELS.items() for label in labels.split()}


@dataclass(frozen=True)
class Guess:
    """What a model says of one text."""

    style: str
    """One of `STYLES`; neutral where none is certain enough."""
    scores: Mapping[str, float]
    """Of every style, from 0 to 1."""
    threshold: float
    """The least score that makes a style."""
    model: Mapping[str, str]
    """Name of the folder, and hash of the weights."""

    def as_record(self) -> dict[str, Any]:
        """For files."""
        return {
            "style": self.style,
            "scores": dict(self.scores),
            "threshold": self.threshold,
            "model": dict(self.model),
        }


@dataclass(frozen=True)
class TextModel:
    """A classifier of texts, with the styles that its labels mean."""

    tokenizer: Any
    model: Any
    styles: tuple[str, ...]
    """The style of each output."""
    identity: Mapping[str, str]
    """Name of the folder, and hash of the weights."""

    @classmethod
    def load(cls, folder: Path) -> "TextModel":
        """Open a folder with config.json, model.safetensors and a tokenizer; nothing is executed.

        Raises:
            UserError: it cannot be opened, or none of its labels is the name of a feeling.
        """
        weights = folder / "model.safetensors"
        if not weights.is_file() or find_spec("transformers") is None:
            raise UserError(
                f"--text-model {folder} is no folder with config.json, model.safetensors and a "
                "tokenizer of a transformers text classifier; correct it, or leave it out."
            )
        tokenizer, model = _opened(folder)
        labels = [str(model.config.id2label.get(n, n)) for n in range(model.config.num_labels)]
        styles = tuple(STYLE_OF.get(label.strip().lower(), NEUTRAL) for label in labels)
        if set(styles) == {NEUTRAL}:
            raise UserError(
                f"None of the labels of the model in {folder} is the name of a feeling (it has "
                f"{first_few(labels)}); name them in id2label of its config.json."
            )
        return cls(tokenizer, model, styles, {"name": folder.name, "sha256": sha256_of(weights)})

    def guess(self, texts: Sequence[str], threshold: float) -> list[Guess]:
        """The style of each text.

        A style's score is the sum of its labels' probabilities, or the largest of them in a model
        whose labels exclude each other not (`multi_label_classification`).
        """
        return [
            Guess(self._chosen(scores, threshold), scores, threshold, self.identity)
            for first in range(0, len(texts), BATCH)
            for scores in self._scores(texts[first : first + BATCH])
        ]

    def _scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        import torch

        inputs = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        )
        with torch.inference_mode():
            logits = self.model(**inputs).logits.float()
        if self.model.config.problem_type == "multi_label_classification":
            probabilities, together = logits.sigmoid(), max
        else:
            probabilities, together = logits.softmax(dim=-1), sum
        return [
            {
                style: round(
                    together([p for p, of in zip(row, self.styles, strict=True) if of == style])
                    if style in self.styles
                    else 0.0,
                    4,
                )
                for style in STYLES
            }
            for row in probabilities.tolist()
        ]

    @staticmethod
    def _chosen(scores: Mapping[str, float], threshold: float) -> str:
        best = max(scores, key=lambda style: scores[style])
        return best if scores[best] >= threshold else NEUTRAL


def _opened(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        model = AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True
        ).eval()
    # What a damaged file makes of transformers is not documented.
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
        raise UserError(f"--text-model {folder} cannot be opened ({first}).") from error
    return tokenizer, model
