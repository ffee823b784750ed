"""What an installation must have: the locked versions, libsndfile, the GPU asked for, disk."""

import ctypes
import re
import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import first_few
from sonar_sign.operations.config import EMBEDDED
from sonar_sign.operations.doctor import Finding

PYTHONS = ((3, 11), (3, 12))
SETUP = "make setup"


def check_versions(lock: Path) -> list[Finding]:
    """Installed packages against `requirements.lock`."""
    from packaging.requirements import Requirement

    if not lock.is_file():
        return [Finding(f"{lock} is missing, so no version was checked.", "run this in the clone")]
    wrong = []
    if sys.version_info[:2] not in PYTHONS:
        wrong.append(f"Python is {sys.version.split()[0]}, not 3.11 or 3.12")
    for line in re.findall(r"^[a-z].*==.*", lock.read_text(encoding="utf-8"), flags=re.MULTILINE):
        wanted = Requirement(line.removesuffix("\\").strip())
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        locked = str(wanted.specifier).removeprefix("==")
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            wrong.append(f"{wanted.name} is not installed")
            continue
        if found != locked:
            wrong.append(f"{wanted.name} is {found}, not {locked}")
    if not wrong:
        return []
    return [Finding(f"The installation is not that of {lock}: {first_few(wrong)}.", SETUP)]


def check_libsndfile() -> list[Finding]:
    """The library that fairseq2 loads: in the environment first, then the system's."""
    own = Path(sys.prefix) / "lib/libsndfile.so.1"
    reasons = []
    for name in ([str(own)] if own.exists() else []) + ["libsndfile.so.1"]:
        try:
            ctypes.CDLL(name)
        except OSError as error:
            reasons.append(str(error))
        else:
            return []
    return [
        Finding(
            f"libsndfile cannot be loaded ({reasons[0]}), so SONAR's text models cannot.",
            f"{SETUP}, or on Debian and Ubuntu: apt-get install libsndfile1",
        )
    ]


def check_gpu(device: str) -> tuple[list[Finding], str]:
    """Whether PyTorch finds the device that the config asks for; and what it finds, in words."""
    from sonar_sign.core.devices import choose_device

    try:
        chosen = choose_device(device)
    except UserError as error:
        remedy = "nvidia-smi shows whether the driver works; or set device: auto in the config"
        return [Finding(str(error), remedy)], "no GPU"
    if chosen.type == "cpu":
        return [], "no GPU: everything runs on the CPU"
    import torch

    return [], f"{torch.cuda.device_count()} GPUs, {torch.cuda.get_device_name(chosen)}"


def check_disk(config: Mapping[str, Any], results: Path) -> tuple[list[Finding], str]:
    """Free disk against what `estimate` says is still to come."""
    from sonar_sign.operations.estimate import GB, estimate, read_rates

    name = config["corpus"]["name"]
    free_gb = shutil.disk_usage(_existing(results)).free / GB
    if EMBEDDED in Path(config["corpus"]["root"]).parents:
        return [], f"{free_gb:.1f} GB free; the demo needs less than one"
    try:
        needed_gb = estimate(config, read_rates(), results).disk_gb
    except UserError as error:
        return [], f"{free_gb:.1f} GB free; what is needed is not known ({error})"
    there_gb = sum(p.stat().st_size for p in (results / name).rglob("*") if p.is_file()) / GB
    said = f"{free_gb:.1f} GB free, {needed_gb:.1f} needed, of which {there_gb:.1f} are there"
    if free_gb + there_gb >= needed_gb:
        return [], said
    return [
        Finding(
            f"Too little disk for {name}: {said} (sonar-sign estimate says how this is reckoned).",
            f"free some, or let {results} be a link to a larger disk",
        )
    ], said


def _existing(path: Path) -> Path:
    path = path.absolute()
    return next(parent for parent in (path, *path.parents) if parent.exists())
