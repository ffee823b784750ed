"""BLEURT (Sellam et al. 2020, arXiv 2004.04696; BLEURT-20: Pu et al. 2021, arXiv 2110.06341).

Current papers use BLEURT-20, as Google's own program or as the port to PyTorch of the Hugging Face
hub (lucadiliello/BLEURT-20). Values of other checkpoints are not comparable with them.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.metrics.base import (
    Metric,
    MetricContext,
    MetricStatistics,
    Provenance,
    References,
    listed,
    mean_percentage,
)

BATCH = 32
WEIGHTS = ("model.safetensors", "pytorch_model.bin")


def corpus_bleurt(
    predictions: Sequence[str], references: References, folder: Path
) -> MetricStatistics:
    """Mean BLEURT times 100; `made_by` is the hash of the model's weights, and which model it is.

    An empty prediction is given to the model as it is: BLEURT has no fixed zero. Of several
    references the one of the highest score counts. Runs on a GPU where there is one.

    Args:
        folder: the port of BLEURT-20 (`config.json` of the type `bleurt`, `spm.model`, and
            `model.safetensors` or `pytorch_model.bin`), or any BLEURT that
            `AutoModelForSequenceClassification` opens.

    Raises:
        UserError: the folder does not hold such a model.
    """
    folder = Path(folder)
    weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if weights is None or find_spec("transformers") is None:
        raise UserError(
            f"BLEURT needs a model in {folder}: put a folder with config.json, model.safetensors "
            "and its tokenizer there, or leave bleurt out."
        )
    import torch

    from sonar_sign.metrics.bleurt_port import load

    tokenizer, model, name = load(folder, weights)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)
    several = listed(references)
    pairs = [(p, r) for p, of_clip in zip(predictions, several, strict=True) for r in of_clip]
    scores: list[float] = []
    for first in range(0, len(pairs), BATCH):
        ours, theirs = zip(*pairs[first : first + BATCH], strict=True)
        inputs = tokenizer(
            list(theirs), list(ours), padding=True, truncation=True,
            max_length=model.config.max_position_embeddings, return_tensors="pt",
        ).to(device)  # fmt: skip
        with torch.inference_mode():
            scores += model(**inputs).logits[:, 0].tolist()
    of_pairs = iter(scores)
    best = [max(next(of_pairs) for _ in of_clip) for of_clip in several]
    return mean_percentage(best, f"sha256 {sha256_of(weights)} ({name})")


def _compute(
    predictions: Sequence[str], references: Sequence[str], context: MetricContext
) -> MetricStatistics:
    return corpus_bleurt(predictions, context.of_clips(references), context.options.bleurt)


BLEURT = Metric(
    "bleurt",
    "BLEURT",
    _compute,
    applies=lambda context: bool(context.options.bleurt),
    description="BLEURT: times 100; it has no fixed range, and only one checkpoint's values agree.",
    provenance=Provenance("BLEURT model", lambda made_by: f"BLEURT: {made_by}"),
    packages=("torch", "transformers"),
    minimum=None,
    maximum=None,
    position=100,
)
