"""The settings of every stage: one frozen dataclass each, in the order of the data.

A field is written once, here: its type, default, bounds and one line of help. Flags, the config's
schema and the tables of `config/README.md` are made from it (`core/settings.py` says how), so a
new setting is one line. Nothing heavy is imported here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from sonar_sign.core.bounds import (
    BATCH,
    HEADS,
    LAYERS,
    LEARNING_RATE,
    SECONDS,
    SEEDS,
    SHARE,
    SHARE_BELOW_ONE,
    WEIGHT,
    WIDTH,
    WINDOW_SECONDS,
    WORKERS,
    above,
    between,
    matching,
)
from sonar_sign.core.settings import IntOrAuto

Compat = Literal["ssvp_slt", "exact"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
AutoPrecision = Annotated[Precision, "auto: bf16 where it gains, else fp32; fp16: GPU only."]
Split = Literal["train", "val", "test"]
Rerank = Literal["none", "sonar", "mbr"]
LandmarkSource = Literal["openpose", "pose", "rtmpose", "mediapipe"]
FolderRate = Annotated[
    float,
    "Frames per second of folders of pictures, where the corpus does not say.",
    between(1, 240),
]
DEVICES = matching("auto|cpu|cuda(:[0-9]{1,2})?", "auto, cpu, cuda or cuda:N")


@dataclass(frozen=True)
class RunOptions:
    """Settings of a whole run."""

    seed: Annotated[int, "Seed of trainings and of resampling.", SEEDS] = 1
    device: Annotated[str, "Where models run.", DEVICES] = "auto"


@dataclass(frozen=True)
class PrepareOptions:
    """Which annotated sentences become clips."""

    min_duration_s: Annotated[float, "Shorter clips are dropped, in seconds.", SECONDS] = 0.2
    frame_rate: FolderRate = 25.0


@dataclass(frozen=True)
class CropOptions:
    """How clips are cropped and encoded."""

    size: Annotated[
        int, "Width and height of the clips, in pixels: the model's input.", between(16, 1024, 2)
    ] = 224
    quality: Annotated[int, "x264's constant rate factor; 0 is lossless.", between(0, 51)] = 18
    frames_probed: Annotated[
        int,
        "Frames of a long video in which the signer's face is searched; short ones: each 16th.",
        between(1, 1000),
    ] = 8
    detector: Annotated[Literal["hog", "cnn"], "dlib's face detector; cnn needs a GPU."] = "hog"
    no_face: Annotated[
        Literal["center", "drop"], "Crop of a clip without a face: the centre, or no clip."
    ] = "center"


@dataclass(frozen=True)
class ExtractOptions:
    """How features are computed."""

    batch_units: Annotated[
        int, "Features computed together, of several clips; a full window has 64.", BATCH
    ] = 256
    compat: Annotated[Compat, "Windows as in the reference, or with its two faults mended."] = (
        "ssvp_slt"
    )
    precision: Annotated[
        Precision, "Of SignHiera; auto: bf16 where it gains, else fp32; fp16: GPU only."
    ] = "auto"
    num_workers: Annotated[
        int, "Processes that decode clips ahead of the model; 0: none.", WORKERS
    ] = 0


@dataclass(frozen=True)
class LandmarkOptions:
    """How landmarks are found and represented."""

    source: Annotated[LandmarkSource, "Keypoint files, or MediaPipe on the videos."] = "openpose"
    fps: Annotated[
        float, "Rows per second; YouTube-ASL's system uses half the video's.", above(0, 240)
    ] = 12.0
    max_gap_s: Annotated[float, "Longest gap that is interpolated, in seconds.", SECONDS] = 0.25
    min_confidence: Annotated[float, "Less certain points count as missing.", SHARE] = 0.1
    velocities: Annotated[bool, "Whether rows also hold the points' velocities."] = False


@dataclass(frozen=True)
class LossOptions:
    """Weights of the losses that are summed; 0 leaves one out."""

    mse: Annotated[float, "Squared distance to SONAR's embedding / its variance.", WEIGHT] = 1.0
    cosine: Annotated[float, "One minus the cosine with SONAR's embedding.", WEIGHT] = 1.0
    infonce: Annotated[float, "SONAR's embedding against those of other captions.", WEIGHT] = 0.0
    infonce_temperature: Annotated[float, "Temperature of infonce.", above(0, 100)] = 0.07
    infonce_queue: Annotated[
        int, "Captions of earlier steps that are negatives of infonce.", between(0, 1_000_000)
    ] = 1024
    decoder_ce: Annotated[float, "Cross-entropy of the caption in SONAR's decoder.", WEIGHT] = 0.0
    label_smoothing: Annotated[
        float, "Of decoder_ce: probability spread over all tokens.", SHARE_BELOW_ONE
    ] = 0.0


@dataclass(frozen=True)
class AugmentOptions:
    """How much training videos are changed; 0 changes nothing. They are never mirrored."""

    colour: Annotated[float, "Mixing of channels, contrast and brightness.", SHARE] = 0.2
    texture: Annotated[float, "Strength of random still patterns.", SHARE] = 0.1
    shift: Annotated[float, "Largest shift, as a share of the picture.", SHARE] = 0.04
    scale: Annotated[float, "Largest change of size, as a share.", SHARE] = 0.08
    speed: Annotated[float, "Largest change of speed, as a share.", SHARE_BELOW_ONE] = 0.1
    delay: Annotated[
        int, "Most frames for which a clip's first frame is held.", between(0, 1000)
    ] = 4
    drop: Annotated[float, "Share of frames replaced by the one before.", SHARE_BELOW_ONE] = 0.02


@dataclass(frozen=True)
class TrainOptions:
    """How a model is trained."""

    epochs: Annotated[int, "Passes over the training clips.", between(1, 100_000)] = 20
    learning_rate: Annotated[float, "AdamW's peak learning rate.", LEARNING_RATE] = 1e-4
    batch_size: Annotated[
        IntOrAuto,
        "Clips computed together on each device; auto: as many as fit, on a CPU one video.",
        BATCH,
    ] = 32
    gradient_accumulation_steps: Annotated[
        int, "Batches, on each device, that make a step.", BATCH
    ] = 1
    effective_batch: Annotated[
        int, "With batch_size auto: clips per step on each device.", BATCH
    ] = 32
    batch_budget: Annotated[
        int, "Most windows (of clips) or features in a batch; 0: no limit.", between(0, 1_000_000)
    ] = 0
    mixed_precision: Annotated[Literal["no", "fp16", "bf16"], "fp16 on a GPU only."] = "no"
    gradient_checkpointing: Annotated[bool, "Compute activations twice to save memory."] = False
    weight_decay: Annotated[
        float, "AdamW's, not on norms, biases and positions.", between(0, 10)
    ] = 0.01
    warmup: Annotated[float, "Share of the steps in which the learning rate rises.", SHARE] = 0.05
    gradient_clip: Annotated[float, "Largest norm of the gradient.", above(0, 1e6)] = 1.0
    eval_every: Annotated[int, "Epochs between two validations.", between(1, 100_000)] = 1
    ema: Annotated[
        float,
        "Decay of an exponential moving average of the weights, which is what is kept; 0: none.",
        SHARE_BELOW_ONE,
    ] = 0.0
    average: Annotated[
        int, "Epochs, the last ones, whose weights are averaged; 1: none.", between(1, 100)
    ] = 1
    curriculum: Annotated[
        int, "Epochs, the first ones, that go from short clips to long ones.", between(0, 100_000)
    ] = 0
    select: Annotated[
        Literal["bleu_4", "chrf", "cosine"], "Metric by which the best checkpoint is chosen."
    ] = "bleu_4"
    patience: Annotated[
        int, "Validations without improvement before training stops.", between(1, 100_000)
    ] = 5
    keep: Annotated[int, "Best checkpoints that are kept.", between(1, 100)] = 1
    save_every: Annotated[
        int, "Steps between two saves to resume from; 0: after epochs only.", between(0, 1_000_000)
    ] = 500
    num_workers: Annotated[int, "Processes that read data; 0: none.", WORKERS] = 0
    devices: Annotated[
        IntOrAuto, "GPUs, or CPU processes, of each machine; auto: all.", between(1, 256)
    ] = 0
    num_nodes: Annotated[int, "Machines.", between(1, 1024)] = 1
    strategy: Annotated[Literal["auto", "ddp", "fsdp"], "How devices share the work."] = "auto"
    wandb_project: Annotated[str, "Weights & Biases project to log to; empty: none."] = ""


@dataclass(frozen=True)
class FreezeOptions:
    """How much of SignHiera is trained."""

    freeze: Annotated[
        float, "Share of SignHiera's blocks that are frozen, from the first on.", SHARE_BELOW_ONE
    ] = 0.8


@dataclass(frozen=True)
class JointOptions:
    """How SignHiera and the sign encoder are trained together."""

    sign_encoder_learning_rate: Annotated[
        float, "Peak learning rate of the sign encoder; 0: that of SignHiera.", between(0, 10)
    ] = 0.0


@dataclass(frozen=True)
class DecoderOptions:
    """Whether SONAR's decoder is trained too, through the loss `decoder_ce`."""

    train_decoder: Annotated[
        Literal["none", "lora", "full"], "Nothing, a low-rank change, or all of it."
    ] = "none"
    lora_rank: Annotated[int, "Rank of the change.", between(1, 1024)] = 8


