"""Flags made from a function and its classes of options."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from sonar_sign.cli.settings import add_command
from sonar_sign.core.bounds import between
from sonar_sign.core.errors import UserError
from sonar_sign.core.settings import IntOrAuto


@dataclass(frozen=True)
class Options:
    """Two settings."""

    share: Annotated[float, "How much.", between(0, 1)] = 0.5
    size: Annotated[IntOrAuto, "How many; auto: as many as fit."] = IntOrAuto(4)


CALLS = []


def step(
    files: Annotated[list[Path], "A file; repeat for all."],
    options: Options,
    name: Annotated[str, "What it is called."] = "a",
) -> None:
    """Do something.

    Example:
        sonar-sign step --files a.tsv
            --share 0.25
    """
    CALLS.append((files, options, name))


@pytest.fixture
def app():
    CALLS.clear()
    made = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    add_command(made, "step", step)
    return made


def run(app, *words):
    return CliRunner().invoke(app, words)


def test_every_field_is_a_flag(app):
    words = ["--files", "a", "--files", "b", "--share", "0.25", "--size", "auto", "--name", "x"]
    done = run(app, *words)
    assert done.exit_code == 0, done.output
    assert [([Path("a"), Path("b")], Options(0.25, IntOrAuto(0)), "x")] == CALLS


def test_defaults_are_those_of_the_class(app):
    assert run(app, "--files", "a").exit_code == 0
    assert [([Path("a")], Options(), "a")] == CALLS


def test_a_value_out_of_bounds_is_refused_before_the_step(app):
    done = run(app, "--files", "a", "--share", "1.5")
    assert isinstance(done.exception, UserError)
    assert str(done.exception) == "--share 1.5: it must be 0 to 1." and CALLS == []


def test_the_help_page(app):
    page = run(app, "--help").output
    assert "--files <path>" in page and "--size <int|auto>" in page
    assert "How much.  [0 to 1]  [default: 0.5]" in page
    assert "Do something.\n" in page
    # A long example can be copied as it stands.
    assert "sonar-sign step --files a.tsv \\\n" in page and page.endswith("--share 0.25\n")
