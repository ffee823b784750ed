"""Draws a signer: background and body once per video, arms and hands in every frame."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from sonar_sign.demo.body import HAND_LENGTH, Frame, Poses
from sonar_sign.demo.drawing import (
    Colour,
    draw_hand,
    draw_limb,
    fixed,
    limb_outlines,
    shade,
)
from sonar_sign.demo.face import FaceLook, Head, make_head
from sonar_sign.demo.scene import cloth
from sonar_sign.demo.tilted_head import STEPS, TiltedHead, tilted_head

BLUR_STEP_PX, MOST_EXPOSURES = 10, 3
"""Arms are drawn once for every so many pixels of their way while the shutter is open."""
MARGIN_PX = 16
"""How much larger than the image the body layer is on each side, so that the body can move."""

# Outline of the torso's right half from the neck down, in shoulder widths from the midpoint of
# the shoulders.
TORSO = (
    (0.0, 0.17), (0.15, 0.17), (0.17, 0.13), (0.30, 0.09), (0.46, 0.055), (0.565, -0.02),
    (0.61, -0.14), (0.59, -0.34), (0.52, -0.50), (0.48, -0.80), (0.47, -1.10), (0.50, -1.60),
)  # fmt: skip
NECK = ((-0.17, 0.32), (0.17, 0.32), (0.185, 0.12), (0.10, -0.05), (-0.10, -0.05), (-0.185, 0.12))
NECKLINES = {"round": (0.155, 0.10), "wide": (0.17, 0.17), "v": (0.15, 0.30)}
ARM_RADII = (0.118, 0.092, 0.062)
"""Radius at shoulder, elbow and wrist, in shoulder widths."""


@dataclass(frozen=True)
class SignerLook:
    """A signer's face, build and clothes."""

    face: FaceLook
    shirt: Colour
    accent: Colour = (255, 255, 255)
    """Colour of the shirt's pattern."""
    pattern: str = "plain"
    """"plain", "stripes", "bands" or "plaid"."""
    neckline: str = "round"
    """"round", "wide" or "v"."""
    short_sleeves: bool = False
    build: float = 1.0
    """Factor on the width of torso and arms."""
    arm_length: float = 1.0
    """Factor on the length of the arms."""
    light: float = 1.0
    """Factor on the brightness of the whole signer."""


@dataclass(frozen=True, eq=False)
class _Drawn:
    """The arms of all exposures: one of a frame, or several where it is blurred."""

    poses: Poses
    frame_of: np.ndarray
    """(n,) the frame of each exposure, in order."""
    limbs: list[list[tuple[np.ndarray, Colour]]]
    """Outlines of the parts of the right and of the left arm, back to front."""
    hands: np.ndarray
    """(n, 2 sides, 21, 2) fixed-point."""


