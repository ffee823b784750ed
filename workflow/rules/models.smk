"""The public models, downloaded, or copied from where they already are."""

from sonar_sign.models.fetch import registry

PUBLIC_FILES = {public.file: name for name, public in registry().items()}
SONAR_FILES = [registry()[name].file for name in SONAR_NAMES]


def model_name(wildcards):
    """The registry's name of a file."""
    return PUBLIC_FILES[Path(wildcards.file).name]


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
