"""Training targets of clips: SONAR's embeddings of their captions, and the captions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_table
from sonar_sign.features.targets import read_all_targets, require_captions


@dataclass(frozen=True)
class TargetFiles:
    """Files of one language."""

    language: str
    """FLORES code."""
    targets: Sequence[Path]
    """Files written by `embed_text`, one per corpus."""
    captions: Sequence[Path] = ()
    """Tables with `clip_id`, `text`, one per corpus; only a loss on words needs them."""

    def files(self) -> list[Path]:
        return [*self.targets, *self.captions]


@dataclass(frozen=True, eq=False)
class BatchTargets:
    """Targets of the clips of one batch, one row per clip."""

    targets: Tensor
    """`(batch, n_languages, embedding_dim)` float32; zeros where a language has none."""
    known: Tensor
    """`(batch, n_languages)` bool: there is a target, and a caption where captions were given. It
    stays on the CPU: asking a GPU for it would wait for all that the GPU still computes."""
    captions: dict[str, list[str]] = field(default_factory=dict)
    """By language; empty where nothing is known."""

    def to(self, device: torch.device) -> "BatchTargets":
        return BatchTargets(self.targets.to(device), self.known, self.captions)


class Supervision:
    """Targets and captions of training or validation clips, by language.

    Args:
        files: the first language must have a target for every clip, others may lack some.

    Raises:
        UserError: a file cannot be read, a clip occurs in two corpora, or captions changed after
            their targets were made.
    """

    def __init__(self, files: Sequence[TargetFiles]):
        self.files = files
        self._targets = [read_all_targets(of_language.targets) for of_language in files]
        self._captions = [read_captions(of_language.captions) for of_language in files]
        for of_language in files:
            # Without captions nothing can be compared.
            for targets, captions in zip(of_language.targets, of_language.captions, strict=False):
                require_captions(targets, read_captions([captions]))

    def __getitem__(self, clip_id: str) -> np.ndarray:
        """The first language's target, `(embedding_dim,)`."""
        return self._targets[0][clip_id]

    def require(self, clip_ids: Iterable[str]) -> None:
        """Check that the first language has targets and captions for these clips.

        Raises:
            UserError: there are none, or some lack a target or a caption.
        """
        clip_ids = list(clip_ids)
        if not clip_ids:
            raise UserError("The shards given for training or validation hold no clips.")
        first = self.files[0]
        for known, paths, what in (
            (self._targets[0], first.targets, "embed the captions again"),
            (self._captions[0], first.captions, "prepare the corpus again"),
        ):
            missing = [clip_id for clip_id in clip_ids if paths and clip_id not in known]
            if missing:
                raise UserError(
                    f"{' and '.join(map(str, paths))} lacks {len(missing)} of {len(clip_ids)} "
                    f"clips, {missing[0]} for one; delete it and {what}."
                )

    def batch_targets(self, clip_ids: Sequence[str]) -> BatchTargets:
        known = torch.tensor(
            [
                [
                    clip_id in targets and (not of_language.captions or clip_id in captions)
                    for targets, captions, of_language in zip(
                        self._targets, self._captions, self.files, strict=True
                    )
                ]
                for clip_id in clip_ids
            ]
        )
        zero = np.zeros_like(self[clip_ids[0]])
        stacked = [
            [targets.get(clip_id, zero) for targets in self._targets] for clip_id in clip_ids
        ]
        captions = {
            of_language.language: [texts.get(clip_id, "") for clip_id in clip_ids]
            for of_language, texts in zip(self.files, self._captions, strict=True)
            if of_language.captions
        }
        return BatchTargets(torch.from_numpy(np.array(stacked)), known, captions)

    def variance(self, clip_ids: Sequence[str]) -> float:
        """Of the first language's targets around their mean, averaged over the dimensions."""
        stacked = np.stack([self[clip_id] for clip_id in clip_ids])
        return float(stacked.var(axis=0).mean()) or 1.0


def read_captions(paths: Sequence[Path]) -> dict[str, str]:
    """Captions by clip id."""
    captions: dict[str, str] = {}
    for path in paths:
        table = read_table(path, ("clip_id", "text"))
        captions |= dict(zip(table["clip_id"], table["text"], strict=True))
    return captions
