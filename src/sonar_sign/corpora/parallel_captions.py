"""`captions`: the captions of a split in another language, where the corpus has them."""

from pathlib import Path

from sonar_sign.core.errors import UserError
from sonar_sign.core.tables import read_columns, write_rows
from sonar_sign.corpora import open_corpus
from sonar_sign.corpora.captions import normalise


def write_captions(
    corpus_type: str, root: Path, split: str, language: str, manifest: Path, output: Path
) -> None:
    """Write `captions/{split}.{language}.tsv` with `clip_id`, `text` for the manifest's clips.

    Raises:
        UserError: the corpus has no captions in this language, or lacks those of a clip.
    """
    texts = open_corpus(corpus_type, root).captions(split, language)
    clip_ids = read_columns(manifest, ("clip_id",))["clip_id"]
    missing = [clip_id for clip_id in clip_ids if not texts.get(clip_id, "").strip()]
    if missing:
        raise UserError(
            f"The {language} captions of split {split!r} lack {len(missing)} clips, "
            f"{missing[0]} for one."
        )
    rows = [(clip_id, normalise(texts[clip_id])) for clip_id in clip_ids]
    write_rows(output, ("clip_id", "text"), rows)
