"""`prepare`: every row of the annotations ends in the manifest or in the list of dropped clips."""

import os
import shutil
from collections import Counter

import pandas as pd
import pytest
from small_files import (
    NO_REAL_DATA,
    REAL_DATA,
    numbered,
    row,
    truncate,
    write_annotations,
    write_audio,
    write_video,
)

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import PrepareOptions
from sonar_sign.core.tables import read_table
from sonar_sign.corpora.prepare import CLAMPED_COLUMNS, COLUMNS, DROPPED_COLUMNS, REASONS, prepare

VIDEO = "vid-5-rgb_front"


def run(root, folder=None, split="train", min_duration_s=0.2, **options):
    """Prepare a corpus; returns the manifest and the dropped clips."""
    folder = folder or root / "out"
    manifest, dropped = folder / "manifest.tsv", folder / "dropped.tsv"
    prepare(
        "how2sign",
        root,
        split,
        manifest,
        dropped,
        folder / "clamped.tsv",
        PrepareOptions(min_duration_s),
        **options,
    )
    return read_table(manifest, COLUMNS), read_table(dropped, DROPPED_COLUMNS, key=None)


@pytest.fixture(scope="module")
def corpus_of_all_kinds(tmp_path_factory):
    """A corpus with a row for every reason to drop a clip."""
    root = tmp_path_factory.mktemp("corpus")
    videos = root / "raw_videos"
    write_video(videos / f"{VIDEO}.mp4", 72)
    write_video(videos / "own-clip.mp4", 30)
    truncate(write_video(videos / "cut.mp4", 72), 0.5)
    write_audio(videos / "sound.mp4")
    write_video(videos / "zero.mp4", 0, movflags="empty_moov")
    (videos / "web.mp4").write_text("404")
    rows = [
        row("good", start="0.5", end="1.5", text="He said  “yes”,\tyou?re right."[:30]),
        row("tab", end="1"),
        row("past-the-end", start="2.5", end="9"),
        row("from-before-the-start", start="-0.5", end="0.5"),
        row("own-clip", video="nowhere-1-rgb_front", start="7", end="8"),
        row("missing", video="nowhere-1-rgb_front"),
        row("cut", video="cut"),
        row("sound", video="sound"),
        row("web", video="web"),
        row("zero", video="zero"),
        row("no-end", end=""),
        row("no-start", start=""),
        row("backwards", start="2", end="1"),
        row("instant", start="1", end="1"),
        row("beyond", start="3", end="4"),
        row("short", start="1", end="1.19"),
        row("between-frames", start="2.99", end="8"),
        row("silent", text="  "),
        row("good", start="2", end="3", text="Once more."),
        row("silent", text="Twice."),
    ]
    # A caption with a tab would be another field: only quoting can hold one.
    rows[0] = row("good", start="0.5", end="1.5", text='"He said  “yes”,\tyou?re right."')
    write_annotations(root, rows)
    return root


@pytest.fixture(scope="module")
def prepared(corpus_of_all_kinds):
    return run(corpus_of_all_kinds)


def test_nothing_is_dropped_silently(prepared):
    manifest, dropped = prepared
    assert len(manifest) + len(dropped) == 20
    assert not manifest["clip_id"].duplicated().any()


def test_every_reason(prepared):
    _, dropped = prepared
    reasons = list(zip(dropped["clip_id"], dropped["reason"], strict=True))
    assert reasons == [
        ("missing", "missing_file"),
        ("cut", "unreadable"),
        ("sound", "unreadable"),
        ("web", "unreadable"),
        ("zero", "no_frames"),
        ("no-end", "no_times"),
        ("no-start", "no_times"),
        ("backwards", "ends_before_start"),
        ("instant", "ends_before_start"),
        ("beyond", "starts_after_end"),
        ("short", "too_short"),
        ("between-frames", "too_short"),
        ("silent", "empty_caption"),
        ("good", "duplicate_id"),
        ("silent", "duplicate_id"),
    ]
    assert set(dropped["reason"]) == set(REASONS)
    details = dict(zip(dropped["clip_id"], dropped["detail"], strict=True))
    assert "raw_videos/nowhere-1-rgb_front.mp4" in details["missing"]
    assert details["beyond"] == "3.0 s in a video of 3.00 s"
    assert details["good"] == "row 20"


