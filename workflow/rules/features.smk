"""Clips to features, captions to targets."""


rule extract:
    input:
        clips=clips_of_shard,
        checkpoint=lambda wildcards: FILES.encoder_checkpoint(wildcards.encoder),
    output:
        features="results/{corpus}/features/{encoder}/{split}/{shard}.npy",
        index="results/{corpus}/features/{encoder}/{split}/{shard}.parquet",
        timings="results/{corpus}/features/{encoder}/{split}/{shard}.timings.json",
    log:
        "results/{corpus}/logs/extract/{encoder}/{split}/{shard}.log",
    benchmark:
        "results/{corpus}/benchmarks/extract/{encoder}/{split}/{shard}.tsv"
    # Training waits for features and targets; cropping can go on beside it.
    priority: 5
    conda:
        "../envs/models.yaml"
    threads: 1 + config["extract"]["num_workers"]
    resources:
        # Half of it where memory may not have sufficed. No param: it changes features by rounding only.
        batch_units=lambda wildcards, attempt: max(
            1, config["extract"]["batch_units"] >> (attempt - 1)
        ),
    params:
        settings=flags(config["extract"], "batch_units"),
        device=config["device"],
        recipe=1,
    message:
        "Extracting {wildcards.encoder} features: {wildcards.corpus}, {wildcards.split}, "
        "shard {wildcards.shard}"
    shell:
        "sonar-sign extract --clips {input.clips} --checkpoint {input.checkpoint:q}"
        " --output {output.features} --timings {output.timings} {params.settings}"
        " --batch-units {resources.batch_units} --device {params.device} --threads {threads} > {log} 2>&1"


# In the captions' language, and in further ones whose parallel captions the corpus has:
# `{further}` is empty or such as `.ita_Latn`.
rule embed_text:
    input:
        captions=lambda wildcards: (
            "results/{corpus}/captions/{split}{further}.tsv"
            if wildcards.further
            else "results/{corpus}/manifests/{split}.tsv"
        ),
        sonar=lambda wildcards: FILES.sonar(),
    output:
        targets="results/{corpus}/targets/{split}{further}.npy",
        index="results/{corpus}/targets/{split}{further}.parquet",
    log:
        "results/{corpus}/logs/embed_text/{split}{further}.log",
    benchmark:
        "results/{corpus}/benchmarks/embed_text/{split}{further}.tsv"
    wildcard_constraints:
        further=r"(\.[a-z]{3}_[A-Z][a-z]{3})?",
    priority: 5
    conda:
        "../envs/models.yaml"
    params:
        sonar=config["models"]["sonar"],
        settings=flags(config["targets"]),
        language=lambda wildcards: wildcards.further.removeprefix(".") or FILES.captions,
        device=config["device"],
        recipe=1,
    message:
        "Embedding the captions of {wildcards.corpus}, {wildcards.split}{wildcards.further}"
    shell:
        "sonar-sign embed_text --manifest {input.captions} --sonar {params.sonar:q}"
        " --output {output.targets} --language {params.language} {params.settings}"
        " --device {params.device} --threads {threads} > {log} 2>&1"
