"""What a person sees of an error that no message was written for: a fault of this program."""

import os
import sys
import traceback
from pathlib import Path

DEBUG = "SONAR_SIGN_DEBUG"
"""Environment variable; set to anything, a fault shows its whole traceback."""
EXIT_STATUS = 1
INTERRUPTED = 130
"""What a shell says of a command that Ctrl-C ended."""
_PACKAGE = Path(__file__).parents[1]
_LONGEST = 300


def report_fault(error: BaseException) -> int:
    """Print one sentence about an unexpected error on standard error.

    Returns:
        The exit status.
    """
    if _is_interrupted(error):
        return INTERRUPTED
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    if isinstance(error, MemoryError):
        print("sonar-sign: memory does not suffice; end other programs first.", file=sys.stderr)
        return EXIT_STATUS
    text = " ".join(f"{type(error).__name__}: {error}".split())
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    how = "above" if os.environ.get(DEBUG) else f"printed when {DEBUG}=1 is set"
    print(
        f"sonar-sign: {text} ({_place(error)}); this is a fault of sonar-sign: please report it, "
        f"with the traceback that is {how}.",
        file=sys.stderr,
    )
    return EXIT_STATUS


def _is_interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: PyTorch's writer reports its own position instead."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _place(error: BaseException) -> str:
    """The last line of this package that the error went through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    if not own:
        return "outside of its modules"
    return f"{Path(own[-1].filename).relative_to(_PACKAGE)}, line {own[-1].lineno}"
