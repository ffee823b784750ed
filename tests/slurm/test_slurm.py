"""The tiny workflow through a real SLURM, to the metrics file."""

import csv
import json
import subprocess
import time

import pytest
from story import (
    CANCELLED,
    METRICS,
    N_EPOCHS,
    REPOSITORY,
    environment,
    merged,
    snakemake_on_slurm,
    tell,
)
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def story(slurm, tmp_path_factory):
    return tell(tmp_path_factory.mktemp("project"), slurm)


def results(story, path):
    return story.project.folder / "results/demo" / path


def test_it_ends_with_the_metrics(story):
    assert story.codes == [1, 0], story.outputs[-1]
    metrics = json.loads((story.project.folder / METRICS).read_text())
    assert metrics["n_clips"] == story.project.config["demo"]["howto"]["test"]


def test_each_extraction_asked_for_a_gpu_and_nothing_else_did(story):
    jobs = story.jobs("extract")
    assert len(jobs) == 4 + 2
    for job in jobs:
        assert job["TresPerJob"] == "gres:gpu:fake:1"
        assert job["Partition"] == "gpu" and job["NumCPUs"] == "1"
    for rule in ("predict", "evaluate"):
        (job,) = story.jobs(rule)
        assert "TresPerJob" not in job and job["Partition"] == "main"
    assert story.jobs("predict")[0]["NumCPUs"] == "2"


def test_what_is_out_of_time_is_tried_again_with_more(story):
    first, second = story.jobs("extract", call=1)
    assert (first["JobState"], second["JobState"]) == ("TIMEOUT", "COMPLETED")
    assert (first["TimeLimit"], second["TimeLimit"]) == ("00:01:00", "00:02:00")
    assert (first["MinMemoryNode"], second["MinMemoryNode"]) == ("2000M", "4000M")
    # The batch is half as large.
    for batch in (128, 64):
        assert f"--batch-units {batch} " in story.outputs[1]
    assert f"SLURM-job '{first['JobId']}' failed, SLURM status is: 'TIMEOUT'" in story.outputs[1]


def test_a_requeued_training_job_goes_on_where_it_was(story):
    (job,) = story.jobs("train", training="stage1")
    assert job["JobState"] == "COMPLETED" and job["Restarts"] == "1"
    events = sorted(results(story, "checkpoints/stage1/tensorboard").glob("events.*"))
    firsts, lasts = zip(*[steps_of(path) for path in events], strict=True)
    assert len(events) == 2
    assert firsts[0] == 0 and firsts[1] == lasts[0] + 1, "it goes on after the last step"
    assert lasts[1] == N_EPOCHS - 1
    with results(story, "checkpoints/stage1/curves.csv").open() as file:
        steps = [int(row["step"]) for row in csv.DictReader(file) if row["train/gradient_norm"]]
    assert steps == list(range(N_EPOCHS))


def steps_of(events):
    """The first and the last training step that a file of TensorBoard's tells of."""
    accumulator = EventAccumulator(str(events))
    accumulator.Reload()
    steps = [event.step for event in accumulator.Scalars("train/gradient_norm")]
    return min(steps), max(steps)


def test_a_cancelled_job_leaves_the_rest_and_a_rerun_finishes(story):
    states = {job["Comment"]: job["JobState"] for job in story.jobs("extract", call=0)}
    assert len(states) == 4
    assert states.pop(f"rule_extract_wildcards_{CANCELLED}") == "CANCELLED"
    assert set(states.values()) == {"COMPLETED"}
    assert story.after_first == {"train/0000.npy", "val/0000.npy", "test/0000.npy"}
    # The rerun does not do again what was done.
    assert not story.jobs("train", call=1, training="stage1")
    again = {job["Comment"] for job in story.jobs("extract", call=1)}
    assert again == {f"rule_extract_wildcards_{CANCELLED}"}


def test_several_processes_in_one_task(story):
    (job,) = story.jobs("train", training="stage2")
    assert job["TresPerJob"] == "gres:gpu:fake:2"
    assert job["NumTasks"] == "1" and job["NumNodes"] == "1" and job["NumCPUs"] == "2"
    # 12 clips in batches of 4 are 3 steps of one process; of two they are 2.
    with results(story, "checkpoints/stage2/curves.csv").open() as file:
        steps = [int(row["step"]) for row in csv.DictReader(file)]
    assert max(steps) == 2 * 2 - 1


def test_a_wrong_partition_is_told_before_anything_is_submitted(story):
    project = story.project
    before = story.slurm.ask("squeue", "-h", "--states=all")
    mistakes = {
        "cluster.gpu_partition is gppu": {"gpu_partition": "gppu"},
        "cluster.gpu_model is a100": {"gpu_model": "a100"},
        "ends jobs after 120 minutes": {"rules": {"extract": {"runtime": 100}}},
    }
    for sentence, changes in mistakes.items():
        config = merged(project.config, {"cluster": changes})
        (project.folder / "wrong.yaml").write_text(json.dumps(config))
        command = snakemake_on_slurm(
            project, "--forcerun", "extract", "--", METRICS, config="wrong.yaml"
        )
        started = time.monotonic()
        done = subprocess.run(
            command,
            cwd=REPOSITORY, env=environment(story.slurm), capture_output=True, text=True,
        )  # fmt: skip
        told = [x for x in done.stderr.splitlines() if x.startswith("sonar-sign: ")]
        assert done.returncode == 1
        assert len(told) == 1 and sentence in told[0], done.stderr
        assert "Traceback" not in done.stderr
        assert time.monotonic() - started < 60
    assert story.slurm.ask("squeue", "-h", "--states=all") == before


def test_the_log_of_a_failed_job_is_shown(story):
    shard = results(story, "clips/test/0000.tar")
    shard.write_bytes(b"no clips")
    command = snakemake_on_slurm(story.project, "--retries", "0")
    done = subprocess.run(
        [*command, "results/demo/features/pretrained/test/0000.npy"],
        cwd=REPOSITORY, env=environment(story.slurm), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert str(shard.relative_to(story.project.folder)) in done.stderr
    assert "sonar-sign: " in done.stderr
