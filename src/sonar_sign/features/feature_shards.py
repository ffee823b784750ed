"""Feature shards: one `.npy` with vectors and one `.parquet`, the index of clips.

The `.npy` is `(n_features, dim)` float16, one clip after the other. The `.parquet` has the columns
`clip_id`, `offset` and `length` (0 for a clip that `crop` dropped or that has no landmarks) and, as
metadata, a hash of how the vectors were made (of the SignHiera checkpoint, or of the settings of
landmarks) and one of the content of both files. Landmarks are stored in the same format.

Shards of before the content was hashed are read: computing features again takes days. Their values
are checked whenever they are read.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from sonar_sign.core.errors import UserError
from sonar_sign.features.indexed_arrays import (
    IndexedArrayFormat,
    read_indexed_array,
    write_indexed_array,
)

_ENCODER = "encoder_sha256"
_PRECISION = "precision"
_FORMAT = IndexedArrayFormat(
    "Feature shard",
    "extract again",
    np.float16,
    pa.schema([("clip_id", pa.string()), ("offset", pa.int64()), ("length", pa.int64())]),
)


def write_features(
    path: Path,
    clips: Mapping[str, np.ndarray],
    dim: int,
    encoder_sha256: str,
    precision: str = "",
) -> None:
    """Write the `.npy` at `path` and its index beside it.

    Args:
        clips: `(n_units, dim)` float arrays by clip id, stored in this order.
        dim: width of a feature vector; an empty shard needs it.
        encoder_sha256: hash of the SignHiera checkpoint, or of the settings of landmarks.
        precision: in which they were computed, where there was a choice.

    Raises:
        UserError: a feature is not finite, or is too large for float16.
    """
    lengths = np.array([len(features) for features in clips.values()], dtype=np.int64)
    stored = np.concatenate(
        [np.empty((0, dim), np.float16), *clips.values()], dtype=np.float16, casting="same_kind"
    )
    offsets = np.cumsum(lengths) - lengths
    if not np.isfinite(stored).all():
        bad = int(np.argmin(np.isfinite(stored).all(axis=1)))
        clip_id = list(clips)[int(np.searchsorted(offsets, bad, side="right")) - 1]
        raise UserError(f"There are NaN or infinite features for clip {clip_id}.")
    index = pa.table([list(clips), offsets, lengths], schema=_FORMAT.schema)
    metadata = {_ENCODER: encoder_sha256}
    if precision:
        metadata[_PRECISION] = precision
    write_indexed_array(path, stored, index, metadata)


class FeatureShard:
    """The features of one shard, memory-mapped.

    Raises:
        UserError: a file is missing, malformed or damaged, or the two do not belong together.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        found = read_indexed_array(self.path, _FORMAT)
        self._features, self.has_hash = found.rows, found.stored_hash is not None
        self.clip_ids: list[str] = found.columns["clip_id"]
        self._offsets: np.ndarray = found.columns["offset"]
        self.lengths: np.ndarray = found.columns["length"]
        self.encoder_sha256 = found.metadata.get(_ENCODER, "")
        self.precision = found.metadata.get(_PRECISION, "")
        self.dim = self._features.shape[1]
        if not self.encoder_sha256:
            raise _FORMAT.error(self.path, "its index does not say what its features were made by")
        self._require_offsets()
        self._rows = {clip_id: row for row, clip_id in enumerate(self.clip_ids)}
        if self.has_hash:
            found.verify_hash(self._explain)

    def _explain(self) -> UserError:
        self.require_finite()  # the likeliest damage has a sentence of its own
        return _FORMAT.changed(self.path)

    def _require_offsets(self) -> None:
        """Check that the clips lie one after the other and fill the file."""
        n = len(self._features)
        if not ((self.lengths >= 0) & (self.lengths <= n)).all() or self.lengths.sum() != n:
            total = sum(self.lengths.tolist())
            raise _FORMAT.error(self.path, f"it holds {n} features and its index {total}")
        if not np.array_equal(self._offsets, np.cumsum(self.lengths) - self.lengths):
            raise _FORMAT.error(self.path, "the clips in its index do not follow one another")

    def __len__(self) -> int:
        """How many features all clips have together."""
        return len(self._features)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Features `start` to `stop` (exclusive) of the file, of any clips: `(n, dim)` float16."""
        return self._features[start:stop]

    def length_of(self, clip_id: str) -> int:
        """How many features a clip has, according to the index; no feature is read."""
        return int(self.lengths[self._rows[clip_id]])

    def __getitem__(self, clip_id: str) -> np.ndarray:
        """The features of a clip, `(n_units, dim)` float16.

        Raises:
            UserError: the shard has no hash and a value is not finite.
        """
        row = self._rows[clip_id]
        features = self._features[self._offsets[row] : self._offsets[row] + self.lengths[row]]
        # Only finite features are written, and the hash says that these are the ones written.
        if not self.has_hash:
            self._require_finite_in(clip_id, features)
        return features

    def _require_finite_in(self, clip_id: str, features: np.ndarray) -> None:
        if not np.isfinite(features).all():
            raise _FORMAT.error(self.path, f"it holds NaN or infinite features of clip {clip_id}")

    def require_finite(self) -> None:
        """Raise a UserError that names a clip unless all features are finite."""
        for clip_id, start, n in zip(self.clip_ids, self._offsets, self.lengths, strict=True):
            self._require_finite_in(clip_id, self._features[start : start + n])


def verify_features(path: Path) -> FeatureShard:
    """Check a shard of features or landmarks as a whole, its values included.

    Raises:
        UserError: as `FeatureShard`, or a value is not finite.
    """
    shard = FeatureShard(path)
    shard.require_finite()
    return shard


def open_features(paths: Sequence[Path]) -> dict[str, FeatureShard]:
    """The shard of each clip id.

    Raises:
        UserError: a shard cannot be read, two were made by different checkpoints or settings, or
            a clip is in two shards.
    """
    shards = [FeatureShard(path) for path in paths]
    for shard in shards[1:]:
        if shard.encoder_sha256 != shards[0].encoder_sha256:
            raise UserError(
                f"{shards[0].path} and {shard.path} were made by different checkpoints or "
                "settings; delete the older one and extract again."
            )
    by_clip: dict[str, FeatureShard] = {}
    for shard in shards:
        for clip_id in shard.clip_ids:
            if clip_id in by_clip:
                raise UserError(f"Clip {clip_id} is in {by_clip[clip_id].path} and {shard.path}.")
            by_clip[clip_id] = shard
    return by_clip


def by_length(shards: Mapping[str, FeatureShard]) -> tuple[list[str], list[str]]:
    """The clips that have features, shortest first, and those that have none.

    Neighbours in this order are of similar length, so batches need little padding.
    """
    lengths = {clip_id: shard.length_of(clip_id) for clip_id, shard in shards.items()}
    clip_ids = sorted(filter(lengths.get, shards), key=lambda clip_id: (lengths[clip_id], clip_id))
    return clip_ids, sorted(shards.keys() - set(clip_ids))
