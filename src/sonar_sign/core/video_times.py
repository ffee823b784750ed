"""When the frames of a video are shown, and whether all of them are there.

The steps after this count frames at a constant rate. So a video has a grid of `rate` frames per
second from the time at which a player starts it, and every frame belongs to the place on the grid
that is nearest to its time stamp. Where the frame rate is constant, every place has its frame. A
place without one (a camera in the dark, a recorder that skipped frames) shows the frame before.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import fmean

import av

from sonar_sign.core.video_container import ends_inside
from sonar_sign.core.video_file import Source, VideoError, open_video
from sonar_sign.core.video_frames import decoded_packets, packets, stamp_of

# Frame rates that cameras and recorders use; time stamps in milliseconds give them roughly.
USUAL_RATES = (
    *map(Fraction, (10, 12)), Fraction(25, 2), *map(Fraction, (15, 20)), Fraction(24000, 1001),
    *map(Fraction, (24, 25)), Fraction(30000, 1001), *map(Fraction, (30, 48, 50)),
    Fraction(60000, 1001), *map(Fraction, (60, 100, 120)),
)  # fmt: skip
ROUGHLY = 0.02
# Time stamps in milliseconds are about so much off the grid, as a share of a frame.
OFF_THE_GRID = 0.02
# Of a variable frame rate.
MIN_RATE, MAX_RATE = Fraction(1), Fraction(120)
# Packets are in the order of decoding, so time stamps go back a little; H.264 reorders at most so
# many frames.
REORDERED_FRAMES = 16
# How much may be missing at the end of what a container declares: rounding, and a last frame that
# is shown shorter or longer than the others.
DECLARED_TOLERANCE_S = 0.25
DECLARED_TOLERANCE_FRAMES = 3
# Without a picture for longer, time stamps are damaged; a grid could not be filled.
MAX_GAP_S = 600.0
# FFmpeg's names of containers whose header says how long the video is. The others' length is found
# by decoding them, and a cut through their last frame by its damage.
DECLARING = ("mov", "matroska", "avi", "asf", "flv", "mxf")


@dataclass(frozen=True)
class FrameTimes:
    """The grid of a video."""

    rate: Fraction
    """Places per second."""
    origin: Fraction
    """Time stamp of the first place, seconds."""
    n_frames: int
    """Places up to the last frame, which has the last one."""
    gaps: tuple[tuple[int, int], ...]
    """Where two or more places in a row have no frame of their own: first and last (exclusive)."""
    in_order: bool
    """Time stamps never jump back, and no frame lacks one; else decoding must start at the
    beginning, because time goes on where it was."""


class Clock:
    """Turns the time stamps of frames, in the order in which they are shown, into times.

    Times never go back. After a jump back (two recordings in one file, a recorder whose clock was
    set) time goes on one frame later. A frame that repeats a time stamp, or is at most a few frames
    before the last one, has its time.
    """

    def __init__(self, rate: Fraction):
        self._step = 1 / rate
        self._last: Fraction | None = None
        self._offset = Fraction(0)

    def time(self, stamp: Fraction | None) -> Fraction:
        """The time of the next frame, seconds; `stamp` None: one frame after the last one."""
        if self._last is None:
            self._last = stamp if stamp is not None else Fraction(0)
            return self._last
        found = self._last + self._step if stamp is None else stamp + self._offset
        if found < self._last - REORDERED_FRAMES * self._step:
            self._offset += self._last + self._step - found
            found = self._last + self._step
        self._last = max(self._last, found)
        return self._last


def measure(source: Source) -> FrameTimes:
    """Find the frame rate and length of a video by reading it once; see whether its end is there.

    Raises:
        VideoError: there are no frames, the end is cut off, or time stamps leap.
    """
    header, found = _read(source, decode=False)
    if header.declared_s is None or not found.in_order:
        # Frames are decoded in the order in which they are shown.
        header, found = _read(source, decode=True)
    if not found.stamps:
        raise VideoError("no_frames", "the video stream is empty")
    times = _of_stamps(header, found)
    read_s = f"{float(times.n_frames / times.rate):.2f} s"
    if found.last_is_damaged or ends_inside(source):
        raise VideoError("unreadable", f"cut off after {read_s}: the file ends inside a frame")
    n_read = len(found.stamps)
    if n_read < 0.98 * header.n_frames - DECLARED_TOLERANCE_FRAMES:
        raise VideoError("unreadable", f"cut off after {n_read} of {header.n_frames} frames")
    tolerance = max(DECLARED_TOLERANCE_S, float(DECLARED_TOLERANCE_FRAMES / times.rate))
    # Some containers count from 0, some from the first picture or sound.
    end_s = float(found.end - min(0, header.start or 0))
    if header.declared_s is not None and end_s < header.declared_s - tolerance:
        raise VideoError("unreadable", f"cut off after {read_s} of {header.declared_s:.2f} s")
    return times


@dataclass(frozen=True)
class _Header:
    """What a file says about itself."""

    rates: tuple[Fraction, ...]
    """Frame rates, the best first."""
    start: Fraction | None
    """Time stamp at which a player starts, seconds."""
    n_frames: int
    """0: not said."""
    declared_s: float | None

    @classmethod
    def of(cls, container, stream: av.VideoStream) -> "_Header":
        declares = container.format.name.split(",")[0] in DECLARING and container.duration
        start = container.start_time
        return cls(
            tuple(rate for rate in (stream.average_rate, stream.guessed_rate) if rate),
            None if start is None else Fraction(start, av.time_base),
            stream.frames,
            container.duration / av.time_base if declares else None,
        )


@dataclass
class _Packets:
    """What a file holds, read to its end."""

    stamps: list[Fraction | None]
    """Time stamps of the video's frames, in the order of the file, or as decoded; seconds."""
    end: Fraction = Fraction(0)
    """When the last picture or sound ends, seconds."""
    last_is_damaged: bool = False

    @property
    def in_order(self) -> bool:
        """Whether every frame has a time stamp, and none is before those of long before."""
        latest = Fraction(-(10**12))
        long_before = [latest] * REORDERED_FRAMES + self.stamps
        for stamp, before in zip(self.stamps, long_before, strict=False):
            if stamp is None or stamp < (latest := max(latest, before)):
                return False
        return True


