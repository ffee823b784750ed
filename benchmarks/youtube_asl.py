"""How the workflow stands up to a corpus of YouTube-ASL's size.

    python benchmarks/youtube_asl.py                    # 610,000 captions of 11,000 videos
    python benchmarks/youtube_asl.py --captions 61000 --videos 1100

Makes a list of ids, a tiny real video for each (one file, hard-linked; every one is probed) and its
captions as yt-dlp writes them, then measures `prepare` with nothing known of the videos and again
with everything known, and a dry run of the whole workflow before and after the clips are assigned
to shards. Two cores are used.
"""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from large_corpus import Done, make_project, report, run, snakemake, write_video

ROOT = Path(__file__).resolve().parents[1]
WORDS = [
    "we",
    "sign",
    "deaf",
    "school",
    "story",
    "people",
    "today",
    "language",
    "because",
    "family",
    "where",
    "look",
    "like",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--captions", type=int, default=610_000)
    parser.add_argument("--videos", type=int, default=11_000)
    options = parser.parse_args()
    # Affinity is inherited by everything that is started.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    with tempfile.TemporaryDirectory(prefix="youtube_asl") as folder:
        corpus = Path(folder) / "corpus"
        make_corpus(corpus, options.captions, options.videos)
        print(f"{options.captions} captions, {options.videos} videos", flush=True)
        for name in ("prepare, cold", "prepare, warm"):
            report(name, prepare(corpus, Path(folder) / "work"))
        project = make_project(Path(folder) / "project", corpus)
        (project / "large.yaml").write_text(
            f"corpus: {{name: large, type: youtube_asl, root: {corpus}, shards: {{train: 64}}}}\n"
            "evaluate: {split: train}\nsystems: [zero_shot]\n"
        )
        report("snakemake -n", snakemake(project, "-n"))
        report("prepare and shard", snakemake(project, "results/large/shards/train/0000.tsv"))
        report("snakemake -n, shards known", snakemake(project, "-n"))


def prepare(corpus: Path, work: Path) -> Done:
    tables = {"manifest": "", "dropped": ".dropped", "clamped": ".clamped"}
    flags = [
        word
        for flag, suffix in tables.items()
        for word in (f"--{flag}", str(work / f"manifests/train{suffix}.tsv"))
    ]
    return run(
        [sys.executable, "-m", "sonar_sign", "prepare"]
        + ["--corpus-type", "youtube_asl", "--root", str(corpus), "--split", "train", *flags]
        + ["--workers", "4", "--probes", str(work / "probes/train.tsv")],
        ROOT,
    )


def make_corpus(root: Path, n_captions: int, n_videos: int) -> None:
    """Videos of 70 seconds; captions of up to 55 cues, two of three end a sentence."""
    root.mkdir(parents=True)
    source = root / "source.tmp"
    write_video(source)
    rng = random.Random(0)
    ids = [f"yt{number:09d}" for number in range(n_videos)]
    (root / "youtube_asl_video_ids.txt").write_text("\n".join(ids) + "\n")
    for number, name in enumerate(ids):
        os.link(source, root / f"{name}.mp4")
        first, last = (n_captions * at // n_videos for at in (number, number + 1))
        (root / f"{name}.en.vtt").write_text(captions(last - first, rng))
    source.unlink()


def captions(n_cues: int, rng: random.Random) -> str:
    blocks = ["WEBVTT\nKind: captions\nLanguage: en\n"]
    step = 70 / max(n_cues, 1)
    for number in range(n_cues):
        start, end = number * step, (number + 1) * step - 0.001
        words = " ".join(rng.choices(WORDS, k=8)).capitalize()
        text = f"<i>{words}</i>" if number % 10 == 0 else words
        text += "." if rng.random() < 2 / 3 else ""
        blocks.append(f"{clock(start)} --> {clock(end)} align:start\n{text}\n")
    return "\n".join(blocks)


def clock(seconds: float) -> str:
    return f"00:{int(seconds // 60):02d}:{seconds % 60:06.3f}"


if __name__ == "__main__":
    main()
