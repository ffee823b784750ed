"""`predict_landmarks`: landmarks of a split to text, and where the model looked meanwhile."""

import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sonar_sign.core.devices import autocast, choose_device, peak_memory_gb
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.core.options import PredictOptions
from sonar_sign.core.padding import padded
from sonar_sign.features.feature_shards import FeatureShard, by_length, open_features
from sonar_sign.models.landmark_checkpoint import load_landmark_model
from sonar_sign.models.landmark_tokenizer import END, PAD, Tokenizer
from sonar_sign.models.landmark_translator import Encoded, LandmarkTranslator, Translations
from sonar_sign.models.model_files import read_extra
from sonar_sign.translation.attention import Attention, write_attention
from sonar_sign.translation.costs import cost, feature_times, summarise_timings
from sonar_sign.translation.predictions import write_predictions

# Clips whose attention is kept, to be drawn.
N_ATTENTION = 6


def predict_landmarks(
    landmarks: Sequence[Path],
    timings: Sequence[Path],
    model: Path,
    output: Path,
    attention: Path,
    options: PredictOptions,
    *,
    rows_per_s: float,
    system: str = "landmarks",
    language: str = "eng_Latn",
    seed: int = 0,
    device: str = "auto",
) -> None:
    """Write `predictions/landmarks/{split}.tsv`, `.json` and `.attention.npz`.

    Args:
        landmarks: the split's landmark shards.
        timings: what `extract_landmarks` measured for them.
        model: the checkpoint.
        rows_per_s: of the landmarks, for the attention's times.
        language: that of the captions that the model was trained on.

    Raises:
        UserError: a file cannot be used, or landmarks and checkpoint do not belong together.
    """
    chosen = choose_device(device)
    shards = open_features(landmarks)
    if not shards:
        raise UserError("The landmark shards given to predict_landmarks hold no clips.")
    translator, tokenizer = load_landmark_model(model, chosen)
    _require_made_for(shards, translator, model, language)
    clip_ids, dropped = by_length(shards)
    if not clip_ids:
        raise UserError("No clip of the split has usable landmarks, see the shards' .counts.json.")
    shown = set(random.Random(seed).sample(sorted(clip_ids), min(N_ATTENTION, len(clip_ids))))
    # What decoding imports and sets up when it is first called is not inference.
    _translate(translator, shards, clip_ids[:1], options)
    texts: list[str] = []
    milliseconds: list[float] = []
    looks: list[Attention] = []
    for first in range(0, len(clip_ids), options.batch_size):
        batch = clip_ids[first : first + options.batch_size]
        started = time.perf_counter()
        found = _translate(translator, shards, batch, options)
        numbers = found.pieces.tolist()  # waits for a GPU
        texts += [tokenizer.decode(pieces) for pieces in numbers]
        milliseconds += len(batch) * [1000 * (time.perf_counter() - started) / len(batch)]
        step_s = translator.config.stride / rows_per_s
        looks += _looks(translator, tokenizer, found.encoded, found.pieces, batch, shown, step_s)
    info: dict[str, Any] = {
        "system": system,
        "checkpoint_sha256": sha256_of(model),
        "landmarks_sha256": next(iter(shards.values())).encoder_sha256,
        "seed": seed,
        "language": language,
        **summarise_timings(feature_times(timings, clip_ids) | {"landmark_model": milliseconds}),
        "device": str(chosen),
        "n_clips": len(shards),
        "n_dropped": len(dropped),
        "cost": cost({"landmark_model": translator}, [model], peak_memory_gb(chosen)),
    }
    write_attention(attention, looks)
    write_predictions(output, dict(zip(clip_ids, texts, strict=True)), dropped, info)


def _require_made_for(
    shards: Mapping[str, FeatureShard], model: LandmarkTranslator, path: Path, language: str
) -> None:
    shard = next(iter(shards.values()))
    extra = read_extra(path)
    if shard.dim != model.config.feature_dim:
        raise UserError(
            f"The landmarks are {shard.dim} wide, but {path} takes landmarks "
            f"{model.config.feature_dim} wide."
        )
    if extra.get("landmarks_sha256", shard.encoder_sha256) != shard.encoder_sha256:
        raise UserError(
            f"{shard.path} was made by other settings than what {path} was trained on; extract "
            "its landmarks again."
        )
    if extra.get("language", language) != language:
        raise UserError(f"{path} translates into {extra['language']} only, not into {language}.")


@torch.inference_mode()
def _translate(
    model: LandmarkTranslator,
    shards: Mapping[str, FeatureShard],
    clip_ids: Sequence[str],
    options: PredictOptions,
) -> Translations:
    device = next(model.parameters()).device
    rows, lengths = padded([shards[clip_id][clip_id] for clip_id in clip_ids])
    with autocast(device, options.precision):
        return model.translate(rows.to(device), lengths.to(device), options.beam_size)


@torch.inference_mode()
def _looks(
    model: LandmarkTranslator,
    tokenizer: Tokenizer,
    encoded: Encoded,
    pieces: Tensor,
    clip_ids: Sequence[str],
    shown: set[str],
    step_s: float,
) -> list[Attention]:
    """The attention of those clips of a batch that are shown."""
    numbers = [number for number, clip_id in enumerate(clip_ids) if clip_id in shown]
    looks = []
    for number in numbers:
        alone = Encoded(encoded.states[number : number + 1], encoded.mask[number : number + 1])
        written = [p for p in pieces[number].tolist() if p not in (PAD, END)]
        if not written:
            continue
        wanted = torch.tensor([written], device=pieces.device)
        weights = model.attention(alone, wanted)[0, :, alone.mask[0]].float().cpu().numpy()
        looks.append(Attention(clip_ids[number], tokenizer.pieces(written), weights, step_s))
    return looks
