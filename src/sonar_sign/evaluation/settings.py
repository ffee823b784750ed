"""In which settings systems differ: what an ablation's table has columns for."""

from collections.abc import Iterator, Mapping
from typing import Any

from sonar_sign.training.kinds import PRETRAINED

# Last parts of keys that are no setting, or one that does not change what is learned.
LEFT_OUT = frozenset(
    """
    seed training name system output device devices num_nodes strategy threads num_workers keep
    save_every gradient_checkpointing wandb_project
    """.split()  # noqa: SIM905
)
KIND = "kind"


def settings_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a system by dotted key, from its `components` and `decoding`.

    `video_encoder.freeze` is a setting of the training of that component, `sign_encoder.kind` the
    kind of its training (None: it was not trained here, or there is no such component),
    `sign_encoder.start` the training that it continues, `sign_encoder.corpora.news.weight` how
    often it saw a corpus, `sign_encoder.corpora.news.share` how much of it, and
    `decoding.beam_size` an option of decoding. Seeds, names, paths and hashes are left out.
    """
    found: dict[str, Any] = {}
    for role, metadata in (record.get("components") or {}).items():
        found |= {f"{role}.{key}": value for key, value in _of_component(role, metadata)}
    found |= {f"decoding.{key}": value for key, value in _flat(record.get("decoding") or {})}
    return {key: value for key, value in found.items() if _is_setting(key, value)}


def differing(settings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Keys that are not the same in all systems, the most informative ones first.

    A key counts as different where the systems that have it have several values: which systems
    have a component at all is said by its `kind` alone. First come keys that most systems have,
    then those with most values.
    """
    keys = list(dict.fromkeys(key for of_system in settings.values() for key in of_system))
    values = {
        key: [of_system[key] for of_system in settings.values() if key in of_system] for key in keys
    }
    distinct = {key: len({repr(value) for value in values[key]}) for key in keys}
    chosen = [key for key in keys if distinct[key] > 1]
    return sorted(chosen, key=lambda key: (-len(values[key]), -distinct[key]))


def as_text(value: Any) -> str:
    """A setting as a table's cell."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(as_text, value))
    return str(value)


def _of_component(role: str, metadata: Mapping[str, Any] | None) -> Iterator[tuple[str, Any]]:
    # The demo's stand-ins for the public models say that they are pretrained.
    if metadata is None or metadata.get("training") == PRETRAINED:
        yield KIND, None
        return
    yield KIND, metadata.get(KIND)
    yield from _flat(metadata.get("settings") or {})
    for name, corpus in (metadata.get("corpora") or {}).items():
        yield f"corpora.{name}.weight", corpus.get("weight", 1)
        yield f"corpora.{name}.share", corpus.get("share", 1)
    parent = (metadata.get("started_from") or {}).get(role)
    if parent is not None:
        yield "start", (parent.get("metadata") or {}).get("training") or "pretrained"


def _flat(nested: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in nested.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _is_setting(key: str, value: Any) -> bool:
    is_path = isinstance(value, str) and "/" in value
    return key.rpartition(".")[2] not in LEFT_OUT and not is_path
