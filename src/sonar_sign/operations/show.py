"""`show`: the metadata of a checkpoint as text."""

from pathlib import Path

import yaml

from sonar_sign.models.model_files import read_extra


def describe_checkpoint(path: Path) -> str:
    """The plain values that a checkpoint holds besides its tensors, as YAML.

    Raises:
        UserError: the file is missing or no checkpoint.
    """
    found = read_extra(path)
    if not found:
        return f"{path} says nothing of how it was made: a public checkpoint, or an old one."
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100).rstrip()
