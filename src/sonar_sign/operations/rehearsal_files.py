"""What a rehearsal runs on: model files with random weights, a small corpus, a config over both."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sonar_sign.core.corpus_options import CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of, write_text
from sonar_sign.corpora import Corpus, open_corpus
from sonar_sign.corpora.how2sign import VIDEO_FOLDERS
from sonar_sign.operations.config import Config
from sonar_sign.operations.workflow_files import PUBLIC_MODELS, PUBLIC_SONAR

PUBLIC_PIECES = 256_000
HIERA, ENCODER, TOKENIZER = "sign_hiera", "sign_encoder", "sonar_tokenizer"
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class RehearsalSize:
    """How large the models and the corpus are."""

    layers: int | None = None
    """The most layers of each part of a model; None: as many as the public models have."""
    pieces: int = PUBLIC_PIECES
    """Pieces of SONAR's vocabulary."""
    clips: int = 16
    """Sentences, of all splits."""
    seed: int = 1
    """Of weights and of drawn clips."""

    @property
    def is_public(self) -> bool:
        """Whether the model files have the public ones' layouts."""
        return self.layers is None and self.pieces == PUBLIC_PIECES

    def by_split(self) -> dict[str, int]:
        """How many sentences each split gets: a quarter is tested."""
        val, test = max(1, self.clips // 8), max(1, self.clips // 4)
        return {"train": self.clips - val - test, "val": val, "test": test}


def model_bytes(size: RehearsalSize) -> int:
    """How large the model files are together, without writing them."""
    return sum(4 * layout.n_parameters for layout in _layouts(size)[0].values())


def write_models(
    folder: Path, size: RehearsalSize, texts: list[str], only: Sequence[str] = ()
) -> dict[str, Path]:
    """Write the model files; by registry name.

    Args:
        texts: captions, whose words become pieces of the vocabulary.
        only: the models to write besides the vocabulary; empty: all.
    """
    from sonar_sign.models.random_files import (
        random_numbers,
        write_random_model,
        write_random_pieces,
    )
    from sonar_sign.models.registry import public_file

    layouts = {name: one for name, one in _layouts(size)[0].items() if not only or name in only}
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / public_file(name).file for name in (*layouts, TOKENIZER)}
    with random_numbers(folder / "numbers", list(layouts.values()), size.seed) as numbers:
        for name, layout in layouts.items():
            write_random_model(paths[name], layout, numbers)
    write_random_pieces(paths[TOKENIZER], size.pieces, texts)
    return paths


def _layouts(size: RehearsalSize) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The layouts by registry name, and SONAR's asset cards with these sizes."""
    from sonar_sign.models.public_layouts import (
        Depth,
        sign_encoder_layout,
        sign_hiera_layout,
        smaller_encoder,
        smaller_hiera,
    )
    from sonar_sign.models.sonar_layouts import SONAR_PARTS, smaller_card, sonar_layout

    depth = Depth(size.layers)
    cards = {name: smaller_card(name, depth, size.pieces) for name in SONAR_PARTS}
    layouts = {
        HIERA: sign_hiera_layout(smaller_hiera(depth)),
        ENCODER: sign_encoder_layout(smaller_encoder(depth)),
    }
    layouts |= {name: sonar_layout(name, card) for name, card in cards.items()}
    return layouts, list(cards.values())


def write_cards(project: Path, size: RehearsalSize) -> None:
    """Say to SONAR's folder what its models look like, unless they look like the public ones."""
    if not size.is_public:
        cards = yaml.safe_dump_all(_layouts(size)[1], sort_keys=False)
        write_text(project / PUBLIC_SONAR / "cards.yaml", cards)


def addresses_of(models: Mapping[str, Path], address: str) -> dict[str, str]:
    """Where each file is served."""
    return {name: f"{address}/{file.name}" for name, file in models.items()}


def write_registry(path: Path, models: Mapping[str, Path], address: str) -> None:
    """A registry that says where the files are served, and what they are."""
    entries = {
        name: {
            "address": addresses_of(models, address)[name],
            "size": file.stat().st_size,
            "sha256": sha256_of(file),
            "verified": True,
            "source": "a rehearsal's random weights",
        }
        for name, file in models.items()
    }
    write_text(path, yaml.safe_dump(entries, sort_keys=False))


