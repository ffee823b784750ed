"""Clip shards: an uncompressed tar with `{clip_id}.mp4` and `{clip_id}.json` per clip.

The layout is WebDataset's. A clip that was dropped has only its `.json`. A shard may be empty.
Nothing is unpacked to read a clip: the tar's headers give the offset of every member.
"""

import io
import json
import os
import tarfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write
from sonar_sign.core.video import VideoError, decode_clip

# A tar ends with at least two blocks of zeros.
_END = bytes(2 * tarfile.BLOCKSIZE)


@dataclass(frozen=True)
class ClipInfo:
    """What is recorded of a cropped clip."""

    box: tuple[int, int, int, int]
    """The crop in source pixels, `x0, y0, x1, y1`; may reach outside the frame."""
    box_from: str
    """`video`, `clip`, `fallback` or `whole`, see `signer_box.SignerBox`; `dropped`: no face was
    found and the setting `crop.no_face` is `drop`."""
    faces_found: int
    """In how many of the searched frames the signer's face was found."""
    frames_probed: int
    """How many frames were searched."""
    fps: float
    n_frames: int
    width: int
    height: int


def write_clips(path: Path, clips: Iterable[tuple[str, bytes | None, ClipInfo]]) -> None:
    """Write a shard from `(clip_id, mp4, info)`; the same clips give the same bytes.

    A clip without an mp4 (None) is recorded as dropped.
    """
    with atomic_write(path) as temporary, tarfile.open(temporary, "w") as tar:
        for clip_id, video, info in clips:
            if video is not None:
                _add(tar, f"{clip_id}.mp4", video)
            _add(tar, f"{clip_id}.json", json.dumps(asdict(info)).encode())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # its defaults: time 0, owner 0
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


class ClipShard:
    """Random access to the clips of one shard.

    Raises:
        UserError: the file is missing, truncated or not a clip shard.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        try:
            with tarfile.open(self.path, "r:") as tar:
                self._spans = {m.name: (m.offset_data, m.size) for m in tar.getmembers()}
            with self.path.open("rb") as file:
                file.seek(-len(_END), os.SEEK_END)
                is_whole = file.read() == _END
        except (OSError, tarfile.TarError) as error:
            raise UserError(
                f"Clip shard {self.path} cannot be read ({error}); delete it and crop it again."
            ) from error
        self.clip_ids = [name[:-4] for name in self._spans if name.endswith(".mp4")]
        names = [name[:-5] for name in self._spans if name.endswith(".json")]
        self.dropped = [name for name in names if f"{name}.mp4" not in self._spans]
        # tarfile reads a file that was cut off between two members without complaint.
        if not is_whole or any(f"{clip_id}.json" not in self._spans for clip_id in self.clip_ids):
            raise UserError(f"Clip shard {self.path} is cut off; delete it and crop it again.")

    def _read(self, name: str) -> bytes:
        offset, length = self._spans[name]
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def video(self, clip_id: str) -> bytes:
        """A clip's mp4, as it is stored."""
        return self._read(f"{clip_id}.mp4")

    def info(self, clip_id: str) -> ClipInfo:
        """What was recorded of a clip when it was cropped."""
        values = json.loads(self._read(f"{clip_id}.json"))
        return ClipInfo(**{**values, "box": tuple(values["box"])})

    def frames(self, clip_id: str, numbers: np.ndarray) -> np.ndarray:
        """The frames `numbers` `(n,)` of a clip, `(n, size, size, 3)` uint8 RGB.

        Raises:
            UserError: the clip cannot be decoded.
        """
        try:
            return decode_clip(self.video(clip_id), numbers)
        except VideoError as error:
            raise UserError(
                f"Clip {clip_id} in {self.path} cannot be decoded ({error.detail}); "
                "delete the shard and crop it again."
            ) from error
