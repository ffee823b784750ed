"""Uploads that are no honest videos: what strangers, broken recorders and enemies send."""

import gzip
import io
import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np


def encoded(
    container: str = "mp4",
    codec: str = "libx264",
    size: tuple[int, int] = (64, 64),
    stamps: list[int] | None = None,
    n_frames: int = 24,
    rate: int = 24,
) -> bytes:
    """A small video of moving noise.

    Args:
        stamps: time stamps of the frames, in units of 1/`rate` s; None: 0, 1, 2, ...
    """
    rng, buffer = np.random.default_rng(0), io.BytesIO()
    width, height = size
    with av.open(buffer, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate)
        stream.width, stream.height = width, height
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        for number in range(n_frames) if stamps is None else stamps:
            if width > 1000:  # what it shows would take seconds
                picture = av.VideoFrame(width, height, stream.pix_fmt)
            else:
                values = rng.integers(0, 255, (height // 8, width // 8, 3), np.uint8)
                frame = np.ascontiguousarray(values.repeat(8, 0).repeat(8, 1))
                picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
                picture = picture.reformat(width, height, stream.pix_fmt)
            picture.pts, picture.time_base = number, Fraction(1, rate)
            out.mux(stream.encode(picture))
        out.mux(stream.encode())
    return buffer.getvalue()


def sound_only(container: str = "mp4", codec: str = "aac") -> bytes:
    """A file with a sound and no picture."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        stream = out.add_stream(codec, rate=16000)
        stream.layout = "mono"
        for start in range(0, 8192, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 16000, start
            frame.time_base = Fraction(1, 16000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return buffer.getvalue()


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that claims to be, and unpacks to, a huge picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width // 8 + 1) * min(height, 4000)), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def claiming(size: tuple[int, int]) -> bytes:
    """A small mp4 whose header claims frames of another size than its pictures have."""
    content = bytearray(encoded())
    width, height = size
    place = content.find(b"tkhd")
    content[place + 80 : place + 88] = struct.pack(">II", width << 16, height << 16)
    entry = content.find(b"avc1", content.find(b"stsd"))
    content[entry + 28 : entry + 32] = struct.pack(">HH", width, height)
    return bytes(content)


TEXTS = {
    "html": b"<!doctype html><script>alert(1)</script>",
    "a playlist of local files": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "a playlist of addresses": b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/secret\n",
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
    "a pickle": b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
    "json": b'{"video": "file:///dev/zero"}',
    "a script": b"#!/bin/sh\nrm -rf /\n",
    "nothing": b"",
    "one byte": b"\x00",
    "a zip": b"PK\x03\x04" + bytes(200),
    "zeros": bytes(100_000),
    "a path": b"/dev/zero",
    "a gzip bomb": gzip.compress(bytes(20_000_000)),
}


def hostile_uploads() -> Iterator[tuple[str, bytes]]:
    """Name and content of files that no translation can come of, with at most 90 frames allowed."""
    yield from TEXTS.items()
    good = encoded()
    webm = encoded("webm", "libvpx")
    for share in (0.02, 0.1, 0.3, 0.6, 0.9):
        yield f"an mp4 cut off at {share:.0%}", good[: int(share * len(good))]
    for share in (0.02, 0.1, 0.3):
        yield f"a webm cut off at {share:.0%}", webm[: int(share * len(webm))]
    yield "8K", encoded("avi", "mpeg4", size=(7680, 4320), n_frames=1)
    for width, height in ((20_000, 20_000), (60_000, 60_000), (8000, 8000)):
        yield f"a png bomb of {width}x{height}", png_bomb(width, height)
    yield "sound only, mp4", sound_only()
    yield "sound only, mka", sound_only("matroska", "libopus" if _has("libopus") else "aac")
    yield "one frame", encoded(n_frames=1)
    yield "two frames", encoded(n_frames=2)
    yield "frames of 8 pixels", encoded(size=(8, 8), codec="mpeg4")
    yield "a still gif", encoded("gif", "gif", n_frames=1)
    yield "an hour of two frames", encoded("matroska", "mpeg4", stamps=[0, 24 * 3600])
    yield "100 frames", encoded("avi", "mpeg4", size=(16, 16), n_frames=100, rate=100)


def _has(codec: str) -> bool:
    return codec in av.codecs_available


def mutated(content: bytes, seed: int) -> bytes:
    """A file with a few damaged places."""
    rng, damaged = np.random.default_rng(seed), bytearray(content)
    for _ in range(int(rng.integers(1, 40))):
        damaged[int(rng.integers(len(damaged)))] = int(rng.integers(256))
    return bytes(damaged)
