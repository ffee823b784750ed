"""Predictions to speech."""


rule speak:
    input:
        unpack(lambda wildcards: FILES.speech_inputs(**wildcards)),
    output:
        directory("results/{corpus}/speech/{system}/{language}"),
    log:
        "results/{corpus}/logs/speak/{system}/{language}.log",
    benchmark:
        "results/{corpus}/benchmarks/speak/{system}/{language}.tsv"
    conda:
        "../envs/speech.yaml"
    params:
        inputs=lambda wildcards, input: input_flags(dict(input.items()), "predictions", "weights"),
        settings=lambda wildcards: FILES.speech_flags(wildcards.language),
        recipe=1,
    message:
        "Speaking {wildcards.system} of {wildcards.corpus} in {wildcards.language}"
    shell:
        "sonar-sign speak {input.predictions} --output {output} {params.inputs} {params.settings}"
        " --keep-going > {log} 2>&1"
