"""The content of a model file: a hash of everything in it, and tensors that are what they claim."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sonar_sign.core.content_hash import ContentHash, verify_once
from sonar_sign.core.errors import UserError
from sonar_sign.models.archive import check_checksums

HASH = "content_xxh3_128"
"""The entry of a file that holds the hash of all others."""
# SONAR's decoder has 600 tensors. A pickle of some bytes can nest references without end.
MAX_VALUES = 100_000


def content_hash(file: dict[str, Any]) -> str:
    """The hash of a file's entries: tensors by name, dtype, shape and bytes, and plain values.

    3 GB take 0.2 s.

    Raises:
        ValueError: there are more than `MAX_VALUES` values.
    """
    found = ContentHash()
    for where, value in _walk({key: value for key, value in file.items() if key != HASH}):
        if isinstance(value, Tensor):
            flat = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
            content = flat.numpy() if flat.numel() else b""
            found.add(where, f"{value.dtype} {tuple(value.shape)}", content)
        elif isinstance(value, dict | list | tuple):
            found.add(where, type(value).__name__, str(len(value)).encode())
        else:
            text = value if isinstance(value, str) else repr(value)
            found.add(where, type(value).__name__, text.encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def verify_content(path: Path, file: dict[str, Any]) -> None:
    """Check that a file holds what was written, once per process.

    By the hash of a file that was written here, else by the checksums of torch.save's archives,
    which public files have too.

    Raises:
        UserError: it holds something else.
    """
    stored = file.get(HASH)
    if stored is None:
        check_checksums(path)
        return

    def verify() -> None:
        try:
            holds = content_hash(file) == stored
        except ValueError as error:
            raise UserError(f"{path} is no model file: {error}.") from error
        if not holds:
            raise UserError(
                f"{path} is damaged, or was changed by another program: its content is not what "
                "was written; make it again."
            )

    verify_once([path], verify)


def require_honest_tensors(path: Path, file: dict[str, Any], storages: Counter[int]) -> None:
    """Check that tensors are no larger than what is stored.

    Args:
        storages: how many the file has of each size in bytes.

    Raises:
        UserError: a tensor is larger than its storage, or a storage than what the file has.
    """
    sizes: dict[int, int] = {}
    try:
        tensors = [(where, value) for where, value in _walk(file) if isinstance(value, Tensor)]
    except ValueError as error:
        raise UserError(f"{path} is no model file: {error}.") from error
    for where, tensor in tensors:
        if tensor.layout is not torch.strided or tensor.is_meta or tensor.is_quantized:
            continue  # refused where it is needed
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        if tensor.numel() * tensor.element_size() > storage.nbytes():
            raise UserError(f"{path}: {where} has {tensor.numel()} numbers, and fewer are stored.")
    if Counter(size for size in sizes.values() if size) - storages:
        raise UserError(f"{path} is damaged: its tensors are larger than what it stores of them.")


def require_finite(path: Path, state: dict[str, Tensor]) -> None:
    """Check that weights are numbers.

    Raises:
        UserError: a tensor holds NaN or infinite values.
    """
    for name, tensor in state.items():
        if tensor.is_floating_point() and tensor.numel():
            # NaN is the least and the largest of any numbers that include it.
            low, high = torch.aminmax(tensor.detach())
            if not (torch.isfinite(low) and torch.isfinite(high)):
                raise UserError(
                    f"{path}: {name} holds NaN or infinite weights, so nothing can be computed "
                    "with it; make or fetch it again."
                )


def _walk(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of nested dictionaries, lists and tuples, with its place; parents first."""
    todo, count = [(where, value)], 0
    while todo:
        place, found = todo.pop()
        count += 1
        if count > MAX_VALUES:
            raise ValueError(f"it holds more than {MAX_VALUES} values")
        yield place, found
        if isinstance(found, dict):
            inner = [(k if isinstance(k, str) else f"[{k!r}]", v) for k, v in found.items()]
        elif isinstance(found, list | tuple):
            inner = [(str(i), v) for i, v in enumerate(found)]
        else:
            continue
        todo += [(f"{place}/{key}".lstrip("/"), item) for key, item in reversed(inner)]