def _read(source: Source, *, decode: bool) -> tuple[_Header, _Packets]:
    with open_video(source) as (container, stream):
        found = _decoded(container, stream) if decode else _listed(container, stream)
        return _Header.of(container, stream), found


def _listed(container, stream: av.VideoStream) -> _Packets:
    found = _Packets([])
    for packet in packets(container):
        if packet.pts is not None and packet.time_base:
            end = (packet.pts + (packet.duration or 0)) * packet.time_base
            found.end = max(found.end, end)
        if packet.size and packet.stream_index == stream.index:
            found.last_is_damaged = packet.is_corrupt
            if not packet.is_corrupt and not packet.is_discard:
                stamp = packet.pts if packet.pts is not None else packet.dts
                found.stamps.append(None if stamp is None else stamp * packet.time_base)
    return found


def _decoded(container, stream: av.VideoStream) -> _Packets:
    found = _Packets([])
    for packet, frames in decoded_packets(container, stream):
        if packet.size:
            found.last_is_damaged = packet.is_corrupt
        for frame in frames:
            found.last_is_damaged = frame.is_corrupt
            found.stamps.append(stamp_of(frame, stream))
            found.end = max(found.end, found.stamps[-1] or Fraction(0))
    return found


def times_of_index(container, stream: av.VideoStream, size: int) -> FrameTimes | None:
    """The times by an mp4's or AVI's own index of frames; None where the rate is not constant.

    Args:
        size: bytes of the file.

    Raises:
        VideoError: the index has frames that the file has not.
    """
    entries = stream.index_entries
    rate = stream.average_rate or stream.guessed_rate
    if container.format.name.split(",")[0] not in ("mov", "avi") or not len(entries):
        return None
    whole = sum(entry.pos + entry.size <= size for entry in entries)
    if whole < len(entries):
        raise VideoError("unreadable", f"cut off after frame {whole} of {len(entries)}")
    if not rate or len(entries) != stream.frames:
        return None
    # Floats, because fractions of thousands of frames take longer than all else.
    first, unit = entries[0].timestamp, float(stream.time_base * rate)
    for number, entry in enumerate(entries):
        if abs((entry.timestamp - first) * unit - number) >= 0.5 or entry.is_discard:
            return None
    first_s = (stream.start_time or 0) * stream.time_base
    # The time stamps of an AVI are numbers of frames in the file.
    start = None if container.format.name == "avi" else _Header.of(container, stream).start
    origin, before = _origin(start, first_s, rate)
    return FrameTimes(rate, origin, before + len(entries), (), in_order=True)


