"""What `compare` reads: metrics files, prediction files, captions and manifests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sonar_sign.core.column_names import Layout
from sonar_sign.core.errors import UserError
from sonar_sign.core.foreign_tables import read_foreign
from sonar_sign.core.options import MetricOptions
from sonar_sign.core.table_options import TableOptions
from sonar_sign.core.wording import first_few
from sonar_sign.evaluation.comparable import on_same_clips, require_comparable
from sonar_sign.evaluation.external_predictions import read_predictions
from sonar_sign.evaluation.further_references import with_further_references
from sonar_sign.evaluation.metrics_files import is_metrics, read_metrics, require_finite
from sonar_sign.evaluation.parts import BY_COLUMN, COLUMNS
from sonar_sign.evaluation.seeds import SystemRuns, group_runs, split_seed
from sonar_sign.evaluation.system_scores import SystemScores, score
from sonar_sign.translation.predictions import RunInfo


@dataclass(frozen=True)
class Named:
    """A file to compare, and what its system is called."""

    path: Path
    name: str | None = None
    """None: a metrics file says it, and a prediction file is named after it."""

    @classmethod
    def parse(cls, text: str | Path) -> "Named":
        """A path, or `NAME=FILE`; what exists as it stands is a path.

        Raises:
            UserError: the name is empty or holds a control character.
        """
        name, equals, path = str(text).partition("=")
        if isinstance(text, Path) or not equals or Path(text).exists():
            return cls(Path(text))
        if not name.strip() or not path or not name.isprintable():
            raise UserError(f"{str(text)!r}: give a name and a file, NAME=FILE.")
        return cls(Path(path), name)


def read_systems(
    files: Sequence[str | Path],
    references: Sequence[Path],
    language: str,
    options: MetricOptions,
    tables: TableOptions = TableOptions(),  # noqa: B008 (frozen)
) -> dict[str, SystemRuns]:
    """Systems by name, all on the same clips in the same order.

    Args:
        files: metrics files or prediction files (see `compare`).
        references: captions of prediction files, then further references of the same clips.
        language: of prediction files; systems in another one have it in their name.
        options: of the metrics of prediction files.
        tables: how prediction files and captions are read.

    Raises:
        UserError: see `compare`.
    """
    if not files:
        raise UserError("No files to compare; name at least one metrics or prediction file.")
    named = [*map(Named.parse, files)]
    runs = [
        _read_metrics(file)
        if is_metrics(file.path)
        else _score_predictions(file, references, language, options, tables)
        for file in named
    ]
    for run in runs:
        require_finite(run)
    group_runs(runs, language)  # refuses two runs of the same system, language and seed
    stems = [file.name or file.path.stem for file in named]
    names = stems if len(set(stems)) == len(stems) else [str(file.path) for file in named]
    if len(set(names)) < len(names):
        names = [*map(str, files)]
    ordered = [*on_same_clips(dict(zip(names, runs, strict=True))).values()]
    require_comparable(ordered)
    return group_runs(ordered, language)


def _read_metrics(file: Named) -> SystemScores:
    scores = read_metrics(file.path)
    if file.name is not None:
        scores = replace(scores, record=scores.record | {"system": file.name})
    return scores


def _score_predictions(
    file: Named,
    references: Sequence[Path],
    language: str,
    options: MetricOptions,
    tables: TableOptions,
) -> SystemScores:
    path = file.path
    if not references:
        raise UserError(f"{path} is a prediction file: give the captions with --reference FILE.")
    clips = read_predictions(path, references[0], tables)
    further = [*references[1:], *filter(None, [options.further_references])]
    clips = with_further_references(clips, further, tables)
    system, seed = split_seed(file.name or path.stem)
    if not system.isprintable():
        raise UserError(f"{str(path)!r} is no name for a system; give one with NAME=FILE.")
    info = RunInfo(system, language, len(clips.clip_ids), seed=seed)
    return replace(score(clips, info, options), file=path)


def read_by_clip(
    manifest: Path | None,
    clip_ids: Sequence[str],
    tables: TableOptions = TableOptions(),  # noqa: B008 (frozen)
) -> dict[str, dict[str, str]]:
    """What a manifest says of each clip, by clip id, as columns; empty without a manifest.

    Raises:
        UserError: it is malformed, or lacks one of the clips.
    """
    if manifest is None:
        return {}
    ids = tuple(filter(None, ("clip_id", tables.id)))
    numbers = [name for name in COLUMNS if name not in (*BY_COLUMN, "signer_seen", "source_seen")]
    layout = Layout(
        ("clip_id",), COLUMNS, "clip_id", {"clip_id": ids}, tables.quoting, tuple(numbers)
    )
    columns = read_foreign(manifest, layout).columns
    rows = zip(*columns.values(), strict=True)
    found = {row[0]: dict(zip(columns, row, strict=True)) for row in rows}
    missing = [clip_id for clip_id in clip_ids if clip_id not in found]
    if missing:
        raise UserError(
            f"{manifest} lacks {len(missing)} of the clips ({first_few(missing)}); give the "
            "manifest of the clips that are compared."
        )
    return found
