"""What landmarks cost on this machine, and how often MediaPipe finds a signer's hands.

    python benchmarks/landmarks.py openpose FOLDER   # a corpus's openpose/, a folder a video
    python benchmarks/landmarks.py mediapipe FOLDER  # a folder of videos; needs the extra
    python benchmarks/landmarks.py state             # made-up folders, one for each clip

`openpose` prints, in frames a CPU second: reading the JSON files alone, and reading, choosing the
signer and representing together; each folder in segments of 160 frames, the length of a sentence.
`mediapipe` prints a line a video, then the share of frames in which the body, the face, a hand or
both hands were found, and frames a CPU second and a second of the clock. One process, in which
MediaPipe starts threads of its own. `state` prints how long Snakemake waits at every start for the
state of all clips' keypoints, with as many clips as How2Sign has.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from sonar_sign.core.options import LandmarkOptions
from sonar_sign.landmarks.layouts import BODY, FACE, LEFT_HAND, RIGHT_HAND
from sonar_sign.landmarks.recording import choose_signer
from sonar_sign.landmarks.representation import represent

SEGMENT = 160
N_CLIPS, N_SHARDS = 31_000, 64
FPS = 24.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", choices=("openpose", "mediapipe", "state"))
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--most", type=int, default=40, help="most videos that are read")
    options = parser.parse_args()
    if options.source == "state":
        state()
        return
    measure = {"openpose": openpose, "mediapipe": mediapipe}[options.source]
    measure(sorted(options.folder.iterdir())[: options.most])


def openpose(folders: list[Path]) -> None:
    from sonar_sign.landmarks.openpose import read_frame_range

    segments = []
    for folder in folders:
        n = sum(1 for _ in folder.iterdir())
        starts = range(0, n, SEGMENT)
        segments += [(folder, start, min(start + SEGMENT, n)) for start in starts]
    frames = sum(end - start for _, start, end in segments)
    for _ in range(2):  # the first round brings the files into the page cache
        started = Clock()
        for folder, start, end in segments:
            read_frame_range(folder, folder.name, start, end, FPS)
        reading = started.cpu_s
    started = Clock()
    for folder, start, end in segments:
        recording = read_frame_range(folder, folder.name, start, end, FPS)
        represent(choose_signer(recording).signing, FPS, LandmarkOptions())
    print(
        f"{frames} frames: reading {frames / reading:.0f} a CPU second, "
        f"reading and representing {frames / started.cpu_s:.0f}"
    )


def mediapipe(videos: list[Path]) -> None:
    from sonar_sign.core.video import VideoError, probe
    from sonar_sign.landmarks.holistic import Holistic

    holistic = Holistic()
    found, cpu_s, wall_s = [], 0.0, 0.0
    for video in videos:
        try:
            info = probe(video)
        except VideoError as error:
            print(f"{video.name}: {error}")
            continue
        started = Clock()
        recording = holistic.read(video, 0, info.n_frames, info.fps)
        cpu_s, wall_s = cpu_s + started.cpu_s, wall_s + started.wall_s
        found.append(parts(choose_signer(recording).signing))
        print(f"{video.name}: {len(found[-1])} frames, {shares(found[-1])}", flush=True)
    every = np.concatenate(found)
    print(
        f"{len(found)} videos, {len(every)} frames: {shares(every)}; "
        f"{len(every) / cpu_s:.1f} frames a CPU second ({1000 * cpu_s / len(every):.0f} CPU ms a "
        f"frame), {len(every) / wall_s:.1f} a second"
    )


def state() -> None:
    from sonar_sign.core.tables import write_rows
    from sonar_sign.corpora.shard import COLUMNS
    from sonar_sign.landmarks.keypoint_locations import OPENPOSE_PARENTS, state_of

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for shard in range(N_SHARDS):
            ids = [f"v{shard}_{number}-5-rgb_front" for number in range(N_CLIPS // N_SHARDS)]
            for clip_id in ids:
                (root / OPENPOSE_PARENTS[-1].format(split="train") / clip_id).mkdir(parents=True)
            rows = [(clip_id, f"{clip_id[:7]}-rgb_front.mp4", 0, 1, 24, 24) for clip_id in ids]
            write_rows(root / f"{shard}.tsv", COLUMNS, rows)
        started = Clock()
        for shard in range(N_SHARDS):
            state_of(root / f"{shard}.tsv", root, "train", "openpose")
        print(f"{N_CLIPS} clips in {N_SHARDS} shards: {started.wall_s:.2f} s")


def parts(signing: np.ndarray) -> np.ndarray:
    """Whether body, face, left and right hand were found, `(n_frames, 4)`."""
    places = (BODY, FACE, LEFT_HAND, RIGHT_HAND)
    return np.stack([(signing[:, place, 2] > 0).any(axis=1) for place in places], axis=1)


def shares(found: np.ndarray) -> str:
    body, face, left, right = found.T
    rows = {"body": body, "face": face, "a hand": left | right, "both hands": left & right}
    return ", ".join(f"{name} {100 * row.mean():.1f} %" for name, row in rows.items())


class Clock:
    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    @property
    def cpu_s(self) -> float:
        return time.process_time() - self._cpu

    @property
    def wall_s(self) -> float:
        return time.perf_counter() - self._wall


if __name__ == "__main__":
    main()
