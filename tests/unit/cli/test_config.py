"""`config show`: every value of a config, and where it is from."""

import subprocess
import sys

import pytest
import yaml

CONFIG = """
corpus: {name: mine, type: ssvp, root: .}
crop: {size: 96}
trainings:
  slow: {like: stage2, epochs: 50}
systems: {slow: {training: slow}}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.yaml").write_text(CONFIG)
    return tmp_path


def show(folder, *arguments):
    command = [sys.executable, "-m", "sonar_sign", "config", "show", "--config", "mine.yaml"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_where_every_value_is_from(folder):
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in show(folder).splitlines()}
    assert rows["crop.size"][0] == "96" and rows["crop.size"][1].endswith("mine.yaml")
    assert rows["crop.quality"] == ["18", "default"]
    value, origin = rows["trainings.slow.epochs"]
    assert value == "50" and origin.endswith("mine.yaml")


def test_as_a_config_that_means_the_same(folder):
    printed = show(folder, "--yaml")
    assert yaml.safe_load(printed)["trainings"]["slow"]["kind"] == "sign_encoder"
    (folder / "mine.yaml").write_text(printed)
    assert show(folder, "--yaml") == printed
