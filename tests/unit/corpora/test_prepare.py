"""`prepare`: every row of the annotations ends in the manifest or in the list of dropped clips."""

import os
import shutil
from collections import Counter

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_files import (
    NO_REAL_DATA,
    REAL_DATA,
    REPOSITORY,
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
from sonar_sign.corpora import How2Sign
from sonar_sign.corpora.dropped import MAX_CAPTION_CHARACTERS, REASONS
from sonar_sign.corpora.prepare import CLAMPED_COLUMNS, COLUMNS, DROPPED_COLUMNS, prepare

VIDEO = "vid-5-rgb_front"
# The tests of these types have them.
REASONS_OF_OTHER_TYPES = {"bad_language", "bad_box", "no_captions", "repeated_cue", "too_long"}


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
        "three\tfields\tonly",
        row("../../evil"),
        row("soon", start="0_0.1"),
        row("endless", text="a" * (MAX_CAPTION_CHARACTERS + 1)),
        row("GOOD"),
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
    assert len(manifest) + len(dropped) == 25
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
        ("", "malformed_row"),
        ("", "bad_name"),
        ("soon", "bad_times"),
        ("endless", "long_caption"),
        ("GOOD", "similar_id"),
    ]
    assert set(dropped["reason"]) == set(REASONS) - REASONS_OF_OTHER_TYPES
    details = dict(zip(dropped["clip_id"], dropped["detail"], strict=True))
    assert "raw_videos/nowhere-1-rgb_front.mp4" in details["missing"]
    assert details["beyond"] == "3.0 s in a video of 3.00 s"
    assert details["good"] == "row 20"
    assert details["soon"] == "row 24: '0_0.1' is not a time in seconds"
    assert details["endless"] == "row 25: 2001 characters"
    assert details["GOOD"] == "row 26, like 'good'"
    assert [text for text in dropped["detail"] if "evil" in text][0].startswith("row 23: The name ")


def test_every_reason_is_explained():
    text = (REPOSITORY / "docs/how2sign.md").read_text()
    assert all(f"| `{reason}` | " in text for reason in REASONS)


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


@pytest.mark.parametrize(
    ("first", "second"),
    [("Clip", "clip"), ("caf\u00e9", "cafe\u0301"), ("c1", "c1 "), ("STRASSE", "straße")],
)
def test_ids_that_some_file_system_takes_for_one_are_one_clip(small_corpus, first, second):
    write_annotations(small_corpus, [row(first), row("other"), row(second)])
    manifest, dropped = run(small_corpus)
    assert manifest["clip_id"].tolist() == [first, "other"]
    assert dropped.to_numpy().tolist() == [[second, "similar_id", f"row 4, like {first!r}"]]


@pytest.fixture
def small_corpus(tmp_path, small_video):
    (tmp_path / "raw_videos").mkdir()
    (tmp_path / f"raw_videos/{VIDEO}.mp4").symlink_to(small_video)
    return tmp_path


@pytest.fixture(scope="module")
def small_video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("video") / "v.mp4", 48)


FIELDS = st.sampled_from(
    [
        "c1",
        "C1",
        "c2",
        "",
        " ",
        "nan",
        "0.5",
        "1e3",
        "-1",
        "inf",
        '"',
        '""',
        '"a',
        'b"',
        "a\tb",
        ",",
    ]
)
LINES = st.lists(FIELDS, min_size=5, max_size=9).map("\t".join) | st.builds(
    row,
    st.sampled_from(["c1", "c2", "C2", "../x", "c\u0301", "ć", ""]),
    start=FIELDS,
    end=st.sampled_from(["1", "2", "99", ""]),
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12),
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(LINES, max_size=8))
def test_every_row_is_kept_or_dropped(small_corpus, lines):
    write_annotations(small_corpus, [row("first"), *lines])
    text = (small_corpus / "how2sign_realigned_train.csv").read_text()
    manifest, dropped = run(small_corpus)
    read = How2Sign(small_corpus).annotations("train")
    assert len(manifest) + len(dropped) == len(read)
    # A row is a line that is not blank, or several where a quoted caption has line breaks.
    n_lines = sum(bool(line.strip()) for line in text.split("\n")) - 1
    assert len(read) == n_lines if '"' not in text else len(read) <= n_lines
    assert not manifest["clip_id"].duplicated().any()
    assert set(dropped["reason"]) <= set(REASONS)
    assert (manifest["text"] != "").all()


def test_lost_characters_are_kept_and_said(small_corpus, capsys):
    write_annotations(small_corpus, [row("a", text="caf\ufffd"), row("b")])
    manifest, _ = run(small_corpus)
    assert manifest["text"].tolist() == ["caf\ufffd", "Hello."]
    assert "is kept in captions (1: a)" in capsys.readouterr().err


def test_nothing_is_written_where_the_encoding_is_wrong(small_corpus):
    path = write_annotations(small_corpus, [row("a", text="perché")])
    path.write_bytes(path.read_text().encode("latin-1"))
    with pytest.raises(UserError, match="not UTF-8 .*line 2"):
        run(small_corpus)
    assert nothing_written(small_corpus)


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
