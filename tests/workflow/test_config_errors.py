"""A mistake in the config is one sentence, and nothing is written."""

import pytest
from workflow_project import merged, tiny_config

from sonar_sign.core.errors import UserError
from sonar_sign.operations.config import check_config

MISTAKES = {
    "unknown key": ({"finetune": {"stage2": {"lerning_rate": 1}}}, "finetune.stage2.lerning_rate"),
    "unknown section": ({"training": {}}, "training is not a known key"),
    "wrong type": ({"crop": {"size": "large"}}, "crop.size"),
    "wrong value": ({"device": "gpu"}, "device"),
    "missing folder": ({"corpus": {"root": "no/such/folder"}}, "no/such/folder"),
    "missing split": ({"corpus": {"shards": None}}, "corpus.shards"),
}


@pytest.mark.parametrize(("changes", "named"), MISTAKES.values(), ids=MISTAKES)
def test_one_sentence_that_names_it(empty, changes, named):
    empty.write_config(merged(empty.config, changes))
    run = empty.run()
    told = [line for line in run.output.splitlines() if line.startswith("sonar-sign: ")]
    assert run.code != 0
    assert len(told) == 1
    assert named in told[0]
    assert "Traceback" not in run.output
    assert {path.name for path in empty.folder.iterdir()} <= {"config.yaml", ".snakemake"}


def test_a_config_without_a_key_says_which(tmp_path):
    from workflow_project import REPOSITORY

    config = tiny_config()
    del config["predict"]["beam_size"]
    with pytest.raises(UserError, match=r"predict\.beam_size is missing"):
        check_config(config, REPOSITORY / "workflow/schemas/config.schema.yaml")
