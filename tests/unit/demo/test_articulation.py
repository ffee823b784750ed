"""How sentences are articulated: rate, emphasis, coarticulation, handedness, face and head."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import rankdata

from sonar_sign.core.demo_options import PLAIN, DifficultyOptions
from sonar_sign.demo.articulation import Delivery
from sonar_sign.demo.body import Frame, pose
from sonar_sign.demo.corpus import CorpusOptions, plan_corpus
from sonar_sign.demo.domains import SIGNERS, set_up
from sonar_sign.demo.face import TILT_DEG, make_head
from sonar_sign.demo.grammar import Sentence
from sonar_sign.demo.motion import FPS, Manner, other_handed, perform
from sonar_sign.demo.render import deliveries_of

AS_EVER = Delivery()
SENTENCE = Sentence("FRIEND", "PAINT", "TREE", "TOMORROW", "OLD", False, False)


def signed(delivery: Delivery = AS_EVER, sentence: Sentence = SENTENCE):
    return perform([sentence], Manner(), np.random.default_rng(4), [delivery])


def length_s(performance) -> float:
    signs = performance.signs[0]
    return signs[-1].end_s - signs[0].start_s


def way(performance) -> float:
    """How far the right hand moves, shoulder widths."""
    return float(np.linalg.norm(np.diff(performance.right[:, :2], axis=0), axis=1).sum())


def test_a_plain_delivery_changes_nothing():
    plain = perform([SENTENCE], Manner(), np.random.default_rng(4))
    assert np.array_equal(signed().right, plain.right) and signed().sentences == plain.sentences


def test_a_faster_rate_takes_less_time():
    assert length_s(signed(Delivery(rate=1.25))) == pytest.approx(length_s(signed()) / 1.25)


def test_emphasis_is_larger_and_faster():
    strong = signed(Delivery(emphasis=1.0))
    assert length_s(strong) < 0.8 * length_s(signed())
    assert way(strong) > 1.1 * way(signed())


def test_coarticulation_shortens_the_way_and_cuts_fast_signs():
    blended, fast = signed(Delivery(coarticulation=1.0)), Delivery(rate=1.3, coarticulation=1.0)
    assert way(blended) < 0.9 * way(signed())
    assert way(signed(fast)) < 0.9 * way(signed(replace(fast, coarticulation=0.0)))


def test_a_left_handed_signer_signs_with_the_other_hand():
    right, left = signed(), other_handed(signed())
    assert np.array_equal(left.left, right.right) and np.array_equal(left.right, right.left)


def test_a_question_tilts_the_head_and_raises_the_brows_as_long_as_it_is_signed():
    asked = signed(sentence=replace(SENTENCE, asks=True))
    start, end = (int(FPS * time) for time in asked.sentences[0])
    assert asked.asking[start + 4 : end - 4].mean() == 1.0
    assert asked.asking[0] == asked.asking[-1] == signed().asking.max() == 0.0
    shot = set_up("howto", 1, np.random.default_rng(1))
    head = make_head(shot.look.face, 180.0)
    upright, tilted = head.points_at(np.array([0.0, 1.0]))
    assert np.array_equal(upright, head.face_points)
    # Between the outer corners of the eyes.
    (before, after) = (points[45] - points[36] for points in (upright, tilted))
    turn = np.degrees(np.arctan2(after[1], after[0]) - np.arctan2(before[1], before[0]))
    assert turn == pytest.approx(TILT_DEG)
    brows, eyes = (np.linalg.norm(p[17:27].mean(0) - p[36:48].mean(0)) for p in (tilted, upright))
    # A pixel of a 64 x 64 picture is seven of these.
    assert brows - eyes > 7


def test_a_head_that_negates_alone_shakes_further_than_beside_the_sign():
    still, beside, alone = (
        np.ptp(signed(sentence=sentence).nod[:, 0])
        for sentence in (
            SENTENCE,
            replace(SENTENCE, negated=True),
            replace(SENTENCE, negated=True, head_negation=True),
        )
    )
    assert alone > 2 * beside > 2 * still
    assert alone > 2 * 0.04  # shoulder widths in a pixel of a 64 x 64 picture


def test_the_speed_of_the_wrists_tells_which_sentences_are_emphasised():
    difficulty = DifficultyOptions(
        references=0.2, fingerspelling=0.4, coarticulation=0.5, rate=1.15, rate_spread=0.08,
        movement_spread=0.1, emphasis=0.2,
    )  # fmt: skip
    speeds, strengths, signers = [], [], []
    for plan in plan_corpus(CorpusOptions("howto", {"train": 160}, 5, 8, difficulty))["train"]:
        rng = np.random.default_rng(plan.seed)
        _, manner = SIGNERS[plan.signer]
        performance = perform(plan.sentences, manner, rng, deliveries_of(plan, rng))
        wrists = pose(performance, Frame(400, 1.0, (0.0, 0.0)), 1.0).arms[:, :, 2]
        speed = np.linalg.norm(np.diff(wrists, axis=0), axis=-1).max(axis=1)
        for (start, end), strength in zip(performance.sentences, plan.emphasis, strict=True):
            during = speed[int(FPS * start) : int(FPS * end)]
            speeds.append(np.sqrt((during**2).mean()))
            strengths.append(strength)
            signers.append(plan.signer)
    speeds, signers, strong = np.array(speeds), np.array(signers), np.array(strengths) > 0
    own = {signer: speeds[signers == signer].mean() for signer in set(signers.tolist())}
    ranks = rankdata(speeds / [own[signer] for signer in signers])
    n, m = strong.sum(), (~strong).sum()
    assert (ranks[strong].sum() - n * (n + 1) / 2) / (n * m) > 0.9


def test_nothing_is_emphasised_unless_it_is_asked_for():
    plans = plan_corpus(CorpusOptions("howto", {"train": 8}, 5, 8, PLAIN))["train"]
    assert [plan.emphasis for plan in plans] == [()]
    assert {d.emphasis for d in deliveries_of(plans[0], np.random.default_rng(1))} == {0.0}
