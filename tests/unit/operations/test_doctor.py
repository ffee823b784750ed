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

import preloaded
import pytest
from experiments import config_of, experiment_of, write_manifests
from small_files import (
    REPOSITORY,
    truncate,
    write_clip_shard,
)

from sonar_sign.operations import installation
from sonar_sign.operations.check_results import (
    check_clock,
    check_leftovers,
    check_resume_states,
    check_snakemake,
    check_training_locks,
)
from sonar_sign.operations.config import load_config
from sonar_sign.operations.declared_outputs import declared_outputs
from sonar_sign.operations.doctor import snakemake
from sonar_sign.operations.folder_checks import check_links, check_writable
from sonar_sign.operations.installation import (
    check_gpu,
    check_libsndfile,
    check_space,
    check_versions,
)

AGAIN = partial(snakemake, (), 2)


@pytest.fixture
def results(tmp_path):
    """A folder of results with one shard of clips."""
    write_clip_shard(tmp_path / "results/demo/clips/train/0000.tar", {"a": 5, "b": 7})
    return tmp_path / "results"


def only(findings, *words):
    assert len(findings) == 1, findings
    for word in words:
        assert word in findings[0].problem + " -> " + findings[0].remedy, (word, findings[0])
    return findings[0]


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
    assert list(path.parent.iterdir()) == [] and check_leftovers([results]) == []


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


def test_every_training_system_seed_split_and_language_has_its_outputs(tmp_path):
    config = config_of(tmp_path, seed=7, seeds=[7, 8])
    outputs = {str(output.path): output for output in declared_outputs(config)}
    assert len(outputs) == len(declared_outputs(config))
    folder = "results/how2sign"
    for label in ("stage1", "stage1.seed8"):
        features = outputs[f"{folder}/features/{label}/test/0000.npy"]
        assert features.input("checkpoint") == Path(f"{folder}/checkpoints/{label}/best.pt")
    assert {
        f"{folder}/{path}"
        for path in (
            "manifests/train.tsv", "manifests/summary.json", "manifests/durations.svg",
            "shards/val/0000.tsv", "clips/train/0000.tar", "targets/val.npy",
            "checkpoints/stage2.seed8/best.pt", "checkpoints/stage2.seed8/curves.csv",
            "predictions/finetuned.seed8/test.tsv", "metrics/finetuned.seed8.json",
            "samples/finetuned.json", "comparison.json", "comparison.md",
            "report/index.html", "report/speed.svg", "report/comparison.html",
        )
    } <= outputs.keys()  # fmt: skip
    assert "resources/models/dm_70h_ub_signhiera.pth" in outputs
    # What is made of something comes after it.
    places = {path: place for place, path in enumerate(outputs)}
    for path, output in outputs.items():
        for one in (one for paths in output.inputs.values() for one in paths):
            assert places.get(str(one), -1) < places[path], (path, one)


def test_a_link_that_leads_nowhere(results):
    (results / "demo/link.npy").symlink_to(results / "nothing")
    finding = only(check_links([results]), "1 symbolic links", "link.npy")
    subprocess.run(finding.remedy.rpartition(": ")[2], shell=True, check=True)
    assert check_links([results]) == []


def test_a_folder_that_cannot_be_written(results):
    (results / "demo/clips").chmod(0o555)
    finding = only(check_writable([results]), "1 folders cannot be written", "demo/clips")
    subprocess.run(finding.remedy.partition(",")[0], shell=True, check=True)
    assert check_writable([results]) == []


def test_a_saved_state_from_which_no_training_resumes(results):
    path = results / "demo/training/stage1/last.ckpt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PK" + bytes(100))
    finding = only(check_resume_states(results), "last.ckpt", "is damaged")
    subprocess.run(finding.remedy, shell=True, check=True)
    assert check_resume_states(results) == []


def run(folder, *arguments):
    """The command as a person calls it."""
    return subprocess.run(
        [preloaded.commands() / "sonar-sign", "doctor", *map(str, arguments)],
        capture_output=True, text=True, cwd=folder,
    )  # fmt: skip


def test_what_is_not_built_yet_is_no_fault(tmp_path):
    lock = ["--lock", REPOSITORY / "requirements.lock"]
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    done = run(tmp_path, *lock, "--cores", 3)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Nothing is built yet: run snakemake --cores 3\n")


def test_a_damaged_file_of_a_run_that_is_not_finished(results, tmp_path):
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    path = truncate(results / "demo/clips/train/0000.tar", 0.5).relative_to(tmp_path)
    done = run(tmp_path, "--lock", REPOSITORY / "requirements.lock", "--cores", 3)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"WRONG: {path.with_suffix('.timings.json')} is missing beside {path}." in done.stdout
    assert f"snakemake {path} --cores 3 && snakemake --cores 3" in done.stdout
    assert "outputs are not built yet: " in done.stdout
    assert "Nothing is wrong" not in done.stdout


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
