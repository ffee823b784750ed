"""Model files without pickle: tensors as safetensors, and plain values as JSON beside them.

`X/model.safetensors` has the tensors of the entries of a model file (see `model_files`), named
`{entry}/{tensor}`. `X/config.json` has everything else: `config`, `extra`, `tied` (tensors that are
another one under a second name), `exported_from` (SHA-256 of the checkpoint) and the hash of the
content. `X/tokenizer.model` is a landmark model's sentencepiece model. A file of another name,
`Y.safetensors`, has its plain values in `Y.json`.

Half precision is for storage alone: such tensors are read as fp32.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import atomic_write, require_file, write_json
from sonar_sign.core.strict_json import parse_json
from sonar_sign.models.model_content import HASH, MAX_VALUES, content_hash

SUFFIX = ".safetensors"
WEIGHTS, CONFIG, TOKENIZER = f"model{SUFFIX}", "config.json", "tokenizer.model"
# SONAR's decoder has a header of 0.1 MB; SignHiera's public file, with its training, 0.1 MB too.
MAX_HEADER_BYTES = 8 << 20
MAX_CONFIG_BYTES = 8 << 20
MAX_TOKENIZER_BYTES = 64 << 20
_HALF = (torch.bfloat16, torch.float16)
# Entries of a model file that are plain values.
_PLAIN = ("config", "extra", HASH)
ORIGIN = "exported_from"


def plain_values_of(path: Path) -> Path:
    """The JSON file beside a safetensors file."""
    return path.with_name(CONFIG) if path.name == WEIGHTS else path.with_suffix(".json")


def read_tensor_file(path: Path) -> dict[str, Any]:
    """What `model_files.open_file` gives for a checkpoint, in a fixed order; tensors stay mapped.

    Raises:
        UserError: a file is missing, damaged, or larger than any of its kind.
    """
    values = _read_plain(plain_values_of(path))
    tensors = _read_tensors(path)
    for name, first in values["tied"].items():
        if not isinstance(first, str) or first not in tensors or name in tensors:
            raise UserError(f"{plain_values_of(path)}: {name[:80]!r} is tied to no tensor.")
        tensors[name] = tensors[first]
    file: dict[str, Any] = {}
    for name in sorted(tensors):
        entry, _, key = name.partition("/")
        if not key or entry in _PLAIN:
            raise UserError(f"{path}: {name[:80]!r} names no tensor of an entry.")
        file.setdefault(entry, {})[key] = tensors[name]
    tokenizer = path.with_name(TOKENIZER)
    if path.name == WEIGHTS and tokenizer.is_file():
        content = _bounded(tokenizer, MAX_TOKENIZER_BYTES)
        file["tokenizer"] = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    for name in _PLAIN:
        if values.get(name) is not None:
            file[name] = values[name]
    if isinstance(file.get("config"), dict):
        # Configs are compared with tuples, which JSON has not.
        file["config"] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in file["config"].items()
        }
    return file


def origin_of(path: Path) -> str | None:
    """The SHA-256 of the checkpoint that a safetensors file was exported from.

    Raises:
        UserError: the JSON beside it is missing or damaged.
    """
    found = _read_plain(plain_values_of(path)).get(ORIGIN)
    return found if isinstance(found, str) else None


def write_tensor_file(
    path: Path, file: dict[str, Any], *, origin: str | None = None, half: bool = False
) -> None:
    """Write the entries of a model file, tensors that are one tensor only once.

    Args:
        file: as `open_file` gives it, `{entry: tensors by name, "config": ..., ...}`.
        origin: SHA-256 of the checkpoint.
        half: store floating-point tensors as bf16.
    """
    from safetensors.torch import save_file

    named = {
        f"{entry}/{name}": tensor
        for entry, tensors in sorted(file.items())
        if isinstance(tensors, dict) and entry not in _PLAIN
        for name, tensor in sorted(tensors.items())
    }
    stored: dict[str, Tensor] = {}
    tied: dict[str, str] = {}
    first: dict[tuple, str] = {}
    for name, tensor in named.items():
        key = (tensor.data_ptr(), tuple(tensor.shape), tensor.dtype, tensor.stride())
        if tensor.numel() and key in first:
            tied[name] = first[key]
            continue
        first[key] = name
        stored[name] = _alone(tensor, half)
    with atomic_write(path) as temporary:
        save_file(stored, temporary, metadata={"format": "pt"})
    if isinstance(tokenizer := file.get("tokenizer"), Tensor):
        with atomic_write(path.with_name(TOKENIZER)) as temporary:
            temporary.write_bytes(tokenizer.numpy().tobytes())
    plain = {name: file[name] for name in ("config", "extra") if name in file}
    values = {**plain, "tied": tied, **({ORIGIN: origin} if origin else {})}
    beside = plain_values_of(path)
    write_json(beside, values)
    # Of what a reader will read: JSON has no tuples, and half precision has other numbers.
    write_json(beside, {**values, HASH: content_hash(read_tensor_file(path))})


def _alone(tensor: Tensor, half: bool) -> Tensor:
    """The tensor as it is stored, in memory of its own."""
    if half and tensor.dtype in (torch.float32, torch.float64):
        return tensor.detach().to(torch.bfloat16).contiguous()
    tensor = tensor.detach().contiguous()
    is_part = tensor.untyped_storage().nbytes() != tensor.numel() * tensor.element_size()
    return tensor.clone() if is_part else tensor


def _read_tensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError, safe_open

    size = require_file(path, "The tensors").stat().st_size
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if not 2 <= header <= min(MAX_HEADER_BYTES, size - 8):
        raise UserError(f"{path} is no safetensors file or damaged (its header has no length).")
    try:
        with safe_open(path, framework="pt", device="cpu") as opened:
            names = list(opened.keys())
            if len(names) > MAX_VALUES:
                raise UserError(f"{path} holds more than {MAX_VALUES} tensors.")
            tensors = {name: opened.get_tensor(name) for name in names}
    except (SafetensorError, OSError, ValueError, RuntimeError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path} is no safetensors file or damaged ({reason}).") from error
    return {name: t.float() if t.dtype in _HALF else t for name, t in tensors.items()}


def _read_plain(path: Path) -> dict[str, Any]:
    content = _bounded(require_file(path, "The settings of a model"), MAX_CONFIG_BYTES)
    try:
        values = parse_json(content.decode("utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({str(error)[:100]}); export it again.") from error
    if not isinstance(values, dict) or not isinstance(values.setdefault("tied", {}), dict):
        raise UserError(f"{path} does not hold the settings of a model; export it again.")
    return values


def _bounded(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise UserError(f"{path} has more than {most} bytes, more than any of its kind.")
    return content
