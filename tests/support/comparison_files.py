"""Predictions with known shares of wrong words, their metrics files, and a comparison of them."""

import json

import numpy as np
import pandas as pd
from frames import write_table

from sonar_sign.core.files import write_json
from sonar_sign.evaluation.compare import CompareOptions, compare
from sonar_sign.evaluation.evaluate import evaluate

WORDS = np.array("we take the cup and put it on a table now you turn this red one".split())  # noqa: SIM905
IDS = [f"c{n:02d}" for n in range(40)]


def sentences(seed, n=40):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(3, 9))) + "." for _ in range(n)]


def corrupted(texts, share, seed=1):
    rng = np.random.default_rng(seed)
    return [
        " ".join(w if rng.random() > share else str(rng.choice(WORDS)) for w in t.split())
        for t in texts
    ]


REFERENCES = sentences(0)


def comparison_folder(folder):
    """A test manifest and training captions, some of which stand in test too."""
    manifest = pd.DataFrame(
        {
            "clip_id": IDS,
            "source": [f"video{n // 5}" for n in range(40)],
            "text": REFERENCES,
            "signer": [str(n % 3) for n in range(40)],
            "n_frames": [str(24 * (1 + n)) for n in range(40)],
            "fps": "24",
        }
    )
    write_table(folder / "test.tsv", manifest)
    training = REFERENCES[:4] + sentences(7, 60)
    write_table(folder / "train.tsv", pd.DataFrame({"clip_id": range(64), "text": training}))
    return folder


def table(folder, name, texts, ids=IDS):
    path = folder / f"{name}.tsv"
    write_table(path, pd.DataFrame({"clip_id": ids, "prediction": texts}))
    return path


def metrics(folder, name, texts, language="eng_Latn", references=None, **changes):
    """What `evaluate` writes for predictions of the workflow."""
    info = {
        "system": name.split(".")[0], "checkpoint_sha256": "0" * 64, "seed": 1,
        "language": language, "inference_ms_per_clip": 12.34, "device": "cpu", "n_clips": 40,
        "timings_ms": {}, "cost": {},
    }  # fmt: skip
    predictions = table(folder, f"p.{name}", texts)
    write_json(folder / "info.json", info)
    output = folder / "metrics" / f"{name}.json"
    evaluate(predictions, folder / "test.tsv", folder / "info.json", output, references=references)
    if changes:
        write_json(output, json.loads(output.read_text()) | changes)
    return output


def run(folder, *paths, **options):
    return compare(paths, folder / "out", CompareOptions(**options))
