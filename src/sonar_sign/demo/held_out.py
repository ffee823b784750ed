"""Validation and test sentences, which the SONAR stand-in must not see in pretraining."""

import json
from pathlib import Path

from sonar_sign.core.files import require_file
from sonar_sign.demo.corpus import MARKER, CorpusOptions, plan_corpus

HELD_OUT_SPLITS = ("val", "test")


def held_out_texts(root: Path) -> set[str]:
    """The English sentences of the validation and test splits of a demo corpus.

    They are drawn again from the options of the corpus, so annotations that were edited
    later have no influence.

    Raises:
        UserError: `root` holds no demo corpus.
    """
    marker = require_file(Path(root) / MARKER, "The demo corpus")
    plans = plan_corpus(CorpusOptions(**json.loads(marker.read_text(encoding="utf-8"))))
    return {
        sentence.text("eng_Latn")
        for split in HELD_OUT_SPLITS
        for video in plans.get(split, [])
        for sentence in video.sentences
    }
