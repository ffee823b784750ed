"""Clip shards: an uncompressed tar with `{clip_id}.mp4` and `{clip_id}.json` per clip.

The layout is WebDataset's. A clip that was dropped has only its `.json`. A shard may be empty.
Nothing is unpacked to read a clip: the tar's headers give the offset of every member.

The `.json` holds `ClipInfo` and `xxh3_128`, a hash of the clip's id, video and info, which is
checked whenever the video is read. Shards of before it was stored are read without it.
"""

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.core.content_hash import ContentHash
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, safe_name
from sonar_sign.core.video import VideoError, decode_clip

_HASH = "xxh3_128"
# No clip has as many frames or pixels in a row.
MAX_NUMBER = 1_000_000
# A tar ends with at least two blocks of zeros.
_END = bytes(2 * tarfile.BLOCKSIZE)


@dataclass(frozen=True)
class ClipInfo:
    """What is recorded of a cropped clip."""

    box: tuple[int, int, int, int]
    """The crop in source pixels, `x0, y0, x1, y1`; may reach outside the frame."""
    box_from: str
    """`video`, `clip`, `fallback`, `whole` or `given`, see `signer_box.SignerBox`; `dropped`: no
    face was found and the setting `crop.no_face` is `drop`."""
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
            values = asdict(info)
            values[_HASH] = _content_hash(clip_id, video or b"", values)
            _add(tar, f"{clip_id}.json", json.dumps(values).encode())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # its defaults: time 0, owner 0
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _content_hash(clip_id: str, video: bytes, values: Mapping[str, Any]) -> str:
    found = ContentHash()
    found.add_texts("clip_id", [clip_id])
    found.add("mp4", "", video)
    # As JSON gives them back: tuples are lists.
    found.add_texts("info", [json.dumps({k: v for k, v in values.items() if k != _HASH})])
    return found.hexdigest()


class ClipShard:
    """Random access to the clips of one shard.

    Raises:
        UserError: the file is missing, truncated or not a clip shard.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        try:
            with tarfile.open(self.path, "r:") as tar:
                members = tar.getmembers()
            last = max((member.offset_data + member.size for member in members), default=0)
            with self.path.open("rb") as file:
                file.seek(last + -last % tarfile.BLOCKSIZE)
                is_whole = file.read(len(_END)) == _END
        except (OSError, ValueError, OverflowError, tarfile.TarError) as error:
            raise self.error(f"cannot be read ({error})") from error
        # tarfile takes a damaged header, and the end of the file, for the end of the archive.
        if not is_whole:
            raise self.error("is cut off or damaged")
        self._spans: dict[str, tuple[int, int]] = {}
        for member in members:
            is_plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.sparse
            clip_id, _, suffix = member.name.rpartition(".")
            if not is_plain or suffix not in ("mp4", "json"):
                raise self.error(f"holds {member.name[:80]!r}, which is no clip")
            if member.name in self._spans:
                raise self.error(f"holds {member.name[:80]!r} twice")
            safe_name(clip_id)
            self._spans[member.name] = (member.offset_data, member.size)
        self.clip_ids = [name[:-4] for name in self._spans if name.endswith(".mp4")]
        names = [name[:-5] for name in self._spans if name.endswith(".json")]
        self.dropped = [name for name in names if f"{name}.mp4" not in self._spans]
        for clip_id in self.clip_ids:
            if f"{clip_id}.json" not in self._spans:
                raise self.error(f"is cut off or damaged: clip {clip_id} has no .json")

    def error(self, problem: str) -> UserError:
        """A UserError that says what is wrong with the shard and what to do."""
        return UserError(f"Clip shard {self.path} {problem}; delete it and crop it again.")

    def _read(self, name: str) -> bytes:
        offset, length = self._spans[name]
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def _values(self, clip_id: str) -> dict[str, Any]:
        try:
            values = json.loads(self._read(f"{clip_id}.json"))
        except (ValueError, RecursionError) as error:
            raise self.error(f"holds no JSON for clip {clip_id}") from error
        if not isinstance(values, dict):
            raise self.error(f"holds no JSON object for clip {clip_id}")
        return values

    def video(self, clip_id: str) -> bytes:
        """A clip's mp4, as it is stored.

        Raises:
            UserError: it is damaged or another clip's.
        """
        video, values = self._read(f"{clip_id}.mp4"), self._values(clip_id)
        self._check(clip_id, video, values)
        return video

    def _check(self, clip_id: str, video: bytes, values: Mapping[str, Any]) -> None:
        if _HASH in values and values[_HASH] != _content_hash(clip_id, video, values):
            raise self.error(f"is damaged: clip {clip_id} is not what was written")

    def info(self, clip_id: str) -> ClipInfo:
        """What was recorded of a clip when it was cropped.

        Raises:
            UserError: it is damaged.
        """
        values = self._values(clip_id)
        if clip_id in self.dropped:
            self._check(clip_id, b"", values)
        values.pop(_HASH, None)
        if problem := _problem(values):
            raise self.error(f"holds no {problem} of clip {clip_id} that can be")
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


def _problem(values: Mapping[str, Any]) -> str | None:
    """A field of `ClipInfo` that is missing or not possible, or a name that it does not have."""
    named = {field.name: field.type for field in fields(ClipInfo)}
    for name in sorted(named.keys() | values.keys()):
        value, kind = values.get(name), named.get(name)
        is_number = type(value) in (int, float) and 0 <= value <= MAX_NUMBER
        possible = {
            int: type(value) is int and is_number,
            float: is_number and value > 0,
            str: isinstance(value, str),
        }
        if name == "box":
            corners = value if isinstance(value, list) and len(value) == 4 else [None]
            holds = all(type(at) is int and abs(at) <= MAX_NUMBER for at in corners)
        else:
            holds = possible.get(kind, False)
        if not holds:
            return name
    return None


def verify_clips(path: Path) -> ClipShard:
    """Check a clip shard as a whole: the info and every frame of every clip.

    Raises:
        UserError: the shard cannot be read, or a clip is damaged, cannot be decoded or has
            another size or number of frames than recorded.
    """
    shard = ClipShard(path)
    for clip_id in shard.dropped:
        shard.info(clip_id)
    for clip_id in shard.clip_ids:
        info = shard.info(clip_id)
        shape = shard.frames(clip_id, np.arange(info.n_frames)).shape
        if shape[1:3] != (info.height, info.width):
            raise shard.error(f"has frames of another size than recorded of clip {clip_id}")
    return shard
