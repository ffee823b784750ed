"""Uploads: streamed to a file that has no name, so that nothing can stay behind.

The file is open in the server only. Other processes open it by `/proc`; it ceases to exist when the
server closes it, or ends in whatever way.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(eq=False)
class Upload:
    """A file of a client's."""

    file: BinaryIO
    n_bytes: int

    @classmethod
    def of(cls, content: bytes) -> "Upload":
        """An upload with this content."""
        # Its only name is that of its number in this process.
        file = tempfile.TemporaryFile(prefix="sonar-sign-")  # noqa: SIM115 (closed with the job)
        file.write(content)
        file.flush()
        return cls(file, len(content))

    @property
    def path(self) -> str:
        """Where processes of the same user find it while it is open."""
        return f"/proc/{os.getpid()}/fd/{self.file.fileno()}"

    def keep(self, path: Path) -> None:
        """Copy it, for `--keep`."""
        self.file.seek(0)
        with path.open("xb") as copy:
            shutil.copyfileobj(self.file, copy)

    def close(self) -> None:
        self.file.close()
