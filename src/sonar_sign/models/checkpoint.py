"""Read and write model files in the layout of the public ones, strictly and without running code.

The public files are `{"model_state": tensors}` (SignHiera) and `{"student": tensors}` (sign
encoder). Files written here add a `config` entry, the fields of the model's config, and may add
`extra`, plain values for whoever wrote them. A file without `config` is taken for the public
model's shape.
"""

import pickle
import re
import zipfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sonar_sign.errors import UserError
from sonar_sign.files import require_file, whole_or_absent
from sonar_sign.models.sign_encoder import SignEncoder, SignEncoderConfig
from sonar_sign.models.sign_hiera import SignHiera, SignHieraConfig

HIERA_ENTRY = "model_state"
ENCODER_ENTRY = "student"

# Features do not use these, and public files may lack them.
HIERA_MAY_LACK = ("norm.weight", "norm.bias", "head.projection.weight", "head.projection.bias")
# Parts of the masked autoencoder that the public SignHiera was pretrained with.
HIERA_MAY_ADD = ("decoder", "multi_scale_fusion", "encoder_norm", "mask_token")

# One tensor under three names.
ENCODER_TIED = ("shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight")

MAX_LISTED = 10


def load_sign_hiera(
    path: Path, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
) -> SignHiera:
    """Load a SignHiera, in evaluation mode.

    On a CPU the weights stay in the file until they are used (memory-mapped, private: changing
    them leaves the file alone). `dtype` None keeps the file's. A file without the final norm and
    the head gets a norm of weight 1 and bias 0 and a head of zeros, which no feature depends on.

    Raises:
        UserError: the file is missing, broken, holds other objects than tensors and plain values,
            or its keys or shapes are not the model's.
    """
    file = _read(path, HIERA_ENTRY, "SignHiera")
    public = SignHieraConfig.base_128x224()
    model = _empty_model(path, file, SignHiera, SignHieraConfig, public)
    state = {k: v for k, v in file[HIERA_ENTRY].items() if not k.startswith(HIERA_MAY_ADD)}
    for key, expected in model.state_dict().items():
        if key in HIERA_MAY_LACK and key not in state:
            fill = 1.0 if key == "norm.weight" else 0.0
            state[key] = torch.full(expected.shape, fill)
    _assign(path, "SignHiera", model, state)
    return model.to(device=device, dtype=dtype).eval()


def load_sign_encoder(
    path: Path, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
) -> SignEncoder:
    """Load a sign encoder, in evaluation mode; the rest is as for `load_sign_hiera`.

    Raises:
        UserError: as `load_sign_hiera`, or the three names of the word embedding differ in value.
    """
    file = _read(path, ENCODER_ENTRY, "sign encoder")
    public = SignEncoderConfig.t5_v1_1_large()
    model = _empty_model(path, file, SignEncoder, SignEncoderConfig, public)
    state = file[ENCODER_ENTRY]
    _check(path, "sign encoder", model, state)
    first = state[ENCODER_TIED[0]]
    for key in ENCODER_TIED[1:]:
        same_memory = state[key].data_ptr() == first.data_ptr()
        if not same_memory and not torch.equal(state[key], first):
            raise UserError(
                f"{path}: {key} and {ENCODER_TIED[0]} differ, but must be one word embedding."
            )
        state[key] = first
    _assign(path, "sign encoder", model, state)
    return model.to(device=device, dtype=dtype).eval()


def save_sign_hiera(path: Path, model: SignHiera, extra: dict[str, Any] | None = None) -> None:
    """Write a SignHiera, whole or not at all.

    Raises:
        ValueError: `extra` holds something else than str, int, float, bool, None, lists, tuples
            and dictionaries of them.
    """
    _write(path, HIERA_ENTRY, model, extra)


def save_sign_encoder(path: Path, model: SignEncoder, extra: dict[str, Any] | None = None) -> None:
    """Write a sign encoder, whole or not at all; raises as `save_sign_hiera`."""
    _write(path, ENCODER_ENTRY, model, extra)


def read_extra(path: Path) -> dict[str, Any]:
    """The `extra` that a saver was given, `{}` if none; raises UserError as the loaders."""
    extra = _open(path, "A model").get("extra", {})
    if not isinstance(extra, dict):
        raise UserError(f"{path}: its entry 'extra' is a {type(extra).__name__}, not a dictionary.")
    return extra


def _open(path: Path, what: str) -> dict[str, Any]:
    """The dictionary in a file, tensors still on disk."""
    require_file(path, what)
    with open(path, "rb") as file:
        is_zip = file.read(2) == b"PK"
    if is_zip and not zipfile.is_zipfile(path):
        raise UserError(f"{path} is cut off: its end is missing, so fetch or write it again.")
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
    return found


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).strip().splitlines()[0][:200]


def _read(path: Path, entry: str, what: str) -> dict[str, Any]:
    """A file whose `entry` is a dictionary of tensors by name."""
    file = _open(path, f"A {what} checkpoint")
    state = file.get(entry)
    if not isinstance(state, dict):
        raise UserError(
            f"{path} is not a {what} checkpoint: it has no dictionary {entry!r}, but "
            f"{_listed(map(repr, file))}."
        )
    strange = [
        str(key)
        for key, value in state.items()
        if not (isinstance(key, str) and isinstance(value, Tensor))
        or value.layout is not torch.strided
        or value.is_meta
    ]
    if strange:
        raise UserError(f"{path}: no ordinary tensors by name in {entry!r}: {_listed(strange)}.")
    return file


def _empty_model(
    path: Path, file: dict[str, Any], build: type, config: type, public: Any
) -> nn.Module:
    """The model that the file's config describes, on the meta device: shapes without memory."""
    fields = file.get("config")
    try:
        described = public if fields is None else config(**fields)
        with torch.device("meta"):
            return build(described)
    except (TypeError, ValueError, ArithmeticError, RuntimeError, AttributeError) as error:
        raise UserError(
            f"{path}: its entry 'config' is no {config.__name__} ({_first_line(error)})."
        ) from error


def _check(path: Path, what: str, model: nn.Module, state: dict[str, Tensor]) -> None:
    """Raise UserError unless the keys and shapes of `state` are those of the model."""
    expected = model.state_dict()
    differing = [
        f"{key} is {_described(state[key])} where the model has {_described(value)}"
        for key, value in expected.items()
        if key in state and (state[key].shape != value.shape or not state[key].is_floating_point())
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
    kind = "" if tensor.is_floating_point() else f" of {tensor.dtype}"
    return f"{tuple(tensor.shape)}{kind}"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return (", ".join(names[:MAX_LISTED]) or "nothing") + more


def _assign(path: Path, what: str, model: nn.Module, state: dict[str, Tensor]) -> None:
    _check(path, what, model, state)
    # assign: the model, built on the meta device, takes the mapped tensors as they are.
    model.load_state_dict(state, strict=True, assign=True)


def _write(
    path: Path, entry: str, model: SignHiera | SignEncoder, extra: dict[str, Any] | None
) -> None:
    file: dict[str, Any] = {entry: _on_cpu(model.state_dict()), "config": asdict(model.config)}
    if extra is not None:
        _require_plain(extra, "extra")
        file["extra"] = extra
    with whole_or_absent(path) as temporary, open(temporary, "wb") as opened:
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
