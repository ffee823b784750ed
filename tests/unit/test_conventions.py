"""What the workflow catalogue and people who cite look for."""

import re
import subprocess
import sys

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


def test_tests_of_modules_without_models_start_without_pytorch():
    """One file of them starts in two seconds, with PyTorch in four."""
    folders = ("clips", "corpora", "evaluation", "landmarks", "operations", "report")
    script = (
        "import pytest, sys\n"
        "code = pytest.main([*sys.argv[1:], '--collect-only', '-qq', '-p', 'no:cacheprovider'])\n"
        "print(int(code), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *(f"tests/unit/{folder}" for folder in folders)],
        cwd=REPOSITORY, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "0 False", done.stdout[-2000:]
