"""Which models `translate` uses: a known set of files, a system of a workflow, or single files."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from sonar_sign.core.errors import UserError
from sonar_sign.core.settings import INPUT_FILE, INPUT_FOLDER
from sonar_sign.core.wording import nearest
from sonar_sign.translation.declared_systems import DeclaredSystem, find_system
from sonar_sign.translation.inputs import SonarModels

# What `--model` knows, relative to the folder in which Snakemake runs.
MODELS = {
    "demo": SonarModels(
        Path("results/demo/checkpoints/stage1/best.pt"),
        Path("results/demo/checkpoints/stage2/best.pt"),
        Path("resources/models/demo/sonar"),
    ),
    "public": SonarModels(
        Path("resources/models/dm_70h_ub_signhiera.pth"),
        Path("resources/models/dm_70h_ub_sonar_encoder.pth"),
        Path("resources/models/sonar"),
    ),
}


@dataclass(frozen=True)
class ModelChoice:
    """What a person gives to choose models; the fields become flags."""

    system: Annotated[str | None, "A system that the workflow's config declares."] = None
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

    def find(self) -> DeclaredSystem:
        """The files of the chosen models and how they decode.

        Raises:
            UserError: the model or the system is unknown, or both are given.
        """
        if self.system and self.model:
            raise UserError("Give either --system or --model, not both.")
        if self.results and not self.system:
            raise UserError("--results says where a system is; give --system NAME too.")
        names = ("sign_hiera", "sign_encoder", "sonar", "sonar_decoder")
        given = {name: getattr(self, name) for name in names if getattr(self, name)}
        found = find_system(self.system, self.results) if self.system else self._known()
        return replace(found, models=replace(found.models, **given))

    def _known(self) -> DeclaredSystem:
        name = self.model or "demo"
        if name not in MODELS:
            raise UserError(f"There is no model {name!r}; {nearest(name, MODELS)}.")
        return DeclaredSystem(MODELS[name], "eng_Latn", None)
