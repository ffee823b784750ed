"""The timer of stages."""

import pytest

from sonar_sign.core.timing import Timer


def test_laps_of_a_stage_add_up(monkeypatch):
    times = iter([10.0, 10.25, 10.5, 12.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    timer = Timer()
    assert [timer.lap("crop"), timer.lap("face"), timer.lap("crop")] == [250.0, 250.0, 1500.0]
    assert timer.milliseconds == {"crop": 1750.0, "face": 250.0}


def test_a_gpu_is_waited_for():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    device = torch.device("cuda")
    matrix = torch.rand(4096, 4096, device=device)
    _ = matrix @ matrix
    timer = Timer(device)
    for _ in range(50):
        matrix = matrix @ matrix
    # 50 products of 137 GFLOP each: no GPU needs less than 5 ms, starting them takes about 1 ms.
    assert timer.lap("products") > 5
