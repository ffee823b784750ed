"""Strength from the hands: drawn signers whose movements are made larger and faster."""

import json

import numpy as np
import pytest
from in_process import told
from landmark_shards import WIDTH, write_shard

from sonar_sign.landmarks.layouts import LEFT_HAND, POINTS, RIGHT_HAND
from sonar_sign.speech.hand_strength import MIN_CLIPS, movement, strengths

ROWS_PER_S = 12.0
ELBOWS = [POINTS.index(f"{side}_elbow") for side in ("left", "right")]


def signed(rng, speed=1.0, size=1.0, missing=0.0, swapped=0.0, n_signs=6) -> np.ndarray:
    """Rows of one sentence: both hands go from place to place and stroke there.

    Args:
        missing: share of rows in which a hand is not found.
        swapped: share of rows in which left and right are exchanged.
    """
    per_sign_s = 0.5 / (speed * rng.lognormal(0, 0.08))
    fine = np.arange(0, n_signs * per_sign_s, 1 / 240)
    sign, phase = np.divmod(fine / per_sign_s, 1)
    palms = []
    for _ in range(2):
        places = rng.uniform(-0.6, 0.6, size=(n_signs + 1, 2))
        way = np.clip(2 * phase, 0, 1)[:, None]
        way = way * way * (3 - 2 * way)
        now = sign.astype(int)
        path = places[now] + way * (places[now + 1] - places[now])
        stroke = 0.12 * size * np.sin(np.pi * np.clip(2 * phase - 1, 0, 1))[:, None]
        palms.append(path + stroke * rng.normal(1, 0.2, size=(1, 2)))
    take = slice(None, None, round(240 / ROWS_PER_S))
    points = np.zeros((len(fine[take]), len(POINTS), 2))
    for palm, hand, elbow in zip(palms, (LEFT_HAND, RIGHT_HAND), ELBOWS, strict=True):
        points[:, hand] = palm[take, None] + rng.normal(0, 0.01, size=(len(points), 21, 2))
        points[:, elbow] = palm[take] / 2
        points[rng.random(len(points)) < missing, hand] = 0
    rows = rng.random(len(points)) < swapped
    left, right = points[rows, LEFT_HAND].copy(), points[rows, RIGHT_HAND].copy()
    points[rows, LEFT_HAND], points[rows, RIGHT_HAND] = right, left
    flat = points.reshape(len(points), -1)
    return np.concatenate([flat, np.zeros((len(flat), WIDTH - flat.shape[1]))], axis=1)


def area_under_curve(positive, negative) -> float:
    return float(np.mean(np.asarray(positive)[:, None] > np.asarray(negative)[None]))


@pytest.mark.parametrize(
    "faults", [{}, {"missing": 0.15, "swapped": 0.02}], ids=["clean", "faults"]
)
def test_emphasised_sentences_are_told_from_others(faults):
    """Signers differ more from each other than their emphasised sentences from their others."""
    rng = np.random.default_rng(3)
    manners = {"calm": (0.8, 0.8), "lively": (1.4, 1.3)}
    movements, signers, emphasised = {}, {}, set()
    for signer, (speed, size) in manners.items():
        for n in range(60):
            more = 1.4 if n % 6 == 0 else 1.0
            name = f"{signer}{n}"
            rows = signed(rng, speed * more, size * more, **faults)
            movements[name], signers[name] = movement(rows, ROWS_PER_S), signer
            emphasised |= {name} if more > 1 else set()
    found = strengths(movements, signers)
    values = {name: one.value for name, one in found.items()}
    more = [value for name, value in values.items() if name in emphasised]
    others = [value for name, value in values.items() if name not in emphasised]
    assert area_under_curve(more, others) >= 0.9
    assert 0.35 < np.mean(others) < 0.55
    # Without signers, whoever is lively would seem emphatic.
    pooled = {name: one.value for name, one in strengths(movements, {}).items()}
    more = [value for name, value in pooled.items() if name in emphasised]
    others = [value for name, value in pooled.items() if name not in emphasised]
    assert area_under_curve(more, others) < 0.85


def test_a_camera_that_is_elsewhere_changes_nothing():
    rows = signed(np.random.default_rng(0))
    moved = rows.copy()
    seen = rows[:, : 2 * len(POINTS)] != 0
    moved[:, : 2 * len(POINTS)] += 0.3 * seen
    here, there = movement(rows, ROWS_PER_S), movement(moved, ROWS_PER_S)
    assert there.palms == pytest.approx(here.palms) and there.extent == pytest.approx(here.extent)


@pytest.mark.parametrize(
    "rows",
    [
        np.zeros((0, WIDTH)),
        np.zeros((40, WIDTH)),
        np.ones((40, WIDTH)),
        signed(np.random.default_rng(0))[:3],
        signed(np.random.default_rng(0), missing=1.0),
    ],
    ids=["nothing", "nobody", "still", "short", "no hands"],
)
def test_what_cannot_be_measured_has_no_strength(rows):
    assert movement(rows, ROWS_PER_S) is None


def test_a_signer_of_few_clips_is_compared_with_all():
    rng = np.random.default_rng(1)
    movements = {str(n): movement(signed(rng), ROWS_PER_S) for n in range(MIN_CLIPS + 1)}
    signers = {name: "a" if name == "0" else "b" for name in movements}
    found = strengths(movements, signers)
    assert found["0"].baseline.of == "all signers" and found["1"].baseline.of == "signer"
    assert strengths({"0": movements["0"]}, signers) == {}


def test_the_command_reads_landmarks_and_says_what_it_measured(tmp_path):
    rng = np.random.default_rng(5)
    clips = {f"c{n}": signed(rng) for n in range(12)} | {"strong": signed(rng, 2.0, 2.0)}
    shard = write_shard(tmp_path, "0000", clips)
    manifest = tmp_path / "m.tsv"
    manifest.write_text("".join(["clip_id\tsigner\n", *(f"{name}\ta\n" for name in clips)]))
    table = tmp_path / "p.tsv"
    table.write_text("clip_id\tprediction\nstrong\tHello.\nc1\tHello.\nother\tHello.\n")
    told(
        *["speak", table, "--output", tmp_path / "out", "--engine", "espeak", "--hands"],
        *["--landmarks", shard, "--manifest", manifest],
    )
    rows = [json.loads(line) for line in (tmp_path / "out/speech.jsonl").read_text().splitlines()]
    feelings = {row["id"]: row["feeling"] for row in rows}
    assert feelings["strong"]["source"] == "hands" and feelings["strong"]["emphasis"] > 0.8
    assert feelings["strong"]["style"] == "neutral" and feelings["strong"]["hands"]["n_clips"] == 13
    assert feelings["other"]["source"] == "neutral" and "hands" not in feelings["other"]
