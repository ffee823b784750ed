"""Features changed in training: noise of the clip's own size, and hidden spans."""

from dataclasses import replace

import numpy as np
import pytest

from sonar_sign.core.feature_options import FeatureAugmentOptions
from sonar_sign.training.feature_augment import augment_features

NOTHING = FeatureAugmentOptions()
CLIP = np.random.default_rng(0).normal(3, [1, 2, 0], (4000, 3)).astype(np.float32)


def changed(clip=CLIP, seed=0, **options):
    return augment_features(clip, replace(NOTHING, **options), np.random.default_rng(seed))


def test_nothing_asked_for_changes_nothing():
    assert changed() is CLIP


def test_noise_is_a_share_of_each_numbers_deviation():
    difference = changed(feature_noise=0.5) - CLIP
    assert difference.std(axis=0) == pytest.approx([0.5, 1.0, 0.0], rel=0.05)
    assert difference.dtype == np.float32


def test_a_hidden_span_shows_the_clips_mean():
    shares = []
    for seed in range(200):
        found = changed(CLIP[:100], seed, mask=0.4, mask_span=7)
        hidden = (found != CLIP[:100]).any(axis=1)
        assert np.allclose(found[hidden], CLIP[:100].mean(axis=0), atol=1e-5)
        shares.append(hidden.mean())
    assert max(shares) <= 0.4 and 0.15 < np.mean(shares) < 0.25
    # Spans are as long as asked for, but for those that meet, or end at the clip's end.
    assert changed(CLIP[:100], 1, mask=0.4, mask_span=1).shape == (100, 3)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_the_shortest_clips(n):
    found = changed(CLIP[:n], feature_noise=1, mask=0.99, mask_span=1000)
    assert found.shape == (n, 3) and np.isfinite(found).all()


def test_the_seed_decides():
    options = {"feature_noise": 0.1, "mask": 0.3}
    assert np.array_equal(changed(seed=1, **options), changed(seed=1, **options))
    assert not np.array_equal(changed(seed=1, **options), changed(seed=2, **options))
