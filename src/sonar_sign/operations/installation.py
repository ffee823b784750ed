"""Checks of the installation: locked versions, libsndfile, the GPU asked for, disk space."""

import ctypes
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import first_few
from sonar_sign.operations.estimate import Estimate, estimate
from sonar_sign.operations.experiment import Experiment
from sonar_sign.operations.findings import Finding
from sonar_sign.operations.machine import memory_bytes
from sonar_sign.operations.memory import too_large
from sonar_sign.operations.rates import read_rates
from sonar_sign.operations.training_cost import GB
from sonar_sign.operations.workflow_files import PUBLIC_MODELS

PYTHONS = ((3, 11), (3, 12))
SETUP = "make setup"


def check_versions(lock: Path) -> list[Finding]:
    """Compare the installed packages with `requirements.lock`."""
    from packaging.requirements import Requirement

    if not lock.is_file():
        return [Finding(f"{lock} is missing, so no version was checked.", "run this in the clone")]
    wrong = []
    if sys.version_info[:2] not in PYTHONS:
        wrong.append(f"Python is {sys.version.split()[0]}, not 3.11 or 3.12")
    for line in re.findall(r"^[a-z].*==.*", lock.read_text(encoding="utf-8"), flags=re.MULTILINE):
        required = Requirement(line.removesuffix("\\").strip())
        if required.marker is not None and not required.marker.evaluate():
            continue
        locked = str(required.specifier).removeprefix("==")
        try:
            found = version(required.name)
        except PackageNotFoundError:
            wrong.append(f"{required.name} is not installed")
            continue
        if found != locked:
            wrong.append(f"{required.name} is {found}, not {locked}")
    if not wrong:
        return []
    return [Finding(f"The installation is not that of {lock}: {first_few(wrong)}.", SETUP)]


def check_libsndfile() -> list[Finding]:
    """Load libsndfile as fairseq2 does: the environment's first, then the system's."""
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
    """Look for the device that the config asks for; and what PyTorch finds, in words."""
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


def check_space(experiment: Experiment, results: Path) -> tuple[list[Finding], list[str]]:
    """Compare free disk and the machine's memory with what `estimate` says the run needs.

    Returns:
        What is wrong, and both in words.
    """
    free_gb = shutil.disk_usage(_existing(results)).free / GB
    try:
        found = estimate(experiment, read_rates(), results)
    except UserError as error:
        return [], [f"{free_gb:.1f} GB of disk are free; no estimate of what is needed ({error})"]
    disk, about_disk = _disk(found, free_gb, experiment.values["corpus"]["name"], results)
    memory, about_memory = _memory(found)
    return [*disk, *memory], [about_disk, about_memory]


def _disk(found: Estimate, free_gb: float, name: str, results: Path) -> tuple[list[Finding], str]:
    # The public models are downloaded beside the results.
    folders = [results / name, *([results.parent / PUBLIC_MODELS] if found.loads else [])]
    used_gb = sum(_size_gb(folder) for folder in folders)
    numbers = (
        f"{found.disk_gb:.1f} GB are needed, {used_gb:.1f} are in use already, {free_gb:.1f} free"
    )
    if free_gb + used_gb >= found.disk_gb:
        return [], f"disk: {numbers}"
    return [
        Finding(
            f"Too little disk for {name}: {numbers} (sonar-sign estimate lists what for).",
            f"free some space, or make {results} a link to a folder on a larger disk",
        )
    ], f"disk: {numbers}"


def _memory(found: Estimate) -> tuple[list[Finding], str]:
    machine_gb = memory_bytes() / GB
    step, most = max(found.memory_gb.items(), key=lambda item: item[1])
    remedy = "use a machine with more memory, or a smaller batch_size in that training"
    findings = [Finding(text, remedy) for text in too_large(found.memory_gb, machine_gb)]
    return findings, f"memory: {step} needs {most:.1f} GB, this machine has {machine_gb:.1f}"


def _size_gb(folder: Path) -> float:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / GB


def _existing(path: Path) -> Path:
    path = path.absolute()
    return next(parent for parent in (path, *path.parents) if parent.exists())
