"""Predictions with known shares of wrong words, their metrics files, and a comparison of them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from frames import write_table

from sonar_sign.core.files import write_json
from sonar_sign.evaluation.compare import CompareOptions, compare
from sonar_sign.evaluation.evaluate import evaluate
from sonar_sign.translation.run_timings import SUFFIX, RunTimings, write_timings

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


def metrics(
    folder, name, texts, language="eng_Latn", references=None, seed=1, info=None, **changes
):
    """What `evaluate` writes for predictions of the workflow.

    Args:
        name: of the metrics file; the system is what stands before the first dot.
        info: further keys of the run info, such as `components`.
        changes: keys of the metrics file that are overwritten.
    """
    info = {
        "system": name.split(".")[0], "checkpoint_sha256": "0" * 64, "seed": seed,
        "language": language, "device": "cpu", "n_clips": 40, **(info or {}),
    }  # fmt: skip
    predictions = table(folder, f"p.{name}", texts)
    write_json(folder / "info.json", info)
    output = folder / "metrics" / f"{name}.json"
    evaluate(predictions, folder / "test.tsv", folder / "info.json", output, references=references)
    if changes:
        write_json(output, json.loads(output.read_text()) | changes)
    made = json.loads(output.read_text())
    of_run = {key: made.get(key) for key in ("system", "language", "seed")}
    times = RunTimings(**of_run, device="cpu", inference_ms_per_clip=12.34, timings_ms={}, cost={})
    write_timings(output, times)
    return output


def of_seeds(folder, system, share, seeds=(1, 2, 3), **info):
    """Metrics files of one system with several seeds, the first without one in its name."""
    return [
        metrics(
            folder,
            f"{system}.seed{seed}" if seed != seeds[0] else system,
            corrupted(REFERENCES, share, seed=seed),
            seed=seed,
            info=info,
        )
        for seed in seeds
    ]


def trained(kind="sign_encoder", start=None, **settings):
    """Metadata of a checkpoint, as trainings write it."""
    parent = {"sha256": "1" * 64, "metadata": start and {"training": start}}
    return {
        "training": "some name", "kind": kind, "seed": 1, "settings": settings,
        "corpora": {"demo": {"clips": 9, "weight": 1.0, "captions_sha256": "2" * 64}},
        "language": "eng_Latn", "versions": {"torch": "2"}, "scores": {"cosine": 0.5},
        "started_from": {kind: parent},
    }  # fmt: skip


def run(folder, *paths, **options):
    beside = [Path(path).with_suffix(SUFFIX) for path in paths]
    options = {"timings": [path for path in beside if path.exists()], **options}
    return compare(paths, folder / "out", CompareOptions(**options))