@dataclass(frozen=True)
class FusionOptions:
    """How a sign encoder learns to read landmarks beside its features."""

    drop_features: Annotated[float, "Share of training clips whose features are hidden.", SHARE] = (
        0.85
    )
    alignment: Annotated[float, "Weight of the pull of landmarks to features.", WEIGHT] = 1.0


@dataclass(frozen=True)
class LandmarkModelOptions:
    """Shape of the T5 that translates landmarks; 43 M parameters by default."""

    d_model: Annotated[int, "Width.", WIDTH] = 512
    d_ff: Annotated[int, "Width of the feed-forward layers.", between(1, 65536)] = 1024
    num_heads: Annotated[int, "Attention heads; they share the width.", HEADS] = 8
    num_layers: Annotated[int, "Layers of the encoder.", LAYERS] = 6
    num_decoder_layers: Annotated[int, "Layers of the decoder.", LAYERS] = 6
    dropout: Annotated[float, "Share of activations dropped in training.", SHARE_BELOW_ONE] = 0.1
    front: Annotated[Literal["conv", "linear"], "How rows become steps of the encoder."] = "conv"
    stride: Annotated[int, "Rows per step of the encoder.", between(1, 64)] = 2
    kernel: Annotated[int, "Rows that a convolution sees; odd.", between(1, 63)] = 5
    vocabulary_size: Annotated[
        int, "Sentencepiece pieces, trained on the training captions.", between(4, 256_000)
    ] = 8000
    tokenizer: Annotated[str, "Sentencepiece model to use instead; empty: train one."] = ""
    t5_folder: Annotated[str, "Pretrained T5 to start from, with its tokenizer; empty: none."] = ""
    label_smoothing: Annotated[
        float, "Probability spread over all pieces in training.", SHARE_BELOW_ONE
    ] = 0.1


