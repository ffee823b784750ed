"""One workstation, several GPUs: jobs choose cards for themselves, and no two the same one.

Snakemake counts GPUs but does not say which. A job takes its cards by locks that the kernel lets go
of when the process ends, however it ends, so a killed job never keeps one.
"""

import fcntl
import os
import tempfile
import time
from pathlib import Path

from sonar_sign.core.errors import UserError

# The cards to choose from, as CUDA counts them: "0,1,2". Not set: nothing is chosen here.
CARDS = "SONAR_SIGN_GPUS"
# Where locks lie. The same for all users: their jobs use the same cards.
LOCKS = "SONAR_SIGN_GPU_LOCKS"
PAUSE_S = 0.2

# Open for as long as this process lives.
_held: list[int] = []


def hold_gpus(wanted: int) -> None:
    """Wait for `wanted` free cards (0: all) and make them the only ones that CUDA sees here.

    To be called before CUDA is first used. Processes started from here use the same cards.

    Raises:
        UserError: there are not so many cards, or their locks cannot be opened.
    """
    cards = [card for card in os.environ.pop(CARDS, "").split(",") if card]
    if not cards:
        return
    wanted = wanted or len(cards)
    if wanted > len(cards):
        raise UserError(f"{wanted} devices were asked for, but the workflow has {len(cards)} GPUs.")
    folder = _lock_folder()
    queue = _open(folder / "queue.lock")
    try:
        # Two jobs that each took half of what they need would wait for each other.
        fcntl.flock(queue, fcntl.LOCK_EX)
        held = _take(folder, cards, wanted)
    finally:
        os.close(queue)
    _held.extend(held.values())
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(held)


def _take(folder: Path, cards: list[str], wanted: int) -> dict[str, int]:
    """The first `wanted` cards that become free, each with its lock."""
    held: dict[str, int] = {}
    while True:
        for card in cards:
            if len(held) < wanted and card not in held:
                lock = _open(folder / f"gpu{card}.lock")
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    held[card] = lock
                except BlockingIOError:
                    os.close(lock)
        if len(held) == wanted:
            return dict(sorted(held.items(), key=lambda one: cards.index(one[0])))
        time.sleep(PAUSE_S)


def _lock_folder() -> Path:
    folder = Path(os.environ.get(LOCKS) or Path(tempfile.gettempdir()) / "sonar-sign-gpus")
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o1777)
    return folder


def _open(path: Path) -> int:
    """Open a lock file. Reading is enough for a lock, and all that another user's file allows."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            return os.open(path, flags | os.O_CREAT, 0o644)
    except OSError as error:
        raise UserError(
            f"The lock of a GPU, {path}, cannot be opened ({error.strerror}); set {LOCKS} to a "
            "folder that all users of the GPUs may write to."
        ) from error
