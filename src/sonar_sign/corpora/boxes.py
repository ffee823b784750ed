"""Boxes of signers that a corpus publishes, as shares of width and height."""

import math
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.strict_json import parse_json
from sonar_sign.core.text_files import read_text
from sonar_sign.corpora.dropped import Dropped


def read_boxes(path: Path) -> dict[str, Any]:
    """A JSON object of boxes by clip, none of which is checked.

    Raises:
        UserError: it is no JSON object, or not UTF-8.
    """
    try:
        found = parse_json(read_text(path, "The boxes"))
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}); download it again.") from error
    if not isinstance(found, dict):
        raise UserError(f"{path} is no object of boxes by clip; download it again.")
    return found


def published_box(given: Any) -> tuple[float, float, float, float] | Dropped | None:
    """`x0, y0, x1, y1` of what a corpus says of a clip; None where it says nothing."""
    if given is None:
        return None
    numbers = given if isinstance(given, list) and len(given) == 4 else [None]
    if not all(type(one) in (int, float) and math.isfinite(one) for one in numbers):
        return Dropped("bad_box", f"{str(given)[:60]} is no box of four numbers")
    x0, y0, x1, y1 = map(float, numbers)
    # Boxes may reach outside the picture, but not be elsewhere.
    if not (x0 < x1 and y0 < y1 and min(x0, y0) >= -2 and max(x1, y1) <= 3):
        return Dropped("bad_box", f"{str(given)[:60]} is no part of a picture")
    return x0, y0, x1, y1
