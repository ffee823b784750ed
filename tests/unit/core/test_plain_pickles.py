"""Pickles of plain data are read; those that name anything else are refused before they run."""

import collections
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.core.plain_pickles import PickleError, load_plain

PLAIN = {
    "info": [{"name": "S000000_P0004_T00", "length": 95, "label_char": ["你", "好", "。"]}],
    "pair": (1, -2.5, True, None, b"x", {"a", "b"}, 10**30),
}


class Runs:
    """Runs a command where it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def write(folder, content):
    path = folder / "a.pkl"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("arrays", [False, True])
def test_plain_data_is_what_it_was(tmp_path, protocol, arrays):
    value = {**PLAIN, "pair": PLAIN["pair"][:4]} if protocol < 4 else PLAIN  # sets name their type
    assert load_plain(write(tmp_path, pickle.dumps(value, protocol)), arrays=arrays) == value


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<f2", "i8", "u1", "bool"])
def test_arrays_are_what_they_were(tmp_path, protocol, dtype):
    array = np.arange(12).reshape(2, 3, 2).astype(dtype)
    value = {
        "a": [array, array.T, np.asfortranarray(array), array[:0], array[:, ::2], array[0, 0, 0]]
    }
    content = pickle.dumps(value, protocol)
    for name in (content, content.replace(b"numpy._core", b"numpy.core")[:]):
        if name is not content and protocol >= 4:
            continue  # their texts have a length in front
        found = load_plain(write(tmp_path, name), arrays=True)
        for ours, theirs in zip(found["a"], value["a"], strict=True):
            np.testing.assert_array_equal(ours, theirs)
            assert np.asarray(ours).shape == theirs.shape
    with pytest.raises(PickleError):
        load_plain(write(tmp_path, content))


def global_(name: str, *arguments: bytes) -> bytes:
    """`name(*arguments)`; arguments are instructions."""
    module, _, attribute = name.rpartition(".")
    return f"c{module}\n{attribute}\n".encode() + b"(" + b"".join(arguments) + b"tR"


RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
MALICIOUS = {
    "eval": global_("builtins.eval", b"V1\n") + b".",
    "exec": global_("builtins.exec", b"V1\n") + b".",
    "getattr": b"cbuiltins\ngetattr\n.",
    "stack global": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.",
    "instance": b"(V1\nios\nsystem\n.",
    "object": b"(cos\nsystem\nV1\no.",
    "new object": b"cos\nsystem\n)\x81.",
    "extension": b"\x82\x01.",
    "persistent": b"Pabc\n.",
    "out of band": b"\x80\x05\x97.",
    "numpy.load": global_("numpy.load", b"V/etc/passwd\n") + b".",
    "numpy by submodule": global_("numpy.core.multiarray.os.system", b"V1\n") + b".",
    "numpy.frombuffer": b"cnumpy\nfrombuffer\n.",
    "a function itself": RECONSTRUCT + b".",
    "a type itself": b"cnumpy\nndarray\n.",
    "array of another class": RECONSTRUCT + b"(cos\nsystem\n(I0\ntVb\ntR.",
    "array without content": RECONSTRUCT + b"(cnumpy\nndarray\n(I0\ntVb\ntR.",
    "state of a function": RECONSTRUCT + b"}(V__code__\nI1\nsb.",
    "attributes of a function": RECONSTRUCT + b"N}V__globals__\nI1\ns\x86b.",
    "type called": global_("numpy.ndarray", b"(I1\nt") + b".",
    "huge store": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "huge store as text": b"Np4000000000\n.",
    "deep": b"]" * 1000 + b"a" * 999 + b".",
    "very deep": b"(" * 40_000 + b"t" * 40_000 + b".",
    "itself": b"]q\x00h\x00a.",
    "ordered": pickle.dumps(collections.OrderedDict(a=1)),
    "path": pickle.dumps(Path("x")),
    "objects": pickle.dumps(np.array([{}, []], object)),
    "texts": pickle.dumps(np.array(["a"])),
    "records": pickle.dumps(np.zeros(2, [("a", "f4")])),
    "dates": pickle.dumps(np.zeros(2, "M8[s]")),
}  # fmt: skip


@pytest.mark.parametrize("arrays", [False, True])
@pytest.mark.parametrize("name", MALICIOUS)
def test_a_pickle_that_names_anything_else_is_refused(tmp_path, name, arrays):
    with pytest.raises(PickleError):
        load_plain(write(tmp_path, MALICIOUS[name]), arrays=arrays)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_runs(tmp_path, protocol):
    content = pickle.dumps({"keypoints": [Runs(tmp_path / "mark")]}, protocol)
    with pytest.raises(PickleError):
        load_plain(write(tmp_path, content), arrays=True)
    assert not (tmp_path / "mark").exists()
    pickle.loads(content)  # it would have
    assert (tmp_path / "mark").exists()


def array_of(shape: tuple, content: bytes, code: str = "f4") -> bytes:
    """An array as NumPy pickles it, whatever it says of itself."""
    dtype = f"cnumpy\ndtype\n(V{code}\nI00\nI01\ntR(I3\nV<\nNNNI-1\nI-1\nI0\ntb".encode()
    sizes = b"(" + b"".join(f"I{size}\n".encode() for size in shape) + b"t"
    empty = RECONSTRUCT + b"(cnumpy\nndarray\n(I0\ntC\x01btR"
    return (
        empty
        + b"(I1\n"
        + sizes
        + dtype
        + b"I00\nB"
        + struct.pack("<I", len(content))
        + content
        + b"tb."
    )


def test_an_array_has_the_length_that_its_shape_says(tmp_path):
    whole = load_plain(write(tmp_path, array_of((2, 1), bytes(8))), arrays=True)
    assert whole.shape == (2, 1)
    for shape, content, code in (
        ((3, 1), bytes(8), "f4"),
        ((10**9, 10**9), bytes(8), "f4"),
        ((-2, -1), bytes(8), "f4"),
        ((1,) * 99, bytes(4), "f4"),
        ((1,), bytes(8), "O8"),
        ((1,), bytes(8), "V8"),
        ((2,), bytes(8), "f4,f4"),
        ((1,), bytes(4), "f16"),
    ):
        with pytest.raises(PickleError):
            load_plain(write(tmp_path, array_of(shape, content, code)), arrays=True)


def test_what_one_pickle_names_very_often_costs_no_memory(tmp_path):
    level = b"]"
    for n in range(15):  # 100 times 100 times ... one list
        level += b"q" + bytes([n]) + b"](" + b"h" + bytes([n]) + (b"h" + bytes([n])) * 99 + b"e"
    found = load_plain(write(tmp_path, level + b"."))
    assert len(found) == 100 and found[0] is found[99]


@pytest.mark.parametrize("keep", [0, 1, 5, 40, -1])
def test_a_damaged_pickle_is_refused(tmp_path, keep):
    with pytest.raises(PickleError, match="damaged"):
        load_plain(write(tmp_path, pickle.dumps(PLAIN)[:keep]), arrays=True)


def test_a_missing_pickle_is_a_users_mistake(tmp_path):
    with pytest.raises(UserError, match="missing or not a file"):
        load_plain(tmp_path / "a.pkl")