def test_the_manifest(prepared):
    manifest = prepared[0].set_index("clip_id")
    assert manifest.index.tolist() == [
        "good", "tab", "past-the-end", "from-before-the-start", "own-clip",
    ]  # fmt: skip
    good = manifest.loc["good"]
    assert good["source"] == f"raw_videos/{VIDEO}.mp4"
    assert (good["start_s"], good["end_s"], good["n_frames"]) == ("0.5000", "1.5000", "24")
    assert float(good["fps"]) == 24
    assert good["signer"] == "5"
    assert good["text"] == 'He said "yes", you\'re right.'
    assert good["text_raw"] == "He said  “yes”, you?re right."


def test_times_are_clamped_to_the_video(prepared):
    manifest = prepared[0].set_index("clip_id")
    times = manifest[["start_s", "end_s", "n_frames"]]
    assert times.loc["past-the-end"].tolist() == ["2.5000", "3.0000", "12"]
    assert times.loc["from-before-the-start"].tolist() == ["0.0000", "0.5000", "12"]


def test_clamped_times_are_noted(corpus_of_all_kinds, tmp_path):
    run(corpus_of_all_kinds, tmp_path)
    clamped = read_table(tmp_path / "clamped.tsv", CLAMPED_COLUMNS)
    assert clamped.to_numpy().tolist() == [
        ["past-the-end", "2.5", "9.0", "3.0000"],
        ["from-before-the-start", "-0.5", "0.5", "3.0000"],
    ]


def test_a_sentence_clip_is_used_whole(prepared):
    clip = prepared[0].set_index("clip_id").loc["own-clip"]
    assert clip["source"] == "raw_videos/own-clip.mp4"
    assert (clip["start_s"], clip["end_s"], clip["n_frames"]) == ("0.0000", "1.2500", "30")


def test_workers_change_nothing(corpus_of_all_kinds, tmp_path):
    for workers in (1, 4):
        run(corpus_of_all_kinds, tmp_path / str(workers), workers=workers)
    for name in ("manifest.tsv", "dropped.tsv"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "4" / name).read_bytes()


def test_the_shortest_duration_is_a_setting(corpus_of_all_kinds, tmp_path):
    manifest, _ = run(corpus_of_all_kinds, tmp_path, min_duration_s=0.1)
    assert "short" in manifest["clip_id"].tolist()
    manifest, _ = run(corpus_of_all_kinds, tmp_path, min_duration_s=0.9)
    assert "past-the-end" not in manifest["clip_id"].tolist()


def nothing_written(root):
    return not (root / "out").exists()


def test_ids_that_differ_in_case_only_are_refused(tmp_path):
    write_annotations(tmp_path, [row("Clip"), row("other"), row("clip")])
    with pytest.raises(UserError, match=r"'Clip' \(row 2\) and 'clip' \(row 4\)"):
        run(tmp_path)
    assert nothing_written(tmp_path)


def test_a_bad_name_is_refused_with_its_row(tmp_path):
    write_annotations(tmp_path, [row("good"), row("../../evil")])
    with pytest.raises(UserError, match=r"line 3 .*'\.\./\.\./evil'"):
        run(tmp_path)
    assert nothing_written(tmp_path)


