"""`export`: a folder that gives the texts of `predict` wherever it lies."""

import json
import os
import shutil
import socket
import subprocess
import sys

import pytest
import torch
import yaml
from build_once import build_once
from in_process import refusal, told
from tiny_systems import SPANS, SYSTEMS, build_project, entry_of, predictions_of

import sonar_sign
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of, write_json
from sonar_sign.export.system_export import export_system
from sonar_sign.models.model_files import open_file, origin_sha256, read_metadata

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def declared(tmp_path_factory, tiny_sonar):
    """A project with systems, without predictions."""

    def build(folder):
        build_project(folder, tiny_sonar, predicted=False)

    return build_once(tmp_path_factory, "declared", build)


@pytest.fixture(scope="module")
def predicted(tmp_path_factory, tiny_sonar):
    """A project with systems, their predictions and their scores."""
    return build_once(
        tmp_path_factory, "predicted", lambda folder: build_project(folder, tiny_sonar)
    )


def exported(project, name, output, **how):
    return export_system(name, output, results=project / "results/tiny", **how)


OFFLINE = """
import json, socket, sys
def blocked(*_): raise OSError("no network in this test")
socket.socket.connect = socket.create_connection = blocked
import sonar_sign
for folder, video, keypoints, spans, languages in json.loads(sys.argv[1]):
    translator = sonar_sign.load(folder)
    parts = translator.translate(video, languages, spans=spans, keypoints=keypoints)
    print(json.dumps([part.texts for part in parts]))
"""


def without_network(folder, tasks):
    """What another process gives that has another home, no network, and nothing of the project."""
    (folder / "home").mkdir()
    kept = ("PATH", "PYTHONPATH", "OMP_NUM_THREADS")
    environment = {key: os.environ[key] for key in kept if key in os.environ}
    environment["HOME"] = str(folder / "home")
    command = [sys.executable, "-c", OFFLINE, json.dumps(tasks)]
    cut_off = ["unshare", "-rn"]
    if subprocess.run([*cut_off, "true"], capture_output=True).returncode == 0:
        command = cut_off + command
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.long
def test_the_same_texts_elsewhere_without_a_network(predicted, tmp_path):
    tasks = []
    for name in SYSTEMS:
        exported(predicted, name, tmp_path / "here" / name)
        keypoints = str(predicted / "raw/openpose") if name in ("fused", "landmarks") else None
        folder = str(tmp_path / "another place" / name)
        video, languages = str(predicted / "raw/v.mp4"), entry_of(name)["languages"]
        tasks.append([folder, video, keypoints, SPANS, languages])
    (tmp_path / "here").rename(tmp_path / "another place")
    for task, parts in zip(tasks, without_network(tmp_path, tasks), strict=True):
        for language in task[-1]:
            found = [part[language] for part in parts]
            assert found == predictions_of(predicted, os.path.basename(task[0]), language)
            assert any(found)


@pytest.mark.long
def test_the_card_is_filled_from_the_run(predicted, tmp_path):
    exported(predicted, "finetuned", tmp_path / "finetuned")
    text = (tmp_path / "finetuned/README.md").read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    about = yaml.safe_load(front)
    assert (about["license"], about["language"]) == ("mit", ["en", "it"])
    results = about["model-index"][0]["results"]
    assert [one["dataset"]["config"] for one in results] == [
        "into eng_Latn, 3 clips",
        "into ita_Latn, 3 clips",
    ]
    scores = json.loads((predicted / "results/tiny/metrics/finetuned.json").read_text())
    of_card = {one["name"]: one for one in results[0]["metrics"]}
    assert of_card["chrF"]["value"] == round(scores["chrf"], 4)
    assert of_card["chrF"]["args"]["signature"] == scores["chrf_signature"]
    low, high = of_card["chrF"]["args"]["confidence_interval_95"]
    assert low <= of_card["chrF"]["value"] <= high
    for words in (
        origin_sha256(predicted / "models/encoder.pt"), "| test | 3 | 3 | 0.001 |",
        "epochs: 1", "Trained on drawn signers", "Not for medical", "Seed of the run: 1.",
        "| corpus tiny (demo) |", "`sign_encoder/model.safetensors`",
    ):  # fmt: skip
        assert words in body


