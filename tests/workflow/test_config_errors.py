"""A mistake in the config is one sentence, and nothing is written."""

import pytest
from workflow_project import merged

MISTAKES = {
    "unknown key": ({"trainings": {"stage2": {"lerning_rate": 1}}}, "stage2.lerning_rate"),
    "unknown section": ({"training": {}}, "training is not a known key"),
    "unknown training": ({"systems": {"x": {"training": "stage3"}}}, "systems.x.training names"),
    "a circle": ({"trainings": {"a": {"like": "b"}, "b": {"like": "a"}}}, "goes in a circle"),
    "a seed twice": ({"seeds": [1, 1]}, "seeds names 1 twice"),
    "wrong type": ({"crop": {"size": "large"}}, "crop.size"),
    "wrong value": ({"device": "gpu"}, "device"),
    "missing folder": (
        {"corpus": {"type": "how2sign", "root": "no/such/folder"}},
        "no/such/folder is not a folder",
    ),
    "a pipe as folder": (
        {"corpus": {"type": "how2sign", "root": "/dev/null"}},
        "/dev/null is not a folder but a pipe or a device",
    ),
    "missing annotations": (
        {"corpus": {"type": "how2sign", "root": "."}},
        "how2sign_realigned_test.csv does not exist",
    ),
    "a brace in a path": ({"models": {"sonar": "my {sonar}"}}, "holds a brace"),
    "a name of the demo's": (
        {"further_corpora": {"demo_news": {"type": "how2sign"}}},
        "demo_news is the demo's own corpus",
    ),
    "a seed in a name": (
        {"systems": {"mine.seed2": {"training": "stage2"}}},
        "'mine.seed2' ends like the files of one seed",
    ),
    "missing split": ({"corpus": {"shards": None}}, "corpus.shards"),
}


@pytest.mark.parametrize(("changes", "named"), MISTAKES.values(), ids=MISTAKES)
def test_one_sentence_that_names_it(empty, changes, named):
    empty.write_config(merged(empty.config, changes))
    run = empty.run()
    told = [line for line in run.output.splitlines() if line.startswith("sonar-sign: ")]
    assert run.code != 0
    assert len(told) == 1
    assert named in told[0]
    assert "Traceback" not in run.output
    assert {path.name for path in empty.folder.iterdir()} <= {"config.yaml", ".snakemake"}


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("results/demo/clips/test/0007.tar", "has 1 shards and no 0007"),
        ("results/demo/checkpoints/stage2.seed7/best.pt", "the config's seeds are 1"),
        ("results/demo_news/predictions/zero_shot/test.tsv", "shards of demo_news lack 'test'"),
    ],
)
def test_a_target_that_cannot_be_is_one_sentence(empty, target, words):
    run = empty.run(target)
    told = [line for line in run.output.splitlines() if line.startswith("sonar-sign: ")]
    assert run.code != 0 and len(told) == 1 and words in told[0], run.output
    assert "Traceback" not in run.output
    assert not (empty.folder / "results").exists()


def test_a_comparison_of_its_own_leaves_the_other(empty):
    empty.write_config(merged(empty.config, {"comparison": "mine"}))
    folder = "results/demo/comparisons/mine"
    run = empty.run("--dry-run")
    assert run.code == 0, run.output
    for name in ("comparison.json", "report/metrics.svg", "report/index.html"):
        assert f"{folder}/{name}" in run.output
    assert "results/demo/comparison.json" not in run.output
    assert "results/demo/report/" not in run.output


def test_trainings_that_differ_in_nothing_are_told(empty):
    same = {"trainings": {"again": {"like": "stage2"}}, "systems": {"again": {"training": "again"}}}
    empty.write_config(
        merged(empty.config, {**same, "systems": {"finetuned": None, **same["systems"]}})
    )
    run = empty.run("--dry-run")
    assert run.code == 0, run.output
    assert "trainings stage2 and again differ in nothing but their names" in run.output