@dataclass(frozen=True)
class LandmarkAugmentOptions:
    """How much training landmarks are changed; 0 changes nothing."""

    noise: Annotated[
        float, "Standard deviation of each point's position, shoulder widths.", between(0, 10)
    ] = 0.02
    shift: Annotated[float, "Largest shift of all points, shoulder widths.", between(0, 10)] = 0.08
    scale: Annotated[
        float, "Largest change of size, across and along, as a share.", SHARE_BELOW_ONE
    ] = 0.1
    rotation_deg: Annotated[float, "Largest turn in the picture, degrees.", between(0, 180)] = 6.0
    speed: Annotated[float, "Largest change of speed, as a natural logarithm.", between(0, 3)] = (
        0.15
    )
    drop_frames: Annotated[float, "Largest share of rows left out.", SHARE_BELOW_ONE] = 0.1
    drop_part: Annotated[
        float, "Probability that a hand or the face is missing for a while.", SHARE
    ] = 0.1
    drop_points: Annotated[
        float, "Largest share of points missing throughout.", SHARE_BELOW_ONE
    ] = 0.05


@dataclass(frozen=True)
class PredictOptions:
    """How translations are decoded."""

    beam_size: Annotated[int, "Hypotheses kept by beam search.", between(1, 100)] = 5
    batch_size: Annotated[int, "Clips encoded and decoded together.", BATCH] = 32
    precision: AutoPrecision = "auto"
    length_penalty: Annotated[
        float,
        "Power of the length that a text's score is divided by; more: longer texts.",
        between(0, 10),
    ] = 1.0
    rerank: Annotated[
        Rerank,
        "Of the beam: the likeliest text, the nearest to the clip, or the best expected chrF.",
    ] = "none"


@dataclass(frozen=True)
class EvaluateOptions:
    """What is scored."""

    split: Annotated[Split, "The split that is translated and scored."] = "test"


@dataclass(frozen=True)
class MetricOptions:
    """Which metrics are computed besides those that need nothing."""

    nltk_data: Annotated[Path | None, "Folder of nltk data with WordNet, for METEOR."] = None
    meteor_15: Annotated[bool, "METEOR 1.5 too, by its own program, which needs Java."] = False
    bleurt: Annotated[Path | None, "Folder of a BLEURT that transformers can open."] = None
    further_references: Annotated[
        Path | None, "Table of further references: clip_id and text, text_2, text_3, ..."
    ] = None


@dataclass(frozen=True)
class SampleOptions:
    """Which translations are chosen to be read."""

    n: Annotated[int, "How many clips.", between(1, 10_000)] = 12
    seed: Annotated[int, "Seed of the random ones.", SEEDS] = 1


@dataclass(frozen=True)
class GalleryOptions:
    """What the page with all test clips shows."""

    videos: Annotated[
        Literal["auto"] | bool, "Whether it plays clips; auto: only those of drawn signers."
    ] = "auto"


@dataclass(frozen=True)
class TranslateOptions:
    """How videos are translated outside the workflow."""

    window_s: Annotated[
        float,
        "About how long a video's windows are, in seconds: they end in pauses; 0: none.",
        WINDOW_SECONDS,
    ] = 0.0
    overlap_s: Annotated[
        float,
        "Seconds that a window is read beyond its ends; words that repeat are left out.",
        between(0, 5),
    ] = 0.0
    beam_size: Annotated[
        int, "Hypotheses kept by beam search; 0: as the system decodes, else 5.", between(0, 100)
    ] = 0
    n_best: Annotated[int, "Translations per language, best first.", between(1, 100)] = 1
    batch_units: Annotated[int, "Features computed together.", BATCH] = 256
    compat: Annotated[
        Literal["auto", "ssvp_slt", "exact"],
        "SignHiera's windows as in the reference, or with its faults mended; auto: as in training.",
    ] = "auto"
    precision: Annotated[Precision, "auto: as the system is declared; fp16: GPU only."] = "auto"
    cropped: Annotated[
        bool, "The videos are cropped to the signer already, as clips of a corpus may be."
    ] = False
    frame_rate: FolderRate = 25.0
