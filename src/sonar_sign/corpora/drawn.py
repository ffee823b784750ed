"""The demo's synthetic corpora: drawn signers, in How2Sign's layout, with OpenPose keypoints.

A rule of the workflow generates them, so their files need not exist beforehand. They show no real
person, so they may be shown to anybody.
"""

from pathlib import Path

from sonar_sign.corpora.how2sign import ANNOTATIONS, How2Sign

SENTENCES = "sentences_{split}.tsv"
"""What is hard about each sentence, beside the annotations."""
KEY = "SENTENCE_NAME"
SENTENCE_COLUMNS = (
    KEY,
    "needs_context",
    "spelled",
    "unseen_name",
    "unseen_combination",
    "question",
    "head_negation",
    "emphasis",
)


class Drawn(How2Sign):
    """A corpus that `sonar-sign make_corpus` has written or will write."""

    drawn = True
    may_be_shown = True
    official_counts: dict[str, dict[str, int]] = {}

    def annotation_file(self, split: str, language: str | None = None) -> Path:
        """The annotation file of a split, whether or not it exists yet."""
        path = self.root / ANNOTATIONS[0].format(split=split)
        return path if language is None else path.with_suffix(f".{language}.csv")

    def sentence_table(self, split: str) -> Path:
        """The table of what is hard about each sentence of a split."""
        return self.root / SENTENCES.format(split=split)
