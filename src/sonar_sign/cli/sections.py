"""The group of commands `sonar-sign`: its help page in sections, its version, its usage errors."""

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from sonar_sign import __version__
from sonar_sign.cli.faults import INTERRUPTED
from sonar_sign.core.errors import UserError

WORKFLOW_STEPS = "Workflow steps"
BROKEN_PIPE = 1
# Longer than the first sentence of any help, so that none is cut.
WHOLE = 1000
# Every command that is not listed here is a step of the workflow.
SECTIONS = {
    "Use": ("translate", "serve", "speak", "export", "landmarks"),
    "Evaluate": (
        "evaluate",
        "compare",
        "ablation_table",
        "sample",
        "plot",
        "plot_attention",
        "gallery",
        "speech_page",
    ),
    WORKFLOW_STEPS: (),
    "Upkeep": (
        "config",
        "corpus",
        "systems",
        "status",
        "show",
        "estimate",
        "verify_models",
        "rehearse",
        "doctor",
    ),
}


class SectionedGroup(TyperGroup):
    """Lists commands in sections, as plain text: pages of rich take longer to draw than to read."""

    def format_commands(self, ctx, formatter) -> None:
        listed = [name for names in SECTIONS.values() for name in names]
        steps = [name for name in self.list_commands(ctx) if name not in listed]
        width = max(map(len, self.commands))
        for title, names in SECTIONS.items():
            rows = [
                (name.ljust(width), self.commands[name].get_short_help_str(limit=WHOLE))
                for name in names or steps
                if name in self.commands
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run a command as Typer would, but a mistake in its flags is one sentence.

        Raises:
            UserError: a flag does not exist, is missing, or has a value of another type.
        """
        if not standalone_mode:
            return super().main(*args, standalone_mode=False, **extra)
        for stream in (sys.stdout, sys.stderr):
            # A file name need not be UTF-8, and a terminal may only know ASCII.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        try:
            code = super().main(*args, standalone_mode=False, **extra)
            sys.stdout.flush()
            sys.exit(code or 0)
        except BrokenPipeError:
            # Whoever read our output has read enough, as `head` has; Python would flush once more.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
            sys.exit(BROKEN_PIPE)
        except typer.Abort:
            sys.exit(INTERRUPTED)
        except TyperException as error:
            if str(error).startswith("Usage: "):  # called without any command: the help page
                print(error, file=sys.stderr)
                sys.exit(2)
            raise UserError(_sentence(error)) from None


def _sentence(error: TyperException) -> str:
    """A usage error of Typer's in one sentence."""
    message = getattr(error, "format_message", error.__str__)()
    context = getattr(error, "ctx", None)
    where = f"; see {context.command_path} --help" if context else ""
    message = message.rstrip(".?").replace(". Did you mean", "; did you mean")
    return " ".join(f"{message}{where}.".split())


def print_version(asked: bool) -> None:
    """The callback of `--version`."""
    if asked:
        typer.echo(f"sonar-sign {__version__}")
        raise typer.Exit
