"""Write `workflow/envs/*.yaml`: for each group of rules what its steps need, pinned as locked.

    .venv/bin/python scripts/write_envs.py [FOLDER]

Snakemake copies an environment file into `.snakemake/conda` before conda reads it, so a path in
it would be sought there, and only the text itself tells whether an environment is out of date.
Hence every pin is written out, with the lock file's markers; hashes are in the lock file alone.
"""

import re
import sys
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "3.11"
LINUX = {
    "implementation_name": "cpython", "os_name": "posix", "platform_machine": "x86_64",
    "platform_python_implementation": "CPython", "platform_system": "Linux",
    "python_full_version": f"{PYTHON}.0", "python_version": PYTHON, "sys_platform": "linux",
}  # fmt: skip
EVERYWHERE = ("numpy", "pandas", "pyyaml", "rich", "typer", "xxhash")
# What the steps of a group import, and conda's own packages besides Python.
GROUPS = {
    "corpus": (
        [*EVERYWHERE, "av", "dlib-bin", "matplotlib", "opencv-python-headless", "pyarrow"]
        + ["pose-format", "requests", "scikit-image", "scipy"],
        [],
    ),
    "models": (
        [
            *EVERYWHERE,
            "av",
            "fairseq2",
            "lightning",
            "matplotlib",
            "pyarrow",
            "sacrebleu",
            "sentencepiece",
        ]
        + ["sonar-space", "soundfile", "tensorboard", "torch", "torchaudio", "transformers"],
        ["libsndfile"],
    ),
    "speech": ([*EVERYWHERE, "espeakng-loader", "hibari-tts", "onnxruntime", "pyarrow"], []),
    "evaluation": (
        [*EVERYWHERE, "av", "matplotlib", "nltk", "pycocoevalcap", "rouge-score", "sacrebleu"],
        [],
    ),
}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "workflow/envs"
    pins = pinned(ROOT / "requirements.lock")
    for name, (packages, of_conda) in GROUPS.items():
        lines = [
            "# Written by scripts/write_envs.py; the pins are requirements.lock's.",
            "channels:",
            "  - conda-forge",
            "  - nodefaults",
            "dependencies:",
            *[f"  - {word}" for word in (f"python ={PYTHON}", "pip", *of_conda)],
            "  - pip:",
            *[f"      - {quoted(pins[package])}" for package in closure(packages)],
        ]
        (folder / f"{name}.yaml").write_text("\n".join(lines) + "\n")


def pinned(lock: Path) -> dict[str, str]:
    """The lock file's requirement of every package that Python 3.11 on Linux takes."""
    pins = {}
    for line in re.findall(r"^[a-z].*==.*", lock.read_text(), flags=re.MULTILINE):
        text = line.removesuffix("\\").strip()
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate(LINUX):
            pins[canonicalize_name(requirement.name)] = text
    return pins


def closure(packages: list[str]) -> list[str]:
    """The packages and everything that they need, by what their installed metadata say."""
    found: set[tuple[str, frozenset[str]]] = set()
    todo = [Requirement(package) for package in packages]
    while todo:
        wanted = todo.pop()
        key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if key in found:
            continue
        found.add(key)
        for text in requires(wanted.name) or []:
            needed = Requirement(text)
            extras = ["", *wanted.extras]
            if needed.marker is None or any(
                needed.marker.evaluate({**LINUX, "extra": extra}) for extra in extras
            ):
                todo.append(needed)
    return sorted({name for name, _ in found})


def quoted(pin: str) -> str:
    return f'"{pin}"' if ";" in pin else pin


if __name__ == "__main__":
    main()
