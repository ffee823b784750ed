"""How good a model is on the validation split: cosine to SONAR, and the decoder's BLEU and chrF."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from sonar_sign.errors import UserError
from sonar_sign.tables import read_table

METRICS = ("bleu_4", "chrf", "cosine")
Translate = Callable[[Tensor], list[str]]


@dataclass(frozen=True)
class Validation:
    """Decodes validation embeddings and scores them against the captions."""

    captions: dict[str, str]
    """By clip id."""
    translate: Translate | None
    """Embeddings `(n, embedding_dim)` to texts; None: no decoder is needed for `select`."""

    def scores(self, clip_ids: list[str], predicted: Tensor, target: Tensor) -> dict[str, float]:
        """`cosine`, and with a decoder `bleu_4` and `chrf` (percentages)."""
        scores = {"cosine": float(F.cosine_similarity(predicted, target).mean())}
        if self.translate is not None:
            import sacrebleu

            texts = self.translate(predicted)
            references = [[self.captions[clip_id] for clip_id in clip_ids]]
            scores["bleu_4"] = sacrebleu.corpus_bleu(texts, references).score
            scores["chrf"] = sacrebleu.corpus_chrf(texts, references).score
        return scores


def make_validation(
    select: str,
    manifest: Path,
    sonar_folder: Path,
    language: str,
    device: torch.device,
    clip_ids: Sequence[str],
) -> Validation:
    """What validation on the clips `clip_ids` needs to compute the metric `select`.

    Raises:
        UserError: `select` is not a metric, a file cannot be read, or the manifest lacks a clip.
    """
    if select not in METRICS:
        raise UserError(f"select: {select!r} is not one of {', '.join(METRICS)}.")
    table = read_table(manifest, ("clip_id", "text"))
    captions = dict(zip(table["clip_id"], table["text"], strict=True))
    missing = [clip_id for clip_id in clip_ids if clip_id not in captions]
    if missing:
        raise UserError(
            f"{manifest} lacks the captions of {len(missing)} validation clips, {missing[0]} for "
            "one; give the manifest of the split that is validated on."
        )
    if select == "cosine":
        return Validation(captions, None)
    from sonar_sign.models.sonar_text import SonarText

    sonar = SonarText.open(sonar_folder, device=device)
    sonar.check_language(language)
    # Greedy decoding ranks checkpoints as beam search does, at a fraction of its time.
    return Validation(captions, lambda embeddings: sonar.decode(embeddings, language, beam_size=1))
