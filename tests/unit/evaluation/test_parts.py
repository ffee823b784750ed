"""Clips in parts: each part has the clips that it says, with an interval or the reason for none."""

import pandas as pd
import pytest
import sacrebleu
from comparison_files import IDS, REFERENCES, comparison_folder, corrupted, run, table
from frames import write_table

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import MetricOptions
from sonar_sign.evaluation.breakdowns import breakdowns
from sonar_sign.evaluation.comparison_inputs import read_by_clip, read_systems
from sonar_sign.evaluation.parts import points_outside
from sonar_sign.evaluation.resampling import Resampling
from sonar_sign.evaluation.seeds import MetricOverSeeds
from sonar_sign.evaluation.training_captions import read_training
from sonar_sign.metrics.bleu import corpus_bleu

TEXTS = corrupted(REFERENCES, 0.3)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A folder, and one system in it, which is scored once."""
    folder = comparison_folder(tmp_path_factory.mktemp("parts"))
    files, reference = [table(folder, "A", TEXTS)], [folder / "test.tsv"]
    return folder, read_systems(files, reference, "eng_Latn", MetricOptions())


def parted(shared, training=None, **columns):
    """The breakdowns of the system, with further columns in the manifest."""
    folder, systems = shared
    manifest = pd.read_csv(folder / "test.tsv", sep="\t", dtype=str).assign(**columns)
    write_table(folder / "about.tsv", manifest)
    seen = None
    if training is not None:
        write_table(folder / "seen.tsv", training)
        seen, _ = read_training([folder / "seen.tsv"])
    return breakdowns(systems, read_by_clip(folder / "about.tsv", IDS), seen)


def test_signers_sources_and_sentences_that_training_has_seen(shared):
    training = pd.DataFrame(
        {
            "clip_id": ["x", "y"], "text": [REFERENCES[0], "else"],
            "signer": ["1", "9"], "source": ["video0", "other"],
        }
    )  # fmt: skip
    found = parted(shared, training)
    assert {name: part["n"] for name, part in found["signer_seen"].items()} == {
        "in training": 13,
        "not in training": 27,
    }
    assert found["source_seen"]["in training"]["n"] == 5
    assert found["sentence_seen"]["in training"]["n"] == REFERENCES.count(REFERENCES[0])
    # What the manifest says itself counts.
    marks = ["yes" if n < 30 else "no" for n in range(40)]
    assert parted(shared, training, signer_seen=marks)["signer_seen"]["yes"]["n"] == 30
    # Where not every row of training says who signs, nothing is known.
    unknown = parted(shared, training.drop(columns="signer"))
    assert "signer_seen" not in unknown and "source_seen" in unknown


def test_an_interval_is_that_of_the_part_alone(shared):
    found = parted(shared)["signer"]["1"]
    rows = [n for n in range(40) if n % 3 == 1]
    bleu = corpus_bleu([TEXTS[n] for n in rows], [REFERENCES[n] for n in rows])
    alone = Resampling([f"video{n // 5}" for n in rows], 0).interval(MetricOverSeeds({None: bleu}))
    assert found["intervals"]["A"] == pytest.approx({"low": alone.low, "high": alone.high})
    assert found["n"] == 13 and found["n_videos"] == 8 and found["few"]
    assert parted(shared)["source"]["video0"]["intervals"]["A"] == {"no_interval": "one video"}


def test_what_was_found_in_the_video_and_how_fast_it_is_signed(shared):
    found = parted(
        shared,
        hands_found=[str(n % 3) for n in range(40)],
        face_found=["0.95" if n else "0" for n in range(40)],
    )
    assert [part["n"] for part in found["hands"].values()] == [14, 13, 13]
    assert {name: part["n"] for name, part in found["face"].items()} == {
        "up to 0.5 of the frames": 1,
        "up to 0.99 of the frames": 39,
    }
    counted = parted(shared, faces_found=["3"] * 40, frames_probed=["4"] * 40)
    assert [*counted["face"]] == ["up to 0.9 of the frames"]
    assert sum(part["n"] for part in found["rate"].values()) == 40
    with pytest.raises(UserError, match="'3' as hands_found of clip c00; write a number from 0 to"):
        parted(shared, hands_found=["3"] * 40)


def test_a_column_of_the_manifest_and_one_that_is_not_full(shared):
    found = parted(shared, topic=["food"] * 20 + ["sport"] * 20)["topic"]
    assert [*found] == ["food", "sport"] and not found["food"]["few"]
    expected = sacrebleu.corpus_bleu(TEXTS[:20], [REFERENCES[:20]]).score
    assert found["food"]["systems"]["A"] == pytest.approx(expected)
    assert "topic" not in parted(shared, topic=["food"] * 39 + [""])


def test_sentences_with_pronouns(shared):
    assert points_outside("Then she\u2019ll put THIS on.") and points_outside("(Those!)")
    assert not points_outside("It is said that there is a theme.")
    found = parted(shared)["pronouns"]
    n = sum("this" in text.strip(".").split() for text in REFERENCES)
    assert found["pronouns that need context"]["n"] == n


def test_the_parts_stand_in_the_text(tmp_path):
    folder = comparison_folder(tmp_path)
    options = {"manifest": folder / "test.tsv", "reference": folder / "test.tsv"}
    run(folder, table(folder, "A", TEXTS), **options)
    text = (folder / "out/comparison.md").read_text()
    assert "| signer | 1 | 13 clips (fewer than 20) | " in text
    assert "| source | video0" in text
