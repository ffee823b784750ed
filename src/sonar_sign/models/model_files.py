"""Model files: tensors by name, read strictly and without running code, written whole.

The common part of the loaders and savers of all models. A file is a dictionary: an entry with the
tensors, `config`, the fields of the model's config, `extra`, metadata of plain values that say how
the model was made (`metadata.py`), and a hash of all that (`model_content.py`). Public files have
the tensors only.
"""

import pickle
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, require_file, sha256_of
from sonar_sign.core.wording import first_few
from sonar_sign.models.archive import check_layout, is_archive
from sonar_sign.models.model_config import read_config
from sonar_sign.models.model_content import (
    HASH,
    content_hash,
    require_finite,
    require_honest_tensors,
)
from sonar_sign.models.tensor_files import SUFFIX, origin_of, read_tensor_file

MAX_LISTED = 10
# What weights may be stored as.
DTYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float64)


METADATA = "extra"
"""The entry of a file that says how its model was made."""


def read_metadata(path: Path) -> dict[str, Any]:
    """What a checkpoint says about how it was made; `{}` for a public one.

    The keys of a checkpoint of `training`: `training` (its name), `kind`, `seed`, `settings`
    (effective values by dotted key), `corpora` (`clips`, `weight`, `captions_sha256` by name),
    `language`, `versions` (by package), `started_from` (`sha256` and the parent's own `metadata`
    by role: `video_encoder`, `sign_encoder`, `landmark_model`, `features`), `epoch`, `step`, and
    `scores` (of the validation split).

    Raises:
        UserError: as the loaders, or the entry is no dictionary.
    """
    found = open_file(path, "A model").get(METADATA, {})
    if not isinstance(found, dict):
        raise UserError(
            f"{path}: its entry {METADATA!r} is a {type(found).__name__}, not a dictionary."
        )
    return found


def open_file(path: Path, what: str) -> dict[str, Any]:
    """The dictionary in a file, tensors still on disk."""
    path = require_file(path, what)
    if path.suffix == SUFFIX:
        return read_tensor_file(path)
    is_zip = is_archive(path)
    storages = check_layout(path) if is_zip else None
    try:
        # Files from before torch 1.6 are no zip archives and cannot be mapped.
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except Exception as error:  # a broken file makes torch raise nearly anything
        refused = re.search(r"GLOBAL (\S+)", str(error))
        if isinstance(error, pickle.UnpicklingError) and refused:
            raise UserError(
                f"{path} holds a Python object ({refused[1]}) besides tensors and plain values; "
                "opening it could run code, so it is refused."
            ) from error
        reason = f"({_first_line(error)})" if is_zip else "(it is no archive of torch.save)"
        raise UserError(f"{path} is not a PyTorch checkpoint or damaged {reason}.") from error
    if not isinstance(found, dict):
        raise UserError(f"{path} holds a {type(found).__name__}, not a dictionary of tensors.")
    if storages is not None:
        require_honest_tensors(path, found, storages)
    return found


def origin_sha256(path: Path) -> str:
    """The SHA-256 of a checkpoint; of an exported one, that of the checkpoint it was made of.

    Raises:
        UserError: the file is missing, or what is beside an exported one is damaged.
    """
    path = require_file(path, "A model")
    return (origin_of(path) if path.suffix == SUFFIX else None) or sha256_of(path)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).strip().splitlines()[0][:200]


def read_tensors(path: Path, entry: str, what: str) -> dict[str, Any]:
    """A file whose `entry` is a dictionary of tensors by name."""
    file = open_file(path, f"A {what} checkpoint")
    state = file.get(entry)
    if not isinstance(state, dict):
        raise UserError(
            f"{path} is not a {what} checkpoint: it has no dictionary {entry!r}, but "
            f"{_listed(map(repr, file))}."
        )
    tensors_of(path, file, entry)
    return file


def tensors_of(path: Path, file: dict[str, Any], entry: str) -> dict[str, Tensor]:
    """An entry of a file.

    Raises:
        UserError: it is no dictionary of ordinary tensors by name.
    """
    state = file[entry]
    if not isinstance(state, dict):
        raise UserError(f"{path}: its entry {entry!r} holds no tensors by name.")
    strange = [
        str(key)
        for key, value in state.items()
        if not (isinstance(key, str) and isinstance(value, Tensor))
        or value.layout is not torch.strided
        or value.is_meta
    ]
    if strange:
        raise UserError(f"{path}: no ordinary tensors by name in {entry!r}: {_listed(strange)}.")
    return state


