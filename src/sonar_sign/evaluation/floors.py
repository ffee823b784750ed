"""Floors: what captions score that are given without looking at the video."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from sonar_sign.metrics.bleu import MAX_ORDER, SMOOTHING, bleu_4_of_rows
from sonar_sign.metrics.tokens import ENGLISH, words

# What each floor is; {caption} is where its texts come from.
FLOORS = {
    "random_caption": "a random {caption} for every clip",
    "constant_caption": "the one {caption} that scores best for all clips",
    "nearest_length": "the {caption} nearest to the reference in its number of words",
}
# BLEU of less difference is equal but for rounding.
SAME_SCORE = 1e-6
FROM_TRAINING = "training captions"
FROM_REFERENCES = "the references of all clips"
# What one text of these is called.
CAPTION = {FROM_TRAINING: "training caption", FROM_REFERENCES: "reference of these clips"}


def floors(
    references: Sequence[str], training: Sequence[str], seed: int, language: str = ENGLISH
) -> dict[str, list[str]]:
    """The predictions of every floor, by its name.

    Args:
        references: one per clip.
        training: captions to choose from, at least one.
        seed: of the random choices.
        language: FLORES code of all texts; says what a word is.
    """
    rng = np.random.default_rng(seed)
    training = list(training)
    return {
        "random_caption": [training[n] for n in rng.integers(len(training), size=len(references))],
        "constant_caption": [best_constant(references, training, language)] * len(references),
        "nearest_length": _nearest(references, training, rng, language),
    }


def best_constant(
    references: Sequence[str], training: Sequence[str], language: str = ENGLISH
) -> str:
    """The training caption of the highest BLEU-4 where it is the prediction for every clip."""
    from sacrebleu.metrics import BLEU

    # By n-gram and `times`: in how many references it occurs at least so often.
    holding: Counter[tuple[tuple[str, ...], int]] = Counter()
    for reference in references:
        for ngram, n in _ngrams(words(reference, language)).items():
            holding.update((ngram, times) for times in range(1, n + 1))
    reference_words = sum(len(words(reference, language)) for reference in references)

    captions = sorted(set(training))
    counts = np.zeros((len(captions), 2 * MAX_ORDER), dtype=np.int64)
    for row, caption in enumerate(captions):
        for ngram, n in _ngrams(words(caption, language)).items():
            found = (holding.get((ngram, times), 0) for times in range(1, n + 1))
            counts[row, len(ngram) - 1] += sum(found)
            counts[row, MAX_ORDER + len(ngram) - 1] += n * len(references)
    lengths = counts[:, MAX_ORDER], np.full(len(counts), reference_words)
    nearly = bleu_4_of_rows(np.column_stack([*lengths, counts]))

    def bleu(row: int) -> float:
        matched, possible = counts[row, :MAX_ORDER].tolist(), counts[row, MAX_ORDER:].tolist()
        score = BLEU.compute_bleu(
            correct=matched, total=possible, sys_len=possible[0], ref_len=reference_words,
            smooth_method=SMOOTHING, max_ngram_order=MAX_ORDER,
        )  # fmt: skip
        return score.score

    # Of equally good ones the first in the alphabet, whatever the order of the captions.
    best = np.flatnonzero(nearly >= nearly.max() - SAME_SCORE)
    return captions[max(best.tolist(), key=bleu)]


def _ngrams(tokens: list[str]) -> Counter[tuple[str, ...]]:
    return Counter(
        tuple(tokens[start : start + order])
        for order in range(1, MAX_ORDER + 1)
        for start in range(len(tokens) - order + 1)
    )


def _nearest(
    references: Sequence[str], training: list[str], rng: np.random.Generator, language: str
) -> list[str]:
    """Of the training captions whose length is nearest to the reference, a random one."""
    by_length: dict[int, list[str]] = defaultdict(list)
    for caption in training:
        by_length[len(words(caption, language))].append(caption)
    lengths = np.array(sorted(by_length))
    chosen = []
    for reference in references:
        nearest = int(lengths[np.abs(lengths - len(words(reference, language))).argmin()])
        chosen.append(by_length[nearest][rng.integers(len(by_length[nearest]))])
    return chosen
