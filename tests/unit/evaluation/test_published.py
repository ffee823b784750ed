"""Results that others report stand beside systems on the same corpus and split only."""

import pytest
from comparison_files import REFERENCES, comparison_folder, metrics, run

from sonar_sign.evaluation.published import sources


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


def test_published_rows_are_of_how2signs_test_split_only(folder):
    path = metrics(folder, "a", REFERENCES)
    rows = run(folder, path, corpus_type="how2sign", split="test")["published"]
    by_name = {row["system"]: row for row in rows}
    assert by_name["SSVP-SLT"]["bleu_4"] == 15.5 and by_name["SSVP-SLT"]["reported_by_others"]
    assert "Reported by others" in (folder / "out/comparison.md").read_text()
    # The 38 to 40 of some guides are in no paper.
    assert max(row["bleu_4"] for row in rows) < 25
    assert all(row["date"] and row["read_in"] for row in rows)
    assert {row["source"] for row in rows if "source" in row} == set(sources())
    for changes in ({"corpus_type": "ssvp"}, {"corpus_type": "how2sign", "split": "val"}, {}):
        assert run(folder, path, **changes)["published"] == []
    assert "Reported" not in (folder / "out/comparison.md").read_text()
