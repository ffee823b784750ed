"""What the stand-in for SONAR must not read in pretraining: the sentences that it is tested on."""

import json
from pathlib import Path

from sonar_sign.core.files import require_file
from sonar_sign.demo.corpus import MARKER, CorpusOptions, plan_corpus

HELD_OUT_SPLITS = ("val", "test")


def held_out_texts(root: Path) -> set[str]:
    """The English sentences of an embedded corpus's validation and test splits.

    They are drawn again from the corpus's own options, so an annotation that was edited
    afterwards changes nothing.

    Raises:
        UserError: `root` holds no embedded corpus.
    """
    marker = require_file(Path(root) / MARKER, "The embedded corpus")
    plans = plan_corpus(CorpusOptions(**json.loads(marker.read_text(encoding="utf-8"))))
    return {
        sentence.text("eng_Latn")
        for split in HELD_OUT_SPLITS
        for video in plans.get(split, [])
        for sentence in video.sentences
    }
