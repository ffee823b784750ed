"""Names of videos that Snakemake would misread as a pattern with wildcards."""

import hashlib
import os
import tempfile
from pathlib import Path


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
