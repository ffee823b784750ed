"""Checks of features, landmarks and targets."""

from pathlib import Path

from sonar_sign.clips.clip_shards import ClipShard
from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns
from sonar_sign.features.feature_shards import FeatureShard, verify_features
from sonar_sign.features.targets import read_targets, verify_targets
from sonar_sign.operations.corpus_checks import check_keypoints
from sonar_sign.operations.declared_outputs import Output
from sonar_sign.operations.output_check import Inspection, require_same
from sonar_sign.translation.predictions import read_record


def check_features(output: Output, look: Inspection) -> None:
    """They are of the clip shard's clips, and of the SignHiera that there is."""
    shard = _read(output, look)
    clips, checkpoint = look.there(output.input("clips")), output.input("checkpoint")
    if clips and (ids := _clip_ids(clips)) is not None:
        require_same(set(shard.clip_ids), output.path, ids, clips)
    sha256 = look.sha256(checkpoint)
    if sha256 is not None and shard.encoder_sha256 != sha256:
        raise UserError(
            f"{output.path} was made by another SignHiera ({shard.encoder_sha256[:12]}) than "
            f"{checkpoint} ({sha256[:12]})."
        )


def check_landmarks(output: Output, look: Inspection) -> None:
    """They are of the shard's clips, whose keypoints are there."""
    shard = _read(output, look)
    table = look.there(output.input("shard"))
    if table:
        assigned = set(read_columns(table, ("clip_id",))["clip_id"])
        require_same(set(shard.clip_ids), output.path, assigned, table)
    with_landmarks = {clip_id for clip_id in shard.clip_ids if shard.length_of(clip_id)}
    check_keypoints(output, look, with_landmarks)


def check_targets(output: Output, look: Inspection) -> None:
    """They are of the captions that there are."""
    captions = look.there(output.input("captions"))
    if captions is None:
        read_targets(output.path)
    else:
        verify_targets(output.path, captions)


def _read(output: Output, look: Inspection) -> FeatureShard:
    for path in output.files[2:]:
        if look.there(path):
            read_record(path, f"The {''.join(path.suffixes).split('.')[1]}")
    shard = FeatureShard(output.path)
    # Its hash says that the values are those that were written, which were finite.
    return shard if shard.has_hash and not look.deep else verify_features(output.path)


def _clip_ids(tar: Path) -> set[str] | None:
    """The clips of a shard; None where it is damaged, which has a finding of its own."""
    try:
        shard = ClipShard(tar)
    except UserError:
        return None
    return {*shard.clip_ids, *shard.dropped}
