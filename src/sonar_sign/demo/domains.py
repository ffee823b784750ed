"""The two domains of the demo: their signers, signing styles, backgrounds and cameras."""

from dataclasses import dataclass, replace

import numpy as np

from sonar_sign.demo.body import Frame
from sonar_sign.demo.face import FaceLook
from sonar_sign.demo.motion import Manner
from sonar_sign.demo.scene import hue_colour, room, studio
from sonar_sign.demo.signer import SignerLook

SIZE_PX = 400
"""Width and height of every video."""
DOMAINS = ("news", "howto")

# Signers by the number that stands in How2Sign's file names.
NEWS_SIGNER = 6
SIGNERS: dict[int, tuple[SignerLook, Manner]] = {
    NEWS_SIGNER: (SignerLook(FaceLook(), shirt=(38, 42, 58), neckline="round"), Manner()),
    1: (
        SignerLook(
            FaceLook(hair_gain=(0.42, 0.36, 0.36), mirrored=True, long_hair=True, width=0.97),
            shirt=(176, 48, 52), accent=(192, 84, 82), pattern="stripes",
            neckline="wide", build=0.95,
        ),
        Manner(tempo=1.04, size=0.97, shift=(0.01, 0.01), tilt_deg=-2),
    ),
    2: (
        SignerLook(
            FaceLook((0.98, 0.93, 0.9), (1.25, 1.4, 1.6), hair_grey=0.9, glasses=True, width=1.06),
            shirt=(40, 98, 150), accent=(70, 124, 164), pattern="plaid",
            neckline="v", build=1.2, light=1.05,
        ),
        Manner(tempo=0.96, size=1.03, shift=(-0.01, -0.01), tilt_deg=2),
    ),
    3: (
        SignerLook(
            FaceLook((0.8, 0.7, 0.63), (0.24, 0.22, 0.24), hair_grey=0.6, mirrored=True),
            shirt=(20, 112, 112), accent=(80, 132, 96), pattern="plain",
            neckline="round", build=1.0, arm_length=1.05,
        ),
        Manner(tempo=1.0, size=1.03, shift=(0.01, 0.0), tilt_deg=0),
    ),
    4: (
        SignerLook(
            FaceLook((0.93, 0.86, 0.8), (0.5, 0.42, 0.36), beard=0.8, width=1.04, height=1.02),
            shirt=(62, 124, 74), neckline="v", build=1.25, light=0.94,
        ),
        Manner(tempo=0.95, size=0.98, shift=(-0.01, 0.01), tilt_deg=-2),
    ),
    5: (
        SignerLook(
            FaceLook((0.9, 0.82, 0.76), (0.75, 0.42, 0.28), hair_grey=0.3, glasses=True,
                     width=0.95, long_hair=True),
            shirt=(108, 58, 128), accent=(128, 82, 148), pattern="stripes",
            neckline="round", build=1.08, arm_length=0.97,
        ),
        Manner(tempo=1.04, size=1.02, shift=(0.01, -0.01), tilt_deg=2),
    ),
}  # fmt: skip

HOWTO_SIGNERS = {"train": (1, 2, 3, 4), "val": (1, 2, 3, 4), "test": (5, 1, 2)}
"""Signer 5 appears in the test split only. Further splits have the signers of train."""

LEFT_HANDED_SIGNER = 4
MOVEMENT = {1: -0.6, 2: 0.5, 3: 1.0, 4: -1.0, 5: 0.7, NEWS_SIGNER: 0.0}
"""How much larger (1) or smaller (-1) than others a signer signs, in movement spreads."""


@dataclass(frozen=True)
class Shot:
    """Everything about a video except the signing itself."""

    look: SignerLook
    manner: Manner
    frame: Frame
    background: np.ndarray
    """(SIZE_PX, SIZE_PX, 3) uint8 RGB."""


def signer_of(domain: str, split: str, video: int, left_handed: bool = False) -> int:
    """The signer's number in the `video`-th video of a split; signers alternate.

    Args:
        left_handed: whether the left-handed signer is in test too.
    """
    if domain == "news":
        return NEWS_SIGNER
    signers = HOWTO_SIGNERS.get(split, HOWTO_SIGNERS["train"])
    if left_handed and LEFT_HANDED_SIGNER not in signers:
        signers = (*signers, LEFT_HANDED_SIGNER)
    return signers[video % len(signers)]


def set_up(
    domain: str, signer: int, rng: np.random.Generator, movement_spread: float = 0.0
) -> Shot:
    """Choose clothes, camera and background of one video."""
    look, manner = SIGNERS[signer]
    manner = replace(manner, size=manner.size * (1 + movement_spread * MOVEMENT[signer]))
    if domain == "news":
        suit = hue_colour(rng.random(), rng.uniform(0.1, 0.7), rng.uniform(0.12, 0.75))
        look = replace(look, shirt=suit, light=rng.uniform(0.9, 1.06))
        unit = rng.uniform(179.0, 188.0)
        neck = (SIZE_PX / 2 + rng.uniform(-8, 8), 204 + rng.uniform(-5, 5))
        return Shot(look, manner, Frame(SIZE_PX, unit, neck), studio(SIZE_PX, rng))
    unit = rng.uniform(173.0, 182.5)
    neck = (SIZE_PX / 2 + rng.uniform(-18, 18), 1.12 * unit + rng.uniform(4, 12))
    return Shot(look, manner, Frame(SIZE_PX, unit, neck), room(SIZE_PX, rng))
