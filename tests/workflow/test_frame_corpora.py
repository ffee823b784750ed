"""PHOENIX-2014T and CSL-Daily from the layouts in which they are published to a metrics file."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from frame_corpora import phoenix_frames, write_csl, write_phoenix
from tiny_models import tiny_encoder, tiny_hiera
from workflow_project import Project

from sonar_sign.core.tables import read_columns
from sonar_sign.features.targets import read_targets
from sonar_sign.models.checkpoint import save_sign_encoder
from sonar_sign.models.hiera_checkpoint import save_sign_hiera
from sonar_sign.models.model_files import read_metadata
from sonar_sign.models.random_files import write_random_pieces

pytestmark = [pytest.mark.slow, pytest.mark.long]
LANGUAGES = ("deu_Latn", "zho_Hans")
GERMAN = ["regen und schnee im norden", "am tag wird es „freundlich“", "sonst ist das klar"]
CHINESE = ["他是谁？", "今天北京下雨。", "我们很好"]


def moving(n_frames: int) -> list[np.ndarray]:
    """Frames of 64 pixels in which a square moves, because motionless clips are not translated."""
    frames = []
    for n in range(n_frames):
        frame = np.full((64, 48, 3), 60, np.uint8)
        frame[10 + n % 30 : 30 + n % 30, 10:30] = 220
        frames.append(frame)
    return frames


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, str]:
    """Random models; SONAR's knows German and Chinese."""
    from sonar_sign.models.sonar_tiny import TinySonarShape, create_sonar_folder, save_weights

    folder = tmp_path_factory.mktemp("models")
    write_random_pieces(folder / "pieces", 300, [*GERMAN, *CHINESE])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        shape = TinySonarShape(32, 1, 2, 32)
        save_weights(create_sonar_folder(folder / "sonar", folder / "pieces", LANGUAGES, shape))
    save_sign_hiera(folder / "hiera.pth", tiny_hiera())
    save_sign_encoder(folder / "encoder.pt", tiny_encoder(), {})
    files = {"sign_hiera": "hiera.pth", "sign_encoder": "encoder.pt", "sonar": "sonar"}
    return {name: str(folder / file) for name, file in files.items()}


def scored(folder: Path, corpus_type: str, root: Path, models: dict[str, str]) -> dict:
    """`metrics/zero_shot.json` by the workflow, of a config as a newcomer writes it."""
    config = {
        "corpus": {"name": "own", "type": corpus_type, "root": str(root), "shards": {"test": 1}},
        "models": models,
        "systems": ["zero_shot"],
        "crop": {"size": 32},
        "decoding": {"beam_size": 1},
    }
    project, target = Project(folder, config), "results/own/metrics/zero_shot.json"
    run = project.run(target)
    assert run.code == 0, run.output
    assert project.dry_run(target) == {}
    return json.loads((folder / "results/own/metrics/zero_shot.json").read_text())


def tables(folder: Path) -> tuple[dict, dict]:
    manifests = folder / "results/own/manifests"
    names = ("clip_id", "fps", "n_frames", "text")
    dropped = read_columns(manifests / "test.dropped.tsv", ("clip_id", "reason"), key=None)
    return read_columns(manifests / "test.tsv", names), dropped


def test_phoenix14t(tmp_path, models):
    names = [f"0{n}April_2010_Thursday_heute-{n}" for n in range(3)]
    root = tmp_path / "PHOENIX-2014-T"
    write_phoenix(
        root, "test", [(name, text, moving(25)) for name, text in zip(names, GERMAN, strict=True)]
    )
    (phoenix_frames(root, "test", names[1]) / "images0007.png").unlink()
    metrics = scored(tmp_path, "phoenix14t", root, models)
    assert (metrics["n_clips"], metrics["language"]) == (2, "deu_Latn")
    assert "tok:13a" in metrics["signature"] and metrics["meteor_variant"] == "nltk-exact-stem"
    manifest, dropped = tables(tmp_path)
    assert manifest["clip_id"] == [names[0], names[2]]
    assert set(manifest["fps"]) == {"25.000000"} and set(manifest["n_frames"]) == {"25"}
    assert (dropped["clip_id"], dropped["reason"]) == ([names[1]], ["unreadable"])
    assert set(read_targets(tmp_path / "results/own/targets/test.npy")) == {names[0], names[2]}


def test_csl_daily(tmp_path, models):
    names = [f"S00000{n}_P000{n}_T00" for n in range(3)]
    clips = [(name, text, moving(30)) for name, text in zip(names, CHINESE, strict=True)]
    write_csl(tmp_path / "csl", {"train": [("S1", "好", 1)], "test": clips})
    metrics = scored(tmp_path, "csl_daily", tmp_path / "csl", models)
    assert (metrics["n_clips"], metrics["language"]) == (3, "zho_Hans")
    assert "tok:zh" in metrics["signature"]
    assert metrics["rouge_tokenizer"] == "unicode-characters"
    assert metrics["meteor_variant"] == "nltk-exact-characters"
    assert metrics["cider_tokenizer"].startswith("characters")
    manifest, dropped = tables(tmp_path)
    assert (manifest["clip_id"], manifest["text"]) == (names, CHINESE)
    assert set(manifest["fps"]) == {"30.000000"} and dropped["reason"] == []


def test_a_training_on_corpora_of_two_types_and_languages(tmp_path, models):
    splits = {
        split: [(f"S{n}_P0001_{split}", CHINESE[n], moving(30)) for n in range(3)]
        for split in ("train", "val", "test")
    }
    write_csl(tmp_path / "csl", splits)
    write_phoenix(
        tmp_path / "phoenix", "train", [(f"p{n}", GERMAN[n], moving(25)) for n in range(2)]
    )
    shards = {"train": 1, "val": 1, "test": 1}
    training = {
        "kind": "sign_encoder", "start": "pretrained", "features": "pretrained", "epochs": 1,
        "data": {"own": 1, "phoenix": 2}, "select": "cosine", "batch_size": 4, "num_workers": 0,
    }  # fmt: skip
    corpora = {"own": ("csl_daily", "csl"), "phoenix": ("phoenix14t", "phoenix")}
    declared = {
        name: {"type": type_, "root": str(tmp_path / root), "shards": shards}
        for name, (type_, root) in corpora.items()
    }
    config = {
        "corpus": {"name": "own", **declared.pop("own")},
        "further_corpora": declared,
        "models": models,
        "trainings": {"mixed": training},
        "systems": {"mixed": {"training": "mixed"}},
        "crop": {"size": 32},
    }
    target = "results/own/checkpoints/mixed/best.pt"
    run = Project(tmp_path, config).run(target)
    assert run.code == 0, run.output
    made = read_metadata(tmp_path / target)["corpora"]
    assert {name: corpus["weight"] for name, corpus in made.items()} == training["data"]
    names = ("clip_id", "language")
    table = read_columns(tmp_path / "results/phoenix/manifests/train.tsv", names)
    assert [table[name] for name in names] == [["p0", "p1"], ["deu_Latn"] * 2]
    german = read_targets(tmp_path / "results/phoenix/targets/train.npy")
    from sonar_sign.models.sonar_text import SonarText

    sonar = SonarText.open(Path(models["sonar"]))
    expected = sonar.embed(['am tag wird es "freundlich"'], "deu_Latn").numpy()[0]
    np.testing.assert_allclose(german["p1"], expected, atol=1e-4)
