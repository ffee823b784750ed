"""Subcommands of the embedded demo: the corpora, and stand-ins for the public models."""

from pathlib import Path
from typing import Annotated, Literal

from sonar_sign.cli.features import Seed, Sonar, Threads
from sonar_sign.cli.paths import FOLDER, OUTPUT
from sonar_sign.cli.training_flags import (
    Output,
    TrainingDir,
    TrainTargets,
    ValManifest,
    ValTargets,
)
from sonar_sign.core.bounds import between
from sonar_sign.core.demo_options import (
    DifficultyOptions,
    SignHieraPretrainOptions,
    SonarPretrainOptions,
    StandInOptions,
)
from sonar_sign.core.options import AugmentOptions, LossOptions, TrainOptions
from sonar_sign.core.settings import INPUT_FILE, INPUT_FOLDER

SENTENCES = between(0, 1_000_000)


def make_corpus(
    root: Annotated[Path, "Folder to write; a demo corpus there is replaced.", FOLDER],
    domain: Annotated[Literal["news", "howto"], "One signer in a studio, or several anywhere."],
    train: Annotated[int, "Sentences in the training split.", SENTENCES],
    val: Annotated[int, "Sentences in the validation split.", SENTENCES],
    difficulty: DifficultyOptions,
    test: Annotated[int, "Sentences in the test split.", SENTENCES] = 0,
    clips_per_video: Annotated[int, "Sentences in one source video.", between(1, 1000)] = 8,
    seed: Seed = 0,
    workers: Annotated[int, "Videos rendered at the same time.", between(1, 256)] = 1,
) -> None:
    """Render an embedded corpus in How2Sign's shape.

    Example:
        .venv/bin/sonar-sign make_corpus --root out/howto --domain howto --train 8 --val 4 --test 4
    """
    from sonar_sign.demo.corpus import CorpusOptions
    from sonar_sign.demo.corpus import make_corpus as run

    clips = {split: n for split, n in (("train", train), ("val", val), ("test", test)) if n}
    run(root, CorpusOptions(domain, clips, seed, clips_per_video, difficulty), workers)


def pretrain_sonar(
    folder: Annotated[Path, "SONAR folder to write.", FOLDER],
    exclude: Annotated[
        Path, "Demo corpus whose val and test sentences are left out.", INPUT_FOLDER
    ],
    options: SonarPretrainOptions,
    seed: Seed = 0,
    threads: Threads = 0,
) -> None:
    """Pretrain the stand-in for SONAR's text encoder and decoder.

    Example:
        .venv/bin/sonar-sign pretrain_sonar --folder out/sonar --exclude resources/demo/howto
    """
    from sonar_sign.core.devices import use_threads
    from sonar_sign.demo.corpus import read_options
    from sonar_sign.demo.held_out import held_out_texts
    from sonar_sign.demo.sonar import pretrain_sonar as run

    use_threads(threads)
    run(folder, seed, options, held_out_texts(exclude), read_options(exclude).difficulty)


def pretrain_sign_hiera(
    train_clips: Annotated[
        list[Path], "Clip shard of the news corpus; repeat for all.", INPUT_FILE
    ],
    val_clips: Annotated[
        list[Path], "Clip shard of its validation split; repeat for all.", INPUT_FILE
    ],
    train_manifest: Annotated[Path, "Manifest of the training split.", INPUT_FILE],
    val_manifest: ValManifest,
    train_glosses: Annotated[Path, "Times of the signs in the training split.", INPUT_FILE],
    val_glosses: Annotated[Path, "Times of the signs in the validation split.", INPUT_FILE],
    output: Annotated[Path, "SignHiera checkpoint to write.", OUTPUT],
    stand_in: StandInOptions,
    options: SignHieraPretrainOptions,
    augmentation: AugmentOptions,
    seed: Seed = 0,
    threads: Threads = 0,
) -> None:
    """Pretrain the stand-in for SignHiera on the signs of the news corpus.

    Example:
        .venv/bin/sonar-sign pretrain_sign_hiera --output out/sign_hiera.pth
            --train-clips results/demo_news/clips/train/0000.tar
            --val-clips results/demo_news/clips/val/0000.tar
            --train-manifest results/demo_news/manifests/train.tsv
            --val-manifest results/demo_news/manifests/val.tsv
            --train-glosses resources/demo/news/glosses_train.tsv
            --val-glosses resources/demo/news/glosses_val.tsv
    """
    from sonar_sign.core.devices import use_threads
    from sonar_sign.demo import vision

    use_threads(threads)
    names = vision.gloss_names([train_glosses, val_glosses])
    config = vision.sign_hiera_config(stand_in, len(names) + 1)
    train = vision.label_clips(train_clips, train_manifest, train_glosses, names)
    val = vision.label_clips(val_clips, val_manifest, val_glosses, names)
    accuracy = vision.pretrain_sign_hiera(train, val, config, output, options, augmentation, seed)
    print(f"SignHiera names {100 * accuracy:.1f} % of the validation features right.")


def pretrain_sign_encoder(
    train_features: Annotated[
        list[Path], "Feature shard for training; repeat for all.", INPUT_FILE
    ],
    val_features: Annotated[
        list[Path], "Feature shard for validation; repeat for all.", INPUT_FILE
    ],
    train_targets: TrainTargets,
    val_targets: ValTargets,
    val_manifest: ValManifest,
    sonar: Sonar,
    output: Output,
    training_dir: TrainingDir,
    stand_in: StandInOptions,
    options: TrainOptions,
    seed: Seed = 0,
    threads: Threads = 0,
) -> None:
    """Pretrain the stand-in for the sign encoder: the code of stage 2, from random weights.

    Example:
        .venv/bin/sonar-sign pretrain_sign_encoder --output out/sign_encoder.pth
            --train-features results/demo_news/features/pretrained/train/0000.npy
            --val-features results/demo_news/features/pretrained/val/0000.npy
            --train-targets results/demo_news/targets/train.npy
            --val-targets results/demo_news/targets/val.npy
            --val-manifest results/demo_news/manifests/val.tsv --sonar resources/models/demo/sonar
            --training-dir out/training
    """
    from sonar_sign.core.devices import use_threads
    from sonar_sign.demo.vision import sign_encoder_config
    from sonar_sign.features.feature_shards import FeatureShard
    from sonar_sign.models.sonar_text import SonarText
    from sonar_sign.training.sign_encoder import FeatureInputs, SignEncoderTraining
    from sonar_sign.training.supervision import TargetFiles
    from sonar_sign.training.supervision_files import SupervisionFiles
    from sonar_sign.training.task import Destination, run_training

    use_threads(threads)
    feature_dim = FeatureShard(train_features[0]).dim
    shape = sign_encoder_config(stand_in, feature_dim, SonarText.open(sonar).embedding_dim)
    validation = TargetFiles("eng_Latn", [val_targets], [val_manifest])
    supervision_files = SupervisionFiles(
        [TargetFiles("eng_Latn", train_targets)], validation, sonar
    )
    inputs = FeatureInputs(train_features, val_features, supervision_files, shape)
    task = SignEncoderTraining(inputs, options, LossOptions())
    run_training(task, Destination(output, training_dir, "pretrained"), seed=seed, device="cpu")


COMMANDS = {
    "make_corpus": make_corpus,
    "pretrain_sonar": pretrain_sonar,
    "pretrain_sign_hiera": pretrain_sign_hiera,
    "pretrain_sign_encoder": pretrain_sign_encoder,
}
