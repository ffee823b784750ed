"""Outputs that would destroy something are refused by every command, before any work."""

import os
import socket
import stat
import subprocess
import threading
from pathlib import Path
from typing import get_args, get_type_hints

import preloaded
import pytest
from small_files import row, write_annotations, write_manifest, write_video

from sonar_sign.cli import COMMAND_MODULES, landmarks
from sonar_sign.cli.paths import Cache, Output

FUNCTIONS = {
    **{name: one for module in COMMAND_MODULES for name, one in module.COMMANDS.items()},
    "landmarks show": landmarks.show,
    "landmarks export": landmarks.export,
}
WRITTEN = ("to write", "to place", "Folder for", "that caches", "resumes from", "<!-- table -->")


def run(*words, cwd=None):
    command = [preloaded.commands() / "sonar-sign", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


def refused(done, *words):
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 2 and done.stdout == "", done
    assert len(lines) == 1 and lines[0].startswith("sonar-sign: "), done.stderr
    assert all(str(word) in lines[0] for word in words), lines[0]


def hints_of(function):
    """Every parameter of a command, those of its classes of flags included."""
    hints = get_type_hints(function, include_extras=True)
    for name, hint in hints.items():
        if hasattr(hint, "__dataclass_fields__"):
            yield from get_type_hints(hint, include_extras=True).items()
        elif name != "return":
            yield name, hint


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_path_that_is_written_is_marked(name):
    for flag, hint in hints_of(FUNCTIONS[name]):
        kind, text, *marks = get_args(hint) or (hint, "")
        if "Path" in str(kind) and isinstance(text, str):
            marked = any(isinstance(mark, Output | Cache) for mark in marks)
            assert marked == any(words in text for words in WRITTEN), (name, flag)


@pytest.fixture
def shard(tmp_path):
    """Arguments of `shard`, the cheapest command that reads and writes, but for its outputs."""
    manifest = write_manifest(tmp_path / "m.tsv", ["a", "b"])
    header, *lines = manifest.read_text().splitlines()
    more = [f"{line}\tvideo.mp4\t0.0\t1.0\t24\t24.0" for line in lines]
    columns = f"{header}\tsource\tstart_s\tend_s\tn_frames\tfps"
    manifest.write_text("\n".join([columns, *more]) + "\n")
    return ["shard", "--manifest", manifest, "--output"]


def same_path(folder):
    return folder / "m.tsv"


def another_spelling(folder):
    return f"{folder}/no/../../{folder.name}/./m.tsv"


def symbolic_link(folder):
    (folder / "link.tsv").symlink_to("m.tsv")
    return folder / "link.tsv"


def hard_link(folder):
    os.link(folder / "m.tsv", folder / "hard.tsv")
    return folder / "hard.tsv"


def link_to_its_folder(folder):
    (folder / "again").symlink_to(folder)
    return folder / "again" / "m.tsv"


@pytest.mark.parametrize(
    "output", [same_path, another_spelling, symbolic_link, hard_link, link_to_its_folder]
)
def test_an_output_that_is_an_input(shard, tmp_path, output):
    path = output(tmp_path)
    before = (tmp_path / "m.tsv").read_bytes()
    refused(run(*shard, path), f"--output: {Path(path)} ", "is an input of this command")
    assert (tmp_path / "m.tsv").read_bytes() == before


def test_a_video_is_not_replaced_by_its_translation(tmp_path):
    write_video(tmp_path / "v.mp4", 24)
    before = (tmp_path / "v.mp4").read_bytes()
    (tmp_path / "videos").symlink_to(tmp_path)
    for output in ("v.mp4", "videos/v.mp4"):
        for inputs in ("v.mp4", "."):
            done = run("translate", inputs, "--output", output, cwd=tmp_path)
            refused(done, output)
    assert (tmp_path / "v.mp4").read_bytes() == before


def test_files_that_are_read_or_written_beside_others(tmp_path):
    for name in ("p.tsv", "p.json", "m.tsv", "p.npz"):
        (tmp_path / name).write_text(name)
    evaluate = ["evaluate", "--predictions", tmp_path / "p.tsv", "--manifest", tmp_path / "m.tsv"]
    # The run info, which is read beside the predictions.
    refused(run(*evaluate, "--output", tmp_path / "p.json"), "--output", "p.json is an input")
    # The index of features, which is written beside them.
    flags = [f"--{name}={tmp_path / 'x.parquet'}" for name in ("clips", "checkpoint")]
    (tmp_path / "x.parquet").write_text("x")
    outputs = ["--output", tmp_path / "x.npy", "--timings", tmp_path / "t.json"]
    refused(run("extract", *flags, *outputs), "x.parquet is an input")
    # A comparison, which is read to make it a table.
    (tmp_path / "comparison.json").write_text("{}")
    folder = ["compare", tmp_path / "comparison.json", "--output", tmp_path]
    refused(run(*folder), "comparison.json is an input")
    assert (tmp_path / "comparison.json").read_text() == "{}"


def test_two_outputs_that_are_one_file(shard, tmp_path):
    again = tmp_path / "no/../a"
    refused(run(*shard, tmp_path / "a", "--output", again), "is written by --output too")
    (tmp_path / "link").symlink_to("a")
    refused(run(*shard, tmp_path / "a", "--output", tmp_path / "link"), "is written by")
    assert not (tmp_path / "a").exists()


def test_a_corpus_is_not_overwritten(tmp_path):
    root = tmp_path / "corpus"
    write_annotations(root, [row("a", end="0.5")])
    annotations = next(root.glob("*.csv"))
    before = annotations.read_bytes()
    words = ["prepare", "--corpus-type", "how2sign", "--root", root, "--split", "train"]
    outputs = {"manifest": tmp_path / "m", "dropped": tmp_path / "d", "clamped": tmp_path / "c"}
    for flag in outputs:
        given = {**outputs, flag: annotations}
        done = run(*words, *(word for f, path in given.items() for word in (f"--{f}", path)))
        refused(done, f"--{flag}", "which this command reads")
    assert annotations.read_bytes() == before
    assert not any(path.exists() for path in outputs.values())


def test_a_cache_is_no_way_to_lose_a_file(tmp_path):
    """What a command both reads and writes may be its own only."""
    root = tmp_path / "corpus"
    annotations = write_annotations(root, [row("a", end="0.5")])
    (tmp_path / "notes.txt").write_text("mine")
    words = ["prepare", "--corpus-type", "how2sign", "--root", root, "--split", "train"]
    write_video(root / "raw_videos/vid-5-rgb_front.mp4", 24)
    for flag in ("manifest", "dropped", "clamped"):
        words += [f"--{flag}", root / f"results/{flag}"]
    for path in (annotations, tmp_path / "notes.txt"):
        before = path.read_bytes()
        refused(run(*words, "--probes", path), "--probes", path, "stays")
        assert path.read_bytes() == before
    assert run(*words, "--probes", tmp_path / "probes.tsv").returncode == 0
    assert run(*words, "--probes", tmp_path / "probes.tsv").returncode == 0
    refused(run(*words, "--probes", root / "results/manifest"), "--probes", "stays")


def test_inputs_that_are_given_as_texts(tmp_path):
    """`fetch_model --source FILE` and `NAME=FILE`."""
    (tmp_path / "weights.pth").write_text("weights")
    fetch = ["fetch_model", "--name", "sign_hiera", "--source", tmp_path / "weights.pth"]
    refused(run(*fetch, "--output", tmp_path / "weights.pth"), "--output", "is an input")
    assert (tmp_path / "weights.pth").read_text() == "weights"
    (tmp_path / "index.html").write_text("mine")
    words = ["gallery", "--predictions", f"a={tmp_path}/index.html", "--manifest", tmp_path / "m"]
    refused(run(*words, "--output", tmp_path), "--output", "index.html is an input")
    assert (tmp_path / "index.html").read_text() == "mine"


def folder(path):
    path.mkdir()


def a_socket(path):
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))


