"""Systems as a config declares them, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sonar_sign.core.contradictions import refuse_contradictions
from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import nearest
from sonar_sign.operations.declarations import (
    Training,
    feature_reference,
    resolved_declaration,
)
from sonar_sign.training.kinds import KINDS, PRETRAINED


@dataclass(frozen=True)
class System:
    """One system of the config: what translates, and how it decodes."""

    name: str
    training: str
    """The training whose result it uses, or `pretrained`."""
    video_encoder: str | None
    """Whose features it reads: `pretrained` or a training; None where it reads landmarks only."""
    sign_encoder: str | None
    """`pretrained` or a training; None for a landmark translator."""
    landmark_model: str | None
    """A landmark translator, alone or in a fused system; None for none."""
    decoding: Mapping[str, Any]
    languages: tuple[str, ...]
    """That it translates into; the captions' language first."""

    @property
    def reads_landmarks_only(self) -> bool:
        return self.sign_encoder is None

    def references(self) -> list[str]:
        """The trainings that must be there first."""
        found = [self.training, self.video_encoder, self.sign_encoder, self.landmark_model]
        return sorted({name for name in found if name not in (None, PRETRAINED)})


def read_systems(
    values: Mapping[str, Any], known: Mapping[str, Any], trainings: Mapping[str, Training]
) -> dict[str, System]:
    """The systems of a config whose schema has been checked.

    Args:
        known: systems that others may be like although the config does not list them.

    Raises:
        UserError: a name is unknown, or a system has nothing that translates.
    """
    described = {**known, **values["systems"]}
    return {
        name: _system(name, resolved_declaration(name, described, "systems"), trainings, values)
        for name in values["systems"]
    }


def _system(
    name: str,
    values: Mapping[str, Any],
    trainings: Mapping[str, Training],
    config: Mapping[str, Any],
) -> System:
    where = f"In the config: systems.{name}"
    if "training" not in values:
        raise UserError(
            f"{where} has nothing that translates; give training: {PRETRAINED} or one of "
            f"{', '.join(trainings)}, or like: another system."
        )
    training = values["training"]
    if training != PRETRAINED and training not in trainings:
        raise UserError(
            f"{where}.training names {training}, which is not declared; "
            f"{nearest(training, [PRETRAINED, *trainings])}."
        )
    languages = config["languages"]
    others = [code for code in languages["outputs"] if code != languages["captions"]]
    decoding = {**config["decoding"], **values.get("decoding", {})}
    refuse_contradictions({**decoding, "device": config["device"]}, f"{where}.decoding.")
    parts = _parts(training, trainings)
    if "features" in values:
        if parts["video_encoder"] is None:
            raise UserError(f"{where}.features: this system reads landmarks only.")
        kinds = {one: other.kind for one, other in trainings.items()}
        reader = KINDS["sign_encoder"]
        parts["video_encoder"] = feature_reference(where, values["features"], reader, kinds)
    only_captions = parts["sign_encoder"] is None
    if only_captions and decoding["rerank"] == "sonar":
        raise UserError(
            f"{where}.decoding.rerank sonar needs SONAR's embeddings, and this system reads "
            "landmarks only; give it rerank: none or mbr."
        )
    return System(
        name=name,
        training=training,
        **parts,
        decoding=decoding,
        languages=(languages["captions"], *([] if only_captions else others)),
    )


def _parts(training: str, trainings: Mapping[str, Training]) -> dict[str, str | None]:
    """Which checkpoints the result of a training translates with."""
    if training == PRETRAINED:
        return {
            "video_encoder": PRETRAINED,
            "sign_encoder": PRETRAINED,
            "landmark_model": None,
        }
    one = trainings[training]
    if one.kind.name == "landmark_translator":
        return {"video_encoder": None, "sign_encoder": None, "landmark_model": training}
    if one.kind.name == "video_encoder":
        reader = one.starts["sign_encoder"]
        return {"video_encoder": training, "sign_encoder": reader, "landmark_model": None}
    if one.kind.name == "joint":
        return {"video_encoder": training, "sign_encoder": training, "landmark_model": None}
    return {
        "video_encoder": one.features,
        "sign_encoder": training,
        "landmark_model": one.starts.get("landmark_model"),
    }
