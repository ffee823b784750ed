"""Corpora: one module per corpus type, which reads its published files as annotations."""

from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_folder
from sonar_sign.corpora.annotation import Annotation, Corpus
from sonar_sign.corpora.drawn import Drawn
from sonar_sign.corpora.how2sign import How2Sign
from sonar_sign.corpora.ssvp import Ssvp

TYPES: dict[str, type[Corpus]] = {"how2sign": How2Sign, "ssvp": Ssvp, "demo": Drawn}

__all__ = ["TYPES", "Annotation", "Corpus", "open_corpus"]


def open_corpus(corpus_type: str, root: Path) -> Corpus:
    """Open the corpus of the given type in folder `root`.

    Raises:
        UserError: the folder is missing, or the type is unknown.
    """
    root = Path(root)
    if corpus_type not in TYPES:
        raise UserError(f"Corpus type {corpus_type!r} is not one of: {', '.join(TYPES)}.")
    if not TYPES[corpus_type].drawn:
        require_folder(root, "The folder of corpus.root")
    return TYPES[corpus_type](root)
