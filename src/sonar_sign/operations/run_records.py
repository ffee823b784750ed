"""What a run leaves beside its results: its config, its systems, and whose results they are."""

import json
from pathlib import Path
from typing import Any

from sonar_sign.core.files import write_json, write_text
from sonar_sign.operations.config import Config, as_yaml
from sonar_sign.operations.results_identity import write_identities
from sonar_sign.operations.workflow_files import WorkflowFiles


def write_run_records(config: Config, files: WorkflowFiles) -> None:
    """Write `config.yaml` beside the comparison, `systems.json` and the corpora's identities."""
    write_text(Path(files.compared) / "config.yaml", as_yaml(config))
    path = Path(files.results) / "systems.json"
    systems = files.systems_record()["systems"]
    write_json(path, {"systems": {**_of_other_configs(path), **systems}})
    write_identities(config)


def _of_other_configs(path: Path) -> dict[str, Any]:
    """Systems of configs that share the folder, whose files are still there."""
    if not path.is_file():
        return {}
    try:
        systems = json.loads(path.read_text(encoding="utf-8"))["systems"]
        return {name: one for name, one in systems.items() if _exists(one)}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _exists(system: dict[str, Any]) -> bool:
    roles = ("sign_hiera", "sign_encoder", "sonar_decoder", "landmark_model")
    return all(system[role] is None or Path(system[role]).exists() for role in roles)
