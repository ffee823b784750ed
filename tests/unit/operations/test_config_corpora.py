"""Where the synthetic corpora of a config lie."""

import pytest
from small_files import REPOSITORY

from sonar_sign.core.errors import UserError
from sonar_sign.operations.config import load_config
from sonar_sign.operations.config_corpora import drawn_roots

STUDY = REPOSITORY / "config/study.yaml"


def test_the_study_lies_beside_the_demo():
    demo, study = (
        load_config([REPOSITORY / "config" / f"{name}.yaml"], corpora_must_exist=True)
        for name in ("config", "study")
    )
    assert drawn_roots(demo.values) == ("resources/demo/howto", "resources/demo/news")
    assert drawn_roots(study.values) == ("resources/study/howto", "resources/study/news")
    assert study.values["corpus"]["root"] == "resources/study/howto"
    models = ("sign_hiera", "sign_encoder", "sonar")
    for name in models:
        assert demo.values["models"][name] != study.values["models"][name]


def test_the_study_is_four_times_the_demo():
    demo, study = (
        load_config([REPOSITORY / "config" / f"{name}.yaml"]).values["demo"]
        for name in ("config", "study")
    )
    for domain in ("news", "howto"):
        assert sum(study[domain].values()) >= 4 * sum(demo[domain].values())
    assert study["difficulty"]["vocabulary"] == "large"
    hard = load_config([REPOSITORY / "config/hard.yaml"]).values["demo"]
    assert study["difficulty"]["keypoints"] == hard["difficulty"]["keypoints"] == "detected"
    assert demo["difficulty"]["keypoints"] == "clean"


def test_a_drawn_corpus_outside_its_folder_is_refused(tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_text(f"extends: {STUDY}\ncorpus: {{root: resources/demo/howto}}\n")
    with pytest.raises(UserError, match="resources/study/howto or resources/study/news"):
        load_config([config], corpora_must_exist=True)


def test_the_folder_is_a_plain_name(tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_text(f"extends: {STUDY}\ndemo: {{folder: ../else}}\n")
    with pytest.raises(UserError, match=r"demo\.folder"):
        load_config([config])
