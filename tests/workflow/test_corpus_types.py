"""Every type of corpus from its published layout to scores, with drawn videos in that layout."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from workflow_project import Project

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.tables import read_columns

pytestmark = [pytest.mark.slow, pytest.mark.long]

N = 20
SENTENCES = [f"This is sentence {number} of a corpus." for number in range(N)]


@pytest.fixture(scope="module")
def videos(finished: Project) -> list[Path]:
    """Videos of a drawn signer, several seconds long."""
    return sorted((finished.folder / "resources/demo/howto/raw_videos").glob("*.mp4"))


def link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(source, target)


def of_table(root: Path, videos: list[Path]) -> dict:
    for number in range(N):
        link(videos[number % len(videos)], root / f"clips/{number}.mp4")
    with (root / "mine.csv").open("w", newline="") as file:
        rows = [(f"clips/{number}.mp4", text) for number, text in enumerate(SENTENCES)]
        csv.writer(file).writerows([("path", "sentence"), *rows])
    return {"type": "table", "columns": {"text": "sentence"}}


def of_how2sign(root: Path, videos: list[Path]) -> dict:
    link(videos[0], root / "raw_videos/abc.mp4")
    rows = ["VIDEO_NAME\tSENTENCE_NAME\tSTART_REALIGNED\tEND_REALIGNED\tSENTENCE"]
    rows += [f"abc\tabc_{at}\t{at / 2}\t{at / 2 + 1}\t{SENTENCES[at]}" for at in range(2)]
    (root / "how2sign_realigned_test.csv").write_text("\n".join(rows) + "\n")
    return {"type": "how2sign"}


def of_openasl(root: Path, videos: list[Path]) -> dict:
    link(videos[0], root / "raw-video/a-b_c.mp4")
    rows, boxes = ["vid\tyid\tstart\tend\traw-text\ttokenized-text\tgloss\tsplit"], {}
    for at in range(2):
        start, end = (f"00:00:0{second}.250" for second in (at, at + 1))
        vid = f"a-b_c-{start}-{end}"
        rows.append(f"{vid}\ta-b_c\t{start}\t{end}\t{SENTENCES[at]}\t\t\ttest")
        boxes[vid] = [0.25, 0.0, 0.75, 1.0]
    (root / "openasl-v1.0.tsv").write_text("\n".join(rows) + "\n")
    (root / "bbox-v1.0.json").write_text(json.dumps(boxes))
    return {"type": "openasl"}


def of_youtube_asl(root: Path, videos: list[Path]) -> dict:
    names = ["abcdefghijk", "-bcdefghijk", "gonegonegon"]
    (root / "youtube_asl_video_ids.txt").write_text("\n".join(names) + "\n")
    for name in names[:2]:
        link(videos[0], root / f"{name}.mp4")
        cues = "\n".join(
            f"00:00:0{at}.000 --> 00:00:0{at + 1}.000\n{SENTENCES[at]}\n" for at in range(2)
        )
        (root / f"{name}.en.vtt").write_text(f"WEBVTT\n\n{cues}")
    return {"type": "youtube_asl", "split_shares": {"test": 1}}


def of_ssvp(root: Path, videos: list[Path]) -> dict:
    link(videos[0], root / "videos/first/first_one.mp4")
    (root / "manifests").mkdir()
    (root / "manifests/test.tsv").write_text(f"first_one\t2.0\t{SENTENCES[0]}\n")
    return {"type": "ssvp"}


@pytest.mark.parametrize(
    ("layout", "n_clips", "box_from"),
    [
        (of_table, 2, {"video", "fallback"}),
        (of_how2sign, 2, {"video", "fallback"}),
        (of_openasl, 2, {"given"}),
        (of_youtube_asl, 4, {"video", "fallback"}),
        (of_ssvp, 1, {"whole"}),
    ],
)
def test_a_published_layout_is_scored(
    finished: Project, videos, tmp_path, layout: Callable, n_clips: int, box_from: set
):
    project = finished.copy(tmp_path / "project")
    root = tmp_path / "corpus"
    root.mkdir()
    # The tiny stand-ins for the public models, and 12 lines of a newcomer's own.
    (project.folder / "stand_ins.yaml").write_text(yaml.safe_dump(project.config))
    corpus = {"name": "mine", "root": str(root), **layout(root, videos)}
    own = {"extends": str(project.folder / "stand_ins.yaml"), "corpus": corpus}
    own |= {"systems": ["zero_shot"], "languages": {"outputs": ["eng_Latn"]}}
    project.write_config(own)
    assert len((project.folder / "config.yaml").read_text().splitlines()) <= 12
    run = project.run("results/mine/metrics/zero_shot.json")
    assert run.code == 0, run.output
    results = project.folder / "results/mine"
    assert json.loads((results / "metrics/zero_shot.json").read_text())["n_clips"] == n_clips
    shard = ClipShard(results / "clips/test/0000.tar")
    assert {shard.info(clip).box_from for clip in shard.clip_ids} <= box_from
    kept = len(read_columns(results / "manifests/test.tsv", ("clip_id",))["clip_id"])
    dropped = read_columns(results / "manifests/test.dropped.tsv", ("reason",), key=None)["reason"]
    assert (kept, dropped) == (n_clips, ["missing_file"] if layout is of_youtube_asl else [])
