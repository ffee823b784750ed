"""The public models, downloaded, or copied from where they already are."""


rule fetch_model:
    output:
        f"{PUBLIC_MODELS}/{{file}}",
    log:
        "results/logs/fetch_model/{file}.log",
    benchmark:
        "results/benchmarks/fetch_model/{file}.tsv"
    wildcard_constraints:
        file="|".join([*PUBLIC_FILES, *[f"sonar/{file}" for file in SONAR_FILES]]),
    conda:
        "../envs/corpus.yaml"
    params:
        name=model_name,
        source=lambda wildcards: FILES.model_source(model_name(wildcards)),
        recipe=1,
    message:
        "Fetching {wildcards.file}"
    shell:
        "sonar-sign fetch_model --name {params.name} --output {output} {params.source}"
        " > {log} 2>&1"


# A config with a section `demo` makes corpora and stand-ins for these models itself.
if "demo" in config:

    include: "demo.smk"
