"""METEOR 1.5 (Denkowski and Lavie 2014, W14-3348) by its authors' program, which needs Java."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.metrics.base import (
    Metric,
    MetricContext,
    MetricStatistics,
    Provenance,
    mean_percentage,
)

MADE_BY = "meteor-1.5.jar -l en -norm, mean of segments"
_SEGMENT = re.compile(r"^Segment \d+ score:\s+(\S+)$", re.MULTILINE)


def corpus_meteor_15(predictions: Sequence[str], references: Sequence[str]) -> MetricStatistics:
    """Mean of the segments' METEOR 1.5, a percentage, for English.

    The program's own final score weighs segments by their length, so it is another number. It
    comes with pycocoevalcap, with its paraphrase table.

    Raises:
        UserError: there is no Java, or the program fails.
    """
    java = shutil.which("java")
    if java is None:
        raise UserError(
            "METEOR 1.5 needs Java: install a Java runtime (Debian: default-jre-headless), or set "
            "meteor_15 to false."
        )
    folder = Path(str(find_spec("pycocoevalcap.meteor.meteor").origin)).parent
    with tempfile.TemporaryDirectory() as texts:
        paths = [Path(texts) / name for name in ("predictions", "references")]
        for path, lines in zip(paths, (predictions, references), strict=True):
            # An empty line ends the program, so an empty text becomes a mark that matches nothing.
            path.write_text("".join(f"{_line(text)}\n" for text in lines), encoding="utf-8")
        done = subprocess.run(
            [java, "-Xmx2G", "-jar", "meteor-1.5.jar", *map(str, paths), "-l", "en", "-norm"],
            cwd=folder,
            capture_output=True,
            text=True,
        )
    scores = [float(score) for score in _SEGMENT.findall(done.stdout)]
    if done.returncode or len(scores) != len(predictions):
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"METEOR 1.5 failed ({last}); set meteor_15 to false to go without it.")
    rows = zip(scores, predictions, references, strict=True)
    return mean_percentage([s if p.split() and r.split() else 0.0 for s, p, r in rows], MADE_BY)


def _line(text: str) -> str:
    return " ".join(text.split()) or "\u2400"


def _compute(
    predictions: Sequence[str], references: Sequence[str], _context: MetricContext
) -> MetricStatistics:
    return corpus_meteor_15(predictions, references)


METEOR_15 = Metric(
    "meteor_15",
    "METEOR 1.5",
    _compute,
    applies=lambda context: context.options.meteor_15,
    provenance=Provenance("METEOR 1.5", lambda made_by: f"METEOR 1.5: {made_by}"),
    position=90,
)
