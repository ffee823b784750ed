"""Names of corpora, trainings and systems: what can be a folder and a word of a flag."""

import pytest
import yaml
from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.core.errors import UserError

CORPUS = {"name": "mine", "type": "how2sign", "root": "data"}


def show(tmp_path, **values):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"corpus": CORPUS, **values}))
    return CliRunner().invoke(app, ["config", "show", "--config", str(tmp_path / "mine.yaml")])


def refused(tmp_path, **values):
    done = show(tmp_path, **values)
    assert isinstance(done.exception, UserError), (done.output, done.exception)
    message = str(done.exception)
    assert message.startswith("In the config: ") and "\n" not in message and len(message) < 300
    return message


BAD = [
    "", " ", "a b", "-x", "--help", ".hidden", "..", "a/b", "a\\b", "a\n", "a\t", "a\x7f", "café",
    "cafe\u0301", "a\u202eb", "手話", "{x}", "a:b", "$x", "'", "a.b", "x" * 65,
]  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_names_that_no_folder_should_have(tmp_path, name):
    assert "corpus.name" in refused(tmp_path, corpus={**CORPUS, "name": name})
    further = {name: {"type": "how2sign", "root": "more"}}
    assert "further_corpora" in refused(tmp_path, further_corpora=further)
    assert "trainings" in refused(tmp_path, trainings={name: {"like": "stage2"}})
    assert "systems" in refused(tmp_path, systems={name: {"training": "stage2"}})
    assert "comparison" in refused(tmp_path, comparison=name)


@pytest.mark.parametrize("name", ["logs", "benchmarks", "Logs", "BENCHMARKS"])
def test_folders_of_the_workflows_own(tmp_path, name):
    assert "of the workflow's own" in refused(tmp_path, corpus={**CORPUS, "name": name})
    further = {name: {"type": "ssvp", "root": "more"}}
    assert "of the workflow's own" in refused(tmp_path, further_corpora=further)


@pytest.mark.parametrize("name", ["stage2.seed1", "x.seed", "finetuned.seed23"])
def test_names_like_those_of_one_seeds_files(tmp_path, name):
    assert "the files of one seed" in refused(tmp_path, trainings={name: {"like": "stage2"}})
    assert "the files of one seed" in refused(tmp_path, systems={name: {"training": "stage2"}})


@pytest.mark.parametrize("name", [1, True, None, 2.5])
def test_keys_that_yaml_takes_for_no_text(tmp_path, name):
    done = show(tmp_path, systems={name: {"training": "stage2"}})
    assert isinstance(done.exception, UserError) and "a key must be a text" in str(done.exception)


def test_two_corpora_that_differ_in_capital_letters_only(tmp_path):
    further = {"Mine": {"type": "how2sign", "root": "more"}}
    assert "capital letters only" in refused(tmp_path, further_corpora=further)
    further = {"a": {"type": "how2sign", "root": "1"}, "A": {"type": "how2sign", "root": "2"}}
    assert "capital letters only" in refused(tmp_path, further_corpora=further)


def test_the_demos_pretraining_corpus_is_nobody_elses(tmp_path):
    for changed in ({"type": "how2sign"}, {"root": "data/mine"}):
        message = refused(
            tmp_path, extends="config.yaml", corpus={}, further_corpora={"demo_news": changed}
        )
        assert "demo_news is the demo's own corpus" in message
    message = refused(
        tmp_path, extends="config.yaml", corpus={}, demo={"pretraining_corpus": "none"}
    )
    assert "demo.pretraining_corpus none is not declared" in message


@pytest.mark.parametrize("name", ["a", "A-1_b", "2024", "x" * 64, "CON", "null"])
def test_names_that_are_possible(tmp_path, name):
    done = show(tmp_path, corpus={**CORPUS, "name": name})
    assert done.exit_code == 0, done.exception
    assert "corpus.name" in done.output
