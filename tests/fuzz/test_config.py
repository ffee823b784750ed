"""Configs: files damaged, values of any kind, `--config` with any value."""

import copy

import yaml
from fuzzing import assert_sentence, fresh_folder
from hypothesis import given
from hypothesis import strategies as st
from mutations import EDITS, TEXTS, VALUES, changed, damaged
from small_files import REPOSITORY

from sonar_sign.core.errors import UserError
from sonar_sign.operations.config import as_yaml, load_config
from sonar_sign.operations.config_schema import config_schema

TINY = yaml.safe_load((REPOSITORY / "tests/workflow/tiny.yaml").read_text())
TINY["extends"] = str(REPOSITORY / "config/config.yaml")
DEMO = (REPOSITORY / "config/config.yaml").read_bytes()
HOW2SIGN = (REPOSITORY / "config/how2sign.yaml").read_bytes()


def check(content: bytes, overrides=None):
    """A config is refused in one sentence, or what it says in full is read as the same config."""
    with fresh_folder() as folder:
        path = folder / "config.yaml"
        path.write_bytes(content)
        try:
            config = load_config([path], overrides)
        except UserError as error:
            assert_sentence(str(error))
            return None
        finally:
            assert path.read_bytes() == content
        whole = folder / "whole.yaml"
        whole.write_text(as_yaml(config))
        assert as_yaml(load_config([whole])) == as_yaml(config)
    return config


@given(base=st.sampled_from([DEMO, HOW2SIGN]), edits=EDITS)
def test_a_damaged_config_is_refused_or_reads_back(base, edits):
    check(damaged(base, edits, other=HOW2SIGN))


@given(values=changed(TINY))
def test_a_config_of_other_values_is_refused_or_reads_back(values):
    try:
        content = yaml.safe_dump(values, allow_unicode=True).encode("utf-8", "surrogatepass")
    except yaml.YAMLError:
        return
    check(content)


def keys_of(schema: dict, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    keys = []
    for name, inner in schema.get("properties", {}).items():
        keys += [(*prefix, name), *keys_of(inner, (*prefix, name))]
    return keys


KEYS = keys_of(config_schema()) + [("trainings", "stage2", "epochs"), ("systems",)]


@given(key=st.sampled_from(KEYS), value=VALUES | TEXTS)
def test_config_on_the_command_line_is_refused_or_taken(key, value):
    overrides: dict = {}
    inner = overrides
    for name in key[:-1]:
        inner = inner.setdefault(name, {})
    inner[key[-1]] = value
    before = copy.deepcopy(overrides)
    check(yaml.safe_dump(TINY).encode(), overrides)
    assert repr(overrides) == repr(before)
