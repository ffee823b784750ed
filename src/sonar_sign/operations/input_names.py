"""What Snakemake is told by input functions: names that it reads right, mistakes in a sentence."""

import functools
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError


def as_input(path: str, links: Path) -> str:
    """A path that Snakemake can be given as an input: `path`, or a link to it.

    Snakemake takes `{x}` in the name of an input for a wildcard and has no way to write a brace. A
    video with such a name is followed through a symbolic link in the folder `links`, which is made
    where it is missing. The commands read the video itself.
    """
    if "{" not in path:
        return path
    link = links / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}{Path(path).suffix}"
    target = os.path.relpath(path, links)
    if not (link.is_symlink() and os.readlink(link) == target):
        links.mkdir(parents=True, exist_ok=True)
        # Several jobs may look at the same time.
        with tempfile.TemporaryDirectory(dir=links, prefix=".") as folder:
            temporary = Path(folder) / "link"
            temporary.symlink_to(target)
            temporary.replace(link)
    return str(link)


def in_one_sentence(function: Callable) -> Callable:
    """An input function whose UserError ends Snakemake with its sentence and no traceback."""

    @functools.wraps(function)
    def told(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except UserError as error:
            sys.exit(f"sonar-sign: {error}")

    return told


class InOneSentence:
    """An object whose methods are `in_one_sentence`."""

    def __init__(self, told: Any):
        self._told = told

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._told, name)
        return in_one_sentence(value) if callable(value) else value
