"""The options' classes: every field has a default within its bounds and a line of help."""

from dataclasses import MISSING, FrozenInstanceError, fields, is_dataclass

import pytest
from jsonschema import Draft202012Validator

from sonar_sign.core import demo_options, options
from sonar_sign.core.settings import check_options, defaults_of, settings_of

CLASSES = [
    one
    for module in (options, demo_options)
    for one in vars(module).values()
    if isinstance(one, type) and is_dataclass(one) and one.__module__ == module.__name__
]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_option_has_a_default_and_a_line_of_help(cls):
    for field, setting in zip(fields(cls), settings_of(cls).values(), strict=True):
        assert field.default is not MISSING, field.name
        assert setting.help.endswith(".") and len(setting.help) < 90
    with pytest.raises(FrozenInstanceError):
        setattr(cls(), fields(cls)[0].name, 1)


@pytest.mark.parametrize("cls", CLASSES)
def test_defaults_are_within_their_bounds(cls):
    check_options(cls())
    settings = settings_of(cls)
    for name, value in defaults_of(cls()).items():
        if value is not None:  # null in a config is the same as leaving the key out
            Draft202012Validator(settings[name].schema()).validate(value)


@pytest.mark.parametrize("cls", CLASSES)
def test_numbers_have_bounds(cls):
    """A number without both bounds lets nonsense through; say what is possible."""
    for setting in settings_of(cls).values():
        if setting.is_number:
            bounds = setting.bounds
            assert bounds.minimum is not None or bounds.exclusive_minimum is not None, setting.name
            assert bounds.maximum is not None or bounds.exclusive_maximum is not None, setting.name
