"""Systems that must not stand side by side, and how that is said."""

import json

import numpy as np
import pandas as pd
import pytest
from comparison_files import IDS, REFERENCES, comparison_folder, corrupted, metrics, run, table
from frames import write_table

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json
from sonar_sign.evaluation.compare import CompareOptions, compare
from sonar_sign.evaluation.evaluate import evaluate


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"signature": "nrefs:1|case:lc"}, "BLEU signature differ"),
        ({"chrf_signature": "nw:2"}, "chrF signature"),
        ({"cider_tokenizer": "ptb"}, "CIDEr tokenisation"),
        ({"references_sha256": "f" * 64}, "references"),
        ({"rouge_tokenizer": "unicode-words"}, "ROUGE-L tokenisation"),
    ],
)
def test_systems_evaluated_differently_are_refused(folder, changes, named):
    paths = metrics(folder, "a", REFERENCES), metrics(folder, "b", REFERENCES, **changes)
    with pytest.raises(UserError, match=named) as error:
        run(folder, *paths)
    assert "a.json" in str(error.value) and "b.json" in str(error.value)
    assert not (folder / "out").exists()


def test_systems_of_other_clips_are_refused_by_name(folder):
    path = table(folder, "A", REFERENCES)
    write_table(folder / "few.tsv", pd.read_csv(folder / "test.tsv", sep="\t", dtype=str)[:-1])
    few = table(folder, "B", REFERENCES[:-1], IDS[:-1])
    with pytest.raises(UserError, match=r"only in .*test.tsv \(c39\)"):
        run(folder, path, few, reference=folder / "test.tsv")
    manifest = (folder / "test.tsv").read_bytes()
    first = metrics(folder, "a", REFERENCES)
    renamed = pd.read_csv(folder / "test.tsv", sep="\t", dtype=str)
    renamed.loc[3, "clip_id"] = "zz"
    write_table(folder / "test.tsv", renamed)
    ids = ["zz" if clip_id == "c03" else clip_id for clip_id in IDS]
    output = folder / "metrics/b.json"
    info = json.loads((folder / "info.json").read_text()) | {"system": "b"}
    write_json(folder / "info.json", info)
    evaluate(
        table(folder, "p.b", REFERENCES, ids), folder / "test.tsv", folder / "info.json", output
    )
    (folder / "test.tsv").write_bytes(manifest)
    with pytest.raises(UserError, match="only a has c03 and only b has zz"):
        run(folder, first, output)


def test_the_order_of_a_systems_clips_does_not_matter(folder):
    good = metrics(folder, "good", corrupted(REFERENCES, 0.2))
    bad = metrics(folder, "bad", corrupted(REFERENCES, 0.5, seed=2))
    options = CompareOptions(manifest=folder / "test.tsv", training=[folder / "train.tsv"])
    in_order = compare([good, bad], folder / "in_order", options)
    # The same clips and captions, and the same predictions, in another order.
    order = np.random.default_rng(3).permutation(40)
    manifest = pd.read_csv(folder / "test.tsv", sep="\t", dtype=str)
    write_table(folder / "test.tsv", manifest.iloc[order])
    metrics(folder, "bad", corrupted(REFERENCES, 0.5, seed=2))
    shuffled = compare([good, bad], folder / "shuffled", options)
    for name in ("systems", "significance", "breakdowns"):
        assert flat(shuffled[name]) == pytest.approx(flat(in_order[name]))


def flat(nested):
    return pd.json_normalize(nested).select_dtypes("number").to_numpy().ravel().tolist()


def test_systems_that_name_other_source_videos_are_refused(folder):
    good = metrics(folder, "good", REFERENCES)
    manifest = pd.read_csv(folder / "test.tsv", sep="\t", dtype=str)
    write_table(folder / "test.tsv", manifest.assign(source="one_video"))
    other = metrics(folder, "other", REFERENCES)
    with pytest.raises(UserError, match="source videos of clip c00, video0 and one_video"):
        compare([good, other], folder)
