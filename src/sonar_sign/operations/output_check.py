"""What the checks of outputs share: how deep they look, hashes of files, what is to be made again.

A check is a function of an `Output` and an `Inspection`. It raises a UserError for what is wrong,
and compares an output with those of its inputs that are there: one that is missing has a finding
of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.core.wording import first_few
from sonar_sign.operations.config import Config
from sonar_sign.operations.declared_outputs import Output

# Larger files are read whole by `--deep` only.
QUICK_BYTES = 256 << 20


class StaleError(UserError):
    """An output is of other inputs than there are, and further files are to be made again with it.

    Args:
        further: those files.
    """

    def __init__(self, problem: str, further: Sequence[Path] = ()):
        super().__init__(problem)
        self.further = tuple(further)


@dataclass(frozen=True)
class Inspection:
    """One visit of all outputs."""

    config: Config
    deep: bool = False
    """Read everything whole, however large it is, and decode every clip."""
    hashes: dict[Path, str] = field(default_factory=dict)
    """SHA-256 of files that were read already."""
    broken: set[Path] = field(default_factory=set)
    """Outputs that were found wrong: what is made of them is not compared with them."""

    def there(self, path: Path | None) -> Path | None:
        """The path of a file that exists and was not found wrong, else None."""
        is_good = path is not None and path not in self.broken and path.is_file()
        return path if is_good else None

    def reads_whole(self, path: Path) -> bool:
        """Whether a file is read from its beginning to its end."""
        return self.deep or path.stat().st_size <= QUICK_BYTES

    def sha256(self, path: Path | None) -> str | None:
        """None of a file that is not there, or too large for a quick look."""
        if self.there(path) is None or not self.reads_whole(path):
            return None
        if path not in self.hashes:
            self.hashes[path] = sha256_of(path)
        return self.hashes[path]


Check = Callable[[Output, Inspection], None]


def require_same(found: set[str], path: Path, expected: set[str], source: Path) -> None:
    """Check that an output has the clips of what it is made of.

    Raises:
        UserError: naming clips that only one of them has.
    """
    missing, further = sorted(expected - found), sorted(found - expected)
    if missing:
        raise UserError(f"{path} lacks clips of {source}: {first_few(missing)}.")
    if further:
        raise UserError(f"{path} has clips that {source} does not have: {first_few(further)}.")
