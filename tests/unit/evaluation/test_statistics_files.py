"""Statistics beside metrics: as large as the texts are, and refused where they lie."""

import io
import json
import zipfile

import numpy as np
import pytest
from comparison_files import REFERENCES, comparison_folder, corrupted, metrics, table
from typer.testing import CliRunner

from sonar_sign.cli import app
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import write_json
from sonar_sign.evaluation.statistics_files import TEXTS, read_statistics, write_statistics
from sonar_sign.evaluation.system_scores import verify_metrics
from sonar_sign.evaluation.verify_predictions import verify_predictions

N = 400


def texts(**changed):
    return {name: [f"{name} {i}: é\u2028手" for i in range(N)] for name in TEXTS} | changed


def test_what_is_written_can_be_read(tmp_path):
    given = texts(predictions=[""] * N)
    statistics = {"chrf": np.arange(3.0 * N).reshape(N, 3), "bleu_4": np.zeros((N, 10), np.int64)}
    write_statistics(tmp_path / "a.npz", given, statistics)
    found_texts, found = read_statistics(tmp_path / "a.npz")
    assert found_texts == given
    assert {name: rows.tolist() for name, rows in found.items()} == {
        name: rows.tolist() for name, rows in statistics.items()
    }


def test_a_long_caption_costs_its_own_length(tmp_path):
    short, long = texts(), texts()
    long["references"][3] = "x" * 300_000
    for name, given in (("short.npz", short), ("long.npz", long)):
        write_statistics(tmp_path / name, given, {})
    sizes = [(tmp_path / name).stat().st_size for name in ("short.npz", "long.npz")]
    assert 290_000 < sizes[1] - sizes[0] < 310_000
    assert read_statistics(tmp_path / "long.npz")[0] == long


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = comparison_folder(tmp_path_factory.mktemp("whole"))
    paths = [
        metrics(folder, name, corrupted(REFERENCES, 0.3, seed)) for seed, name in enumerate("ab")
    ]
    files = [other for path in paths for other in (path, path.with_suffix(".npz"))]
    return folder, {path: path.read_bytes() for path in files}


@pytest.fixture
def files(whole):
    folder, contents = whole
    for path, content in contents.items():
        path.write_bytes(content)
    return folder


def arrays_of(path):
    with np.load(path) as arrays:
        return {name: arrays[name].copy() for name in arrays.files}


def with_arrays(**changes):
    def change(path):
        arrays = arrays_of(path)
        for name, make in changes.items():
            key = name.replace("__", ".")
            arrays[key] = make(arrays[key])
        np.savez(path, **arrays)

    return change


def without(name):
    return lambda path: np.savez(path, **{k: v for k, v in arrays_of(path).items() if k != name})


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def lying_header(path):
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 3)}
    )
    entries["metric.chrf.npy"] = file.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def moved(lengths):
    return np.concatenate([[lengths[0] + 1, lengths[1] - 1], lengths[2:]])


HOSTILE = {
    "a bit": damage,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-50]),
    "of another system": lambda path: path.write_bytes(path.with_name("b.npz").read_bytes()),
    "compressed": lambda path: np.savez_compressed(path, **arrays_of(path)),
    "clips in another order": with_arrays(metric__chrf=lambda rows: rows[::-1]),
    "a number": with_arrays(metric__chrf=lambda rows: rows + 1),
    "another type": with_arrays(metric__chrf=lambda rows: rows.astype(np.float32)),
    "NaN": with_arrays(metric__cider=lambda rows: rows * np.nan),
    "a clip less": with_arrays(metric__chrf=lambda rows: rows[1:]),
    "a vector": with_arrays(metric__chrf=lambda rows: rows[:, 0]),
    "texts for numbers": with_arrays(metric__chrf=lambda rows: rows.astype(str)),
    "objects": with_arrays(metric__chrf=lambda rows: rows.astype(object)),
    "a terabyte announced": lying_header,
    "a boundary of texts moved": with_arrays(references__lengths=moved),
    "negative lengths": with_arrays(references__lengths=lambda n: -n),
    "lengths that overflow": with_arrays(references__lengths=lambda n: n * 0 + 2**62),
    "lengths as floats": with_arrays(references__lengths=lambda n: n.astype(float)),
    "no UTF-8": with_arrays(references__utf8=lambda content: content | 0x80),
    "no references": without("references.utf8"),
    "no metric": without("metric.chrf"),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_compare_refuses_it_in_one_sentence(files, tmp_path, how):
    path = files / "metrics/a.json"
    verify_metrics(path)
    HOSTILE[how](path.with_suffix(".npz"))
    words = ["compare", path, files / "metrics/b.json", "--output", tmp_path / "out"]
    done = CliRunner().invoke(app, [*map(str, words)])
    assert isinstance(done.exception, UserError), (done.exception, done.output)
    assert str(path.with_suffix("")) in str(done.exception)
    assert "\n" not in str(done.exception)
    assert not (tmp_path / "out").exists()
    with pytest.raises(UserError):
        verify_metrics(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [("bleu_4", 99.0), ("n_clips", 39), ("n_empty", 1), ("clips_sha256", "0" * 64),
     ("cosine", 50.0), ("statistics_xxh3_128", None)],
)  # fmt: skip
def test_values_that_the_statistics_do_not_have_are_found(files, key, value):
    path = files / "metrics/a.json"
    record = json.loads(path.read_text()) | {key: value}
    write_json(path, {name: given for name, given in record.items() if given is not None})
    with pytest.raises(UserError, match=f"says {key} = |do not belong together"):
        verify_metrics(path)


def test_predictions_are_verified_and_compared_with_what_was_scored(files):
    path = table(files, "p", corrupted(REFERENCES, 0.3, 0))
    info = json.loads((files / "info.json").read_text())
    write_json(path.with_suffix(".json"), info)
    clips = verify_predictions(path, files / "test.tsv")
    assert verify_metrics(files / "metrics/a.json", clips).clips.clip_ids == clips.clip_ids
    with pytest.raises(UserError, match=r"b\.json scores other predictions or captions"):
        verify_metrics(files / "metrics/b.json", clips)
    write_json(path.with_suffix(".json"), info | {"n_clips": 41})
    with pytest.raises(UserError, match="counts 41 clips and .* has 40"):
        verify_predictions(path, files / "test.tsv")
    path.with_suffix(".json").unlink()
    with pytest.raises(UserError, match=r"p\.json is missing"):
        verify_predictions(path, files / "test.tsv")