def _moments(poses: Poses, exposure: float) -> tuple[np.ndarray, np.ndarray]:
    """Frames and moments within them, (n,) each, at which arms are drawn: more where they move."""
    n = len(poses.hands)
    way = np.diff(poses.hands, axis=0, append=poses.hands[-1:])
    blurred_px = exposure * np.linalg.norm(way, axis=-1).max(axis=(1, 2))
    counts = np.clip(np.ceil(blurred_px / BLUR_STEP_PX), 1, MOST_EXPOSURES).astype(int)
    frame_of = np.repeat(np.arange(n), counts)
    number = np.arange(len(frame_of)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = number / np.maximum(counts[frame_of] - 1, 1)
    return frame_of, exposure * share * (counts[frame_of] > 1)


def _between(points: np.ndarray, frame_of: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """`(n_frames, ..., 2)` points at moments between frames."""
    following = points[np.minimum(frame_of + 1, len(points) - 1)]
    shares = moments.reshape(-1, *[1] * (points.ndim - 1))
    return points[frame_of] + shares * (following - points[frame_of])


class Signer:
    """Draws one signer in front of one background.

    Args:
        look: appearance of the signer.
        frame: the camera.
        background: (size, size, 3) uint8 RGB.
        rng: draws the folds of the clothes.
    """

    def __init__(
        self, look: SignerLook, frame: Frame, background: np.ndarray, rng: np.random.Generator
    ) -> None:
        self.look, self.frame = look, frame
        self.head = make_head(look.face, frame.shoulder_px)
        self._background = background
        self._body, self._body_alpha = _body_layer(look, frame, self.head, rng)
        self._bodies: dict[tuple[int, int], np.ndarray] = {}
        # Multiplied by their opacity in advance, which saves half of the blending per frame.
        alpha = self.head.alpha[..., None]
        self._faces = [
            (self._lit(image) * alpha).astype(np.uint8)
            for image in (self.head.open_eyes, self.head.closed_eyes)
        ]
        self._behind_head = np.repeat(np.round(255 * (1 - alpha)).astype(np.uint8), 3, axis=2)
        self._asking: dict[tuple[int, int], TiltedHead] = {}
        self.skin = self._lit_colour(self.head.skin)
        self._sleeve = self._lit_colour(_sleeve_colour(look))
        width = 0.8 + 0.2 * look.build
        self._radii = tuple(radius * frame.shoulder_px * width for radius in ARM_RADII)

    def _lit(self, image: np.ndarray) -> np.ndarray:
        return cv2.convertScaleAbs(image, alpha=self.look.light)

    def _lit_colour(self, colour: Colour) -> Colour:
        return shade(colour, self.look.light)

    def frames(self, poses: Poses, exposure: float = 0.0) -> Iterator[np.ndarray]:
        """Every frame of `poses` as (size, size, 3) uint8 RGB.

        Args:
            exposure: the share of a frame's time for which the shutter is open.
        """
        frame_of, moments = _moments(poses, exposure)
        arms, hands = (_between(part, frame_of, moments) for part in (poses.arms, poses.hands))
        limbs = [self._arm_outlines(arms[:, side]) for side in (0, 1)]
        drawn = _Drawn(poses, frame_of, limbs, fixed(hands))
        firsts = np.searchsorted(frame_of, np.arange(len(poses.hands) + 1))
        for k, (first, last) in enumerate(zip(firsts[:-1], firsts[1:], strict=True)):
            image = self._without_arms(poses, k)
            still = image.copy() if last - first > 1 else image
            self._draw_arms(image, drawn, first)
            for number in range(1, last - first):
                exposed = still.copy()
                self._draw_arms(exposed, drawn, first + number)
                share = 1 / (number + 1)
                image = cv2.addWeighted(image, 1 - share, exposed, share, 0)
            yield image

    def _without_arms(self, poses: Poses, k: int) -> np.ndarray:
        dx, dy = (int(v) for v in poses.body_shift[k])
        if (dx, dy) not in self._bodies:
            self._bodies[dx, dy] = self._still(dx, dy)
        image = self._bodies[dx, dy].copy()
        closed = int(poses.blink[k])
        tilt = round(STEPS * float(poses.asking[k]))
        if not tilt:
            self._draw_head(image, poses.head_shift[k], self._faces[closed])
            return image
        if (tilt, closed) not in self._asking:
            picture = self._lit(self.head.raised[closed])
            self._asking[tilt, closed] = tilted_head(
                picture, self.head.alpha, self.head.corner, tilt / STEPS
            )
        neck = np.round(self.frame.neck) + poses.head_shift[k]
        self._asking[tilt, closed].draw(image, neck)
        return image

    def _draw_arms(self, image: np.ndarray, drawn: "_Drawn", row: int) -> None:
        k = drawn.frame_of[row]
        hand_px = HAND_LENGTH * self.frame.shoulder_px
        for side in (1, 0):
            for outlines, colour in drawn.limbs[side]:
                draw_limb(image, outlines[row], colour)
            folds, roll = drawn.poses.folds[k, side], float(drawn.poses.rolls[k, side])
            draw_hand(image, drawn.hands[row, side], folds, roll, hand_px, self.skin)

    def _arm_outlines(self, joints: np.ndarray) -> list[tuple[np.ndarray, Colour]]:
        """Outlines of the parts of one arm, back to front, for all frames; joints are (n, 3, 2)."""
        shoulder, elbow, wrist = self._radii
        start, bend, end = joints[:, 0], joints[:, 1], joints[:, 2]

        def piece(
            first: np.ndarray, last: np.ndarray, *radii: float, joined: bool = False
        ) -> np.ndarray:
            return limb_outlines(np.stack([first, last], axis=1), radii, joined)

        if self.look.short_sleeves:
            hem = start + 0.62 * (bend - start)
            return [
                (piece(start, bend, shoulder * 0.8, elbow * 0.85), self.skin),
                (piece(start, hem, shoulder, elbow * 1.15, joined=True), self._sleeve),
                (piece(bend, end, elbow * 0.85, wrist * 0.85), self.skin),
            ]
        # The sleeve ends a little before the wrist.
        cuff = bend + 0.92 * (end - bend)
        return [
            (piece(start, bend, shoulder, elbow, joined=True), self._sleeve),
            (piece(cuff, end, wrist * 0.7, wrist * 0.6), self.skin),
            (piece(bend, cuff, elbow, wrist), self._sleeve),
        ]

    def _still(self, dx: int, dy: int) -> np.ndarray:
        """Background and body, moved by at most MARGIN_PX pixels in each direction."""
        size = self.frame.size_px
        left, top = MARGIN_PX - dx, MARGIN_PX - dy
        piece = (slice(top, top + size), slice(left, left + size))
        alpha = np.ascontiguousarray(self._body_alpha[piece])
        body = np.ascontiguousarray(self._body[piece])
        return cv2.blendLinear(body, self._background, alpha, 1 - alpha)

    def _draw_head(self, image: np.ndarray, shift: np.ndarray, face: np.ndarray) -> None:
        corner = np.round(self.frame.neck).astype(int) + self.head.corner + shift
        height, width = face.shape[:2]
        left, top = (int(v) for v in corner)
        crop_top = max(0, -top)
        piece = image[top + crop_top : top + height, left : left + width]
        behind = cv2.multiply(piece, self._behind_head[crop_top:], scale=1 / 255)
        cv2.add(behind, face[crop_top:], dst=piece)


def _sleeve_colour(look: SignerLook) -> Colour:
    share = {"plain": 0.0, "stripes": 0.2, "plaid": 0.25, "bands": 0.15}[look.pattern]
    mixed = (1 - share) * np.array(look.shirt) + share * np.array(look.accent)
    red, green, blue = (int(v) for v in mixed)
    return red, green, blue


def _body_layer(
    look: SignerLook, frame: Frame, head: Head, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Long hair, neck and torso: (side, side, 3) uint8 RGB and (side, side) float32 opacity."""
    side = frame.size_px + 2 * MARGIN_PX
    unit = frame.shoulder_px
    origin = np.array(frame.neck) + MARGIN_PX

    def outline(points: np.ndarray, width: float = 1.0) -> np.ndarray:
        return fixed(np.asarray(points) * unit * (width, -1) + origin)

    half = np.array(TORSO)
    torso_points = _smooth(np.concatenate([half, half[::-1] * (-1, 1)]))
    torso = _filled(side, outline(torso_points, 0.75 + 0.25 * look.build))
    neck = _filled(side, outline(_smooth(np.array(NECK))))
    width, depth = NECKLINES[look.neckline]
    curve = np.linspace(0, np.pi, 24)
    drop = np.sin(curve) if look.neckline != "v" else 1 - np.abs(np.linspace(-1, 1, 24))
    opening = np.stack([-width * np.cos(curve), 0.12 - depth * drop], axis=1)
    opening = np.concatenate([opening, [[width, 0.35], [-width, 0.35]]])
    hole = _filled(side, outline(opening))

    image = np.empty((side, side, 3), np.float32)
    image[:] = head.hair
    alpha = np.zeros((side, side), np.float32)
    if look.face.long_hair:
        hair = _hair(side, origin, unit)
        strands = (
            1
            + 0.14
            * cv2.GaussianBlur(
                rng.standard_normal((side, side)).astype(np.float32), (0, 0), 1.0, sigmaY=20
            )[..., None]
            * 6
        )
        image *= strands * 0.8
        alpha = hair
    rows = (np.mgrid[0:side, 0:side][0] - origin[1])[..., None] / unit
    skin = np.array(head.neck_skin, np.float32) * np.clip(0.74 + 1.1 * (rows + 0.26), 0.74, 1.02)
    for layer, mask in ((skin, neck), (_shirt(look, torso, side, unit, rng), torso * (1 - hole))):
        image += mask[..., None] * (layer - image)
        alpha = np.maximum(alpha, mask)
    rim = np.clip(cv2.GaussianBlur(hole, (0, 0), 0.02 * unit) * (1 - hole) * torso, 0, 1)
    image *= 1 - 0.5 * rim[..., None]
    return np.clip(image * look.light, 0, 255).astype(np.uint8), np.maximum(alpha, neck)


def _shirt(
    look: SignerLook, torso: np.ndarray, side: int, unit: float, rng: np.random.Generator
) -> np.ndarray:
    """The shirt, darker where the body turns away from the viewer: (side, side, 3) float32."""
    period = 0.16 * unit
    fabric = cloth((side, side), look.shirt, look.pattern, look.accent, period, rng)
    inside = cv2.distanceTransform((torso > 0.5).astype(np.uint8), cv2.DIST_L2, 3) / unit
    roundness = 0.62 + 0.38 * np.sqrt(np.clip(inside / 0.22, 0, 1))
    slope = 1.05 - 0.12 * np.linspace(0, 1, side, dtype=np.float32)[None, :]
    return fabric * (roundness * slope)[..., None]


def _hair(side: int, origin: np.ndarray, unit: float) -> np.ndarray:
    """Hair that falls behind the shoulders: opacity, (side, side)."""
    half = np.array([(0.0, 0.95), (0.3, 0.85), (0.40, 0.5), (0.36, 0.1), (0.3, -0.12), (0, -0.1)])
    points = _smooth(np.concatenate([half, half[-2:0:-1] * (-1, 1)]))
    return _filled(side, fixed(points * unit * (1, -1) + origin))


def _filled(side: int, polygon: np.ndarray) -> np.ndarray:
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [polygon], 255, cv2.LINE_AA, shift=4)
    return mask.astype(np.float32) / 255


def _smooth(points: np.ndarray, rounds: int = 2) -> np.ndarray:
    """Cut the corners of a closed outline (Chaikin's curve)."""
    for _ in range(rounds):
        following = np.roll(points, -1, axis=0)
        near, far = 0.75 * points + 0.25 * following, 0.25 * points + 0.75 * following
        points = np.stack([near, far], axis=1).reshape(-1, 2)
    return points
