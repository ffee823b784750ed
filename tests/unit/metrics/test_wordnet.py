"""Where WordNet is looked for, and folders that have none."""

import subprocess
import sys

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.metrics.meteor import load_matcher


def test_meteor_uses_wordnet_where_the_environment_names_a_folder(tiny_wordnet):
    code = "from sonar_sign.metrics.meteor import load_matcher; print(load_matcher().variant)"
    output = subprocess.run(
        [sys.executable, "-c", code],
        env={"NLTK_DATA": str(tiny_wordnet), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.strip() == "nltk-wordnet"


def test_a_named_folder_without_a_usable_wordnet_is_refused(tmp_path, tiny_wordnet):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="No WordNet in .*empty"):
        load_matcher("eng_Latn", tmp_path / "empty")
    (tiny_wordnet / "corpora" / "wordnet" / "lexnames").unlink()
    with pytest.raises(UserError, match="cannot be read"):
        load_matcher("eng_Latn", tiny_wordnet)
