"""What is wrong is said in words, with what helps; what is well is left in peace."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import preloaded
import pytest
from experiments import config_of, experiment_of, write_manifests
from small_files import (
    REPOSITORY,
    truncate,
    write_clip_shard,
    write_random_features,
    write_random_targets,
)

from sonar_sign.core.files import sha256_of
from sonar_sign.core.tables import write_rows
from sonar_sign.operations import installation
from sonar_sign.operations.check_results import (
    check_clips,
    check_clock,
    check_features,
    check_leftovers,
    check_snakemake,
    check_targets,
    check_training_locks,
)
from sonar_sign.operations.config import load_config
from sonar_sign.operations.doctor import encoders_of, snakemake
from sonar_sign.operations.installation import (
    check_gpu,
    check_libsndfile,
    check_space,
    check_versions,
)
from sonar_sign.operations.results_identity import write_identities

AGAIN = partial(snakemake, (), 2)
CLIPS = {"a": 5, "b": 7}


@pytest.fixture
def results(tmp_path):
    """Results of one training shard in which nothing is wrong."""
    demo = tmp_path / "results/demo"
    write_rows(demo / "shards/train/0000.tsv", ("clip_id",), [(clip_id,) for clip_id in CLIPS])
    write_clip_shard(demo / "clips/train/0000.tar", CLIPS)
    write_random_features(demo / "features/pretrained/train/0000.npy", list(CLIPS))
    write_random_targets(demo / "targets/train.npy", list(CLIPS))
    return tmp_path / "results"


def all_of(results, encoders=None):
    return [
        *check_leftovers([results]),
        *check_training_locks(results),
        *check_clips(results, AGAIN),
        *check_features(results, encoders or {}, AGAIN),
        *check_targets(results, AGAIN),
    ]


def only(findings, *words):
    assert len(findings) == 1, findings
    for word in words:
        assert word in findings[0].problem + " -> " + findings[0].remedy, (word, findings[0])
    return findings[0]


def test_nothing_is_wrong(results):
    assert all_of(results) == []


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_truncated_clip_shard(results, share):
    path = truncate(results / "demo/clips/train/0000.tar", share)
    found = check_clips(results, AGAIN)
    only(
        found,
        str(path),
        "crop it again",
        f"rm -f {path} && snakemake {path} --cores 2 && snakemake --cores 2",
    )


def test_a_clip_shard_of_other_clips(results):
    write_clip_shard(results / "demo/clips/train/0000.tar", {"a": 5})
    found = check_clips(results, AGAIN)
    only(found, "0000.tar lacks clips of", "0000.tsv: b")
    write_clip_shard(results / "demo/clips/train/0000.tar", {**CLIPS, "c": 5})
    only(check_clips(results, AGAIN), "has clips that", "does not have: c")


def test_nan_in_a_feature_shard(results):
    path = results / "demo/features/pretrained/train/0000.npy"
    features = np.load(path)
    features[3, 1] = np.nan
    np.save(path, features)
    finding = only(check_features(results, {}, AGAIN), str(path), "NaN")
    assert f"{path} {path.with_suffix('.parquet')} && snakemake {path} --cores 2 " in finding.remedy


@pytest.mark.parametrize("suffix", [".npy", ".parquet"])
def test_half_of_a_feature_shard(results, suffix):
    path = (results / "demo/features/pretrained/train/0000.npy").with_suffix(suffix)
    path.unlink()
    only(check_features(results, {}, AGAIN), str(path), "missing", "0000.npy")


def test_features_of_another_length_than_their_index(results):
    path = results / "demo/features/pretrained/train/0000.npy"
    np.save(path, np.load(path)[:-1])
    only(check_features(results, {}, AGAIN), "features and its index")


def test_features_of_other_clips_than_the_shard_beside_them(results):
    write_random_features(results / "demo/features/pretrained/train/0000.npy", ["a"])
    only(check_features(results, {}, AGAIN), "lacks clips of", "0000.tar: b")


def test_features_of_another_checkpoint(results, tmp_path):
    checkpoint = tmp_path / "sign_hiera.pth"
    checkpoint.write_bytes(b"weights")
    encoders = {"pretrained": checkpoint}
    only(check_features(results, encoders, AGAIN), "another SignHiera", str(checkpoint))
    path = results / "demo/features/pretrained/train/0000.npy"
    write_random_features(path, list(CLIPS), sha=sha256_of(checkpoint))
    assert check_features(results, encoders, AGAIN) == []


def test_broken_targets(results):
    path = results / "demo/targets/train.npy"
    np.save(path, np.full((2, 4), np.inf, np.float32))
    only(check_targets(results, AGAIN), str(path), "NaN or infinite")


WRITER = """
import os, signal, sys
from pathlib import Path
from sonar_sign.core.files import atomic_write
with atomic_write(Path(sys.argv[1])) as temporary, temporary.open("w") as file:
    file.write("half")
    file.flush()
    if sys.argv[2] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    print("writing", flush=True)
    sys.stdin.read()
