"""The command `sonar-sign`: one subcommand a step, named like the workflow's rule.

Commands only read flags and call the module of their step, which they import when they run: a
step that needs no PyTorch does not wait for it.
"""

import errno
import os
import sys

import typer

from sonar_sign.cli import (
    corpora,
    demo,
    evaluation,
    features,
    landmark_models,
    landmarks,
    models,
    operations,
    report,
    training,
    translate,
)
from sonar_sign.cli.settings import flags
from sonar_sign.core.errors import PreemptedError, UserError

app = typer.Typer(
    name="sonar-sign",
    help="Fine-tune SONAR's American Sign Language models and say how good they are.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its pages take longer to draw than most steps to start
)
COMMAND_MODULES = (
    translate,
    models,
    corpora,
    features,
    landmarks,
    training,
    landmark_models,
    evaluation,
    report,
    demo,
    operations,
)
for room in COMMAND_MODULES:
    for name, function in room.COMMANDS.items():
        app.command(name)(flags(function))
app.add_typer(landmarks.landmarks, name="landmarks")


# What a disk can refuse, and what to do; outputs are whole or absent, so nothing else is lost.
REFUSED = {
    errno.ENOSPC: "the disk is full: free some space (sonar-sign estimate says how much is needed)",
    errno.EDQUOT: "your quota is used up: delete something",
    errno.EROFS: "the file system is read-only: mount it for writing",
    errno.EACCES: "you may not write there: change the permissions",
}
FULL = (errno.ENOSPC, errno.EDQUOT)


def main() -> None:
    """Run a subcommand; what the user can mend is one sentence and exit status 2."""
    try:
        app()
    except UserError as error:
        print(f"sonar-sign: {error}", file=sys.stderr)
        sys.exit(2)
    except PreemptedError as error:
        print(f"sonar-sign: {error}", file=sys.stderr)
        sys.exit(os.EX_TEMPFAIL)
    except Exception as error:
        refusal = refused(error)
        if refusal is None:
            raise
        where = f"{refusal.filename}: " if refusal.filename else ""
        print(
            f"sonar-sign: {where}{REFUSED[refusal.errno]}, and run the same command again.",
            file=sys.stderr,
        )
        sys.exit(2)


def refused(error: BaseException | None) -> OSError | None:
    """What a disk refused, if that is why the error was raised."""
    if isinstance(error, OSError) and error.errno in REFUSED:
        return error
    # PyTorch's writer, refused a write, complains of its own position instead. Other refusals
    # behind an error may have been dealt with, and the error be a fault of ours.
    while error is not None and not (isinstance(error, OSError) and error.errno in FULL):
        error = error.__cause__ or error.__context__
    return error
