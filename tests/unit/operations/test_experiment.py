"""The runs of an experiment: seeds, the order of trainings, and trainings that are the same."""

from functools import partial

import pytest
from experiments import experiment_of

from sonar_sign.core.errors import UserError


@pytest.fixture
def declared(tmp_path):
    """The experiment of a config with these keys."""
    return partial(experiment_of, tmp_path)


def labels(runs):
    return [run.label for run in runs]


def test_one_seed_needs_no_suffix(declared):
    experiment = declared(seed=7)
    assert labels(experiment.system_runs()) == ["zero_shot", "stage1", "finetuned"]
    assert experiment.run("stage2").seed == 7


def test_every_training_is_run_once_per_seed_and_zero_shot_once(declared):
    experiment = declared(seeds=[3, 1, 2], systems=["zero_shot", "finetuned"])
    assert labels(experiment.system_runs()) == [
        "zero_shot", "finetuned.seed3", "finetuned", "finetuned.seed2",
    ]  # fmt: skip
    assert labels(experiment.runs_of_training("stage2")) == [
        "stage2.seed3",
        "stage2",
        "stage2.seed2",
    ]
    run = experiment.run("stage2.seed3")
    assert (run.name, run.seed) == ("stage2", 3)
    assert experiment.label_of("stage1", 2) == "stage1.seed2"
    assert experiment.label_of("pretrained", 2) == "pretrained"


def test_one_seed_more_renames_nothing(declared):
    before = labels(declared(seeds=[1, 2]).system_runs())
    assert set(before) < set(labels(declared(seeds=[1, 2, 3]).system_runs()))
    assert set(labels(declared().system_runs())) < set(before)


def test_a_seed_that_is_not_declared_is_refused(declared):
    with pytest.raises(UserError, match="stage2.seed9: the config's seeds are 1, 2"):
        declared(seeds=[1, 2]).run("stage2.seed9")


def test_trainings_come_before_those_that_need_them(declared):
    experiment = declared(systems=["fused", "zero_shot"])
    order = experiment.used_trainings
    assert set(order) == {"stage1", "stage2", "landmarks", "fused"}
    assert order.index("stage1") < order.index("stage2") < order.index("fused")
    assert order.index("landmarks") < order.index("fused")


def test_only_what_systems_need_is_used(declared):
    assert declared(systems=["zero_shot"]).used_trainings == []
    assert declared(systems=["stage1"]).used_trainings == ["stage1"]


def test_trainings_that_differ_in_nothing_are_found(declared):
    experiment = declared(
        trainings={
            "same": {"like": "stage2"},
            "also_same": {"like": "stage2", "losses": {"mse": 1}},
            "other": {"like": "stage2", "losses": {"mse": 2}},
        },
        systems={
            "finetuned": None,
            **{name: {"training": name} for name in ("same", "also_same", "other")},
        },
    )
    assert experiment.same_trainings() == [
        ("stage2", "same"), ("stage2", "also_same"), ("same", "also_same"),
    ]  # fmt: skip
