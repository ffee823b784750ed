"""Opens video files that nobody has looked at yet: of any name, of any container, damaged or not.

Whatever is wrong with a file is a `VideoError`; nothing that a file says can open another file or
an address.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import av

av.logging.set_level(av.logging.PANIC)

Source = Path | BinaryIO
# FFmpeg's names of the containers that are read. Playlists, which name other files and addresses,
# and formats that take any text for a picture are not among them.
_VIDEO_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,ivf,obu,"
    "flv,asf,ogg,mxf,nut,gif,wtv"
)
_PICTURE_FORMATS = "image2,png_pipe,jpeg_pipe,bmp_pipe,webp_pipe,tiff_pipe,apng"
_OPTIONS = {
    "format_whitelist": f"{_VIDEO_FORMATS},{_PICTURE_FORMATS}",
    "protocol_whitelist": "file",
}
# A signer cannot be seen in less; more needs a gigabyte of memory for a few frames.
MIN_SIDE, MAX_SIDE = 16, 8192


class VideoError(Exception):
    """A video cannot be used; `reason` is `unreadable` or `no_frames`."""

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@contextmanager
def open_video(
    source: Source,
) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """Open a video's first video stream; everything that can fail is raised as `VideoError`.

    Args:
        source: a path or a seekable binary file.

    Raises:
        VideoError: it is no file, no video, a still picture or of an impossible size; also where
            the block inside fails to read or decode.
    """
    try:
        with av.open(
            _address(source), container_options=_OPTIONS, metadata_errors="replace"
        ) as container:
            yield container, _stream(container)
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError("unreadable", _reason(error)) from error


def file_size(source: Source) -> int:
    """Bytes of a file."""
    if hasattr(source, "read"):
        return source.seek(0, os.SEEK_END)
    return Path(source).stat().st_size


def _address(source: Source) -> str | BinaryIO:
    if hasattr(source, "read"):
        return source
    path = Path(source)
    if "\0" in str(path):
        raise VideoError("unreadable", "no file has such a name")
    mode = path.stat().st_mode
    for is_kind, what in (
        (stat.S_ISFIFO, "it is a pipe, not a file"),
        (stat.S_ISSOCK, "it is a socket, not a file"),
        (stat.S_ISCHR, "it is a device, not a file"),
        (stat.S_ISBLK, "it is a device, not a file"),
    ):
        if is_kind(mode):
            raise VideoError("unreadable", what)
    if not path.stat().st_size:
        raise VideoError("unreadable", "it is empty: 0 bytes")
    # Without it FFmpeg takes what stands before a colon for a protocol.
    return f"file:{path}"


def _stream(container: av.container.InputContainer) -> av.VideoStream:
    if container.format.name in _PICTURE_FORMATS.split(","):
        raise VideoError("unreadable", "it is a still picture, not a video")
    if not container.streams.video:
        raise VideoError("unreadable", "it holds no video stream")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise VideoError("unreadable", "its pictures are coded in a way that is not known")
    # One thread per video: jobs and worker processes run in parallel already.
    stream.thread_count = 1
    check_size(stream.width, stream.height)
    return stream


def check_size(width: int, height: int) -> None:
    """Refuse frames that cannot show a signer, or fill the memory.

    Raises:
        VideoError: a side is shorter than 16 or longer than 8192 pixels.
    """
    if min(width, height) < MIN_SIDE or max(width, height) > MAX_SIDE:
        raise VideoError(
            "unreadable",
            f"its frames are {width}x{height} pixels; from {MIN_SIDE} to {MAX_SIDE} are possible",
        )


def _reason(error: Exception) -> str:
    if isinstance(error, av.error.FFmpegError) and error.errno == 22:  # of the list of formats
        return "it is no video of a known format"
    if isinstance(error, av.error.InvalidDataError):
        return "it is no video, or it is damaged or cut off"
    return getattr(error, "strerror", None) or str(error)
