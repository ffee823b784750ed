"""Faults that are planted in a finished project, each with the path that doctor must name.

Each changes files of its own, so that many can be planted in one copy.
"""

import csv
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

DEMO = Path("results/demo")
HOWTO = Path("resources/demo/howto")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garble(path: Path, at: float = 0.5, n: int = 200) -> None:
    content = bytearray(path.read_bytes())
    start = int(at * len(content))
    content[start : start + n] = np.random.default_rng(0).bytes(min(n, len(content) - start))
    path.write_bytes(content)


def swap(first: Path, second: Path) -> None:
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


def edit_field(path: Path, column: str, value: str, separator: str = "\t") -> None:
    """Another value in the first row of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        header, first, *rows = csv.reader(file, delimiter=separator, quoting=csv.QUOTE_NONE)
    first[header.index(column)] = value
    lines = [separator.join(row) for row in (header, first, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def without_row(path: Path) -> None:
    header, _, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([header, *rows]), encoding="utf-8")


def edit_json(path: Path, change: Callable[[dict], None]) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")


def garble_clip(path: Path) -> None:
    """Other bytes within the second video of a shard."""
    with tarfile.open(path) as tar:
        video = [member for member in tar.getmembers() if member.name.endswith(".mp4")][1]
    content = bytearray(path.read_bytes())
    middle = video.offset_data + video.size // 2
    content[middle : middle + 50] = bytes(50)
    path.write_bytes(content)


def shuffle(path: Path) -> None:
    np.save(path, np.load(path)[::-1])


def with_nan(path: Path) -> None:
    values = np.load(path)
    values[0, 0] = np.nan
    np.save(path, values)


def other_value(comparison: dict) -> None:
    comparison["systems"]["finetuned"]["bleu_4"]["value"] += 3


# By the path that a finding names; none is made of another one that is damaged.
INPUTS: dict[str, Callable[[], object]] = {
    f"{DEMO}/manifests/val.tsv": lambda: edit_field(DEMO / "manifests/val.tsv", "text", "Else."),
    f"{DEMO}/manifests/test.tsv": lambda: edit_field(
        HOWTO / "how2sign_realigned_test.csv", "SENTENCE", "Edited since."
    ),
    f"{DEMO}/manifests/summary.json": lambda: (DEMO / "manifests/summary.json").write_text("{}"),
    f"{DEMO}/captions/test.ita_Latn.tsv": lambda: edit_field(
        DEMO / "captions/test.ita_Latn.tsv", "text", "Altro."
    ),
    f"{DEMO}/clips/test/0000.tar": lambda: garble_clip(DEMO / "clips/test/0000.tar"),
    f"{DEMO}/clips/train/0000.tar": lambda: cut(DEMO / "clips/train/0000.tar"),
    f"{DEMO}/features/stage1/train/0000.npy": lambda: swap(
        DEMO / "features/stage1/train/0000.npy", DEMO / "features/stage1/train/0001.npy"
    ),
    f"{DEMO}/landmarks/val/0000.npy": lambda: cut(DEMO / "landmarks/val/0000.npy"),
    f"{DEMO}/landmarks/test/0000.npy": lambda: shutil.rmtree(HOWTO / "openpose"),
    f"{DEMO}/targets/train.npy": lambda: shuffle(DEMO / "targets/train.npy"),
    f"{DEMO}/targets/val.npy": lambda: with_nan(DEMO / "targets/val.npy"),
    "resources/models/demo/sonar": lambda: Path(
        "resources/models/demo/sonar/sentencepiece.model"
    ).unlink(),
    "resources/models/demo/sign_encoder.pth": lambda: Path(
        "resources/models/demo/sign_encoder.pth"
    ).unlink(),
}
RESULTS: dict[str, Callable[[], object]] = {
    f"{DEMO}/checkpoints/stage1/best.pt": lambda: cut(DEMO / "checkpoints/stage1/best.pt"),
    f"{DEMO}/checkpoints/landmarks/best.pt": lambda: garble(DEMO / "checkpoints/landmarks/best.pt"),
    f"{DEMO}/checkpoints/stage2/curves.csv": lambda: garble(
        DEMO / "checkpoints/stage2/curves.csv", 0.3
    ),
    f"{DEMO}/predictions/zero_shot/test.tsv": lambda: without_row(
        DEMO / "predictions/zero_shot/test.tsv"
    ),
    f"{DEMO}/predictions/finetuned/test.tsv": lambda: edit_field(
        DEMO / "predictions/finetuned/test.tsv", "clip_id", "foreign"
    ),
    f"{DEMO}/predictions/landmarks/test.tsv": lambda: edit_field(
        DEMO / "predictions/landmarks/test.tsv", "prediction", "edited after it was scored"
    ),
    f"{DEMO}/metrics/stage1.json": lambda: swap(
        DEMO / "metrics/stage1.npz", DEMO / "metrics/stage1.ita_Latn.npz"
    ),
    f"{DEMO}/samples/zero_shot.json": lambda: (DEMO / "samples/zero_shot.json").unlink(),
    f"{DEMO}/samples/stage1.json": lambda: (DEMO / "samples/stage1.json").write_text("[]"),
    f"{DEMO}/comparison.md": lambda: cut(DEMO / "comparison.md"),
    f"{DEMO}/report/speed.svg": lambda: (DEMO / "report/speed.svg").write_text(""),
    f"{DEMO}/report/index.html": lambda: next((DEMO / "report/clips").glob("*.mp4")).unlink(),
}
# By words of the one finding that there is.
ALONE: dict[str, Callable[[], object]] = {
    "comparison.json is not JSON": lambda: (DEMO / "comparison.json").write_text(""),
    "comparison.json was not written by compare": lambda: (DEMO / "comparison.json").write_text(
        "{}"
    ),
    "bleu_4 of finetuned is": lambda: edit_json(DEMO / "comparison.json", other_value),
    "videos are others than when": lambda: garble(min((HOWTO / "raw_videos").glob("*.mp4"))),
}
