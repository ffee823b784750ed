"""The options' classes, the config's schema and the configs themselves say the same."""

from dataclasses import MISSING, FrozenInstanceError, asdict, fields, is_dataclass
from typing import Annotated, get_args, get_origin, get_type_hints

import pytest
import yaml
from jsonschema import Draft202012Validator
from small_files import REPOSITORY

from sonar_sign.core import options
from sonar_sign.core.options import (
    AugmentOptions,
    CropOptions,
    DecoderOptions,
    ExtractOptions,
    LandmarkAugmentOptions,
    LandmarkModelOptions,
    LandmarkOptions,
    LossOptions,
    MetricOptions,
    PredictOptions,
    SignHieraPretrainOptions,
    SonarPretrainOptions,
    StandInOptions,
    TrainOptions,
)

# Keys that a section has besides the fields of its class.
SECTIONS = {
    "crop": (CropOptions, set()),
    "extract": (ExtractOptions, set()),
    "landmarks": (LandmarkOptions, set()),
    "finetune.losses": (LossOptions, set()),
    "finetune.augment": (AugmentOptions, set()),
    "finetune.decoder": (DecoderOptions, set()),
    "finetune.stage1": (TrainOptions, {"freeze"}),
    "finetune.stage2": (TrainOptions, set()),
    "finetune.fused": (TrainOptions, {"drop_features", "alignment"}),
    "landmark_model.shape": (LandmarkModelOptions, set()),
    "landmark_model.augment": (LandmarkAugmentOptions, set()),
    "landmark_model.training": (TrainOptions, set()),
    "predict": (PredictOptions, set()),
    "evaluate": (MetricOptions, {"split"}),
    "demo.stand_in": (StandInOptions, set()),
    "demo.sonar": (SonarPretrainOptions, set()),
    "demo.sign_hiera": (SignHieraPretrainOptions, set()),
    "demo.sign_encoder": (TrainOptions, set()),
    "demo.augment": (AugmentOptions, set()),
}
FURTHER = {"freeze": 0.5, "drop_features": 0.5, "alignment": 1.0, "split": "test"}
CLASSES = [c for c in vars(options).values() if isinstance(c, type) and is_dataclass(c)]


def schema_of(section):
    found = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    for key in section.split("."):
        found = found["properties"][key]
    return found


@pytest.mark.parametrize("section", SECTIONS)
def test_the_schema_has_the_classes_fields(section):
    cls, further = SECTIONS[section]
    names = {field.name for field in fields(cls)} | further
    schema = schema_of(section)
    assert set(schema["properties"]) == names
    assert set(schema["required"]) <= names
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("section", SECTIONS)
def test_the_schema_accepts_the_classes_defaults(section):
    cls, further = SECTIONS[section]
    values = asdict(cls()) | {name: FURTHER[name] for name in further}
    Draft202012Validator(schema_of(section)).validate(values)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_default_config_makes_the_class(section):
    cls, further = SECTIONS[section]
    values = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    for key in section.split("."):
        values = values[key]
    made = cls(**{key: value for key, value in values.items() if key not in further})
    hints = get_type_hints(cls)
    for field in fields(cls):
        if hints[field.name] is int:
            assert type(getattr(made, field.name)) is int, field.name


@pytest.mark.parametrize("cls", CLASSES)
def test_every_option_has_a_default_and_a_line_of_why(cls):
    hints = get_type_hints(cls, include_extras=True)
    for field in fields(cls):
        assert field.default is not MISSING, field.name
        assert get_origin(hints[field.name]) is Annotated
        text = get_args(hints[field.name])[1]
        assert text.endswith(".") and len(text) < 90
    with pytest.raises(FrozenInstanceError):
        setattr(cls(), fields(cls)[0].name, 1)
