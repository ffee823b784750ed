"""Every mistake in a config is one sentence that names the key or the path."""

import copy
import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from small_files import REPOSITORY

from sonar_sign.core.errors import UserError
from sonar_sign.operations.config import check_config, put_command_on_path

SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"
CONFIG = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())


def changed(path, value):
    """The default config with one value set; `...` takes the key out."""
    config = copy.deepcopy(CONFIG)
    *parents, key = path.split(".")
    section = config
    for parent in parents:
        section = section[parent]
    if value is ...:
        del section[key]
    else:
        section[key] = value
    return config


def merged(base, changes):
    both = {k: merged(base[k], v) for k, v in changes.items() if isinstance(base.get(k), dict)}
    return {**base, **changes, **both}


def test_the_default_config():
    check_config(CONFIG, SCHEMA)


@pytest.mark.parametrize("path", sorted((REPOSITORY / "config").glob("*.yaml")))
def test_every_config_of_the_repository(path, tmp_path):
    config = merged(CONFIG, yaml.safe_load(path.read_text()))
    config["corpus"]["root"] = str(tmp_path)
    check_config(config, SCHEMA)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("finetune.stage2.learning_rte", 1.0, "stage2.learning_rte .* did you mean learning_rate"),
        ("colour", "red", "colour is not a known key"),
        ("sample.x", 1, "sample.x is not a known key; known are n, seed"),
        ("crop", ..., "crop is missing"),
        ("finetune.stage1.freeze", ..., "finetune.stage1.freeze is missing"),
        ("corpus.root", ..., "corpus.root is missing"),
        ("finetune.stage2.epochs", "many", "finetune.stage2.epochs: 'many' is not of type integer"),
        ("finetune.stage2.epochs", True, "True is not of type integer"),
        # YAML reads 1e-3, without a point, as text.
        ("finetune.stage2.learning_rate", "1e-3", "'1e-3' is not of type number"),
        ("evaluate.nltk_data", 3, "3 is not of type string or null"),
        ("crop", [1], "crop: .* is not of type object"),
        ("finetune.stage1.freeze", 1.5, "finetune.stage1.freeze: 1.5 is greater than"),
        ("finetune.stage2.epochs", 0, "epochs: 0 is less than the minimum of 1"),
        ("crop.size", 63, "crop.size: 63 is not a multiple of 2"),
        ("extract.compat", "other", "extract.compat: 'other' is not one of"),
        ("systems", ["zero_shot", "best"], "systems.1: 'best' is not one of"),
        ("systems", [], "systems: "),
        ("languages.outputs", ["eng_Latn", "Italian"], "languages.outputs.1: 'Italian'"),
        ("languages.outputs", ["ita_Latn"], "languages.outputs must hold eng_Latn"),
        ("landmark_model.pretrain", "other", "pretrain 'other' is not one of demo_news"),
        ("landmark_model.shape.front", "pool", "landmark_model.shape.front: 'pool' is not one of"),
        ("corpus.name", "../evil", "corpus.name: "),
        ("corpus.type", "phoenix", "corpus.type: 'phoenix' is not one of"),
        ("corpus.root", "/no/such/folder", "corpus.root /no/such/folder is not a folder"),
        (
            "further_training",
            {"more": {"type": "ssvp", "root": "/no", "shards": {"train": 1}}},
            "further_training.more.root /no is not a folder",
        ),
        (
            "further_training",
            {"demo": {"type": "ssvp", "root": "/", "shards": {"train": 1}}},
            "further_training.demo has the name of corpus",
        ),
        ("corpus.shards.val", ..., "corpus.shards lacks 'val'"),
        ("corpus.shards.test", ..., "corpus.shards lacks 'test'"),
        ("device", "gpu", "device: 'gpu'"),
        ("demo.sonar.width", -1, "demo.sonar.width: -1"),
    ],
)
def test_a_mistake_is_named(path, value, words):
    with pytest.raises(UserError, match=words) as caught:
        check_config(changed(path, value), SCHEMA)
    message = str(caught.value)
    assert message.startswith("In the config: ")
    assert "\n" not in message and message.endswith(".") and len(message) < 300


def test_zero_shot_alone_needs_no_training_splits():
    config = changed("systems", ["zero_shot"])
    config["corpus"]["shards"] = {"test": 1}
    check_config(config, SCHEMA)


def test_the_embedded_corpus_need_not_be_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_config(CONFIG, SCHEMA)
    check_config(changed("corpus.root", "resources/demo/news"), SCHEMA)
    with pytest.raises(UserError, match="resources/other is not a folder"):
        check_config(changed("corpus.root", "resources/other"), SCHEMA)
    (tmp_path / "resources/other").mkdir(parents=True)
    check_config(changed("corpus.root", "resources/other"), SCHEMA)


def test_jobs_find_the_command(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    put_command_on_path()
    assert os.environ["PATH"].endswith("/usr/bin")
    found = shutil.which("sonar-sign")
    assert found is not None and Path(found).parent == Path(sys.executable).parent


def test_jobs_with_environments_of_their_own_find_the_stand_in(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setenv("PYTHONPATH", "/before")
    put_command_on_path(REPOSITORY)
    assert shutil.which("sonar-sign") == str(REPOSITORY / "workflow/bin/sonar-sign")
    assert os.environ["PYTHONPATH"].split(os.pathsep) == [str(REPOSITORY / "src"), "/before"]
