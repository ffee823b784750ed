"""`sonar-sign translate`: which models it takes, and how they decode."""

import json
import os
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from small_files import numbered, truncate, write_audio, write_video
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


GREEDY = ("--system", "greedy", "--device", "cpu")


def run(*arguments):
    return CliRunner().invoke(app, ["translate", *map(str, arguments), *GREEDY])


def moving(n_frames=12):
    return [numbered(20 * n % 256, 64, 96) for n in range(n_frames)]


def bad_files(folder):
    """By name: a file that is no video, and a word of the sentence about it."""
    folder.mkdir()
    os.mkfifo(folder / "fifo.mp4")
    (folder / "folder.mp4").mkdir()
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("no video\n" * 100)
    (folder / "playlist.mp4").write_text("#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n")
    cv2.imwrite(str(folder / "picture.png"), numbered(7))
    (folder / "picture.mp4").write_bytes((folder / "picture.png").read_bytes())
    write_audio(folder / "sound.mp4")
    write_video(folder / "one_frame.mp4", 1)
    write_video(folder / "instant.mp4", 3)
    write_video(folder / "tiny.mp4", [numbered(n, 8, 8) for n in range(12)])
    truncate(write_video(folder / "cut.mkv", moving(48)), 0.6)
    (folder / "loop.mp4").symlink_to("loop.mp4")
    return {
        "fifo.mp4": "a pipe, not a file",
        "folder.mp4": "without videos",
        "empty.mp4": "0 bytes",
        "text.mp4": "no video",
        "playlist.mp4": "no video",
        "picture.png": "still picture",
        "picture.mp4": "still picture",
        "sound.mp4": "no video stream",
        "one_frame.mp4": "still picture",
        "instant.mp4": "too short",
        "tiny.mp4": "8x8 pixels",
        "cut.mkv": "cut off",
        "loop.mp4": "symbolic links",
        "gone.mp4": "does not exist",
    }


def test_what_is_no_video_is_a_line_each(tmp_path):
    bad = bad_files(tmp_path / "bad")
    done = run(*(tmp_path / "bad" / name for name in bad), "v.mp4")
    assert done.exit_code == 2
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["v.mp4"]
    for name, words in bad.items():
        (line,) = [line for line in done.stderr.splitlines() if f"/bad/{name}" in line]
        assert words in line, line


