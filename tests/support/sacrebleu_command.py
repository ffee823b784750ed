"""The sacrebleu command, which BLEU and chrF are compared with."""

import json
import subprocess
import sys


def sacrebleu_command(folder, predictions, references, *options):
    """What it says about predictions: `{"BLEU": {...}, ...}`.

    Args:
        references: a list of texts, or several lists.
    """
    streams = [references] if isinstance(references[0], str) else references
    names = [f"references{n}" for n in range(len(streams))]
    for name, lines in (*zip(names, streams, strict=True), ("predictions", predictions)):
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", *names, "-i", "predictions", *options]
    output = subprocess.run(
        [*command, "-w", "12", "--format", "json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    scores = json.loads(output)
    return {score["name"]: score for score in (scores if isinstance(scores, list) else [scores])}
