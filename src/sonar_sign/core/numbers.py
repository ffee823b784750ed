"""Numbers in tables, read as a person reads them."""

import re

# Python's own `float` also takes `1_0`, `nan`, `inf`, spaces and digits of other scripts.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]-[0-9]{1,3})?")


def parse_number(text: str) -> float | None:
    """The number that a text is: ASCII digits with a decimal point; None of anything else.

    An exponent may only be negative, as pandas writes very small numbers (`1e-05`).
    """
    return float(text) if _NUMBER.fullmatch(text) and len(text) < 40 else None
