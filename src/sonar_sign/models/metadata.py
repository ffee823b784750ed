"""What a checkpoint says about how it was made, as text for people."""

from pathlib import Path

from sonar_sign.models.model_files import read_metadata


def describe_checkpoint(path: Path) -> str:
    """The metadata of a checkpoint, with those of its parents, as YAML.

    Raises:
        UserError: as for `read_metadata`.
    """
    import yaml

    found = read_metadata(path)
    if not found:
        return f"{path} does not say how it was made: it is a public checkpoint, or an old one."
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100).rstrip()