def test_a_corpus_without_a_usable_clip_is_refused(tmp_path):
    write_annotations(tmp_path, [row("a"), row("b", text="")])
    with pytest.raises(UserError, match=r"No clip of split 'train' .*missing_file"):
        run(tmp_path)
    write_annotations(tmp_path, [])
    with pytest.raises(UserError, match="no annotations"):
        run(tmp_path)
    assert nothing_written(tmp_path)


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason=NO_REAL_DATA)
def test_real_clips(tmp_path):
    manifest, dropped = run(REAL_DATA / "how2sign_sample", tmp_path)
    assert len(manifest) == 14
    assert set(manifest["fps"].astype(float)) == {24.0}
    assert 'with "Lips and More".' in manifest["text"].tolist()
    assert dropped[["clip_id", "reason"]].values.tolist() == [
        ["_5LwGjy_bY8_3-5-rgb_front", "unreadable"]
    ]


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason=NO_REAL_DATA)
def test_real_annotations(tmp_path):
    path = shutil.copy(REAL_DATA / "how2sign_annotations/how2sign_realigned_val.csv", tmp_path)
    published = pd.read_csv(path)
    names = published["VIDEO_NAME"].unique()[:40]
    # 100 s, in which many of the sentences of these videos lie, some across its end.
    video = write_video(tmp_path / "raw_videos/v.mp4", [numbered(0, 16, 16)] * 200, fps=2)
    for name in names:
        video.with_stem(name).symlink_to(video)
    manifest, dropped = run(tmp_path, split="val")
    assert len(manifest) + len(dropped) == 1741
    there = published[published["VIDEO_NAME"].isin(names)]
    late = there["START_REALIGNED"] >= 100
    short = (there["END_REALIGNED"].clip(upper=100) - there["START_REALIGNED"] < 0.2) & ~late
    assert late.sum() > 50 and 50 < len(manifest) <= len(there) - late.sum() - short.sum()
    counts = Counter(dropped["reason"])
    assert counts["missing_file"] == 1741 - len(there)
    assert counts["starts_after_end"] == late.sum()
    assert manifest["end_s"].astype(float).max() == 100
    assert (manifest["n_frames"].astype(int) >= 1).all()


def test_a_sentence_in_a_gap_of_the_video_is_dropped(tmp_path):
    times = [*range(48), *range(144, 168)]
    frames = [numbered(t) for t in times]
    write_video(tmp_path / f"raw_videos/{VIDEO}.mp4", frames, times=times)
    spans = {"before": (0, 2), "in": (2.5, 4), "into": (5, 6.5), "out": (1.5, 3), "after": (6, 7)}
    write_annotations(tmp_path, [row(name, start=a, end=b) for name, (a, b) in spans.items()])
    for _ in range(2):  # the second time from the cache of probes
        manifest, dropped = run(tmp_path, probes=tmp_path / "probes.tsv")
        assert manifest["clip_id"].tolist() == ["before", "into", "out", "after"]
        assert dropped.to_numpy().tolist() == [
            ["in", "no_frames", "no frame between 2.50 and 4.00 s"]
        ]
        assert manifest["n_frames"].tolist() == ["48", "36", "36", "24"]
        assert {float(fps) for fps in manifest["fps"]} == {24.0}


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "loop", "picture", "playlist"])
def test_what_is_no_video_is_a_dropped_row(tmp_path, kind):
    write_video(tmp_path / "raw_videos/good.mp4", 48)
    path = tmp_path / "raw_videos/bad.mp4"
    make = {
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "device": lambda: path.symlink_to("/dev/zero"),
        "loop": lambda: path.symlink_to(path),
        "picture": lambda: path.write_bytes(b"GIF89a" + bytes(100)),
        "playlist": lambda: path.write_text("#EXTM3U\n#EXTINF:5,\ngood.mp4\n#EXT-X-ENDLIST\n"),
    }
    make[kind]()
    write_annotations(tmp_path, [row("good", video="good"), row("bad", video="bad")])
    manifest, dropped = run(tmp_path)
    assert manifest["clip_id"].tolist() == ["good"]
    assert dropped[["clip_id", "reason"]].to_numpy().tolist() == [["bad", "unreadable"]]
