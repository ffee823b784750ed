"""Checking the workflow's config before anything runs; every mistake is one sentence."""

import difflib
import os
import sys
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError

from sonar_sign.core.errors import UserError

# A corpus below this folder is made by a rule, so it need not be there.
EMBEDDED = Path("resources/demo")


def check_config(config: dict[str, Any], schema_file: Path) -> None:
    """Check a config against its schema, and what no schema can say.

    Raises:
        UserError: naming the key or the path that is wrong, and what it may be.
    """
    schema = yaml.safe_load(Path(schema_file).read_text(encoding="utf-8"))
    errors = sorted(Draft202012Validator(schema).iter_errors(config), key=lambda e: list(e.path))
    if errors:
        raise UserError(f"In the config: {_sentence(errors[0])}")
    further = config.get("further_training", {})
    if config["corpus"]["name"] in further:
        raise UserError(
            f"In the config: further_training.{config['corpus']['name']} has the name of corpus; "
            "give it another one."
        )
    _require_folder("corpus.root", config["corpus"])
    for name, corpus in further.items():
        _require_folder(f"further_training.{name}.root", corpus)
    _require_pretraining(config, further)
    captions, outputs = config["languages"]["captions"], config["languages"]["outputs"]
    if captions not in outputs:
        raise UserError(f"In the config: languages.outputs must hold {captions}, the captions'.")
    needed = {config["evaluate"]["split"]}
    if set(config["systems"]) != {"zero_shot"}:
        needed |= {"train", "val"}
    for split in sorted(needed - set(config["corpus"]["shards"])):
        raise UserError(f"In the config: corpus.shards lacks {split!r}, which this run needs.")


def _require_pretraining(config: dict[str, Any], further: dict[str, Any]) -> None:
    name = config["landmark_model"]["pretrain"]
    # The embedded news corpus is in every config.
    known = [*further, "demo_news"]
    if name is not None and name not in known:
        raise UserError(
            f"In the config: landmark_model.pretrain {name!r} is not one of {', '.join(known)}, "
            "the corpora besides the one that is measured."
        )


def _require_folder(key: str, corpus: dict[str, Any]) -> None:
    root = Path(corpus["root"])
    if EMBEDDED not in root.parents and not root.is_dir():
        raise UserError(f"In the config: {key} {root} is not a folder; give the corpus's.")


def put_command_on_path(repository: Path | None = None) -> None:
    """Let jobs find `sonar-sign`, which lies beside this Python, without an active environment.

    Args:
        repository: where jobs have environments of their own, the folder whose `workflow/bin` and
            `src` give them the command: run by their Python, which they put first on the path.
    """
    folders = [str(Path(sys.executable).parent)]
    if repository is not None:
        folders.insert(0, str(repository / "workflow/bin"))
        _prepend("PYTHONPATH", [str(repository / "src")])
    _prepend("PATH", folders)


def _prepend(variable: str, folders: list[str]) -> None:
    before = [os.environ[variable]] if os.environ.get(variable) else []
    os.environ[variable] = os.pathsep.join([*folders, *before])


def _sentence(error: ValidationError) -> str:
    where = ".".join(str(part) for part in error.absolute_path)
    prefix = f"{where}." if where else ""
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = next(key for key in error.instance if key not in known)
        near = difflib.get_close_matches(str(unknown), known, n=1)
        hint = f"did you mean {near[0]}" if near else f"known are {', '.join(known)}"
        return f"{prefix}{unknown} is not a known key; {hint}."
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"{prefix}{missing} is missing; config/README.md says what it is."
    message = error.message
    if error.validator == "type":
        wanted = error.validator_value
        wanted = " or ".join(wanted) if isinstance(wanted, list) else wanted
        message = f"{error.instance!r} is not of type {wanted}"
    return f"{where or 'the whole file'}: {message}."
