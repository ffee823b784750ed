"""How the workflow stands up to a corpus of How2Sign's size.

    python benchmarks/large_corpus.py                # 35,000 sentences of 2,500 videos

Makes a corpus of tiny real videos (one file, hard-linked) with How2Sign's files, then times
`prepare` with nothing known of the videos and again with everything known, and a dry run of the
whole workflow before and after the clips are dealt to shards.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
FPS, SECONDS = 24, 70
SPLITS = {"train": 0.89, "val": 0.05, "test": 0.06}
HEADER = "VIDEO_ID VIDEO_NAME SENTENCE_ID SENTENCE_NAME START_REALIGNED END_REALIGNED SENTENCE"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=35_000)
    parser.add_argument("--videos", type=int, default=2_500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="large_corpus") as folder:
        corpus, work = Path(folder) / "corpus", Path(folder) / "work"
        make_corpus(corpus, options.rows, options.videos)
        print(f"{options.rows} rows, {options.videos} videos")
        for name in ("prepare, cold", "prepare, warm"):
            seconds = sum(prepare(corpus, work, split) for split in SPLITS)
            print(f"{name}: {seconds:.1f} s", flush=True)
        project = make_project(Path(folder) / "project", corpus)
        print(f"snakemake -n: {snakemake(project, '-n'):.1f} s", flush=True)
        dealt = [f"results/large/shards/{split}/0000.tsv" for split in SPLITS]
        print(f"prepare and shard: {snakemake(project, *dealt):.1f} s", flush=True)
        print(f"snakemake -n, shards known: {snakemake(project, '-n'):.1f} s", flush=True)


def make_corpus(root: Path, n_rows: int, n_videos: int) -> None:
    videos = root / "raw_videos"
    videos.mkdir(parents=True)
    source = videos / "source.tmp"
    write_video(source)
    names = [f"vid{number:08d}-{number % 11}-rgb_front" for number in range(n_videos)]
    for name in names:
        os.link(source, videos / f"{name}.mp4")
    source.unlink()
    rng = np.random.default_rng(0)
    first = 0
    for split, share in SPLITS.items():
        count = n_rows - first if split == "test" else round(share * n_rows)
        mine = names[first * n_videos // n_rows : (first + count) * n_videos // n_rows]
        lines = ["\t".join(HEADER.split())]
        for number in range(count):
            video = mine[number * len(mine) // count]
            start = rng.uniform(0, SECONDS - 10)
            sentence = f"{video[:11]}_{first + number}"
            fields = (video[:11], video, sentence, f"{sentence}-rgb_front", f"{start:.2f}")
            end = start + rng.uniform(1, 10)
            lines.append("\t".join([*fields, f"{end:.2f}", f"This is sentence {number % 9000}."]))
        (root / f"how2sign_realigned_{split}.csv").write_text("\n".join(lines) + "\n")
        first += count


def write_video(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for number in range(FPS * SECONDS):
            picture = np.full((64, 64, 3), number % 256, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def prepare(corpus: Path, work: Path, split: str) -> float:
    manifests = work / "manifests"
    tables = {"manifest": "", "dropped": ".dropped", "clamped": ".clamped"}
    flags = [
        word
        for flag, suffix in tables.items()
        for word in (f"--{flag}", str(manifests / f"{split}{suffix}.tsv"))
    ]
    return run(
        [sys.executable, "-m", "sonar_sign", "prepare", "--corpus-type", "how2sign"]
        + ["--root", str(corpus), "--split", split, *flags, "--workers", "4"]
        + ["--probes", str(work / f"probes/{split}.tsv")],
        ROOT,
    )


def make_project(project: Path, corpus: Path) -> Path:
    """The repository's workflow in a folder of its own, so that results go elsewhere."""
    project.mkdir()
    for name in ("Snakefile", "workflow", "config", "profiles"):
        (project / name).symlink_to(ROOT / name)
    (project / "large.yaml").write_text(
        f"corpus: {{name: large, root: {corpus}, shards: {{train: 64, val: 4, test: 4}}}}\n"
    )
    return project


def snakemake(project: Path, *words: str) -> float:
    return run(
        [str(Path(sys.executable).with_name("snakemake")), "--cores", "2", *words]
        + ["--configfile", "config/how2sign.yaml", "large.yaml"],
        project,
    )


def run(command: list[str], folder: Path) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
