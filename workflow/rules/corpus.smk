"""Annotations and videos to clip shards."""


rule prepare:
    input:
        annotations=lambda wildcards: FILES.annotations(**wildcards),
        further=lambda wildcards: FILES.further_annotations(**wildcards),
    output:
        manifest="results/{corpus}/manifests/{split}.tsv",
        dropped="results/{corpus}/manifests/{split}.dropped.tsv",
        clamped="results/{corpus}/manifests/{split}.clamped.tsv",
    log:
        "results/{corpus}/logs/prepare/{split}.log",
    benchmark:
        "results/{corpus}/benchmarks/prepare/{split}.tsv"
    conda:
        "../envs/corpus.yaml"
    params:
        corpus_type=corpus_reading,
        root=root_of,
        # No output: what is known of the video files outlives a run that fails.
        probes="results/{corpus}/probes/{split}.tsv",
        settings=flags(config["prepare"]),
        recipe=4,
    message:
        "Preparing the manifest of {wildcards.corpus}, {wildcards.split}"
    shell:
        "sonar-sign prepare --corpus-type {params.corpus_type} --root {params.root:q}"
        " --split {wildcards.split} --manifest {output.manifest} --dropped {output.dropped}"
        " --clamped {output.clamped} --probes {params.probes} {params.settings} --workers 4"
        " > {log} 2>&1"


rule summarise:
    input:
        manifests=lambda wildcards: FILES.manifests(wildcards.corpus, "{split}.tsv"),
        dropped=lambda wildcards: FILES.manifests(wildcards.corpus, "{split}.dropped.tsv"),
        clamped=lambda wildcards: FILES.manifests(wildcards.corpus, "{split}.clamped.tsv"),
        sentences=lambda wildcards: FILES.sentence_tables(wildcards.corpus),
    output:
        summary="results/{corpus}/manifests/summary.json",
        plot=report(
            "results/{corpus}/manifests/durations.svg",
            caption="../report/durations.rst",
            category="Corpus",
            labels={"picture": "durations"},
        ),
    log:
        "results/{corpus}/logs/summarise.log",
    benchmark:
        "results/{corpus}/benchmarks/summarise.tsv"
    conda:
        "../envs/corpus.yaml"
    params:
        corpus_type=corpus_type,
        manifests=repeat("manifest", "manifests"),
        sentences=repeat("sentences", "sentences"),
        recipe=2,
    message:
        "Counting what {wildcards.corpus} holds"
    shell:
        "sonar-sign summarise --corpus {wildcards.corpus} --corpus-type {params.corpus_type}"
        " {params.manifests} {params.sentences} --output {output.summary} --plot {output.plot} > {log} 2>&1"


rule captions:
    input:
        annotations=lambda wildcards: FILES.annotations(**wildcards),
        manifest="results/{corpus}/manifests/{split}.tsv",
    output:
        "results/{corpus}/captions/{split}.{language}.tsv",
    log:
        "results/{corpus}/logs/captions/{split}.{language}.log",
    benchmark:
        "results/{corpus}/benchmarks/captions/{split}.{language}.tsv"
    conda:
        "../envs/corpus.yaml"
    params:
        corpus_type=corpus_reading,
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
            f"shard_{_corpus}_{_split}"
        input:
            f"results/{_corpus}/manifests/{_split}.tsv",
        output:
            [
                f"results/{_corpus}/shards/{_split}/{shard}.tsv"
                for shard in FILES.shard_names(_corpus, _split)
            ],
        log:
            f"results/{_corpus}/logs/shard/{_split}.log",
        benchmark:
            f"results/{_corpus}/benchmarks/shard/{_split}.tsv"
        conda:
            "../envs/corpus.yaml"
        params:
            outputs=lambda wildcards, output: repeated("output", output),
            # Snakemake notices no change in what asks for `output`.
            n_shards=len(FILES.shard_names(_corpus, _split)),
            recipe=1,
        message:
            "Assigning clips to shards"
        shell:
            "sonar-sign shard --manifest {input} {params.outputs} > {log} 2>&1"


rule crop:
    input:
        shard=shard_file,
        videos=videos,
        face_model=face_model,
    output:
        clips="results/{corpus}/clips/{split}/{shard}.tar",
        timings="results/{corpus}/clips/{split}/{shard}.timings.json",
    log:
        "results/{corpus}/logs/crop/{split}/{shard}.log",
    benchmark:
        "results/{corpus}/benchmarks/crop/{split}/{shard}.tsv"
    conda:
        "../envs/corpus.yaml"
    params:
        root=root_of,
        corpus_type=corpus_type,
        # No output: all shards share it, and what is found outlives a run that fails.
        faces="results/{corpus}/faces",
        settings=flags(config["crop"]),
        face_model=repeat("face-model", "face_model"),
        recipe=6,
    message:
        "Cropping shard {wildcards.shard} of {wildcards.corpus}, {wildcards.split}"
    shell:
        "sonar-sign crop --shard {input.shard} --corpus-type {params.corpus_type}"
        " --root {params.root:q} --output {output.clips} --timings {output.timings}"
        " --faces {params.faces}"
        " {params.face_model} {params.settings} > {log} 2>&1"
