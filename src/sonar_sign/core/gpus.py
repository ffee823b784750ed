"""One workstation, several GPUs: every job takes GPUs that no other job uses.

Snakemake counts GPUs but does not assign them. A job takes its GPUs with file locks. The kernel
releases them when the process ends, however it ends, so a killed job never keeps a GPU.
"""

import fcntl
import os
import tempfile
import time
from pathlib import Path

from sonar_sign.core.errors import UserError

# The GPUs to choose from, numbered as by CUDA: "0,1,2". Not set: nothing is locked.
GPUS = "SONAR_SIGN_GPUS"
# The folder of the lock files. One for all users, because their jobs use the same GPUs.
LOCK_FOLDER = "SONAR_SIGN_GPU_LOCKS"
PAUSE_S = 0.2

# What a system with a GPU has: NVIDIA's (Tegra's too), WSL's, AMD's.
DEVICE_FILES = ("nvidia*", "nvhost*", "nvgpu*", "dxg", "kfd")

# Lock files, open until this process ends.
_held: list[int] = []


def refusal_of_device(name: str, devices: Path = Path("/dev")) -> str:
    """What is wrong with a device, without PyTorch, which takes seconds to say so.

    Args:
        name: `auto`, `cpu`, `cuda` or `cuda:N`.
        devices: where the system has its device files.

    Returns:
        A clause where a GPU is asked for, and this machine has none or hides it; else nothing.
    """
    if not name.startswith("cuda"):
        return ""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in ("", "-1"):
        return "CUDA_VISIBLE_DEVICES hides all GPUs; unset it, or use auto or cpu"
    if not any(next(devices.glob(pattern), None) for pattern in DEVICE_FILES):
        return "this machine has no GPU; use auto or cpu"
    return ""


def hold_gpus(wanted: int) -> None:
    """Wait for `wanted` free GPUs (0: all) and make them the only ones that CUDA sees here.

    Must be called before CUDA is first used. Processes started from this one use the same GPUs.

    Raises:
        UserError: there are fewer GPUs, or their locks cannot be opened.
    """
    gpus = [gpu for gpu in os.environ.pop(GPUS, "").split(",") if gpu]
    if not gpus:
        return
    wanted = wanted or len(gpus)
    if wanted > len(gpus):
        raise UserError(f"{wanted} devices were asked for, but the workflow has {len(gpus)} GPUs.")
    folder = _lock_folder()
    queue = _open(folder / "queue.lock")
    try:
        # One job at a time takes GPUs. Otherwise two jobs could each hold half of what they need
        # and wait for each other forever.
        fcntl.flock(queue, fcntl.LOCK_EX)
        held = _take(folder, gpus, wanted)
    finally:
        os.close(queue)
    _held.extend(held.values())
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(held)


def _take(folder: Path, gpus: list[str], wanted: int) -> dict[str, int]:
    """The first `wanted` GPUs that become free, each with its open lock file."""
    held: dict[str, int] = {}
    while True:
        for gpu in gpus:
            if len(held) < wanted and gpu not in held:
                lock = _open(folder / f"gpu{gpu}.lock")
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    held[gpu] = lock
                except BlockingIOError:
                    os.close(lock)
        if len(held) == wanted:
            return dict(sorted(held.items(), key=lambda one: gpus.index(one[0])))
        time.sleep(PAUSE_S)


def _lock_folder() -> Path:
    folder = Path(os.environ.get(LOCK_FOLDER) or Path(tempfile.gettempdir()) / "sonar-sign-gpus")
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o1777)
    return folder


def _open(path: Path) -> int:
    """Open a lock file for reading: enough to lock it, and allowed for another user's file."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            return os.open(path, flags | os.O_CREAT, 0o644)
    except OSError as error:
        raise UserError(
            f"The lock of a GPU, {path}, cannot be opened ({error.strerror}); set {LOCK_FOLDER} "
            "to a folder that all users of the GPUs may write to."
        ) from error
