"""The config of a rehearsal: another corpus under the same trainings and systems."""

import yaml

from sonar_sign.corpora import open_declared
from sonar_sign.operations.config import load_config
from sonar_sign.operations.rehearsal_files import rehearsal_config


def test_how_the_configs_own_corpus_is_read_is_left_out(tmp_path):
    mine = {
        "name": "mine",
        "type": "table",
        "root": str(tmp_path),
        "columns": {"text": "sentence"},
        "files": {"all": "a.csv"},
        "split_shares": {"test": 0.5},
        "split_seed": 7,
    }
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"corpus": mine}))
    values = rehearsal_config(load_config([path]), [path], tmp_path, {}, "http://127.0.0.1:1")
    rehearsed = tmp_path / "rehearsal.yaml"
    rehearsed.write_text(yaml.safe_dump(values))
    corpus = load_config([rehearsed]).experiment.corpora["mine"]
    assert corpus["type"] == "how2sign" and corpus["columns"] is None
    assert open_declared(corpus).root == tmp_path
