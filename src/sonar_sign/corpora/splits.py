"""Splits that a corpus names in a column, or that are made here by source video."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from sonar_sign.core.corpus_options import SPLITS, pairs
from sonar_sign.core.errors import UserError
from sonar_sign.core.numbers import parse_number
from sonar_sign.core.wording import nearest

# What corpora call their splits.
NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "development"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def split_named(name: str) -> str | None:
    """The split that a corpus calls so; None where it is none of the three."""
    return NAMES.get(name.strip().lower())


def shares_of(given: Sequence[str]) -> dict[str, float]:
    """Shares of `val` and `test`, of what `split_shares` says; the rest is `train`.

    Raises:
        UserError: a split is unknown, a share is no number from 0 to 1, or all are more than 1.
    """
    shares: dict[str, float] = {}
    for split, text in pairs("split_shares", given).items():
        if split not in SPLITS:
            raise UserError(f"split_shares: {split!r} is no split; {nearest(split, SPLITS)}.")
        share = parse_number(text)
        if share is None or not 0 <= share <= 1:
            raise UserError(f"split_shares: {split} cannot be {text!r}; give a share from 0 to 1.")
        shares[split] = share
    named, total = shares.pop("train", None), sum(shares.values())
    if total > 1 + 1e-9 or (named is not None and abs(named + total - 1) > 1e-6):
        raise UserError("split_shares: the shares do not add up to 1; leave train out.")
    return {split: shares.get(split, 0.0) for split in ("val", "test")}


def split_by_source(
    sources: Iterable[str], shares: Mapping[str, float], seed: int
) -> dict[str, str]:
    """The split of every source video: all of its sentences are in one split.

    Sources are taken in an order that a hash of their names and the seed gives, so further ones
    move few others. A split with a share has one at least.

    Args:
        shares: of `val` and `test`; the rest is `train`.

    Raises:
        UserError: there are fewer sources than splits.
    """
    names = sorted(set(sources), key=lambda name: _rank(name, seed))
    wanted = [split for split, share in shares.items() if share > 0]
    rest = sum(shares.values()) < 1 - 1e-9
    if len(names) < len(wanted) + rest:
        raise UserError(
            f"Splits are made by source video, and {len(wanted) + rest} splits cannot be made of "
            f"{len(names)}; give the rows a split of their own, set split_shares (for one split "
            "alone: {test: 1}), or add a column `source` that says what was recorded together."
        )
    found: dict[str, str] = {}
    left = len(names)
    for number, split in enumerate(wanted):
        # The last split takes what rounding leaves, unless it is for train.
        later = len(wanted) - number - 1 + rest
        count = max(1, round(shares[split] * len(names))) if later or rest else left
        count = min(count, left - later)
        first = len(names) - left
        found |= dict.fromkeys(names[first : first + count], split)
        left -= count
    return {name: found.get(name, "train") for name in names}


def _rank(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{name}".encode()).digest()
