"""Scores on the validation split: cosine with the targets, BLEU and chrF of the texts."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from sonar_sign.metrics.tokens import ENGLISH, bleu_tokenizer

METRICS = ("bleu_4", "chrf", "cosine")
Translate = Callable[[Tensor], list[str]]


@dataclass(frozen=True)
class Validation:
    """Decodes validation embeddings and scores them against the captions."""

    captions: dict[str, str]
    """By clip id."""
    translate: Translate | None
    """Embeddings `(n, embedding_dim)` to texts; None: no decoder is needed for `select`."""

    language: str = ENGLISH
    """FLORES code of the captions; says what a word is."""

    def scores(self, clip_ids: list[str], predicted: Tensor, target: Tensor) -> dict[str, float]:
        """`cosine`, and with a decoder `bleu_4` and `chrf` (percentages)."""
        scores = {"cosine": float(F.cosine_similarity(predicted, target).mean())}
        if self.translate is not None:
            import sacrebleu

            texts = self.translate(predicted)
            references = [[self.captions[clip_id] for clip_id in clip_ids]]
            scores["bleu_4"] = sacrebleu.corpus_bleu(
                texts, references, tokenize=bleu_tokenizer(self.language)
            ).score
            scores["chrf"] = sacrebleu.corpus_chrf(texts, references).score
        return scores