"""


def start_writer(path, what):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), what],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_what_a_killed_writer_left_behind(results):
    path = results / "demo/predictions/zero_shot/test.tsv"
    start_writer(path, "die").communicate()
    (left,) = path.parent.iterdir()
    finding = only(check_leftovers([results]), "1 temporary files", str(left), "rm ")
    subprocess.run(finding.remedy, shell=True, check=True)
    assert list(path.parent.iterdir()) == [] and all_of(results) == []


def test_what_a_living_writer_writes_is_no_leftover(results):
    writer = start_writer(results / "demo/predictions/zero_shot/test.tsv", "live")
    assert writer.stdout.readline() == "writing\n"
    assert check_leftovers([results]) == []
    writer.communicate()
    assert writer.returncode == 0


def test_hidden_files_of_others_are_no_leftovers(results):
    for name in (".snakemake_timestamp", ".gitkeep", ".nfs0001"):
        (results / "demo" / name).write_text("")
    assert check_leftovers([results]) == []


def test_files_dated_in_the_future(results):
    path = results / "demo/clips/train/0000.tar"
    ahead = time.time() + 5000
    os.utime(path, (ahead, ahead))
    finding = only(check_clock([results, results / "no"]), "1 files", str(path), "future")
    subprocess.run(finding.remedy, shell=True, check=True)
    assert abs(path.stat().st_mtime - time.time()) < 100
    assert check_clock([results]) == []


def write_lock(results, **changes):
    path = results / "demo/training/stage1/lock.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = {"host": socket.gethostname(), "pid": 2**22 + 1, "started": "5", "slurm_job": None}
    path.write_text(json.dumps({**holder, **changes}))
    return path


def test_a_lock_of_a_trainer_that_has_ended(results):
    path = write_lock(results)
    finding = only(check_training_locks(results), str(path), "has ended")
    subprocess.run(finding.remedy, shell=True, check=True)
    assert not path.exists()


def test_a_lock_of_a_trainer_that_lives_or_cannot_be_asked(results):
    fields = Path(f"/proc/{os.getpid()}/stat").read_text().rpartition(")")[2].split()
    write_lock(results, pid=os.getpid(), started=fields[19])
    assert check_training_locks(results) == []
    write_lock(results, host="elsewhere")
    assert check_training_locks(results) == []


SNAKEFILE = """
rule all:
    output: "made.txt"
    shell: "touch begun; sleep 60; touch {output}"
