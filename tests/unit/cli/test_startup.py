"""Subcommands without a model wait for no library of models, nor for one of statistics."""

import re
import subprocess
import sys

import pytest

MODELS = {"torch", "lightning", "transformers", "fairseq2"}
# What takes longer to import than all the rest together.
SLOW = {"pandas", "scipy", "nltk", "sacrebleu", "matplotlib", "pyarrow"}
# Their inputs are missing: each ends where its work would have begun.
CALLS = {
    "prepare": "--corpus-type how2sign --root no --split val --manifest m --dropped d --clamped c",
    "shard": "--manifest no.tsv --output s.tsv",
    "evaluate": "--predictions no.tsv --manifest no.tsv --output m.json",
    "sample": "--predictions no.tsv --manifest no.tsv --output s.json",
    "compare": "no.json --output out",
    "show": "no.json",
    "status": "--results no",
    "systems": "--config no.yaml",
    "estimate": "--config no.yaml",
    "plot": "--comparison no.json --output out",
    "gallery": "--predictions a=no.tsv --manifest no.tsv --output out",
    "translate": "no.mp4 --system no",
    "export": "--system no --output out",
}


def imported(folder, *arguments):
    """Exit status, top-level packages that a call of the command imports, and what it said."""
    command = [sys.executable, "-X", "importtime", "-m", "sonar_sign", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    names = re.findall(r"^import time: .*\| +(\w+)\S*$", done.stderr, flags=re.MULTILINE)
    said = [x for x in done.stderr.splitlines() if not x.startswith("import time: ")]
    return done.returncode, set(names), said


@pytest.mark.parametrize("name", CALLS)
def test_what_a_call_imports_before_its_work(tmp_path, name):
    code, packages, said = imported(tmp_path, name, *CALLS[name].split())
    assert code == 2 and len(said) == 1 and said[0].startswith("sonar-sign: "), said
    assert {"sonar_sign", "typer"} <= packages
    assert not packages & (MODELS | SLOW)
    assert list(tmp_path.iterdir()) == []


def test_the_measure_sees_what_is_imported(tmp_path):
    files = ["clips", "checkpoint", "output", "timings"]
    for name in files[:2]:
        (tmp_path / name).write_text("no clips, no checkpoint")
    flags = [word for name in files for word in (f"--{name}", name)]
    _, packages, _ = imported(tmp_path, "extract", *flags)
    assert "torch" in packages
