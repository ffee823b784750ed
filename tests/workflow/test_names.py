"""Odd names of folders and videos go through the workflow as they are."""

import pytest
from small_files import row, write_annotations, write_video

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.corpora.shard import shard_of

ROOT = "odd 'root' \"of\" 100% 手話 $HOME `id` [a-b]* #1 & co"
VIDEOS = [
    "a{y}b", "{x}", "{split}", "{ wildcards }", "{a,[0-9]{3}}", "un{closed", "50%s", "it's",
    'say "hi"', "a b", "$(touch evil)", "手話", "e\u0301", "-dash", "semi;colon", "star*",
    "a,b", "#", "~", "a:b",
]  # fmt: skip


@pytest.fixture
def odd(empty):
    """A project with a corpus of such videos, in a folder with such a name."""
    rows = []
    for number, name in enumerate(VIDEOS):
        video = f"{name}-5-rgb_front"
        write_video(empty.folder / ROOT / "raw_videos" / f"{video}.mp4", 12)
        rows.append(row(f"clip{number}", video, "0.0", "0.4"))
    write_annotations(empty.folder / ROOT, rows, "test")
    empty.write_config(
        {
            "corpus": {"name": "odd", "type": "how2sign", "root": ROOT, "shards": {"test": 2}},
            "systems": {"zero_shot": None},
            "crop": {"size": 32, "frames_probed": 1},
        }
    )
    return empty


@pytest.mark.slow
@pytest.mark.long
def test_from_videos_to_clips(odd):
    targets = [f"results/odd/clips/test/{number:04d}.tar" for number in range(2)]
    run = odd.run(*targets)
    assert run.code == 0, run.output
    clips = [ClipShard(odd.folder / path).clip_ids for path in targets]
    assert sorted(sum(clips, [])) == sorted(f"clip{number}" for number in range(len(VIDEOS)))
    assert not list(odd.folder.rglob("evil"))
    assert odd.dry_run(*targets) == {}
    # A replaced video is noticed, whatever it is called.
    for number in (0, 4):
        write_video(odd.folder / ROOT / f"raw_videos/{VIDEOS[number]}-5-rgb_front.mp4", 13)
        shard = targets[shard_of(f"clip{number}", 2)]
        assert odd.dry_run(shard) == {"crop": 1}
        assert odd.run(shard).code == 0
    # The same folder in other words makes nothing stale.
    (odd.folder / "link").symlink_to(odd.folder)
    for root in (f"{ROOT}/", f"./{ROOT}//.", str(odd.folder / ROOT), f"link/{ROOT}"):
        odd.write_config({**odd.config, "corpus": {**odd.config["corpus"], "root": root}})
        assert odd.dry_run(*targets) == {}, root
