"""The workflow as a module of somebody else's, and where snakedeploy looks for it."""

import subprocess

import preloaded
import pytest
from workflow_project import REPOSITORY, tiny_config

USER = """
module signs:
    snakefile: "{snakefile}"
    config: {config}

use rule * from signs as signs_*

rule mine:
    default_target: True
    input: "results/demo/metrics/zero_shot.json"
    output: "mine.txt"
    shell: "cp {{input}} {{output}}"
"""


@pytest.mark.slow
def test_a_workflow_may_use_this_one_as_a_module(tmp_path):
    snakefile = REPOSITORY / "workflow/Snakefile"
    config = {**tiny_config(), "systems": ["zero_shot"]}
    (tmp_path / "Snakefile").write_text(USER.format(snakefile=snakefile, config=config))
    done = subprocess.run(
        [preloaded.commands() / "snakemake", "--dry-run", "--cores", "1"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    for rule in ("mine", "signs_evaluate", "signs_predict", "signs_extract"):
        assert f"\n{rule} " in said, rule
    assert "\nsigns_train " not in said
