"""`crop`: from a shard of the manifest and its videos to clips around the signer."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest
import skimage.data
from frames import write_table
from shard_tables import shard_row, write_shard
from small_files import (
    number_of,
    numbered,
    truncate,
    write_video,
)

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.clips.crop import crop
from sonar_sign.core.errors import UserError
from sonar_sign.core.geometry import crop_box, square_box
from sonar_sign.core.options import CropOptions
from sonar_sign.corpora.shard import COLUMNS

OPTIONS = CropOptions(size=32, quality=12, frames_probed=3)


def run(folder, *rows, options=OPTIONS):
    crop(
        write_shard(folder / "0000.tsv", *rows),
        folder,
        folder / "0000.tar",
        folder / "times.json",
        options,
    )
    return ClipShard(folder / "0000.tar")


def first_frame(shard, clip_id):
    return shard.frames(clip_id, np.array([0]))[0]


def test_the_sentences_frames_are_cut_out(tmp_path):
    write_video(tmp_path / "v.mp4", [numbered(n, 64, 64) for n in range(96)])
    shard = run(tmp_path, shard_row("b", "v.mp4", "2.5000", 30), shard_row("a", "v.mp4", "0.0", 7))
    assert shard.clip_ids == ["b", "a"]
    for clip_id, first, n_frames in (("b", 60, 30), ("a", 0, 7)):
        info = shard.info(clip_id)
        assert (info.n_frames, info.fps, info.width, info.height) == (n_frames, 24.0, 32, 32)
        frames = shard.frames(clip_id, np.arange(n_frames))
        assert [number_of(frame) for frame in frames] == list(range(first, first + n_frames))


def test_without_a_face_the_middle_is_taken_and_said_so(tmp_path):
    frame = np.zeros((64, 128, 3), np.uint8)
    frame[16:48, 48:80] = 255
    write_video(tmp_path / "v.mp4", [frame] * 12)
    shard = run(tmp_path, shard_row("a", "v.mp4", "0", 12))
    info = shard.info("a")
    assert (info.box, info.box_from) == ((48, 16, 80, 48), "fallback")
    assert (info.faces_found, info.frames_probed) == (0, 1)
    assert first_frame(shard, "a").min() > 230


def test_without_a_face_a_clip_can_be_dropped(tmp_path):
    write_video(tmp_path / "v.mp4", 24)
    rows = shard_row("a", "v.mp4", "0", 12), shard_row("b", "v.mp4", "0.5", 12)
    shard = run(tmp_path, *rows, options=replace(OPTIONS, no_face="drop"))
    assert (shard.clip_ids, shard.dropped) == ([], ["a", "b"])
    info = shard.info("b")
    assert (info.box_from, info.faces_found, info.n_frames) == ("dropped", 0, 0)


@pytest.fixture(scope="module")
def face_folder(tmp_path_factory):
    """`face.mp4`: a portrait on the right; `title.mp4`: the same after a title card."""
    folder = tmp_path_factory.mktemp("faces")
    frame = np.full((240, 400, 3), 90, np.uint8)
    frame[:, 160:] = skimage.data.astronaut()[:240, 100:340]
    write_video(folder / "face.mp4", [frame] * 24)
    card = np.full_like(frame, 200)
    write_video(folder / "title.mp4", [card] * 8 + [frame] * 16)
    return folder


def test_the_box_follows_the_face(face_folder):
    shard = run(face_folder, shard_row("a", "face.mp4", "0", 4))
    info = shard.info("a")
    assert (info.box_from, info.faces_found, info.frames_probed) == ("video", 2, 2)
    # The face lies about 175..275 x 65..170 in the portrait, 60 pixels further right here.
    expected = square_box(crop_box((235, 65, 335, 170)))
    assert np.abs(np.subtract(info.box, expected)).max() < 60
    # Outside the frame everything is black: the box reaches beyond its right edge.
    assert info.box[2] > 400
    assert first_frame(shard, "a")[:, -3:].max() < 40


def test_the_box_is_the_videos_and_not_the_sentences(face_folder):
    # The title card alone has no face, yet its clip is cut as the rest of the video.
    card, signer = shard_row("card", "title.mp4", "0", 5), shard_row("s", "title.mp4", "0.5", 5)
    together = run(face_folder, card, signer)
    infos = [together.info(clip_id) for clip_id in ("card", "s")]
    frame = first_frame(together, "s")
    assert infos[0] == infos[1]
    assert (infos[0].faces_found, infos[0].frames_probed) == (1, 2)
    alone = run(face_folder, signer)
    assert alone.info("s") == infos[1]
    assert np.array_equal(first_frame(alone, "s"), frame)


def test_a_box_that_the_corpus_has_is_used_instead_of_a_face(face_folder):
    columns = [*COLUMNS, "box"]
    given = [*shard_row("given", "face.mp4", "0", 4), "0.000000 0.250000 0.300000 0.750000"]
    searched = [*shard_row("searched", "face.mp4", "0.25", 4), ""]
    path = face_folder / "boxes.tsv"
    write_table(path, pd.DataFrame([given, searched], columns=columns, dtype="str"))
    crop(path, face_folder, face_folder / "boxes.tar", face_folder / "times.json", OPTIONS)
    shard = ClipShard(face_folder / "boxes.tar")
    info = shard.info("given")
    # 0..120 x 60..180 of 400x240 pixels, which is a square already.
    assert (info.box, info.box_from, info.frames_probed) == ((0, 60, 120, 180), "given", 0)
    assert np.abs(first_frame(shard, "given").astype(int) - 90).max() < 12
    assert shard.info("searched").box_from == "video"


@pytest.fixture(scope="module")
def portrait():
    """320 x 320 pixels, the face large enough to be found whatever the encoder does."""
    return cv2.resize(skimage.data.astronaut()[:240, 100:340], (320, 320))


def placed(portrait, *lefts):
    frame = np.full((320, 840, 3), 90, np.uint8)
    for left in lefts:
        frame[:, left : left + 320] = portrait
    return frame


def test_a_sentence_of_somebody_elsewhere_has_its_own_box(portrait, tmp_path):
    # dlib's boxes come in steps; in these two places it takes the same one.
    left, right = placed(portrait, 0), placed(portrait, 504)
    write_video(tmp_path / "v.mp4", [left] * 60 + [right] * 20)
    shard = run(
        tmp_path, shard_row("a", "v.mp4", "0", 12), shard_row("b", "v.mp4", "2.5", 20),
        options=CropOptions(32, 12, 5),
    )  # fmt: skip
    usual, own = shard.info("a"), shard.info("b")
    assert (usual.box_from, own.box_from) == ("video", "clip")
    assert (usual.faces_found, usual.frames_probed) == (4, 5)
    assert (own.faces_found, own.frames_probed) == (2, 2)
    assert own.box[0] - usual.box[0] == pytest.approx(504, abs=30)


def test_of_two_people_the_one_who_moves_is_the_signer(portrait, tmp_path):
    for name, hand in (("left", 110), ("right", 610)):
        frames = [placed(portrait, 0, 500) for _ in range(24)]
        for number, frame in enumerate(frames):
            frame[270 + 4 * (number % 12) :, hand : hand + 100] = 255
        write_video(tmp_path / f"{name}.mp4", frames)
    shard = run(tmp_path, shard_row("l", "left.mp4", "0", 24), shard_row("r", "right.mp4", "0", 24))
    assert shard.info("r").box[0] - shard.info("l").box[0] == pytest.approx(500, abs=30)


def test_a_small_face_is_found_too(portrait, tmp_path):
    small = cv2.resize(placed(portrait, 300), (420, 160), interpolation=cv2.INTER_AREA)
    write_video(tmp_path / "v.mp4", [small] * 20)
    info = run(tmp_path, shard_row("a", "v.mp4", "0", 20)).info("a")
    assert (info.box_from, info.faces_found, info.frames_probed) == ("video", 2, 2)


def test_the_cnn_detector_needs_its_model(tmp_path):
    shard = write_shard(tmp_path / "0000.tsv", shard_row("a", "v.mp4", "0", 6))
    write_video(tmp_path / "v.mp4", 6)
    options = replace(OPTIONS, detector="cnn")
    with pytest.raises(UserError, match="fetch_model face_detector"):
        crop(shard, tmp_path, tmp_path / "0000.tar", tmp_path / "times.json", options)
    for model, words in (("none.dat", "none.dat is missing"), ("v.mp4", "v.mp4 is not dlib's")):
        with pytest.raises(UserError, match=words):
            crop(
                shard,
                tmp_path,
                tmp_path / "0000.tar",
                tmp_path / "times.json",
                options,
                face_model=tmp_path / model,
            )


def test_a_cropped_corpus_is_taken_whole(portrait, tmp_path):
    write_video(tmp_path / "v.mp4", [portrait] * 6)
    write_shard(tmp_path / "0000.tsv", shard_row("a", "v.mp4", "0", 6))
    crop(
        tmp_path / "0000.tsv",
        tmp_path,
        tmp_path / "0000.tar",
        tmp_path / "times.json",
        OPTIONS,
        cropped=True,
    )
    info = ClipShard(tmp_path / "0000.tar").info("a")
    assert (info.box, info.box_from) == ((0, 0, 320, 320), "whole")
    assert (info.faces_found, info.frames_probed) == (0, 0)


def test_the_settings_count(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (12, 64, 64, 3), np.uint8)
    write_video(tmp_path / "v.mp4", noise)
    rows = [shard_row("a", "v.mp4", "0", 12)]
    shard = run(tmp_path, *rows, options=CropOptions(48, 0, 5))
    assert first_frame(shard, "a").shape == (48, 48, 3)
    fine = (tmp_path / "0000.tar").stat().st_size
    run(tmp_path, *rows, options=CropOptions(48, 45, 5))
    assert (tmp_path / "0000.tar").stat().st_size < fine


def test_the_same_shard_gives_the_same_file(tmp_path):
    write_video(tmp_path / "v.mp4", 24)
    written = []
    for _ in range(2):
        run(tmp_path, shard_row("a", "v.mp4", "0", 24))
        written.append((tmp_path / "0000.tar").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("a", "v.mp4", "0.5", 12), "12 frames from 0.50 s on, and the video ends at 0.83 s"),
        (("a", "v.mp4", "2.5", 12), "12 frames from 2.50 s on, and the video ends at 0.83 s"),
        (("a", "v.mp4", "0", 12, "30.000000"), "30 frames per second, and the video has 24"),
        (("a", "v.mp4", "0", 12, "23.976024"), "23.976 frames per second, and the video has 24"),
    ],
)
def test_a_video_that_is_not_the_manifests_is_refused(tmp_path, row, words):
    write_video(tmp_path / "v.mp4", 20)
    with pytest.raises(UserError, match=f"Clip a does not fit {tmp_path}/v.mp4: .*{words}"):
        run(tmp_path, shard_row(*row))
    assert not (tmp_path / "0000.tar").exists()


def test_a_clip_of_a_variable_frame_rate_has_the_frames_that_are_shown(tmp_path):
    # 12 frames a second after the first half second, then none for two seconds.
    times = [*range(12), *range(12, 36, 2), *range(84, 96)]
    write_video(tmp_path / "v.mkv", [numbered(t, 64, 64) for t in times], times=times)
    rows = [("fast", "0.25", 6), ("slow", "0.75", 10), ("across", "1.25", 60), ("after", "3.5", 12)]
    shard = run(tmp_path, *(shard_row(name, "v.mkv", start, n) for name, start, n in rows))
    for name, start, n in rows:
        first = round(float(start) * 24)
        wanted = [max(t for t in times if t <= place) for place in range(first, first + n)]
        info = shard.info(name)
        assert (info.n_frames, info.fps) == (n, 24.0)
        assert [number_of(frame) for frame in shard.frames(name, np.arange(n))] == wanted


def test_a_sentence_in_a_gap_is_dropped_and_the_others_are_cut(tmp_path, capsys):
    times = [*range(24), *range(96, 120)]
    write_video(tmp_path / "v.mkv", [numbered(t, 64, 64) for t in times], times=times)
    rows = [shard_row("gap", "v.mkv", "2.0", 24), shard_row("after", "v.mkv", "4.0", 24)]
    shard = run(tmp_path, *rows)
    assert (shard.clip_ids, shard.dropped) == (["after"], ["gap"])
    errors = capsys.readouterr().err
    assert "1 of 2 clips are dropped" in errors and "gap" in errors


def test_clips_without_a_face_are_counted(tmp_path, capsys):
    write_video(tmp_path / "v.mp4", 24)
    rows = [shard_row("a", "v.mp4", "0", 12), shard_row("b", "v.mp4", "0.5", 12)]
    run(tmp_path, *rows)
    assert "2 of 2 clips show no face" in capsys.readouterr().err


def test_a_video_of_one_frame(tmp_path):
    write_video(tmp_path / "v.mp4", 1)
    info = run(tmp_path, shard_row("a", "v.mp4", "0", 1)).info("a")
    assert (info.n_frames, info.frames_probed) == (1, 1)


def test_an_empty_shard(tmp_path):
    assert run(tmp_path).clip_ids == []


def test_a_broken_video_is_named(tmp_path):
    rows = [shard_row("a", "v.mp4", "0", 12)]
    with pytest.raises(UserError, match=f"{tmp_path}/v.mp4 cannot be decoded .*delete the file"):
        run(tmp_path, *rows)
    truncate(write_video(tmp_path / "v.mp4", 48), 0.5)
    with pytest.raises(UserError, match="v.mp4 cannot be decoded"):
        run(tmp_path, *rows)
    assert not (tmp_path / "0000.tar").exists()


def test_all_broken_videos_of_a_shard_are_named_at_once(tmp_path):
    for name in ("a.mp4", "b.mkv", "c.mp4"):
        write_video(tmp_path / name, 48)
    truncate(tmp_path / "a.mp4", 0.5)
    truncate(tmp_path / "b.mkv", 0.9)
    rows = [shard_row(name[0], name, "0", 12) for name in ("a.mp4", "b.mkv", "c.mp4", "d.mp4")]
    with pytest.raises(UserError) as caught:
        run(tmp_path, *rows)
    message = str(caught.value)
    assert "a.mp4 cannot be decoded for clip a" in message
    assert "b.mkv cannot be decoded for clip b (cut off" in message
    assert "d.mp4 cannot be decoded for clip d (No such file" in message
    assert "c.mp4" not in message
    assert not (tmp_path / "0000.tar").exists()


def test_a_malformed_shard_is_refused(tmp_path):
    (tmp_path / "0000.tsv").write_text("clip_id\na\n")
    with pytest.raises(UserError, match="lacks the columns source"):
        crop(
            tmp_path / "0000.tsv", tmp_path, tmp_path / "0000.tar", tmp_path / "times.json", OPTIONS
        )


def test_faces_are_looked_for_once_a_video(portrait, tmp_path):
    frames = [placed(portrait, 0)] * 96
    write_video(tmp_path / "v.mp4", frames)
    faces = tmp_path / "faces"
    shard = write_shard(tmp_path / "0000.tsv", shard_row("a", "v.mp4", "0", 12))
    output = tmp_path / "0000.tar"
    crop(shard, tmp_path, output, tmp_path / "times.json", OPTIONS)
    plain = output.read_bytes()
    crop(shard, tmp_path, output, tmp_path / "times.json", OPTIONS, faces=faces)
    (remembered,) = faces.iterdir()
    assert output.read_bytes() == plain
    # What is remembered is used ...
    remembered.write_text(remembered.read_text().replace('"found": 6', '"found": 2'))
    crop(shard, tmp_path, output, tmp_path / "times.json", OPTIONS, faces=faces)
    assert ClipShard(output).info("a").faces_found == 2
    # ... for the same file and number of frames only.
    for change in ("options", "file", "broken"):
        if change == "file":
            write_video(tmp_path / "v.mp4", frames + frames[:12])
        if change == "broken":
            remembered.write_text("{")
        options = CropOptions(32, 12, 5) if change == "options" else OPTIONS
        crop(shard, tmp_path, output, tmp_path / "times.json", options, faces=faces)
        info = ClipShard(output).info("a")
        assert info.faces_found == info.frames_probed >= 6


def test_every_clip_has_its_times(tmp_path):
    write_video(tmp_path / "v.mp4", [numbered(n, 64, 64) for n in range(48)])
    run(tmp_path, shard_row("a", "v.mp4", "0.0", 20), shard_row("b", "v.mp4", "1.0", 20))
    times = json.loads((tmp_path / "times.json").read_text())
    assert times.keys() == {"a", "b"}
    assert all(stages.keys() == {"face", "crop"} for stages in times.values())
    assert all(0 < ms < 60_000 for stages in times.values() for ms in stages.values())
