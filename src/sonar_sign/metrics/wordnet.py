"""WordNet for METEOR: where it is, opened by nltk."""

import warnings
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.metrics.debian_wordnet import nltk_folder_of_debian


def find_wordnet(folder: Path | None) -> Any | None:
    """nltk's reader of WordNet, or None where no folder was named and none is found.

    It is looked for in `folder`, or else where nltk looks, and then where Debian installs it.

    Raises:
        UserError: `folder` holds no WordNet, or a WordNet cannot be read.
    """
    from nltk.corpus.reader import WordNetCorpusReader

    root = _find(folder)
    if root is None and folder is None and (debian := nltk_folder_of_debian()) is not None:
        root = _find(debian)
    if root is None:
        if folder is None:
            return None
        raise UserError(
            f"No WordNet in {folder}: it has neither corpora/wordnet nor corpora/wordnet.zip "
            "that nltk may read (others must not be able to write there); put one there, or "
            "leave the folder out to match exact words and stems only."
        )
    try:
        with warnings.catch_warnings():
            # "The multilingual functions are not available": none is used.
            warnings.simplefilter("ignore")
            return WordNetCorpusReader(root, None)
    except Exception as error:  # a broken copy fails in many ways: KeyError, AssertionError, ...
        raise UserError(
            f"The WordNet at {root} cannot be read ({error}); replace it, or remove it to match "
            "exact words and stems only."
        ) from error


def _find(folder: Path | None) -> Any | None:
    """WordNet's files in a folder of nltk data, or where nltk looks; None where there are none."""
    import nltk.data

    paths = None
    if folder is not None:
        paths = [str(Path(folder).resolve())]
        # nltk opens no file outside its data path, and WordNet's files are opened while in use.
        if paths[0] not in nltk.data.path:
            nltk.data.path.insert(0, paths[0])
    for resource in ("corpora/wordnet.zip/wordnet/", "corpora/wordnet"):
        try:
            return nltk.data.find(resource, paths)
        except LookupError:
            continue
    return None
