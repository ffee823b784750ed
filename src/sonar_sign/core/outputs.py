"""Where an output goes: what may be replaced, what is written through, and what is refused.

A person who mistypes a path loses nothing: an output that a command also reads is refused, and so
is whatever can be no file. `core/files.py` writes; `cli/paths.py` asks before work starts.
"""

import errno
import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.errors import UserError

# A reader of a pipe may start a moment after the writer.
READER_WAIT_S = 10.0
# Results, which nobody reads from a folder of videos, annotations, keypoints or models.
RESULTS = {
    ".txt", ".jsonl", ".srt", ".vtt", ".md", ".html", ".svg", ".tar", ".npy", ".npz", ".parquet",
    ".json",
}  # fmt: skip
KEYPOINTS = "_keypoints.json"
# How the tables of this program begin.
OWN_TABLE = b"clip_id\t"
KINDS = {
    stat.S_IFDIR: "is a folder; give the path of a file",
    stat.S_IFSOCK: "is a socket; give the path of a file",
    stat.S_IFBLK: "is a disk; give the path of a file",
}
UNUSABLE = {
    errno.ELOOP: "is a symbolic link that leads to itself; give another path",
    errno.ENAMETOOLONG: "is too long for the file system; give a shorter name",
}


@dataclass(frozen=True)
class Target:
    """The file that an output's path leads to."""

    given: Path
    """As it was given, for messages."""
    path: Path
    """Without symbolic links, so that replacing it leaves them."""
    is_stream: bool
    """A device, a pipe, or an open file such as `/dev/stdout`: written to, never replaced."""

    @classmethod
    def of(cls, path: Path) -> "Target":
        """Follow a path. Raises UserError where symbolic links go in a circle."""
        given = Path(path)
        try:
            real = given.resolve()
            mode = os.stat(given).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return cls(given, Path(os.path.realpath(given)), False)
        except (OSError, RuntimeError) as error:
            code = getattr(error, "errno", errno.ELOOP)
            if code not in UNUSABLE:
                raise
            raise UserError(f"{str(given)[:100]} {UNUSABLE[code]}.") from error
        special = not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
        return cls(given, real, special or _is_open_file(given))

    def check(self) -> None:
        """Refuse what cannot be written, as far as that is known beforehand.

        Raises:
            UserError: it is a folder, a socket, a disk or write-protected, or what should be its
                folder is a file.
        """
        try:
            mode = os.stat(self.given).st_mode
        except (FileNotFoundError, NotADirectoryError):
            mode = None
        if mode is None:
            self._check_folder()
        elif stat.S_IFMT(mode) in KINDS:
            raise UserError(f"{self.given} {KINDS[stat.S_IFMT(mode)]}.")
        elif stat.S_ISREG(mode) and not self.is_stream:
            if not mode & 0o222:
                raise UserError(
                    f"{self.given} is write-protected; allow writing (chmod u+w) or give another "
                    "path."
                )
            self._check_folder()

    def _check_folder(self) -> None:
        folder = next(parent for parent in self.path.parents if os.path.lexists(parent))
        if not folder.is_dir():
            raise UserError(f"{self.given} cannot be written: {folder} is no folder but a file.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OSError(_reason(folder), "not writable", str(folder))

    def check_as_folder(self) -> None:
        """Refuse what cannot be a folder that is written into. Raises UserError."""
        if os.path.lexists(self.path) and not self.path.is_dir():
            raise UserError(f"{self.given} is no folder; give the path of one.")
        Target(self.given, self.path / "file", False)._check_folder()

    @property
    def identity(self) -> object:
        """Equal for two paths that lead to one file, through links of any kind."""
        try:
            found = os.stat(self.path)
        except OSError:
            return str(self.path)
        return (found.st_dev, found.st_ino)


def _reason(folder: Path) -> int:
    """Why a folder cannot be written into: the file system, or the permissions."""
    read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
    return errno.EROFS if read_only else errno.EACCES


def _is_open_file(path: Path) -> bool:
    """Whether a path leads through `/proc` to a file that a process has open, as /dev/stdout."""
    for _ in range(40):
        if str(path).startswith(("/proc/", "/dev/fd/")):
            return True
        if not path.is_symlink():
            return False
        path = path.parent / path.readlink()
    return False


def write_through(content: Path, target: Target) -> None:
    """Write a file's content to a device, a pipe or an open file.

    Raises:
        UserError: it cannot be opened, nobody reads the pipe, or its reader has gone.
    """
    # What an open file holds already, as behind `>>`, is kept.
    flags = os.O_WRONLY | os.O_APPEND
    if stat.S_ISFIFO(os.stat(target.given).st_mode):
        flags |= os.O_NONBLOCK
    opened = _opened(target, flags)
    try:
        os.set_blocking(opened, True)
        with content.open("rb") as source, os.fdopen(opened, "wb", closefd=False) as stream:
            shutil.copyfileobj(source, stream)
    except BrokenPipeError as error:
        raise UserError(f"{target.given}: whoever read it has gone.") from error
    finally:
        os.close(opened)


def _opened(target: Target, flags: int) -> int:
    end = time.monotonic() + READER_WAIT_S
    while True:
        try:
            return os.open(target.given, flags)
        except OSError as error:
            if error.errno != errno.ENXIO or not stat.S_ISFIFO(os.stat(target.given).st_mode):
                raise UserError(f"{target.given} cannot be opened ({error.strerror}).") from error
            if time.monotonic() > end:
                raise UserError(
                    f"{target.given} is a pipe that nobody reads; start its reader, or give the "
                    "path of a file."
                ) from error
        time.sleep(0.05)


@dataclass(frozen=True)
class Reads:
    """What the running command reads, which no output may replace."""

    files: dict[object, Path]
    """By `Target.identity`."""
    folders: tuple[Path, ...]
    """Resolved; what lies in them may be read too."""
    own: tuple[Path, ...] = ()
    """Resolved; the command's own caches, which it reads and writes."""

    @classmethod
    def of(cls, inputs: Iterable[Path], own: Iterable[Path] = ()) -> "Reads":
        """The files and folders among the inputs that are there."""
        files, folders = {}, []
        for path in inputs:
            if path.is_dir():
                folders.append(path.resolve())
            elif path.is_file():
                files[Target.of(path).identity] = path
        return cls(files, tuple(folders), tuple(path.resolve() for path in own))

    def refuse(self, target: Target) -> None:
        """Raises UserError where a target is read, or may be."""
        if target.is_stream:
            return
        read = self.files.get(target.identity)
        if read is not None:
            same = "" if str(read) == str(target.given) else f" leads to {read}, which"
            raise UserError(
                f"{target.given}{same} is an input of this command and would be replaced; give "
                "the output another path."
            )
        own = any(target.path.is_relative_to(one) for one in self.own)
        if own or not target.path.is_file() or _is_result(target.path):
            return
        for folder in self.folders:
            if target.path.is_relative_to(folder):
                raise UserError(
                    f"{target.given} is there already, and lies in {folder}, which this command "
                    "reads; give the output another path, or delete that file."
                )


def _is_result(path: Path) -> bool:
    """Whether a file is one that a command has written, so that it may write it again."""
    if path.suffix.lower() in RESULTS:
        return not path.name.endswith(KEYPOINTS)
    with path.open("rb") as file:
        return file.read(len(OWN_TABLE)) == OWN_TABLE


# Of the command that runs in this process; a command sets it, a library call does not.
_reads: list[Reads] = []


@contextmanager
def inputs_kept(reads: Reads) -> Iterator[None]:
    """Within the block, no output replaces what is read."""
    _reads.append(reads)
    try:
        yield
    finally:
        _reads.pop()


def refuse_inputs(target: Target) -> None:
    """Raises UserError where the running command reads the target."""
    for reads in _reads:
        reads.refuse(target)
