"""The error that a person can mend."""

import re

# What moves a terminal's cursor or ends a line, and what Python makes of bytes that are no text.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class UserError(Exception):
    """One sentence that says what was wrong, where, and what to do.

    The command line prints it without a traceback and exits with status 2. Messages quote what
    files hold, so line breaks become spaces and control characters are shown as their escapes.
    """

    def __init__(self, message: str):
        super().__init__(_UNPRINTABLE.sub(_shown, message))


def _shown(found: re.Match) -> str:
    char = found[0]
    return " " if char in "\t\n\r" else char.encode("unicode_escape").decode()


class PreemptedError(Exception):
    """Training was asked to end, and saved what it needs to go on.

    The command line prints it without a traceback and exits with status 75, EX_TEMPFAIL.
    """
