"""Checks every output that a config declares, and says which of them are not there."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.wording import first_few
from sonar_sign.operations.corpus_checks import (
    check_annotations,
    check_captions,
    check_clips,
    check_manifest,
    check_shard,
    check_summary,
)
from sonar_sign.operations.declared_outputs import Output, declared_outputs
from sonar_sign.operations.feature_checks import check_features, check_landmarks, check_targets
from sonar_sign.operations.findings import Again, Finding
from sonar_sign.operations.model_file_checks import (
    check_checkpoint,
    check_curves,
    check_sonar,
    check_sonar_file,
)
from sonar_sign.operations.output_check import Check, Inspection
from sonar_sign.operations.score_checks import (
    check_attention,
    check_comparison,
    check_comparison_text,
    check_metrics,
    check_page,
    check_picture,
    check_predictions,
    check_samples,
)
from sonar_sign.operations.snakemake_records import is_recorded
from sonar_sign.operations.speech_checks import check_speech

# How each kind of file is checked.
CHECKS: dict[str, Check] = {
    "annotations": check_annotations,
    "manifest": check_manifest,
    "summary": check_summary,
    "captions": check_captions,
    "shard": check_shard,
    "clips": check_clips,
    "features": check_features,
    "landmarks": check_landmarks,
    "targets": check_targets,
    "checkpoint": check_checkpoint,
    "sonar": check_sonar,
    "sonar_file": check_sonar_file,
    "curves": check_curves,
    "predictions": check_predictions,
    "attention": check_attention,
    "metrics": check_metrics,
    "samples": check_samples,
    "speech": check_speech,
    "comparison": check_comparison,
    "comparison_text": check_comparison_text,
    "picture": check_picture,
    "page": check_page,
}
# What reading a file raises whose content has a shape that no writer gives it.
OF_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


@dataclass(frozen=True)
class OutputsReport:
    """What was found among the outputs of a config."""

    findings: Sequence[Finding]
    declared: Sequence[Path]
    """All outputs."""
    not_built: Sequence[Path]
    """Those that are not there, though nothing says that they ever were."""


def check_outputs(look: Inspection, again: Again) -> OutputsReport:
    """Check all outputs of a config in the current folder; nothing is changed."""
    outputs = declared_outputs(look.config)
    used = _used_by(outputs)
    findings, not_built, gone = [], [], []
    for output in outputs:
        if _exists(output.path):
            found = [*_check(output, look, again)]
            if found:
                look.broken.update(output.files)
            findings += found
        elif is_recorded(output.path) or any(map(_exists, used.get(output.path, ()))):
            gone.append(output)
        else:
            not_built.append(output.path)
    # What is missing is often what could not be made of something damaged.
    return OutputsReport(
        [*findings, *_of_gone(gone, again)],
        [output.path for output in outputs],
        not_built,
    )


def _used_by(outputs: Sequence[Output]) -> dict[Path, list[Path]]:
    """By output, what is made of it."""
    found: dict[Path, list[Path]] = {}
    for output in outputs:
        for path in {path for paths in output.inputs.values() for path in paths}:
            found.setdefault(path, []).append(output.path)
    return found


def _of_gone(outputs: Sequence[Output], again: Again) -> Iterator[Finding]:
    """Outputs that were there once, by their kind."""
    by_kind: dict[str, list[Output]] = {}
    for output in outputs:
        by_kind.setdefault(output.kind, []).append(output)
    for found in by_kind.values():
        paths = [str(output.path) for output in found]
        were = "1 output was made and is" if len(paths) == 1 else f"{len(paths)} were made and are"
        yield Finding(
            f"{were} missing: {first_few(paths)}.",
            make_again([output.path for output in found], [], again),
        )


def _check(output: Output, look: Inspection, again: Again) -> Iterator[Finding]:
    missing = [path for path in output.files if not _exists(path)]
    try:
        if missing:
            raise UserError(f"{missing[0]} is missing beside {output.path}.")
        CHECKS[output.kind](output, look)
    except (UserError, OSError, *OF_DAMAGE) as error:
        further = list(getattr(error, "further", ()))
        targets = [output.path, *further]
        problem = str(error) if isinstance(error, UserError) else _damaged(output.path, error)
        yield Finding(problem, make_again(targets, [*output.files, *further], again))


def _damaged(path: Path, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
    return f"{path} is damaged or cannot be read ({' '.join(reason.split())[:200]})."


def make_again(targets: Sequence[Path], damaged: Sequence[Path], again: Again) -> str:
    """The command that deletes files and makes targets again, and then all that they change.

    Targets are named, because Snakemake does not make a file that no job needs any more.
    """
    made = f"{again(*map(str, targets))} && {again()}"
    if not damaged:
        return made
    return f"rm -rf {shlex.join(map(str, dict.fromkeys(damaged)))} && {made}"


def _exists(path: Path) -> bool:
    return path.is_file() or path.is_dir()
