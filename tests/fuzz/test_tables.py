"""Tables that others made: annotations for `prepare`, predictions and references for `compare`."""

import csv
import io
import json
import os

import pytest
from fuzzing import assert_sentence, fresh_folder
from hypothesis import assume, example, given
from hypothesis import strategies as st
from mutations import EDITS, TEXTS, VALUES, Edit, changed, damaged
from small_files import HOW2SIGN, row, write_video

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns, write_rows
from sonar_sign.corpora.prepare import prepare
from sonar_sign.evaluation.external_predictions import read_predictions

CAPTIONS = ("Hello.", 'He said "no".', "a, b, and c", "Café", "NA", "It's 5 o'clock, isn't it?")
IDS = [f"vid_{n}-5-rgb_front" for n in range(len(CAPTIONS))]
TABS = "\n".join(
    ["\t".join(HOW2SIGN)]
    + [
        row(clip_id, start=0.1 * n, end=0.1 * n + 0.4, text=text)
        for n, (clip_id, text) in enumerate(zip(IDS, CAPTIONS, strict=True))
    ]
)


def as_commas(tabs: str) -> str:
    written = io.StringIO()
    rows = csv.reader(io.StringIO(tabs), delimiter="\t", quoting=csv.QUOTE_NONE)
    csv.writer(written).writerows(rows)
    return written.getvalue()


ANNOTATIONS = [TABS.encode() + b"\n", as_commas(TABS).encode()]


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("video") / "video.mp4", 24)


@given(base=st.sampled_from(ANNOTATIONS), edits=EDITS)
def test_every_row_of_damaged_annotations_is_kept_or_dropped(video, base, edits):
    content = damaged(base, edits, other=ANNOTATIONS[0])
    with fresh_folder() as folder:
        (folder / "raw_videos").mkdir()
        os.link(video, folder / "raw_videos/vid-5-rgb_front.mp4")
        annotations = folder / "how2sign_realigned_train.csv"
        annotations.write_bytes(content)
        outputs = [folder / name for name in ("kept.tsv", "dropped.tsv", "clamped.tsv")]
        try:
            prepare("how2sign", folder, "train", *outputs)
        except UserError as error:
            assert_sentence(str(error))
            assert not any(path.exists() for path in outputs)
            return
        finally:
            assert annotations.read_bytes() == content
        kept = read_columns(outputs[0], ("clip_id", "text", "text_raw", "n_frames"))
        dropped = read_columns(outputs[1], ("clip_id", "reason"), key=None)
    text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    if '"' not in text:
        n_rows = sum(bool(line.strip()) for line in text.split("\n")[1:])
        assert len(kept["clip_id"]) + len(dropped["clip_id"]) == n_rows
        for clip_id, caption in zip(kept["clip_id"], kept["text_raw"], strict=True):
            of_clip = [line for line in text.split("\n")[1:] if clip_id in line]
            assert any(line.endswith(caption) for line in of_clip), caption
    assert all(int(n) > 0 for n in kept["n_frames"])
    assert all(kept["text"])


REFERENCES = "\n".join(
    ["clip_id\tsource\ttext"] + [f"{i}\tvideo{n // 2}\t{CAPTIONS[n]}" for n, i in enumerate(IDS)]
)
ROWS = [{"clip_id": i, "prediction": text} for i, text in zip(IDS, CAPTIONS, strict=True)]
PREDICTIONS = {
    "tsv": "\n".join(["clip_id\tprediction", *("\t".join(r.values()) for r in ROWS)]),
    "csv": as_commas("\n".join(["clip_id\tprediction", *("\t".join(r.values()) for r in ROWS)])),
    "json": json.dumps(ROWS),
    "jsonl": "\n".join(map(json.dumps, ROWS)),
}


def check_joined(suffix: str, predictions: bytes, references: bytes):
    """What is read has exactly the clips of the references, and no text that stands nowhere."""
    with fresh_folder() as folder:
        ours, theirs = folder / f"p.{suffix}", folder / "r.tsv"
        ours.write_bytes(predictions)
        theirs.write_bytes(references)
        try:
            found = read_predictions(ours, theirs)
        except UserError as error:
            assert_sentence(str(error))
            return None
        assert (ours.read_bytes(), theirs.read_bytes()) == (predictions, references)
    assert len(set(found.clip_ids)) == len(found.clip_ids) > 0
    columns = (found.sources, found.references, found.predictions)
    assert {len(column) for column in columns} == {len(found.clip_ids)}
    return found


@given(suffix=st.sampled_from([*PREDICTIONS]), edits=EDITS)
@example(suffix="tsv", edits=[Edit("set", 0, 1)])  # a control character was in the sentence
def test_damaged_predictions_are_of_the_same_clips_or_refused(suffix, edits):
    content = damaged(PREDICTIONS[suffix].encode(), edits)
    found = check_joined(suffix, content, REFERENCES.encode())
    if found and suffix == "tsv" and b'"' not in content:
        assert found.clip_ids == IDS
        lines = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for clip_id, text in zip(found.clip_ids, found.predictions, strict=True):
            assert any(line == f"{clip_id}\t{text}" for line in lines)


@given(edits=EDITS)
def test_damaged_references_are_of_the_same_clips_or_refused(edits):
    found = check_joined("tsv", PREDICTIONS["tsv"].encode(), damaged(REFERENCES.encode(), edits))
    if found:
        assert sorted(found.clip_ids) == sorted(IDS)
        # Each prediction is still beside its own clip.
        assert dict(zip(found.clip_ids, found.predictions, strict=True)) == dict(
            zip(IDS, CAPTIONS, strict=True)
        )


@given(rows=changed(ROWS), lines=st.booleans())
def test_json_of_other_values_is_refused_or_read_as_it_is(rows, lines):
    if lines and isinstance(rows, list):
        content = "\n".join(map(json.dumps, rows))
    else:
        content = json.dumps(rows)
    found = check_joined("json", content.encode(), REFERENCES.encode())
    if found and isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        given_ids = {str(row["clip_id"]): str(row["prediction"]) for row in rows}
        for clip_id, text in zip(found.clip_ids, found.predictions, strict=True):
            assert given_ids[clip_id].split() == text.split()


@given(
    columns=st.lists(TEXTS, min_size=1, max_size=3, unique=True),
    data=st.data(),
)
def test_what_is_written_as_a_table_reads_back(columns, data):
    rows = data.draw(st.lists(st.tuples(*[TEXTS] * len(columns)), max_size=4))
    with fresh_folder() as folder:
        path = folder / "table.tsv"
        try:
            write_rows(path, columns, rows)
        except (UserError, UnicodeEncodeError):
            assert not path.exists()
            return
        try:
            found = read_columns(path, columns, key=None)
        except UserError as error:
            # A table of one column cannot tell an empty row from the end of the file.
            raise AssertionError(f"written, and then refused: {error}") from error
    assert found == {name: [row[n] for row in rows] for n, name in enumerate(columns)}


@given(value=VALUES)
def test_ids_that_differ_stay_apart(value):
    assume(isinstance(value, str))
    rows = [*ROWS[:-1], {**ROWS[-1], "clip_id": value}]
    references = REFERENCES.replace(IDS[-1], value).encode("utf-8", "surrogatepass")
    found = check_joined("json", json.dumps(rows).encode(), references)
    if found:
        assert len(found.clip_ids) == len(IDS)
