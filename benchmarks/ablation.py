"""What the parts of fine-tuning are worth on the embedded corpus; docs/ablation.md has the table.

    make demo
    python benchmarks/ablation.py --jobs 2        # runs what is missing, then prints the table

Every run is the demo's own with one thing changed, three seeds each; the seed decides the order of
clips, the augmentation and what is drawn in the model. The corpus, the pretrained models and the
crops are the demo's. Scores are BLEU-4 on howto's test split. Runs lie under results/ablation/ and
are not repeated.
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev

import yaml

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "results/demo"
OUT = ROOT / "results/ablation"
SEEDS = (1, 2, 3)
LOSSES = ("mse", "cosine", "infonce", "decoder_ce")
# Of infonce and decoder_ce beside the others; alone each has the weight 1.
TOGETHER = {"mse": 1.0, "cosine": 1.0, "infonce": 0.1, "decoder_ce": 0.3}


@dataclass(frozen=True)
class Arm:
    """One row of the table: the demo's settings but for these."""

    name: str
    freeze: float
    losses: dict[str, float] = field(default_factory=dict)
    """Of stage 2; empty: the demo's."""


def arms(config: dict) -> list[Arm]:
    freeze = config["finetune"]["stage1"]["freeze"]
    shares = sorted({0.0, 0.5, 0.8, 1.0, freeze})
    by_freeze = [Arm(f"freeze {share:g}", share) for share in shares]
    alone = [Arm(f"loss {name} alone", freeze, {name: 1.0}) for name in LOSSES]
    return [*by_freeze, *alone, Arm("all four losses", freeze, TOGETHER)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time")
    options = parser.parse_args()
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    freezes = {arm.freeze for arm in arms(config)}
    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(lambda job: features(config, *job), [(f, s) for s in SEEDS for f in freezes]))
        jobs = [(arm, seed) for seed in SEEDS for arm in arms(config)]
        keys = [(arm.name, seed) for arm, seed in jobs]
        scores = dict(zip(keys, pool.map(lambda job: finetuned(config, *job), jobs), strict=True))
    print_table(config, scores)


def print_table(config: dict, scores: dict) -> None:
    zero_shot = json.loads((DEMO / "metrics/zero_shot.json").read_text())["bleu_4"]
    print(f"zero-shot: {zero_shot:.1f}\n")
    print("| | stage 1 | fine-tuned | each seed |")
    print("|---|---:|---:|---|")
    for arm in arms(config):
        of_arm = [scores[arm.name, seed] for seed in SEEDS]
        stage1 = [
            json.loads(stage1_metrics(arm.freeze, seed).read_text())["bleu_4"] for seed in SEEDS
        ]
        cells = [arm.name, spread(stage1), spread(of_arm), ", ".join(f"{s:.1f}" for s in of_arm)]
        print(f"| {' | '.join(cells)} |")


def spread(values: list[float]) -> str:
    return f"{mean(values):.1f} ± {stdev(values):.1f}"


def folder(freeze: float, seed: int) -> Path:
    return OUT / f"freeze{freeze:g}_seed{seed}"


def stage1_metrics(freeze: float, seed: int) -> Path:
    return folder(freeze, seed) / "stage1.json"


