"""A folder in which the real Snakemake runs the real workflow, on a tiny embedded corpus.

Snakemake and its jobs are forks of one process that has imported their packages: `preloaded`.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import preloaded
import yaml

REPOSITORY = Path(__file__).parents[2]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")


def merged(base: dict, changes: dict) -> dict:
    """`base` with `changes` put in key by key, as Snakemake does with several config files."""
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def tiny_config() -> dict:
    """The demo with tiny sizes: what `tiny.yaml` lays over the config that it extends."""
    config = yaml.safe_load((REPOSITORY / "tests/workflow/tiny.yaml").read_text())
    # The file of a project is called like the one that it extends.
    return {**config, "extends": str(REPOSITORY / "config" / config["extends"])}


@dataclass(frozen=True)
class Run:
    """What a call of Snakemake did."""

    code: int
    output: str

    @property
    def ran(self) -> Counter:
        """Subcommands that were called, with how often each; trainings of all kinds as `train`."""
        called = re.findall(r"^Shell command: sonar-sign (\w+)", self.output, flags=re.MULTILINE)
        return Counter("train" if name.startswith("train_") else name for name in called)

    @property
    def trained(self) -> set[str]:
        """The trainings that ran, or would in a dry run."""
        return set(re.findall(r"^Job \d+: Training (\S+)$", self.output, flags=re.MULTILINE))

    @property
    def planned(self) -> dict[str, int]:
        """Jobs that a dry run lists, by rule, without `all`."""
        table = self.output.partition("Job stats:")[2]
        rows = re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)
        return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}


class Project:
    """A folder in which the workflow runs, with a config of its own."""

    def __init__(self, folder: Path, config: dict):
        self.folder = folder
        self.write_config(config)

    def write_config(self, config: dict) -> None:
        self.config = config
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def copy(self, folder: Path) -> "Project":
        """The same project elsewhere; times are kept, so nothing becomes stale."""
        shutil.copytree(self.folder, folder, symlinks=True, copy_function=_copy)
        return Project(folder, self.config)

    def run(self, *arguments: str, snakefile: Path = REPOSITORY / "Snakefile") -> Run:
        command = [
            str(preloaded.commands() / "snakemake"),
            "--snakefile",
            str(snakefile),
            "--directory",
            str(self.folder),
            "--configfile",
            str(self.folder / "config.yaml"),
            "--cores",
            "2",
            "--printshellcmds",
            *arguments,
        ]
        # Nothing may be fetched from anywhere, and nobody's settings may leak in.
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "NO_COLOR": "1"}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Run(done.returncode, done.stdout)

    def dry_run(
        self, *arguments: str, snakefile: Path = REPOSITORY / "Snakefile"
    ) -> dict[str, int]:
        run = self.run("--dry-run", *arguments, snakefile=snakefile)
        assert run.code == 0, run.output
        return run.planned


def _copy(source: str, target: str) -> None:
    """Link keypoint files, which are thousands and are deleted but never changed; copy others."""
    if source.endswith("_keypoints.json"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)