@pytest.mark.long
def test_scores_of_another_checkpoint_are_refused(predicted, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(predicted, project, symlinks=True)
    path = project / "results/tiny/metrics/finetuned.json"
    write_json(path, json.loads(path.read_text()) | {"checkpoint_sha256": "0" * 64})
    with pytest.raises(UserError, match="finetuned.json is of another checkpoint"):
        exported(project, "finetuned", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_and_metadata_are_those_of_the_checkpoints(declared, tmp_path):
    exported(declared, "fused", tmp_path / "fused")
    for name, place in (
        ("hiera.pth", "video_encoder"),
        ("fused.pt", "sign_encoder"),
        ("landmarks.pt", "landmark_model"),
    ):
        source, copy = declared / "models" / name, tmp_path / "fused" / place / "model.safetensors"
        before, after = open_file(source, "A model"), open_file(copy, "A model")
        assert read_metadata(copy) == read_metadata(source)
        assert origin_sha256(copy) == sha256_of(source)
        entries = [key for key, value in before.items() if isinstance(value, dict)]
        for entry in (key for key in entries if key not in ("config", "extra")):
            assert before[entry].keys() == after[entry].keys()
            for key, tensor in before[entry].items():
                assert torch.equal(tensor, after[entry][key])
        assert before["config"] == after["config"]
    assert after["tokenizer"].equal(before["tokenizer"])


def test_half_the_space(declared, tmp_path):
    whole = exported(declared, "finetuned", tmp_path / "whole")
    half = exported(declared, "finetuned", tmp_path / "half", half=True)
    weights = [name for name in whole.files if name.endswith("model.safetensors")]
    assert len(weights) == 2
    for name in weights:
        assert half.files[name] < 0.7 * whole.files[name]  # of so small a file, the names are much
    assert whole.size == sum(p.stat().st_size for p in (tmp_path / "whole").rglob("*.*"))
    rounded = open_file(tmp_path / "half/sign_encoder/model.safetensors", "A model")["student"]
    exact = open_file(declared / "models/encoder.pt", "A model")["student"]
    for key, tensor in exact.items():
        assert rounded[key].dtype == torch.float32
        assert torch.equal(rounded[key], tensor.bfloat16().float())


def test_the_same_run_gives_the_same_folder(declared, tmp_path):
    for name in ("one", "two"):
        exported(declared, "decoder", tmp_path / name)
    files = [path for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) == 12
    for path in files:
        assert (
            path.read_bytes()
            == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
        )


def test_an_exported_folder_is_replaced_and_anything_else_stays(declared, tmp_path):
    output = tmp_path / "out"
    exported(declared, "landmarks", output)
    (output / "landmark_model/extra").write_text("old")
    exported(declared, "finetuned", output)
    assert not (output / "landmark_model").exists() and (output / "video_encoder").is_dir()
    (output / "thesis.tex").write_text("my own")
    with pytest.raises(UserError, match="holds thesis.tex, so it is no exported system"):
        exported(declared, "finetuned", output)
    assert (output / "thesis.tex").read_text() == "my own"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_a_public_sonar_is_named_by_its_hash(declared, tmp_path, monkeypatch, tiny_sonar):
    """Files of the public names in a folder without cards; the registry is told their hashes."""
    public = tmp_path / "sonar"
    public.mkdir()
    registry = {}
    for name, file, source in (
        ("sonar_text_decoder", "sonar_text_decoder.pt", "sonar_text_decoder.pt"),
        ("sonar_tokenizer", "sentencepiece.source.256000.model", "sentencepiece.model"),
    ):
        shutil.copyfile(tiny_sonar / source, public / file)
        registry[name] = {"sha256": sha256_of(public / file)}
    write_json(tmp_path / "registry.yaml", registry)
    monkeypatch.setenv("SONAR_SIGN_REGISTRY", str(tmp_path / "registry.yaml"))
    project = tmp_path / "project"
    shutil.copytree(declared, project, symlinks=True)
    (project / "models/sonar").unlink()
    (project / "models/sonar").symlink_to(public)
    done = exported(project, "finetuned", tmp_path / "out")
    assert set(done.public) == {"sonar_text_decoder.pt", "sentencepiece.source.256000.model"}
    assert not (tmp_path / "out/sonar").exists()
    monkeypatch.chdir(tmp_path)
    words = "sonar-sign fetch_model --name sonar_text_decoder --output resources/models/sonar/"
    with pytest.raises(UserError, match=words):
        sonar_sign.load(tmp_path / "out")
    (public / "sonar_text_decoder.pt").write_text("another")
    with pytest.raises(UserError, match="sonar_text_decoder.pt: it is not the file that"):
        sonar_sign.load(tmp_path / "out", sonar=public)


@pytest.mark.long
def test_the_command_says_what_it_wrote(declared, tmp_path, monkeypatch):
    monkeypatch.chdir(declared)
    said = told("export", "--system", "landmarks", "--output", tmp_path / "out")
    assert said.startswith(f"{tmp_path}/out: 5 files, ") and said.endswith(" MB\n")
    assert "did you mean landmarks" in refusal(
        "export", "--system", "landmark", "--output", tmp_path / "other"
    )
    assert not (tmp_path / "other").exists()


def test_nothing_is_asked_of_a_network(declared, tmp_path, monkeypatch):
    def blocked(*_):
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", blocked)
    exported(declared, "landmarks", tmp_path / "out")
    assert sonar_sign.load(tmp_path / "out", device="cpu").name == "landmarks"
