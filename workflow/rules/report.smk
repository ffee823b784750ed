"""What people look at: the pictures of `snakemake --report`, and the gallery."""

PICTURES = {
    "metrics.svg": ("Results", "metrics with intervals"),
    "comparison.html": ("Results", "all numbers"),
    "speed.svg": ("Results", "speed and quality"),
    "reference_length.svg": ("Where it is good", "by length of the reference"),
    "duration.svg": ("Where it is good", "by duration"),
    "signer.svg": ("Where it is good", "by signer"),
    "word_frequency.svg": ("Where it is good", "by frequency of words"),
    "curves.svg": ("Training", "training curves"),
    "dropped.svg": ("Corpus", "dropped clips by reason"),
}
TRAINED_FOR = (
    ("stage1", "stage1"),
    ("stage2", "finetuned"),
    ("landmarks", "landmarks"),
    ("fused", "fused"),
)
TRAINED = [stage for stage, system in TRAINED_FOR if system in config["systems"]]


rule plot:
    input:
        comparison="results/{corpus}/comparison.json",
        curves=[f"results/{{corpus}}/checkpoints/{stage}/curves.csv" for stage in TRAINED],
        dropped=lambda wildcards: tables_of_splits(wildcards, "{split}.dropped.tsv"),
    output:
        [
            report(
                f"results/{{corpus}}/report/{name}",
                caption=f"../report/{Path(name).stem}.rst",
                category=category,
                labels={"picture": label},
            )
            for name, (category, label) in PICTURES.items()
        ],
    log:
        "results/{corpus}/logs/plot.log",
    benchmark:
        "results/{corpus}/benchmarks/plot.tsv"
    conda:
        "../envs/evaluation.yaml"
    params:
        curves=lambda wildcards, input: repeated("curves", named(input.curves, "parent")),
        dropped=lambda wildcards, input: repeated("dropped", named(input.dropped, "split")),
        folder=lambda wildcards, output: str(Path(output[0]).parent),
        recipe=1,
    message:
        "Drawing the report of {wildcards.corpus}"
    shell:
        "sonar-sign plot --comparison {input.comparison} {params.curves} {params.dropped}"
        " --output {params.folder} > {log} 2>&1"


rule gallery:
    input:
        predictions=[
            f"results/{{corpus}}/predictions/{system}/{EVALUATED}.tsv"
            for system in config["systems"]
        ],
        manifest=f"results/{{corpus}}/manifests/{EVALUATED}.tsv",
        clips=clips_of_gallery,
    output:
        page="results/{corpus}/report/index.html",
        clips=[directory("results/{corpus}/report/clips")] if SHOWS_VIDEOS else [],
    log:
        "results/{corpus}/logs/gallery.log",
    benchmark:
        "results/{corpus}/benchmarks/gallery.tsv"
    conda:
        "../envs/evaluation.yaml"
    params:
        predictions=lambda wildcards, input: repeated(
            "predictions", named(input.predictions, "parent")
        ),
        clips=repeat("clips", "clips"),
        folder=lambda wildcards, output: str(Path(output.page).parent),
        recipe=1,
    message:
        "Making the gallery of {wildcards.corpus}"
    shell:
        "sonar-sign gallery {params.predictions} --manifest {input.manifest} {params.clips}"
        " --output {params.folder} > {log} 2>&1"
