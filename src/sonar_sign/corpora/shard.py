"""`shard`: assigns clips to a fixed number of shards by a stable hash of their id."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from sonar_sign.core.tables import read_columns, write_rows
from sonar_sign.corpora.manifests import read_manifest

# What `crop` needs. Captions are left out: a changed caption must not cause cropping again.
COLUMNS = ("clip_id", "source", "start_s", "end_s", "n_frames", "fps")
# Only where the manifest has it: where the signer is, as shares of width and height.
BOX = "box"


def shard_of(clip_id: str, n_shards: int) -> int:
    """The shard of a clip, 0 to `n_shards - 1`; the same on every machine."""
    digest = hashlib.sha256(clip_id.encode("utf-8")).digest()
    return int.from_bytes(digest[:8], "big") % n_shards


def shard(manifest: Path, outputs: Sequence[Path]) -> None:
    """Write the rows of the manifest to shard files; `outputs[i]` is shard i.

    Raises:
        UserError: the manifest is malformed.
    """
    table = read_manifest(manifest, COLUMNS)
    rows_of: list[list[tuple[str, ...]]] = [[] for _ in outputs]
    columns = (*COLUMNS, BOX) if BOX in table else COLUMNS
    for row in zip(*(table[name] for name in columns), strict=True):
        rows_of[shard_of(row[0], len(outputs))].append(row)
    for output, rows in zip(outputs, rows_of, strict=True):
        write_rows(output, columns, rows)


def videos_of_shard(shard_file: Path, root: Path) -> list[str]:
    """Paths of the source videos of a shard, sorted, without duplicates."""
    sources = set(read_columns(shard_file, COLUMNS)["source"])
    return sorted(str(Path(root) / source) for source in sources)
