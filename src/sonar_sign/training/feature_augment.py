"""Training features changed: noise, and spans that are hidden.

Spans are hidden as in SpecAugment (Park et al. 2019, arXiv:1904.08779): by the clip's mean, which
says least about what was there.
"""

import numpy as np

from sonar_sign.core.feature_options import FeatureAugmentOptions


def augment_features(
    features: np.ndarray, options: FeatureAugmentOptions, rng: np.random.Generator
) -> np.ndarray:
    """A changed copy of a clip's features, `(n, dim)` float32.

    Noise is relative to the deviation of each number within the clip. Of the clip, a random share
    up to `mask` is hidden.
    """
    if not len(features):
        return features
    mean = features.mean(axis=0)
    changed = features
    if options.feature_noise:
        noise = rng.standard_normal(features.shape, np.float32)
        changed = features + options.feature_noise * features.std(axis=0) * noise
    if options.mask:
        hidden = _spans(len(features), options.mask * rng.random(), options.mask_span, rng)
        changed = np.where(hidden[:, None], mean, changed)
    return changed


def _spans(n: int, share: float, length: int, rng: np.random.Generator) -> np.ndarray:
    """`(n,)` bool: random spans that cover no more than a share."""
    hidden = np.zeros(n, bool)
    n_hidden = int(share * n)
    while (left := n_hidden - int(hidden.sum())) > 0:
        start = rng.integers(n)
        hidden[start : start + min(length, left)] = True
    return hidden
