"""What every stage shares: the checked config, shard lists, command-line flags."""

import shlex
import sys
from pathlib import Path

from snakemake.settings.types import DeploymentMethod

from sonar_sign.operations.config import check_config, put_command_on_path
from sonar_sign.core.errors import UserError

try:
    check_config(config, Path(workflow.basedir) / "workflow/schemas/config.schema.yaml")
except UserError as error:
    sys.exit(f"sonar-sign: {error}")

# An environment of a rule's own holds what sonar-sign needs, but not sonar-sign itself.
put_command_on_path(
    Path(workflow.basedir)
    if DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
    else None
)

NAME = config["corpus"]["name"]
NEWS = "demo_news"
HOWTO_ROOT, NEWS_ROOT = "resources/demo/howto", "resources/demo/news"
PUBLIC_MODELS = "resources/models"
PUBLIC_SONAR = f"{PUBLIC_MODELS}/sonar"
CAPTIONS = config["languages"]["captions"]
OTHER_LANGUAGES = [code for code in config["languages"]["outputs"] if code != CAPTIONS]
# The news corpus takes the same way as the one that is fine-tuned on, up to its features.
CORPORA = {
    NAME: config["corpus"],
    **config.get("further_training", {}),
    NEWS: {"type": "how2sign", "root": NEWS_ROOT, "shards": config["demo"]["news_shards"]},
}
# Corpora whose training splits are trained on together.
TRAINING = [NAME, *config.get("further_training", {})]


wildcard_constraints:
    corpus="[A-Za-z0-9_-]+",
    split="train|val|test",
    shard=r"\d{4}",
    encoder="pretrained|stage1",
    system="[a-z0-9_]+",
    language="[a-z]{3}_[A-Z][a-z]{3}",


def repeated(flag, paths):
    """`--flag path` for every path."""
    return " ".join(f"--{flag} {shlex.quote(str(path))}" for path in paths)


def repeat(flag, name):
    """A params function: `--flag path` for every path of the input `name`."""
    return lambda wildcards, input: repeated(flag, input[name])


def flags(settings, *left_out):
    """The settings of a config section as command-line flags."""
    return " ".join(
        flag(key.replace("_", "-"), value)
        for key, value in settings.items()
        if key not in left_out and value is not None
    )


def flag(name, value):
    if name == "mixed-precision" and value is False:
        value = "no"  # what YAML makes of it
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name} {shlex.quote(str(value))}"


def final_outputs():
    """Everything that a whole run makes."""
    results = f"results/{NAME}"
    return [
        f"{results}/comparison.json",
        f"{results}/comparison.md",
        f"{results}/manifests/summary.json",
        f"{results}/report/metrics.svg",
        f"{results}/report/index.html",
        *[f"{results}/samples/{system}.json" for system in config["systems"]],
        *([f"{results}/report/attention.svg"] if "landmarks" in config["systems"] else []),
    ]


def attempts_of_rules():
    """How often a job of each rule that has something to do is tried at most."""
    retries = workflow.execution_settings.retries
    return {
        job.rule.name: 1 + (retries if job.rule.restart_times is None else job.rule.restart_times)
        for job in workflow.dag.needrun_jobs()
        if not workflow.is_local(job.rule)
    }
