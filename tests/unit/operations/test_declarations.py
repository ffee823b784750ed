"""Trainings and systems as data: `like`, references, kinds, and every mistake in them."""

from dataclasses import asdict
from functools import partial

import pytest
from experiments import experiment_of

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import PredictOptions


@pytest.fixture
def declared(tmp_path):
    """The experiment of a config with these keys."""
    return partial(experiment_of, tmp_path)


def test_like_takes_everything_over_but_what_is_said_again(declared):
    experiment = declared(
        trainings={
            "stage2": {"epochs": 7, "losses": {"infonce": 0.5}},
            "b": {"like": "stage2", "losses": {"cosine": 0}},
            "c": {"like": "b", "epochs": 9},
        },
    )
    b, c = experiment.trainings["b"], experiment.trainings["c"]
    assert (b.kind.name, b.features, b.settings["epochs"]) == ("sign_encoder", "stage1", 7)
    assert b.groups["losses"]["cosine"] == 0 and b.groups["losses"]["infonce"] == 0.5
    assert b.groups["losses"]["mse"] == 1.0
    assert {**c.settings, "epochs": 7} == b.settings and c.settings["epochs"] == 9


def test_data_of_a_training_is_replaced_and_not_added_to(declared):
    other = {"type": "ssvp", "root": "."}
    experiment = declared(
        further_corpora={"other": other},
        trainings={
            "a": {"like": "stage2", "data": {"how2sign": 1, "other": 0.5}},
            "b": {"like": "a", "data": {"other": 2}},
        },
    )
    assert experiment.trainings["a"].data == {"how2sign": 1.0, "other": 0.5}
    assert experiment.trainings["b"].data == {"other": 2.0}
    assert experiment.trainings["stage2"].data == {"how2sign": 1.0}


@pytest.mark.parametrize(
    ("training", "features"),
    [
        ({"kind": "sign_encoder"}, "pretrained"),
        ({"kind": "sign_encoder", "features": "stage1"}, "stage1"),
        ({"kind": "sign_encoder", "start": "stage2"}, "stage1"),
        ({"kind": "sign_encoder", "start": "joint"}, "joint"),
        ({"kind": "sign_encoder", "start": "stage2", "features": "pretrained"}, "pretrained"),
        ({"kind": "fused", "start": "stage2", "landmark_model": "landmarks"}, "stage1"),
        ({"kind": "fused", "landmark_model": "landmarks"}, "pretrained"),
        ({"like": "fused", "start": "fused"}, "stage1"),
    ],
)
def test_features_are_those_that_the_start_has_read(declared, training, features):
    assert declared(trainings={"x": training}).trainings["x"].features == features


@pytest.mark.parametrize(
    ("training", "parts"),
    [
        ("pretrained", ("pretrained", "pretrained", None)),
        ("stage1", ("stage1", "pretrained", None)),
        ("stage2", ("stage1", "stage2", None)),
        ("joint", ("joint", "joint", None)),
        ("landmarks", (None, None, "landmarks")),
        ("fused", ("stage1", "fused", "landmarks")),
    ],
)
def test_a_system_follows_from_its_training(declared, training, parts):
    system = declared(systems={"x": {"training": training}}).systems["x"]
    assert (system.video_encoder, system.sign_encoder, system.landmark_model) == parts


def test_systems_are_listed_or_described(declared):
    listed = declared(systems=["finetuned", "zero_shot"])
    assert list(listed.systems) == ["finetuned", "zero_shot"]
    described = declared(
        systems={
            "zero_shot": None,
            "greedy": {"like": "finetuned", "decoding": {"beam_size": 1}},
            "stage1": False,
        }
    )
    assert list(described.systems) == ["zero_shot", "greedy"]
    greedy = described.systems["greedy"]
    assert greedy.decoding == asdict(PredictOptions(beam_size=1))
    assert greedy.training == "stage2"


def test_features_of_another_video_encoder(declared):
    experiment = declared(
        systems={"x": {"training": "stage2", "features": "pretrained"}},
    )
    assert experiment.systems["x"].video_encoder == "pretrained"