def empty_model(
    path: Path, file: dict[str, Any], entry: str, build: type, config: type, public: Any
) -> nn.Module:
    """The model that the file's config describes, on the meta device: shapes without memory.

    Raises:
        UserError: the config is none, is out of bounds, or describes more than the file holds.
    """
    fields = file.get("config")
    try:
        described = public if fields is None else read_config(config, fields, len(file[entry]))
        with torch.device("meta"):
            return build(described)
    except (TypeError, ValueError, LookupError, ArithmeticError, RuntimeError) as error:
        raise UserError(
            f"{path}: its entry 'config' is no {config.__name__} ({_first_line(error)})."
        ) from error


def check(path: Path, what: str, model: nn.Module, state: dict[str, Tensor]) -> None:
    """Raise UserError unless the keys and shapes of `state` are those of the model."""
    expected = model.state_dict()
    differing = [
        f"{key} is {_described(state[key])} where the model has {_described(value)}"
        for key, value in expected.items()
        if key in state and (state[key].shape != value.shape or state[key].dtype not in DTYPES)
    ]
    problems = [
        f"{title}: {_listed(keys)}"
        for title, keys in (
            ("missing", [key for key in expected if key not in state]),
            ("unexpected", [key for key in state if key not in expected]),
            ("differing", differing),
        )
        if keys
    ]
    if problems:
        raise UserError(f"{path} does not fit the {what}; {'; '.join(problems)}.")


def _described(tensor: Tensor) -> str:
    kind = "" if tensor.dtype in DTYPES else f" of {tensor.dtype}"
    return f"{tuple(tensor.shape)}{kind}"


def _listed(names: Iterable[str]) -> str:
    return first_few(list(names), MAX_LISTED) or "nothing"


def assign(path: Path, what: str, model: nn.Module, state: dict[str, Tensor]) -> None:
    """Give a model, built on the meta device, the mapped tensors of a file as they are.

    Raises:
        UserError: keys or shapes are not the model's, or a weight is not finite.
    """
    check(path, what, model, state)
    require_finite(path, state)
    model.load_state_dict(state, strict=True, assign=True)


def write(
    path: Path,
    entry: str,
    model: nn.Module,
    metadata: dict[str, Any] | None,
    further: dict[str, Any] | None = None,
) -> None:
    """Write a model atomically.

    Args:
        metadata: how it was made, plain values; None: nothing is said.
        further: entries of other names: tensors, or plain values.
    """
    file: dict[str, Any] = {entry: _on_cpu(model.state_dict()), "config": asdict(model.config)}
    file |= further or {}
    if metadata is not None:
        _require_plain(metadata, "metadata")
        file[METADATA] = metadata
    file[HASH] = content_hash(file)
    with atomic_write(path) as temporary, open(temporary, "wb") as opened:
        # Given a name, torch.save writes that name into the file; given an open file, it does
        # not, and equal models make equal files.
        torch.save(file, opened)


def _on_cpu(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copies for a file; a tensor that has several names stays one."""
    copies: dict[tuple, Tensor] = {}
    for tensor in state.values():
        copies.setdefault(_identity(tensor), tensor.detach().cpu().contiguous())
    return {key: copies[_identity(tensor)] for key, tensor in state.items()}


def _identity(tensor: Tensor) -> tuple:
    return tensor.data_ptr(), tuple(tensor.shape), tensor.dtype


def _require_plain(value: Any, where: str) -> None:
    # type() and not isinstance(): a numpy.float64 is a float, but could not be read back.
    if type(value) is dict:
        for key, item in value.items():
            if type(key) not in (str, int):
                raise ValueError(f"{where}: the key {key!r} is no str or int.")
            _require_plain(item, f"{where}[{key!r}]")
    elif type(value) in (list, tuple):
        for i, item in enumerate(value):
            _require_plain(item, f"{where}[{i}]")
    elif value is not None and type(value) not in (str, int, float, bool):
        raise ValueError(f"{where} is a {type(value).__name__}, which is no plain value.")
