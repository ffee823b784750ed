"""The command `sonar-sign`: one subcommand per step, with the name of the workflow's rule.

A command reads its flags and calls the module of its step. It imports that module only when it
runs, so a step that does not need PyTorch does not wait for it.
"""

import errno
import os
import sys
from typing import Annotated

import typer

from sonar_sign.cli import (
    clips,
    config,
    corpora,
    demo,
    evaluation,
    export,
    features,
    landmarks,
    models,
    operations,
    rehearsal,
    report,
    serving,
    speech,
    training,
    translation,
)
from sonar_sign.cli.faults import report_fault
from sonar_sign.cli.sections import SectionedGroup, print_version
from sonar_sign.cli.settings import add_command
from sonar_sign.core.errors import PreemptedError, UserError

app = typer.Typer(
    name="sonar-sign",
    cls=SectionedGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its pages take longer to draw than most steps to start
)
COMMAND_MODULES = (
    translation,
    serving,
    models,
    corpora,
    clips,
    features,
    landmarks,
    training,
    evaluation,
    export,
    speech,
    report,
    demo,
    operations,
    rehearsal,
)
for module in COMMAND_MODULES:
    for name, function in module.COMMANDS.items():
        add_command(app, name, function)
app.add_typer(landmarks.landmarks, name="landmarks")
app.add_typer(config.config, name="config")
app.add_typer(corpora.corpus, name="corpus")


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=print_version)
    ] = False,
) -> None:
    """Fine-tune SONAR's American Sign Language models and measure how good they are."""


# Refusals of a file system, and what to do. No output is written in part, so nothing else is lost.
REFUSED = {
    errno.ENOSPC: "the disk is full: free some space (sonar-sign estimate says how much is needed)",
    errno.EDQUOT: "your quota is used up: delete something",
    errno.EROFS: "the file system is read-only: mount it for writing",
    errno.EACCES: "you have no permission for it: change the permissions",
    errno.EPERM: "this is not permitted: change the permissions",
    errno.ENOTDIR: "a part of this path is a file, not a folder: correct it",
    errno.EEXIST: "there is a file where a folder should be: give another path",
    errno.EISDIR: "this is a folder: give the path of a file",
    errno.ENAMETOOLONG: "the name is too long for the file system: give a shorter one",
    errno.ELOOP: "symbolic links lead to each other: correct them",
    errno.EIO: "the disk reports an error: check it",
    errno.ESTALE: "the network file system has lost the file: mount it again",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n)",
}
FULL = (errno.ENOSPC, errno.EDQUOT)


def main() -> None:
    """Run a subcommand; an error that the user can correct is one sentence and exit status 2."""
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
            sys.exit(report_fault(error))
        where = f"{refusal.filename}: " if refusal.filename else ""
        print(
            f"sonar-sign: {where}{REFUSED[refusal.errno]}, and run the same command again.",
            file=sys.stderr,
        )
        sys.exit(2)


def refused(error: BaseException | None) -> OSError | None:
    """The refusal of a file system behind an error; None where it comes from something else."""
    if isinstance(error, OSError) and error.errno in REFUSED:
        return error
    # PyTorch's writer reports its own position instead of a full disk. Other errors behind an
    # error may have been handled already: then the error is a fault of this program.
    while error is not None and not (isinstance(error, OSError) and error.errno in FULL):
        error = error.__cause__ or error.__context__
    return error
