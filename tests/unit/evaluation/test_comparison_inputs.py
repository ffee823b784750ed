"""Files that `compare` cannot read, and files that it cannot tell apart."""

import numpy as np
import pytest
from comparison_files import REFERENCES, comparison_folder, metrics, run, table

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json


@pytest.fixture
def folder(tmp_path):
    return comparison_folder(tmp_path)


def test_files_that_are_no_metrics_are_refused(folder):
    path = metrics(folder, "a", REFERENCES)
    (folder / "metrics/a.npz").rename(folder / "gone.npz")
    with pytest.raises(UserError, match=r"statistics .*a\.npz is missing"):
        run(folder, path)
    (folder / "metrics/a.npz").write_text("no")
    with pytest.raises(UserError, match=r"a\.npz cannot be read"):
        run(folder, path)
    write_json(path, {"system": "a"})
    (folder / "gone.npz").rename(folder / "metrics/a.npz")
    with pytest.raises(UserError, match=r"a\.json lacks n_clips"):
        run(folder, path)
    with pytest.raises(UserError, match="No files to compare"):
        run(folder)
    with pytest.raises(UserError, match="give the captions with --reference"):
        run(folder, table(folder, "A", REFERENCES))


def test_statistics_of_an_unknown_metric_are_refused(folder):
    path = metrics(folder, "a", REFERENCES)
    with np.load(path.with_suffix(".npz")) as arrays:
        changed = {**arrays, "metric.new": arrays["metric.chrf"]}
    np.savez(path.with_suffix(".npz"), **changed)
    with pytest.raises(UserError, match=r"a\.npz has the unknown metric new"):
        run(folder, path)


def test_two_runs_of_one_system_language_and_seed_are_refused(folder):
    path = metrics(folder, "a", REFERENCES)
    with pytest.raises(UserError, match="are both of system 'a', language eng_Latn, seed 1"):
        run(folder, path, path)
    tables = [table(folder, "A", REFERENCES)] * 2
    with pytest.raises(UserError, match="are both of system 'A', language eng_Latn, no seed"):
        run(folder, *tables, reference=folder / "test.tsv")
