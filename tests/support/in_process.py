"""The real command line within the test's process: fast, for commands that need no models."""

from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.core.errors import UserError


def told(*words) -> str:
    """Standard output and error of a command that must end well."""
    result = CliRunner().invoke(app, [*map(str, words)])
    if result.exception is not None:
        raise result.exception
    return result.output


def refusal(*words) -> str:
    """The one sentence with which a command must refuse what it is given."""
    result = CliRunner().invoke(app, [*map(str, words)])
    assert isinstance(result.exception, UserError), (result.output, result.exception)
    message = str(result.exception)
    assert "\n" not in message and len(message) < 600
    return message
