"""The corpora that a training samples its clips from, each with a weight."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sonar_sign.core.errors import UserError


@dataclass(frozen=True)
class CorpusWeight:
    """How often the clips of one corpus are sampled."""

    name: str
    weight: float = 1.0
    """Times that each clip is sampled per epoch; 0.5: a random half of the clips."""
    share: float = 1.0
    """Share of the clips that are used at all, the same ones in every epoch and seed."""

    @classmethod
    def parse(cls, text: str) -> "CorpusWeight":
        """Read `NAME=WEIGHT` or `NAME=WEIGHT:SHARE`.

        Raises:
            UserError: the name is empty, the weight is not a positive number, or the share is not
                above 0 and at most 1.
        """
        name, _, numbers = text.rpartition("=")
        try:
            weight, share = (float(number) for number in (*numbers.split(":"), "1")[:2])
        except ValueError:
            weight = share = math.nan
        if not name or not (math.isfinite(weight) and weight > 0) or numbers.count(":") > 1:
            raise UserError(f"--corpus {text}: write NAME=WEIGHT with a weight above 0.")
        if not 0 < share <= 1:
            raise UserError(f"--corpus {text}: the share is above 0 and at most 1.")
        return cls(name, weight, share)

    def chosen(self, clip_ids: Sequence[str]) -> list[str]:
        """Those clips that are used.

        They are chosen by a hash of the clip's id, so that a smaller share is a part of a larger
        one, and a clip that is added changes nothing for the others. At least one is chosen.
        """
        if self.share == 1 or not clip_ids:
            return [*clip_ids]
        least = min(clip_ids, key=_place)
        return [one for one in clip_ids if _place(one) < self.share or one == least]


def _place(clip_id: str) -> float:
    """A number from 0 to 1 that depends on the id alone."""
    digest = hashlib.sha256(f"share {clip_id}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


@dataclass(frozen=True, eq=False)
class CorpusClips:
    """The training clips of one corpus."""

    corpus: CorpusWeight
    numbers: np.ndarray
    """`(n,)` int64: which of all training clips these are."""
    captions_sha256: str | None = None
    """SHA-256 of the clips' ids and captions; None where no captions were given."""

    @property
    def n_per_epoch(self) -> int:
        """Clips sampled in one epoch, the same number in every epoch."""
        weighted = round(self.corpus.weight * len(self.numbers))
        return max(1, weighted) if len(self.numbers) else 0

    def sample(self, seed: Sequence[int], epoch: int) -> np.ndarray:
        """`(n_per_epoch,)` clip numbers of an epoch: all as often as possible, and a random rest.

        The rest has no clip twice. Epochs in a row share a permutation as long as it has enough
        clips for all of them, so with the weight 0.5 two epochs read every clip once.
        """
        n_clips = len(self.numbers)
        repeats, rest = divmod(self.n_per_epoch, max(1, n_clips))
        whole = np.tile(self.numbers, repeats)
        if not rest:
            return whole
        permutation, place = divmod(epoch, n_clips // rest)
        order = np.random.default_rng((*seed, permutation)).permutation(self.numbers)
        return np.concatenate([whole, order[place * rest : (place + 1) * rest]])


def corpora_of(
    weights: Sequence[CorpusWeight],
    captions: Sequence[Mapping[str, str | None]],
    clip_ids: Sequence[str],
) -> list[CorpusClips]:
    """Which training clips belong to which corpus.

    Args:
        weights: one per corpus; none: every corpus has the weight 1 and a number for a name.
        captions: of each corpus, by clip id, in the order of `weights`.
        clip_ids: the training clips, by number.

    Raises:
        UserError: there are not as many weights as corpora, a name occurs twice, or a clip is in
            two corpora.
    """
    if not weights:
        names = [f"corpus{i}" for i in range(1, len(captions) + 1)]
        weights = [CorpusWeight(name) for name in (["corpus"] if len(names) == 1 else names)]
    if len(weights) != len(captions):
        raise UserError(
            f"There are {len(weights)} times --corpus for {len(captions)} training manifests or "
            "targets; give one for each, in the same order."
        )
    names = [corpus.name for corpus in weights]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise UserError(f"--corpus names {min(twice)} twice; every corpus needs its own name.")
    number_of = {clip_id: number for number, clip_id in enumerate(clip_ids)}
    found, seen = [], set()
    for corpus, of_corpus in zip(weights, captions, strict=True):
        own = corpus.chosen(sorted(number_of.keys() & of_corpus.keys()))
        if seen & set(own):
            raise UserError(f"Clip {min(seen & set(own))} is in two corpora; ids must differ.")
        seen |= set(own)
        numbers = np.array([number_of[clip_id] for clip_id in own], np.int64)
        found.append(CorpusClips(corpus, np.sort(numbers), _hash({c: of_corpus[c] for c in own})))
    return found


def sample_epoch(corpora: Sequence[CorpusClips], n_clips: int, seed: int, epoch: int) -> np.ndarray:
    """The clips of one epoch, in the order of their numbers.

    Args:
        corpora: none, or all of weight 1 and whole: every clip once.

    Returns:
        `(n,)` int64; `n` is the same for every epoch, and a clip may occur more than once.
    """
    if all(one.corpus.weight == 1 and one.corpus.share == 1 for one in corpora):
        return np.arange(n_clips)
    drawn = [of_corpus.sample((seed, 3, place), epoch) for place, of_corpus in enumerate(corpora)]
    return np.sort(np.concatenate(drawn))


def _hash(captions: Mapping[str, str | None]) -> str | None:
    if any(text is None for text in captions.values()):
        return None
    lines = "".join(f"{clip_id}\t{text}\n" for clip_id, text in captions.items())
    return hashlib.sha256(lines.encode("utf-8")).hexdigest()
