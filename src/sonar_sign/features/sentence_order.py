"""Which sentences come before a clip in its video, and their features."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from sonar_sign.corpora.manifests import read_manifest
from sonar_sign.features.feature_shards import FeatureShard
from sonar_sign.models.sign_context import Context, stack_context

COLUMNS = ("clip_id", "source", "start_s", "end_s")


@dataclass(frozen=True)
class SentencesBefore:
    """The clips before each clip in its video."""

    n: int = 0
    """How many are read at most; 0: none."""
    clips: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By clip id, up to `n` of them, the nearest last; the first of a video has none."""

    @classmethod
    def read(cls, corpora: Sequence[Sequence[Path]], n: int) -> "SentencesBefore":
        """Read the order of clips from manifests, or from the tables of shards.

        Args:
            corpora: the tables of each corpus: videos of two corpora may have one name, and the
                clips of one video lie in several shards.
            n: how many clips before are read; 0: no table is read.

        Raises:
            UserError: a table is malformed, or lacks a column.
        """
        found: dict[str, Sequence[str]] = {}
        for tables in corpora if n else ():
            found |= _of_corpus(tables, n)
        return cls(n, found)

    def features(self, clip_id: str, shards: Mapping[str, FeatureShard]) -> list[np.ndarray]:
        """Those of the clips before one, `(n_features, dim)`, the nearest last.

        A clip that `crop` dropped has no rows, and keeps its place.
        """
        dim = next(iter(shards.values())).dim
        none = np.empty((0, dim), np.float16)
        return [shards[one][one] if one in shards else none for one in self.clips.get(clip_id, ())]

    def context(
        self, clip_ids: Sequence[str], shards: Mapping[str, FeatureShard]
    ) -> Context | None:
        """The context of a batch of clips; None where none is read."""
        if not self.n:
            return None
        rows = [self.features(clip_id, shards) for clip_id in clip_ids]
        return as_context(rows, next(iter(shards.values())).dim)


def as_context(rows: Sequence[Sequence[np.ndarray]], dim: int) -> Context:
    """Features of earlier clips, for each clip of a batch, as a sign encoder reads them."""
    tensors = [[torch.from_numpy(one.astype(np.float32)) for one in clips] for clips in rows]
    return stack_context(tensors, dim)


def _of_corpus(tables: Sequence[Path], n: int) -> dict[str, Sequence[str]]:
    videos: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for path in tables:
        columns = read_manifest(path, COLUMNS)
        for clip_id, source, start, end in zip(*(columns[c] for c in COLUMNS), strict=True):
            videos[source].append((float(start), float(end), clip_id))
    found = {}
    for clips in videos.values():
        ids = [clip_id for _, _, clip_id in sorted(clips)]
        found |= {ids[place]: tuple(ids[max(0, place - n) : place]) for place in range(len(ids))}
    return found
