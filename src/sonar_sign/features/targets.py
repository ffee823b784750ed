"""Targets: SONAR's embedding of every caption, which the sign encoder learns to predict.

`targets/{split}.npy` is `(n_clips, embedding_dim)` float32, the `.parquet` beside it has the column
`clip_id` and, as metadata, a hash of the captions and one of the content of both files. Targets
without the latter are refused: embedding captions again takes minutes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from sonar_sign.core.content_hash import ContentHash
from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns
from sonar_sign.features.indexed_arrays import (
    IndexedArray,
    IndexedArrayFormat,
    read_indexed_array,
    write_indexed_array,
)

_CAPTIONS = "captions_xxh3_128"
_FORMAT = IndexedArrayFormat(
    "The file of targets", "embed again", np.float32, pa.schema([("clip_id", pa.string())])
)


def write_targets(
    path: Path,
    clip_ids: Sequence[str],
    embeddings: np.ndarray,
    captions: Sequence[str] | None = None,
    about: Mapping[str, str] | None = None,
) -> None:
    """Write `targets/{split}.npy` and its index beside it.

    Args:
        embeddings: `(n_clips, embedding_dim)`.
        captions: what was embedded, one per clip; its hash is stored. None: it is not known.
        about: how they were made; metadata of the index.

    Raises:
        UserError: an embedding is not finite.
    """
    if len(clip_ids) != len(embeddings):
        raise ValueError(f"{len(clip_ids)} clips and {len(embeddings)} embeddings")
    stored = embeddings.astype(np.float32)
    finite = np.isfinite(stored).all(axis=1)
    if not finite.all():
        clip_id = clip_ids[int(np.argmin(finite))]
        raise UserError(f"SONAR's embedding of the caption of {clip_id} is NaN or infinite.")
    metadata = dict(about or {})
    if captions is not None:
        metadata[_CAPTIONS] = _captions_hash(dict(zip(clip_ids, captions, strict=True)))
    index = pa.table([list(clip_ids)], schema=_FORMAT.schema)
    write_indexed_array(path, stored, index, metadata)


def read_targets(path: Path) -> dict[str, np.ndarray]:
    """The target of each clip, `(embedding_dim,)` float32.

    Raises:
        UserError: a file is missing, malformed or damaged, the two do not belong together, or a
            target is not finite.
    """
    found = _read(Path(path))
    return dict(zip(found.columns["clip_id"], np.array(found.rows), strict=True))


def _read(path: Path) -> IndexedArray:
    found = read_indexed_array(path, _FORMAT)
    if len(found.columns["clip_id"]) != len(found.rows):
        n_clips = len(found.columns["clip_id"])
        raise _FORMAT.error(path, f"it holds {len(found.rows)} targets and its index {n_clips}")
    if not np.isfinite(found.rows).all():
        raise _FORMAT.error(path, "it holds NaN or infinite values")
    if found.stored_hash is None:
        raise _FORMAT.error(path, "it has no hash of its content, as older versions wrote it")
    found.verify_hash(lambda: _FORMAT.changed(path))
    return found


def require_captions(path: Path, captions: Mapping[str, str]) -> None:
    """Check that targets were made of these captions, by clip id, as far as their file says.

    Raises:
        UserError: they were made of others; else as `read_targets`.
    """
    found = _read(Path(path)).metadata.get(_CAPTIONS)
    if found is not None and found != _captions_hash(captions):
        raise _FORMAT.error(Path(path), "the captions changed after it was made")


def verify_targets(path: Path, captions: Path) -> None:
    """Check targets as a whole, and that they were made of the captions of a table.

    Args:
        captions: table with `clip_id` and `text`, such as the manifest.

    Raises:
        UserError: a file cannot be used, or the two do not belong together.
    """
    table = read_columns(captions, ("clip_id", "text"))
    clip_ids = _read(Path(path)).columns["clip_id"]
    if sorted(clip_ids) != sorted(table["clip_id"]):
        raise _FORMAT.error(Path(path), f"its clips are not those of {captions}")
    require_captions(path, dict(zip(table["clip_id"], table["text"], strict=True)))


def _captions_hash(captions: Mapping[str, str]) -> str:
    found = ContentHash()
    clip_ids = sorted(captions)
    found.add_texts("clip_id", clip_ids)
    found.add_texts("text", [captions[clip_id] for clip_id in clip_ids])
    return found.hexdigest()


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