def test_nothing_is_loaded_for_what_is_no_video(tmp_path):
    done = CliRunner().invoke(app, ["translate", str(tmp_path / "gone.mp4"), "--model", "public"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "gone.mp4 does not exist" in done.stderr


@pytest.mark.parametrize(
    "name",
    ["a:b.mp4", "http:x.mp4", "a%03d.mp4", "tab\there.mp4", "line\nbreak.mp4", b"\xff\xfe.mp4",
     "-dash.mp4", "\u202eright to left.mp4", "bell\a.mp4", "*?[.mp4"],
)  # fmt: skip
def test_any_name_is_translated(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(write_video(tmp_path / "plain.mp4", moving()).read_bytes())
    for format in ("text", "jsonl"):
        done = run(path, "--format", format, "--output", tmp_path / f"out.{format}")
        assert done.exit_code == 0, (done.exception, done.stderr)
    (row,) = (tmp_path / "out.text").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    fields = row.split("\t")
    assert len(fields) == 4 and all(field.isprintable() for field in fields)
    (record,) = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert Path(json.loads(record)["video"]) == path


def test_metadata_that_is_no_text_does_no_harm(tmp_path):
    path = write_video(tmp_path / "v.mkv", moving())
    content = path.read_bytes()
    path.write_bytes(content.replace(b"Lavf", b"\xff\xfe\xc3("))
    with pytest.raises(UnicodeDecodeError):
        av.open(str(path))
    assert run(path).exit_code == 0


@pytest.mark.parametrize("grey", [0, 128])
def test_where_nothing_moves_nothing_is_translated(tmp_path, grey):
    rng = np.random.default_rng(0)
    still = np.clip(rng.normal(grey, 60 if grey == 128 else 0, (64, 96, 3)), 0, 255)
    noise = rng.normal(0, 4, (36, 64, 96, 3))
    frames = np.clip(still + noise, 0, 255).astype(np.uint8)
    path = write_video(tmp_path / "still.mp4", [*frames[:24], *moving(24)])
    done = run(path, "--window-s", 1)
    first, second = (line.split("\t") for line in done.stdout.splitlines())
    # The window ends in the pause, which here is all that comes before.
    start, end = first[1].split("-")
    assert start == "0.00" and 0.75 <= float(end) <= 1.0
    assert first[2:] == ["ita_Latn", "[nothing is signed here]"]
    assert second[1] == f"{end}-2.00" and "nothing" not in second[3]
    assert f"from 0.00 to {end} s nothing is signed" in done.stderr
    first, second = run(path, "--window-s", 1, "--format", "jsonl").stdout.splitlines()
    assert json.loads(first)["signed"] is False and json.loads(second)["signed"] is True
    assert json.loads(first)["translations"] == {"ita_Latn": []}
    srt = run(path, "--window-s", 1, "--format", "srt").stdout
    assert srt.startswith(f"1\n00:00:0{end}".replace(".", ","))


@pytest.mark.parametrize(
    ("n_frames", "window_s", "ends"),
    [
        (50, "1", ["1.00", "2.08"]),  # 0.08 s are left
        (26, "0.5", ["0.50", "1.08"]),
        (36, "1", ["1.00", "1.50"]),
        (10, "0.5", ["0.42"]),
        (49, "0.7", ["0.71", "1.42", "2.04"]),
        (24, "120", ["1.00"]),
    ],
)
def test_a_short_rest_joins_the_window_before(tmp_path, n_frames, window_s, ends):
    # Any two of the three pictures differ by the same: there is no pause to move an end to.
    frames = [numbered((0, 8, 68)[n % 3], 64, 96) for n in range(n_frames)]
    path = write_video(tmp_path / "v.mp4", frames)
    lines = run(path, "--window-s", window_s).stdout.splitlines()
    assert [line.split("\t")[1].split("-")[1] for line in lines] == ends
    starts = [line.split("\t")[1].split("-")[0] for line in lines]
    assert starts == ["0.00", *ends[:-1]]


def test_a_long_video_is_not_one_sentence(tmp_path):
    path = write_video(tmp_path / "v.mkv", moving(4), times=[0, 24, 24 * 60, 24 * 150])
    done = run(path)
    assert done.exit_code == 2
    assert "it lasts 3 min" in done.stderr and "--window-s" in done.stderr


def test_subtitles_of_several_videos_are_a_file_each(tmp_path):
    for name in ("a.mp4", "b.mp4", "b.mkv"):
        write_video(tmp_path / "in" / name, moving())
    done = run(tmp_path / "in", "--format", "srt", "--output", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    written = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in written] == ["a.srt", "b.mkv.srt", "b.mp4.srt"]
    assert all(path.read_text().startswith("1\n00:00:00,000 -->") for path in written)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("in", "--format", "srt"), "a file each: give a folder"),
        (("in", "--format", "vtt", "--output", "old.txt"), "a file each: give a folder"),
        (("in", "--format", "text", "--output", "."), "is a folder"),
        (("in/a.mp4", "--format", "jsonl", "--output", "in"), "is a folder"),
        (("in/a.mp4", "--output", "in/a.mp4"), "a.mp4"),
        (("in/a.mp4", "--output", "link"), "link"),
        (("in/a.mp4", "--output", "in/a.mp4/x.txt"), "a.mp4"),
        (("in/a.mp4", "in/../in/a.mp4", "--format", "srt", "--output", "out"), "would both have"),
        (("in/a.mp4", "--format", "foo"), "--format 'foo'"),
        (("in/a.mp4", "--window-s", "0.1"), "--window-s 0.1"),
    ],
)
def test_an_output_that_does_not_fit_is_refused_before_models_are_loaded(
    tmp_path, monkeypatch, arguments, words
):
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / "in" / name, moving())
    (tmp_path / "link").symlink_to("in/a.mp4")
    (tmp_path / "old.txt").write_text("good")
    before = (tmp_path / "in/a.mp4").read_bytes()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sonar").mkdir()
    for name in ("hiera", "encoder"):
        (tmp_path / name).write_text("no model")
    models = ("--sign-hiera", "hiera", "--sign-encoder", "encoder", "--sonar", "sonar")
    done = CliRunner().invoke(app, ["translate", *arguments, *models, "--lang", "eng_Latn"])
    assert done.exit_code != 0 and words in f"{done.exception} {done.stderr}"
    assert (tmp_path / "in/a.mp4").read_bytes() == before
    assert (tmp_path / "old.txt").read_text() == "good"


def test_a_failure_leaves_the_good_result_of_before(tmp_path):
    (tmp_path / "out.txt").write_text("good")
    (tmp_path / "bad.mp4").write_text("no video")
    assert run(tmp_path / "bad.mp4", "--output", tmp_path / "out.txt").exit_code == 2
    assert (tmp_path / "out.txt").read_text() == "good"
    assert run(tmp_path / "bad.mp4", "v.mp4", "--output", tmp_path / "out.txt").exit_code == 2
    assert (tmp_path / "out.txt").read_text().startswith("v.mp4\t0.00-2.00\tita_Latn\t")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.mp4", "out.txt"]


@pytest.mark.long
def test_translations_are_spoken_and_dubbed(tmp_path):
    words = ("--system", "greedy", "--speak", str(tmp_path / "out"), "--engine", "espeak")
    done = translate(*words, "--dub", str(tmp_path / "dubbed.mp4"))
    assert done.exit_code in (0, 2), done.exception  # random models may say nothing
    lines = (tmp_path / "out/v.ita_Latn/speech.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    heard = translations("--system", "greedy", language="ita_Latn")
    assert texts == [one[0]["text"] for one in heard if one[0]["text"].strip()]
    if done.exit_code == 0:
        with av.open(str(tmp_path / "dubbed.mp4")) as dubbed:
            assert len(dubbed.streams.video) == len(dubbed.streams.audio) == 1
    refused = translate(*words, "--lang", "fur_Latn")
    assert "no voice for fur_Latn" in str(refused.exception)
