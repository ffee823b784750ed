"""The settings of every stage: one frozen dataclass each, a default and one line of why a field.

The command line makes its flags from these classes and the workflow's config passes the same
names, so a setting is described in one place. Nothing heavy is imported here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

Compat = Literal["ssvp_slt", "exact"]


class IntOrAuto(int):
    """A number, or `auto`, which is 0."""

    @classmethod
    def parse(cls, text: str) -> "IntOrAuto":
        return cls(0 if text == "auto" else int(text))


@dataclass(frozen=True)
class CropOptions:
    """How clips are cropped and encoded."""

    size: Annotated[int, "Width and height of the clips, in pixels: the model's input size."] = 224
    quality: Annotated[int, "x264's constant rate factor; 0 is lossless, 18 looks so."] = 18
    frames_probed: Annotated[int, "Most frames a video in which the signer's face is sought."] = 8
    detector: Annotated[Literal["hog", "cnn"], "dlib's detector of faces."] = "hog"
    no_face: Annotated[Literal["center", "drop"], "What becomes of a clip without a face."] = (
        "center"
    )


@dataclass(frozen=True)
class ExtractOptions:
    """How features are computed."""

    batch_units: Annotated[int, "Features, of several clips, computed together."] = 256
    compat: Annotated[Compat, "As the public weights were trained, or its faults mended."] = (
        "ssvp_slt"
    )
    precision: Annotated[str, "fp32, bf16 or fp16."] = "fp32"
    num_workers: Annotated[int, "Processes that decode clips ahead of the model; 0: none."] = 0


@dataclass(frozen=True)
class LandmarkOptions:
    """How landmarks are found and represented."""

    source: Annotated[
        Literal["openpose", "pose", "mediapipe"], "Keypoint files, or MediaPipe on the videos."
    ] = "openpose"
    fps: Annotated[float, "Rows a second; YouTube-ASL's system takes every second frame."] = 12.0
    max_gap_s: Annotated[float, "Longest gap that is interpolated, in seconds."] = 0.25
    min_confidence: Annotated[float, "Points less sure than this count as missing."] = 0.1
    velocities: Annotated[bool, "Whether rows hold the points' velocities too."] = False


@dataclass(frozen=True)
class LossOptions:
    """Weights of the losses that are summed; 0 leaves one out."""

    mse: Annotated[float, "Squared distance to SONAR's embedding over its variance."] = 1.0
    cosine: Annotated[float, "One minus the cosine with SONAR's embedding."] = 1.0
    infonce: Annotated[float, "SONAR's embedding told from those of other captions."] = 0.0
    infonce_temperature: Annotated[float, "What infonce divides cosines by."] = 0.07
    infonce_queue: Annotated[int, "Captions of earlier steps that infonce tells it from."] = 1024
    decoder_ce: Annotated[float, "Cross-entropy of the caption in SONAR's decoder."] = 0.0
    label_smoothing: Annotated[float, "Of decoder_ce: share spread over all tokens."] = 0.0


@dataclass(frozen=True)
class AugmentOptions:
    """How much training pictures are changed; 0 changes nothing."""

    colour: Annotated[float, "Mixing of channels, contrast and brightness, 0 to 1."] = 0.2
    texture: Annotated[float, "Strength of random patterns that stand still."] = 0.1
    shift: Annotated[float, "Largest shift, as a share of the picture."] = 0.04
    scale: Annotated[float, "Largest change of size, as a share."] = 0.08
    speed: Annotated[float, "Largest change of speed, as a share."] = 0.1
    delay: Annotated[int, "Most frames for which a clip's first one is held."] = 4
    drop: Annotated[float, "Share of frames that the one before stands in for."] = 0.02


@dataclass(frozen=True)
class TrainOptions:
    """How a stage is trained."""

    epochs: Annotated[int, "Passes over the training clips."] = 20
    learning_rate: Annotated[float, "Peak of the schedule."] = 1e-4
    batch_size: Annotated[IntOrAuto, "Clips computed together on each device; auto: most."] = 32
    gradient_accumulation_steps: Annotated[int, "Batches, on each device, that make a step."] = 1
    effective_batch: Annotated[int, "With batch_size auto: clips a step on each device."] = 32
    batch_budget: Annotated[int, "Most windows (stage 1) or features in a batch; 0: any."] = 0
    mixed_precision: Annotated[Literal["no", "fp16", "bf16"], "fp16 on a GPU only."] = "no"
    gradient_checkpointing: Annotated[bool, "Compute activations twice, for want of memory."] = (
        False
    )
    weight_decay: Annotated[float, "AdamW's, not on norms, biases and positions."] = 0.01
    warmup: Annotated[float, "Share of the steps in which the learning rate rises."] = 0.05
    gradient_clip: Annotated[float, "Largest norm of the gradient."] = 1.0
    eval_every: Annotated[int, "Epochs between two validations."] = 1
    select: Annotated[str, "What the best checkpoint is best in: bleu_4, chrf or cosine."] = (
        "bleu_4"
    )
    patience: Annotated[int, "Validations without improvement before training stops."] = 5
    keep: Annotated[int, "Best checkpoints that are kept."] = 1
    save_every: Annotated[int, "Steps between two saves to go on from; 0: epochs only."] = 500
    num_workers: Annotated[int, "Processes that read data; 0 reads between steps."] = 0
    devices: Annotated[IntOrAuto, "GPUs, or CPU processes, of each machine; 0 or auto: all."] = 0
    num_nodes: Annotated[int, "Machines."] = 1
    strategy: Annotated[Literal["auto", "ddp", "fsdp"], "How devices share the work."] = "auto"
    wandb_project: Annotated[str, "Weights & Biases project to log to; empty: none."] = ""


@dataclass(frozen=True)
class DecoderOptions:
    """Whether stage 2 trains SONAR's decoder too, through the loss `decoder_ce`."""

    train_decoder: Annotated[
        Literal["none", "lora", "full"], "Nothing, a low-rank change, or all of it."
    ] = "none"
    lora_rank: Annotated[int, "Rank of the change."] = 8


