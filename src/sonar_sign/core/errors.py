"""The error that a person can mend."""


class UserError(Exception):
    """One sentence that says what was wrong, where, and what to do.

    The command line prints it without a traceback and exits with status 2.
    """


class PreemptedError(Exception):
    """Training was asked to end, and saved what it needs to go on.

    The command line prints it without a traceback and exits with status 75, EX_TEMPFAIL.
    """
