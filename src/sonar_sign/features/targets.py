"""Targets: SONAR's embedding of every caption, which the sign encoder learns to predict."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, require_file


def write_targets(path: Path, clip_ids: Sequence[str], embeddings: np.ndarray) -> None:
    """Write `targets/{split}.npy`, `(n_clips, embedding_dim)` float32, and its index beside it."""
    if len(clip_ids) != len(embeddings):
        raise ValueError(f"{len(clip_ids)} clips and {len(embeddings)} embeddings")
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.save(file, embeddings.astype(np.float32), allow_pickle=False)
    with atomic_write(path.with_suffix(".parquet")) as temporary:
        pq.write_table(pa.table({"clip_id": pa.array(clip_ids, pa.string())}), temporary)


def read_targets(path: Path) -> dict[str, np.ndarray]:
    """The target of each clip, `(embedding_dim,)` float32.

    Raises:
        UserError: a file is missing or malformed, the two do not belong together, or a target
            is not finite.
    """
    path = Path(path)
    index = require_file(path.with_suffix(".parquet"), "The index of targets")
    require_file(path, "The targets")
    try:
        embeddings = np.load(path, allow_pickle=False)
        clip_ids = pq.read_table(index)["clip_id"].to_pylist()
    except (ValueError, KeyError, OSError, EOFError, pa.ArrowException) as error:
        raise UserError(f"{path} cannot be read ({error}); delete it and embed again.") from error
    if len(clip_ids) != len(embeddings):
        raise UserError(
            f"{path} holds {len(embeddings)} targets and its index {len(clip_ids)}; "
            "delete both and embed again."
        )
    if not np.isfinite(embeddings).all():
        raise UserError(f"{path} holds NaN or infinite values; delete it and embed again.")
    return dict(zip(clip_ids, embeddings, strict=True))


def read_all_targets(paths: Sequence[Path]) -> dict[str, np.ndarray]:
    """The targets of several corpora, whose clip ids must differ.

    Raises:
        UserError: a clip id occurs in two files; else as `read_targets`.
    """
    targets: dict[str, np.ndarray] = {}
    for path in paths:
        further = read_targets(path)
        twice = targets.keys() & further.keys()
        if twice:
            raise UserError(
                f"{path} has {len(twice)} clip ids of another corpus, for example {min(twice)}; "
                "corpora that are trained on together need different clip ids."
            )
        targets |= further
    return targets
