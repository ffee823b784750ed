"""`import_predictions`: the output of another paper's program as a table for `compare`.

Most of these programs save no clip ids. Their sentences are found by their own references, which
have to be our captions up to case and punctuation.
"""

import re
from collections import Counter, defaultdict, deque
from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.foreign_tables import read_foreign
from sonar_sign.core.foreign_texts import ForeignTable
from sonar_sign.core.table_options import ImportOptions, TableOptions
from sonar_sign.core.tables import write_rows
from sonar_sign.core.wording import first_few
from sonar_sign.evaluation.peer_outputs import PeerOutput, read_peer_output
from sonar_sign.translation.prediction_files import (
    ID,
    PREDICTION,
    REFERENCE,
    SCORE,
    layout_of_references,
)


def import_predictions(
    outputs: Path,
    reference: Path,
    output: Path,
    options: ImportOptions = ImportOptions(),  # noqa: B008 (frozen)
    tables: TableOptions = TableOptions(),  # noqa: B008 (frozen)
) -> list[str]:
    """Write `clip_id`, `prediction` and, where there is one, `score`; returns notes for the user.

    Args:
        outputs: a file that `read_peer_output` knows.
        reference: our captions, `clip_id` and `text`.

    Raises:
        UserError: a file is malformed, or the clips differ and `mismatch` is `refuse`.
    """
    peer = read_peer_output(outputs)
    captions = read_foreign(reference, layout_of_references(tables))
    if captions.is_sentences:
        raise UserError(f"{reference} has texts without ids; give a table with {ID}, {REFERENCE}.")
    places, notes = _places(peer, captions)
    ids = captions.columns[ID]
    lacking = [clip_id for clip_id in ids if clip_id not in places]
    n_unknown = len(peer.predictions) - len(places)
    if (lacking or n_unknown) and options.mismatch == "refuse":
        raise UserError(_refusal(peer, captions, lacking, places))
    if lacking:
        notes.append(f"{len(lacking)} clips that it lacks have empty predictions, scored as 0.")
    if n_unknown:
        notes.append(f"{n_unknown} of its sentences belong to no clip and are left out.")
    columns = (ID, PREDICTION, *([SCORE] if peer.scores is not None else []))
    rows = []
    for clip_id in ids:
        place = places.get(clip_id)
        row = [clip_id, "" if place is None else " ".join(peer.predictions[place].split())]
        if peer.scores is not None:
            row.append("" if place is None else f"{peer.scores[place]:g}")
        rows.append(row)
    write_rows(output, columns, rows)
    return [f"{peer.program}: {len(places)} of {len(ids)} clips have a prediction.", *notes]


def _places(peer: PeerOutput, captions: ForeignTable) -> tuple[dict[str, int], list[str]]:
    """Which sentence of the other program is which clip's, by clip id; and notes."""
    if peer.ids is not None:
        return _by_id(peer, captions)
    if peer.references is not None:
        return _by_caption(peer, captions)
    n_ours = len(captions.columns[ID])
    if n_ours != len(peer.predictions):
        raise UserError(
            f"{peer.path} has {len(peer.predictions)} sentences without references, and "
            f"{captions.path} {n_ours} clips; save the program's own references too, so that its "
            "sentences can be told apart."
        )
    places = {clip_id: place for place, clip_id in enumerate(captions.columns[ID])}
    return places, [
        "It saved no references: its sentences were taken to be in the order of the captions, and "
        "nothing but their number says so."
    ]


def _by_id(peer: PeerOutput, captions: ForeignTable) -> tuple[dict[str, int], list[str]]:
    texts = dict(zip(captions.columns[ID], captions.columns[REFERENCE], strict=True))
    places: dict[str, int] = {}
    differing = []
    for place, clip_id in enumerate(peer.ids or []):
        if clip_id in places:
            raise UserError(f"{peer.path} has the clip {clip_id!r} twice; leave one out.")
        if clip_id in texts:
            places[clip_id] = place
            own = (peer.references or [])[place]
            if _plain(own) != _plain(texts[clip_id]):
                differing.append(clip_id)
    if not differing:
        return places, []
    return places, [
        f"{len(differing)} of its references are other texts than ours ({first_few(differing)}): "
        "it was evaluated on other captions."
    ]


def _by_caption(peer: PeerOutput, captions: ForeignTable) -> tuple[dict[str, int], list[str]]:
    theirs = [" ".join(text.split()) for text in peer.references or []]
    ours = zip(captions.columns[ID], captions.columns[REFERENCE], strict=True)
    left = {clip_id: " ".join(text.split()) for clip_id, text in ours}
    found: dict[str, int] = {}
    # The same letters first, so that "Thank you!" and "Thank you." are not mixed up.
    for key in (str, str.lower, _plain):
        used = set(found.values())
        free: dict[str, deque[int]] = defaultdict(deque)
        for place, text in enumerate(theirs):
            if place not in used:
                free[key(text)].append(place)
        for clip_id in [one for one in left if one not in found]:
            places = free.get(key(left[clip_id]))
            if places:
                found[clip_id] = places.popleft()
    counts = Counter(map(str.lower, theirs))
    repeated = sum(n for n in counts.values() if n > 1)
    notes = []
    if repeated:
        notes.append(
            f"{repeated} of its sentences have a caption that occurs more than once; they were "
            "given to its clips in order, which changes no score of the whole, but may change "
            "intervals."
        )
    return found, notes


def _plain(text: str) -> str:
    """Letters and digits in lower case: programs change case, quotes and spaces of captions."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def _refusal(
    peer: PeerOutput, captions: ForeignTable, lacking: list[str], places: dict[str, int]
) -> str:
    parts = []
    if lacking:
        parts.append(f"it lacks {len(lacking)} clips ({first_few(lacking)})")
    used = set(places.values())
    unknown = [place for place in range(len(peer.predictions)) if place not in used]
    if unknown:
        names = peer.ids or [repr(text[:60]) for text in peer.references or []]
        some = first_few([names[place] for place in unknown], 3)
        parts.append(f"{len(unknown)} of its sentences belong to no clip ({some})")
    return (
        f"{peer.path} and {captions.path} are not of the same clips: {' and '.join(parts)}; give "
        "the captions that it was evaluated on, or --mismatch fill."
    )
