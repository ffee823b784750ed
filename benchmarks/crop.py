"""What cropping costs on this machine, and how near its boxes are to the reference's.

    python benchmarks/crop.py FOLDER                 # a folder of source videos or sentence clips
    python benchmarks/crop.py FOLDER --minutes 10    # also one video of that length

Prints one line a video: the face's box against that of the reference's way of looking (dlib's HOG
detector with one upsampling on every 16th frame, the mean of its boxes), as intersection over
union of the crops, and the CPU seconds of both. Then the throughput of `crop` as a whole, in
frames a CPU second and source hours a core hour, and the peak of its memory; each in a process of
its own. `--minutes` repeats the first readable video up to that length and crops it as one
sentence, for the memory's sake.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REFERENCE_STEP = 16
SUFFIXES = (".mp4", ".gif", ".webm", ".mkv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="folder with videos")
    parser.add_argument("--minutes", type=float, default=0.0, help="length of the long video")
    parser.add_argument("--no-reference", action="store_true", help="leave the comparison out")
    parser.add_argument("--case", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        kind, *arguments = options.case
        print(json.dumps(CASES[kind](*map(Path, arguments))))
        return
    videos = [path for path in sorted(options.folder.iterdir()) if path.suffix in SUFFIXES]
    readable = [path for path in videos if in_fresh_process("readable", path)["readable"]]
    print(f"{len(readable)} of {len(videos)} videos are readable")
    if not options.no_reference:
        compare_faces(readable)
    with tempfile.TemporaryDirectory() as folder:
        print_row("crop", in_fresh_process("crop", Path(folder), *readable))
        if options.minutes:
            long = Path(folder) / "long.mp4"
            repeat(readable[0], long, options.minutes)
            print_row(f"{options.minutes:g} minutes", in_fresh_process("crop", Path(folder), long))


def print_row(name: str, row: dict) -> None:
    print(f"{name}: " + "  ".join(f"{key} {value}" for key, value in row.items()), flush=True)


def in_fresh_process(kind: str, *arguments: Path) -> dict:
    command = [sys.executable, __file__, ".", "--case", kind, *map(str, arguments)]
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout.splitlines()[-1])


def compare_faces(videos: list[Path]) -> None:
    rows = [in_fresh_process("faces", path) for path in videos]
    for path, row in zip(videos, rows, strict=True):
        print_row(path.name, row)
    overlaps = [row["iou"] for row in rows if row["iou"] is not None]
    ours, theirs = (sum(row[key] for row in rows) for key in ("cpu_s", "reference_cpu_s"))
    print(
        f"faces in {sum(row['found'] > 0 for row in rows)} of {len(rows)} videos; "
        f"intersection over union {min(overlaps):.3f} at least, "
        f"{sum(overlaps) / len(overlaps):.3f} in the mean; "
        f"{ours:.1f} CPU s, the reference's way {theirs:.1f}: {theirs / ours:.1f} times"
    )


def readable_case(path: Path) -> dict:
    from sonar_sign.core.video import VideoError, probe

    try:
        probe(path)
    except VideoError:
        return {"readable": False}
    return {"readable": True}


def faces_case(path: Path) -> dict:
    """The face by `crop`'s way and by the reference's; making the detector counts for neither."""
    import dlib
    import numpy as np

    from sonar_sign.clips.faces import find_faces
    from sonar_sign.clips.signer_box import FaceSearch
    from sonar_sign.core.geometry import crop_box, intersection_over_union, square_box
    from sonar_sign.core.options import CropOptions
    from sonar_sign.core.video import probe, read_frames

    video = probe(path)
    find_faces(np.zeros((80, 80, 3), np.uint8))
    detector = dlib.get_frontal_face_detector()
    started = time.process_time()
    ours = FaceSearch(CropOptions().frames_probed).box(path, video)
    cpu_s = time.process_time() - started

    started = time.process_time()
    boxes = [
        (face.left(), face.top(), face.right(), face.bottom())
        for number, frame in read_frames(path)
        if number % REFERENCE_STEP == 0
        for face in detector(np.ascontiguousarray(frame), 1)[:1]
    ]
    reference_cpu_s = time.process_time() - started
    overlap = None
    if boxes and ours.face.box is not None:
        theirs = square_box(crop_box(tuple(np.mean(boxes, axis=0))))
        overlap = round(intersection_over_union(square_box(ours.box), theirs), 3)
    return {
        "found": ours.face.found,
        "probed": ours.face.probed,
        "iou": overlap,
        "cpu_s": round(cpu_s, 2),
        "reference_cpu_s": round(reference_cpu_s, 2),
    }


def crop_case(folder: Path, *videos: Path) -> dict:
    """`crop` as the workflow runs it, each video one sentence."""
    from sonar_sign.clips.crop import crop
    from sonar_sign.core.options import CropOptions
    from sonar_sign.core.tables import write_rows
    from sonar_sign.core.video import probe
    from sonar_sign.corpora.shard import COLUMNS

    found = {path: probe(path) for path in videos}
    rows = [
        (f"clip{number}", str(path.resolve()), 0.0, info.duration_s, info.n_frames, info.fps)
        for number, (path, info) in enumerate(found.items())
    ]
    write_rows(folder / "shard.tsv", COLUMNS, rows)
    at_start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, started_cpu = time.perf_counter(), time.process_time()
    crop(
        folder / "shard.tsv", Path("/"), folder / "shard.tar", folder / "times.json", CropOptions()
    )
    cpu_s, wall_s = time.process_time() - started_cpu, time.perf_counter() - started
    frames = sum(info.n_frames for info in found.values())
    seconds = sum(info.duration_s for info in found.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kilobytes on Linux
    return {
        "frames": frames,
        "cpu_s": round(cpu_s, 1),
        "wall_s": round(wall_s, 1),
        "frames_per_cpu_s": round(frames / cpu_s, 1),
        "source_hours_per_core_hour": round(seconds / cpu_s, 2),
        "mb_per_source_s": round((folder / "shard.tar").stat().st_size / 1e6 / seconds, 3),
        "peak_gb": round(peak / 1e6, 2),
        "gb_at_start": round(at_start / 1e6, 2),
    }


def repeat(source: Path, target: Path, minutes: float) -> None:
    """The video's packets over and over, not decoded, up to a length."""
    import av

    with av.open(str(target), "w") as output:
        stream, offset = None, 0
        while stream is None or offset * stream.time_base < 60 * minutes:
            with av.open(str(source)) as container:
                video = container.streams.video[0]
                if stream is None:
                    stream = output.add_stream_from_template(video)
                    stream.time_base = video.time_base
                duration = video.duration
                for packet in container.demux(video):
                    if packet.dts is None:
                        continue
                    packet.stream = stream
                    packet.pts += offset
                    packet.dts += offset
                    output.mux(packet)
            offset += duration


CASES = {"readable": readable_case, "faces": faces_case, "crop": crop_case}

if __name__ == "__main__":
    main()
