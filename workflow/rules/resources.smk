"""What jobs ask a batch system or a workstation's scheduler for: the config's section `cluster`.

Included last, because it looks at all rules; docs/slurm.md is about it.
"""

import os

from snakemake_interface_executor_plugins.settings import ExecMode

from sonar_sign.core.gpus import GPUS
from sonar_sign.operations.cluster import (
    check_rule_names,
    cores_of,
    resources_of,
    tight_jobs,
)
from sonar_sign.operations.machine import memory_bytes
from sonar_sign.operations.memory import MEASURED_RULES, MemoryNeeds
from sonar_sign.operations.rates import read_rates, values_of
from sonar_sign.operations.run_records import write_run_records
from sonar_sign.operations.slurm import check_slurm

# Where this workflow is somebody's module, its rules may have other names there.
renamed = workflow.modifier.modify_rulename
CLUSTER = {
    **config["cluster"],
    "rules": {renamed(name): row for name, row in config["cluster"]["rules"].items()},
}
RULES = [rule for rule in workflow.rules if Path(rule.snakefile).is_relative_to(REPOSITORY)]
ON_GPUS = config["device"] != "cpu"
try:
    check_rule_names(CLUSTER, {rule.name for rule in RULES})
except UserError as error:
    sys.exit(f"sonar-sign: {error}")

# `--jobs` is for batch systems only, and a job of one knows that it is one.
IN_BATCHES = workflow.resource_settings.nodes is not None or workflow.exec_mode == ExecMode.REMOTE

# On one machine Snakemake starts no jobs that need more memory together than there is.
MACHINE_MB = memory_bytes() // 10**6
NEEDS = MemoryNeeds(EXPERIMENT, values_of(read_rates()), gpus=ON_GPUS and IN_BATCHES)
ORIGINAL_NAMES = {renamed(name): name for name in MEASURED_RULES}
if not IN_BATCHES and workflow.global_resources.get("mem_mb").value is None:
    workflow.global_resources.update({"mem_mb": MACHINE_MB})


# The peak memory of a rule's jobs, by its name here.
measured_gb = lambda rule, training: NEEDS.gb(ORIGINAL_NAMES.get(rule, rule), training)

for _rule in RULES:
    _asked = resources_of(_rule.name, CLUSTER, measured_gb, gpus=ON_GPUS)
    _rule.resources.update(_asked)
    # What was asked for on the command line or in a profile goes before the table.
    _rule.resources.update(workflow.resource_settings.overwrite_resources.get(_rule.name, {}))
    _cores = cores_of(_rule.name, CLUSTER)
    if (
        IN_BATCHES
        and _cores is not None
        and _rule.name not in workflow.resource_settings.overwrite_threads
    ):
        _rule.resources["_cores"] = _cores

# On a workstation Snakemake counts GPUs (`--resources gpu=N`), and jobs choose among these.
_n_gpus = workflow.global_resources.get("gpu").value
if _n_gpus and not IN_BATCHES:
    _visible = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(_n_gpus)))
    os.environ[GPUS] = ",".join(_visible.split(",")[:_n_gpus])


# Not at parse time: only here it is known what executes jobs, and a dry run needs no SLURM.
onstart:
    if workflow.executor_plugin.name == "slurm":
        try:
            check_slurm(CLUSTER, attempts_of_rules(), gpus=ON_GPUS)
        except UserError as error:
            sys.exit(f"sonar-sign: {error}")
    if not IN_BATCHES:
        # Snakemake runs a job alone that asks for more than there is.
        for sentence in tight_jobs(
            workflow.dag.needrun_jobs(), CLUSTER, measured_gb, MACHINE_MB
        ):
            print(f"sonar-sign: {sentence}", file=sys.stderr)
    write_run_records(CONFIG, FILES)
