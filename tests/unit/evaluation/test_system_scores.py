"""Hashes of what was scored."""

from sonar_sign.evaluation.system_scores import clips_sha256, references_sha256


def test_hashes_depend_on_content_and_not_on_order():
    assert clips_sha256(["b", "a"]) == clips_sha256(["a", "b"]) != clips_sha256(["a", "c"])
    one = references_sha256(["a", "b"], ["x", "y"])
    assert one == references_sha256(["b", "a"], ["y", "x"]) != references_sha256("ab", ["y", "x"])
