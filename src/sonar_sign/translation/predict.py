"""`predict`: features of a split through a sign encoder and SONAR's decoder, in any language."""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from sonar_sign.core.devices import autocast, choose_device, peak_memory_gb
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file, sha256_of
from sonar_sign.core.options import PredictOptions
from sonar_sign.core.padding import padded
from sonar_sign.features.feature_shards import FeatureShard, by_length, open_features
from sonar_sign.features.targets import read_targets
from sonar_sign.models.checkpoint import load_sign_encoder, load_sign_hiera
from sonar_sign.models.sign_encoder import SignEncoder
from sonar_sign.translation.costs import cost, feature_times, summarise_timings
from sonar_sign.translation.predictions import write_predictions

if TYPE_CHECKING:
    from sonar_sign.models.fused_encoder import FusedEncoder
    from sonar_sign.models.sonar_text import SonarText


def predict(
    features: Sequence[Path],
    timings: Sequence[Path],
    sign_encoder: Path,
    sign_hiera: Path,
    sonar_folder: Path,
    outputs: Mapping[str, Path],
    options: PredictOptions,
    *,
    system: str,
    seed: int = 0,
    device: str = "auto",
    sonar_decoder: Path | None = None,
    targets: Path | None = None,
    landmarks: Sequence[Path] = (),
    landmark_model: Path | None = None,
) -> None:
    """Write `predictions/{system}/{split}.tsv` and what made it, `.json`, beside it.

    Args:
        features: the split's feature shards.
        timings: what `extract` measured for them, and `extract_landmarks` for landmarks.
        sign_encoder: the checkpoint to embed with.
        sign_hiera: the checkpoint that made the features; must be the one they name.
        outputs: a table for each language to translate into.
        targets: what `embed_text` made of the captions: the tables then have a column `cosine`, of
            each clip's embedding with its target.
        sonar_decoder: a fine-tuned decoder that takes the place of the folder's.
        landmarks: the split's landmark shards, for a fused encoder.
        landmark_model: the one that the fused encoder was trained with.

    Raises:
        UserError: a file cannot be used, or features and checkpoints do not belong together.
    """
    chosen = choose_device(device)
    shards = open_features(features)
    if not shards:
        raise UserError("The feature shards given to predict hold no clips.")
    hashes = _require_made_by(shards, sign_hiera)
    hashes["sign_encoder_sha256"] = sha256_of(require_file(sign_encoder, "The sign encoder"))
    if landmark_model is None:
        model = load_sign_encoder(sign_encoder, device=chosen)
        _require_width("features", shards, sign_encoder, model.config.feature_dim)
        rows = None
    else:
        model = _open_fused(sign_encoder, landmark_model, chosen)
        hashes["landmark_model_sha256"] = sha256_of(landmark_model)
        rows = open_features(landmarks)
        _require_width("features", shards, sign_encoder, model.sign_encoder.config.feature_dim)
        _require_width("landmarks", rows, landmark_model, model.landmark_model.config.feature_dim)
        _require_landmarks(shards, rows)
    sonar = _open_sonar(sonar_folder, sonar_decoder, outputs, chosen)
    clip_ids, dropped = by_length(shards)
    if not clip_ids:
        raise UserError(
            "All clips of the split were dropped by crop, see `box_from` in its shards."
        )
    embeddings, encoder_ms = embed(model, shards, clip_ids, options, rows)
    cosines = None if targets is None else _cosines(embeddings, clip_ids, targets)
    times = feature_times(timings, clip_ids) | {"sign_encoder": encoder_ms}
    models = {
        "sign_hiera": load_sign_hiera(sign_hiera),  # mapped, to be counted
        "sign_encoder": model,
        "sonar_decoder": sonar.decoder,
    }
    files = [sign_hiera, sign_encoder, sonar_decoder or sonar.decoder_file]
    files += [landmark_model] if landmark_model else []
    # A system is named by what was trained last; both hashes stand in the file.
    last_trained = "sign_hiera_sha256" if system == "stage1" else "sign_encoder_sha256"
    for language, output in outputs.items():
        texts, decoder_ms = _decode(sonar, embeddings, language, options)
        info = {
            "system": system,
            "checkpoint_sha256": hashes[last_trained],
            **hashes,
            "seed": seed,
            "language": language,
            **summarise_timings(times | {"sonar_decoder": decoder_ms}),
            "device": str(chosen),
            "n_clips": len(shards),
            "n_dropped": len(dropped),
            "cost": cost(models, files, peak_memory_gb(chosen)),
        }
        write_predictions(output, dict(zip(clip_ids, texts, strict=True)), dropped, info, cosines)


