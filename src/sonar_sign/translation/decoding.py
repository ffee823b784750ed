"""From embeddings to texts: beam search, and what chooses among the texts that it found.

Beam search ranks by the decoder's probability. SONAR itself can say how near a text is to the
embedding that it should express. Minimum Bayes risk takes the text whose chrF is best on average,
if a reference were each text of the beam with its probability (Kumar and Byrne 2004, N04-1022; with
chrF as in Freitag et al. 2022, arXiv:2111.09388).
"""

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from torch import Tensor
from torch.nn import functional as F

from sonar_sign.core.options import PredictOptions

if TYPE_CHECKING:
    from sacrebleu.metrics import CHRF

    from sonar_sign.models.hypothesis import Hypothesis
    from sonar_sign.models.sonar_text import SonarText

T = TypeVar("T")


def decode(
    sonar: "SonarText",
    embeddings: Tensor,
    language: str,
    options: PredictOptions,
    n_best: int = 1,
) -> "list[list[Hypothesis]]":
    """The texts of each embedding that beam search found, best first as `options.rerank` says.

    Args:
        embeddings: `(n, embedding_dim)`.
        n_best: how many are found at least; a beam is widened to it.

    Raises:
        UserError: as `SonarText.decode_n_best`.
    """
    beam_size = max(options.beam_size, n_best)
    found = sonar.decode_n_best(
        embeddings,
        language,
        n_best=n_best if options.rerank == "none" else beam_size,
        beam_size=beam_size,
        batch_size=options.batch_size,
        length_penalty=options.length_penalty,
    )
    if options.rerank == "none":
        return found
    texts = [[one.text for one in of_clip] for of_clip in found]
    if options.rerank == "sonar":
        scores = nearness(texts, embeddings, lambda some: sonar.embed(some, language))
    else:
        scores = [
            expected_chrf(of_clip, [one.log_probability for one in hypotheses])
            for of_clip, hypotheses in zip(texts, found, strict=True)
        ]
    return [reranked(*pair) for pair in zip(found, scores, strict=True)]


def reranked(candidates: Sequence[T], scores: Sequence[float]) -> list[T]:
    """Candidates by falling scores; of equal ones, the order stays."""
    order = sorted(range(len(candidates)), key=lambda place: -scores[place])
    return [candidates[place] for place in order]


def nearness(
    texts: Sequence[Sequence[str]], embeddings: Tensor, embed: Callable[[list[str]], Tensor]
) -> list[list[float]]:
    """The cosine of each text's own embedding with that of its clip.

    Args:
        texts: of each clip, at least one.
        embeddings: of the clips, `(n_clips, embedding_dim)`.
        embed: texts to `(n, embedding_dim)`.
    """
    different = sorted({text for of_clip in texts for text in of_clip}, key=lambda one: len(one))
    row_of = {text: row for row, text in enumerate(different)}
    own = embed(different).float()
    return [
        F.cosine_similarity(own[[row_of[text] for text in of_clip]], embedding[None]).tolist()
        for of_clip, embedding in zip(texts, embeddings.to(own), strict=True)
    ]


def expected_chrf(texts: Sequence[str], log_probabilities: Sequence[float]) -> list[float]:
    """The mean chrF of each text with all as references, weighted by their probabilities.

    Args:
        log_probabilities: of whole texts, whatever they are divided by elsewhere.
    """
    likeliest = max(log_probabilities)
    weights = [math.exp(one - likeliest) for one in log_probabilities]
    scorer = _chrf()
    return [
        sum(
            weight * scorer.sentence_score(text, [reference]).score
            for reference, weight in zip(texts, weights, strict=True)
        )
        / sum(weights)
        for text in texts
    ]


@cache
def _chrf() -> "CHRF":
    from sacrebleu.metrics import CHRF

    return CHRF()
