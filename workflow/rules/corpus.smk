"""Annotations and videos to clip shards."""


rule prepare:
    input:
        annotations=annotations,
    output:
        manifest="results/{corpus}/manifests/{split}.tsv",
        dropped="results/{corpus}/manifests/{split}.dropped.tsv",
    log:
        "results/{corpus}/logs/prepare/{split}.log",
    benchmark:
        "results/{corpus}/benchmarks/prepare/{split}.tsv"
    conda:
        "../envs/sonar-sign.yaml"
    params:
        corpus_type=lambda wildcards: CORPORA[wildcards.corpus]["type"],
        root=root_of,
        settings=flags(config["prepare"]),
        recipe=1,
    message:
        "Preparing the manifest of {wildcards.corpus}, {wildcards.split}"
    shell:
        "sonar-sign prepare --corpus-type {params.corpus_type} --root {params.root:q}"
        " --split {wildcards.split} --manifest {output.manifest} --dropped {output.dropped}"
        " {params.settings} --workers 4 > {log} 2>&1"


rule captions:
    input:
        annotations=parallel_annotations,
        manifest="results/{corpus}/manifests/{split}.tsv",
    output:
        "results/{corpus}/captions/{split}.{language}.tsv",
    log:
        "results/{corpus}/logs/captions/{split}.{language}.log",
    benchmark:
        "results/{corpus}/benchmarks/captions/{split}.{language}.tsv"
    conda:
        "../envs/sonar-sign.yaml"
    params:
        corpus_type=lambda wildcards: CORPORA[wildcards.corpus]["type"],
        root=root_of,
        recipe=1,
    message:
        "Reading the {wildcards.language} captions of {wildcards.corpus}, {wildcards.split}"
    shell:
        "sonar-sign captions --corpus-type {params.corpus_type} --root {params.root:q}"
        " --split {wildcards.split} --language {wildcards.language}"
        " --manifest {input.manifest} --output {output} > {log} 2>&1"


# The outputs of a checkpoint must be known beforehand, or a dry run could not list what follows
# it. Splits have different numbers of shards, so there is one checkpoint for each.
for _corpus, _split in [
    (corpus, split) for corpus in CORPORA for split in CORPORA[corpus]["shards"]
]:

    checkpoint:
        name:
            checkpoint_name(_corpus, _split)
        input:
            f"results/{_corpus}/manifests/{_split}.tsv",
        output:
            [
                f"results/{_corpus}/shards/{_split}/{shard}.tsv"
                for shard in shard_names(_corpus, _split)
            ],
        log:
            f"results/{_corpus}/logs/shard/{_split}.log",
        benchmark:
            f"results/{_corpus}/benchmarks/shard/{_split}.tsv"
        conda:
            "../envs/sonar-sign.yaml"
        params:
            outputs=lambda wildcards, output: repeated("output", output),
            recipe=1,
        message:
            "Dealing clips to shards"
        shell:
            "sonar-sign shard --manifest {input} {params.outputs} > {log} 2>&1"


rule crop:
    input:
        shard=shard_file,
        videos=videos,
    output:
        "results/{corpus}/clips/{split}/{shard}.tar",
    log:
        "results/{corpus}/logs/crop/{split}/{shard}.log",
    benchmark:
        "results/{corpus}/benchmarks/crop/{split}/{shard}.tsv"
    conda:
        "../envs/sonar-sign.yaml"
    params:
        root=root_of,
        settings=flags(config["crop"]),
        recipe=1,
    message:
        "Cropping shard {wildcards.shard} of {wildcards.corpus}, {wildcards.split}"
    shell:
        "sonar-sign crop --shard {input.shard} --root {params.root:q} --output {output}"
        " {params.settings} > {log} 2>&1"
