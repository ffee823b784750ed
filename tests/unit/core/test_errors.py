"""A user's error is one line that a terminal can show, whatever it quotes."""

import pickle

import pytest

from sonar_sign.core.errors import UserError


@pytest.mark.parametrize(
    "quoted, shown",
    [
        ("a\nb\tc", "a b c"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x00\x7f\x85", "\\x00\\x7f\\x85"),
        ("\u2028", "\\u2028"),
        ("\udcff", "\\udcff"),
        ("é e\u0301 手 \\n", "é e\u0301 手 \\n"),
    ],
)
def test_messages_quote_no_control_characters(quoted, shown):
    error = UserError(f"The name {quoted} is odd.")
    assert str(error) == f"The name {shown} is odd."
    # As a process of a data loader hands it on.
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
