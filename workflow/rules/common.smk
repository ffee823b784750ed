"""What every stage shares: the checked config, the files that it asks for, flags of commands."""

import json
import sys
from pathlib import Path

from snakemake.settings.enums import PersistenceBackend
from snakemake.settings.types import DeploymentMethod
from snakemake_interface_executor_plugins.settings import ExecMode

from sonar_sign.core.errors import UserError
from sonar_sign.operations.config import workflow_config
from sonar_sign.operations.input_names import InOneSentence, in_one_sentence
from sonar_sign.operations.job_environment import put_command_on_path
from sonar_sign.operations.results_identity import check_identities
from sonar_sign.operations.workflow_files import PUBLIC_MODELS, SONAR_NAMES, WorkflowFiles
from sonar_sign.operations.workflow_flags import corpus_flags, flags, input_flags, named, repeated

REPOSITORY = Path(workflow.current_basedir).parents[1]
try:
    CONFIG = workflow_config(config, workflow.config_settings, REPOSITORY)
    # The jobs of a run are processes that read this file again, after the run has looked once.
    if workflow.exec_mode == ExecMode.DEFAULT:
        in_files = workflow.workflow_settings.persistence_backend == PersistenceBackend.FILE
        check_identities(CONFIG, has_records=in_files)
except UserError as error:
    sys.exit(f"sonar-sign: {error}")
for first, second in CONFIG.experiment.same_trainings():
    print(
        f"sonar-sign: the trainings {first} and {second} differ in nothing but their names.",
        file=sys.stderr,
    )
config = {**CONFIG.values}
EXPERIMENT = CONFIG.experiment
FILES = InOneSentence(WorkflowFiles(CONFIG))

# An environment of a rule's own holds what sonar-sign needs, but not sonar-sign itself.
put_command_on_path(
    REPOSITORY if DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method else None
)

NAME = FILES.name
EVALUATED = FILES.evaluated
CORPORA = EXPERIMENT.corpora


wildcard_constraints:
    corpus="|".join(CORPORA),
    split="train|val|test",
    shard=r"\d{4}",
    encoder=FILES.encoder_pattern(),
    training=r"[a-z0-9_]+(\.seed\d+)?",
    system=r"[a-z0-9_]+(\.seed\d+)?",
    language="[a-z]{3}_[A-Z][a-z]{3}",


def repeat(flag, name):
    """A params function: `--flag path` for every path of the input `name`."""
    return lambda wildcards, input: repeated(flag, input[name])


def shards(pattern, **fixed):
    """An input function: the files of all shards of a split; `fixed` replaces wildcards."""

    def paths(wildcards):
        values = {**dict(wildcards.items()), **fixed}
        return FILES.shards(pattern, values["corpus"], values["split"])

    return paths


def corpus_type(wildcards):
    return CORPORA[wildcards.corpus]["type"]


def corpus_reading(wildcards):
    """The type, with the flags of how the corpus's files are read."""
    return corpus_flags(CORPORA[wildcards.corpus])


def root_of(wildcards):
    return CORPORA[wildcards.corpus]["root"]


def attempts_of_rules():
    """How often a job of each rule that has something to do is tried at most."""
    retries = workflow.execution_settings.retries
    return {
        job.rule.name: 1 + (retries if job.rule.restart_times is None else job.rule.restart_times)
        for job in workflow.dag.needrun_jobs()
        if not workflow.is_local(job.rule)
    }
