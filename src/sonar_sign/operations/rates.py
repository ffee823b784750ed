"""The rates that costs are estimated with: `rates.yaml`, or numbers of the user's own."""

import math
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import nearest
from sonar_sign.operations.yaml_files import read_yaml

Rates = Mapping[str, dict[str, Any]]


def read_rates(path: Path | None = None) -> dict[str, dict[str, Any]]:
    """`rates.yaml`, with the numbers of another file in place of its own.

    Returns:
        By name: `value`, `measured` and `source`.

    Raises:
        UserError: the other file names an unknown rate, or holds something else than a positive
            number.
    """
    text = resources.files(__package__).joinpath("rates.yaml").read_text(encoding="utf-8")
    rates = yaml.safe_load(text)
    for name, value in (read_yaml(path) if path else {}).items():
        if name not in rates:
            raise UserError(f"{path}: {name} is not a rate; {nearest(name, rates)}.")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 < value < math.inf:
            raise UserError(f"{path}: {name} cannot be {value!r}; give a number above 0.")
        rates[name] = {"value": value, "measured": False, "source": str(path)}
    return rates


def values_of(rates: Rates) -> dict[str, float]:
    """The numbers alone."""
    return {name: rate["value"] for name, rate in rates.items()}
