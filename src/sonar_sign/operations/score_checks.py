"""Checks of predictions, metrics, samples, the comparison and the report."""

import json
import re
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import first_few
from sonar_sign.evaluation.comparison_table import read_comparison, to_markdown
from sonar_sign.evaluation.seeds import SystemRuns, group_runs
from sonar_sign.evaluation.system_scores import read_system_scores, verify_metrics
from sonar_sign.evaluation.verify_predictions import verify_predictions
from sonar_sign.metrics.registry import DECIMALS
from sonar_sign.operations.declared_outputs import Output
from sonar_sign.operations.output_check import Inspection
from sonar_sign.translation.attention import read_attention
from sonar_sign.translation.prediction_files import read_clips
from sonar_sign.translation.predictions import read_record, read_run_info

# Inputs of `predict` whose SHA-256 is in the run info.
HASHED = ("sign_hiera", "sign_encoder", "sonar_decoder", "landmark_model")
# What a metrics file takes from the run info, and a comparison from a metrics file.
TAKEN_OVER = ("system", "language", "seed", "checkpoint_sha256")


def check_predictions(output: Output, look: Inspection) -> None:
    """They are of the manifest's clips, and of the models and settings that there are."""
    manifest, references = (look.there(output.input(name)) for name in ("manifest", "references"))
    info_path = output.path.with_suffix(".json")
    if manifest:
        verify_predictions(output.path, manifest, references)
    info = read_run_info(info_path)
    record = read_record(info_path, "The run info of the predictions")
    for name in HASHED:
        sha256, path = look.sha256(output.input(name)), output.input(name)
        if sha256 is not None and record.get(f"{name}_sha256", sha256) != sha256:
            raise UserError(f"{output.path} was made by another {name} than {path}.")
    model = output.input("model")
    if look.sha256(model) not in (None, info.checkpoint_sha256):
        raise UserError(f"{output.path} was made by another model than {model}.")
    run = look.config.experiment.run(output.values["label"])
    if (info.system, info.seed) != (run.name, run.seed):
        raise UserError(
            f"{info_path} is of {info.system}, seed {info.seed}, and not of {run.name}, seed "
            f"{run.seed}."
        )
    _check_decoding(output, look, info.decoding or {})


def _check_decoding(output: Output, look: Inspection, found: dict[str, Any]) -> None:
    run = look.config.experiment.run(output.values["label"])
    declared = look.config.experiment.systems[run.name].decoding
    for name, value in declared.items():
        # What `auto` became is recorded, not `auto`.
        if name in found and "auto" not in (value, found[name]) and found[name] != value:
            raise UserError(
                f"{output.path} was decoded with {name} {found[name]}, and the config says {value}."
            )


def check_attention(output: Output, look: Inspection) -> None:
    read_attention(output.path)


def check_metrics(output: Output, look: Inspection) -> None:
    """They are of the predictions and captions that there are."""
    inputs = [look.there(output.input(name)) for name in ("predictions", "manifest", "references")]
    clips = None
    if inputs[0] and inputs[1] and len(output.inputs) == 3 + bool(inputs[2]):
        clips = read_clips(*inputs)
    scores = verify_metrics(output.path, clips)
    info_path = look.there(output.input("run_info"))
    if info_path is None:
        return
    info = read_run_info(info_path)
    for name in TAKEN_OVER:
        if scores.record.get(name) != getattr(info, name):
            raise UserError(
                f"{output.path} scores other predictions than those of {info_path}: its {name} is "
                f"{scores.record.get(name)}."
            )


def check_samples(output: Output, look: Inspection) -> None:
    """They are translations and captions of the predictions."""
    try:
        samples = json.loads(output.path.read_text(encoding="utf-8"))
        found = [(one["clip_id"], one["predicted"], one["ground_truth"]) for one in samples]
    except (ValueError, LookupError, TypeError) as error:
        raise UserError(f"{output.path} holds no samples ({error}).") from error
    predictions, manifest = (look.there(output.input(name)) for name in ("predictions", "manifest"))
    if predictions is None or manifest is None:
        return
    clips = read_clips(predictions, manifest)
    known = {*zip(clips.clip_ids, clips.predictions, clips.references, strict=True)}
    if not found or not set(found) <= known:
        raise UserError(f"{output.path} is of other predictions than {predictions}.")


def check_comparison(output: Output, look: Inspection) -> None:
    """It compares the systems of the config, with the values of their metrics files."""
    comparison = read_comparison(output.path)
    paths = output.inputs["metrics"]
    if not all(map(look.there, paths)):
        return
    systems = group_runs(
        [read_system_scores(path) for path in paths], look.config.values["languages"]["captions"]
    )
    if list(comparison["systems"]) != list(systems):
        raise UserError(
            f"{output.path} compares {first_few([*comparison['systems']])}, and the config's "
            f"systems are {first_few([*systems])}."
        )
    for name, system in systems.items():
        try:
            problem = _difference(comparison, name, system)
        except (LookupError, TypeError, AttributeError) as error:
            raise UserError(f"{output.path} is damaged: it says no {error} of {name}.") from error
        if problem:
            raise UserError(f"{output.path} is of other metrics than {paths[0].parent}: {problem}.")


def _difference(comparison: dict[str, Any], name: str, system: SystemRuns) -> str | None:
    """The first thing that a comparison says of a system and its metrics files do not."""
    for metric, over_seeds in system.metrics.items():
        said = comparison["systems"][name][metric]["value"]
        if abs(said - over_seeds.value) > 10**-DECIMALS:
            return f"{metric} of {name} is {said:.4g} and there {over_seeds.value:.4g}"
    said = [(run["seed"], run["checkpoint_sha256"]) for run in comparison["about"][name]["runs"]]
    if said != [(run.record["seed"], run.record["checkpoint_sha256"]) for run in system.runs]:
        return f"{name} has other seeds or checkpoints"
    for key in ("clips_sha256", "n_clips"):
        if comparison[key] != system.first.record[key]:
            return f"{key} is {comparison[key]}"
    return None


def check_comparison_text(output: Output, look: Inspection) -> None:
    """It is the comparison in words."""
    text = _text(output.path)
    path = look.there(output.input("comparison"))
    try:
        same = path is None or text == to_markdown(read_comparison(path))
    except UserError:
        return  # the comparison has a finding of its own
    except (LookupError, TypeError, AttributeError):
        return
    if not same:
        raise UserError(f"{output.path} does not say what {path} says.")


def check_picture(output: Output, look: Inspection) -> None:
    _require_ends(output.path, "<svg", "</svg>")


def check_page(output: Output, look: Inspection) -> None:
    _require_ends(output.path, "<html", "</html>")
    played = re.findall(r'"video": ?"(clips/[^"/]+\.mp4)"', _text(output.path))
    missing = [name for name in played if not look.there(output.path.parent / name)]
    if missing:
        raise UserError(f"{output.path} plays videos that are missing: {first_few(missing)}.")


def _require_ends(path: Path, start: str, end: str) -> None:
    text = _text(path).lower()
    if start not in text[:2000] or not text.rstrip().endswith(end):
        raise UserError(f"{path} is empty, cut off or damaged.")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text, or damaged.") from error
