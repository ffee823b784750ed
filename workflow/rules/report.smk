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


# Of a config's own comparison where it has one.
COMPARED = FILES.compared.replace(FILES.results, "results/{corpus}", 1)


rule plot:
    input:
        comparison=f"{COMPARED}/comparison.json",
        # Read beside it.
        timings=f"{COMPARED}/comparison.timings.json",
        curves=FILES.curves(),
        dropped=lambda wildcards: FILES.manifests(wildcards.corpus, "{split}.dropped.tsv"),
    output:
        [
            report(
                f"{COMPARED}/report/{name}",
                caption=f"../report/{Path(name).stem}.rst",
                category=category,
                labels={"picture": label},
            )
            for name, (category, label) in PICTURES.items()
        ],
    log:
        f"{COMPARED}/logs/plot.log",
    benchmark:
        f"{COMPARED}/benchmarks/plot.tsv"
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
        predictions=FILES.shown_predictions(),
        manifest=f"results/{{corpus}}/manifests/{EVALUATED}.tsv",
        clips=lambda wildcards: (
            FILES.shards("clips/{split}/{shard}.tar", wildcards.corpus, EVALUATED)
            if FILES.shows_videos
            else []
        ),
        speech=FILES.spoken(),
    output:
        page=f"{COMPARED}/report/index.html",
        clips=[directory(f"{COMPARED}/report/clips")] if FILES.shows_videos else [],
        speech=[directory(f"{COMPARED}/report/speech")] if FILES.spoken() else [],
    log:
        f"{COMPARED}/logs/gallery.log",
    benchmark:
        f"{COMPARED}/benchmarks/gallery.tsv"
    conda:
        "../envs/evaluation.yaml"
    params:
        # Not from the input: Snakemake notices no change of what is made from it.
        predictions=repeated("predictions", named(FILES.shown_predictions(), "parent")),
        clips=repeat("clips", "clips"),
        speech=repeated("speech", named(FILES.spoken(), "system")),
        folder=lambda wildcards, output: str(Path(output.page).parent),
        language=FILES.captions,
        recipe=2,
    message:
        "Making the gallery of {wildcards.corpus}"
    shell:
        "sonar-sign gallery {params.predictions} --manifest {input.manifest} {params.clips}"
        " {params.speech} --output {params.folder} --language {params.language} > {log} 2>&1"


rule speech_page:
    input:
        FILES.spoken(),
    output:
        report(
            f"{COMPARED}/report/speech.html",
            caption="../report/speech.rst",
            category="Look inside",
            labels={"picture": "translations, spoken"},
        ),
    log:
        f"{COMPARED}/logs/speech_page.log",
    benchmark:
        f"{COMPARED}/benchmarks/speech_page.tsv"
    conda:
        "../envs/evaluation.yaml"
    params:
        speech=repeated("speech", named(FILES.spoken(), "system")),
        recipe=1,
    message:
        "Making the page of what was spoken of {wildcards.corpus}"
    shell:
        "sonar-sign speech_page {params.speech} --output {output} > {log} 2>&1"


rule plot_attention:
    input:
        f"results/{{corpus}}/predictions/{{system}}/{EVALUATED}.attention.npz",
    output:
        report(
            f"{COMPARED}/report/attention.{{system}}.svg",
            caption="../report/attention.rst",
            category="Look inside",
            labels={"picture": "attention of {system} over time"},
        ),
    log:
        f"{COMPARED}/logs/plot_attention/{{system}}.log",
    benchmark:
        f"{COMPARED}/benchmarks/plot_attention/{{system}}.tsv"
    wildcard_constraints:
        system=FILES.system_pattern(landmarks_only=True),
    conda:
        "../envs/evaluation.yaml"
    params:
        recipe=1,
    message:
        "Drawing where {wildcards.system} of {wildcards.corpus} looks"
    shell:
        "sonar-sign plot_attention --attention {input} --output {output} > {log} 2>&1"
