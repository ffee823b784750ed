"""`captions`: writes the captions of a split in another language of the corpus."""

from pathlib import Path

from sonar_sign.core.corpus_options import CorpusOptions
from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns, write_rows
from sonar_sign.corpora import open_corpus
from sonar_sign.corpora.captions import normalise
from sonar_sign.corpora.dropped import MAX_CAPTION_CHARACTERS


def write_captions(
    corpus_type: str,
    root: Path,
    split: str,
    language: str,
    manifest: Path,
    output: Path,
    reading: CorpusOptions = CorpusOptions(),  # noqa: B008 (frozen)
) -> None:
    """Write `captions/{split}.{language}.tsv` with `clip_id`, `text` for all clips of a manifest.

    Raises:
        UserError: the corpus has no captions in this language, or none or a far too long one for
            one of the clips.
    """
    texts = open_corpus(corpus_type, root, reading).captions(split, language)
    clip_ids = read_columns(manifest, ("clip_id",))["clip_id"]
    missing = [clip_id for clip_id in clip_ids if not texts.get(clip_id, "").strip()]
    if missing:
        raise UserError(
            f"The {language} captions of split {split!r} lack {len(missing)} clips, "
            f"{missing[0]} for example; add them to the corpus."
        )
    long = [clip_id for clip_id in clip_ids if len(texts[clip_id]) > MAX_CAPTION_CHARACTERS]
    if long:
        raise UserError(
            f"The {language} captions of split {split!r} have more than {MAX_CAPTION_CHARACTERS} "
            f"characters for {len(long)} clips, {long[0]} for example; shorten them."
        )
    rows = [(clip_id, normalise(texts[clip_id])) for clip_id in clip_ids]
    write_rows(output, ("clip_id", "text"), rows)
