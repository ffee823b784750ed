"""Which systems `translate` uses: of a workflow's results, exported folders, or single files."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from sonar_sign.core.errors import UserError
from sonar_sign.core.settings import INPUT_FILE, INPUT_FOLDER
from sonar_sign.core.wording import nearest
from sonar_sign.models.registry import registry
from sonar_sign.translation.declared_systems import FILE_NAME, RESULTS, find_system
from sonar_sign.translation.definitions import SystemDefinition, SystemFiles
from sonar_sign.translation.system_folders import (
    PUBLIC_SONAR,
    is_system_folder,
    read_system_folder,
)

MODELS = ("demo", "public")
DEMO_SYSTEM = "finetuned"
PUBLIC_MODELS = PUBLIC_SONAR.parent


@dataclass(frozen=True)
class ModelChoice:
    """What a person gives to choose models; the fields become flags."""

    system: Annotated[
        list[str],
        "A system that the workflow's config declares, or a folder that export wrote; repeat to "
        "see several side by side.",
    ] = ()
    results: Annotated[
        Path | None, "Results folder of the system, such as results/demo, if several have it."
    ] = None
    model: Annotated[
        str | None, "demo (after make demo; the default) or public (after fetch_model)."
    ] = None
    sign_hiera: Annotated[
        Path | None, "A SignHiera checkpoint, instead of the model's.", INPUT_FILE
    ] = None
    sign_encoder: Annotated[Path | None, "A sign encoder, instead of the model's.", INPUT_FILE] = (
        None
    )
    sonar: Annotated[Path | None, "A SONAR folder, instead of the model's.", INPUT_FOLDER] = None
    sonar_decoder: Annotated[
        Path | None, "A fine-tuned decoder, instead of the model's.", INPUT_FILE
    ] = None

    def find(self) -> list[SystemDefinition]:
        """What the chosen systems are made of.

        Raises:
            UserError: a system or the model is unknown, both are given, or a folder is no system.
        """
        if self.system and self.model:
            raise UserError("Give either --system or --model, not both.")
        if self.results and not self.system:
            raise UserError("--results says where a system is; give --system NAME too.")
        given = self._files()
        if len(self.system) > 1 and given:
            raise UserError(
                f"--{next(iter(given)).replace('_', '-')} replaces a file of one system; give one "
                "--system, or none."
            )
        if self.system:
            found = self._told_apart(
                [open_definition(one, self.results, self.sonar) for one in self.system]
            )
        else:
            found = [self._known(given)]
        if not given:
            return found
        return [replace(found[0], files=replace(found[0].files, **given))]

    def _told_apart(self, found: list[SystemDefinition]) -> list[SystemDefinition]:
        """Systems of one name are called as they were given."""
        names = [one.name for one in found]
        return [
            replace(one, name=given) if names.count(one.name) > 1 else one
            for one, given in zip(found, self.system, strict=True)
        ]

    def _files(self) -> dict[str, Path]:
        names = ("sign_hiera", "sign_encoder", "sonar", "sonar_decoder")
        given = {name: getattr(self, name) for name in names if getattr(self, name)}
        # A folder's SONAR is the public one, at the place that is given.
        if given.keys() == {"sonar"} and any(map(_is_folder, self.system)):
            return {}
        return given

    def _known(self, given: dict[str, Path]) -> SystemDefinition:
        if self.model == "public" or {"sign_hiera", "sign_encoder", "sonar"} <= given.keys():
            return public_system()
        if self.model not in (None, "demo"):
            raise UserError(f"There is no model {self.model!r}; {nearest(self.model, MODELS)}.")
        folder = RESULTS / "demo"
        if not (folder / FILE_NAME).is_file():
            raise UserError(
                f"There is no {folder / FILE_NAME}: make demo first, or say what translates: "
                "--system FOLDER (that export wrote), --system NAME, or --model public."
            )
        return find_system(DEMO_SYSTEM, folder)


def public_system() -> SystemDefinition:
    """SONAR's public ASL models, where `fetch_model` puts them."""
    known = registry()
    files = SystemFiles(
        PUBLIC_MODELS / known["sign_hiera"].file,
        PUBLIC_MODELS / known["sign_encoder"].file,
        PUBLIC_SONAR,
    )
    return SystemDefinition("public", "sonar", files)


def open_definition(
    system: str, results: Path | None = None, sonar: Path | None = None
) -> SystemDefinition:
    """A system by its name, or by the folder that `export` wrote.

    Args:
        results: the results folder of a corpus, if several have a system of this name.
        sonar: folder with SONAR's public files, for a folder that only names them.

    Raises:
        UserError: there is none, or the folder is none or has been changed.
    """
    if "/" in system or (results is None and is_system_folder(Path(system))):
        return read_system_folder(Path(system), sonar)
    return find_system(system, results)


def _is_folder(system: str) -> bool:
    return "/" in system or is_system_folder(Path(system))


def require_files(definition: SystemDefinition) -> None:
    """Check that all model files are there.

    Raises:
        UserError: naming what is missing, and how to get it.
    """
    missing = definition.files.missing()
    sonar = definition.files.sonar
    if sonar == PUBLIC_SONAR and sonar.is_dir():
        needed = [registry()[name].file for name in ("sonar_text_decoder", "sonar_tokenizer")]
        if not any(sonar.glob("*.yaml")):
            missing += [sonar / name for name in needed if not (sonar / name).is_file()]
    if not missing:
        return
    names = [name for path in missing for name in _public_names(path)]
    if not names:
        raise UserError(
            f"{missing[0]} of the system {definition.name} does not exist; run the workflow, or "
            "give the file's place."
        )
    commands = [f"sonar-sign fetch_model --name {name} --output {_place(name)}" for name in names]
    one = len(missing) == 1
    raise UserError(
        f"{', '.join(map(str, missing))} of the public models {'is' if one else 'are'} missing; "
        f"fetch {'it' if one else 'them'} with: {'; '.join(commands)}"
    )


def _public_names(path: Path) -> list[str]:
    """The public files that a missing path stands for."""
    if path == PUBLIC_SONAR:
        return ["sonar_text_decoder", "sonar_tokenizer", "sonar_text_encoder"]
    known = registry().items()
    return [name for name, one in known if one.file == path.name and path == _place(name)]


def _place(name: str) -> Path:
    folder = PUBLIC_SONAR if name.startswith("sonar_") else PUBLIC_MODELS
    return folder / registry()[name].file
