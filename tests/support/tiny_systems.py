"""A small project whose workflow has run: a video, systems of every kind, and their predictions."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from keypoint_files import RIGHT_HAND, as_json, person, write_frames
from shard_tables import shard_row, write_shard
from small_files import numbered, write_video
from tiny_models import tiny_encoder, tiny_hiera

from sonar_sign.clips.crop import crop
from sonar_sign.core.files import sha256_of, write_json
from sonar_sign.core.options import CropOptions, ExtractOptions, LandmarkOptions, PredictOptions
from sonar_sign.core.tables import read_table
from sonar_sign.evaluation.system_scores import score, write_system_scores
from sonar_sign.features.extract import extract
from sonar_sign.landmarks.extract import extract_landmarks
from sonar_sign.landmarks.representation import hash_of, width
from sonar_sign.models.checkpoint import save_sign_encoder, save_sign_hiera
from sonar_sign.models.fused_encoder import FusedEncoder, save_fused_encoder
from sonar_sign.models.landmark_checkpoint import save_landmark_model
from sonar_sign.models.landmark_tokenizer import train_tokenizer
from sonar_sign.models.landmark_translator import LandmarkConfig, LandmarkTranslator
from sonar_sign.translation.inputs import FeatureFiles, LandmarkFiles, SonarModels
from sonar_sign.translation.predict import PredictionRun, predict, predict_landmarks
from sonar_sign.translation.predictions import PredictionSet, read_run_info

FPS, N_FRAMES = 24, 24
CLIPS = ("first", "second", "third")
SPANS = [(n * N_FRAMES / FPS, (n + 1) * N_FRAMES / FPS) for n in range(len(CLIPS))]
SYSTEMS = ("finetuned", "decoder", "fused", "landmarks")
LANGUAGES = ("eng_Latn", "ita_Latn")
CROP = CropOptions(size=32, frames_probed=2)
LANDMARKS = LandmarkOptions()
DECODING = PredictOptions(beam_size=3, batch_size=2, precision="fp32")


def build_project(folder: Path, sonar: Path, *, predicted: bool = True) -> None:
    """Fill a folder; the results are in `results/tiny`, the video is `raw/v.mp4`.

    Args:
        sonar: the fixture `tiny_sonar`.
        predicted: make predictions and scores too, which takes seconds.
    """
    _write_video(folder)
    _write_models(folder, sonar)
    _write_records(folder)
    if predicted:
        _make_clips(folder)
        for name in SYSTEMS:
            _predict(folder, name)
            _score(folder, name)


def entry_of(name: str) -> dict:
    """A system as `systems.json` has it."""
    alone = name == "landmarks"
    return {
        "kind": "landmarks" if alone else "sonar",
        "sign_hiera": None if alone else "models/hiera.pth",
        "sign_encoder": None
        if alone
        else "models/fused.pt"
        if name == "fused"
        else "models/encoder.pt",
        "sonar": "models/sonar",
        "sonar_decoder": "models/decoder.pt" if name == "decoder" else None,
        "landmark_model": "models/landmarks.pt" if name in ("fused", "landmarks") else None,
        "decoding": asdict(DECODING),
        "languages": ["eng_Latn"] if alone else list(LANGUAGES),
        "caption_language": "eng_Latn",
    }


def predictions_of(folder: Path, system: str, language: str = "eng_Latn") -> list[str]:
    """What `predict` made of the clips, in their order."""
    table = read_table(_table(folder, system, language), ("clip_id", "prediction"))
    texts = dict(zip(table["clip_id"], table["prediction"], strict=True))
    return [texts[clip_id] for clip_id in CLIPS]


def _table(folder: Path, system: str, language: str) -> Path:
    end = "" if language == "eng_Latn" else f".{language}"
    return folder / f"results/tiny/predictions/{system}/test{end}.tsv"


def _write_video(folder: Path) -> None:
    n = N_FRAMES * len(CLIPS)
    write_video(folder / "raw/v.mp4", [numbered(37 * k % 256, 64, 96) for k in range(n)])
    people = []
    for k in range(n):
        points = person()
        points[RIGHT_HAND:, :2] += 40 * np.sin(k / 3 + k // N_FRAMES)
        people.append(as_json(points))
    write_frames(folder / "raw/openpose/v", people)


def _write_models(folder: Path, sonar: Path) -> None:
    models = folder / "models"
    models.mkdir(parents=True)
    (models / "sonar").symlink_to(sonar)
    corpora = {"tiny": {"clips": 3, "weight": 1.0, "captions_sha256": "0" * 64}}
    about = {"training": "tiny", "seed": 1, "corpora": corpora, "settings": {"epochs": 1}}
    save_sign_hiera(models / "hiera.pth", tiny_hiera(), about | {"kind": "video_encoder"})
    encoder = tiny_encoder()
    tokenizer = train_tokenizer(["a bc d ef g", "g fe d"], 24)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        torch.nn.init.normal_(encoder.projection_out.weight, std=0.3)
        landmarks = LandmarkTranslator(
            LandmarkConfig(
                feature_dim=width(LANDMARKS), vocab_size=len(tokenizer), d_model=32, d_ff=32,
                d_kv=16, num_heads=2, num_layers=1, num_decoder_layers=1,
            )
        ).eval()  # fmt: skip
        torch.nn.init.normal_(landmarks.t5.lm_head.weight, std=1.0)
    save_sign_encoder(models / "encoder.pt", encoder, about | {"kind": "sign_encoder"})
    made = {"kind": "landmark_translator", "landmarks_sha256": hash_of(LANDMARKS)}
    made["language"] = "eng_Latn"
    save_landmark_model(models / "landmarks.pt", landmarks, tokenizer, about | made)
    fused = FusedEncoder(encoder, landmarks)
    torch.nn.init.constant_(fused.fusion.gate, 0.005)
    torch.nn.init.normal_(fused.fusion.projection.weight, std=0.5)
    parent = {"landmark_model": {"sha256": sha256_of(models / "landmarks.pt"), "metadata": made}}
    made_of = about | {"kind": "fused", "started_from": parent}
    save_fused_encoder(models / "fused.pt", fused, made_of)
    file = torch.load(sonar / "sonar_text_decoder.pt", weights_only=True)
    weights = file["model"]["final_proj.weight"]
    generator = torch.Generator().manual_seed(0)
    weights += 0.1 * weights.std() * torch.randn(weights.shape, generator=generator)
    torch.save(file, models / "decoder.pt")


def _make_clips(folder: Path) -> None:
    rows = [
        shard_row(name, "v.mp4", f"{SPANS[k][0]:.4f}", N_FRAMES) for k, name in enumerate(CLIPS)
    ]
    made = folder / "made"
    made.mkdir()
    write_shard(made / "shard.tsv", *rows)
    crop(made / "shard.tsv", folder / "raw", made / "c.tar", made / "c.timings.json", CROP)
    hiera, options = folder / "models/hiera.pth", ExtractOptions()
    timings = made / "f.timings.json"
    extract(made / "c.tar", hiera, made / "f.npy", timings, options, device="cpu")
    timings, counts = made / "l.timings.json", made / "l.counts.json"
    extract_landmarks(
        made / "shard.tsv", folder / "raw", "test", made / "l.npy", timings, counts, LANDMARKS
    )


def _predict(folder: Path, name: str) -> None:
    made, entry = folder / "made", entry_of(name)
    languages = entry["languages"]
    outputs = {language: _table(folder, name, language) for language in languages}
    run = PredictionRun(name, outputs, seed=1, device="cpu")
    timings = [made / f"{one}.timings.json" for one in ("c", "f", "l")]
    if name == "landmarks":
        files = LandmarkFiles([made / "l.npy"], timings[2:], folder / entry["landmark_model"])
        predict_landmarks(files, DECODING, run, made / "attention.npz")
        return
    models = {key: folder / entry[key] for key in ("sign_hiera", "sign_encoder", "sonar")}
    for key in ("sonar_decoder", "landmark_model"):
        models[key] = entry[key] and folder / entry[key]
    reads = [made / "l.npy"] if name == "fused" else []
    files = FeatureFiles([made / "f.npy"], timings, reads)
    predict(SonarModels(**models), files, DECODING, run)


def _score(folder: Path, name: str) -> None:
    for language in entry_of(name)["languages"]:
        table = _table(folder, name, language)
        texts = predictions_of(folder, name, language)
        clips = PredictionSet(list(CLIPS), ["v1", "v2", "v3"], ["A b.", "C.", "D e."], texts)
        end = "" if language == "eng_Latn" else f".{language}"
        scores = score(clips, read_run_info(table.with_suffix(".json")))
        write_system_scores(folder / f"results/tiny/metrics/{name}{end}.json", scores)


def _write_records(folder: Path) -> None:
    results = folder / "results/tiny"
    write_json(results / "systems.json", {"systems": {name: entry_of(name) for name in SYSTEMS}})
    settings = {
        "crop": asdict(CROP),
        "extract": asdict(ExtractOptions()),
        "landmarks": asdict(LANDMARKS),
        "evaluate": {"split": "test"},
        "seed": 1,
    }
    identity = {"corpus": "tiny", "type": "demo", "settings": settings}
    write_json(results / "identity.json", identity)
    splits = {"test": {"clips": 3, "videos": 3, "hours": 0.001}}
    write_json(results / "manifests/summary.json", {"splits": splits})
