"""The two stages of fine-tuning."""

CLIPS = "results/{corpus}/clips/{split}/{shard}.tar"
STAGE1_FEATURES = "results/{corpus}/features/stage1/{split}/{shard}.npy"


rule finetune_stage1:
    input:
        train_clips=training_shards(CLIPS),
        val_clips=shards(CLIPS, split="val"),
        train_targets=TRAINING_TARGETS,
        train_manifests=TRAINING_MANIFESTS,
        further_targets=FURTHER_TARGETS,
        further_captions=FURTHER_CAPTIONS,
        val_targets="results/{corpus}/targets/val.npy",
        val_manifest="results/{corpus}/manifests/val.tsv",
        sign_hiera=config["models"]["sign_hiera"],
        sign_encoder=config["models"]["sign_encoder"],
        sonar=sonar_files,
    output:
        checkpoint="results/{corpus}/checkpoints/stage1/best.pt",
        curves="results/{corpus}/checkpoints/stage1/curves.csv",
    log:
        "results/{corpus}/logs/finetune_stage1.log",
    benchmark:
        "results/{corpus}/benchmarks/finetune_stage1.tsv"
    retries: 2
    conda:
        "../envs/models.yaml"
    threads: 1 + config["finetune"]["stage1"]["num_workers"]
    params:
        sonar=config["models"]["sonar"],
        train_clips=repeat("train-clips", "train_clips"),
        val_clips=repeat("val-clips", "val_clips"),
        teaching=teaching,
        training_dir="results/{corpus}/training/stage1",
        settings=flags(config["finetune"]["stage1"]),
        losses=flags(config["finetune"]["losses"]),
        augmentation=flags(config["finetune"]["augment"]),
        compat=config["extract"]["compat"],
        language=CAPTIONS,
        seed=config["seed"],
        device=config["device"],
        recipe=2,
    message:
        "Stage 1: fine-tuning SignHiera on {wildcards.corpus}"
    shell:
        "sonar-sign finetune_stage1 {params.train_clips} {params.val_clips}"
        " {params.teaching} --val-targets {input.val_targets}"
        " --val-manifest {input.val_manifest} --sign-hiera {input.sign_hiera:q}"
        " --sign-encoder {input.sign_encoder:q} --sonar {params.sonar:q}"
        " --output {output.checkpoint} --training-dir {params.training_dir}"
        " {params.settings} {params.losses} {params.augmentation} --compat {params.compat}"
        " --language {params.language} --seed {params.seed} --device {params.device}"
        " --threads {threads} > {log} 2>&1"


rule finetune_stage2:
    input:
        train_features=training_shards(STAGE1_FEATURES),
        val_features=shards(STAGE1_FEATURES, split="val"),
        train_targets=TRAINING_TARGETS,
        train_manifests=TRAINING_MANIFESTS,
        further_targets=FURTHER_TARGETS,
        further_captions=FURTHER_CAPTIONS,
        val_targets="results/{corpus}/targets/val.npy",
        val_manifest="results/{corpus}/manifests/val.tsv",
        sign_encoder=config["models"]["sign_encoder"],
        sonar=sonar_files,
    output:
        checkpoint="results/{corpus}/checkpoints/stage2/best.pt",
        curves="results/{corpus}/checkpoints/stage2/curves.csv",
        decoder=TRAINED_DECODER,
    log:
        "results/{corpus}/logs/finetune_stage2.log",
    benchmark:
        "results/{corpus}/benchmarks/finetune_stage2.tsv"
    retries: 2
    conda:
        "../envs/models.yaml"
    threads: 1 + config["finetune"]["stage2"]["num_workers"]
    params:
        sonar=config["models"]["sonar"],
        train_features=repeat("train-features", "train_features"),
        val_features=repeat("val-features", "val_features"),
        teaching=teaching,
        training_dir="results/{corpus}/training/stage2",
        settings=flags(config["finetune"]["stage2"]),
        losses=flags(config["finetune"]["losses"]),
        decoder=flags(config["finetune"]["decoder"]),
        language=CAPTIONS,
        seed=config["seed"],
        device=config["device"],
        recipe=2,
    message:
        "Stage 2: fine-tuning the sign encoder on {wildcards.corpus}"
    shell:
        "sonar-sign finetune_stage2 {params.train_features} {params.val_features}"
        " {params.teaching} --val-targets {input.val_targets}"
        " --val-manifest {input.val_manifest} --sign-encoder {input.sign_encoder:q}"
        " --sonar {params.sonar:q} --output {output.checkpoint}"
        " --training-dir {params.training_dir} {params.settings} {params.losses}"
        " {params.decoder} --language {params.language} --seed {params.seed} --device {params.device}"
        " --threads {threads} > {log} 2>&1"
