"""`.pose` files: the same landmarks come out of them, and they are read as others write them."""

import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from keypoint_files import as_json, person, write_frames, write_shard
from small_files import NO_REAL_DATA, REAL_DATA, REPOSITORY, truncate, write_video
from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.core.errors import UserError
from sonar_sign.core.options import LandmarkOptions
from sonar_sign.features.feature_shards import FeatureShard
from sonar_sign.landmarks.export import export
from sonar_sign.landmarks.extract import extract_landmarks
from sonar_sign.landmarks.layouts import MEDIAPIPE, OPENPOSE
from sonar_sign.landmarks.pose_files import PoseFileError, read_pose, write_pose

pose_format = pytest.importorskip("pose_format", reason="pose-format is not installed here")
ROW = ("clip", "raw_videos/clip.mp4", 0, 1, 24, 24)


def header_of(components, size=(640, 480)):
    from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

    parts = [PoseHeaderComponent(name, list(p), [], [], "XYZC") for name, p in components.items()]
    return PoseHeader(0.2, PoseHeaderDimensions(*size), parts)


def write_theirs(path, components, data, confidence, fps=30.0):
    """A file as others write it, by pose-format itself: `(frames, people, points, 3)` data."""
    from pose_format.numpy import NumPyPoseBody

    path.parent.mkdir(parents=True, exist_ok=True)
    body = NumPyPoseBody(fps, data.astype(np.float32), confidence.astype(np.float32))
    with path.open("wb") as file:
        pose_format.Pose(header_of(components), body).write(file)
    return path


def landmarks(folder, source, row=ROW):
    write_shard(folder / "shard.tsv", [row])
    output, out = folder / f"{source}/0000.npy", folder / source
    options = LandmarkOptions(source=source)
    extract_landmarks(
        folder / "shard.tsv", folder, "train", output, out / "t.json", out / "c.json", options
    )
    return FeatureShard(output), (out / "c.json").read_text()


def test_exported_keypoints_give_the_same_landmarks(tmp_path):
    other = person(x=600, width=40)
    frames = [as_json(person(x=200 + n), other) for n in range(24)]
    frames[7] = as_json()
    write_frames(tmp_path / "openpose/clip", frames)
    write_shard(tmp_path / "manifest.tsv", [ROW])
    assert export(tmp_path / "manifest.tsv", tmp_path, "train", "openpose", tmp_path / "poses") == 1
    first, second = (landmarks(tmp_path, source)[0]["clip"] for source in ("openpose", "pose"))
    assert len(first) == 12
    assert np.array_equal(first, second)


def test_an_exported_file_is_what_pose_format_makes_of_openpose(tmp_path):
    from pose_format.utils.openpose import load_openpose_directory

    frames = [as_json(person(x=200 + n)) for n in range(5)]
    folder = write_frames(tmp_path / "openpose/clip", frames)
    write_video(tmp_path / "raw_videos/clip.mp4", 5)
    write_shard(tmp_path / "manifest.tsv", [(*ROW[:3], 5 / 24, 5, 24)])
    export(tmp_path / "manifest.tsv", tmp_path, "train", "openpose", tmp_path)
    ours = pose_format.Pose.read((tmp_path / "clip.pose").read_bytes())
    theirs = load_openpose_directory(str(folder), fps=24, width=32, height=32)
    assert np.allclose(ours.body.data.data, theirs.body.data.data)
    assert np.allclose(ours.body.confidence, theirs.body.confidence)
    assert ours.body.fps == 24
    assert (ours.header.dimensions.width, ours.header.dimensions.height) == (32, 32)
    for mine, other in zip(ours.header.components, theirs.header.components, strict=True):
        assert (mine.name, mine.points) == (other.name, other.points)


