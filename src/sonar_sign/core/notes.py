"""What a step has to say of its inputs, on standard error."""

import sys
from collections.abc import Iterable


def tell(notes: Iterable[str]) -> None:
    """Print notes on standard error, a line each."""
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
