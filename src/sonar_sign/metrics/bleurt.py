"""BLEURT (Sellam et al. 2020, arXiv 2004.04696) through transformers."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.metrics.base import (
    Metric,
    MetricContext,
    MetricStatistics,
    Provenance,
    mean_percentage,
)

BATCH = 32


def corpus_bleurt(
    predictions: Sequence[str], references: Sequence[str], folder: Path
) -> MetricStatistics:
    """Mean BLEURT times 100; `made_by` is the hash of the model's weights.

    An empty prediction is given to the model as it is: BLEURT has no fixed zero.

    Args:
        folder: a BLEURT converted for `AutoModelForSequenceClassification`, with one output and
            its tokenizer, such as Elron/bleurt-base-512 of the Hugging Face hub.

    Raises:
        UserError: the folder does not hold such a model.
    """
    folder = Path(folder)
    weights = folder / "model.safetensors"
    if not weights.is_file() or find_spec("transformers") is None:
        raise UserError(
            f"BLEURT needs a model in {folder}: put a folder with config.json, model.safetensors "
            "and its tokenizer there, or leave bleurt out."
        )
    import torch

    tokenizer, model = _load(folder)
    scores: list[float] = []
    for first in range(0, len(references), BATCH):
        rows = slice(first, first + BATCH)
        inputs = tokenizer(
            list(references[rows]), list(predictions[rows]), padding=True, truncation=True,
            return_tensors="pt",
        )  # fmt: skip
        with torch.inference_mode():
            scores += model(**inputs).logits[:, 0].tolist()
    return mean_percentage(scores, f"sha256 {sha256_of(weights)}")


def _load(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, use_safetensors=True
        ).eval()
    except (OSError, ValueError, KeyError) as error:
        first = str(error).splitlines()[0]
        raise UserError(f"The BLEURT in {folder} cannot be opened ({first}).") from error
    if model.config.num_labels != 1:
        raise UserError(
            f"The model in {folder} has {model.config.num_labels} outputs where BLEURT has one."
        )
    return tokenizer, model


def _compute(
    predictions: Sequence[str], references: Sequence[str], context: MetricContext
) -> MetricStatistics:
    return corpus_bleurt(predictions, references, context.options.bleurt)


BLEURT = Metric(
    "bleurt",
    "BLEURT",
    _compute,
    applies=lambda context: bool(context.options.bleurt),
    description="BLEURT: times 100; it has no fixed range.",
    provenance=Provenance("BLEURT model", lambda made_by: f"BLEURT: {made_by}"),
    packages=("torch", "transformers"),
    minimum=None,
    maximum=None,
    position=100,
)
