"""Which settings of systems are told apart."""

import pytest
from comparison_files import trained

from sonar_sign.evaluation.settings import as_text, differing, settings_of


def test_settings_are_components_settings_and_decoding():
    metadata = trained(start="stage2", losses={"cosine": 0.5}, epochs=3, seed=4, t5_folder="a/b")
    metadata["corpora"]["news"] = {"clips": 3, "weight": 0.5, "captions_sha256": "3" * 64}
    record = {
        "components": {"sign_encoder": metadata, "video_encoder": None},
        "decoding": {"beam_size": 5},
    }
    assert settings_of(record) == {
        "sign_encoder.kind": "sign_encoder",
        "sign_encoder.losses.cosine": 0.5,
        "sign_encoder.epochs": 3,
        "sign_encoder.corpora.demo.weight": 1.0,
        "sign_encoder.corpora.demo.share": 1,
        "sign_encoder.corpora.news.weight": 0.5,
        "sign_encoder.corpora.news.share": 1,
        "sign_encoder.start": "stage2",
        "video_encoder.kind": None,
        "decoding.beam_size": 5,
    }
    assert settings_of({}) == settings_of({"components": None, "decoding": None}) == {}


def test_a_start_from_the_public_checkpoint_is_pretrained():
    record = {"components": {"sign_encoder": trained()}}
    assert settings_of(record)["sign_encoder.start"] == "pretrained"


def test_the_most_informative_settings_come_first():
    systems = {
        "a": {"x.kind": None, "every": 1, "same": 1},
        "b": {"x.kind": "k", "every": 2, "same": 1, "x.few": 1, "x.only": 3},
        "c": {"x.kind": "k", "every": 3, "same": 1, "x.few": 2, "x.only": 3},
    }
    # `x.only` is the same wherever there is an x, and that there is none says `x.kind`.
    assert differing(systems) == ["every", "x.kind", "x.few"]


def test_one_and_true_are_not_the_same():
    assert differing({"a": {"s": 1}, "b": {"s": True}}) == ["s"]


@pytest.mark.parametrize(
    "value, text",
    [
        (None, "-"),
        (True, "true"),
        (1e-5, "1e-05"),
        (0.5, "0.5"),
        ([1, 2], "1, 2"),
        ("full", "full"),
    ],
)
def test_cells(value, text):
    assert as_text(value) == text
