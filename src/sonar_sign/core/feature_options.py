"""Settings of trainings on features alone."""

from dataclasses import dataclass
from typing import Annotated

from sonar_sign.core.bounds import SHARE_BELOW_ONE, between


@dataclass(frozen=True)
class ContextOptions:
    """What a sign encoder reads besides a clip."""

    context: Annotated[
        int, "Sentences before a clip, in its video, that are read with it.", between(0, 2)
    ] = 0


@dataclass(frozen=True)
class FeatureAugmentOptions:
    """How much training features are changed; 0 changes nothing."""

    feature_noise: Annotated[
        float, "Standard deviation of noise, as a share of the clip's own.", between(0, 10)
    ] = 0.0
    mask: Annotated[float, "Largest share of a clip that is hidden, in spans.", SHARE_BELOW_ONE] = (
        0.0
    )
    mask_span: Annotated[int, "Features of a hidden span.", between(1, 1000)] = 8
