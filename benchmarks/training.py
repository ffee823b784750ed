"""What training steps cost on this machine: full-size models with random weights, and the demo.

    python benchmarks/training.py                    # everything, some minutes and 16 GB of disk
    python benchmarks/training.py --cases stage2 data

stage1, stage2   the real stages on made-up clips: seconds per step after the first, and the peak of
                 memory. On a CPU in float32, with a GPU in bf16 and fp16.
data             feature vectors per second that stage 2 reads from shards in the page cache.
demo             after `make demo`: share of the time of training that is neither forward, backward
                 nor the optimiser's; validation and the saves after epochs are counted apart.
Each case runs in a process of its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# How2Sign's median clip: 5.5 s at 25 frames a second, 34 features.
CLIP_FRAMES, CLIP_FPS, N_FEATURES = 138, 25.0, 34
N_DATA_CLIPS = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--steps", type=int, default=3, help="of the full-size stages")
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        STEPS[options.case[0]](Path(options.case[1]), options.steps)
        return
    for case in options.cases:
        with tempfile.TemporaryDirectory() as folder:
            if case in WRITERS:
                in_fresh_process(case, WRITERS[case].__name__, folder, options.steps)
            in_fresh_process(case, case, folder, options.steps)


def in_fresh_process(case: str, what: str, folder: str, steps: int) -> None:
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, __file__, "--case", what, folder, "--steps", str(steps)]
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    for row in (line for line in done.stdout.splitlines() if line.startswith("{")):
        print(case, "  ".join(f"{k} {v}" for k, v in json.loads(row).items()), flush=True)
    if done.returncode:
        print(case, f"failed with status {done.returncode}")


def show(**row: object) -> None:
    print(json.dumps(row), flush=True)


def peak_gb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)


def write_supervision(folder: Path, clip_ids: list[str]) -> None:
    """Random targets and captions."""
    import numpy as np

    from sonar_sign.core.tables import write_rows
    from sonar_sign.features.targets import write_targets

    rng = np.random.default_rng(0)
    targets = 0.006 * rng.standard_normal((len(clip_ids), 1024)).astype(np.float32)
    write_targets(folder / "targets.npy", clip_ids, targets)
    captions = [(clip_id, "A caption.") for clip_id in clip_ids]
    write_rows(folder / "captions.tsv", ("clip_id", "text"), captions)


def supervision_in(folder: Path):
    from sonar_sign.training.supervision import TargetFiles
    from sonar_sign.training.supervision_files import SupervisionFiles

    files = TargetFiles("eng_Latn", [folder / "targets.npy"], [folder / "captions.tsv"])
    return SupervisionFiles([files], files, folder / "none")


def write_random_encoder(folder: Path) -> None:
    import torch

    from sonar_sign.models.checkpoint import save_sign_encoder
    from sonar_sign.models.sign_encoder import SignEncoder, SignEncoderConfig

    torch.manual_seed(0)
    save_sign_encoder(folder / "encoder.pth", SignEncoder(SignEncoderConfig.t5_v1_1_large()))


def precisions() -> list[str]:
    import torch

    return ["bf16", "fp16"] if torch.cuda.is_available() else ["no"]


def report(folder: Path, **named: object) -> None:
    import pandas as pd
    import torch

    curves = pd.read_csv(folder / "timings.csv")
    # The first step also makes what later ones use again.
    rates = curves["train/clips_per_second"].dropna().tolist()[1:]
    row = {"clips_per_second": round(sum(rates) / len(rates), 3), "peak_gb": peak_gb()}
    if torch.cuda.is_available():
        row["gpu_gb"] = round(torch.cuda.max_memory_allocated() / 1e9, 2)
    show(**named, **row)


def stage2_case(folder: Path, _: int) -> None:
    from sonar_sign.core.options import LossOptions, TrainOptions
    from sonar_sign.training.sign_encoder import FeatureInputs, SignEncoderTraining
    from sonar_sign.training.task import Destination, run_training

    batch = 4
    inputs = FeatureInputs(
        [folder / "f.npy"], [folder / "v.npy"], supervision_in(folder), folder / "encoder.pth"
    )
    for precision in precisions():
        options = TrainOptions(
            epochs=1, batch_size=batch, select="cosine", save_every=0, mixed_precision=precision
        )
        out = folder / precision
        task = SignEncoderTraining(inputs, options, LossOptions())
        run_training(task, Destination(out / "best.pt", out / "t"))
        report(out, stage=2, batch=batch, features=N_FEATURES, precision=precision)


def write_stage2(folder: Path, steps: int) -> None:
    import numpy as np

    from sonar_sign.features.feature_shards import write_features

    clip_ids = [f"c{n:03d}" for n in range(4 * steps)]
    write_supervision(folder, clip_ids)
    rng = np.random.default_rng(0)
    features = {c: rng.standard_normal((N_FEATURES, 768)).astype(np.float32) for c in clip_ids}
    write_features(folder / "f.npy", features, 768, "x")
    write_features(folder / "v.npy", dict(list(features.items())[:4]), 768, "x")
    write_random_encoder(folder)


def stage1_case(folder: Path, _: int) -> None:
    from sonar_sign.core.options import AugmentOptions, FreezeOptions, LossOptions, TrainOptions
    from sonar_sign.training.task import Destination, run_training
    from sonar_sign.training.video_encoder import VideoEncoderTraining, VideoInputs

    clips = [folder / "clips.tar"]
    inputs = VideoInputs(
        clips,
        [folder / "val.tar"],
        supervision_in(folder),
        folder / "hiera.pth",
        folder / "encoder.pth",
    )
    for precision in precisions():
        options = TrainOptions(
            epochs=1,
            batch_size=1,
            select="cosine",
            save_every=0,
            mixed_precision=precision,
            gradient_checkpointing=True,
        )
        out = folder / precision
        task = VideoEncoderTraining(
            inputs, options, LossOptions(), AugmentOptions(), FreezeOptions(0.8)
        )
        run_training(task, Destination(out / "best.pt", out / "t"))
        report(out, stage=1, batch=1, frames=CLIP_FRAMES, freeze=0.8, precision=precision)


def write_stage1(folder: Path, steps: int) -> None:
    import numpy as np
    import torch

    from sonar_sign.clips.clip_shards import ClipInfo, write_clips
    from sonar_sign.core.video import encode_clip
    from sonar_sign.models.checkpoint import save_sign_hiera
    from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig

    torch.manual_seed(0)
    save_sign_hiera(folder / "hiera.pth", SignHiera(SignHieraConfig.base_128x224()))
    picture = np.random.default_rng(0).integers(0, 255, (224, 224, 3), np.uint8)
    video = encode_clip([picture] * CLIP_FRAMES, CLIP_FPS, 18)
    info = ClipInfo((0, 0, 224, 224), "video", 8, 8, CLIP_FPS, CLIP_FRAMES, 224, 224)
    clip_ids = [f"c{n:03d}" for n in range(steps)]
    write_clips(folder / "clips.tar", [(clip_id, video, info) for clip_id in clip_ids])
    write_clips(folder / "val.tar", [(clip_ids[0], video, info)])
    write_supervision(folder, clip_ids)
    write_random_encoder(folder)


def data_case(folder: Path, _: int) -> None:
    import numpy as np

    from sonar_sign.core.options import TrainOptions
    from sonar_sign.features.feature_shards import write_features
    from sonar_sign.training.data import FeatureClips, training_loader
    from sonar_sign.training.supervision import Supervision

    rng = np.random.default_rng(0)
    clip_ids = [f"c{n:05d}" for n in range(N_DATA_CLIPS)]
    lengths = rng.integers(4, 2 * N_FEATURES - 4, len(clip_ids))
    some = rng.standard_normal((2 * N_FEATURES, 768)).astype(np.float32)
    shards = []
    for number in range(8):
        own = range(number, len(clip_ids), 8)
        shards.append(folder / f"{number}.npy")
        write_features(shards[-1], {clip_ids[n]: some[: lengths[n]] for n in own}, 768, "x")
    write_supervision(folder, clip_ids)
    clips = FeatureClips(shards, Supervision(supervision_in(folder).train))
    for num_workers in (0, 1):
        loader = training_loader(clips, TrainOptions(batch_size=32, num_workers=num_workers), 0)
        sum(len(batch.clip_ids) for batch in loader)  # into the page cache, workers started
        started = time.perf_counter()
        vectors = sum(int(batch.lengths.sum()) for batch in loader)
        rate = vectors / (time.perf_counter() - started)
        show(clips=len(clip_ids), batch=32, num_workers=num_workers, vectors_per_second=round(rate))


def demo_case(folder: Path, _: int) -> None:
    import lightning.pytorch as pl
    import torch
    from lightning.pytorch.profilers import SimpleProfiler

    from sonar_sign.training import trainer
    from sonar_sign.training.task import Destination, run_training

    torch.set_num_threads(1)
    make_trainer = pl.Trainer
    for name, task in demo_trainings().items():
        profiler = SimpleProfiler()
        trainer.pl.Trainer = partial(make_trainer, profiler=profiler)
        run_training(task, Destination(folder / name / "best.pt", folder / name / "t"))
        seconds = {action: sum(times) for action, times in profiler.recorded_durations.items()}
        apart = sum(s for a, s in seconds.items() if a.endswith(APART))
        computing = seconds["run_training_batch"]
        training = seconds["run_training_epoch"] - apart
        outside = f"{100 * (1 - computing / training):.1f} %"
        show(training=name, s=round(training, 1), outside=outside)


def demo_trainings() -> dict:
    """Stage 1 and stage 2 of the finished demo, two epochs each."""
    from sonar_sign.core.options import AugmentOptions, FreezeOptions, LossOptions, TrainOptions
    from sonar_sign.core.settings import settings_of
    from sonar_sign.operations.config import load_config
    from sonar_sign.training.sign_encoder import FeatureInputs, SignEncoderTraining
    from sonar_sign.training.supervision import TargetFiles
    from sonar_sign.training.supervision_files import SupervisionFiles
    from sonar_sign.training.video_encoder import VideoEncoderTraining, VideoInputs

    config = load_config([ROOT / "config/config.yaml"])
    trainings, models = config.experiment.trainings, config.values["models"]
    results = ROOT / "results/demo"
    hiera, encoder, sonar = (
        ROOT / models[name] for name in ("sign_hiera", "sign_encoder", "sonar")
    )

    def files(split: str) -> TargetFiles:
        targets, captions = results / f"targets/{split}.npy", results / f"manifests/{split}.tsv"
        return TargetFiles("eng_Latn", [targets], [captions])

    def shards(pattern: str, ending: str) -> list[list[Path]]:
        return [sorted((results / pattern / s).glob(f"*.{ending}")) for s in ("train", "val")]

    def options(name: str) -> TrainOptions:
        given, known = trainings[name].settings, settings_of(TrainOptions)
        read = {k: known[k].read(v) for k, v in given.items() if k in known}
        numbers = {k: 0 if v == "auto" else v for k, v in read.items()}
        return replace(TrainOptions(**numbers), epochs=2, eval_every=2)

    supervision = SupervisionFiles([files("train")], files("val"), sonar)
    stage1, stage2 = trainings["stage1"], trainings["stage2"]
    return {
        "stage1": VideoEncoderTraining(
            VideoInputs(*shards("clips", "tar"), supervision, hiera, encoder),
            options("stage1"),
            LossOptions(**stage1.groups["losses"]),
            AugmentOptions(**stage1.groups["augment"]),
            FreezeOptions(stage1.settings["freeze"]),
        ),
        "stage2": SignEncoderTraining(
            FeatureInputs(*shards("features/stage1", "npy"), supervision, encoder),
            options("stage2"),
            LossOptions(**stage2.groups["losses"]),
        ),
    }


# Validation, and what happens once per epoch.
APART = ("on_train_epoch_end", "evaluation_loop", "on_validation_epoch_end", "validation_step")

# What writes the files needs memory too, so it does so in another process.
WRITERS = {"stage2": write_stage2, "stage1": write_stage1}
CASES = {"stage2": stage2_case, "stage1": stage1_case, "data": data_case, "demo": demo_case}
STEPS = CASES | {write.__name__: write for write in WRITERS.values()}

if __name__ == "__main__":
    main()
