"""Corpora: one module per corpus type, which reads its published files as annotations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sonar_sign.core.corpus_options import CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_folder
from sonar_sign.core.settings import check_options
from sonar_sign.corpora.annotation import Annotation, Corpus
from sonar_sign.corpora.csl_daily import CslDaily
from sonar_sign.corpora.drawn import Drawn
from sonar_sign.corpora.how2sign import How2Sign
from sonar_sign.corpora.openasl import OpenAsl
from sonar_sign.corpora.phoenix14t import Phoenix14T
from sonar_sign.corpora.ssvp import Ssvp
from sonar_sign.corpora.table import Table
from sonar_sign.corpora.youtube_asl import YoutubeAsl

TYPES: dict[str, type[Corpus]] = {
    "table": Table,
    "how2sign": How2Sign,
    "openasl": OpenAsl,
    "youtube_asl": YoutubeAsl,
    "phoenix14t": Phoenix14T,
    "csl_daily": CslDaily,
    "ssvp": Ssvp,
    "demo": Drawn,
}

__all__ = ["TYPES", "Annotation", "Corpus", "open_corpus", "open_declared"]


def open_corpus(
    corpus_type: str,
    root: Path,
    options: CorpusOptions = CorpusOptions(),  # noqa: B008 (frozen)
) -> Corpus:
    """Open the corpus of the given type in folder `root`.

    Raises:
        UserError: the folder is missing, the type is unknown, or it has no use for an option.
    """
    root = Path(root)
    if corpus_type not in TYPES:
        raise UserError(f"Corpus type {corpus_type!r} is not one of: {', '.join(TYPES)}.")
    kind = TYPES[corpus_type]
    check_options(options)
    foreign = [name for name in options.changed() if name not in (*kind.reads, "caption_language")]
    if foreign:
        raise UserError(
            f"Corpora of type {corpus_type} have no use for {foreign[0]}; leave it out, or see "
            "docs/corpora.md for the type that has."
        )
    if not kind.drawn:
        require_folder(root, "The folder of corpus.root")
    return kind(root, options)


def open_declared(described: Mapping[str, Any]) -> Corpus:
    """Open a corpus as a config describes it. Raises UserError as `open_corpus` does."""
    return open_corpus(described["type"], Path(described["root"]), CorpusOptions.of(described))
