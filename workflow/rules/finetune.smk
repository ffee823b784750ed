"""The two stages of fine-tuning."""

CLIPS = "results/{corpus}/clips/{split}/{shard}.tar"
STAGE1_FEATURES = "results/{corpus}/features/stage1/{split}/{shard}.npy"
TRAINING_TARGETS = [f"results/{corpus}/targets/train.npy" for corpus in TRAINING]


rule finetune_stage1:
    input:
        train_clips=training_shards(CLIPS),
        val_clips=shards(CLIPS, split="val"),
        train_targets=TRAINING_TARGETS,
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
    conda:
        "../envs/sonar-sign.yaml"
    threads: 1 + config["finetune"]["stage1"]["num_workers"]
    params:
        sonar=config["models"]["sonar"],
        train_clips=repeat("train-clips", "train_clips"),
        val_clips=repeat("val-clips", "val_clips"),
        train_targets=repeat("train-targets", "train_targets"),
        training_dir="results/{corpus}/training/stage1",
        settings=flags(config["finetune"]["stage1"]),
        losses=flags(config["finetune"]["losses"]),
        augmentation=flags(config["finetune"]["augment"]),
        compat=config["extract"]["compat"],
        language=CAPTIONS,
        seed=config["seed"],
        device=config["device"],
        recipe=1,
    message:
        "Stage 1: fine-tuning SignHiera on {wildcards.corpus}"
    shell:
        "sonar-sign finetune_stage1 {params.train_clips} {params.val_clips}"
        " {params.train_targets} --val-targets {input.val_targets}"
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
        val_targets="results/{corpus}/targets/val.npy",
        val_manifest="results/{corpus}/manifests/val.tsv",
        sign_encoder=config["models"]["sign_encoder"],
        sonar=sonar_files,
    output:
        checkpoint="results/{corpus}/checkpoints/stage2/best.pt",
        curves="results/{corpus}/checkpoints/stage2/curves.csv",
    log:
        "results/{corpus}/logs/finetune_stage2.log",
    benchmark:
        "results/{corpus}/benchmarks/finetune_stage2.tsv"
    conda:
        "../envs/sonar-sign.yaml"
    threads: 1 + config["finetune"]["stage2"]["num_workers"]
    params:
        sonar=config["models"]["sonar"],
        train_features=repeat("train-features", "train_features"),
        val_features=repeat("val-features", "val_features"),
        train_targets=repeat("train-targets", "train_targets"),
        training_dir="results/{corpus}/training/stage2",
        settings=flags(config["finetune"]["stage2"]),
        losses=flags(config["finetune"]["losses"]),
        language=CAPTIONS,
        seed=config["seed"],
        device=config["device"],
        recipe=1,
    message:
        "Stage 2: fine-tuning the sign encoder on {wildcards.corpus}"
    shell:
        "sonar-sign finetune_stage2 {params.train_features} {params.val_features}"
        " {params.train_targets} --val-targets {input.val_targets}"
        " --val-manifest {input.val_manifest} --sign-encoder {input.sign_encoder:q}"
        " --sonar {params.sonar:q} --output {output.checkpoint}"
        " --training-dir {params.training_dir} {params.settings} {params.losses}"
        " --language {params.language} --seed {params.seed} --device {params.device}"
        " --threads {threads} > {log} 2>&1"
