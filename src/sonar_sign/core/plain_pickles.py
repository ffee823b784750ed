"""Reads pickles that others published, if they hold plain data and nothing else.

A pickle is a program: opened with `pickle.load` it can run any function of any package. Here it
may build containers, texts, numbers and booleans and, where asked for, NumPy arrays of numbers.
Nothing that it names is imported. In place of NumPy's own functions for unpickling stand functions
of this module, which take an array's type, shape and bytes and check them.

Every instruction is checked before the first one runs, because some of them can fill the memory
without naming anything.
"""

import io
import math
import pickle
import pickletools
from pathlib import Path
from typing import Any

from sonar_sign.core.files import require_file

MAX_BYTES = 512 << 20
MAX_DIMS, MAX_DEPTH = 8, 20
# Instructions that call something, look something up elsewhere, or share memory.
_FORBIDDEN = {
    "EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "INST", "OBJ", "NEXT_BUFFER", "READONLY_BUFFER",
}  # fmt: skip
_CALLS = {"GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "NEWOBJ", "NEWOBJ_EX"}
_STORES = {"PUT", "BINPUT", "LONG_BINPUT"}
_KINDS = "biuf"


class PickleError(Exception):
    """A pickle holds something that is not allowed, or is damaged; the message says what."""


def load_plain(path: Path, *, arrays: bool = False) -> Any:
    """Read a pickle of plain data.

    Args:
        arrays: whether it may hold NumPy arrays and NumPy's numbers. Arrays are read-only.

    Raises:
        PickleError: it is too large, damaged, or holds anything else.
        UserError: the file is missing.
    """
    path = require_file(path, "The pickle")
    if path.stat().st_size > MAX_BYTES:
        raise PickleError(f"it has more than {MAX_BYTES >> 20} MB")
    content = path.read_bytes()
    try:
        _check_instructions(content, arrays)
        return _finished(_Unpickler(content, arrays).load(), {})
    except PickleError:
        raise
    except (Exception, RecursionError) as error:  # damaged pickles fail in any way
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise PickleError(f"it is damaged: {reason}") from error


def _check_instructions(content: bytes, arrays: bool) -> None:
    for number, (opcode, argument, _) in enumerate(pickletools.genops(content)):
        if opcode.name in _FORBIDDEN or (opcode.name in _CALLS and not arrays):
            raise PickleError("it holds something else than plain data")
        # The store is a table as long as the largest number in it.
        if opcode.name in _STORES and int(argument) > number:
            raise PickleError("it is damaged: it counts what it has not")


class _Unpickler(pickle.Unpickler):
    def __init__(self, content: bytes, arrays: bool):
        super().__init__(io.BytesIO(content), encoding="latin1")
        # Made anew for every file, so that no file can change what the next one meets.
        self._known = _stand_ins() if arrays else {}

    def find_class(self, module: str, name: str) -> Any:
        # NumPy 2 calls its package `numpy._core`.
        found = self._known.get((module.replace("numpy._core", "numpy.core"), name))
        if found is None:
            raise PickleError(f"it names {module[:60]}.{name[:60]}, which is no plain data")
        return found


class _Function:
    """A function that a pickle can call and not change."""

    __slots__ = ("_call",)

    def __init__(self, call: Any):
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)

    def __setstate__(self, _state: Any) -> None:
        raise PickleError("it holds something else than plain data")


class _Dtype:
    """The type of an array's numbers, as NumPy pickles it: code, then byte order."""

    __slots__ = ("code", "order")

    def __init__(self, code: Any):
        self.code, self.order = code, "<"

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) < 2:
            raise PickleError("an array's type is damaged")
        self.order = state[1]

    def numpy(self) -> Any:
        import numpy as np

        code = self.code
        known = isinstance(code, str) and code[:1] in (*_KINDS, "?") and code[1:] in ("", *"1248")
        if not known or self.order not in ("<", ">", "|", "="):
            raise PickleError("an array holds something else than numbers")
        return np.dtype(code).newbyteorder(self.order)


class _Array:
    """An array that is being read: a placeholder until its state is known."""

    __slots__ = ("value",)

    def __init__(self, value: Any = None):
        self.value = value

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise PickleError("an array is damaged")
        _version, shape, dtype, is_fortran, content = state
        self.value = _array(content, dtype, shape, "F" if is_fortran else "C")


def _array(content: Any, dtype: Any, shape: Any, order: str) -> Any:
    import numpy as np

    if isinstance(content, str):  # bytes as Python 2 has them
        content = content.encode("latin1")
    if not isinstance(dtype, _Dtype) or not isinstance(content, bytes | bytearray):
        raise PickleError("an array holds something else than numbers")
    is_shape = isinstance(shape, tuple) and len(shape) <= MAX_DIMS
    if not is_shape or not all(type(n) is int and n >= 0 for n in shape) or order not in ("C", "F"):
        raise PickleError("an array's shape is damaged")
    kind = dtype.numpy()
    if math.prod(shape) * kind.itemsize != len(content):
        raise PickleError("an array has another length than its shape says")
    return np.frombuffer(bytes(content), kind).reshape(shape, order=order)


def _stand_ins() -> dict[tuple[str, str], Any]:
    """What a pickle of arrays names, and what it gets instead."""
    marker = _Function(lambda *_: _refuse())

    def reconstruct(kind: Any, _shape: Any, _code: Any) -> _Array:
        return _Array() if kind is marker else _refuse()

    def scalar(dtype: Any, content: Any) -> Any:
        return _array(content, dtype, (), "C").item()

    def as_bytes(text: Any, encoding: Any) -> bytes:
        return text.encode("latin1") if encoding == "latin1" else _refuse()

    numpy_core = {
        "_reconstruct": _Function(reconstruct),
        "scalar": _Function(scalar),
    }
    return {
        **{("numpy.core.multiarray", name): one for name, one in numpy_core.items()},
        ("numpy.core.numeric", "_frombuffer"): _Function(
            lambda content, dtype, shape, order: _Array(_array(content, dtype, shape, order))
        ),
        ("numpy", "ndarray"): marker,
        ("numpy", "dtype"): _Function(lambda code, *_: _Dtype(code)),
        ("_codecs", "encode"): _Function(as_bytes),
        ("__builtin__", "bytes"): _Function(lambda: b""),
    }


def _refuse() -> Any:
    raise PickleError("it holds something else than plain data")


def _finished(value: Any, done: dict[int, Any], depth: int = 0) -> Any:
    """The value with arrays in place of placeholders.

    Args:
        done: results by the id of what they are of: a small pickle can name one list very often.

    Raises:
        PickleError: it is nested too deeply, or something other than plain data is left in it.
    """
    if value is None or type(value) in (str, bytes, bool, int, float):
        return value
    if depth > MAX_DEPTH:
        raise PickleError("it is nested too deeply")
    if id(value) not in done:
        done[id(value)] = _finished_container(value, done, depth + 1)
    return done[id(value)]


def _finished_container(value: Any, done: dict[int, Any], depth: int) -> Any:
    if isinstance(value, _Array):
        return _refuse() if value.value is None else value.value
    if type(value) in (list, tuple, set, frozenset):
        return type(value)([_finished(one, done, depth) for one in value])
    if type(value) is dict:
        return {
            _finished(key, done, depth): _finished(one, done, depth) for key, one in value.items()
        }
    return _refuse()
