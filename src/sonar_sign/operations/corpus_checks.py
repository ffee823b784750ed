"""Checks of what is made of a corpus: manifests, captions, shards and clips; and of keypoints."""

from collections.abc import Mapping
from pathlib import Path

from sonar_sign.clips.clip_shards import ClipShard, verify_clips
from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns
from sonar_sign.core.wording import first_few
from sonar_sign.corpora import TYPES, Annotation, Corpus, open_corpus, open_declared
from sonar_sign.corpora.captions import normalise
from sonar_sign.corpora.prepare import CLAMPED_COLUMNS, COLUMNS, DROPPED_COLUMNS
from sonar_sign.corpora.probing import changed_since
from sonar_sign.corpora.shard import COLUMNS as SHARD_COLUMNS
from sonar_sign.corpora.shard import shard_of
from sonar_sign.landmarks.keypoint_locations import KeypointLocations
from sonar_sign.operations.corpus_files import CorpusFiles
from sonar_sign.operations.declared_outputs import Output
from sonar_sign.operations.output_check import Inspection, StaleError, require_same
from sonar_sign.translation.predictions import read_record

# Clips of a large shard whose content a quick look reads.
SAMPLED_CLIPS = 4


def check_manifest(output: Output, look: Inspection) -> None:
    """It has a row for every annotated sentence that is not dropped, of a video that is there."""
    manifest, (dropped, clamped) = output.path, output.files[1:]
    table = read_columns(manifest, COLUMNS)
    drops = read_columns(dropped, DROPPED_COLUMNS, key=None)["clip_id"]
    cut = set(read_columns(clamped, CLAMPED_COLUMNS)["clip_id"])
    if look.there(output.input("annotations")) is None:
        return
    annotations = _corpus(output, look).annotations(output.values["split"])
    if len(annotations) != len(table["clip_id"]) + len(drops):
        raise UserError(
            f"{manifest} and its dropped clips are {len(table['clip_id']) + len(drops)}, and "
            f"{output.input('annotations')} has {len(annotations)} sentences: it has changed."
        )
    first: dict[str, Annotation] = {}
    for annotation in annotations:
        if annotation.problem is None:
            first.setdefault(annotation.clip_id, annotation)
    known = {annotation.clip_id for annotation in annotations}
    require_same({*table["clip_id"], *drops}, manifest, known, output.input("annotations"))
    unusable = sorted(set(table["clip_id"]) - first.keys())
    if unusable:
        raise UserError(
            f"{manifest} has clips that {output.input('annotations')} no longer describes well: "
            f"{first_few(unusable)}."
        )
    _require_videos(output, look, table, first)
    for row in _rows(table):
        _check_row(output, row, first[row["clip_id"]], is_cut=row["clip_id"] in cut)
    _check_unchanged(output, look, set(table["source"]))


def check_annotations(output: Output, look: Inspection) -> None:
    """The annotations of a corpus that a rule draws can be read."""
    declared = look.config.experiment.corpora[output.values["corpus"]]
    opened = open_corpus(declared["type"], output.path.parent)
    if "language" in output.values:
        opened.captions(output.values["split"], output.values["language"])
    else:
        opened.annotations(output.values["split"])


def _require_videos(
    output: Output,
    look: Inspection,
    table: Mapping[str, list[str]],
    annotations: Mapping[str, Annotation],
) -> None:
    pairs = zip(table["clip_id"], table["source"], strict=True)
    missing = {source for clip_id, source in pairs if annotations[clip_id].source is None}
    if missing:
        raise StaleError(
            f"{len(missing)} videos of {output.path} are missing: {first_few(sorted(missing))}; "
            "put them back, or their clips are dropped.",
            _drawn_again(output, look),
        )


def _drawn_again(output: Output, look: Inspection) -> list[Path]:
    """What makes a rule draw a corpus again, with its videos and keypoints."""
    corpus, split = output.values["corpus"], output.values["split"]
    if not TYPES[look.config.experiment.corpora[corpus]["type"]].drawn:
        return []
    return [Path(CorpusFiles(look.config).annotations(corpus, split))]


def _check_row(
    output: Output, row: Mapping[str, str], annotation: Annotation, *, is_cut: bool
) -> None:
    """A row of a manifest says what its annotation says."""
    where = f"Clip {row['clip_id']} in {output.path}"
    if annotation.source != row["source"]:
        raise UserError(f"{where} is of {row['source']}, and {annotation.source} is there now.")
    if row["text"] != normalise(annotation.text):
        raise UserError(
            f"{where} has another caption than {output.input('annotations')}: one was changed."
        )
    if is_cut or annotation.whole_video:
        return
    for name in ("start_s", "end_s"):
        if f"{getattr(annotation, name):.4f}" != row[name]:
            raise UserError(
                f"{where} has another {name} than {output.input('annotations')}: one was changed."
            )