def test_landmark_systems_speak_the_captions_language_only(declared):
    experiment = declared(
        languages={"outputs": ["eng_Latn", "ita_Latn"]}, systems=["landmarks", "finetuned"]
    )
    assert experiment.systems["landmarks"].languages == ("eng_Latn",)
    assert experiment.systems["finetuned"].languages == ("eng_Latn", "ita_Latn")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        # Names that are not declared, with the nearest that is.
        ({"systems": {"x": {"training": "stage3"}}}, "systems.x.training names stage3.*stage"),
        ({"systems": {"x": {"like": "finetund"}}}, "x.like names finetund.*finetuned"),
        ({"systems": ["finetunde"]}, "systems.finetunde has nothing that translates"),
        ({"systems": {"x": {}}}, "systems.x has nothing that translates"),
        ({"trainings": {"x": {"like": "stage22"}}}, "x.like names stage22.*did you mean stage"),
        ({"trainings": {"x": {"epochs": 3}}}, "trainings.x has no kind"),
        ({"trainings": {"x": {"kind": "sign_encodr"}}}, "x.kind: 'sign_encodr' is not one of"),
        (
            {"trainings": {"stage2": {"features": "stage11"}}},
            "stage2.features names stage11.*did you mean stage1",
        ),
        (
            {"trainings": {"stage2": {"start": "stage1"}}},
            "stage2.start names stage1, which is not a training of kind sign_encoder or joint",
        ),
        (
            {"trainings": {"fused": {"landmark_model": "stage2"}}},
            "fused.landmark_model names stage2.*did you mean|landmark_translator",
        ),
        ({"trainings": {"x": {"kind": "fused"}}}, "x.landmark_model is missing"),
        (
            {"trainings": {"fused": {"landmark_model": "pretrained"}}},
            "fused.landmark_model names pretrained",
        ),
        (
            {"trainings": {"stage2": {"data": {"other": 1}}}},
            "stage2.data names the corpus other, which is not declared",
        ),
        ({"trainings": {"pretrained": {"kind": "joint"}}}, "trainings.pretrained stands for"),
        # Settings that belong to other kinds.
        ({"trainings": {"stage2": {"freeze": 0.5}}}, "freeze is not a setting of the kind sign"),
        (
            {"trainings": {"landmarks": {"losses": {"mse": 1}}}},
            "landmarks.losses is not a setting of the kind landmark_translator",
        ),
        (
            {"trainings": {"stage1": {"augment": {"noise": 0.1}}}},
            "stage1.augment.noise is not a setting of the kind video_encoder",
        ),
        ({"trainings": {"landmarks": {"select": "cosine"}}}, "landmarks.select cannot be cosine"),
        ({"trainings": {"landmarks": {"augment": {"scale": 1}}}}, "landmarks.augment.scale: 1"),
        # Circles.
        (
            {"trainings": {"a": {"like": "b"}, "b": {"like": "a"}}},
            "like goes in a circle: a -> b -> a",
        ),
        ({"trainings": {"stage2": {"like": "stage2"}}}, "in a circle: stage2 -> stage2"),
        ({"systems": {"a": {"like": "b"}, "b": {"like": "a"}}}, "systems.a.like goes in a circle"),
        (
            {
                "trainings": {
                    "a": {"like": "stage2", "start": "b"},
                    "b": {"like": "a", "start": "a"},
                }
            },
            "starts from itself: a -> b -> a",
        ),
        (
            {
                "trainings": {
                    "stage1": {"sign_encoder": "stage2"},
                    "stage2": {"features": "stage1"},
                }
            },
            "starts from itself: stage1 -> stage2 -> stage1",
        ),
        (
            {"systems": {"x": {"training": "landmarks", "features": "stage1"}}},
            "systems.x.features: this system reads landmarks only",
        ),
    ],
)
def test_a_mistake_is_named(declared, keys, words):
    with pytest.raises(UserError, match=words) as caught:
        declared(**keys)
    message = str(caught.value)
    assert message.startswith("In the config: ") and message.endswith(".")
    assert "\n" not in message and len(message) < 400
