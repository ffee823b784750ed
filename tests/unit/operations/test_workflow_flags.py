"""Inputs and settings as flags of commands, quoted for the shell."""

from sonar_sign.operations.workflow_flags import corpus_flags, flags, input_flags, named, repeated


def test_flags_of_a_corpus():
    plain = {"name": "mine", "type": "how2sign", "root": "data", "shards": {"train": 1}}
    # What it was before there were options: a change would make every corpus stale.
    assert corpus_flags(plain) == "how2sign"
    options = {
        "columns": {"text": "the text"},
        "files": None,
        "split_shares": {"val": 0.1},
        "split_seed": 3,
        "join_gap_s": 2,
    }
    assert corpus_flags({**plain, "type": "table", **options}) == (
        "table --columns 'text=the text' --split-shares val=0.1 --split-seed 3"
    )


def test_flags():
    assert flags({"a_b": 1, "c": True, "d": False, "e": None, "f": "", "g": "x y"}) == (
        "--a-b 1 --c --no-d --g 'x y'"
    )
    assert flags({"a": 1, "b": 2}, "a") == "--b 2"
    assert repeated("x", ["a b", "c"]) == "--x 'a b' --x c"
    inputs = {"train_clips": ["a", "b"], "start": "c", "sonar": ["d"], "extra": []}
    assert input_flags(inputs, "sonar") == "--train-clips a --train-clips b --start c"
    assert named(["a/stage2.seed2/curves.csv"], "parent") == [
        "stage2.seed2=a/stage2.seed2/curves.csv"
    ]
    assert named(["a/val.dropped.tsv"], "split") == ["val=a/val.dropped.tsv"]
