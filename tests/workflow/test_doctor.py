"""Faults planted in a finished run: doctor names each, and what it proposes mends them."""

import subprocess

import planted_faults
import preloaded
import pytest
from workflow_project import REPOSITORY

METRICS = "results/demo/metrics/finetuned.json"


def doctor(project, *flags):
    """The findings, as problem and remedy, and the last line."""
    done = subprocess.run(
        [
            *[str(preloaded.commands() / "sonar-sign"), "doctor", "--config", "config.yaml"],
            *["--lock", str(REPOSITORY / "requirements.lock"), *flags],
        ],
        capture_output=True,
        text=True,
        cwd=project.folder,
    )
    lines = done.stdout.splitlines()
    problems = [line.removeprefix("WRONG: ") for line in lines if line.startswith("WRONG: ")]
    remedies = [line.removeprefix("  try: ") for line in lines if line.startswith("  try: ")]
    assert done.stderr == "" and done.returncode == bool(problems), done
    return list(zip(problems, remedies, strict=True)), lines[-1]


def follow(project, remedy, more_is_wrong=False):
    """Do what doctor proposes; it cannot run to its end where something else is wrong, too."""
    call = f"{preloaded.commands()}/snakemake --snakefile {REPOSITORY}/Snakefile "
    command = remedy.replace("snakemake ", call)
    done = subprocess.run(command, shell=True, cwd=project.folder, capture_output=True, text=True)
    assert more_is_wrong or done.returncode == 0, remedy + done.stdout + done.stderr


@pytest.mark.parametrize("flags", [[], ["--deep"]])
def test_nothing_is_wrong_with_a_finished_run(finished, flags):
    assert doctor(finished, *flags) == ([], "Nothing is wrong.")


@pytest.mark.long
@pytest.mark.parametrize("faults", [planted_faults.INPUTS, planted_faults.RESULTS])
def test_every_planted_fault_is_named(project, monkeypatch, faults):
    monkeypatch.chdir(project.folder)
    for plant in faults.values():
        plant()
    findings, _ = doctor(project)
    named = [f"{problem} -> {remedy}" for problem, remedy in findings]
    assert [path for path in faults if not any(path in text for text in named)] == []


@pytest.mark.long
def test_a_fault_is_one_finding_with_words_of_its_own(finished, tmp_path, monkeypatch):
    for number, (words, plant) in enumerate(planted_faults.ALONE.items()):
        project = finished.copy(tmp_path / str(number))
        monkeypatch.chdir(project.folder)
        plant()
        ((problem, _),) = doctor(project)[0]
        assert words in problem


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    "paths",
    [
        ("comparison.md", "samples/zero_shot.json", "report/speed.svg", "report/index.html"),
        ("targets/train.npy", "metrics/stage1.json", "clips/train/0000.tar"),
        ("checkpoints/landmarks/best.pt", "landmarks/val/0000.npy"),
        ("predictions/zero_shot/test.tsv", "captions/test.ita_Latn.tsv"),
        ("manifests/test.tsv",),
    ],
)
def test_what_it_proposes_mends_what_it_found(project, monkeypatch, paths):
    monkeypatch.chdir(project.folder)
    known = planted_faults.INPUTS | planted_faults.RESULTS
    for path in paths:
        known[f"results/demo/{path}"]()
    for _ in range(2 * len(paths)):
        findings, last = doctor(project)
        if not findings:
            break
        follow(project, findings[0][1], more_is_wrong=len(findings) > 1)
    assert (findings, last) == ([], "Nothing is wrong.")


@pytest.mark.long
def test_what_is_made_twice_is_the_same_to_the_byte(finished, tmp_path):
    """All of predictions, metrics and comparison; times are in files of their own."""
    project = finished.copy(tmp_path / "again")
    results = project.folder / "results/demo"
    made = [
        path.relative_to(results)
        for pattern in ("predictions/*/*", "metrics/*", "samples/*", "comparison.json")
        for path in sorted(results.glob(pattern))
    ]
    before = {path: (results / path).read_bytes() for path in made}
    for path in made:
        (results / path).unlink()
    run = project.run()
    assert run.code == 0 and run.ran["predict"] >= 2, run.output
    differing = {str(path) for path in made if (results / path).read_bytes() != before[path]}
    assert {path for path in differing if not path.endswith(".timings.json")} == set()
