"""Settings that cannot be so together, in one table for flags and config alike.

A rule is about settings by name. It is checked wherever all of them are given: among the flags of
a command, and among the settings of a training or of a section of the config.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sonar_sign.core.errors import UserError


@dataclass(frozen=True)
class Contradiction:
    """A rule: what cannot be so together."""

    names: tuple[str, ...]
    """The settings, in the order of the arguments of `holds`."""
    holds: Callable[..., bool]
    """Whether values contradict each other."""
    sentence: str
    """What is wrong and what to do, with `{name}` for values; no full stop."""


CONTRADICTIONS = (
    Contradiction(
        ("n_best", "beam_size"),
        lambda n_best, beam_size: 0 < beam_size < n_best,
        "n_best {n_best} is more than beam_size {beam_size}; raise beam_size, or lower n_best",
    ),
    Contradiction(
        ("rerank", "beam_size"),
        lambda rerank, beam_size: rerank != "none" and beam_size == 1,
        "rerank {rerank} chooses among the texts of the beam, and beam_size 1 finds one; raise it, "
        "or use rerank none",
    ),
    Contradiction(
        ("precision", "device"),
        lambda precision, device: precision == "fp16" and device == "cpu",
        "precision fp16 needs a GPU and device is cpu; use fp32 or bf16",
    ),
    Contradiction(
        ("mixed_precision", "device"),
        lambda precision, device: precision == "fp16" and device == "cpu",
        "mixed_precision fp16 needs a GPU and device is cpu; use no or bf16",
    ),
    Contradiction(
        ("strategy", "device"),
        lambda strategy, device: strategy == "fsdp" and device == "cpu",
        "strategy fsdp needs GPUs and device is cpu; use ddp or auto",
    ),
    Contradiction(
        ("strategy", "ema", "average"),
        lambda strategy, ema, average: strategy == "fsdp" and (ema > 0 or average > 1),
        "strategy fsdp spreads weights over GPUs, so ema and average do not see them whole; use "
        "ddp, or ema 0 and average 1",
    ),
    Contradiction(
        ("ema", "average"),
        lambda ema, average: ema > 0 and average > 1,
        "ema {ema} and average {average} both average weights; use one of them",
    ),
    Contradiction(
        ("mse", "cosine", "infonce", "decoder_ce"),
        lambda *weights: not any(weights),
        "losses all have the weight 0, so there is nothing to train for; give mse, cosine, infonce "
        "or decoder_ce a weight",
    ),
    Contradiction(
        ("infonce", "infonce_queue", "batch_size", "mse", "cosine", "decoder_ce"),
        lambda infonce, queue, batch, *others: infonce > 0 and batch == 1 and not queue,
        "infonce compares a caption with others, and there are none with infonce_queue 0 and "
        "batch_size 1; raise one of them",
    ),
    Contradiction(
        ("train_decoder", "decoder_ce"),
        lambda train_decoder, weight: train_decoder != "none" and not weight,
        "train_decoder {train_decoder} needs the loss decoder_ce: no other reaches the decoder; "
        "give decoder_ce a weight",
    ),
    Contradiction(
        ("d_model", "num_heads"),
        lambda width, heads: width % heads != 0,
        "d_model {d_model} is no multiple of num_heads {num_heads}, and the heads share the "
        "width; change one of them",
    ),
    Contradiction(
        ("kernel",),
        lambda kernel: kernel % 2 == 0,
        "kernel {kernel} is even, and a convolution needs a row in its middle; give an odd number",
    ),
    Contradiction(
        ("d_model", "select"),
        lambda _, select: select == "cosine",
        "select cannot be cosine: a landmark_translator has no embeddings; bleu_4 and chrf are "
        "possible",
    ),
    Contradiction(
        ("tokenizer", "t5_folder"),
        lambda tokenizer, folder: bool(tokenizer and folder),
        "tokenizer and t5_folder exclude each other: a pretrained T5 has its tokenizer; give one",
    ),
    Contradiction(
        ("start", "t5_folder"),
        lambda start, folder: bool(start and folder),
        "start and t5_folder exclude each other; give one model to start from",
    ),
    Contradiction(
        ("detector", "face_model"),
        lambda detector, model: detector == "cnn" and model is None,
        "detector cnn needs its model, mmod_human_face_detector.dat; give face_model, or use hog",
    ),
    Contradiction(
        ("width", "n_heads"),
        lambda width, heads: width % heads != 0,
        "width {width} is no multiple of n_heads {n_heads}, and the heads share the width; "
        "change one of them",
    ),
    Contradiction(
        ("language", "extra_language"),
        lambda language, extra: language in extra,
        "extra_language names {language}, the captions' own language; leave it out",
    ),
)


def refuse_contradictions(values: Mapping[str, Any], where: str = "") -> None:
    """Check settings against each other.

    Args:
        values: by name; a rule about a name that is not among them does not apply.
        where: the beginning of the message, such as `In the config: trainings.stage2: `.

    Raises:
        UserError: naming the settings, their values and what to do.
    """
    for rule in CONTRADICTIONS:
        if all(name in values for name in rule.names):
            given = {name: values[name] for name in rule.names}
            if rule.holds(*given.values()):
                sentence = rule.sentence.format_map(given)
                raise UserError(f"{where}{sentence}.")
