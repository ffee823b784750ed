"""Validation and test sentences, which the SONAR stand-in must not see in pretraining."""

from pathlib import Path

from sonar_sign.demo.corpus import plan_corpus, read_options

HELD_OUT_SPLITS = ("val", "test")


def held_out_texts(root: Path) -> set[str]:
    """The English sentences of the validation and test splits of a demo corpus.

    They are drawn again from the options of the corpus, so annotations that were edited
    later have no influence.

    Raises:
        UserError: `root` holds no demo corpus.
    """
    plans = plan_corpus(read_options(root))
    return {
        sentence.text("eng_Latn")
        for split in HELD_OUT_SPLITS
        for video in plans.get(split, [])
        for sentence in video.sentences
    }