def features(config: dict, freeze: float, seed: int) -> None:
    """Stage 1, its features of all splits, and its score. A freeze of 1 has no stage 1."""
    out = folder(freeze, seed)
    checkpoint = ROOT / config["models"]["sign_hiera"]
    if stage1_metrics(freeze, seed).exists():
        return
    if freeze < 1:
        settings = config["finetune"]["stage1"] | {"freeze": freeze, "num_workers": 0}
        checkpoint = out / "stage1.pt"
        run(
            "finetune_stage1", f"stage1 {out.name}",
            *[("train-clips", path) for path in clips("train")],
            *[("val-clips", path) for path in clips("val")],
            *supervision_files(config), *settings.items(), *config["finetune"]["augment"].items(),
            *config["finetune"]["losses"].items(), ("seed", seed),
            ("sign-hiera", ROOT / config["models"]["sign_hiera"]),
            ("sign-encoder", ROOT / config["models"]["sign_encoder"]),
            ("output", checkpoint), ("training-dir", out / "training1"), ("threads", 1),
        )  # fmt: skip
    for split in ("train", "val", "test"):
        for path in clips(split):
            output = out / split / f"{path.stem}.npy"
            run(
                "extract", f"extract {out.name} {split}", ("clips", path),
                ("checkpoint", checkpoint), ("output", output),
                ("timings", output.with_suffix(".json")), ("threads", 1),
            )  # fmt: skip
    encoder = ROOT / config["models"]["sign_encoder"]
    score(config, out, encoder, checkpoint, stage1_metrics(freeze, seed), seed)


def finetuned(config: dict, arm: Arm, seed: int) -> float:
    """Stage 2 on the features of an arm's stage 1; BLEU-4 on the test split."""
    source = folder(arm.freeze, seed)
    out = source / arm.name.replace(" ", "_")
    metrics = out / "metrics.json"
    if not metrics.exists():
        losses = config["finetune"]["losses"]
        if arm.losses:
            losses = dict.fromkeys(LOSSES, 0.0) | arm.losses
        run(
            "finetune_stage2", f"stage2 {arm.name} seed {seed}",
            *[("train-features", path) for path in sorted((source / "train").glob("*.npy"))],
            *[("val-features", path) for path in sorted((source / "val").glob("*.npy"))],
            *supervision_files(config), *config["finetune"]["stage2"].items(), *losses.items(),
            ("sign-encoder", ROOT / config["models"]["sign_encoder"]), ("seed", seed),
            ("output", out / "best.pt"), ("training-dir", out / "training"), ("threads", 1),
        )  # fmt: skip
        hiera = source / "stage1.pt"
        pretrained = ROOT / config["models"]["sign_hiera"]
        score(
            config, source, out / "best.pt", hiera if hiera.exists() else pretrained, metrics, seed
        )
    return json.loads(metrics.read_text())["bleu_4"]


def clips(split: str) -> list[Path]:
    return sorted((DEMO / "clips" / split).glob("*.tar"))


def supervision_files(config: dict) -> list[tuple]:
    return [
        ("train-targets", DEMO / "targets/train.npy"),
        ("train-manifest", DEMO / "manifests/train.tsv"),
        ("val-targets", DEMO / "targets/val.npy"),
        ("val-manifest", DEMO / "manifests/val.tsv"),
        ("sonar", ROOT / config["models"]["sonar"]),
    ]


def score(config: dict, source: Path, encoder: Path, hiera: Path, metrics: Path, seed: int) -> None:
    predictions = metrics.with_name(f"{metrics.stem}.tsv")
    run(
        "predict", f"predict {metrics.parent.name}",
        *[("features", path) for path in sorted((source / "test").glob("*.npy"))],
        *[("timings", path) for path in sorted((source / "test").glob("*.json"))],
        ("sign-encoder", encoder), ("sign-hiera", hiera),
        ("sonar", ROOT / config["models"]["sonar"]), ("language", "eng_Latn"),
        ("output", predictions), ("system", "ablation"), *config["predict"].items(),
        ("seed", seed), ("threads", 1),
    )  # fmt: skip
    run(
        "evaluate", f"evaluate {metrics.parent.name}", ("predictions", predictions),
        ("manifest", DEMO / "manifests/test.tsv"), ("run-info", predictions.with_suffix(".json")),
        ("output", metrics),
    )  # fmt: skip


def run(command: str, what: str, *settings: tuple) -> None:
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in settings]
    done = subprocess.run(
        [Path(sys.executable).with_name("sonar-sign"), command, *flags],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{what} failed:\n{done.stdout}")
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
