"""Joint positions in pixels for every frame, computed from the state of both hands."""

from dataclasses import dataclass

import numpy as np

from sonar_sign.demo.face import Head
from sonar_sign.demo.handshapes import PALM_CENTRE, hand_points
from sonar_sign.demo.motion import Performance

# Positions and lengths are in shoulder widths.
SHOULDER = np.array([0.485, -0.085, 0.0])
HAND_LENGTH = 0.55
WRIST_DEPTH = 0.35
"""Distance of the wrists in front of the chest; the arms are foreshortened accordingly."""
# Elbows hang down, slightly outwards and backwards.
ELBOW_PULL = np.array([0.55, -1.0, -0.25])
HIP = (0.30, -1.45)

N_BODY_POINTS = 25
"""Points of OpenPose's BODY_25 model."""


@dataclass(frozen=True)
class Frame:
    """The camera: a square image and the signer's place in it."""

    size_px: int
    """Width and height."""
    shoulder_px: float
    """Shoulder width."""
    neck: tuple[float, float]
    """(x, y) of the midpoint of the shoulders at rest, in pixels."""


@dataclass(frozen=True)
class Poses:
    """Joints in pixels, (x, y), for every frame."""

    arms: np.ndarray
    """(n_frames, 2 sides: right, left; 3 joints: shoulder, elbow, wrist; 2)."""
    hands: np.ndarray
    """(n_frames, 2 sides, 21 joints, 2)."""
    folds: np.ndarray
    """(n_frames, 2 sides, 4): how far each finger is folded, index to little finger."""
    rolls: np.ndarray
    """(n_frames, 2 sides): 1 shows the palm, -1 the back of the hand."""
    body_shift: np.ndarray
    """(n_frames, 2) offset from the rest position, whole pixels."""
    head_shift: np.ndarray
    """(n_frames, 2) offset from the rest position, whole pixels; includes `body_shift`."""
    blink: np.ndarray
    """(n_frames,) whether the eyes are closed."""
    asking: np.ndarray
    """(n_frames,) how far brows are raised and the head is tilted, 0 to 1."""


def pose(performance: Performance, frame: Frame, arm_length: float) -> Poses:
    """Compute arms (inverse kinematics) and hands; `arm_length` scales both arm bones."""
    unit = frame.shoulder_px
    body_shift = np.round(performance.sway * unit * (1, -1)).astype(int)
    head_shift = body_shift + np.round(performance.nod * unit * (1, -1)).astype(int)
    sides = []
    for state, mirror in ((performance.right, -1.0), (performance.left, 1.0)):
        arm, hand = _solve(state, arm_length)
        to_pixels = unit * np.array([mirror, -1.0])
        place = (np.array(frame.neck) + body_shift)[:, None, :]
        sides.append((arm * to_pixels + place, hand * to_pixels + place))
    states = np.stack([performance.right, performance.left], axis=1)
    return Poses(
        arms=np.stack([arm for arm, _ in sides], axis=1),
        hands=np.stack([hand for _, hand in sides], axis=1),
        folds=states[:, :, 4:8],
        rolls=states[:, :, 3],
        body_shift=body_shift,
        head_shift=head_shift,
        blink=performance.blink,
        asking=performance.asking,
    )


def _solve(state: np.ndarray, arm_length: float) -> tuple[np.ndarray, np.ndarray]:
    """One arm: (n, 3, 2) arm joints and (n, 21, 2) hand joints, in shoulder widths, y up."""
    angle = np.radians(state[:, 2])
    along = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    thumbwards = np.stack([-along[:, 1], along[:, 0]], axis=1)
    wrist = state[:, :2] - PALM_CENTRE * HAND_LENGTH * along

    upper, fore = 0.78 * arm_length, 0.66 * arm_length
    reach = 0.98 * (upper + fore)
    flat = wrist - SHOULDER[:2]
    distance = np.linalg.norm(flat, axis=1, keepdims=True)
    flat *= np.minimum(1.0, reach / np.maximum(distance, 1e-6))
    depth = np.sqrt(np.maximum(reach**2 - (flat**2).sum(axis=1), 0.0))
    target = np.concatenate([flat, np.minimum(WRIST_DEPTH, depth)[:, None]], axis=1)  # (n, 3)

    span = np.linalg.norm(target, axis=1, keepdims=True)
    span = np.maximum(span, abs(upper - fore) + 0.02)
    towards = target / span
    along_span = (upper**2 - fore**2 + span**2) / (2 * span)
    height = np.sqrt(np.maximum(upper**2 - along_span**2, 0.0))
    pull = ELBOW_PULL - (towards @ ELBOW_PULL)[:, None] * towards
    pull /= np.linalg.norm(pull, axis=1, keepdims=True)
    elbow = SHOULDER + along_span * towards + height * pull

    wrist = SHOULDER[:2] + flat
    shoulder = np.broadcast_to(SHOULDER[:2], wrist.shape)
    arm = np.stack([shoulder, elbow[:, :2], wrist], axis=1)
    local = hand_points(state[:, 4:], state[:, 3]) * HAND_LENGTH
    hand = (
        wrist[:, None, :] + local[..., :1] * thumbwards[:, None] + local[..., 1:] * along[:, None]
    )
    return arm, hand


def keypoints(
    poses: Poses, head: Head, frame: Frame, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """OpenPose's keypoints, each (x, y, confidence) in pixels.

    Points outside the image are three zeros, which is how OpenPose writes undetected points.

    Returns:
        body (n, 25, 3) in BODY_25 order, face (n, 70, 3), hands (n, 2 sides: right and
        left, 21, 3).
    """
    n = len(poses.arms)
    neck = np.array(frame.neck)
    on_head = (neck + poses.head_shift)[:, None, :]
    face = head.points_at(poses.asking) + on_head
    body = np.full((n, N_BODY_POINTS, 2), -1e6)
    body[:, 0] = face[:, 30]
    body[:, 1] = poses.arms[:, :, 0].mean(axis=1)
    body[:, 2:5] = poses.arms[:, 0]
    body[:, 5:8] = poses.arms[:, 1]
    body[:, 15:17] = face[:, 68:70]
    body[:, 17:19] = head.ears_at(poses.asking) + on_head
    hips = neck + poses.body_shift + frame.shoulder_px * np.array([0.0, -HIP[1]])
    body[:, 8] = hips
    body[:, 9] = hips - (HIP[0] * frame.shoulder_px, 0)
    body[:, 12] = hips + (HIP[0] * frame.shoulder_px, 0)

    def seen(points: np.ndarray, low: float, high: float) -> np.ndarray:
        inside = ((points >= 0) & (points <= frame.size_px - 1)).all(axis=-1, keepdims=True)
        confidence = rng.uniform(low, high, size=inside.shape)
        return np.where(inside, np.concatenate([points, confidence], axis=-1), 0.0)

    return seen(body, 0.75, 0.95), seen(face, 0.7, 0.95), seen(poses.hands, 0.5, 0.9)
