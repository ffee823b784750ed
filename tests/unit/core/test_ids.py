"""Clip ids: the same ones, and those that would be mixed up."""

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.core.ids import folded, require_distinct, require_same_ids


def test_differing_ids_are_named_five_at_most_each_way():
    with pytest.raises(UserError) as error:
        require_same_ids([f"a{i}" for i in range(7)], "left.tsv", ["b0", "b1"], "right.tsv")
    message = str(error.value)
    assert "7 only in left.tsv (a0, a1, a2, a3, a4 and 2 more)" in message
    assert "2 only in right.tsv (b0, b1)" in message


def test_the_same_ids_in_another_order_are_the_same():
    require_same_ids(["a", "b"], "left", ["b", "a"], "right")


@pytest.mark.parametrize(
    ("first", "second"),
    [("Clip", "clip"), ("caf\u00e9", "cafe\u0301"), ("c1", " c1"), ("\u212bb", "\u00e5B")],
)
def test_ids_that_are_nearly_the_same_are_neither_one_nor_two(first, second):
    assert folded(first) == folded(second)
    with pytest.raises(UserError, match="in lines 2 and 5, which differ only in case"):
        require_distinct("t.tsv", "clip_id", [first, second], [2, 5])
    with pytest.raises(UserError, match="1 of them differ only in case"):
        require_same_ids([first], "left", [second], "right")


@pytest.mark.parametrize("ids", [["1", "01", "001"], ["a", "a_", "_a"], ["ss", "s"]])
def test_ids_that_look_alike_are_different(ids):
    require_distinct("t.tsv", "clip_id", ids, range(2, 9))


@pytest.mark.parametrize(
    ("ids", "words"), [(["a", "b", "a"], "'a' twice, in lines 2 and 4"), (["a", " "], "3 has no")]
)
def test_a_row_has_an_id_of_its_own(ids, words):
    with pytest.raises(UserError, match=words):
        require_distinct("t.tsv", "clip_id", ids, range(2, 9))
