"""A system as one folder, which works anywhere; docs/python.md is about it."""

from sonar_sign.operations.export_files import export_inputs, export_pattern


rule export:
    input:
        unpack(lambda wildcards: export_inputs(FILES, wildcards.system)),
    output:
        directory(f"results/{NAME}/export/{{system}}"),
    log:
        f"results/{NAME}/logs/export/{{system}}.log",
    benchmark:
        f"results/{NAME}/benchmarks/export/{{system}}.tsv"
    wildcard_constraints:
        system=export_pattern(FILES),
    conda:
        "../envs/models.yaml"
    params:
        results=lambda wildcards, output: str(Path(output[0]).parents[1]),
        recipe=1,
    message:
        "Writing {wildcards.system} as a folder"
    shell:
        "sonar-sign export --system {wildcards.system} --results {params.results:q}"
        " --output {output:q} > {log} 2>&1"
