"""`translate` on small videos with tiny models, called as the command line calls it."""

import io
import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from frame_corpora import write_pictures
from small_files import numbered, write_video
from tiny_models import tiny_encoder, tiny_hiera

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import TranslateOptions
from sonar_sign.models.checkpoint import save_sign_encoder, save_sign_hiera
from sonar_sign.translation.definitions import SystemDefinition, SystemFiles
from sonar_sign.translation.request import Request
from sonar_sign.translation.result_files import ResultOptions
from sonar_sign.translation.translate import translate

torch.set_num_threads(1)

GONE = SystemFiles(*[Path("no/such/file")] * 3)
"""Models that cannot be loaded: what is refused with them is refused before loading."""


@pytest.fixture(scope="module")
def models(tmp_path_factory, tiny_sonar):
    folder = tmp_path_factory.mktemp("translate")
    save_sign_hiera(folder / "hiera.pth", tiny_hiera())
    encoder = tiny_encoder()
    torch.nn.init.normal_(encoder.projection_out.weight, std=0.1)
    save_sign_encoder(folder / "encoder.pth", encoder)
    return SystemFiles(folder / "hiera.pth", folder / "encoder.pth", tiny_sonar)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Two seconds without a face."""
    frames = [numbered(n, 64, 96) for n in range(48)]
    return write_video(tmp_path_factory.mktemp("videos") / "v.mp4", frames)


def run(models, videos, languages=("eng_Latn",), format="text", timings=False, **options):
    """Whether all videos were translated, and what was written."""
    stream = io.StringIO()
    request = Request(languages, TranslateOptions(**options))
    complete = translate(
        videos, [SystemDefinition("tiny", "sonar", models)], request,
        device="cpu", results=ResultOptions(format, timings), stream=stream,
    )  # fmt: skip
    return complete, stream.getvalue()


def test_text_is_written_by_default(models, video, capsys):
    complete, text = run(models, [video], ["eng_Latn", "ita_Latn"])
    assert complete
    rows = [line.split("\t") for line in text.splitlines()]
    assert [row[:3] for row in rows] == [
        [str(video), "0.00-2.00", "eng_Latn"],
        [str(video), "0.00-2.00", "ita_Latn"],
    ]
    assert all(len(row) == 4 and row[3] for row in rows)
    assert f"{video}: no face was found" in capsys.readouterr().err


def test_webvtt_has_a_cue_per_part(models, video):
    _, text = run(models, [video], format="vtt", window_s=1.5)
    header, *cues = text.strip().split("\n\n")
    assert header == "WEBVTT"
    assert [cue.splitlines()[0] for cue in cues] == [
        "00:00:00.000 --> 00:00:01.500",
        "00:00:01.500 --> 00:00:02.000",
    ]
    assert all(len(cue.splitlines()) == 2 for cue in cues)


def test_every_stage_of_every_part_is_timed(models, video):
    _, text = run(models, [video], format="jsonl", timings=True, window_s=1)
    first, second = (json.loads(line)["timings_ms"] for line in text.splitlines())
    stages = {"decode_and_crop", "sign_hiera", "sign_encoder", "sonar_decoder"}
    assert first.keys() == stages | {"face"} and second.keys() == stages
    assert all(0 < ms < 60_000 for timings in (first, second) for ms in timings.values())


def test_a_system_without_a_beam_size_decodes_as_the_workflow(models, video):
    def scores(**options):
        _, text = run(models, [video], format="jsonl", n_best=2, window_s=0.5, **options)
        lines = map(json.loads, text.splitlines())
        return [line["translations"]["eng_Latn"] for line in lines]

    assert scores() == scores(beam_size=5) != scores(beam_size=2)


def test_a_fine_tuned_decoder_takes_the_place_of_sonars(models, video, tmp_path):
    file = torch.load(models.sonar / "sonar_text_decoder.pt", weights_only=True)
    weights = file["model"]["final_proj.weight"]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weights += weights.std() * torch.randn_like(weights)
    torch.save(file, tmp_path / "decoder.pt")
    changed = replace(models, sonar_decoder=tmp_path / "decoder.pt")
    assert run(changed, [video])[1] != run(models, [video])[1]
    gone = replace(models, sonar_decoder=tmp_path / "gone.pt")
    with pytest.raises(UserError, match="gone.pt"):
        run(gone, [video])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"format": "word"}, "no format 'word'; known are text, jsonl, srt, vtt"),
        ({"n_best": 0}, "--n-best 0: it must be 1 to 100"),
        ({"window_s": float("nan")}, "--window-s nan"),
        ({"window_s": float("inf")}, "--window-s inf"),
        ({"window_s": -1.0}, "--window-s -1.0: it must be 0, or 0.5 to 120"),
        ({"window_s": 0.1}, "--window-s 0.1: it must be 0, or 0.5 to 120"),
        ({"window_s": 1e6}, "--window-s 1000000.0: it must be 0, or 0.5 to 120"),
        ({"beam_size": -1}, "--beam-size -1"),
        ({"batch_units": 0}, "--batch-units 0"),
    ],
)
def test_options_are_checked_before_models_are_loaded(video, options, words):
    with pytest.raises(UserError, match=words):
        run(GONE, [video], **options)


def test_a_language_is_checked_before_the_large_models_are_loaded(models, video, tmp_path):
    for name in ("hiera.pth", "encoder.pth"):
        (tmp_path / name).write_text("no model")
    missing = SystemFiles(tmp_path / "hiera.pth", tmp_path / "encoder.pth", models.sonar)
    with pytest.raises(UserError, match="'eng_latin'.*eng_Latn"):
        run(missing, [video], ["eng_latin"])


def test_what_is_no_video_is_a_line_and_the_others_are_translated(models, video, tmp_path, capsys):
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty").mkdir()
    bad = [tmp_path / "text.mp4", tmp_path / "empty", tmp_path / "gone.mp4"]
    complete, text = run(models, [*bad, video.parent])
    assert not complete
    assert [line.split("\t")[0] for line in text.splitlines()] == [str(video)]
    errors = capsys.readouterr().err.splitlines()
    assert [sum(str(path) in line for line in errors) for path in bad] == [1, 1, 1]


@pytest.mark.long
def test_folders_of_pictures_are_videos(models, tmp_path, capsys):
    frames = [numbered(n, 64, 96) for n in range(48)]
    for name in ("a", "b.c"):
        write_pictures(tmp_path / name, frames)
    write_video(tmp_path / "v.mp4", frames)
    (tmp_path / "empty").mkdir()
    (tmp_path / "thumbnail.jpg").write_bytes(b"beside videos, pictures are not frames")
    complete, text = run(models, [tmp_path], frame_rate=24, beam_size=1)
    assert complete
    rows = [line.split("\t") for line in text.splitlines()]
    names = ["a", "b.c", "v.mp4"]
    assert [row[:2] for row in rows] == [[str(tmp_path / name), "0.00-2.00"] for name in names]
    assert rows[0][3] == rows[1][3]
    (tmp_path / "a/images0004.png").unlink()
    complete, text = run(models, [tmp_path / "a", tmp_path / "b.c"], beam_size=1)
    assert not complete
    assert text.split("\t")[:2] == [str(tmp_path / "b.c"), "0.00-1.92"]  # 25 per second
    told = f"{tmp_path / 'a'} cannot be translated: a frame is missing between images0003.png"
    assert told in capsys.readouterr().err


@pytest.mark.skipif(find_spec("mediapipe") is not None, reason="MediaPipe finds landmarks here")
def test_landmarks_are_missed_before_models_are_loaded(video):
    system = SystemDefinition("l", "landmarks", SystemFiles(landmark_model=Path("no/such/file")))
    with pytest.raises(UserError, match="with --keypoints, or install MediaPipe"):
        translate([video], [system], Request(), device="cpu", stream=io.StringIO())
