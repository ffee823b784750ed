"""Hypothesis strategies that damage real content: bytes, texts and nested plain values.

A damaged file is described by a list of `Edit`, so that a finding can be kept as an `@example`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import strategies as st

Kind = Literal["flip", "set", "cut", "drop", "insert", "repeat", "zero", "splice"]
# Bytes that mean something in one format or another.
TOKENS = (
    b"\t", b"\n", b"\r", b"\r\n", b'"', b'""', b",", b";", b"'", b"\\", b"\0", b"\xff",
    b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b":", b"-1", b"0", b"1e999", b"nan", b"NaN", b"null",
    b"inf", b"NA", b"\xe2\x80\xa8", b"\x0c", b"e\xcc\x81", b"\xc3\xa9", b"\xe9", b"\xed\xa0\x80",
    b"\x1b[31m", b"../", b"/", b"$(x)", b"=1+1", b"9" * 400,
    b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff",
)  # fmt: skip
MAX_EDITS = 3


@dataclass(frozen=True)
class Edit:
    """One damage to a file."""

    kind: Kind
    at: int
    """A place from the start, from the end where it is negative, modulo the length."""
    n: int = 1
    """How many bytes; of `flip` the bit, of `set` the value."""
    content: bytes = b""
    """What `insert` inserts."""

    def applied(self, base: bytes, other: bytes) -> bytes:
        """The damaged content; `splice` goes on with the rest of `other`."""
        at = self.at % len(base) if base else 0
        end = at + self.n
        if self.kind == "flip":
            return base[:at] + bytes([base[at] ^ 1 << self.n % 8]) + base[at + 1 :] if base else b""
        if self.kind == "set":
            return base[:at] + bytes([self.n % 256]) + base[at + 1 :]
        return {
            "cut": base[:at],
            "drop": base[:at] + base[end:],
            "insert": base[:at] + self.content + base[at:],
            "repeat": base[:end] + base[at:],
            "zero": base[:at] + bytes(len(base[at:end])) + base[end:],
            "splice": base[:at] + other[at:],
        }[self.kind]


def damaged(base: bytes, edits: Sequence[Edit], other: bytes = b"") -> bytes:
    """Content after all edits, in order."""
    for edit in edits:
        base = edit.applied(base, other)
    return base


# Headers and trailers are short and decide most, so half of all places lie in them.
_PLACES = st.one_of(st.integers(0, 1_000_000), st.integers(0, 400), st.integers(-400, -1))
_LENGTHS = st.one_of(st.integers(1, 16), st.integers(17, 4096))
_EDITS = st.one_of(
    st.builds(Edit, st.sampled_from(["flip", "set"]), _PLACES, st.integers(0, 255)),
    st.builds(
        Edit, st.sampled_from(["cut", "drop", "repeat", "zero", "splice"]), _PLACES, _LENGTHS
    ),
    st.builds(
        Edit,
        st.just("insert"),
        _PLACES,
        st.just(0),
        st.one_of(st.sampled_from(TOKENS), st.binary(max_size=12)),
    ),
)
EDITS = st.lists(_EDITS, min_size=1, max_size=MAX_EDITS)

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [token.decode("utf-8", "surrogatepass") for token in TOKENS if token.isascii()]
    ),
    st.sampled_from(["\ud800", "\u2028", "e\u0301", "\ufeff", "\u202e", "é", "x" * 300]),
)
NUMBERS = st.one_of(
    st.integers(-3, 5),
    st.sampled_from([2**31, 2**63, 2**64, -(2**63), 10**30, 0.5, -0.0, 1e308]),
    st.floats(),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)


@st.composite
def changed(draw: st.DrawFn, value: Any, new: st.SearchStrategy = VALUES) -> Any:
    """Nested plain values, some of which are replaced, removed, repeated or added."""
    for _ in range(draw(st.integers(1, MAX_EDITS))):
        value = _changed_once(draw, value, new)
    return value


def _changed_once(draw: st.DrawFn, value: Any, new: st.SearchStrategy) -> Any:
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 9)) == 0:
        return draw(new)
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = draw(st.sampled_from(keys))
    result = dict(value) if isinstance(value, dict) else list(value)
    how = draw(st.sampled_from(["inside", "inside", "inside", "replace", "remove", "add"]))
    if how == "inside":
        result[key] = _changed_once(draw, value[key], new)
    elif how == "replace":
        result[key] = draw(new)
    elif how == "remove":
        del result[key]
    elif isinstance(value, dict):
        result[draw(TEXTS)] = draw(new)
    else:
        result.insert(key, value[key] if draw(st.booleans()) else draw(new))
    return result