def draw_corpus(root: Path, size: RehearsalSize) -> None:
    """Draw a corpus in How2Sign's layout."""
    command = [sys.executable, "-m", "sonar_sign", "make_corpus", "--root", str(root)]
    command += ["--domain", "howto", "--seed", str(size.seed), "--clips-per-video", "4"]
    for split, n in size.by_split().items():
        command += [f"--{split}", str(n)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"No clips can be drawn: {done.stderr.strip()}")


def link_corpus(clips: Path, root: Path, size: RehearsalSize) -> None:
    """A small corpus of links to the videos of one in How2Sign's layout.

    Splits that the corpus has are kept where it has all three; else its sentences are dealt.

    Raises:
        UserError: the folder holds no annotations, or too few sentences with videos.
    """
    corpus = open_corpus("how2sign", clips)
    present = [split for split in SPLITS if corpus.has(split)]
    sentences = {split: _sentences(corpus, split) for split in present}
    wanted = size.by_split()
    if len(present) < len(SPLITS):
        together = [one for split in present for one in sentences[split]]
        # The validation and test splits first, or a small corpus would have none.
        for split in ("val", "test", "train"):
            sentences[split], together = together[: wanted[split]], together[wanted[split] :]
    for split, n in wanted.items():
        chosen = sentences[split][:n]
        if not chosen:
            raise UserError(
                f"{clips} has too few sentences with videos for a split {split!r}; give a folder "
                "in How2Sign's layout, or leave out --clips."
            )
        lines = [chosen[0].header, *(one.line for one in chosen)]
        write_text(root / f"how2sign_realigned_{split}.csv", "\n".join(lines) + "\n")
        for video in {one.video.absolute() for one in chosen}:
            link = root / VIDEO_FOLDERS[0] / video.name
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(video)


@dataclass(frozen=True)
class _Sentence:
    """A sentence whose video is there."""

    header: str
    """The first line of its annotation file."""
    line: str
    video: Path


def _sentences(corpus: Corpus, split: str) -> list[_Sentence]:
    lines = corpus.annotation_file(split).read_text(encoding="utf-8-sig").split("\n")
    return [
        _Sentence(lines[0], lines[one.row - 1], corpus.root / one.source)
        for one in corpus.annotations(split)
        if one.source is not None
    ]


def captions_of(root: Path) -> list[str]:
    """The captions of a corpus in How2Sign's layout."""
    corpus = open_corpus("how2sign", root)
    return [one.text for split in SPLITS for one in corpus.annotations(split)]


def rehearsal_config(
    config: Config, files: Sequence[Path], root: Path, models: Mapping[str, Path], address: str
) -> dict[str, Any]:
    """A config over the given one: another corpus, few shards, one epoch, one seed.

    Args:
        models: the files that are served at `address`, by registry name.

    """
    return {
        "extends": [str(path.absolute()) for path in files],
        "corpus": {
            "type": "how2sign",
            "root": str(root.absolute()),
            "shards": {"train": 2, "val": 1, "test": 1},
            # How the config's own corpus is read has no meaning for this one.
            **CorpusOptions.unset(),
        },
        "seeds": [config.values["seed"]],
        "models": {"fetch_from": addresses_of(models, address)},
        "trainings": {
            name: {"epochs": 1, "eval_every": 1} for name in config.experiment.used_trainings
        },
    }


def require_rehearsable(config: Config) -> None:
    """Refuse a config that a rehearsal could not run as it is.

    Raises:
        UserError: it has models or corpora of its own, or reads landmarks.
    """
    models = config.values["models"]
    if "demo" in config.values:
        raise UserError("The demo needs no rehearsal: make demo runs it as it is.")
    for role in (HIERA, ENCODER, "sonar"):
        if not models[role].startswith(PUBLIC_MODELS):
            raise UserError(
                f"models.{role} is {models[role]}, a model of your own; only the public models can "
                "be rehearsed."
            )
    parts = config.experiment
    if config.values["further_corpora"]:
        raise UserError("A config with further corpora cannot be rehearsed; leave them out.")
    reads = {what for name in parts.used_trainings for what in parts.trainings[name].kind.reads}
    if "landmarks" in reads or any(one.landmark_model for one in parts.systems.values()):
        raise UserError(
            "Systems that read landmarks cannot be rehearsed, because no keypoints are made; name "
            "other systems in a config that extends this one."
        )
