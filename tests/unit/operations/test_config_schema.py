"""The JSON schema and the tables say what the options say."""

import subprocess
import sys

import pytest
import yaml
from jsonschema import Draft202012Validator
from small_files import REPOSITORY

from sonar_sign.corpora import TYPES
from sonar_sign.operations.config_schema import config_schema
from sonar_sign.operations.config_tables import config_tables
from sonar_sign.training.kinds import KINDS

FILES = ["workflow/schemas/config.schema.yaml", "config/README.md"]


@pytest.mark.parametrize("name", FILES)
def test_what_is_written_from_the_options_is_up_to_date(name, tmp_path):
    script = REPOSITORY / "scripts/write_config_reference.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    assert (tmp_path / name).read_text() == (REPOSITORY / name).read_text()


def test_the_schema_is_one_and_knows_the_registries():
    schema = config_schema()
    Draft202012Validator.check_schema(schema)
    corpus = schema["properties"]["corpus"]["properties"]
    assert corpus["type"]["enum"] == list(TYPES)
    training = schema["properties"]["trainings"]["additionalProperties"]["properties"]
    assert training["kind"]["enum"] == list(KINDS)


def test_every_kind_and_setting_is_in_the_tables():
    tables = config_tables()
    for kind in KINDS.values():
        assert f"Trainings of kind `{kind.name}`" in tables
        for name in kind.roles:
            assert f"- `{name}`: " in tables
    written = yaml.safe_load((REPOSITORY / FILES[0]).read_text())["properties"]
    for section in ("crop", "extract", "landmarks", "decoding", "evaluate", "cluster"):
        for name in set(written[section]["properties"]) - {"others", "rules", "trainings"}:
            assert f"| `{name}` |" in tables, f"{section}.{name}"
