"""What tests of damaged files share: a fresh folder per example, and what a refusal looks like."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """An empty folder for one example; pytest's `tmp_path` is one for all of them."""
    with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        yield Path(folder)


def assert_sentence(message: str) -> None:
    """One sentence that a person can read, however odd what it quotes."""
    assert message.endswith("."), message
    assert len(message) < 2500, message
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in message), repr(message)
    message.encode("utf-8")  # and can be printed