def test_clips_that_cannot_be_exported_are_named(tmp_path):
    write_frames(tmp_path / "openpose/clip", [as_json(person())] * 24)
    rows = [ROW, ("gone", "raw_videos/gone.mp4", 0, 1, 24, 24)]
    write_shard(tmp_path / "manifest.tsv", rows)
    command = [sys.executable, "-m", "sonar_sign", "landmarks", "export"]
    command += ["--manifest", tmp_path / "manifest.tsv", "--root", tmp_path]
    done = subprocess.run(
        [*map(str, command), "--output", str(tmp_path / "poses")],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "gone: no_keypoints, not written\n"
    assert [path.name for path in (tmp_path / "poses").iterdir()] == ["clip.pose"]


def test_mediapipes_points_are_known_by_name_and_those_left_out_are_not_seen(tmp_path):
    """Files with 468 face points, or with fewer parts and another order, are common."""
    components = {
        "FACE_LANDMARKS": [str(n) for n in (4, 0, 152)],
        "POSE_WORLD_LANDMARKS": ["LEFT_SHOULDER"],
        "POSE_LANDMARKS": ["RIGHT_SHOULDER", "LEFT_SHOULDER"],
    }
    data = np.arange(6)[None, None, :, None] * np.array([10.0, 100.0, 7.0]) + np.zeros((4, 1, 1, 1))
    recording = read_pose(write_theirs(tmp_path / "a.pose", components, data, np.ones((4, 1, 6))))
    assert recording.layout is MEDIAPIPE
    assert recording.fps == 30
    points = recording.frames[2][0]
    assert points[33 + 4].tolist() == [0, 0, 1]
    assert points[33 + 0].tolist() == [10, 100, 1]
    assert points[12].tolist() == [40, 400, 1]
    assert points[11].tolist() == [50, 500, 1]
    assert np.flatnonzero(points[:, 2]).tolist() == [11, 12, 33, 37, 33 + 152]


def test_a_videos_file_is_cut_by_the_manifests_times(tmp_path):
    points = np.stack([person(x=200, confidence=0.5 + n / 1000) for n in range(90)])
    write_pose(tmp_path / "poses/v.pose", points, OPENPOSE, 30.0)
    row = ("clip", "raw_videos/v.mp4", 1.0, 2.0, 24, 24)  # 30 frames of the file
    shard, _ = landmarks(tmp_path, "pose", row)
    assert shard.lengths.tolist() == [12]
    first = np.array(shard["clip"])[0, 328]
    assert np.isclose(first, 0.53, atol=5e-4)
    past_the_end = read_pose(tmp_path / "poses/v.pose", (2.0, 4.0))
    assert len(past_the_end.frames) == 60
    assert past_the_end.missing_frames == 30


def test_several_people_in_a_file(tmp_path):
    components = OPENPOSE.names
    small, large = person(x=600, width=50), person(x=200)
    both = np.stack([[small, large]] * 24)
    data = np.concatenate([both[..., :2], 0 * both[..., :1]], axis=-1)
    write_theirs(tmp_path / "poses/clip.pose", components, data, both[..., 2], fps=24.0)
    write_frames(tmp_path / "openpose/clip", [as_json(large)] * 24)
    pose, counts = landmarks(tmp_path, "pose")
    openpose, _ = landmarks(tmp_path, "openpose")
    assert np.array_equal(pose["clip"], openpose["clip"])
    assert '"several_people": 24' in counts


@pytest.mark.parametrize("how", ["truncated", "empty", "no .pose file"])
def test_a_broken_file_makes_a_clip_without_landmarks(tmp_path, how):
    path = tmp_path / "poses/clip.pose"
    write_pose(path, np.stack([person()] * 24), OPENPOSE, 24.0)
    if how == "truncated":
        truncate(path, 0.5)
    else:
        path.write_bytes(b"" if how == "empty" else b"this is no pose file" * 100)
    shard, counts = landmarks(tmp_path, "pose")
    assert shard.lengths.tolist() == [0]
    assert '"clip": "unreadable"' in counts


def test_points_that_nobody_knows(tmp_path):
    path = write_theirs(
        tmp_path / "a.pose", {"ARMS": ["left"]}, np.zeros((2, 1, 1, 3)), np.ones((2, 1, 1))
    )
    with pytest.raises(PoseFileError) as caught:
        read_pose(path)
    assert caught.value.reason == "unknown_points"


def test_export_needs_keypoints(tmp_path):
    write_shard(tmp_path / "manifest.tsv", [ROW])
    with pytest.raises(UserError, match="no openpose keypoints"):
        export(tmp_path / "manifest.tsv", tmp_path, "train", "openpose", tmp_path)


def header_bytes(version=0.1, components=None, size=(64, 48)):
    """A header of any version, as the specification of the format describes it."""

    def text(value):
        return struct.pack("<H", len(value)) + value

    parts = b""
    components = components or parts_of()
    for name, points, form in components:
        parts += text(name.encode()) + text(form.encode()) + struct.pack("<HHH", len(points), 0, 0)
        parts += b"".join(text(point.encode()) for point in points)
    return struct.pack("<fHHHH", version, *size, 0, len(components)) + parts


def body_bytes(version=0.1, n_frames=24, n_people=1, announced=None, fps=24, n_dims=2):
    """All points of all frames at their number, all of confidence 1."""
    points = np.zeros((n_frames, n_people, 137, n_dims), np.float32)
    points += np.arange(1, 138)[:, None]
    confidence = np.ones((n_frames, n_people, 137), np.float32)
    announced = n_frames if announced is None else announced
    form = "<HHH" if version == 0.1 else "<fIH"
    return struct.pack(form, fps, announced, n_people) + points.tobytes() + confidence.tobytes()


def version_0(n_frames=24, people=1, announced=None):
    points = np.stack([np.arange(137), np.arange(137), np.ones(137)], axis=1)
    person_bytes = struct.pack("<h", 0) + points.astype(np.float32).tobytes()
    frame = struct.pack("<H", people) + people * person_bytes
    return (
        header_bytes(0.0)
        + struct.pack("<HH", 24, n_frames if announced is None else announced)
        + n_frames * frame
    )


def parts_of():
    return [(part, names, "XYC") for part, names in OPENPOSE.names.items()]


WHOLE = {
    "0.0": version_0(),
    "0.1": header_bytes(0.1) + body_bytes(0.1),
    "0.2": header_bytes(0.2) + body_bytes(0.2),
}
HOSTILE = {
    **{
        f"{version} cut in half": content[: len(content) // 2] for version, content in WHOLE.items()
    },
    **{f"{version} cut by a number": content[:-4] for version, content in WHOLE.items()},
    **{f"{version} and a half": content + content[:9999] for version, content in WHOLE.items()},
    "0.1 cut at a frame": header_bytes() + body_bytes(n_frames=12, announced=24),
    "0.1 longer by a frame": header_bytes() + body_bytes(n_frames=25, announced=24),
    "0.2 cut at a frame": header_bytes(0.2) + body_bytes(0.2, n_frames=12, announced=24),
    "0.2 of four billion frames": header_bytes(0.2) + body_bytes(0.2, announced=2**32 - 1),
    "0.0 longer by a frame": version_0(n_frames=25, announced=24),
    "0.0 of 60,000 frames": version_0(announced=60_000),
    "0.3": header_bytes(0.3) + body_bytes(0.2),
    "a version that is none": header_bytes(float("nan")) + body_bytes(0.2),
    "nobody, in 0.1": header_bytes() + body_bytes(n_people=0),
    "a million frames of nobody": header_bytes(0.2)
    + body_bytes(0.2, n_frames=0, n_people=0, announced=10**6),
    "a crowd": header_bytes() + body_bytes(n_frames=1, n_people=200),
    "no frames per second": header_bytes() + body_bytes(fps=0),
    "frames per second of NaN": header_bytes(0.2) + body_bytes(0.2, fps=float("nan")),
    "60,000 frames per second": header_bytes() + body_bytes(fps=60_000),
    "no components": struct.pack("<fHHHH", 0.1, 64, 48, 0, 0) + body_bytes(),
    "60,000 components": struct.pack("<fHHHH", 0.1, 64, 48, 0, 60_000) + body_bytes(),
    "one coordinate": header_bytes(components=[(*part[:2], "XC") for part in parts_of()])
    + body_bytes(n_dims=1),
    "components of two kinds": header_bytes(
        components=[(*part[:2], "XYZC" if n else "XYC") for n, part in enumerate(parts_of())]
    )
    + body_bytes(n_dims=3),
    "a component twice": header_bytes(components=[parts_of()[0], *parts_of()[:3]]) + body_bytes(),
    "a name that is no UTF-8": WHOLE["0.1"].replace(b"Nose", b"N\xff\xfee"),
}


def extracted(tmp_path, content):
    path = tmp_path / "poses/clip.pose"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    write_shard(tmp_path / "shard.tsv", [ROW])
    words = ["extract_landmarks", "--shard", tmp_path / "shard.tsv", "--root", tmp_path]
    words += ["--output", tmp_path / "0.npy", "--timings", tmp_path / "t.json", "--split", "train"]
    words += ["--counts", tmp_path / "c.json", "--source", "pose"]
    done = CliRunner().invoke(app, [*map(str, words)])
    assert done.exit_code == 0, (done.exception, done.output)
    return FeatureShard(tmp_path / "0.npy"), json.loads((tmp_path / "c.json").read_text())


@pytest.mark.parametrize("version", WHOLE)
def test_every_version_is_read(tmp_path, version):
    shard, counts = extracted(tmp_path, WHOLE[version])
    assert shard.lengths.tolist() == [12]
    assert (counts["frames"], counts["unusable"]) == (24, {})


@pytest.mark.parametrize("how", HOSTILE)
def test_a_file_that_lies_makes_a_clip_without_landmarks(tmp_path, how):
    shard, counts = extracted(tmp_path, HOSTILE[how])
    assert shard.lengths.tolist() == [0]
    assert counts["unusable"] == {"clip": "unreadable"}


def test_a_long_file_of_version_0_1_is_read(tmp_path):
    """It has 16 bits for the number of frames."""
    names = {"POSE_LANDMARKS": ["LEFT_SHOULDER"]}
    path = tmp_path / "a.pose"
    parts = [(name, points, "XYC") for name, points in names.items()]
    numbers = np.ones(70_000 * 3, np.float32).tobytes()
    path.write_bytes(
        header_bytes(0.1, parts) + struct.pack("<HHH", 24, 70_000 % 65535, 1) + numbers
    )
    assert len(read_pose(path, (2000, 2001)).frames) == 24


def test_a_span_far_beyond_a_file_fills_no_memory(tmp_path):
    path = tmp_path / "a.pose"
    path.write_bytes(WHOLE["0.2"])
    with pytest.raises(PoseFileError):
        read_pose(path, (0.0, 1e9))


@pytest.mark.skipif(not REAL_DATA.exists(), reason=NO_REAL_DATA)
def test_real_files_are_read_whole_and_not_cut(tmp_path):
    files = sorted((REAL_DATA / "formats").rglob("*.pose"))
    assert len(files) > 4
    for file in files:
        assert len(read_pose(file).frames) >= 5
        content = file.read_bytes()
        for share in (0.3, 0.5, 0.999):
            (tmp_path / "cut.pose").write_bytes(content[: int(share * len(content))])
            with pytest.raises(PoseFileError, match="unreadable"):
                read_pose(tmp_path / "cut.pose")


def hands_only(folder, n_frames=24):
    rng = np.random.default_rng(0)
    names = MEDIAPIPE.names["LEFT_HAND_LANDMARKS"]
    data = rng.normal(size=(n_frames, 1, 21, 3))
    components = {"LEFT_HAND_LANDMARKS": names}
    write_theirs(folder / "poses/clip.pose", components, data, np.ones((n_frames, 1, 21)), 24)


def test_hands_alone_have_their_own_coordinates_and_no_place(tmp_path):
    hands_only(tmp_path)
    shard, counts = landmarks(tmp_path, "pose")
    assert json.loads(counts)["unusable"] == {}
    rows = shard["clip"].astype(float)
    assert rows.shape == (12, 413)
    assert not rows[:, :170].any()  # where they are, in shoulder widths
    assert rows[:, 170:212].all() and not rows[:, 212:328].any()
    seen = rows[:, 328:]
    assert (seen[:, 6:27] == 1).all() and seen.sum() == 12 * 21


def test_shoulders_that_are_never_seen_are_still_no_landmarks(tmp_path):
    components = {"POSE_LANDMARKS": ["LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_ELBOW"]}
    confidence = np.zeros((24, 1, 3))
    confidence[..., 2] = 1
    write_theirs(tmp_path / "poses/clip.pose", components, np.ones((24, 1, 3, 3)), confidence, 24)
    _, counts = landmarks(tmp_path, "pose")
    assert json.loads(counts)["unusable"] == {"clip": "no_shoulders"}


REAL_POSES = sorted((REAL_DATA / "formats").rglob("*.pose"))


@pytest.mark.skipif(not REAL_POSES, reason=NO_REAL_DATA)
@pytest.mark.parametrize("path", REAL_POSES, ids=lambda path: path.stem)
def test_real_values_are_those_that_pose_format_reads(path):
    recording = read_pose(path)
    theirs = pose_format.Pose.read(path.read_bytes())
    layout = recording.layout
    assert recording.fps == theirs.body.fps and len(recording.frames) == len(theirs.body.data)
    ours = np.stack([frame[0] for frame in recording.frames])
    here = {
        (part.name, name): number
        for number, (part, name) in enumerate(
            (part, name) for part in theirs.header.components for name in part.points
        )
    }
    n_found = 0
    places = [(part, name) for part, names in layout.names.items() for name in names]
    for place, key in enumerate(places):
        if key not in here:
            assert not ours[:, place].any()  # missing points are marked as such
            continue
        n_found += 1
        np.testing.assert_array_equal(ours[:, place, 2], theirs.body.confidence[:, 0, here[key]])
        expected = theirs.body.data.data[:, 0, here[key], :2]
        np.testing.assert_array_equal(ours[:, place, :2], expected.astype(np.float32))
    assert n_found == {
        "holistic": 543, "signer0_sample1000": 543, "6fb01565da31c5500d1ef2cd2906b06b": 553,
        "mediapipe": 178, "mediapipe_hand_normalized": 21, "openpose": 137,
    }[path.stem]  # fmt: skip


@pytest.mark.skipif(not REAL_POSES, reason=NO_REAL_DATA)
@pytest.mark.parametrize("path", REAL_POSES, ids=lambda path: path.stem)
def test_real_files_become_rows(tmp_path, path):
    (tmp_path / "poses").mkdir()
    (tmp_path / "poses/clip.pose").write_bytes(path.read_bytes())
    recording = read_pose(path)
    n_frames = len(recording.frames)
    row = ("clip", "raw_videos/clip.mp4", 0, n_frames / recording.fps, n_frames, recording.fps)
    shard, counts = landmarks(tmp_path, "pose", row)
    assert json.loads(counts)["unusable"] == {}
    rows = shard["clip"].astype(float)
    assert len(rows) == round(n_frames * 12 / recording.fps) and np.isfinite(rows).all()
    if "hand" in path.stem:
        assert rows[:, 212:254].any() and not rows[:, :170].any()
    else:  # the signer's left shoulder is to the right of the picture
        assert np.median(rows[:, 0]) == pytest.approx(0.5, abs=0.1)
