"""Trainings of every kind: the config says which there are, and the kind what they read."""

CHECKPOINTS = f"results/{NAME}/checkpoints/{{training}}"


rule train:
    input:
        unpack(lambda wildcards: FILES.training_inputs(wildcards.training)),
    output:
        checkpoint=f"{CHECKPOINTS}/best.pt",
        curves=f"{CHECKPOINTS}/curves.csv",
    log:
        f"results/{NAME}/logs/train/{{training}}.log",
    benchmark:
        f"results/{NAME}/benchmarks/train/{{training}}.tsv"
    wildcard_constraints:
        training=FILES.training_pattern(),
    retries: 2
    conda:
        "../envs/models.yaml"
    threads: lambda wildcards: FILES.training_threads(wildcards.training)
    params:
        kind=lambda wildcards: EXPERIMENT.training(wildcards.training).kind.name,
        inputs=lambda wildcards, input: input_flags(dict(input.items()), "sonar"),
        sonar=lambda wildcards: FILES.training_sonar(wildcards.training),
        settings=lambda wildcards: FILES.training_flags(wildcards.training),
        # Not an output: Snakemake deletes outputs before a job, and this is what it resumes from.
        training_dir=f"results/{NAME}/training/{{training}}",
        device=config["device"],
        recipe=3,
    message:
        "Training {wildcards.training}"
    shell:
        "sonar-sign train_{params.kind} {params.inputs} {params.sonar} {params.settings}"
        " --output {output.checkpoint} --training-dir {params.training_dir}"
        " --device {params.device} --threads {threads} > {log} 2>&1"


use rule train as train_joint with:
    output:
        checkpoint=f"{CHECKPOINTS}/best.pt",
        sign_encoder=f"{CHECKPOINTS}/sign_encoder.pt",
        curves=f"{CHECKPOINTS}/curves.csv",
    wildcard_constraints:
        training=FILES.training_pattern(joint=True),


use rule train as train_decoder with:
    output:
        checkpoint=f"{CHECKPOINTS}/best.pt",
        decoder=f"{CHECKPOINTS}/sonar_decoder.pt",
        curves=f"{CHECKPOINTS}/curves.csv",
    wildcard_constraints:
        training=FILES.training_pattern(decoder=True),
