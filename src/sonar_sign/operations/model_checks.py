"""The quick checks of a config's model files: they are there, whole by their size, and noted.

Nothing heavy is imported here; `verify_models` does the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.models.expected import Expected, aside_of, expected_of, require_content
from sonar_sign.models.registry import registry
from sonar_sign.operations.config import Config
from sonar_sign.operations.findings import Finding
from sonar_sign.operations.workflow_files import PUBLIC_MODELS, PUBLIC_SONAR, SONAR_NAMES
from sonar_sign.training.kinds import PRETRAINED


@dataclass(frozen=True)
class ModelFile:
    """A model file that a config names."""

    role: str
    """The name of the public file whose place it takes."""
    path: Path
    public: bool
    """Whether the workflow fetches it; else it is the user's own."""

    @property
    def expected(self) -> Expected:
        """What the registry, or somebody who accepted it, says of a public file."""
        return expected_of(registry()[self.role], self.path)


def model_files(config: Config) -> list[ModelFile]:
    """The model files of a config; of a SONAR folder of the user's own, the folder."""
    models = config.values["models"]
    found = [_file(role, Path(models[role])) for role in ("sign_hiera", "sign_encoder")]
    if models["sonar"] == PUBLIC_SONAR:
        names = [(role, registry()[role].file) for role in SONAR_NAMES]
        return found + [ModelFile(role, Path(PUBLIC_SONAR) / name, True) for role, name in names]
    return [*found, ModelFile("sonar", Path(models["sonar"]), False)]


def _file(role: str, path: Path) -> ModelFile:
    return ModelFile(role, path, path == Path(PUBLIC_MODELS) / registry()[role].file)


def needs_public_models(config: Config) -> bool:
    """Whether anything of the config is computed by the models that it names."""
    experiment = config.experiment
    if "demo" in config.values:
        return False
    encoders = [one.video_encoder for one in experiment.systems.values()]
    starts = [
        reference
        for name in experiment.used_trainings
        for reference in experiment.trainings[name].starts.values()
    ]
    return PRETRAINED in (*encoders, *starts)


def check_models(config: Config) -> tuple[list[Finding], list[str]]:
    """Look at the model files of a config, in the current folder, without reading them whole.

    Returns:
        What is wrong, and what is not wrong but useful to know.
    """
    if not needs_public_models(config):
        return [], []
    files = model_files(config)
    findings = [finding for file in files for finding in _findings(file)]
    absent = [file for file in files if file.public and not file.path.exists()]
    notes = []
    if absent:
        notes = [f"models: {len(absent)} of {len(files)} are not there yet, and will be fetched"]
    return findings, notes


def _findings(file: ModelFile) -> Iterator[Finding]:
    if not file.public:
        if not file.path.exists():
            yield Finding(
                f"The config's models.{file.role}, {file.path}, is missing.",
                "correct the path in the config, or leave it out to fetch the public model",
            )
        return
    if not file.path.exists():
        aside = aside_of(file.path)
        if aside.exists():
            yield Finding(
                f"{aside} was downloaded, but its SHA-256 is not the registry's.",
                f"sonar-sign fetch_model --name {file.role} --output {file.path} --accept, if you "
                f"trust where it is from; else rm {aside}",
            )
        return
    try:
        require_content(file.path, registry()[file.role].file, str(file.path))
        expected, size = file.expected.size, file.path.stat().st_size
        if expected not in (None, size):
            raise UserError(f"{file.path} has {size} bytes instead of {expected}.")
    except UserError as error:
        yield Finding(str(error), f"rm {file.path}, and run the workflow, which fetches it again")
