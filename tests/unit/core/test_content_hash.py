"""The hash of content: every part counts, and what passed is not read again."""

import os

import numpy as np
import pytest

from sonar_sign.core.content_hash import ContentHash, verify_once


def hash_of(**parts):
    found = ContentHash()
    for name, value in parts.items():
        if isinstance(value, np.ndarray):
            found.add_array(name, value)
        else:
            found.add_texts(name, value)
    return found.hexdigest()


ROWS = np.arange(6, dtype=np.int16)
OTHERS = {
    "a number": {"rows": ROWS + (ROWS == 3), "ids": ["a", "b"]},
    "the type": {"rows": ROWS.view(np.uint16), "ids": ["a", "b"]},
    "the shape": {"rows": ROWS.reshape(2, 3), "ids": ["a", "b"]},
    "the name": {"lines": ROWS, "ids": ["a", "b"]},
    "where texts end": {"rows": ROWS, "ids": ["ab", ""]},
    "their order": {"rows": ROWS, "ids": ["b", "a"]},
    "the order of parts": {"ids": ["a", "b"], "rows": ROWS},
    "nothing in it": {"rows": ROWS[:0], "ids": []},
}


def test_equal_content_has_equal_hashes():
    same = np.arange(12, dtype=np.int16)[::2] // 2
    assert hash_of(rows=ROWS, ids=["a", "b"]) == hash_of(rows=same, ids=["a", "b"])


@pytest.mark.parametrize("other", OTHERS)
def test_every_part_counts(other):
    assert hash_of(rows=ROWS, ids=["a", "b"]) != hash_of(**OTHERS[other])


def test_a_file_is_verified_once_until_it_changes(tmp_path):
    path, calls = tmp_path / "file", []

    def verify():
        calls.append(path.read_bytes())
        if b"bad" in calls[-1]:
            raise ValueError("bad")

    path.write_bytes(b"good")
    for _ in range(3):
        verify_once([path], verify)
    assert len(calls) == 1
    times = path.stat()
    path.write_bytes(b"bad!")  # as long as before, and dated back
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    for _ in range(2):
        with pytest.raises(ValueError, match="bad"):
            verify_once([path], verify)
    assert len(calls) == 3
