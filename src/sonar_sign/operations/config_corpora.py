"""The corpora of a config: they fit its experiment, and their files are there when it runs."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file, require_folder
from sonar_sign.corpora import TYPES, Corpus, open_declared
from sonar_sign.operations.experiment import Experiment

if TYPE_CHECKING:
    from sonar_sign.operations.config import Config


def drawn_roots(values: Mapping[str, Any]) -> tuple[str, str]:
    """Where rules draw a config's corpora: the one that is evaluated, the one for pretraining."""
    folder = values["demo"]["folder"]
    return f"resources/{folder}/howto", f"resources/{folder}/news"


def check_corpora(values: Mapping[str, Any], experiment: Experiment) -> None:
    """Check what a config says of its corpora, without looking at any file.

    Raises:
        UserError: naming the key that is wrong.
    """
    corpus = values["corpus"]
    if corpus["name"] in values["further_corpora"]:
        raise UserError(
            f"In the config: further_corpora.{corpus['name']} has the name of corpus; give it "
            "another one."
        )
    captions, outputs = values["languages"]["captions"], values["languages"]["outputs"]
    if corpus.get("caption_language", captions) != captions:
        raise UserError(
            f"In the config: corpus.caption_language is {corpus['caption_language']} and "
            f"languages.captions {captions}; leave one of them out."
        )
    if captions not in outputs:
        raise UserError(
            f"In the config: languages.outputs must hold {captions}, the captions' language."
        )
    for split in sorted(experiment.needed_splits() - set(corpus["shards"])):
        raise UserError(f"In the config: corpus.shards lacks {split!r}, which this run needs.")
    _check_languages(values, experiment)
    if "demo" in values:
        _check_pretraining_corpus(values, experiment)


def _check_languages(values: Mapping[str, Any], experiment: Experiment) -> None:
    """The loss through SONAR's decoder is of captions in the language that it decodes into."""
    captions = values["languages"]["captions"]
    for name, training in experiment.trainings.items():
        if not training.groups.get("losses", {}).get("decoder_ce"):
            continue
        for corpus in training.data:
            language = experiment.corpora[corpus].get("caption_language", captions)
            if language != captions:
                raise UserError(
                    f"In the config: trainings.{name} has the loss decoder_ce, which decodes into "
                    f"{captions}, and the corpus {corpus} in its data has captions in {language}; "
                    "leave one of them out."
                )


def _check_pretraining_corpus(values: Mapping[str, Any], experiment: Experiment) -> None:
    """The stand-ins for the public models are pretrained on signs that a rule draws."""
    name, root = values["demo"]["pretraining_corpus"], drawn_roots(values)[1]
    corpus = experiment.corpora.get(name)
    if corpus is None:
        raise UserError(
            f"In the config: demo.pretraining_corpus {name} is not declared; add it to "
            f"further_corpora: {{type: demo, root: {root}, ...}}."
        )
    if not TYPES[corpus["type"]].drawn or corpus["root"] != root:
        raise UserError(
            f"In the config: {name} is the demo's own corpus, of type demo with root {root}, on "
            "which its models are pretrained; give your corpus another name."
        )


def require_corpora(config: "Config") -> None:
    """Check that the corpora's folders and annotations are there, but for those that a rule makes.

    Raises:
        UserError: naming the key and what is missing.
    """
    for key, name, corpus in _with_keys(config.values):
        if TYPES[corpus["type"]].drawn and "demo" in config.values:
            if _is_read(config, name):
                _require_drawn(key, corpus["root"], drawn_roots(config.values))
            continue
        root = require_folder(Path(corpus["root"]), f"In the config: {key}")
        opened = _opened(key, corpus)
        for split, language in needed_annotations(config, name):
            try:
                require_file(opened.annotation_file(split, language), f"Captions of {split!r}")
            except UserError as error:
                raise UserError(f"In the config: {key} {root}: {error}") from error


def _opened(key: str, corpus: Mapping[str, Any]) -> Corpus:
    try:
        return open_declared(corpus)
    except UserError as error:
        raise UserError(f"In the config: {key.removesuffix('.root')}: {error}") from error


def _with_keys(values: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    yield "corpus.root", values["corpus"]["name"], values["corpus"]
    for name, corpus in values["further_corpora"].items():
        yield f"further_corpora.{name}.root", name, corpus


def _is_read(config: "Config", name: str) -> bool:
    """Whether a run reads a corpus, or pretrains on it."""
    pretrained_on = config.values["demo"]["pretraining_corpus"]
    return name == pretrained_on or any(True for _ in needed_annotations(config, name))


def _require_drawn(key: str, root: str, roots: tuple[str, str]) -> None:
    if root not in roots:
        raise UserError(
            f"In the config: {key} {root} is no folder of the demo's corpora; it must be "
            f"{' or '.join(roots)}."
        )


def needed_annotations(config: "Config", name: str) -> Iterator[tuple[str, str | None]]:
    """Splits, and languages of them, whose annotations a run reads."""
    values, experiment = config.values, config.experiment
    trainings = [experiment.trainings[used] for used in experiment.used_trainings]
    if name != values["corpus"]["name"]:
        if any(name in training.data for training in trainings):
            yield "train", None
        return
    for split in sorted(experiment.needed_splits()):
        yield split, None
    captions, outputs = values["languages"]["captions"], values["languages"]["outputs"]
    # Systems that read landmarks only speak the captions' language.
    spoken = {code for system in experiment.systems.values() for code in system.languages}
    for code in outputs:
        if code != captions and code in spoken:
            yield values["evaluate"]["split"], code
    for code in dict.fromkeys(code for one in trainings for code in one.target_languages):
        yield "train", code