def _require_made_by(shards: Mapping[str, FeatureShard], sign_hiera: Path) -> dict[str, str]:
    found = sha256_of(require_file(sign_hiera, "The SignHiera checkpoint"))
    shard = next(iter(shards.values()))
    if shard.encoder_sha256 != found:
        raise UserError(
            f"{shard.path} was made by another SignHiera than {sign_hiera}; extract again."
        )
    return {"sign_hiera_sha256": found}


def _open_fused(path: Path, landmark_model: Path, device: torch.device) -> "FusedEncoder":
    from sonar_sign.models.fused_encoder import load_fused_encoder, require_landmark_model
    from sonar_sign.models.landmark_checkpoint import load_landmark_model

    require_landmark_model(path, sha256_of(landmark_model), landmark_model)
    return load_fused_encoder(path, load_landmark_model(landmark_model)[0], device)


def _require_landmarks(
    shards: Mapping[str, FeatureShard], rows: Mapping[str, FeatureShard]
) -> None:
    missing = sorted(shards.keys() - rows.keys())
    if missing:
        raise UserError(
            f"{len(missing)} of {len(shards)} clips are in no landmark shard, {missing[0]} for "
            "one; extract landmarks again."
        )


def _require_width(what: str, shards: Mapping[str, FeatureShard], path: Path, wanted: int) -> None:
    dim = next(iter(shards.values())).dim
    if dim != wanted:
        raise UserError(f"The {what} are {dim} wide, but {path} takes {what} {wanted} wide.")


def _open_sonar(
    folder: Path, decoder: Path | None, languages: Iterable[str], device: torch.device
) -> "SonarText":
    # Importing fairseq2 costs seconds, so only when it is needed.
    from sonar_sign.models.sonar_text import SonarText

    sonar = SonarText.open(folder, device=device, decoder=decoder)
    for language in languages:
        sonar.check_language(language)
    return sonar


@torch.inference_mode()
def embed(
    model: "SignEncoder | FusedEncoder",
    shards: Mapping[str, FeatureShard],
    clip_ids: Sequence[str],
    options: PredictOptions,
    landmarks: Mapping[str, FeatureShard] | None = None,
) -> tuple[torch.Tensor, list[float]]:
    """Embed clips: `(n_clips, embedding_dim)` float32 and each clip's share of the milliseconds.

    Args:
        landmarks: for a fused encoder, by clip id.
    """
    device = next(model.parameters()).device
    parts, milliseconds = [], []
    inputs = [shards] if landmarks is None else [shards, landmarks]
    for first in range(0, len(clip_ids), options.batch_size):
        started = time.perf_counter()
        batch = clip_ids[first : first + options.batch_size]
        given = [
            tensor.to(device)
            for by_clip in inputs
            for tensor in padded([by_clip[clip_id][clip_id] for clip_id in batch])
        ]
        with autocast(device, options.precision):
            parts.append(model(*given).float())
        milliseconds += _shares(started, len(batch), device)
    return torch.cat(parts), milliseconds


def _shares(started: float, n_clips: int, device: torch.device) -> list[float]:
    """What each clip of a batch took, all alike."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)  # or the clock would stop before the work does
    return n_clips * [1000 * (time.perf_counter() - started) / n_clips]


def _cosines(embeddings: torch.Tensor, clip_ids: Sequence[str], path: Path) -> list[float]:
    targets = read_targets(path)
    missing = [clip_id for clip_id in clip_ids if clip_id not in targets]
    if missing:
        raise UserError(f"{path} has no target of clip {missing[0]}; embed the captions again.")
    wanted = torch.from_numpy(np.stack([targets[clip_id] for clip_id in clip_ids]))
    return torch.nn.functional.cosine_similarity(embeddings.cpu(), wanted).tolist()


def _decode(
    sonar: "SonarText", embeddings: torch.Tensor, language: str, options: PredictOptions
) -> tuple[list[str], list[float]]:
    _ = sonar.decoder  # loading it is not inference
    texts, milliseconds = [], []
    for batch in embeddings.split(options.batch_size):
        started = time.perf_counter()
        texts += sonar.decode(batch, language, options.beam_size, batch_size=options.batch_size)
        milliseconds += _shares(started, len(batch), embeddings.device)
    return texts, milliseconds
