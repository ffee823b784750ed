"""Draw the pictures of docs/synthetic_corpus.md: drawn signers, each difficulty by itself.

    .venv/bin/python scripts/draw_synthetic_corpus.py [FOLDER]

writes them to docs/images, or to FOLDER.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from sonar_sign.core.files import atomic_write
from sonar_sign.demo.articulation import Delivery
from sonar_sign.demo.body import Poses, keypoints, pose
from sonar_sign.demo.detector import detected
from sonar_sign.demo.domains import Shot, set_up
from sonar_sign.demo.grammar import LETTER, Place, Sentence
from sonar_sign.demo.motion import FPS, Performance, other_handed, perform
from sonar_sign.demo.signer import Signer

FOLDER = Path(__file__).resolve().parents[1] / "docs/images"
SIDE_PX = 200
CROP_PX = 64
"""The size of the demo's clips."""
SENTENCE = Sentence("FRIEND", "PAINT", "TREE", None, None, False, False)
PARTS = ((230, 60, 50), (40, 150, 60), (240, 190, 30))
"""Colours of the keypoints of body, face and hands."""


def filmed(sentence: Sentence, signer: int = 3, **delivery: float) -> tuple[Shot, Performance]:
    """A signer in a room, and the signing of one sentence."""
    rng = np.random.default_rng(8)
    shot = set_up("howto", signer, rng)
    return shot, perform([sentence], shot.manner, rng, [Delivery(**delivery)])


def frames_of(
    shot: Shot, performance: Performance, exposure: float = 0.0
) -> tuple[list[np.ndarray], Poses, Signer]:
    """Every frame, (400, 400, 3) uint8 RGB."""
    signer = Signer(shot.look, shot.frame, shot.background, np.random.default_rng(1))
    poses = pose(performance, shot.frame, shot.look.arm_length)
    return list(signer.frames(poses, exposure)), poses, signer


def middle_of(performance: Performance, gloss: str) -> int:
    """The frame in the middle of a sign."""
    span = next(one for one in performance.signs[0] if one.name == gloss)
    return int(FPS * (span.start_s + span.end_s) / 2)


def small(image: np.ndarray) -> np.ndarray:
    """As large as in a clip, enlarged without smoothing."""
    crop = cv2.resize(image, (CROP_PX, CROP_PX), interpolation=cv2.INTER_AREA)
    return cv2.resize(crop, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_NEAREST)


def sheet(folder: Path, name: str, rows: Sequence[Sequence[np.ndarray]]) -> None:
    """Write pictures in rows as one PNG."""
    scaled = [[cv2.resize(image, (SIDE_PX, SIDE_PX)) for image in row] for row in rows]
    picture = np.concatenate([np.concatenate(row, axis=1) for row in scaled])
    folder.mkdir(parents=True, exist_ok=True)
    # 64 colours halve the file, and nobody sees it.
    picture = (picture // 8) * 8
    _, encoded = cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    with atomic_write(folder / name) as temporary:
        temporary.write_bytes(encoded.tobytes())


def spelling(folder: Path) -> None:
    """A name letter by letter, and the same at the size of a clip."""
    shot, performance = filmed(replace(SENTENCE, subject="LINA"))
    frames, _, _ = frames_of(shot, performance)
    shown = [frames[middle_of(performance, f"{LETTER}{letter}") + 1] for letter in "LINA"]
    sheet(folder, "spelling.png", [shown, [small(image) for image in shown]])


def face(folder: Path) -> None:
    """A statement, a question and a negation, and the same at the size of a clip."""
    shown = []
    for change in ({}, {"asks": True}, {"negated": True, "head_negation": True}):
        shot, performance = filmed(replace(SENTENCE, **change))
        frames, _, _ = frames_of(shot, performance)
        number = middle_of(performance, "PAINT")
        if "negated" in change:
            number += int(np.abs(performance.nod[number : number + 6, 0]).argmax())
        shown.append(frames[number])
    sheet(folder, "face.png", [shown, [small(image) for image in shown]])


def pointing(folder: Path) -> None:
    """A person is set up in space; the next sentence points there."""
    place = Place("across", "subject")
    first = replace(SENTENCE, subject="MOTHER", sets_up=place)
    second = replace(SENTENCE, subject="MOTHER", points_to=place, pronoun=True, verb="CUT")
    shown = []
    for sentence, glosses in ((first, ("MOTHER", "POINT_ACROSS", "PAINT")), (second, None)):
        shot, performance = filmed(sentence)
        frames, _, _ = frames_of(shot, performance)
        signs = glosses or ("TREE", "POINT_ACROSS", "CUT")
        shown.append([frames[middle_of(performance, gloss) + 1] for gloss in signs])
    sheet(folder, "pointing.png", shown)


def speed(folder: Path) -> None:
    """A sharp, a blurred, an emphasised and a left-handed repetition of one moment."""
    shown = []
    for exposure, delivery in ((0.0, {}), (0.5, {}), (0.5, {"emphasis": 1.0})):
        shot, performance = filmed(SENTENCE, **delivery)
        frames, _, _ = frames_of(shot, performance, exposure)
        shown.append(frames[middle_of(performance, "PAINT")])
    shot, performance = filmed(SENTENCE, signer=4)
    frames, _, _ = frames_of(shot, other_handed(performance), 0.5)
    shown.append(frames[middle_of(performance, "PAINT")])
    sheet(folder, "speed.png", [shown])


def found(folder: Path) -> None:
    """Keypoints as they are drawn, and with the faults of a detector."""
    shot, performance = filmed(replace(SENTENCE, subject="TEACHER", verb="WASH", noun="APPLE"))
    frames, poses, signer = frames_of(shot, performance, 0.5)
    clean = keypoints(poses, signer.head, shot.frame, np.random.default_rng(2))
    faulty = detected(*clean, shot.frame.shoulder_px, np.random.default_rng(5))
    numbers = np.linspace(10, len(frames) - 14, 5).astype(int)
    rows = [
        [_marked(frames[number], [part[number] for part in parts]) for number in numbers]
        for parts in (clean, faulty)
    ]
    sheet(folder, "keypoints.png", rows)


def _marked(image: np.ndarray, parts: Sequence[np.ndarray]) -> np.ndarray:
    image = image.copy()
    for points, colour in zip(parts, PARTS, strict=True):
        for x, y, confidence in points.reshape(-1, 3):
            if confidence > 0:
                cv2.circle(image, (round(x), round(y)), 3, colour, -1, cv2.LINE_AA)
    return image


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for draw in (spelling, face, pointing, speed, found):
        draw(folder)


if __name__ == "__main__":
    main()
