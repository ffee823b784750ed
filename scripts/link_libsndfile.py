"""Give fairseq2n the libsndfile that it wants, without root.

fairseq2n asks the loader for `libsndfile.so.1`, a system library, and looks in the environment's
`lib` first. The `soundfile` wheel carries the library under another name: a link satisfies it.
"""

import ctypes
import os
import platform
import sys
from pathlib import Path

import _soundfile_data


def main() -> None:
    link = Path(sys.prefix) / "lib" / "libsndfile.so.1"
    machine = platform.machine().replace("aarch64", "arm64")
    bundled = Path(_soundfile_data.__file__).parent / f"libsndfile_{machine}.so"
    if bundled.is_file():
        link.unlink(missing_ok=True)
        # A relative link, so that the environment's folder can be moved with its project.
        link.symlink_to(os.path.relpath(bundled, link.parent))
        return
    try:
        ctypes.CDLL("libsndfile.so.1")
    except OSError:
        sys.exit(
            "make setup: no libsndfile for this machine; on Debian or Ubuntu: "
            "apt-get install libsndfile1."
        )


if __name__ == "__main__":
    main()
