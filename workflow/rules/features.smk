"""Clips to features, captions to targets."""


rule extract:
    input:
        clips=clips_of_shard,
        checkpoint=checkpoint_of_encoder,
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


rule embed_text:
    input:
        manifest="results/{corpus}/manifests/{split}.tsv",
        sonar=sonar_files,
    output:
        targets="results/{corpus}/targets/{split}.npy",
        index="results/{corpus}/targets/{split}.parquet",
    log:
        "results/{corpus}/logs/embed_text/{split}.log",
    benchmark:
        "results/{corpus}/benchmarks/embed_text/{split}.tsv"
    priority: 5
    conda:
        "../envs/models.yaml"
    params:
        sonar=config["models"]["sonar"],
        language=CAPTIONS,
        device=config["device"],
        recipe=1,
    message:
        "Embedding the captions of {wildcards.corpus}, {wildcards.split}"
    shell:
        "sonar-sign embed_text --manifest {input.manifest} --sonar {params.sonar:q}"
        " --output {output.targets} --language {params.language} --device {params.device}"
        " --threads {threads} > {log} 2>&1"


rule embed_text_further:
    input:
        captions="results/{corpus}/captions/{split}.{language}.tsv",
        sonar=sonar_files,
    output:
        targets="results/{corpus}/targets/{split}.{language}.npy",
        index="results/{corpus}/targets/{split}.{language}.parquet",
    log:
        "results/{corpus}/logs/embed_text/{split}.{language}.log",
    benchmark:
        "results/{corpus}/benchmarks/embed_text/{split}.{language}.tsv"
    priority: 5
    conda:
        "../envs/models.yaml"
    params:
        sonar=config["models"]["sonar"],
        device=config["device"],
        recipe=1,
    message:
        "Embedding the {wildcards.language} captions of {wildcards.corpus}, {wildcards.split}"
    shell:
        "sonar-sign embed_text --manifest {input.captions} --sonar {params.sonar:q}"
        " --output {output.targets} --language {wildcards.language} --device {params.device}"
        " --threads {threads} > {log} 2>&1"
