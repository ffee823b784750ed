"""Progress of a step in a log file; standard error is no terminal here."""

import re

from sonar_sign.core.progress import track


def test_items_pass_through_and_a_short_step_writes_nothing(capsys):
    assert list(track("abc", "Reading", 3)) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


def test_a_long_step_says_how_far_it_is(capsys, monkeypatch):
    # Every item takes two seconds.
    times = iter(range(0, 1000, 2))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(times)))
    assert list(track(range(100), "Extracting features", 100)) == list(range(100))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Extracting features: 3 of 100, 6 s, about 194 s left"
    done = [int(re.search(r"(\d+) of 100", line)[1]) for line in lines]
    # Lines become rarer, and the last item needs none.
    assert done == [3, 5, 8, 12, 18, 27, 41, 62, 93]


def test_no_items(capsys):
    assert list(track([], "Reading", 0)) == []
    assert capsys.readouterr().err == ""
