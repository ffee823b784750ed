"""Which of a command's paths are outputs, and their check before any work starts.

A parameter is annotated `Annotated[Path, "help", OUTPUT]`; every path that is not marked is an
input. The check is made once for all commands, by `cli/settings.py`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from sonar_sign.core.errors import UserError
from sonar_sign.core.outputs import Reads, Target, inputs_kept


@dataclass(frozen=True)
class Output:
    """Marks a path that a command writes."""

    beside: tuple[str, ...] = ()
    """Suffixes of the files that are written beside it, such as an index."""
    inside: tuple[str, ...] | None = None
    """It is a folder; the files that are always written into it."""
    or_folder: bool = False
    """It is a file, or a folder that is there, into which files are written."""

    def is_folder(self, path: Path) -> bool:
        """Whether files are written into `path`."""
        return self.inside is not None or (self.or_folder and path.is_dir())

    def files(self, path: Path) -> Iterator[Path]:
        """The files that are written, as far as they are known before."""
        if self.is_folder(path):
            yield from (path / name for name in self.inside or ())
        else:
            yield from (path, *(path.with_suffix(suffix) for suffix in self.beside if path.name))


@dataclass(frozen=True)
class Input:
    """Marks what a command reads where its type is not enough to say so."""

    beside: tuple[str, ...] = ()
    """Suffixes of the files that are read beside it."""
    named: bool = False
    """It is a text, NAME=FILE or FILE."""

    def files(self, value: Path | str) -> Iterator[Path]:
        """The files that are read; addresses are none."""
        text = str(value)
        if self.named and not Path(text).exists():
            text = text.partition("=")[2]
        if "://" not in text:
            path = Path(text)
            yield from (path, *(path.with_suffix(suffix) for suffix in self.beside if path.name))


@dataclass(frozen=True)
class Cache:
    """Marks a path that a command both reads and writes, such as a folder that it resumes from."""

    begins: str = ""
    """How a file of it begins; any other file is somebody's and stays."""

    def check(self, path: Path) -> None:
        """Raises UserError where there is a file that is no such cache."""
        expected = self.begins.encode()
        if expected and path.is_file():
            with path.open("rb") as file:
                found = file.read(len(expected))
            if found and found != expected:
                raise UserError(f"{path} is another kind of file and stays; give another path.")


INPUT = Input()
NAMED = Input(named=True)
OUTPUT = Output()
ARRAY = Output(beside=(".parquet",))
FOLDER = Output(inside=())
FILE_OR_FOLDER = Output(or_folder=True)
CACHE = Cache()


@contextmanager
def checked_paths(hints: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[None]:
    """Check the outputs among a command's values, and keep its inputs within the block.

    Args:
        hints: the annotated types of the parameters by name.

    Raises:
        UserError: an output cannot be written, is an input too, or is given twice.
    """
    given = _Given.of(hints, values)
    reads = Reads.of(given.inputs, given.caches)
    seen: dict[object, str] = {}
    for flag, target in given.outputs:
        with _refusals_of(flag):
            target.check()
            reads.refuse(target)
        if not target.is_stream and target.identity in seen:
            other = seen[target.identity]
            raise UserError(
                f"{flag}: {target.given} is written by {other} too; give every output its own path."
            )
        seen[target.identity] = flag
    with inputs_kept(reads):
        yield


@contextmanager
def _refusals_of(flag: str) -> Iterator[None]:
    """A refusal names the flag."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{flag}: {error}") from error


@dataclass(frozen=True)
class _Given:
    """The paths of one call."""

    inputs: list[Path]
    caches: list[Path]
    outputs: list[tuple[str, Target]]
    """Each with its flag; caches that are files are among them."""

    @classmethod
    def of(cls, hints: Mapping[str, Any], values: Mapping[str, Any]) -> "_Given":
        given = cls([], [], [])
        for name, value in values.items():
            marks = get_args(hints[name])[1:]
            mark = next((one for one in marks if isinstance(one, Output | Input | Cache)), None)
            for path in value if isinstance(value, list | tuple) else [value]:
                if isinstance(path, Path) or (isinstance(mark, Input) and path):
                    flag = f"--{name.replace('_', '-')}"
                    with _refusals_of(flag):
                        given.add(flag, path, mark)
        return given

    def add(self, flag: str, path: Path | str, mark: Output | Input | Cache | None) -> None:
        if isinstance(mark, Output):
            if mark.is_folder(path):
                Target.of(path).check_as_folder()
            self.outputs.extend((flag, Target.of(file)) for file in mark.files(path))
        elif isinstance(mark, Cache):
            mark.check(path)
            self.caches.append(path)
            if not path.is_dir():
                self.outputs.append((flag, Target.of(path)))
        else:
            self.inputs.extend((mark or INPUT).files(path))
