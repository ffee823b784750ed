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
    References,
    listed,
    mean_percentage,
)

MADE_BY = "meteor-1.5.jar -l en -norm, mean of segments"
_SEGMENT = re.compile(r"^Segment \d+ score:\s+(\S+)$", re.MULTILINE)


def corpus_meteor_15(predictions: Sequence[str], references: References) -> MetricStatistics:
    """Mean of the segments' METEOR 1.5, a percentage, for English.

    The program's own final score weighs segments by their length, so it is another number. It
    comes with pycocoevalcap, with its paraphrase table. Of several references the one of the
    highest score counts.

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
    # The program wants equally many references of every segment, in one file.
    several = listed(references)
    most = max(map(len, several), default=1)
    filled = [text for of_clip in several for text in (*of_clip, *of_clip[:1] * most)[:most]]
    with tempfile.TemporaryDirectory() as texts:
        paths = [Path(texts) / name for name in ("predictions", "references")]
        for path, lines in zip(paths, (predictions, filled), strict=True):
            # An empty line ends the program, so an empty text becomes a mark that matches nothing.
            path.write_text("".join(f"{_line(text)}\n" for text in lines), encoding="utf-8")
        options = ["-l", "en", "-norm", *(["-r", str(most)] if most > 1 else [])]
        done = subprocess.run(
            [java, "-Xmx2G", "-jar", "meteor-1.5.jar", *map(str, paths), *options],
            cwd=folder,
            capture_output=True,
            text=True,
        )
    scores = [float(score) for score in _SEGMENT.findall(done.stdout)]
    if done.returncode or len(scores) != len(predictions):
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"METEOR 1.5 failed ({last}); set meteor_15 to false to go without it.")
    rows = zip(scores, predictions, several, strict=True)
    known = [s if p.split() and any(map(str.split, r)) else 0.0 for s, p, r in rows]
    return mean_percentage(known, MADE_BY)


def _line(text: str) -> str:
    return " ".join(text.split()) or "\u2400"


def _compute(
    predictions: Sequence[str], references: Sequence[str], context: MetricContext
) -> MetricStatistics:
    return corpus_meteor_15(predictions, context.of_clips(references))


METEOR_15 = Metric(
    "meteor_15",
    "METEOR 1.5",
    _compute,
    applies=lambda context: context.options.meteor_15,
    provenance=Provenance("METEOR 1.5", lambda made_by: f"METEOR 1.5: {made_by}"),
    position=90,
)
