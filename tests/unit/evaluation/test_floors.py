"""Floors: what captions score that are given without looking at the video."""

import numpy as np
import sacrebleu

from sonar_sign.evaluation.floors import best_constant, floors

WORDS = "we are to take the cup and put it on your table now today".split()  # noqa: SIM905


def captions(seed, n):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(2, 14))) + " ." for _ in range(n)]


def test_the_best_constant_is_the_best_by_sacrebleu():
    references, training = captions(0, 40), captions(1, 60)
    scores = {
        caption: sacrebleu.corpus_bleu([caption] * 40, [references]).score for caption in training
    }
    assert best_constant(references, training) == max(sorted(scores), key=scores.get)


def test_every_floor_has_a_caption_of_training_for_every_clip():
    references, training = captions(0, 30), captions(1, 20)
    found = floors(references, training, seed=3)
    assert set(found) == {"random_caption", "constant_caption", "nearest_length"}
    for predictions in found.values():
        assert len(predictions) == 30 and set(predictions) <= set(training)
    assert len(set(found["constant_caption"])) == 1
    assert len(set(found["random_caption"])) > 5
    assert floors(references, training, seed=3) == found != floors(references, training, seed=4)


def test_the_nearest_length():
    training = ["one", "one two three", "one two three four five six"]
    references = ["a", "a b", "a b c d", "a b c d e", "a b c d e f g h"]
    found = floors(references, training, seed=0)["nearest_length"]
    # A tie goes to the shorter one.
    assert [len(text.split()) for text in found] == [1, 1, 3, 6, 6]
