"""Which files the corpora of a config have: annotations, manifests, shards."""

from sonar_sign.core.errors import UserError
from sonar_sign.corpora import TYPES, Corpus, open_declared
from sonar_sign.corpora.drawn import Drawn
from sonar_sign.operations.config import Config


class CorpusFiles:
    """The files of one config's corpora, relative to the folder in which Snakemake runs."""

    def __init__(self, config: Config):
        self.values, self.experiment = config.values, config.experiment
        self._opened: dict[str, Corpus] = {}
        self.name: str = self.values["corpus"]["name"]
        self.results = f"results/{self.name}"
        comparison = self.values["comparison"]
        # Configs that share a corpus may each have a comparison of their own.
        self.compared = f"{self.results}/comparisons/{comparison}" if comparison else self.results
        self.evaluated: str = self.values["evaluate"]["split"]
        languages = self.values["languages"]
        self.captions: str = languages["captions"]
        self.other_languages = [code for code in languages["outputs"] if code != self.captions]

    def shard_names(self, corpus: str, split: str) -> list[str]:
        """The shards of a split; their number is fixed by the config, so rules can name them."""
        shards = self.experiment.corpora[corpus]["shards"]
        if split not in shards:
            raise UserError(f"In the config: the shards of {corpus} lack {split!r}.")
        return [f"{number:04d}" for number in range(shards[split])]

    def shards(self, pattern: str, corpus: str, split: str) -> list[str]:
        """A file for each shard of a split; `pattern` is relative to the corpus's results."""
        return [
            f"results/{corpus}/{pattern.format(split=split, shard=shard)}"
            for shard in self.shard_names(corpus, split)
        ]

    def splits(self, corpus: str) -> list[str]:
        """The splits that a corpus has; the config may name more of them."""
        described = self.experiment.corpora[corpus]
        named = list(described["shards"])
        if TYPES[described["type"]].drawn:
            return named
        opened = self.opened(corpus)
        return [split for split in named if opened.has(split)]

    def opened(self, corpus: str) -> Corpus:
        """A corpus; opened once, because a large table takes seconds to read."""
        if corpus not in self._opened:
            self._opened[corpus] = open_declared(self.experiment.corpora[corpus])
        return self._opened[corpus]

    def manifests(self, corpus: str, name: str) -> list[str]:
        """One of `prepare`'s tables for every split, such as `{split}.dropped.tsv`."""
        folder = f"results/{corpus}/manifests"
        return [f"{folder}/{name.format(split=split)}" for split in self.splits(corpus)]

    def sentence_tables(self, corpus: str) -> list[str]:
        """What is hard about each sentence of a synthetic corpus, for every split."""
        opened = self.opened(corpus)
        if not isinstance(opened, Drawn):
            return []
        return [str(opened.sentence_table(split)) for split in self.splits(corpus)]

    def annotations(self, corpus: str, split: str, language: str | None = None) -> str:
        """A split's annotations, or its captions in another language; they must be there."""
        return str(self.opened(corpus).annotation_file(split, language))

    def further_annotations(self, corpus: str, split: str) -> list[str]:
        """What else `prepare` reads: caption files, boxes."""
        paths = map(str, self.opened(corpus).further_files(split))
        # Snakemake takes braces for its wildcards; such a file is read, but not watched.
        return [path for path in paths if "{" not in path]
