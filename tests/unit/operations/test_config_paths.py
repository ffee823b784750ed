"""Paths of a config: one spelling for one place, and nothing that Snakemake would misread."""

import os

import pytest
import yaml
from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.core.errors import UserError
from sonar_sign.operations.config_paths import as_recorded, normal_path


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """The current folder, with a corpus in `data` and a link to it."""
    folder = tmp_path / "clone"
    (folder / "data").mkdir(parents=True)
    (folder / "link").symlink_to("data")
    (folder / "itself").symlink_to(folder)
    (tmp_path / "outside").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    return folder


def show(**values):
    corpus = {"name": "mine", "type": "how2sign", "root": "data"}
    with open("mine.yaml", "w") as file:
        yaml.safe_dump({"corpus": corpus, **values}, file)
    return CliRunner().invoke(app, ["config", "show", "--yaml", "--config", "mine.yaml"])


@pytest.mark.parametrize(
    "path",
    ["data/", "./data", "data//", "data/.", "data/../data", "../clone/data", "~/data",
     "itself/data", "no/../data", "{clone}/data", "{clone}/./data/", "//{clone}/data",
     "{clone}/../clone/data"],
)  # fmt: skip
def test_ways_to_say_data(clone, path):
    path = path.replace("{clone}", str(clone))
    assert normal_path(path) == "data"
    done = show(corpus={"name": "mine", "type": "how2sign", "root": path})
    assert yaml.safe_load(done.output)["corpus"]["root"] == "data", done.exception


def test_other_places_stay_what_they_are(clone):
    assert normal_path("link/") == "link"
    assert normal_path("../outside/") == "../outside"
    assert normal_path(f"{clone.parent}/outside/") == f"{clone.parent}/outside"
    assert normal_path(".") == normal_path(str(clone)) == "."
    # The parent of what a link leads to, not of the link.
    (clone / "far").symlink_to(clone.parent / "outside")
    assert os.path.samefile(normal_path("far/.."), clone.parent)


def test_a_name_in_the_other_unicode_form_is_found(clone):
    (clone / "cafe\u0301").mkdir()
    assert normal_path("caf\u00e9/") == "cafe\u0301"
    assert normal_path("caf\u00e9s") == "caf\u00e9s"


def test_every_path_of_a_config_is_read_so(clone):
    done = show(
        models={"sonar": "./resources/sonar/", "fetch_from": {"sign_hiera": "~/a.pth"}},
        further_corpora={"more": {"type": "ssvp", "root": f"{clone}/data/"}},
        evaluate={"bleurt": "data/../b/"},
    )
    values = yaml.safe_load(done.output)
    assert values["models"]["sonar"] == "resources/sonar"
    assert values["models"]["fetch_from"]["sign_hiera"] == "a.pth"
    assert values["further_corpora"]["more"]["root"] == "data"
    assert values["evaluate"]["bleurt"] == "b"
    done = show(models={"fetch_from": {"sign_hiera": "https://x.org//a/../b/"}})
    assert "https://x.org//a/../b/" in done.output


@pytest.mark.parametrize(
    "path", ["a\nb", "a\0b", "a\x7f", "\u2028", "\ud800", "{x}", "x}", " ", "n" * 5000]
)
@pytest.mark.parametrize("section", ["corpus", "further_corpora", "models", "evaluate"])
def test_paths_that_cannot_be_used(clone, path, section):
    values = {
        "corpus": {"name": "mine", "type": "how2sign", "root": path},
        "further_corpora": {"more": {"type": "how2sign", "root": path}},
        "models": {"sonar": path},
        "evaluate": {"nltk_data": path},
    }
    done = show(**{section: values[section]})
    assert isinstance(done.exception, UserError), (done.output, done.exception)
    message = str(done.exception)
    assert message.startswith(f"In the config: {section}.") and len(message) < 300
    message.encode()


def test_a_path_stays_what_an_earlier_run_wrote_down(clone):
    values = {
        "corpus": {"name": "mine", "root": "data"},
        "further_corpora": {},
        "models": {"sonar": "outside", "sign_hiera": "a", "fetch_from": {}},
    }
    assert as_recorded(values) == values
    (clone / "results/mine").mkdir(parents=True)
    record = clone / "results/mine/identity.json"
    record.write_text('{"root": "link", "settings": {"models": {"sonar": "other"}}}')
    assert as_recorded(values)["corpus"]["root"] == "link"
    assert as_recorded(values)["models"] == values["models"]
    record.write_text('{"root": "../outside"}')
    assert as_recorded(values) == values
    record.write_text("[1]")
    assert as_recorded(values) == values
