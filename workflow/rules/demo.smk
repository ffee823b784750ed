"""The embedded corpora, and stand-ins for the public models pretrained on the news one."""

from sonar_sign.operations.config_corpora import drawn_roots

DEMO = config["demo"]
DEMO_MODELS = f"resources/models/{DEMO['folder']}"
HOWTO_ROOT, NEWS_ROOT = drawn_roots(config)
NEWS = DEMO["pretraining_corpus"]


# News first, on all cores: the long way through pretraining begins with it. Howto is drawn beside
# that.
for _domain, _root, _threads, _priority in (
    ("news", NEWS_ROOT, 2, 10),
    ("howto", HOWTO_ROOT, 1, 0),
):

    rule:
        name:
            f"make_{_domain}_corpus"
        output:
            corpus_files(_root, DEMO[_domain]),
        log:
            f"results/{NEWS}/logs/make_{_domain}_corpus.log",
        benchmark:
            f"results/{NEWS}/benchmarks/make_{_domain}_corpus.tsv"
        priority: _priority
        conda:
            "../envs/corpus.yaml"
        threads: _threads
        params:
            domain=_domain,
            root=lambda wildcards, output: str(Path(output[0]).parent),
            clips=flags(DEMO[_domain]),
            clips_per_video=DEMO["clips_per_video"],
            difficulty=flags(DEMO["difficulty"]),
            seed=DEMO["seed"],
            recipe=2,
        message:
            "Rendering an embedded corpus: {params.domain}"
        shell:
            "sonar-sign make_corpus --root {params.root} --domain {params.domain} {params.clips}"
            " --clips-per-video {params.clips_per_video} {params.difficulty} --seed {params.seed}"
            " --workers {threads} > {log} 2>&1"


rule pretrain_sonar:
    input:
        # Only that the corpus is there: its held-out sentences are drawn again from its seed.
        ancient(f"{HOWTO_ROOT}/how2sign_realigned_train.csv"),
    output:
        directory(f"{DEMO_MODELS}/sonar"),
    log:
        f"results/{NEWS}/logs/pretrain_sonar.log",
    benchmark:
        f"results/{NEWS}/benchmarks/pretrain_sonar.tsv"
    priority: 10
    conda:
        "../envs/models.yaml"
    params:
        exclude=lambda wildcards, input: str(Path(input[0]).parent),
        settings=flags(DEMO["sonar"]),
        seed=DEMO["seed"],
        recipe=1,
    message:
        "Pretraining the demo's SONAR"
    shell:
        "sonar-sign pretrain_sonar --folder {output} --exclude {params.exclude}"
        " {params.settings} --seed {params.seed} --threads {threads} > {log} 2>&1"


rule pretrain_sign_hiera:
    input:
        train_clips=shards("clips/{split}/{shard}.tar", corpus=NEWS, split="train"),
        val_clips=shards("clips/{split}/{shard}.tar", corpus=NEWS, split="val"),
        train_manifest=f"results/{NEWS}/manifests/train.tsv",
        val_manifest=f"results/{NEWS}/manifests/val.tsv",
        train_glosses=f"{NEWS_ROOT}/glosses_train.tsv",
        val_glosses=f"{NEWS_ROOT}/glosses_val.tsv",
    output:
        f"{DEMO_MODELS}/sign_hiera.pth",
    log:
        f"results/{NEWS}/logs/pretrain_sign_hiera.log",
    benchmark:
        f"results/{NEWS}/benchmarks/pretrain_sign_hiera.tsv"
    priority: 10
    conda:
        "../envs/models.yaml"
    params:
        train_clips=repeat("train-clips", "train_clips"),
        val_clips=repeat("val-clips", "val_clips"),
        stand_in=flags(DEMO["stand_in"]),
        settings=flags(DEMO["sign_hiera"]),
        augmentation=flags(DEMO["augment"]),
        seed=DEMO["seed"],
        recipe=1,
    message:
        "Pretraining the demo's SignHiera"
    shell:
        "sonar-sign pretrain_sign_hiera {params.train_clips} {params.val_clips}"
        " --train-manifest {input.train_manifest} --val-manifest {input.val_manifest}"
        " --train-glosses {input.train_glosses} --val-glosses {input.val_glosses}"
        " --output {output} {params.stand_in} {params.settings} {params.augmentation}"
        " --seed {params.seed} --threads {threads} > {log} 2>&1"


rule pretrain_sign_encoder:
    input:
        train_features=shards("features/pretrained/{split}/{shard}.npy", corpus=NEWS, split="train"),
        val_features=shards("features/pretrained/{split}/{shard}.npy", corpus=NEWS, split="val"),
        train_targets=f"results/{NEWS}/targets/train.npy",
        val_targets=f"results/{NEWS}/targets/val.npy",
        val_manifest=f"results/{NEWS}/manifests/val.tsv",
        sonar=f"{DEMO_MODELS}/sonar",
    output:
        f"{DEMO_MODELS}/sign_encoder.pth",
    log:
        f"results/{NEWS}/logs/pretrain_sign_encoder.log",
    benchmark:
        f"results/{NEWS}/benchmarks/pretrain_sign_encoder.tsv"
    priority: 10
    conda:
        "../envs/models.yaml"
    threads: 1
    params:
        train_features=repeat("train-features", "train_features"),
        val_features=repeat("val-features", "val_features"),
        training_dir=f"results/{NEWS}/training/sign_encoder",
        stand_in=flags(DEMO["stand_in"]),
        settings=flags(DEMO["sign_encoder"]),
        seed=DEMO["seed"],
        recipe=3,
    message:
        "Pretraining the demo's sign encoder"
    shell:
        "sonar-sign pretrain_sign_encoder {params.train_features} {params.val_features}"
        " --train-targets {input.train_targets} --val-targets {input.val_targets}"
        " --val-manifest {input.val_manifest} --sonar {input.sonar} --output {output}"
        " --training-dir {params.training_dir} {params.stand_in} {params.settings}"
        " --seed {params.seed} --threads {threads} > {log} 2>&1"
