"""`sonar-sign translate` with the tiny run's models, on good and bad files."""

import json
import re
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import preloaded
import pytest
from workflow_project import REPOSITORY

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def videos(finished, tmp_path_factory) -> dict[str, Path]:
    """One good video and every kind of bad input."""
    folder = tmp_path_factory.mktemp("videos")
    good = next((finished.folder / "resources/demo/howto/raw_videos").glob("*.mp4"))
    files = {
        "good": good,
        "cut off": folder / "cut_off.mp4",
        "no video": folder / "text.mp4",
        "audio only": folder / "audio.mp4",
        "empty": folder / "empty.mp4",
        "empty folder": folder / "empty_folder",
        "missing": folder / "missing.mp4",
    }
    files["cut off"].write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    files["no video"].write_text("this is no video")
    files["empty"].touch()
    files["empty folder"].mkdir()
    with av.open(str(files["audio only"]), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return files


def translate(finished, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(preloaded.commands() / "sonar-sign"), "translate", *map(str, arguments)],
        cwd=finished.folder,
        capture_output=True,
        text=True,
    )


def test_bad_files_are_a_line_each_and_the_others_are_translated(finished, videos):
    done = translate(
        finished, *videos.values(), "--lang", "eng_Latn", "--lang", "ita_Latn",
        "--format", "jsonl", "--timings", "--n-best", "2", "--beam-size", "2",
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    complaints = done.stderr.splitlines()
    for kind in videos:
        named = [line for line in complaints if str(videos[kind]) in line]
        assert len(named) == (0 if kind == "good" else 1), (kind, done.stderr)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["video"] for record in records] == [str(videos["good"])]
    assert set(records[0]["translations"]) == {"eng_Latn", "ita_Latn"}
    for hypotheses in records[0]["translations"].values():
        assert len(hypotheses) == 2
        assert hypotheses[0]["score"] >= hypotheses[1]["score"]
    stages = {"face", "decode_and_crop", "sign_hiera", "sign_encoder", "sonar_decoder"}
    assert set(records[0]["timings_ms"]) == stages


def test_subtitles_cover_the_video_in_stretches(finished, videos, tmp_path):
    output = tmp_path / "out.srt"
    done = translate(
        finished, videos["good"], "--format", "srt", "--window-s", "4", "--output", output,
        "--beam-size", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    cues = re.findall(
        r"^(\d+)\n(\d\d:\d\d:\d\d,\d{3}) --> (\d\d:\d\d:\d\d,\d{3})\n.*\n$",
        output.read_text(),
        flags=re.MULTILINE,
    )
    assert [cue[0] for cue in cues] == [str(n) for n in range(1, len(cues) + 1)]
    assert cues[0][1] == "00:00:00,000"
    assert "00:00:03,000" <= cues[0][2] <= "00:00:05,000"  # a quarter of the window either way
    assert all(cue[2] == following[1] for cue, following in zip(cues, cues[1:], strict=False))


def test_an_unknown_language_is_answered_with_the_nearest(finished, videos):
    done = translate(finished, videos["good"], "--lang", "eng_latin")
    assert done.returncode == 2
    assert "eng_Latn" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_system_of_the_config_translates(finished, videos):
    done = translate(finished, videos["good"], "--system", "finetuned", "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    (record,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert list(record["translations"]) == ["eng_Latn"]
    unknown = translate(finished, videos["good"], "--system", "finetund")
    assert unknown.returncode == 2
    assert "did you mean finetuned" in unknown.stderr


def test_the_readmes_python_runs(finished, videos):
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    code = code.replace("VIDEO.mp4", str(videos["good"]))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=finished.folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    start, end = done.stdout.split()[:2]
    assert float(start) == 0 and float(end) > 0


def test_a_copied_system_says_that_it_knows_drawings_only(finished, videos, tmp_path):
    command = str(preloaded.commands() / "sonar-sign")
    folder = tmp_path / "exported"
    export = [command, "export", "--system", "finetuned", "--output", str(folder)]
    assert subprocess.run(export, cwd=finished.folder, capture_output=True).returncode == 0
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(videos["good"].read_bytes())
    done = subprocess.run(
        [command, "translate", str(copy), str(videos["good"]), "--system", str(folder)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (warning,) = [line for line in done.stderr.splitlines() if "means nothing" in line]
    assert "finetuned was trained on drawn signers" in warning and str(copy) in warning
    of_copy, of_video = (line.split("\t")[1:] for line in done.stdout.splitlines())
    assert of_copy == of_video
