"""`shard`: clips are dealt to a fixed number of shards by a stable hash of their id."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from sonar_sign.tables import read_table, write_table

# What `crop` needs and no captions: a caption that changes must not crop a video again.
COLUMNS = ("clip_id", "source", "start_s", "end_s", "n_frames", "fps")


def shard_of(clip_id: str, n_shards: int) -> int:
    """The shard, 0 to `n_shards - 1`, that a clip belongs to, today and on every machine."""
    digest = hashlib.sha256(clip_id.encode("utf-8")).digest()
    return int.from_bytes(digest[:8], "big") % n_shards


def shard(manifest: Path, outputs: Sequence[Path]) -> None:
    """Write the rows of the manifest to the shard files, the i-th of which is shard i.

    Raises:
        UserError: the manifest is malformed.
    """
    table = read_table(manifest, COLUMNS)[list(COLUMNS)]
    numbers = table["clip_id"].map(lambda clip_id: shard_of(clip_id, len(outputs)))
    for number, output in enumerate(outputs):
        write_table(output, table[numbers == number])


def videos_of_shard(shard_file: Path, root: Path) -> list[str]:
    """The source videos that a shard names, as paths, each once."""
    sources = set(read_table(shard_file, COLUMNS)["source"])
    return sorted(str(Path(root) / source) for source in sources)