"""


def test_a_snakemake_that_was_killed(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    command = [shutil.which("snakemake", path=os.path.dirname(sys.executable)), "--cores", "1"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not (tmp_path / "begun").exists():
        assert process.poll() is None
    assert check_snakemake(tmp_path, AGAIN) == [], "it is running"
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True
    ).stdout.split()
    process.kill()
    process.wait()
    for child in children:
        os.kill(int(child), 9)
    locked, cut = check_snakemake(tmp_path, AGAIN)
    assert "is locked" in locked.problem and locked.remedy == "snakemake --unlock --cores 2"
    assert "made.txt" in cut.problem and cut.remedy == "snakemake --cores 2"
    subprocess.run([*command, "--unlock"], cwd=tmp_path, check=True, capture_output=True)
    assert len(check_snakemake(tmp_path, AGAIN)) == 1


def test_versions_of_the_lock(tmp_path):
    assert check_versions(REPOSITORY / "requirements.lock") == []
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "numpy==1.0 \\\n    --hash=sha256:00\nno-such-package==2\n"
        "pyreadline3==3 ; sys_platform == 'win32' \\\n"
    )
    finding = only(
        check_versions(lock), "numpy is 2.", "not 1.0", "no-such-package is not installed"
    )
    assert "pyreadline3" not in finding.problem and finding.remedy == "make setup"
    only(check_versions(tmp_path / "none"), "is missing")


def test_libsndfile_of_this_machine():
    assert check_libsndfile() == []


def test_a_gpu_that_is_not_there():
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    findings, _ = check_gpu("cuda")
    only(findings, "'cuda' was asked for", "nvidia-smi")
    assert check_gpu("auto")[0] == []


def test_too_little_disk(tmp_path):
    """A corpus larger than any disk."""
    # An hour each: 16 TB of clips.
    write_manifests(tmp_path, seconds=3600, train=100_000, val=1, test=1)
    findings, notes = check_space(experiment_of(tmp_path), tmp_path)
    finding = next(one for one in findings if "disk" in one.problem)
    only([finding], "Too little disk for how2sign", "GB are needed")
    assert float(notes[0].split()[1]) > 16_000


def test_too_little_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(installation, "memory_bytes", lambda: 10 * 10**9)
    write_manifests(tmp_path, train=10, val=1, test=1)
    findings, notes = check_space(experiment_of(tmp_path), tmp_path)
    only(findings[:1], "train stage2 needs", "GB of memory, this machine has 10.", "batch_size")
    assert "train stage2 needs" in notes[1] and notes[1].endswith("this machine has 10.0")


def test_the_demo_needs_what_estimate_says_and_no_public_models(tmp_path):
    experiment = load_config([REPOSITORY / "config/config.yaml"]).experiment
    findings, (disk, memory) = check_space(experiment, tmp_path / "results")
    assert findings == []
    assert disk.startswith("disk: 1.0 GB are needed, 0.0 are in use")
    assert memory.startswith("memory: make demo needs 1.5 GB")


def test_commands_name_the_config_that_was_given():
    called = snakemake(["a b.yaml"], 4, "target")
    assert called == "snakemake target --cores 4 --configfile 'a b.yaml'"


def test_every_video_encoder_has_its_checkpoint(tmp_path):
    encoders = encoders_of(config_of(tmp_path, seed=7, seeds=[7, 8]))
    folder = Path("results/how2sign/checkpoints")
    assert encoders == {
        "pretrained": Path("resources/models/dm_70h_ub_signhiera.pth"),
        "stage1": folder / "stage1/best.pt",
        "stage1.seed8": folder / "stage1.seed8/best.pt",
        "joint": folder / "joint/best.pt",
        "joint.seed8": folder / "joint.seed8/best.pt",
    }


def run(folder, *arguments):
    """The command as a person calls it."""
    return subprocess.run(
        [preloaded.commands() / "sonar-sign", "doctor", *map(str, arguments)],
        capture_output=True, text=True, cwd=folder,
    )  # fmt: skip


def test_the_exit_status_says_whether_something_is_wrong(results, tmp_path, monkeypatch):
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    write_identities(load_config([]))
    lock = ["--lock", REPOSITORY / "requirements.lock"]
    well = run(tmp_path, *lock)
    assert (well.returncode, well.stderr) == (0, "")
    assert well.stdout.endswith("Nothing is wrong.\n")
    path = truncate(results / "demo/clips/train/0000.tar", 0.5)
    ill = run(tmp_path, *lock, "--cores", 3)
    assert (ill.returncode, ill.stderr) == (1, "")
    name = path.relative_to(tmp_path)
    assert f"WRONG: Clip shard {name}" in ill.stdout
    assert f"try: rm -f {name} && snakemake {name} --cores 3 && " in ill.stdout
    assert ill.stdout.endswith("Things that are wrong: 1.\n")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (os.mkfifo, "data is not a folder but a pipe"),
        (Path.touch, "data is not a folder but a file"),
        (Path.mkdir, "how2sign_realigned_test.csv does not exist"),
        (lambda path: None, "data is not a folder: it does not exist"),
    ],
)
def test_a_corpus_that_is_not_there_is_said(tmp_path, make, words):
    make(tmp_path / "data")
    (tmp_path / "mine.yaml").write_text("corpus: {name: mine, type: how2sign, root: data}")
    done = run(tmp_path, "--config", "mine.yaml")
    assert done.returncode == 1, done.stderr
    assert sum("corpus.root data" in line and words in line for line in done.stdout.splitlines())


def test_results_of_another_corpus_are_said(tmp_path):
    (tmp_path / "mine.yaml").write_text("corpus: {name: mine, type: how2sign, root: data}")
    (tmp_path / "results/mine").mkdir(parents=True)
    (tmp_path / "results/mine/config.yaml").write_text("corpus: {name: other}")
    done = run(tmp_path, "--config", "mine.yaml")
    assert "results/mine holds the results of the corpus other" in done.stdout
