"""The system that translates landmarks: its training, its predictions, where it looks."""

LANDMARKS = "results/{corpus}/landmarks/{split}/{shard}"
LANDMARK_MODEL = config["landmark_model"]
LANDMARK_PRETRAIN = LANDMARK_MODEL["pretrain"]


rule train_landmarks:
    input:
        train_landmarks=training_shards(f"{LANDMARKS}.npy"),
        val_landmarks=shards(f"{LANDMARKS}.npy", split="val"),
        train_manifests=TRAINING_MANIFESTS,
        val_manifest="results/{corpus}/manifests/val.tsv",
        start=(
            "results/{corpus}/checkpoints/landmarks_pretrained/best.pt"
            if LANDMARK_PRETRAIN
            else []
        ),
    output:
        checkpoint="results/{corpus}/checkpoints/landmarks/best.pt",
        curves="results/{corpus}/checkpoints/landmarks/curves.csv",
    log:
        "results/{corpus}/logs/train_landmarks.log",
    benchmark:
        "results/{corpus}/benchmarks/train_landmarks.tsv"
    retries: 2
    conda:
        "../envs/models.yaml"
    threads: 1 + LANDMARK_MODEL["training"].get("num_workers", 0)
    params:
        train_landmarks=repeat("train-landmarks", "train_landmarks"),
        val_landmarks=repeat("val-landmarks", "val_landmarks"),
        train_manifests=repeat("train-manifest", "train_manifests"),
        start=repeat("start", "start"),
        training_dir="results/{corpus}/training/landmarks",
        shape=flags(LANDMARK_MODEL["shape"]),
        augmentation=flags(LANDMARK_MODEL["augment"]),
        settings=flags(LANDMARK_MODEL["training"]),
        language=CAPTIONS,
        seed=config["seed"],
        device=config["device"],
        recipe=1,
    message:
        "Training a transformer on the landmarks of {wildcards.corpus}"
    shell:
        "sonar-sign train_landmarks {params.train_landmarks} {params.val_landmarks}"
        " {params.train_manifests} --val-manifest {input.val_manifest} {params.start}"
        " --output {output.checkpoint} --training-dir {params.training_dir}"
        " {params.shape} {params.augmentation} {params.settings}"
        " --language {params.language} --seed {params.seed} --device {params.device}"
        " --threads {threads} > {log} 2>&1"


if LANDMARK_PRETRAIN:

    rule pretrain_landmarks:
        input:
            train_landmarks=shards(f"{LANDMARKS}.npy", corpus=LANDMARK_PRETRAIN, split="train"),
            # The corpus that it is for says when it has learnt enough.
            val_landmarks=shards(f"{LANDMARKS}.npy", split="val"),
            train_manifest=f"results/{LANDMARK_PRETRAIN}/manifests/train.tsv",
            val_manifest="results/{corpus}/manifests/val.tsv",
            further_captions=TRAINING_MANIFESTS,
        output:
            checkpoint="results/{corpus}/checkpoints/landmarks_pretrained/best.pt",
            curves="results/{corpus}/checkpoints/landmarks_pretrained/curves.csv",
        log:
            "results/{corpus}/logs/pretrain_landmarks.log",
        benchmark:
            "results/{corpus}/benchmarks/pretrain_landmarks.tsv"
        retries: 2
        conda:
            "../envs/models.yaml"
        threads: 1 + LANDMARK_MODEL["training"].get("num_workers", 0)
        params:
            train_landmarks=repeat("train-landmarks", "train_landmarks"),
            val_landmarks=repeat("val-landmarks", "val_landmarks"),
            further_captions=repeat("further-captions", "further_captions"),
            training_dir="results/{corpus}/training/landmarks_pretrained",
            shape=flags(LANDMARK_MODEL["shape"]),
            augmentation=flags(LANDMARK_MODEL["augment"]),
            settings=flags(LANDMARK_MODEL["training"]),
            language=CAPTIONS,
            seed=config["seed"],
            device=config["device"],
            recipe=1,
        message:
            f"Training a transformer on the landmarks of {LANDMARK_PRETRAIN} first"
        shell:
            "sonar-sign train_landmarks {params.train_landmarks} {params.val_landmarks}"
            " --train-manifest {input.train_manifest} --val-manifest {input.val_manifest}"
            " {params.further_captions} --output {output.checkpoint}"
            " --training-dir {params.training_dir} {params.shape} {params.augmentation}"
            " {params.settings} --language {params.language} --seed {params.seed}"
            " --device {params.device} --threads {threads} > {log} 2>&1"


