"""What a system is made of and how it translates, wherever that is written down.

`declared_systems` reads it from the results of a workflow, `system_folders` from an exported
folder, `model_choice` makes it of single files. No model is loaded here, and nothing heavy is
imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import CropOptions, ExtractOptions, LandmarkOptions, PredictOptions
from sonar_sign.core.settings import check_options, settings_of
from sonar_sign.core.wording import nearest

Options = TypeVar("Options")
Kind = Literal["sonar", "landmarks"]


@dataclass(frozen=True)
class SystemFiles:
    """The model files of a system; None for those that it has not."""

    sign_hiera: Path | None = None
    sign_encoder: Path | None = None
    """A sign encoder, or a fused encoder."""
    sonar: Path | None = None
    """Folder."""
    sonar_decoder: Path | None = None
    """Replaces the folder's."""
    landmark_model: Path | None = None

    def missing(self) -> list[Path]:
        """Those that are not there."""
        paths = [getattr(self, one.name) for one in fields(self)]
        return [path for path in paths if path is not None and not path.exists()]


@dataclass(frozen=True)
class ClipSettings:
    """How a video becomes what the models read, as in training."""

    crop: CropOptions = CropOptions()  # noqa: RUF009 (frozen)
    extract: ExtractOptions = ExtractOptions()  # noqa: RUF009 (frozen)
    landmarks: LandmarkOptions = LandmarkOptions()  # noqa: RUF009 (frozen)
    face_model: Path | None = None
    """The model file of the face detector `cnn`."""


@dataclass(frozen=True)
class SystemDefinition:
    """A system that can translate videos."""

    name: str
    kind: Kind
    """`sonar`: signs to a SONAR embedding to text; `landmarks`: a landmark translator."""
    files: SystemFiles
    language: str = "eng_Latn"
    """FLORES code of the captions that it was trained on."""
    languages: tuple[str, ...] = ()
    """Those that the workflow translates into; with SONAR any other is possible."""
    decoding: PredictOptions = PredictOptions()  # noqa: RUF009 (frozen)
    clips: ClipSettings = field(default_factory=ClipSettings)
    trained_on_drawings: bool = False
    """Whether it has seen drawn signers only: what it makes of real ones means nothing."""

    @property
    def reads_video(self) -> bool:
        return self.kind == "sonar"

    @property
    def reads_landmarks(self) -> bool:
        return self.files.landmark_model is not None


def read_options(cls: type[Options], values: Any, where: str) -> Options:
    """Options from a file's values; what is not given has its default.

    Raises:
        UserError: a name is unknown, or a value is of another type or out of bounds.
    """
    if not isinstance(values, Mapping):
        raise UserError(f"{where} holds no settings by name.")
    settings = settings_of(cls)
    for name in values:
        if name not in settings:
            raise UserError(f"{where}: {str(name)[:60]!r} is unknown; {nearest(name, settings)}.")
    read = {}
    for name, value in values.items():
        read[name] = settings[name].read(value)
        if read[name] == "auto" and not settings[name].choices:
            read[name] = 0  # as options have it
        if refusal := settings[name].refusal(read[name]):
            raise UserError(f"{where}: {name} is {str(value)[:60]}: {refusal}.")
    options = cls(**read)
    check_options(options)
    return options


def known_options(cls: type[Options], values: Any) -> dict[str, Any]:
    """The values whose names `cls` has; for files that hold further ones."""
    return {name: values[name] for name in settings_of(cls) if name in (values or {})}
