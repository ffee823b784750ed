"""The help page of `sonar-sign`: its commands in sections, and its version."""

import typer
from typer.core import TyperGroup

from sonar_sign import __version__

WORKFLOW_STEPS = "Workflow steps"
# Longer than the first sentence of any help, so that none is cut.
WHOLE = 1000
# Every command that is not listed here is a step of the workflow.
SECTIONS = {
    "Use": ("translate", "landmarks"),
    "Evaluate": (
        "evaluate",
        "compare",
        "ablation_table",
        "sample",
        "plot",
        "plot_attention",
        "gallery",
    ),
    WORKFLOW_STEPS: (),
    "Upkeep": ("config", "systems", "status", "show", "estimate", "doctor"),
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


def print_version(asked: bool) -> None:
    """The callback of `--version`."""
    if asked:
        typer.echo(f"sonar-sign {__version__}")
        raise typer.Exit
