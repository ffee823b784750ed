"""The table of what each step needed, from the files that a run leaves."""

import pytest

from sonar_sign.operations.rehearsal_monitor import Peaks
from sonar_sign.operations.rehearsal_table import as_table, as_values, costs_of


@pytest.fixture
def project(tmp_path):
    """A finished run: benchmark files and outputs."""

    def benchmark(path, seconds):
        file = tmp_path / "results" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"s\th:m:s\tmax_rss\tcpu_time\n{seconds}\t0:00\t5\t{2 * seconds}\n")

    benchmark("corpus/benchmarks/train/stage1.tsv", 30)
    benchmark("corpus/benchmarks/crop/train/0000.tsv", 4)
    benchmark("corpus/benchmarks/crop/val/0000.tsv", 5)
    benchmark("corpus/benchmarks/extract/pretrained/val/0000.tsv", 2)
    benchmark("corpus/benchmarks/summarise.tsv", 1)
    benchmark("benchmarks/fetch_model/sonar/a.pt.tsv", 3)
    (tmp_path / "results/corpus/benchmarks/shard").mkdir()
    (tmp_path / "results/corpus/benchmarks/shard/val.tsv").write_text("s\tcpu_time\nNA\tNA\n")
    for path in ("checkpoints/stage1/best.pt", "training/stage1/last.ckpt", "clips/val/0000.tar"):
        file = tmp_path / "results/corpus" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(2_000_000))
    return tmp_path


@pytest.fixture
def peaks():
    return Peaks({"train stage1": 3 * 10**9}, {"train stage1": 10**9}, 4 * 10**9)


def test_jobs_of_a_step_are_added_up(project, peaks):
    costs = {cost.step: cost for cost in costs_of(project, peaks)}
    assert list(costs)[0] == "train stage1", "the longest comes first"
    assert (costs["crop"].jobs, costs["crop"].seconds, costs["crop"].cpu_seconds) == (2, 9, 18)
    assert costs["train stage1"].memory_gb == 3 and costs["train stage1"].private_gb == 1
    assert costs["train stage1"].disk_gb == pytest.approx(0.004)
    assert costs["crop"].disk_gb == pytest.approx(0.002)
    assert {"extract pretrained", "summarise", "fetch_model", "shard"} <= set(costs)
    assert costs["shard"].seconds == 0 and costs["shard"].jobs == 1


def test_the_table_is_markdown(project, peaks):
    costs = costs_of(project, peaks)
    lines = as_table(costs, peaks).splitlines()
    assert len({len(line) for line in lines}) == 1
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert cells[0][0] == "step" and set(cells[1][1]) == {"-", ":"}
    assert cells[2] == ["train stage1", "1", "30.0", "60.0", "3.00", "1.00", "0.004"]
    assert cells[-1][:6] == ["all", "7", "45.0", "90.0", "4.00", ""]
    assert as_values(costs, peaks)["peak_of_all_processes_gb"] == 4
