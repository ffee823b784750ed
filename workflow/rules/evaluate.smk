"""Predictions to metrics, samples and the comparison."""

SYSTEM_LABELS = "|".join(
    [FILES.system_pattern(landmarks_only=False), FILES.system_pattern(landmarks_only=True)]
)


rule evaluate:
    input:
        unpack(lambda wildcards: FILES.score_inputs(**wildcards)),
    output:
        metrics="results/{corpus}/metrics/{scored}.json",
        statistics="results/{corpus}/metrics/{scored}.npz",
    log:
        "results/{corpus}/logs/evaluate/{scored}.log",
    benchmark:
        "results/{corpus}/benchmarks/evaluate/{scored}.tsv"
    wildcard_constraints:
        # A system, its seed where it is another one than the config's, a further language.
        scored=rf"({SYSTEM_LABELS})(\.[a-z]{{3}}_[A-Z][a-z]{{3}})?",
    conda:
        "../envs/evaluation.yaml"
    params:
        inputs=lambda wildcards, input: input_flags(dict(input.items())),
        # Further references are an input.
        settings=flags(config["evaluate"], "split", "further_references"),
        language=FILES.captions,
        recipe=8,
    message:
        "Scoring {wildcards.scored} on {wildcards.corpus}"
    shell:
        "sonar-sign evaluate {params.inputs} --output {output.metrics}"
        " --caption-language {params.language} {params.settings} > {log} 2>&1"


rule sample:
    input:
        predictions=f"results/{{corpus}}/predictions/{{system}}/{EVALUATED}.tsv",
        manifest=f"results/{{corpus}}/manifests/{EVALUATED}.tsv",
    output:
        "results/{corpus}/samples/{system}.json",
    log:
        "results/{corpus}/logs/sample/{system}.log",
    benchmark:
        "results/{corpus}/benchmarks/sample/{system}.tsv"
    conda:
        "../envs/evaluation.yaml"
    params:
        settings=flags(config["sample"]),
        language=FILES.captions,
        recipe=2,
    message:
        "Choosing samples of {wildcards.system} on {wildcards.corpus}"
    shell:
        "sonar-sign sample --predictions {input.predictions} --manifest {input.manifest}"
        " --output {output} --language {params.language} {params.settings} > {log} 2>&1"


rule generate:
    input:
        FILES.samples(),


rule compare:
    input:
        metrics=FILES.scores("json"),
        statistics=FILES.scores("npz"),
        manifest=f"results/{NAME}/manifests/{EVALUATED}.tsv",
        training=FILES.training_captions(),
        timings=FILES.timings(),
    output:
        json=f"{FILES.compared}/comparison.json",
        timings=f"{FILES.compared}/comparison.timings.json",
        markdown=f"{FILES.compared}/comparison.md",
        paper=multiext(f"{FILES.compared}/comparison", ".tex", ".csv", ".bib"),
    log:
        f"{FILES.compared}/logs/compare.log",
    benchmark:
        f"{FILES.compared}/benchmarks/compare.tsv"
    conda:
        "../envs/evaluation.yaml"
    params:
        # The order of the systems is the order of the rows.
        metrics=FILES.scores("json"),
        training=repeat("training", "training"),
        timings=repeat("timings", "timings"),
        language=FILES.captions,
        corpus_type=CORPORA[NAME]["type"],
        split=EVALUATED,
        folder=lambda wildcards, output: str(Path(output.json).parent),
        settings=flags(config["evaluate"], "split"),
        seed=config["seed"],
        recipe=8,
    message:
        f"Comparing all systems on {NAME}"
    shell:
        "sonar-sign compare {input.metrics:q} --output {params.folder}"
        " --manifest {input.manifest} {params.training} {params.timings} --language {params.language}"
        " --corpus-type {params.corpus_type} --split {params.split} {params.settings}"
        " --seed {params.seed} --quiet > {log} 2>&1"