rule train_fused:
    input:
        train_features=training_shards(STAGE1_FEATURES),
        val_features=shards(STAGE1_FEATURES, split="val"),
        train_landmarks=training_shards(f"{LANDMARKS}.npy"),
        val_landmarks=shards(f"{LANDMARKS}.npy", split="val"),
        train_targets=TRAINING_TARGETS,
        train_manifests=TRAINING_MANIFESTS,
        further_targets=FURTHER_TARGETS,
        further_captions=FURTHER_CAPTIONS,
        val_targets="results/{corpus}/targets/val.npy",
        val_manifest="results/{corpus}/manifests/val.tsv",
        sign_encoder="results/{corpus}/checkpoints/stage2/best.pt",
        landmark_model="results/{corpus}/checkpoints/landmarks/best.pt",
        sonar=sonar_files,
    output:
        checkpoint="results/{corpus}/checkpoints/fused/best.pt",
        curves="results/{corpus}/checkpoints/fused/curves.csv",
    log:
        "results/{corpus}/logs/train_fused.log",
    benchmark:
        "results/{corpus}/benchmarks/train_fused.tsv"
    retries: 2
    conda:
        "../envs/models.yaml"
    threads: 1 + config["finetune"]["fused"].get("num_workers", 0)
    params:
        sonar=config["models"]["sonar"],
        train_features=repeat("train-features", "train_features"),
        val_features=repeat("val-features", "val_features"),
        train_landmarks=repeat("train-landmarks", "train_landmarks"),
        val_landmarks=repeat("val-landmarks", "val_landmarks"),
        teaching=teaching,
        training_dir="results/{corpus}/training/fused",
        settings=flags(config["finetune"]["fused"]),
        losses=flags(config["finetune"]["losses"]),
        augmentation=flags(LANDMARK_MODEL["augment"]),
        language=CAPTIONS,
        seed=config["seed"],
        device=config["device"],
        recipe=2,
    message:
        "Letting the sign encoder of {wildcards.corpus} read landmarks too"
    shell:
        "sonar-sign train_fused {params.train_features} {params.val_features}"
        " {params.train_landmarks} {params.val_landmarks}"
        " {params.teaching} --val-targets {input.val_targets}"
        " --val-manifest {input.val_manifest} --sign-encoder {input.sign_encoder:q}"
        " --landmark-model {input.landmark_model} --sonar {params.sonar:q}"
        " --output {output.checkpoint} --training-dir {params.training_dir}"
        " {params.settings} {params.losses} {params.augmentation}"
        " --language {params.language} --seed {params.seed} --device {params.device}"
        " --threads {threads} > {log} 2>&1"


rule predict_landmarks:
    input:
        landmarks=shards(f"{LANDMARKS}.npy"),
        timings=shards(f"{LANDMARKS}.timings.json"),
        model="results/{corpus}/checkpoints/landmarks/best.pt",
    output:
        table="results/{corpus}/predictions/landmarks/{split}.tsv",
        run_info="results/{corpus}/predictions/landmarks/{split}.json",
        attention="results/{corpus}/predictions/landmarks/{split}.attention.npz",
    log:
        "results/{corpus}/logs/predict/landmarks/{split}.log",
    benchmark:
        "results/{corpus}/benchmarks/predict/landmarks/{split}.tsv"
    conda:
        "../envs/models.yaml"
    params:
        landmarks=repeat("landmarks", "landmarks"),
        timings=repeat("timings", "timings"),
        rows_per_s=config["landmarks"]["fps"],
        settings=flags(config["predict"]),
        language=CAPTIONS,
        seed=config["seed"],
        device=config["device"],
        recipe=1,
    message:
        "Translating {wildcards.corpus}, {wildcards.split}, with landmarks"
    shell:
        "sonar-sign predict_landmarks {params.landmarks} {params.timings} --model {input.model}"
        " --output {output.table} --attention {output.attention}"
        " --rows-per-s {params.rows_per_s} {params.settings} --language {params.language}"
        " --seed {params.seed} --device {params.device} --threads {threads} > {log} 2>&1"


rule plot_attention:
    input:
        f"results/{{corpus}}/predictions/landmarks/{EVALUATED}.attention.npz",
    output:
        report(
            "results/{corpus}/report/attention.svg",
            caption="../report/attention.rst",
            category="Look inside",
            labels={"picture": "landmarks' attention over time"},
        ),
    log:
        "results/{corpus}/logs/plot_attention.log",
    benchmark:
        "results/{corpus}/benchmarks/plot_attention.tsv"
    conda:
        "../envs/evaluation.yaml"
    params:
        recipe=1,
    message:
        "Drawing where the landmark model of {wildcards.corpus} looks"
    shell:
        "sonar-sign plot_attention --attention {input} --output {output} > {log} 2>&1"
