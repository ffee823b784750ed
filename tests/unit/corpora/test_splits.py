"""Splits by source video."""

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.corpora.splits import shares_of, split_by_source, split_named


def counts(n: int, **shares: float) -> dict[str, int]:
    found = list(split_by_source(map(str, range(n)), shares_of_(shares), 1).values())
    return {split: found.count(split) for split in ("train", "val", "test")}


def shares_of_(shares: dict[str, float]) -> dict[str, float]:
    return shares_of([f"{split}={share}" for split, share in shares.items()])


@pytest.mark.parametrize(
    ("n", "shares", "expected"),
    [
        (10, {"val": 0.1, "test": 0.1}, (8, 1, 1)),
        (11_000, {"val": 0.01, "test": 0.02}, (10_670, 110, 220)),
        (3, {"val": 0.001, "test": 0.9}, (1, 1, 1)),
        (1, {"test": 1}, (0, 0, 1)),
        (7, {"test": 1}, (0, 0, 7)),
        (5, {"val": 0.5, "test": 0.5}, (0, 2, 3)),
        (4, {"train": 1}, (4, 0, 0)),
    ],
)
def test_sizes(n, shares, expected):
    assert tuple(counts(n, **shares).values()) == expected


def test_the_order_of_the_sources_changes_nothing():
    names = [f"video {at}" for at in range(50)]
    shares = {"val": 0.2, "test": 0.2}
    assert split_by_source(names, shares, 3) == split_by_source(names[::-1] * 2, shares, 3)


def test_too_few_sources():
    with pytest.raises(UserError, match="3 splits cannot be made of 1"):
        split_by_source(["a"], {"val": 0.1, "test": 0.1}, 1)


@pytest.mark.parametrize("given", [["test=x"], ["test=-0.1"], ["test=2"], ["dev=0.1"]])
def test_shares_that_cannot_be(given):
    with pytest.raises(UserError, match="split_shares"):
        shares_of(given)


def test_names_of_splits():
    names = ["Train", "valid", " dev ", "validation", "TEST", "", "trainval"]
    assert [split_named(name) for name in names] == [
        "train", "val", "val", "val", "test", None, None,
    ]  # fmt: skip