@dataclass(frozen=True)
class LandmarkModelOptions:
    """Shape of the transformer that translates landmarks; 43 M parameters by default."""

    d_model: Annotated[int, "Width."] = 512
    d_ff: Annotated[int, "Width of the feed-forward layers."] = 1024
    num_heads: Annotated[int, "Attention heads; they share the width."] = 8
    num_layers: Annotated[int, "Layers of the encoder."] = 6
    num_decoder_layers: Annotated[int, "Layers of the decoder."] = 6
    dropout: Annotated[float, "Share of activations dropped in training."] = 0.1
    front: Annotated[Literal["conv", "linear"], "How rows become steps of the encoder."] = "conv"
    stride: Annotated[int, "Rows that make a step of the encoder."] = 2
    kernel: Annotated[int, "Rows that a convolution sees; odd."] = 5
    vocabulary_size: Annotated[int, "Sentencepiece pieces, of the training captions."] = 8000
    tokenizer: Annotated[str, "Sentencepiece model to take instead; empty: train one."] = ""
    t5_folder: Annotated[str, "Pretrained T5 to start from, with its tokenizer; empty: none."] = ""
    label_smoothing: Annotated[float, "Of each piece in training: share of all pieces."] = 0.1


@dataclass(frozen=True)
class LandmarkAugmentOptions:
    """How much training landmarks are changed; 0 changes nothing."""

    noise: Annotated[float, "Standard deviation of each point's place, shoulder widths."] = 0.02
    shift: Annotated[float, "Largest shift of all points, shoulder widths."] = 0.08
    scale: Annotated[float, "Largest change of size, across and along, as a share."] = 0.1
    rotation_deg: Annotated[float, "Largest turn in the picture, degrees."] = 6.0
    speed: Annotated[float, "Largest change of speed, as a natural logarithm."] = 0.15
    drop_frames: Annotated[float, "Largest share of rows that are left out."] = 0.1
    drop_part: Annotated[float, "Chance that a hand or the face is missing for a while."] = 0.1
    drop_points: Annotated[float, "Largest share of points that are missing throughout."] = 0.05


