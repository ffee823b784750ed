"""Features or landmarks to predictions."""

PREDICTIONS = "results/{corpus}/predictions/{system}/{split}"
TABLES = [
    f"{PREDICTIONS}{end}.tsv" for end in ("", *(f".{code}" for code in FILES.other_languages))
]


rule predict:
    input:
        unpack(lambda wildcards: FILES.prediction_inputs(**wildcards)),
    output:
        tables=TABLES,
        run_info=[table.removesuffix(".tsv") + ".json" for table in TABLES],
        timings=[table.removesuffix(".tsv") + ".timings.json" for table in TABLES],
    log:
        "results/{corpus}/logs/predict/{system}/{split}.log",
    benchmark:
        "results/{corpus}/benchmarks/predict/{system}/{split}.tsv"
    wildcard_constraints:
        system=FILES.system_pattern(landmarks_only=False),
    conda:
        "../envs/models.yaml"
    params:
        inputs=lambda wildcards, input: input_flags(dict(input.items()), "sonar"),
        sonar=config["models"]["sonar"],
        languages=repeated("language", [FILES.captions, *FILES.other_languages]),
        outputs=lambda wildcards, output: repeated("output", output.tables),
        settings=lambda wildcards: FILES.prediction_flags(wildcards.system),
        device=config["device"],
        recipe=5,
    message:
        "Translating {wildcards.corpus}, {wildcards.split}, with {wildcards.system}"
    shell:
        "sonar-sign predict {params.inputs} --sonar {params.sonar:q} {params.languages}"
        " {params.outputs} {params.settings} --device {params.device} --threads {threads}"
        " > {log} 2>&1"


rule predict_landmarks:
    input:
        unpack(lambda wildcards: FILES.prediction_inputs(**wildcards)),
    output:
        table=f"{PREDICTIONS}.tsv",
        run_info=f"{PREDICTIONS}.json",
        timings=f"{PREDICTIONS}.timings.json",
        attention=f"{PREDICTIONS}.attention.npz",
    log:
        "results/{corpus}/logs/predict/{system}/{split}.log",
    benchmark:
        "results/{corpus}/benchmarks/predict/{system}/{split}.tsv"
    wildcard_constraints:
        system=FILES.system_pattern(landmarks_only=True),
    conda:
        "../envs/models.yaml"
    params:
        inputs=lambda wildcards, input: input_flags(dict(input.items())),
        rows_per_s=config["landmarks"]["fps"],
        settings=lambda wildcards: FILES.prediction_flags(wildcards.system),
        language=FILES.captions,
        device=config["device"],
        recipe=3,
    message:
        "Translating {wildcards.corpus}, {wildcards.split}, with {wildcards.system}"
    shell:
        "sonar-sign predict_landmarks {params.inputs} --output {output.table}"
        " --attention {output.attention} --rows-per-s {params.rows_per_s} {params.settings}"
        " --language {params.language} --device {params.device} --threads {threads} > {log} 2>&1"
