"""How the workflow stands up to a corpus of How2Sign's size.

    python benchmarks/large_corpus.py                # 35,000 sentences of 2,500 videos

Makes a corpus of tiny real videos (one file, hard-linked) with How2Sign's files, then measures:

- `prepare` with nothing known of the videos, and again with everything known,
- a dry run of the whole workflow before and after the clips are assigned to shards, and its
  memory; then with twelve systems and three seeds,
- Snakemake's own share of a whole run: every job is scheduled and its outputs, empty files made
  here, are touched instead of written,
- which shards and how many crops ten more clips change after that.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import yaml

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
            seconds = sum(prepare(corpus, work, split).seconds for split in SPLITS)
            print(f"{name}: {seconds:.1f} s", flush=True)
        project = make_project(Path(folder) / "project", corpus)
        report("snakemake -n", snakemake(project, "-n"))
        assigned = [f"results/large/shards/{split}/0000.tsv" for split in SPLITS]
        report("prepare and shard", snakemake(project, *assigned))
        report("snakemake -n, shards known", snakemake(project, "-n"))
        many = snakemake(project, "-n", configs=("many.yaml",))
        report("snakemake -n, shards known, twelve systems and three seeds", many)
        make_empty_outputs(project)
        report("every job scheduled, its outputs touched", snakemake(project, "--touch", "-F"))
        before = shard_hashes(project)
        add_rows(corpus, 10)
        snakemake(project, assigned[0])
        after = shard_hashes(project)
        changed = sum(before[path] != after[path] for path in after)
        crops = re.search(r"^crop +(\d+)", snakemake(project, "-n").said, flags=re.MULTILINE)
        print(f"ten more clips: {changed} shards changed, {crops[1] if crops else 0} crops to make")


@dataclass(frozen=True)
class Done:
    """A command that ended well."""

    seconds: float
    cpu_seconds: float
    peak_gb: float
    """Of the largest process: the command, or one that it started."""
    said: str


def report(what: str, done: Done) -> None:
    print(
        f"{what}: {done.seconds:.1f} s, {done.cpu_seconds:.1f} CPU s, {done.peak_gb:.2f} GB",
        flush=True,
    )


def make_empty_outputs(project: Path) -> None:
    summary = snakemake(project, "--summary").said.splitlines()
    for line in summary[summary.index(next(s for s in summary if s.startswith("output_file"))) :]:
        path = project / line.split("\t")[0]
        if line.startswith("results/") and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


def shard_hashes(project: Path) -> dict[Path, str]:
    paths = sorted((project / "results/large/shards").rglob("*.tsv"))
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def add_rows(corpus: Path, n: int) -> None:
    """Sentences of the last video of the training split, under new names."""
    table = corpus / "how2sign_realigned_train.csv"
    lines = table.read_text().splitlines()
    for number, line in enumerate(lines[-n:]):
        fields = line.split("\t")
        name = f"{fields[0]}_{10**6 + number}"
        fields[2:4] = name, f"{name}-rgb_front"
        lines.append("\t".join(fields))
    table.write_text("\n".join(lines) + "\n")


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


def prepare(corpus: Path, work: Path, split: str) -> Done:
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
    trainings = {
        f"{kind}_{number}": {"like": kind, "weight_decay": number / 100}
        for kind in ("stage1", "stage2")
        for number in range(2, 7)
    }
    for number in range(2, 7):
        trainings[f"stage2_{number}"]["features"] = f"stage1_{number}"
    systems = {name: {"training": name} for name in trainings}
    many = {"seeds": [1, 2, 3], "trainings": trainings, "systems": {"zero_shot": None, **systems}}
    # With stage 2 of the defaults, twelve systems.
    many["systems"]["finetuned"] = None
    (project / "many.yaml").write_text(yaml.safe_dump(many))
    return project


def snakemake(project: Path, *words: str, configs: Sequence[str] = ()) -> Done:
    return run(
        [str(Path(sys.executable).with_name("snakemake")), *words, "--cores", "2"]
        + ["--configfile", "config/how2sign.yaml", "large.yaml", *configs],
        project,
    )


def run(command: list[str], folder: Path) -> Done:
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        said.seek(0)
        text = said.read()
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{text[-5000:]}")
    seconds = time.perf_counter() - started
    return Done(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20, text)


if __name__ == "__main__":
    main()
