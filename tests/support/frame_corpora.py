"""PHOENIX-2014T and CSL-Daily in the layouts in which they are published, with drawn frames."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image
from small_files import numbered

PHOENIX = "name|video|start|end|speaker|orth|translation"
CORPUS_SPLITS = {"train": "train", "val": "dev", "test": "test"}


def write_pictures(folder: Path, frames, pattern: str = "images{:04d}.png", first: int = 1) -> Path:
    """One picture a frame; a number stands for so many numbered ones."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = [numbered(n, 32, 32) for n in range(frames)] if isinstance(frames, int) else frames
    for n, frame in enumerate(frames, first):
        Image.fromarray(frame).save(folder / pattern.format(n), quality=95)
    return folder


def phoenix_annotations(root: Path, split: str) -> Path:
    name = f"PHOENIX-2014-T.{CORPUS_SPLITS[split]}.corpus.csv"
    return root / "annotations/manual" / name


def phoenix_frames(root: Path, split: str, name: str) -> Path:
    return root / "features/fullFrame-210x260px" / CORPUS_SPLITS[split] / name


def write_phoenix(root: Path, split: str, sentences: Sequence[tuple[str, str, object]]) -> Path:
    """The rows of a split: name, translation and frames of each sentence."""
    path = phoenix_annotations(root, split)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        f"{name}|{name}/1/*.png|-1|-1|Signer0{n % 9 + 1}|REGEN|{text}"
        for n, (name, text, _) in enumerate(sentences)
    ]
    path.write_text("\n".join([PHOENIX, *rows, ""]), encoding="utf-8")
    for name, _, frames in sentences:
        write_pictures(phoenix_frames(root, split, name), frames)
    return root


def csl_label(name: str, text: str, length: int = 10) -> dict:
    """A label as the pickle has it."""
    return {
        "name": name,
        "length": length,
        "label_gloss": ["他", "谁"],
        "label_char": list(text),
        "label_word": [text],
        "label_postag": ["r"],
        "signer": 3,
        "time": 0,
    }


def write_csl(
    root: Path, splits: Mapping[str, Sequence[tuple[str, str, object]]], *, as_table: bool = False
) -> Path:
    """All splits: name, caption and frames of each sentence."""
    folder = root / "sentence_label"
    folder.mkdir(parents=True, exist_ok=True)
    clips = [(split, *clip) for split, of_split in splits.items() for clip in of_split]
    listed = [f"{name}|{CORPUS_SPLITS[split]}" for split, name, _, _ in clips]
    (folder / "split_1.txt").write_text("\n".join(["name|split", *listed, ""]), encoding="utf-8")
    if as_table:
        rows = [
            f"{n}|{name}|10|他 谁|{' '.join(text)}|{text}|r"
            for n, (_, name, text, _) in enumerate(clips)
        ]
        table = "\n".join(["index|name|length|gloss|char|word|postag", *rows, ""])
        (folder / "video_map.txt").write_text(table, encoding="utf-8")
    else:
        labels = {
            "info": [csl_label(name, text) for _, name, text, _ in clips],
            "gloss_map": ["他"],
        }
        (folder / "csl2020ct_v2.pkl").write_bytes(pickle.dumps(labels))
    for _, name, _, frames in clips:
        write_pictures(root / "sentence/frames_512x512" / name, frames, "{:06d}.jpg", first=0)
    return root