def _check_unchanged(output: Output, look: Inspection, sources: set[str]) -> None:
    """The videos are those that `prepare` looked at."""
    corpus, split = output.values["corpus"], output.values["split"]
    root = Path(look.config.experiment.corpora[corpus]["root"])
    probes = Path(f"results/{corpus}/probes/{split}.tsv")
    changed = changed_since(root, probes, sources)
    if not changed:
        return
    shards = CorpusFiles(look.config).shards("shards/{split}/{shard}.tsv", corpus, split)
    tars = [
        Path(f"results/{corpus}/clips/{split}/{Path(shard).stem}.tar")
        for shard in shards
        if look.there(Path(shard))
        and changed & set(read_columns(Path(shard), SHARD_COLUMNS)["source"])
    ]
    raise StaleError(
        f"{len(changed)} videos are others than when {output.path} was made: "
        f"{first_few(sorted(changed))}.",
        [tar for tar in tars if tar.is_file()],
    )


def check_summary(output: Output, look: Inspection) -> None:
    """It counts the clips of the manifests."""
    record = read_record(output.path, "The summary")
    for manifest in filter(look.there, output.inputs.get("manifests", ())):
        n_clips = len(read_columns(manifest, ("clip_id",))["clip_id"])
        counted = record.get("splits", {}).get(manifest.stem, {}).get("clips")
        if counted != n_clips:
            raise UserError(f"{output.path} counts {counted} clips and {manifest} has {n_clips}.")


def check_captions(output: Output, look: Inspection) -> None:
    """They are the corpus's, of the manifest's clips."""
    table = read_columns(output.path, ("clip_id", "text"))
    manifest = look.there(output.input("manifest"))
    if manifest:
        clips = set(read_columns(manifest, ("clip_id",))["clip_id"])
        require_same(set(table["clip_id"]), output.path, clips, manifest)
    if look.there(output.input("annotations")) is None:
        return
    texts = _corpus(output, look).captions(output.values["split"], output.values["language"])
    for clip_id, text in zip(table["clip_id"], table["text"], strict=True):
        if text != normalise(texts.get(clip_id, "")):
            raise UserError(
                f"Clip {clip_id} in {output.path} has another caption than "
                f"{output.input('annotations')}: one was changed."
            )


def check_shard(output: Output, look: Inspection) -> None:
    """It has those rows of the manifest that are assigned to it."""
    table = read_columns(output.path, SHARD_COLUMNS)
    manifest = look.there(output.input("manifest"))
    if manifest is None:
        return
    whole = read_columns(manifest, SHARD_COLUMNS)
    shards = look.config.experiment.corpora[output.values["corpus"]]["shards"]
    n_shards, number = shards[output.values["split"]], int(output.values["shard"])
    assigned = [
        tuple(row[name] for name in SHARD_COLUMNS)
        for row in _rows(whole)
        if shard_of(row["clip_id"], n_shards) == number
    ]
    if [tuple(row[name] for name in SHARD_COLUMNS) for row in _rows(table)] != assigned:
        raise UserError(f"{output.path} has other clips or times than {manifest} assigns to it.")


def check_clips(output: Output, look: Inspection) -> None:
    """Every clip is there and is what was written; `--deep` decodes each."""
    _check_times(output.files[-1], look)
    shard = verify_clips(output.path) if look.deep else ClipShard(output.path)
    if not look.deep:
        step = 1 if look.reads_whole(output.path) else len(shard.clip_ids) // SAMPLED_CLIPS
        for clip_id in [*shard.clip_ids[:: max(1, step)], *shard.dropped]:
            shard.info(clip_id)
            if clip_id in shard.clip_ids:
                shard.video(clip_id)
    table = look.there(output.input("shard"))
    if table:
        assigned = set(read_columns(table, ("clip_id",))["clip_id"])
        require_same({*shard.clip_ids, *shard.dropped}, output.path, assigned, table)


def check_keypoints(output: Output, look: Inspection, with_landmarks: set[str]) -> None:
    """Clips that have landmarks still have the keypoints that these are made of."""
    source, shard = look.config.values["landmarks"]["source"], look.there(output.input("shard"))
    if source == "mediapipe" or shard is None or not with_landmarks:
        return
    root = Path(look.config.experiment.corpora[output.values["corpus"]]["root"])
    try:
        locations = KeypointLocations(root, output.values["split"], source)
    except UserError as error:
        raise StaleError(str(error), _drawn_again(output, look)) from error
    table = read_columns(shard, SHARD_COLUMNS)
    pairs = zip(table["clip_id"], table["source"], strict=True)
    missing = sorted(
        clip_id
        for clip_id, video in pairs
        if clip_id in with_landmarks and locations.find(clip_id, video) is None
    )
    if missing:
        raise StaleError(
            f"The {source} keypoints of {len(missing)} clips of {output.path} are missing in "
            f"{root}: {first_few(missing)}; put them back, or these clips have no landmarks.",
            _drawn_again(output, look),
        )


def _check_times(path: Path, look: Inspection) -> None:
    if look.there(path):
        read_record(path, "The timings")


def _corpus(output: Output, look: Inspection) -> Corpus:
    declared = look.config.experiment.corpora[output.values["corpus"]]
    return open_declared(declared)


def _rows(table: Mapping[str, list[str]]):
    """The rows of a table by column."""
    return (dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True))
