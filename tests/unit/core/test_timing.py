"""The timer of stages."""

from sonar_sign.core.timing import Timer


def test_laps_of_a_stage_add_up(monkeypatch):
    times = iter([10.0, 10.25, 10.5, 12.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    timer = Timer()
    assert [timer.lap("crop"), timer.lap("face"), timer.lap("crop")] == [250.0, 250.0, 1500.0]
    assert timer.milliseconds == {"crop": 1750.0, "face": 250.0}


def test_work_in_the_background_is_waited_for(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])

    def wait():
        clock[0] += 2.0

    timer = Timer(wait)  # waits once, before it starts
    assert timer.lap("a") == 2000.0
