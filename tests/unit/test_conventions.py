"""What the workflow catalogue and people who cite look for."""

import re

import yaml
from small_files import REPOSITORY

from sonar_sign import __version__


def test_the_catalogues_file():
    usage = yaml.safe_load((REPOSITORY / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["software-stack-deployment"] == {"conda": True}
    # Whoever reads it takes both at their word.
    assert any((REPOSITORY / "workflow/envs").glob("*.yaml"))
    assert usage["report"] is True and "report:" in (REPOSITORY / "Snakefile").read_text()
    assert (REPOSITORY / "config/README.md").is_file()


def test_the_citation_and_the_release_notes_are_of_this_version():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert str(citation["version"]) == __version__
    assert citation["license"] in (REPOSITORY / "pyproject.toml").read_text()
    notes = (REPOSITORY / "CHANGELOG.md").read_text()
    assert re.search(rf"^## {re.escape(__version__)}\b", notes, flags=re.MULTILINE)
