"""`sonar-sign translate`: which models it takes, and how they decode."""

import json
from pathlib import Path

import pytest
import torch
from small_files import numbered, write_video
from tiny_models import tiny_encoder, tiny_hiera
from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.core.files import write_json
from sonar_sign.models.checkpoint import save_sign_encoder, save_sign_hiera

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_sonar):
    """A folder in which the workflow ran with a system `greedy`, and a video `v.mp4`."""
    folder = tmp_path_factory.mktemp("project")
    save_sign_hiera(folder / "hiera.pth", tiny_hiera())
    encoder = tiny_encoder()
    torch.nn.init.normal_(encoder.projection_out.weight, std=0.1)
    save_sign_encoder(folder / "encoder.pth", encoder)
    entry = {
        "kind": "sonar", "sign_hiera": "hiera.pth", "sign_encoder": "encoder.pth",
        "sonar": str(tiny_sonar), "sonar_decoder": None, "landmark_model": None,
        "decoding": {"beam_size": 1, "batch_size": 32, "precision": "fp32"},
        "languages": ["ita_Latn"], "caption_language": "ita_Latn",
    }  # fmt: skip
    write_json(folder / "results/tiny/systems.json", {"systems": {"greedy": entry}})
    write_video(folder / "v.mp4", [numbered(n, 64, 96) for n in range(48)])
    return folder


@pytest.fixture(autouse=True)
def in_project(project, monkeypatch):
    monkeypatch.chdir(project)


def translate(*arguments):
    command = ["translate", "v.mp4", "--device", "cpu", "--window-s", "0.5", *arguments]
    return CliRunner().invoke(app, command)


def translations(*arguments, language):
    done = translate("--format", "jsonl", *arguments)
    assert done.exit_code == 0, (done.exception, done.output)
    records = map(json.loads, done.stdout.splitlines())
    return [record["translations"][language] for record in records]


def test_a_declared_system_translates_as_it_is_declared(tiny_sonar):
    files = ("--sign-hiera", "hiera.pth", "--sign-encoder", "encoder.pth", "--sonar", tiny_sonar)
    files = [*map(str, files), "--lang", "ita_Latn"]
    declared = translations("--system", "greedy", language="ita_Latn")
    assert declared == translations(*files, "--beam-size", "1", language="ita_Latn")
    five = translations(*files, "--beam-size", "5", language="ita_Latn")
    assert declared != five
    # What a person asks for goes before what the system declares.
    explicit = ("--system", "greedy", "--beam-size", "5", "--lang", "ita_Latn")
    assert translations(*explicit, language="ita_Latn") == five
    assert translations("--system", "greedy", "--lang", "eng_Latn", language="eng_Latn")


def test_text_goes_to_a_file(tmp_path):
    done = translate("--system", "greedy", "--output", str(tmp_path / "out.txt"))
    assert (done.exit_code, done.stdout) == (0, "")
    lines = (tmp_path / "out.txt").read_text().splitlines()
    assert [line.split("\t")[1:3] for line in lines] == [
        [f"{start:.2f}-{start + 0.5:.2f}", "ita_Latn"] for start in (0, 0.5, 1, 1.5)
    ]


def test_a_result_is_not_replaced_by_nothing(tmp_path):
    output = tmp_path / "out.txt"
    output.write_text("a good result")
    for name in ("no.mp4", "also_no.mp4"):
        (tmp_path / name).write_text("no video")
    command = ["translate", "--device", "cpu", "--system", "greedy", "--output", str(output)]
    broken = [str(tmp_path / "no.mp4"), str(tmp_path / "also_no.mp4")]
    assert CliRunner().invoke(app, [*command, *broken]).exit_code == 2
    assert output.read_text() == "a good result"
    # One video that can be translated is a result.
    done = CliRunner().invoke(app, [*command, "--window-s", "0.5", *broken, "v.mp4"])
    assert done.exit_code == 2 and output.read_text().startswith("v.mp4\t")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--system", "gredy"), "did you mean greedy"),
        (("--model", "publik"), "did you mean public"),
        (("--system", "greedy", "--model", "demo"), "either --system or --model"),
        (("--results", "results/tiny"), "give --system NAME too"),
        (("--system", "greedy", "--sign-encoder", "gone.pth"), "gone.pth: there is no such file"),
    ],
)
def test_a_choice_that_cannot_be_made_is_one_sentence(arguments, words):
    done = translate(*arguments)
    assert words in str(done.exception)
    assert not Path("out.txt").exists()
