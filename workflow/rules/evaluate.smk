"""Features to predictions, predictions to metrics, samples and the comparison."""

EVALUATED = config["evaluate"]["split"]
_PREDICTIONS = "results/{corpus}/predictions/{system}/{split}"
PREDICTION_TABLES = [
    f"{_PREDICTIONS}.tsv",
    *[f"{_PREDICTIONS}.{language}.tsv" for language in OTHER_LANGUAGES],
]


rule predict:
    input:
        features=features_of_system(".npy"),
        timings=features_of_system(".timings.json"),
        crop_timings=shards("results/{corpus}/clips/{split}/{shard}.timings.json"),
        sign_encoder=sign_encoder_of_system,
        sign_hiera=sign_hiera_of_system,
        sonar=sonar_files,
        decoder=decoder_of_system,
        landmarks=landmarks_of_system(".npy"),
        landmark_timings=landmarks_of_system(".timings.json"),
        landmark_model=landmark_model_of_system,
        targets="results/{corpus}/targets/{split}.npy",
    output:
        tables=PREDICTION_TABLES,
        run_info=[table.removesuffix(".tsv") + ".json" for table in PREDICTION_TABLES],
    log:
        "results/{corpus}/logs/predict/{system}/{split}.log",
    benchmark:
        "results/{corpus}/benchmarks/predict/{system}/{split}.tsv"
    wildcard_constraints:
        system="|".join(FEATURES_OF),
    conda:
        "../envs/models.yaml"
    params:
        sonar=config["models"]["sonar"],
        features=repeat("features", "features"),
        timings=lambda wildcards, input: repeated("timings", [*input.crop_timings, *input.timings]),
        languages=repeated("language", [CAPTIONS, *OTHER_LANGUAGES]),
        outputs=lambda wildcards, output: repeated("output", output.tables),
        settings=flags(config["predict"]),
        decoder=repeat("sonar-decoder", "decoder"),
        landmarks=repeat("landmarks", "landmarks"),
        landmark_timings=repeat("timings", "landmark_timings"),
        landmark_model=repeat("landmark-model", "landmark_model"),
        seed=config["seed"],
        device=config["device"],
        recipe=3,
    message:
        "Translating {wildcards.corpus}, {wildcards.split}, with {wildcards.system}"
    shell:
        "sonar-sign predict {params.features} {params.timings}"
        " --sign-encoder {input.sign_encoder:q} --sign-hiera {input.sign_hiera:q}"
        " --sonar {params.sonar:q} {params.decoder} {params.languages} {params.outputs}"
        " --targets {input.targets}"
        " {params.landmarks} {params.landmark_timings} {params.landmark_model}"
        " --system {wildcards.system} {params.settings} --seed {params.seed}"
        " --device {params.device} --threads {threads} > {log} 2>&1"


rule evaluate:
    input:
        predictions=f"results/{{corpus}}/predictions/{{system}}/{EVALUATED}.tsv",
        run_info=f"results/{{corpus}}/predictions/{{system}}/{EVALUATED}.json",
        manifest=f"results/{{corpus}}/manifests/{EVALUATED}.tsv",
    output:
        metrics="results/{corpus}/metrics/{system}.json",
        statistics="results/{corpus}/metrics/{system}.npz",
    log:
        "results/{corpus}/logs/evaluate/{system}.log",
    benchmark:
        "results/{corpus}/benchmarks/evaluate/{system}.tsv"
    conda:
        "../envs/evaluation.yaml"
    params:
        settings=flags(config["evaluate"], "split"),
        language=CAPTIONS,
        recipe=3,
    message:
        "Scoring {wildcards.system} on {wildcards.corpus}"
    shell:
        "sonar-sign evaluate --predictions {input.predictions} --run-info {input.run_info}"
        " --manifest {input.manifest} --output {output.metrics} --caption-language {params.language}"
        " {params.settings} > {log} 2>&1"


rule evaluate_language:
    input:
        predictions=f"results/{{corpus}}/predictions/{{system}}/{EVALUATED}.{{language}}.tsv",
        run_info=f"results/{{corpus}}/predictions/{{system}}/{EVALUATED}.{{language}}.json",
        manifest=f"results/{{corpus}}/manifests/{EVALUATED}.tsv",
        references=f"results/{{corpus}}/captions/{EVALUATED}.{{language}}.tsv",
    output:
        metrics="results/{corpus}/metrics/{system}.{language}.json",
        statistics="results/{corpus}/metrics/{system}.{language}.npz",
    log:
        "results/{corpus}/logs/evaluate/{system}.{language}.log",
    benchmark:
        "results/{corpus}/benchmarks/evaluate/{system}.{language}.tsv"
    conda:
        "../envs/evaluation.yaml"
    params:
        settings=flags(config["evaluate"], "split"),
        language=CAPTIONS,
        recipe=3,
    message:
        "Scoring {wildcards.system} in {wildcards.language} on {wildcards.corpus}"
    shell:
        "sonar-sign evaluate --predictions {input.predictions} --run-info {input.run_info}"
        " --manifest {input.manifest} --references {input.references} --output {output.metrics}"
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
        recipe=2,
    message:
        "Choosing samples of {wildcards.system} on {wildcards.corpus}"
    shell:
        "sonar-sign sample --predictions {input.predictions} --manifest {input.manifest}"
        " --output {output} {params.settings} > {log} 2>&1"


rule generate:
    input:
        [f"results/{NAME}/samples/{system}.json" for system in config["systems"]],


rule compare:
    input:
        metrics=metrics_of_all_systems("json"),
        statistics=metrics_of_all_systems("npz"),
        manifest=f"results/{{corpus}}/manifests/{EVALUATED}.tsv",
        training=captions_of_training(EVALUATED),
    output:
        json="results/{corpus}/comparison.json",
        markdown="results/{corpus}/comparison.md",
    log:
        "results/{corpus}/logs/compare.log",
    benchmark:
        "results/{corpus}/benchmarks/compare.tsv"
    conda:
        "../envs/evaluation.yaml"
    params:
        training=repeat("training", "training"),
        language=CAPTIONS,
        # The literature's rows are of the real How2Sign only.
        published=flags(
            {} if CORPORA[NAME]["root"] == HOWTO_ROOT else {"corpus_type": CORPORA[NAME]["type"]}
        ),
        split=EVALUATED,
        folder=lambda wildcards, output: str(Path(output.json).parent),
        settings=flags(config["evaluate"], "split"),
        seed=config["seed"],
        recipe=3,
    message:
        "Comparing all systems on {wildcards.corpus}"
    shell:
        "sonar-sign compare {input.metrics:q} --output {params.folder}"
        " --manifest {input.manifest} {params.training} --language {params.language}"
        " {params.published} --split {params.split} {params.settings} --seed {params.seed}"
        " > {log} 2>&1"