@dataclass(frozen=True)
class PredictOptions:
    """How embeddings are decoded into text."""

    beam_size: Annotated[int, "Hypotheses kept by beam search."] = 5
    batch_size: Annotated[int, "Clips encoded and decoded together."] = 32
    precision: Annotated[str, "fp32, bf16 or fp16, of the sign encoder."] = "fp32"


@dataclass(frozen=True)
class MetricOptions:
    """Which metrics are computed besides those that need nothing."""

    nltk_data: Annotated[Path | None, "Folder of nltk data with WordNet, for METEOR."] = None
    meteor_15: Annotated[bool, "METEOR 1.5 too, by its own program, which needs Java."] = False
    bleurt: Annotated[Path | None, "Folder of a BLEURT that transformers can open."] = None


@dataclass(frozen=True)
class StandInOptions:
    """Sizes of the demo's stand-ins for SignHiera and the sign encoder."""

    n_frames: Annotated[int, "Sampled frames in a window."] = 32
    size: Annotated[int, "Width and height of a clip, in pixels."] = 64
    embed_dim: Annotated[int, "Width of SignHiera's first stage; features are 8 times it."] = 32
    encoder_dim: Annotated[int, "Width of the sign encoder."] = 128
    encoder_layers: Annotated[int, "Layers of its encoder, and of its decoder."] = 2


@dataclass(frozen=True)
class SignHieraPretrainOptions:
    """How the demo's SignHiera is pretrained."""

    epochs: Annotated[int, "Passes over the windows of the news corpus."] = 12
    batch_windows: Annotated[int, "Windows a step."] = 16
    learning_rate: Annotated[float, "Peak of the schedule."] = 1e-3
    weight_decay: Annotated[float, "AdamW's."] = 0.05


@dataclass(frozen=True)
class SonarPretrainOptions:
    """How the demo's SONAR is pretrained."""

    n_pairs: Annotated[int, "Training sentences, each in both languages."] = 3000
    vocabulary_size: Annotated[int, "Sentencepiece pieces."] = 400
    width: Annotated[int, "Width of encoder, decoder and embedding."] = 64
    n_layers: Annotated[int, "Encoder layers, and as many decoder layers."] = 2
    n_heads: Annotated[int, "Attention heads."] = 4
    ffn_width: Annotated[int, "Width of the feed-forward layers."] = 256
    n_steps: Annotated[int, "Training steps."] = 700
    batch_size: Annotated[int, "Sentence pairs a step, each translated twice."] = 32
    learning_rate: Annotated[float, "Peak of the one-cycle schedule."] = 3e-3
    noise: Annotated[float, "Noise on the embeddings in training, in units of their own."] = 0.25
    alignment: Annotated[float, "Weight of the distance between two languages' embeddings."] = 1.0


@dataclass(frozen=True)
class TranslateOptions:
    """How videos are translated outside the workflow."""

    window_s: Annotated[float, "Length of the stretches a video is cut into; 0: none."] = 0.0
    beam_size: Annotated[int, "Hypotheses kept by beam search."] = 5
    n_best: Annotated[int, "Translations given for each language, best first."] = 1
    batch_units: Annotated[int, "Features computed together."] = 256
    compat: Annotated[Compat, "As the public weights were trained, or its faults mended."] = (
        "ssvp_slt"
    )
    precision: Annotated[str, "fp32, bf16 or fp16 (the latter on a GPU only)."] = "fp32"