def _of_stamps(header: _Header, found: _Packets) -> FrameTimes:
    known = [stamp for stamp in found.stamps if stamp is not None]
    rate = _rate(header.rates, sorted(set(known)))
    clock, in_order = Clock(rate), found.in_order
    shown = sorted(known) if in_order else [clock.time(stamp) for stamp in found.stamps]
    origin, _ = _origin(header.start, shown[0], rate)
    places = sorted({max(0, round((time - origin) * rate)) for time in shown})
    edges = [-1, *places]
    gaps = tuple((a + 1, b) for a, b in zip(edges, edges[1:], strict=False) if b - a > 2)
    longest = max((b - a for a, b in gaps), default=0) / rate
    if longest > MAX_GAP_S:
        raise VideoError(
            "unreadable", f"its time stamps leap by {float(longest):.0f} s; encode it again"
        )
    return FrameTimes(rate, origin, places[-1] + 1, gaps, in_order)


def _origin(start: Fraction | None, first: Fraction, rate: Fraction) -> tuple[Fraction, int]:
    """The time stamp of the grid's first place, and how many places are before the first frame.

    A player starts at `start`, with the first picture or sound. The first frame lies on the grid,
    so that a constant frame rate stays one.
    """
    before = 0 if start is None else max(0, round((first - start) * rate))
    return first - before / rate, before


def _rate(declared: Sequence[Fraction], times: Sequence[Fraction]) -> Fraction:
    """The frame rate: the declared one where it fits, else that of the frames that follow closely.

    Args:
        times: different time stamps, ascending, seconds.
    """
    if len(times) < 2:
        return declared[0] if declared else Fraction(25)
    for rate in declared:
        if all(round((time - times[0]) * rate) == n for n, time in enumerate(times)):
            return rate
    steps = sorted(float(b - a) for a, b in zip(times, times[1:], strict=False))
    usual = steps[len(steps) // 4]
    close = steps[bisect_left(steps, 0.7 * usual) : bisect_left(steps, 1.3 * usual)]
    found = 1 / fmean(close)
    near = [rate for rate in (*declared, *USUAL_RATES) if abs(rate / found - 1) < ROUGHLY]
    if near:
        # The one whose grid the time stamps lie on; of several, the declared one, then the nearest.
        since = [float(time - times[0]) for time in times]
        off = {rate: _off_the_grid(since, float(rate)) for rate in near}
        best = min(off.values()) + OFF_THE_GRID
        return min(
            near, key=lambda rate: (off[rate] > best, rate not in declared, abs(rate - found))
        )
    return min(max(Fraction(found).limit_denominator(1001), MIN_RATE), MAX_RATE)


def _off_the_grid(times: Sequence[float], rate: float) -> float:
    """How far times are from their places in the mean, 0 to 0.5 frames."""
    return fmean(abs(time * rate - round(time * rate)) for time in times)
