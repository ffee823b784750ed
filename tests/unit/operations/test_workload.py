"""How much there is to compute: of manifests, or of a corpus's official numbers."""

import pytest
from experiments import write_manifests

from sonar_sign.core.errors import UserError
from sonar_sign.operations.rates import read_rates, values_of
from sonar_sign.operations.workload import total, workload_of

RATE = values_of(read_rates())


def test_of_a_manifest(tmp_path):
    write_manifests(tmp_path, train=900)
    load = workload_of("how2sign", "how2sign", "train", tmp_path, RATE)
    assert (load.clips, load.frames) == (900, 900 * 63)
    assert load.hours == pytest.approx(900 * 2.52 / 3600)
    assert load.features == 900 * 16  # one for every two of 32 sampled frames
    assert load.tflop == pytest.approx(900 * RATE["hiera_gflop_per_window_at_32_frames"] / 1000)
    assert load.source.endswith("how2sign/manifests/train.tsv")


def test_without_a_manifest_the_official_numbers_count(tmp_path):
    loads = [
        workload_of("x", "how2sign", split, tmp_path, RATE) for split in ("train", "val", "test")
    ]
    assert sum(load.hours for load in loads) == pytest.approx(80, rel=0.01)
    assert loads[0].clips == 31128 and loads[0].source.startswith("official")


def test_a_corpus_without_official_numbers_needs_its_manifests(tmp_path):
    with pytest.raises(UserError, match=r"train\.tsv is missing .* make it first"):
        workload_of("mine", "ssvp", "train", tmp_path, RATE)


def test_the_sum_of_weighted_splits(tmp_path):
    write_manifests(tmp_path, train=100, val=10)
    train, val = (
        workload_of("how2sign", "how2sign", split, tmp_path, RATE) for split in ("train", "val")
    )
    both = total([(train, 0.5), (val, 2)])
    assert both.clips == 70 and both.features == train.features / 2 + val.features * 2
    assert total([]).hours == 0
