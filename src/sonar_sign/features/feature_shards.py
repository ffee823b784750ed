"""Feature shards: one `.npy` with vectors and one `.parquet`, the index of clips.

The `.npy` is `(n_features, dim)` float16, one clip after the other. The `.parquet` has the columns
`clip_id`, `offset` and `length` (0 for a clip that `crop` dropped or that has no landmarks) and, as
metadata, a hash of how the vectors were made: of the SignHiera checkpoint, or of the settings of
landmarks. Landmarks are stored in the same format.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, require_file

_ENCODER = b"encoder_sha256"


def write_features(
    path: Path, clips: Mapping[str, np.ndarray], dim: int, encoder_sha256: str
) -> None:
    """Write the `.npy` at `path` and its index beside it.

    Args:
        clips: `(n_units, dim)` float arrays by clip id, stored in this order.
        dim: width of a feature vector; an empty shard needs it.
        encoder_sha256: hash of the SignHiera checkpoint, or of the settings of landmarks.

    Raises:
        UserError: a feature is not finite, or is too large for float16.
    """
    lengths = np.array([len(features) for features in clips.values()], dtype=np.int64)
    stored = np.concatenate(
        [np.empty((0, dim), np.float16), *clips.values()], dtype=np.float16, casting="same_kind"
    )
    if not np.isfinite(stored).all():
        offsets = np.cumsum(lengths) - lengths
        bad = int(np.argmin(np.isfinite(stored).all(axis=1)))
        clip_id = list(clips)[int(np.searchsorted(offsets, bad, side="right")) - 1]
        raise UserError(f"There are NaN or infinite features for clip {clip_id}.")
    index = pa.table(
        {
            "clip_id": pa.array(list(clips), pa.string()),
            "offset": np.cumsum(lengths) - lengths,
            "length": lengths,
        }
    ).replace_schema_metadata({_ENCODER: encoder_sha256})
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.save(file, stored, allow_pickle=False)
    with atomic_write(path.with_suffix(".parquet")) as temporary:
        pq.write_table(index, temporary)


class FeatureShard:
    """The features of one shard, memory-mapped.

    Raises:
        UserError: a file is missing or malformed, or the two do not belong together.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        index_path = require_file(self.path.with_suffix(".parquet"), "The index of features")
        require_file(self.path, "The feature shard")
        try:
            self._features = np.load(self.path, mmap_mode="r", allow_pickle=False)
            table = pq.read_table(index_path)
            self.clip_ids: list[str] = table["clip_id"].to_pylist()
            self._offsets = table["offset"].to_numpy()
            self.lengths = table["length"].to_numpy()
        except (ValueError, KeyError, OSError, EOFError, pa.ArrowException) as error:
            raise UserError(
                f"Feature shard {self.path} cannot be read ({error}); delete it and extract again."
            ) from error
        if self._features.ndim != 2:
            raise UserError(
                f"{self.path} does not hold feature vectors, (n, dim); extract it again."
            )
        self.encoder_sha256 = (table.schema.metadata or {}).get(_ENCODER, b"").decode()
        self.dim = self._features.shape[1]
        if int(self.lengths.sum()) != len(self._features):
            raise UserError(
                f"{self.path} holds {len(self._features)} features and its index "
                f"{int(self.lengths.sum())}; delete both and extract again."
            )
        self._rows = {clip_id: row for row, clip_id in enumerate(self.clip_ids)}

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
            UserError: a value is not finite, so the file was damaged after it was written.
        """
        row = self._rows[clip_id]
        features = self._features[self._offsets[row] : self._offsets[row] + self.lengths[row]]
        if not np.isfinite(features).all():
            raise UserError(
                f"{self.path} holds NaN or infinite features of clip {clip_id}; delete it and "
                "extract again."
            )
        return features


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
