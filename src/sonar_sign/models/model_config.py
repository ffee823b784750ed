"""The config of a model file: types and bounds checked before anything is built from it."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")

_WIDTH, _KERNEL, _FACTOR, _EPSILON = (1, 65_536), (1, 255), (0.0625, 16), (1e-15, 0.1)
MAX_STAGES, MAX_CONTEXT = 8, 2
# Least and largest value by field; several times what any model of its kind has.
BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        **dict.fromkeys(("feature_dim", "embedding_dim", "d_model", "d_ff", "embed_dim"), _WIDTH),
        "d_kv": (1, 4096),
        "num_heads": (1, 1024),
        "vocab_size": (1, 4_000_000),
        "num_layers": (0, 256),
        "num_decoder_layers": (0, 256),
        "relative_attention_num_buckets": (2, 4096),
        "relative_attention_max_distance": (2, 1_000_000),
        "context": (0, MAX_CONTEXT),
        "dropout_rate": (0, 0.99),
        "layer_norm_epsilon": _EPSILON,
        "norm_eps": _EPSILON,
        "stride": (1, 1024),
        "kernel": (1, 1023),
        "input_size": (1, 4096),
        "in_chans": (1, 64),
        "num_classes": (0, 1_000_000),
        "stages": (0, 256),
        "q_pool": (0, 8),
        "q_stride": (1, 64),
        "mask_unit_size": (1, 4096),
        "dim_mul": _FACTOR,
        "head_mul": _FACTOR,
        "patch_kernel": _KERNEL,
        "patch_stride": _KERNEL,
        "patch_padding": (0, 255),
        "mlp_ratio": (0.0625, 64),
    }
)
_FEED_FORWARD = ("relu", "gated-gelu", "gated-silu")
# Fields that count blocks, which take time to build even without memory.
_BLOCKS = ("num_layers", "num_decoder_layers", "stages")


def read_config(cls: type[T], given: Any, n_tensors: int | None = None) -> T:
    """A config dataclass from a file's entries.

    Args:
        n_tensors: of the file; a model has at least one in each block.

    Raises:
        ValueError: names, types or values are not possible, or the file cannot hold the model.
    """
    if not isinstance(given, dict):
        raise ValueError(f"a {type(given).__name__} instead of names and values")
    hints = get_type_hints(cls)
    unknown = [str(name)[:40] for name in given if name not in hints]
    missing = [f.name for f in fields(cls) if f.default is MISSING and f.name not in given]
    if unknown or missing:
        problem = f"unknown {unknown[0]!r}" if unknown else f"no {missing[0]!r}"
        raise ValueError(problem)
    for name, value in given.items():
        _require(name, value, hints[name])
    n_blocks = sum(_total(given[name]) for name in _BLOCKS if name in given)
    if n_tensors is not None and n_blocks > n_tensors:
        raise ValueError(f"{n_blocks} blocks, and the file holds {n_tensors} tensors")
    return cls(**given)


def _total(value: Any) -> int:
    return sum(value) if isinstance(value, list | tuple) else value


def _require(name: str, value: Any, kind: Any) -> None:
    shown = repr(value)[:60]
    if get_origin(kind) is tuple:
        parts = get_args(kind)
        is_any_length = parts[-1] is Ellipsis
        n = len(value) if isinstance(value, list | tuple) else -1
        if not (0 < n <= MAX_STAGES if is_any_length else n == len(parts)):
            raise ValueError(f"{name} = {shown} is no list of the right length")
        for item in value:
            _require(name, item, parts[0])
    elif get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise ValueError(f"{name} = {shown} is none of {', '.join(get_args(kind))}")
    elif kind is str:
        if value not in _FEED_FORWARD:
            raise ValueError(f"{name} = {shown} is none of {', '.join(_FEED_FORWARD)}")
    elif type(value) is not kind and not (kind is float and type(value) is int):
        raise ValueError(f"{name} = {shown} is no {kind.__name__}")
    elif kind is not bool:
        low, high = BOUNDS[name]
        if not low <= value <= high:
            raise ValueError(f"{name} = {shown} is not from {low} to {high}")
