"""Metrics files that `compare` cannot believe."""

import json

import numpy as np
import pandas as pd
import pytest
from comparison_files import REFERENCES, comparison_folder, corrupted, metrics, run, table
from frames import write_table
from in_process import refusal


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = comparison_folder(tmp_path_factory.mktemp("metrics"))
    return metrics(folder, "a", corrupted(REFERENCES, 0.3)), metrics(folder, "b", REFERENCES)


@pytest.fixture
def copied(made, tmp_path):
    for path in made:
        for suffix in (".json", ".npz"):
            (tmp_path / path.with_suffix(suffix).name).write_bytes(
                path.with_suffix(suffix).read_bytes()
            )
    return tmp_path


def refused(folder):
    message = refusal("compare", folder / "a.json", folder / "b.json", "--output", folder / "out")
    assert not (folder / "out").exists()
    return message


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("system", 3),
        ("system", "a\nb"),
        ("language", ["eng_Latn"]),
        ("seed", "one"),
        ("seed", -1),
        ("n_clips", "40"),
        ("n_empty", None),
        ("components", [1]),
        ("components", {"sign_encoder": "x"}),
        ("decoding", "beam"),
        ("further_metrics", None),
    ],
)
def test_a_value_of_another_kind_is_refused(copied, key, value):
    change(copied / "b.json", **{key: value})
    assert f"b.json: {key!r} cannot be" in refused(copied)


@pytest.mark.parametrize("content", ["", "[", "[1]", '"a"', '{"a": NaN}', "[" * 99_999, "\ufeff{"])
def test_what_is_no_metrics_file_is_refused(copied, content):
    (copied / "b.json").write_text(content, encoding="utf-8")
    assert "b.json" in refused(copied)


@pytest.mark.parametrize("changes", [{"bleu_4": 99.0}, {"n_clips": 39}, {"clips_sha256": "0" * 64}])
def test_statistics_of_another_evaluation_are_refused(copied, changes):
    change(copied / "a.json", **changes)
    assert "a.npz has the statistics of another evaluation than" in refused(copied)


def test_swapped_statistics_are_refused(copied):
    first, second = (copied / f"{name}.npz" for name in "ab")
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other), second.write_bytes(one)
    assert "do not belong together" in refused(copied)


@pytest.mark.parametrize(
    "damage",
    [
        lambda array: array[:-1],
        lambda array: array[:, :-1],
        lambda array: array.astype(np.str_),
        lambda array: array * np.nan,
        lambda array: array[0],
        lambda array: np.float64(1),
    ],
)
def test_damaged_statistics_are_refused(copied, damage):
    path = copied / "a.npz"
    with np.load(path) as arrays:
        changed = {**arrays}
    changed["metric.bleu_4"] = damage(changed["metric.bleu_4"])
    np.savez(path, **changed)
    message = refused(copied)
    assert "a.npz" in message or "a.json: the metric bleu_4 is not a number" in message


@pytest.mark.parametrize(
    ("n_frames", "fps"), [("x", "24"), ("24", "0"), ("nan", "24"), ("1", "-1")]
)
def test_frames_that_are_no_numbers_are_refused(tmp_path, n_frames, fps):
    folder = comparison_folder(tmp_path)
    manifest = pd.read_csv(folder / "test.tsv", sep="\t", dtype=str)
    write_table(folder / "odd.tsv", manifest.assign(n_frames=n_frames, fps=fps))
    files = ["--reference", folder / "test.tsv", "--manifest", folder / "odd.tsv"]
    path = table(folder, "A", REFERENCES)
    message = refusal("compare", path, *files, "--output", folder / "out")
    assert f"{n_frames!r} frames at {fps!r}" in message


def test_a_manifest_of_other_clips_is_refused(tmp_path):
    folder = comparison_folder(tmp_path)
    manifest = pd.read_csv(folder / "test.tsv", sep="\t", dtype=str)
    write_table(folder / "few.tsv", manifest[3:])
    files = ["--reference", folder / "test.tsv", "--manifest", folder / "few.tsv"]
    path = table(folder, "A", REFERENCES)
    message = refusal("compare", path, *files, "--output", folder / "out")
    assert "few.tsv lacks 3 of the clips (c00, c01, c02)" in message
    more = pd.concat([manifest, manifest[:1].assign(clip_id="more")])
    write_table(folder / "more.tsv", more)
    whole, wider = (
        run(folder, path, reference=folder / "test.tsv", manifest=folder / name)
        for name in ("test.tsv", "more.tsv")
    )
    assert whole["breakdowns"] == wider["breakdowns"] and "signer" in whole["breakdowns"]
