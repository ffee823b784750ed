"""The demo's synthetic corpora: drawn signers, in How2Sign's layout, with OpenPose keypoints.

A rule of the workflow makes them, so their files need not be there beforehand. Nobody's face is in
them, so they may be shown to anybody.
"""

from pathlib import Path

from sonar_sign.corpora.how2sign import ANNOTATIONS, How2Sign


class Drawn(How2Sign):
    """A corpus that `sonar-sign make_corpus` has drawn, or will draw."""

    drawn = True
    may_be_shown = True
    official_counts: dict[str, dict[str, int]] = {}

    def annotation_file(self, split: str, language: str | None = None) -> Path:
        """Where the split's annotations lie, whether or not they have been made yet."""
        path = self.root / ANNOTATIONS[0].format(split=split)
        return path if language is None else path.with_suffix(f".{language}.csv")
