"""`gallery`: a page that plays test clips, with the reference and every system's translation."""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from importlib.resources import files
from pathlib import Path
from typing import Any

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, safe_name
from sonar_sign.core.tables import read_columns
from sonar_sign.metrics.bleu import sentence_bleu
from sonar_sign.report.spoken import SpokenClip, read_spoken
from sonar_sign.translation.prediction_files import read_clips

VIDEOS, SOUNDS = "clips", "speech"
NO_VIDEOS = (
    "The videos are left out: they show people's faces, which are biometric data. Where you may "
    "show them to whoever opens this page, set gallery.videos to true in the config."
)


def gallery(
    predictions: Mapping[str, Path],
    manifest: Path,
    shards: Sequence[Path],
    folder: Path,
    language: str = "eng_Latn",
    *,
    speech: Mapping[str, Path] | None = None,
) -> None:
    """Write `index.html` into a folder, and what it plays into `clips/` and `speech/` beside it.

    The page can be opened from disk; it loads nothing from outside of the folder.

    Args:
        predictions: what `predict` wrote, by system, all in the captions' language.
        manifest: table with `clip_id`, `source`, `text`, `signer`, `n_frames`, `fps`.
        shards: clip shards of the split; without any the page has no videos and says why.
        language: FLORES code of predictions and captions; says what a word is.
        speech: what `speak` wrote, by `SYSTEM.LANGUAGE`.

    Raises:
        UserError: there are no systems, or a file is missing, malformed or has other clips.
    """
    if not predictions:
        raise UserError("A gallery needs predictions of at least one system.")
    folder = Path(folder)
    played = {clip_id: name for shard in shards for clip_id, name in _write_videos(shard, folder)}
    data = {
        "systems": list(predictions),
        "clips": _clips(
            predictions, manifest, played, _write_sounds(speech or {}, folder), language
        ),
        "note": _without_face(shards) if shards else NO_VIDEOS,
    }
    # Within a script element only `<` could end the data.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    page = files(__package__).joinpath("gallery.html").read_text(encoding="utf-8")
    with atomic_write(folder / "index.html") as temporary:
        temporary.write_text(page.replace("{{data}}", text), encoding="utf-8")


def _without_face(paths: Sequence[Path]) -> str:
    """How many clips show the middle of the frame; empty if none does."""
    boxes = [
        shard.info(clip_id).box_from
        for shard in map(ClipShard, paths)
        for clip_id in shard.clip_ids
    ]
    n_found = boxes.count("fallback")
    if not n_found:
        return ""
    return (
        f"In {n_found} of {len(boxes)} clips no face was found: they are cut out of the middle of "
        "the frame, which may miss the signer."
    )


def _write_videos(path: Path, folder: Path) -> Iterator[tuple[str, str]]:
    shard = ClipShard(path)
    for clip_id in shard.clip_ids:
        name = f"{VIDEOS}/{safe_name(clip_id)}.mp4"
        with atomic_write(folder / name) as temporary:
            temporary.write_bytes(shard.video(clip_id))
        yield clip_id, name


Sounds = Mapping[tuple[str, str], list[dict[str, Any]]]


def _write_sounds(speech: Mapping[str, Path], folder: Path) -> Sounds:
    """What was spoken, by system and clip, with the sounds' addresses on the page."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for clip in read_spoken(speech):
        found.setdefault((clip.system, clip.clip_id), []).append(
            {
                "language": clip.language,
                "text": clip.text,
                "how": clip.how,
                "sound": _write_sound(clip, folder),
            }
        )
    return found


def _write_sound(clip: SpokenClip, folder: Path) -> str | None:
    if clip.wav is None:
        return None
    name = f"{SOUNDS}/{safe_name(clip.system)}/{safe_name(clip.language)}/{clip.wav.name}"
    with atomic_write(folder / name) as temporary:
        temporary.write_bytes(clip.wav.read_bytes())
    return name


def _clips(
    predictions: Mapping[str, Path],
    manifest: Path,
    played: Mapping[str, str],
    sounds: Sounds,
    language: str,
) -> list[dict[str, Any]]:
    by_system = {name: read_clips(path, manifest) for name, path in predictions.items()}
    about = read_columns(manifest, ("clip_id", "signer", "n_frames", "fps"))
    first = next(iter(by_system.values()))
    return [
        {
            "id": clip_id,
            "video": played.get(clip_id),
            "source": first.sources[row],
            # Clips stand in the manifest's order.
            "signer": about["signer"][row],
            "seconds": round(float(about["n_frames"][row]) / float(about["fps"][row]), 2),
            "reference": first.references[row],
            "translations": [
                _translation(clips.predictions[row], clips.references[row], language)
                | ({"speech": spoken} if (spoken := sounds.get((name, clip_id))) else {})
                for name, clips in by_system.items()
            ],
        }
        for row, clip_id in enumerate(first.clip_ids)
    ]


def _translation(prediction: str, reference: str, language: str) -> dict[str, Any]:
    return {
        "bleu": round(sentence_bleu(prediction, reference, language), 1),
        "words": differing(prediction, reference),
    }


def differing(prediction: str, reference: str) -> list[tuple[str, bool]]:
    """The words of a prediction, and whether each differs from the reference's at its place."""
    words, wanted = prediction.split(), reference.split()
    differs = [True] * len(words)
    for block in SequenceMatcher(None, words, wanted, autojunk=False).get_matching_blocks():
        differs[block.a : block.a + block.size] = [False] * block.size
    return list(zip(words, differs, strict=True))