def write_protected(path):
    path.write_text("keep")
    path.chmod(0o444)


def loop(path):
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (folder, "is a folder"),
        (a_socket, "is a socket"),
        (write_protected, "is write-protected"),
        (loop, "leads to itself"),
    ],
)
def test_what_can_be_no_output(shard, tmp_path, make, words, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    make(Path("out"))
    before = Path("out").lstat()
    refused(run(*shard, "out"), "--output: out", words)
    after = Path("out").lstat()
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (
        before.st_ino, before.st_mode, before.st_mtime_ns
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("m.tsv/out.tsv", "is no folder but a file"),
        ("m.tsv/deeper/out.tsv", "is no folder but a file"),
        ("x" * 256, "a name of more than 255 bytes"),
        ("手" * 90 + "/out.tsv", "a name of more than 255 bytes"),
        ("", "--output is empty"),
        (".", "is a folder"),
        ("/proc/nothing/out.tsv", "cannot be written"),
    ],
)
def test_places_where_nothing_can_be_written(shard, tmp_path, path, words):
    refused(run(*shard, path, cwd=tmp_path), words)


@pytest.mark.parametrize(
    "name", ["a." + "b" * 250, "手" * 83 + ".手", "🤟" * 60 + ".json", "-", "--x"]
)
def test_odd_names_that_can_be_written(shard, tmp_path, name):
    done = run(*shard[:-1], f"--output={name}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / name).read_text().startswith("clip_id\t")
    assert {path.name for path in tmp_path.iterdir()} == {"m.tsv", name}


def test_a_symbolic_link_stays_and_leads_to_the_result(shard, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "old.tsv").write_text("old")
    for name in ("old.tsv", "new.tsv"):
        (tmp_path / name).symlink_to(disk / name)
        assert run(*shard, tmp_path / name).returncode == 0
        assert (tmp_path / name).is_symlink()
        assert (disk / name).read_text().startswith("clip_id\t")
    assert sorted(os.listdir(disk)) == ["new.tsv", "old.tsv"]


def test_permissions_of_what_is_replaced_are_kept(shard, tmp_path):
    output = tmp_path / "out.tsv"
    output.write_text("old")
    output.chmod(0o604)
    assert run(*shard, output).returncode == 0
    assert stat.S_IMODE(output.stat().st_mode) == 0o604


def test_devices_and_open_files_are_written_through(shard, tmp_path):
    device = os.stat("/dev/null")
    assert run(*shard, "/dev/null", "--output", "/dev/../dev/null").returncode == 0
    assert os.stat("/dev/null").st_rdev == device.st_rdev
    assert run(*shard, "/dev/stdout").stdout.count("\n") == 3
    (tmp_path / "log").write_text("before\n")
    command = [str(preloaded.commands() / "sonar-sign"), *map(str, shard), "/dev/stdout"]
    with (tmp_path / "log").open("a") as log:
        assert subprocess.run(command, stdout=log).returncode == 0
    assert (tmp_path / "log").read_text().splitlines()[:2][0] == "before"
    assert len((tmp_path / "log").read_text().splitlines()) == 4


def test_a_pipe_is_written_to_its_reader(shard, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()
    assert run(*shard, tmp_path / "pipe").returncode == 0
    reader.join(10)
    assert read[0].count("\n") == 3 and (tmp_path / "pipe").is_fifo()


def test_two_at_once_leave_one_whole_file(shard, tmp_path):
    command = [str(preloaded.commands() / "sonar-sign"), *map(str, shard), str(tmp_path / "out")]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    assert (tmp_path / "out").read_text().count("\n") == 3
    assert {path.name for path in tmp_path.iterdir()} == {"m.tsv", "out"}
